//! What one item adds to the rollup items of one rollup.

use model::template::scalar_text;
use model::{Attribute, AttributeValue, Item, Model, Rollup};

use crate::amounts::{Accumulator, Amounts, units};
use crate::bucket::Bucket;
use crate::key::{RollupKey, partition};

/// The amounts of one item, and the rollup items they go to: one for each granularity of each group.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The rollup items.
    pub keys: Vec<RollupKey>,
    /// What each of them gains.
    pub amounts: Amounts,
}

/// Why an item that a rollup is about could not be counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// A dimension is absent.
    DimensionAbsent(String),
    /// A dimension is of another type than declared.
    DimensionType(String),
    /// The time is absent.
    TimeAbsent(String),
    /// The time is no timestamp, or beyond the years 0000 to 9999.
    TimeType(String),
    /// A measured attribute is no number, or one too large to be added up safely.
    MeasureType(String),
    /// The group's values are too long for a key.
    KeyTooLong,
}

impl Skip {
    /// What kind of reason it is, without the attribute's name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DimensionAbsent(_) => "dimension_absent",
            Self::DimensionType(_) => "dimension_type",
            Self::TimeAbsent(_) => "time_absent",
            Self::TimeType(_) => "time_type",
            Self::MeasureType(_) => "measure_type",
            Self::KeyTooLong => "key_too_long",
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DimensionAbsent(name) => write!(formatter, "the dimension `{name}` is absent"),
            Self::DimensionType(name) => {
                write!(formatter, "the dimension `{name}` is of another type than declared")
            }
            Self::TimeAbsent(name) => write!(formatter, "the time `{name}` is absent"),
            Self::TimeType(name) => {
                write!(formatter, "the time `{name}` is no timestamp of the years 0000 to 9999")
            }
            Self::MeasureType(name) => write!(
                formatter,
                "`{name}` is no number that can be added up safely (below 10^20, and 10^29 in units of its last place)"
            ),
            Self::KeyTooLong => formatter
                .write_str("the values of its dimensions make a key longer than 2048 bytes"),
        }
    }
}

/// What an item adds to a stripe of a rollup. `Ok(None)` for an item that the rollup is not about.
///
/// # Errors
/// Why the item, which the rollup is about, cannot be counted. It then contributes nothing.
pub fn contribution(
    model: &Model,
    rollup: &Rollup,
    stripe: u16,
    item: &Item,
) -> Result<Option<Contribution>, Skip> {
    let is_about = model.entity(&rollup.entity).is_some_and(|entity| entity.matches(item));
    if !is_about || !rollup.filter.admits(item) {
        return Ok(None);
    }
    let buckets = buckets(rollup, item)?;
    let mut keys = Vec::new();
    for group in groups(rollup, item)? {
        let partition = partition(rollup, stripe, group.iter().map(String::as_str));
        let partition = partition.ok_or(Skip::KeyTooLong)?;
        let key =
            |bucket: &Bucket| RollupKey { partition: partition.clone(), sort: bucket.key.clone() };
        keys.extend(buckets.iter().map(key));
    }
    Ok(Some(Contribution { keys, amounts: amounts(rollup, item)? }))
}

/// The texts of an item's dimensions, for each group that it belongs to: one, or of a set one for each member.
///
/// # Errors
/// The dimension that is absent or of another type. An absent set is one without members.
pub fn groups(rollup: &Rollup, item: &Item) -> Result<Vec<Vec<String>>, Skip> {
    let mut groups = vec![Vec::new()];
    for dimension in &rollup.dimensions {
        let values = values(dimension, item)?;
        let with_each = |group: Vec<String>| {
            values.iter().map(move |value| [group.as_slice(), std::slice::from_ref(value)].concat())
        };
        groups = groups.into_iter().flat_map(with_each).collect();
    }
    Ok(groups)
}

/// The texts of a dimension.
fn values(dimension: &Attribute, item: &Item) -> Result<Vec<String>, Skip> {
    let wrong_type = || Skip::DimensionType(dimension.name.clone());
    let kind = dimension.kind.of_one();
    let is_set = kind != dimension.kind;
    let text = |value: &AttributeValue| scalar_text(&kind, value).ok_or_else(wrong_type);
    match dimension.of(item) {
        None if is_set => Ok(Vec::new()),
        None => Err(Skip::DimensionAbsent(dimension.name.clone())),
        Some(AttributeValue::Ss(members)) if is_set => {
            members.iter().map(|member| text(&AttributeValue::S(member.clone()))).collect()
        }
        Some(AttributeValue::Ns(members)) if is_set => {
            members.iter().map(|member| text(&AttributeValue::N(member.clone()))).collect()
        }
        Some(_) if is_set => Err(wrong_type()),
        Some(value) => Ok(vec![text(value)?]),
    }
}

fn buckets(rollup: &Rollup, item: &Item) -> Result<Vec<Bucket>, Skip> {
    let Some(time) = &rollup.time else {
        return Ok(vec![Bucket::all()]);
    };
    let value = time.of(item).ok_or_else(|| Skip::TimeAbsent(time.name.clone()))?;
    let beyond = || Skip::TimeType(time.name.clone());
    let instant = time.kind.instant(value).ok_or_else(beyond)?;
    let at = |granularity: &model::Granularity| {
        Bucket::at(*granularity, instant, &rollup.time_zone).ok_or_else(beyond)
    };
    rollup.granularities.iter().map(at).collect()
}

fn amounts(rollup: &Rollup, item: &Item) -> Result<Amounts, Skip> {
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, 1);
    for attribute in rollup.measured() {
        let Some(value) = attribute.of(item) else { continue };
        let units =
            units(attribute, value).ok_or_else(|| Skip::MeasureType(attribute.name.clone()))?;
        let name = attribute.name.clone();
        amounts.add(Accumulator::Present { attribute: name.clone() }, 1);
        amounts.add(
            Accumulator::Sum { attribute: name, scale: crate::amounts::scale(attribute) },
            units,
        );
    }
    Ok(amounts)
}
