//! Questions to a rollup: checked against its definition, planned as one range of sort keys, answered in points.
//!
//! **Invariant:** a question that no bucket answers exactly is refused with what could be asked instead; nothing is
//! guessed, and no plan is a scan.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use model::{AttributeValue, Granularity, Item, Number, Rollup, suggestion};
use thiserror::Error;

use crate::amounts::{Accumulator, Amounts};
use crate::bucket::Bucket;
use crate::key::{PARKED, partition};

/// A question as it is asked: everything in text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The value of each dimension, by name.
    pub dimensions: Vec<(String, String)>,
    /// The beginning of the range, included.
    pub from: Option<String>,
    /// The end of the range, excluded.
    pub to: Option<String>,
    /// The granularity.
    pub every: Option<String>,
}

/// A question that can be answered: one range of sort keys, in the group's partition or in each of its stripes.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The partitions of the group: one, or one for each stripe.
    pub partitions: Vec<String>,
    /// The group: the text of each dimension, in the rollup's order.
    pub group: Vec<String>,
    /// The granularity.
    pub granularity: Granularity,
    /// The first bucket.
    pub first: Bucket,
    /// The last bucket, included; the same as `first` for `all`.
    pub last: Bucket,
}

/// What a rollup knows of one bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The bucket.
    pub bucket: Bucket,
    /// The value of each measure, in the rollup's order; `None` for a mean of nothing, and in a parked point that cannot
    /// be read.
    pub measures: Vec<(String, Option<Number>)>,
    /// Whether DynamoDB has refused an update of it, so that the values may be wrong until it is repaired.
    pub parked: bool,
}

/// Why a question cannot be answered: the parameter, what is wrong with it, and what could be asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{parameter}`: {message}")]
pub struct QueryError {
    /// The parameter.
    pub parameter: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl QueryError {
    fn new(parameter: &str, message: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), message: message.into() }
    }
}

impl Plan {
    /// Plans the read that answers a question.
    ///
    /// # Errors
    /// The first parameter that does not go with the rollup.
    pub fn of(rollup: &Rollup, question: &Question) -> Result<Self, QueryError> {
        let group = group(rollup, &question.dimensions)?;
        let partitions = (0..rollup.stripes)
            .map(|stripe| partition(rollup, stripe, group.iter().map(String::as_str)))
            .collect::<Option<Vec<_>>>();
        let partitions = partitions.ok_or_else(|| {
            QueryError::new("dimensions", "the values are too long to be a group's")
        })?;
        let granularity = granularity(rollup, question)?;
        let (first, last) = range(rollup, granularity, question)?;
        Ok(Self { partitions, group, granularity, first, last })
    }

    /// The first and the last sort key of the range, both included.
    pub fn sort_keys(&self) -> (&str, &str) {
        (&self.first.key, &self.last.key)
    }
}

impl Point {
    /// Adds up the stripes of a rollup item; `None` when nothing is counted in it any more.
    ///
    /// # Errors
    /// What in an item is not as a rollup item is.
    pub fn of(rollup: &Rollup, key: &str, stripes: &[Item]) -> Result<Option<Self>, String> {
        let bucket = Bucket::from_key(key, &rollup.time_zone).ok_or_else(|| {
            format!(
                "a rollup item with the sort key `{key}`, which is no bucket of `{}`",
                rollup.name
            )
        })?;
        let parked = stripes.iter().any(|item| item.get(PARKED).is_some());
        let amounts = match sum(rollup, stripes) {
            Ok(amounts) if amounts.is_zero() && !parked => return Ok(None),
            Ok(amounts) => Some(amounts),
            // What it holds is what was refused.
            Err(_) if parked => None,
            Err(reason) => return Err(reason),
        };
        let value = |named: &model::rollup::NamedMeasure| {
            let value = amounts.as_ref().and_then(|amounts| amounts.measure(&named.measure));
            (named.name.clone(), value)
        };
        Ok(Some(Self { bucket, measures: rollup.measures.iter().map(value).collect(), parked }))
    }
}

fn sum(rollup: &Rollup, stripes: &[Item]) -> Result<Amounts, String> {
    let mut sum = Amounts::default();
    for item in stripes {
        sum.merge(&read_amounts(rollup, item)?);
    }
    Ok(sum)
}

/// The accumulators of a stored rollup item.
///
/// # Errors
/// The accumulator that holds no number of its scale.
pub fn read_amounts(rollup: &Rollup, item: &Item) -> Result<Amounts, String> {
    let mut amounts = Amounts::default();
    for accumulator in Accumulator::of(rollup) {
        let name = accumulator.attribute_name();
        let units = match item.get(&name) {
            None => 0,
            Some(AttributeValue::N(text)) => text
                .parse::<Number>()
                .ok()
                .filter(|number| number.decimal_places() <= accumulator.scale())
                .and_then(|number| number.to_units(accumulator.scale()))
                .ok_or_else(|| format!("the accumulator `{name}` is {text}"))?,
            Some(other) => {
                return Err(format!("the accumulator `{name}` is {other:?}, expected a number"));
            }
        };
        amounts.add(accumulator, units);
    }
    Ok(amounts)
}

