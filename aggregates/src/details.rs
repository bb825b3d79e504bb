//! Detail items beside a rollup item: one for each value, or for each octave of values, with an
//! additive count.
//!
//! ```text
//! PK  sales.values(user_id)#DE  SK  day#2026-11-20#ann             one for each value
//!     sales.times(price@at)#DE      day#2026-11-20#<time>#<value>  one for each time and value
//!     sales.sketch(latency)#DE      day#2026-11-20#+10             one for each octave, 50 cells
//! ```
//!
//! Detail items are updated as rollup items are, each under watermarks of its own, so a change that
//! is delivered twice counts once in them as well. The least and the greatest value of a bucket
//! stand at the ends of its range of sort keys.
//!
//! **Invariant:** `count` of a detail item is the number of items that have its value (of a set or
//! a list, as a member). A value has one detail item of a bucket, because the stripe follows from
//! the value.

use weir_model::rollup::{DetailKind, DetailPart, Source};
use weir_model::table::MAX_SORT_KEY_BYTES;
use weir_model::{AttributeValue, Item, Measure, Rollup};

use crate::amounts::{Accumulator, Amounts, units};
use crate::bucket::Bucket;
use crate::key::{self, RollupKey, stripe_of};
use crate::ordered;
use crate::sketch::{Bin, Octave};
use crate::skip::{Part, Skip, typed, typed_values};

/// The detail items of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Details<'a> {
    /// One for each different value.
    Values(&'a Source),
    /// One for each different time and value, in the order of the times.
    Times {
        /// The value.
        of: &'a Source,
        /// The time.
        by: &'a Source,
    },
    /// One for each octave of a number.
    Sketch(&'a Source),
}

/// The detail items of one kind that a rollup keeps, and the numbers that are kept of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetailSpec<'a> {
    /// The detail items.
    pub details: Details<'a>,
    /// Whether the rollup item counts them.
    pub is_counted: bool,
    /// Whether they are ranked by their count.
    pub is_ranked: bool,
}

/// The amounts that an item adds to a detail item, in each of its groups and buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailAmounts {
    /// The part of the sort key after the bucket.
    pub text: String,
    /// The amounts.
    pub amounts: Amounts,
}

impl<'a> DetailSpec<'a> {
    /// Returns the detail items that a rollup keeps, each kind once.
    pub fn for_rollup(rollup: &'a Rollup) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for known in &rollup.measures {
            let Some(source) = known.measure.shape().details else { continue };
            let details = Details::new(source.kind);
            let is_counted = source.part == DetailPart::Counted;
            let is_ranked = matches!(source.part, DetailPart::MostFrequent { .. });
            match all.iter_mut().find(|kept| kept.details == details) {
                Some(kept) => {
                    kept.is_counted |= is_counted;
                    kept.is_ranked |= is_ranked;
                }
                None => all.push(Self { details, is_counted, is_ranked }),
            }
        }
        all
    }
}

/// Whether any of a rollup's items or detail items goes away by its time to live.
pub fn expires(rollup: &Rollup) -> bool {
    !rollup.keep.is_empty() || !DetailSpec::for_rollup(rollup).is_empty()
}

impl<'a> Details<'a> {
    /// Returns the detail items that a measure is read from; `None` if it is read from rollup items
    /// alone.
    pub fn for_measure(measure: &'a Measure) -> Option<Self> {
        measure.shape().details.map(|source| Self::new(source.kind))
    }

    fn new(kind: DetailKind<'a>) -> Self {
        match kind {
            DetailKind::Values(of) => Self::Values(of),
            DetailKind::Times { of, by } => Self::Times { of, by },
            DetailKind::Sketch(of) => Self::Sketch(of),
        }
    }

    /// Returns the part of the partition key after the rollup's name.
    pub fn name(&self) -> String {
        match self {
            Self::Values(of) => format!("values({})", of.name()),
            Self::Times { of, by } => format!("times({}@{})", of.name(), by.name()),
            Self::Sketch(of) => format!("sketch({})", of.name()),
        }
    }

