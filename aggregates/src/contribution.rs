//! What one item adds to the rollup items of one rollup, and to their rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::rollup::Source;
use model::template::scalar_text;
use model::{AttributeValue, Granularity, Item, Measure, Model, Number, Rollup};

use crate::amounts::{Accumulator, Amounts, square, units, values_of_few};
use crate::bucket::Bucket;
use crate::home;
use crate::key::{self, RollupKey, partition};
use crate::rows::Kept;
use crate::upkeep::{Crossing, Upkeep};
use crate::watermark::UNKNOWN_SECONDS;

/// What one item adds to one rollup item, or to a row of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The rollup item or row.
    pub key: RollupKey,
    /// What is written with it.
    pub upkeep: Upkeep,
    /// What it gains.
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
    /// The group's values make a key that is too long, or, beside items, an empty one.
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
            Self::KeyTooLong => formatter.write_str(
                "its values make a key that is empty or too long (a partition key has at most 2048 bytes, a sort key 1024)",
            ),
        }
    }
}

/// What an item adds to a stripe of a rollup, by a change of a time in seconds since 1970. Nothing for an item that the
/// rollup is not about, and for buckets that are not kept any more at that time.
///
/// # Errors
/// Why the item, which the rollup is about, cannot be counted. It then contributes nothing.
pub fn contribution(
    model: &Model,
    rollup: &Rollup,
    stripe: u16,
    item: &Item,
    seconds: u32,
) -> Result<Vec<Contribution>, Skip> {
    let is_about = model.entity(&rollup.entity).is_some_and(|entity| entity.matches(item));
    if !is_about || !rollup.filter.admits(item) {
        return Ok(Vec::new());
    }
    let buckets = buckets(rollup, item)?;
    let groups = groups(rollup, item)?;
    let own = amounts(rollup, item)?;
    let rows = Kept::of(rollup).into_iter();
    let rows = rows.map(|kept| Ok((kept, kept.rows.amounts(item)?)));
    let rows: Vec<_> = rows.collect::<Result<_, Skip>>()?;
    let mut contributions = Vec::new();
    for group in &groups {
        for bucket in &buckets {
            // Keys are made of buckets that are gone too: whether an item is counted does not depend on the time.
            let home = item_of(rollup, stripe, group, bucket)?;
            let mut parts = vec![];
            for (kept, amounts) in &rows {
                for row in amounts {
                    let key = kept.rows.key(rollup, group, bucket, &row.text)?;
                    let upkeep = row_upkeep(rollup, kept, &key, bucket, &home)?;
                    let mut amounts = row.amounts.clone();
                    if kept.is_ranked {
                        amounts.add(Accumulator::Score { scale: 0 }, 1);
                    }
                    parts.push(Contribution { key, upkeep, amounts });
                }
            }
            parts.push(Contribution { amounts: own.clone(), ..home });
            if !is_gone(rollup, bucket, seconds) {
                contributions.extend(parts);
            }
        }
    }
    Ok(contributions)
}

/// The rollup item of a group and a bucket.
fn item_of(
    rollup: &Rollup,
    stripe: u16,
    group: &[String],
    bucket: &Bucket,
) -> Result<Contribution, Skip> {
    let key = key_of(rollup, stripe, group, bucket).ok_or(Skip::KeyTooLong)?;
    let rank = match &rollup.rank {
        Some(rank) => {
            let within = rank.within.iter().map(|position| group[*position].as_str());
            Some(key::ranking(rollup, within, &bucket.key).ok_or(Skip::KeyTooLong)?)
        }
        None => None,
    };
    let upkeep = Upkeep { expires_at: expires_at(rollup, bucket), rank, ..Upkeep::default() };
    Ok(Contribution { key, upkeep, amounts: Amounts::default() })
}

/// Where it is kept; `None` where DynamoDB takes no such key.
fn key_of(rollup: &Rollup, stripe: u16, group: &[String], bucket: &Bucket) -> Option<RollupKey> {
    if let Some(home) = &rollup.home {
        let (partition, sort) = home::key(home, group, bucket)?;
        return Some(RollupKey { is_beside_items: true, partition, sort });
    }
    let partition = partition(rollup, stripe, group.iter().map(String::as_str))?;
    Some(RollupKey::of(partition, bucket.key.clone()))
}

fn row_upkeep(
    rollup: &Rollup,
    kept: &Kept<'_>,
    key: &RollupKey,
    bucket: &Bucket,
    home: &Contribution,
) -> Result<Upkeep, Skip> {
    let rank = match kept.is_ranked {
        true => Some(key::ranking_in(&key.partition, &bucket.key).ok_or(Skip::KeyTooLong)?),
        false => None,
    };
    let crossing = match (kept.is_counted, kept.rows) {
        (true, crate::rows::Rows::Values(of)) => {
            let accumulator = Accumulator::distinct(of);
            let is_score = score(rollup).is_some_and(|ranked| ranked == accumulator);
            let mut one = Amounts::default();
            one.add(accumulator, 1);
            if is_score {
                one.add(Accumulator::Score { scale: 0 }, 1);
            }
            Some(Crossing { upkeep: Box::new(home.upkeep.clone()), one })
        }
        _ => None,
    };
    let (expires_at, item) = (home.upkeep.expires_at, Some(home.key.clone()));
    Ok(Upkeep { expires_at, rank, item, crossing })
}

