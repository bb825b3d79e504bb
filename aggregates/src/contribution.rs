//! What one item adds to the rollup items of one rollup.

use model::template::scalar_text;
use model::{Item, Model, Rollup, instant};

use crate::amounts::{Accumulator, Amounts, units};
use crate::bucket::Bucket;
use crate::key::{RollupKey, partition};

/// The amounts of one item, and the rollup items they go to: one for each granularity.
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
    let group = group(rollup, item)?;
    let partition =
        partition(rollup, stripe, group.iter().map(String::as_str)).ok_or(Skip::KeyTooLong)?;
    let keys = buckets(rollup, item)?
        .into_iter()
        .map(|bucket| RollupKey { partition: partition.clone(), sort: bucket.key })
        .collect();
    Ok(Some(Contribution { keys, amounts: amounts(rollup, item)? }))
}

/// The texts of an item's dimensions: the group it belongs to.
///
/// # Errors
/// The dimension that is absent or of another type.
pub fn group(rollup: &Rollup, item: &Item) -> Result<Vec<String>, Skip> {
    let text = |dimension: &model::Attribute| {
        let value =
            dimension.of(item).ok_or_else(|| Skip::DimensionAbsent(dimension.name.clone()))?;
        scalar_text(&dimension.kind, value)
            .ok_or_else(|| Skip::DimensionType(dimension.name.clone()))
    };
    rollup.dimensions.iter().map(text).collect()
}

fn buckets(rollup: &Rollup, item: &Item) -> Result<Vec<Bucket>, Skip> {
    let Some(time) = &rollup.time else {
        return Ok(vec![Bucket::all()]);
    };
    let value = time.of(item).ok_or_else(|| Skip::TimeAbsent(time.name.clone()))?;
    let beyond = || Skip::TimeType(time.name.clone());
    let instant = instant::read(value).ok_or_else(beyond)?;
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