    /// Returns the partition of a group's detail items in a stripe; `None` when it would be longer
    /// than DynamoDB's 2048 bytes.
    pub fn partition<'t>(
        &self,
        rollup: &Rollup,
        stripe: u16,
        group: impl IntoIterator<Item = &'t str>,
    ) -> Option<String> {
        let name = format!("{}.{}", rollup.stored_name(), self.name());
        key::named_partition(&name, rollup.stripes, stripe, group)
    }

    /// Returns the key of a detail item.
    ///
    /// # Errors
    /// [`Skip::KeyTooLong`] where a key would be longer than DynamoDB takes.
    pub fn key(
        &self,
        rollup: &Rollup,
        group: &[String],
        bucket: &Bucket,
        text: &str,
    ) -> Result<RollupKey, Skip> {
        let stripe = stripe_of(rollup, text);
        let partition = self.partition(rollup, stripe, group.iter().map(String::as_str));
        let partition = partition.ok_or(Skip::KeyTooLong)?;
        let sort = format!("{}{text}", prefix(bucket));
        if sort.len() > MAX_SORT_KEY_BYTES {
            return Err(Skip::KeyTooLong);
        }
        Ok(RollupKey::new(partition, sort))
    }

    /// Returns the amounts that an item adds to the detail items of a bucket.
    ///
    /// # Errors
    /// The value that is foreign, or too large.
    pub fn amounts(&self, item: &Item) -> Result<Vec<DetailAmounts>, Skip> {
        match self {
            Self::Values(of) => {
                let one = of.of_one();
                let too_large = || Skip::MeasureRange(of.name().to_owned());
                let text =
                    |value: &AttributeValue| ordered::encode(&one, value).ok_or_else(too_large);
                let values = typed_values(Part::Measure, of, item)?;
                let mut texts: Vec<_> = values.iter().map(text).collect::<Result<_, _>>()?;
                // Different numbers may be one at the scale of the attribute.
                texts.sort_unstable();
                texts.dedup();
                Ok(texts.into_iter().map(DetailAmounts::one).collect())
            }
            Self::Times { of, by } => {
                let value = typed(Part::Measure, of, item)?;
                let (Some(value), Some(time)) = (value, typed(Part::Measure, by, item)?) else {
                    return Ok(Vec::new());
                };
                let too_large = |source: &Source| Skip::MeasureRange(source.name().to_owned());
                let value = ordered::encode(&of.attribute, value).ok_or_else(|| too_large(of))?;
                let time = ordered::encode(&by.attribute, time).ok_or_else(|| too_large(by))?;
                Ok(vec![DetailAmounts::one(format!("{time}#{value}"))])
            }
            Self::Sketch(of) => {
                let Some(value) = typed(Part::Measure, of, item)? else { return Ok(Vec::new()) };
                let too_large = || Skip::MeasureRange(of.name().to_owned());
                let bin = Bin::for_value(units(&of.attribute, value).ok_or_else(too_large)?);
                let mut row = DetailAmounts::one(bin.octave.text());
                row.amounts.add(Accumulator::Cell { cell: bin.cell }, 1);
                Ok(vec![row])
            }
        }
    }

    /// Returns the value of a detail item; `None` for any other text.
    pub fn value(&self, text: &str) -> Option<AttributeValue> {
        match self {
            Self::Values(of) => ordered::decode(&of.of_one(), text),
            Self::Times { of, .. } => {
                let (_, rest) = ordered::read_number(text)?;
                ordered::decode(&of.attribute, rest.strip_prefix('#')?)
            }
            Self::Sketch(_) => Octave::parse(text).map(|octave| AttributeValue::S(octave.text())),
        }
    }
}

impl DetailAmounts {
    fn one(text: String) -> Self {
        let mut amounts = Amounts::default();
        amounts.add(Accumulator::Items, 1);
        Self { text, amounts }
    }
}

/// Returns the prefix of the sort keys of a bucket's detail items.
pub fn prefix(bucket: &Bucket) -> String {
    format!("{}#", bucket.key)
}

/// Returns the bucket's key and the detail item's text in a sort key; `None` for any other key.
pub fn parts(sort: &str) -> Option<(&str, &str)> {
    let behind_name = sort.find('#')?;
    if &sort[..behind_name] == weir_model::Granularity::All.name() {
        return Some((&sort[..behind_name], &sort[behind_name + 1..]));
    }
    let behind_bucket = behind_name + 1 + sort[behind_name + 1..].find('#')?;
    Some((&sort[..behind_bucket], &sort[behind_bucket + 1..]))
}