/// The accumulator that ranks a rollup's items.
fn score(rollup: &Rollup) -> Option<Accumulator> {
    match rollup.ranked_by()? {
        Measure::Count => Some(Accumulator::Items),
        Measure::Present(of) => Some(Accumulator::present(of)),
        Measure::Sum(of) => Some(Accumulator::sum(of)),
        Measure::Distinct(of) => Some(Accumulator::distinct(of)),
        _ => None,
    }
}

/// When a bucket is not kept any more, in seconds since 1970; `None` for one that is kept for good.
pub fn expires_at(rollup: &Rollup, bucket: &Bucket) -> Option<i64> {
    expiry(&rollup.keep, bucket.granularity, bucket.end?)
}

/// When a bucket that ends then is not kept any more, in seconds since 1970.
pub(crate) fn expiry(
    keep: &BTreeMap<Granularity, u64>,
    granularity: Granularity,
    end: Timestamp,
) -> Option<i64> {
    let kept = i64::try_from(*keep.get(&granularity)?).ok()?;
    Some(end.as_second().saturating_add(kept))
}

/// Whether a bucket was not kept any more when something was changed: nobody answers with it, and its items may be gone.
fn is_gone(rollup: &Rollup, bucket: &Bucket, seconds: u32) -> bool {
    seconds != UNKNOWN_SECONDS
        && expires_at(rollup, bucket).is_some_and(|expires_at| expires_at <= i64::from(seconds))
}

/// The texts of an item's dimensions, for each group that it belongs to: one, or of a set or a list one for each member.
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

/// The different texts of a dimension.
fn values(dimension: &Source, item: &Item) -> Result<Vec<String>, Skip> {
    let wrong_type = || Skip::DimensionType(dimension.name().to_owned());
    let kind = dimension.of_one().kind;
    let values = dimension.values_of(item).ok_or_else(wrong_type)?;
    if values.is_empty() && !dimension.is_many() {
        return Err(Skip::DimensionAbsent(dimension.name().to_owned()));
    }
    let text = |value: &AttributeValue| scalar_text(&kind, value).ok_or_else(wrong_type);
    let mut texts: Vec<_> = values.iter().map(text).collect::<Result<_, _>>()?;
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}

fn buckets(rollup: &Rollup, item: &Item) -> Result<Vec<Bucket>, Skip> {
    let Some(time) = rollup.time.as_ref().filter(|_| needs_time(rollup)) else {
        return Ok(vec![Bucket::all()]);
    };
    let value = time.of(item).ok_or_else(|| Skip::TimeAbsent(time.name().to_owned()))?;
    let beyond = || Skip::TimeType(time.name().to_owned());
    let instant = time.kind().instant(value).ok_or_else(beyond)?;
    let at = |granularity: &Granularity| {
        Bucket::at(*granularity, instant, &rollup.time_zone).ok_or_else(beyond)
    };
    rollup.granularities.iter().map(at).collect()
}

/// What an item adds to the numbers of a rollup item.
fn amounts(rollup: &Rollup, item: &Item) -> Result<Amounts, Skip> {
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, 1);
    for known in &rollup.measures {
        for (accumulator, amount) in measured(&known.measure, item)? {
            amounts.set(accumulator, amount);
        }
    }
    if let Some(accumulator) = score(rollup) {
        let amount = amounts.get(&accumulator);
        amounts.set(Accumulator::Score { scale: accumulator.scale() }, amount);
    }
    Ok(amounts)
}

/// What an item adds for one measure.
fn measured(measure: &Measure, item: &Item) -> Result<Vec<(Accumulator, i128)>, Skip> {
    let number = |of: &Source| -> Result<Option<i128>, Skip> {
        let Some(value) = of.of(item) else { return Ok(None) };
        let wrong = || Skip::MeasureType(of.name().to_owned());
        units(&of.attribute, value).ok_or_else(wrong).map(Some)
    };
    let amounts = match measure {
        Measure::Present(of) if of.of(item).is_some() => vec![(Accumulator::present(of), 1)],
        Measure::Sum(of) | Measure::Avg(of) => match number(of)? {
            Some(units) => vec![(Accumulator::present(of), 1), (Accumulator::sum(of), units)],
            None => Vec::new(),
        },
        Measure::Variance { of, .. } | Measure::StdDev { of, .. } => match number(of)? {
            Some(units) => {
                let ([low, high], squares) = (square(units), Accumulator::squares(of));
                let mut amounts =
                    vec![(Accumulator::present(of), 1), (Accumulator::sum(of), units)];
                amounts.extend(squares.into_iter().zip([low, high]));
                amounts
            }
            None => Vec::new(),
        },
        Measure::CountBy(of) => match of.of(item) {
            Some(value) => {
                let wrong = || Skip::MeasureType(of.name().to_owned());
                let text = scalar_text(of.kind(), value).ok_or_else(wrong)?;
                if !values_of_few(of.kind()).contains(&text) {
                    return Err(wrong());
                }
                vec![(Accumulator::equal(of, text), 1)]
            }
            None => Vec::new(),
        },
        Measure::Histogram { of, edges } => match number(of)? {
            Some(units) => {
                // As decimals: an edge may be beyond all units.
                let value = Number::from_units(units, of.attribute.scale());
                let position = edges.iter().take_while(|edge| **edge <= value).count();
                let stretch = Accumulator::stretches(of, edges).swap_remove(position);
                vec![(stretch, 1)]
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    };
    Ok(amounts)
}

/// Whether any bucket is shorter than all time.
fn needs_time(rollup: &Rollup) -> bool {
    rollup.granularities.iter().any(|kept| *kept != Granularity::All)
}
