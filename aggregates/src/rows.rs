//! Rows beside a rollup item: one for each value, or for each octave of values, with an additive count.
//!
//! ```text
//! PK  sales.values(user_id)#DE          SK  day#2026-11-20#ann                one for each different value
//!     sales.times(price@at)#DE              day#2026-11-20#<time>#<value>     one for each different time and value
//!     sales.sketch(latency)#DE              day#2026-11-20#+10                one for each octave, with 50 cells
//! ```
//!
//! Rows are updated as rollup items are, each under watermarks of its own, so what is told twice counts once in them as
//! well. The least and the greatest value of a bucket stand at the ends of its range of sort keys.
//!
//! **Invariant:** `count` of a row is how many items (of a set or a list: how many with that member) are in it; the row of a
//! value is one, in whichever stripe, as the stripe follows from the value.

use model::rollup::{DetailKind, DetailPart, Source};
use model::table::MAX_SORT_KEY_BYTES;
use model::{AttributeValue, Item, Measure, Rollup};

use crate::amounts::{Accumulator, Amounts, units};
use crate::bucket::Bucket;
use crate::contribution::skip::{Part, Skip, typed, typed_values};
use crate::key::{self, RollupKey, stripe_of};
use crate::ordered;
use crate::sketch::{Bin, Octave};

/// Rows of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rows<'a> {
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

/// Rows that a rollup keeps, and what else is kept of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept<'a> {
    /// The rows.
    pub rows: Rows<'a>,
    /// Whether the rollup item counts them.
    pub is_counted: bool,
    /// Whether they are ranked by their count.
    pub is_ranked: bool,
}

/// What an item adds to a row of each of its groups and buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowAmounts {
    /// What stands behind the bucket in the sort key.
    pub text: String,
    /// What it adds.
    pub amounts: Amounts,
}

impl<'a> Kept<'a> {
    /// The rows that a rollup keeps, each kind once.
    pub fn of(rollup: &'a Rollup) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for known in &rollup.measures {
            let Some(source) = known.measure.shape().details else { continue };
            let rows = Rows::new(source.kind);
            let is_counted = source.part == DetailPart::Counted;
            let is_ranked = matches!(source.part, DetailPart::MostFrequent { .. });
            match all.iter_mut().find(|kept| kept.rows == rows) {
                Some(kept) => {
                    kept.is_counted |= is_counted;
                    kept.is_ranked |= is_ranked;
                }
                None => all.push(Self { rows, is_counted, is_ranked }),
            }
        }
        all
    }
}

/// Whether any of a rollup's items or rows goes away by its time to live.
pub fn expires(rollup: &Rollup) -> bool {
    !rollup.keep.is_empty() || !Kept::of(rollup).is_empty()
}

impl<'a> Rows<'a> {
    /// The rows that a measure is read from; `None` for one that is read from rollup items alone.
    pub fn of(measure: &'a Measure) -> Option<Self> {
        measure.shape().details.map(|source| Self::new(source.kind))
    }

    fn new(kind: DetailKind<'a>) -> Self {
        match kind {
            DetailKind::Values(of) => Self::Values(of),
            DetailKind::Times { of, by } => Self::Times { of, by },
            DetailKind::Sketch(of) => Self::Sketch(of),
        }
    }

    /// What stands behind the rollup's name in the partition key.
    pub fn name(&self) -> String {
        match self {
            Self::Values(of) => format!("values({})", of.name()),
            Self::Times { of, by } => format!("times({}@{})", of.name(), by.name()),
            Self::Sketch(of) => format!("sketch({})", of.name()),
        }
    }

    /// The partition of a group's rows in a stripe; `None` when it would be longer than DynamoDB's 2048 bytes.
    pub fn partition<'t>(
        &self,
        rollup: &Rollup,
        stripe: u16,
        group: impl IntoIterator<Item = &'t str>,
    ) -> Option<String> {
        let name = format!("{}.{}", rollup.name, self.name());
        key::named_partition(&name, rollup.stripes, stripe, group)
    }

    /// The key of a row.
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
        Ok(RollupKey::of(partition, sort))
    }

    /// What an item adds to the rows of a bucket.
    ///
    /// # Errors
    /// The value that is foreign, or too large.
    pub fn amounts(&self, item: &Item) -> Result<Vec<RowAmounts>, Skip> {
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
                Ok(texts.into_iter().map(RowAmounts::of_one).collect())
            }
            Self::Times { of, by } => {
                let value = typed(Part::Measure, of, item)?;
                let (Some(value), Some(time)) = (value, typed(Part::Measure, by, item)?) else {
                    return Ok(Vec::new());
                };
                let too_large = |source: &Source| Skip::MeasureRange(source.name().to_owned());
                let value = ordered::encode(&of.attribute, value).ok_or_else(|| too_large(of))?;
                let time = ordered::encode(&by.attribute, time).ok_or_else(|| too_large(by))?;
                Ok(vec![RowAmounts::of_one(format!("{time}#{value}"))])
            }
            Self::Sketch(of) => {
                let Some(value) = typed(Part::Measure, of, item)? else { return Ok(Vec::new()) };
                let too_large = || Skip::MeasureRange(of.name().to_owned());
                let bin = Bin::of(units(&of.attribute, value).ok_or_else(too_large)?);
                let mut row = RowAmounts::of_one(bin.octave.text());
                row.amounts.add(Accumulator::Cell { cell: bin.cell }, 1);
                Ok(vec![row])
            }
        }
    }

    /// The value of a row; `None` for a text that is no row's.
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

impl RowAmounts {
    fn of_one(text: String) -> Self {
        let mut amounts = Amounts::default();
        amounts.add(Accumulator::Items, 1);
        Self { text, amounts }
    }
}

/// What the sort keys of a bucket's rows begin with.
pub fn prefix(bucket: &Bucket) -> String {
    format!("{}#", bucket.key)
}

/// The bucket's key and the row's text in a sort key; `None` for a key that is no row's.
pub fn parts(sort: &str) -> Option<(&str, &str)> {
    let behind_name = sort.find('#')?;
    if &sort[..behind_name] == model::Granularity::All.name() {
        return Some((&sort[..behind_name], &sort[behind_name + 1..]));
    }
    let behind_bucket = behind_name + 1 + sort[behind_name + 1..].find('#')?;
    Some((&sort[..behind_bucket], &sort[behind_bucket + 1..]))
}