fn group(rollup: &Rollup, given: &[(String, String)]) -> Result<Vec<String>, QueryError> {
    let names: Vec<_> = rollup.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
    let valid = if names.is_empty() {
        format!("`{}` has no dimensions", rollup.name)
    } else {
        format!("the dimensions of `{}` are {}", rollup.name, names.join(", "))
    };
    for (position, (name, _)) in given.iter().enumerate() {
        if !names.contains(&name.as_str()) {
            let near = suggestion(name, names.iter().copied());
            let parameters = "the other parameters are from, to, every, limit, cursor";
            let message = format!("no such dimension; {near}{valid}; {parameters}");
            return Err(QueryError::new(name, message));
        }
        if given[..position].iter().any(|(earlier, _)| earlier == name) {
            return Err(QueryError::new(name, "given twice, expected one value"));
        }
    }
    let text = |dimension: &model::Attribute| {
        let (_, text) =
            given.iter().find(|(name, _)| *name == dimension.name).ok_or_else(|| {
                QueryError::new(&dimension.name, format!("missing; {valid}, each is needed"))
            })?;
        let invalid = |message: String| QueryError::new(&dimension.name, message);
        let asked = dimension.of_one();
        let value = asked.normalise_text(text).map_err(|error| invalid(error.to_string()))?;
        model::template::scalar_text(&asked.kind, &value)
            .ok_or_else(|| invalid("expected a value".to_owned()))
    };
    rollup.dimensions.iter().map(text).collect()
}

fn granularity(rollup: &Rollup, question: &Question) -> Result<Granularity, QueryError> {
    let kept =
        || rollup.granularities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if let Some(text) = &question.every {
        let granularity =
            text.parse().ok().filter(|granularity| rollup.granularities.contains(granularity));
        return granularity.ok_or_else(|| {
            QueryError::new(
                "every",
                format!("`{text}` is not kept by `{}`; expected {}", rollup.name, kept()),
            )
        });
    }
    let ranged = question.from.is_some() || question.to.is_some();
    match rollup.granularities.as_slice() {
        [only] => Ok(*only),
        granularities if !ranged && granularities.contains(&Granularity::All) => {
            Ok(Granularity::All)
        }
        _ => Err(QueryError::new("every", format!("missing; expected one of {}", kept()))),
    }
}

fn range(
    rollup: &Rollup,
    granularity: Granularity,
    question: &Question,
) -> Result<(Bucket, Bucket), QueryError> {
    if granularity == Granularity::All {
        let given = [("from", &question.from), ("to", &question.to)]
            .into_iter()
            .find(|(_, text)| text.is_some());
        return match given {
            Some((parameter, _)) => {
                Err(QueryError::new(parameter, "every=all is all time and takes no range"))
            }
            None => Ok((Bucket::all(), Bucket::all())),
        };
    }
    let zone = &rollup.time_zone;
    let edge = |parameter: &'static str, text: &Option<String>| {
        let text = text.as_ref().ok_or_else(|| {
            QueryError::new(
                parameter,
                format!("missing; expected where the range of every={granularity} begins and ends"),
            )
        })?;
        let instant = instant(text, zone).ok_or_else(|| {
            let message = format!("`{text}` is no time; expected such as 2026, 2026-11, 2026-11-20, 2026-11-20T06:40 or RFC 3339");
            QueryError::new(parameter, message)
        })?;
        aligned(parameter, text, instant, granularity, rollup)
    };
    let first = edge("from", &question.from)?;
    let end = edge("to", &question.to)?;
    if end.start <= first.start {
        return Err(QueryError::new(
            "to",
            "expected a time after `from`; `to` itself is not included",
        ));
    }
    let before_end =
        end.start.and_then(|end| end.checked_sub(jiff::SignedDuration::from_nanos(1)).ok());
    let last = before_end
        .and_then(|instant| Bucket::at(granularity, instant, zone))
        .unwrap_or_else(|| first.clone());
    Ok((first, last))
}

/// The bucket that begins at an instant; an error that names the neighbours when none does.
fn aligned(
    parameter: &str,
    text: &str,
    instant: Timestamp,
    granularity: Granularity,
    rollup: &Rollup,
) -> Result<Bucket, QueryError> {
    let zone = &rollup.time_zone;
    let beyond =
        || QueryError::new(parameter, format!("`{text}` is beyond the years 0000 to 9999"));
    let bucket = Bucket::at(granularity, instant, zone).ok_or_else(beyond)?;
    if bucket.start == Some(instant) {
        return Ok(bucket);
    }
    let shown = |instant: Option<Timestamp>| {
        instant.map(|instant| local(instant, zone)).unwrap_or_default()
    };
    let message = format!(
        "`{text}` is not where a {granularity} begins ({}); expected {} or {}",
        rollup.time_zone_name,
        shown(bucket.start),
        shown(bucket.end)
    );
    Err(QueryError::new(parameter, message))
}

/// Reads a time: RFC 3339, or a local date or time of the zone, as short as a year.
fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let local = match padded.parse::<Date>() {
        Ok(date) if !padded.contains(['T', ' ', ':']) => {
            date.to_datetime(jiff::civil::Time::midnight())
        }
        _ => padded.parse::<DateTime>().ok()?,
    };
    local.to_zoned(zone.clone()).ok().map(|zoned: Zoned| zoned.timestamp())
}

/// An instant as answers show it: RFC 3339 with the zone's offset, `Z` in UTC.
pub fn local(instant: Timestamp, zone: &TimeZone) -> String {
    if *zone == TimeZone::UTC {
        return instant.to_string();
    }
    instant.display_with_offset(zone.to_offset(instant)).to_string()
}
