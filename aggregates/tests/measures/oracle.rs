//! A recount of the items, by arithmetic of its own: which items are in which groups and buckets.

use std::collections::{BTreeMap, BTreeSet};

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode};
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use weir_model::AttributeValue;

use crate::definition::{Definition, Kind, STATUSES, kind};
use crate::filter::FILTERS;
use crate::history::History;
use crate::measure::Measured;
use crate::values::{Values, given};

const NANOS: i128 = 1_000_000_000;
/// The longest text in a key, and more.
const TOO_LONG_BYTES: usize = 2_000;

/// A value in its order among those of one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scalar {
    /// In units of the last decimal place.
    Number(BigInt),
    /// In nanoseconds since 1970.
    Instant(i128),
    Flag(bool),
    Text(String),
}

/// The items of each group, by bucket.
pub(crate) type Groups<'a> = BTreeMap<Vec<String>, BTreeMap<String, Vec<&'a Values>>>;

/// What a recount gives.
#[derive(Debug, Default)]
pub(crate) struct Recount<'a> {
    pub(crate) groups: Groups<'a>,
    /// The buckets that nobody asks for any more, of all that any item was ever in.
    pub(crate) gone: BTreeSet<String>,
}

/// Counts the items that are there anew, and those that have expired where they stay counted.
pub(crate) fn recount<'a>(definition: &Definition, history: &'a History) -> Recount<'a> {
    let mut recount = Recount::default();
    for values in &history.images {
        for (label, end) in
            countable(definition, values).map(|(_, buckets)| buckets).unwrap_or_default()
        {
            let name = label.split('#').next().unwrap_or_default();
            let kept = definition.kept.iter().find(|(bucket, ..)| *bucket == name);
            let is_gone = kept
                .zip(end)
                .is_some_and(|((_, _, kept), end)| end + kept <= i64::from(history.newest));
            if is_gone {
                recount.gone.insert(label);
            }
        }
    }
    let expired = history.expired.iter().filter(|_| definition.keeps_expired);
    for values in history.items.iter().chain(expired) {
        let Some((groups, buckets)) = countable(definition, values) else { continue };
        for group in groups {
            for (label, _) in buckets.iter().filter(|(label, _)| !recount.gone.contains(label)) {
                let buckets = recount.groups.entry(group.clone()).or_default();
                buckets.entry(label.clone()).or_default().push(values);
            }
        }
    }
    recount
}

type Buckets = Vec<(String, Option<i64>)>;

/// The groups and buckets of an item; `None` for one that is not counted.
fn countable(definition: &Definition, values: &Values) -> Option<(Vec<Vec<String>>, Buckets)> {
    let (_, compared, holds) = FILTERS[definition.filter];
    let is_about = given(values, "_et").is_none() && holds(values);
    let needs_time = definition.buckets != ["all"];
    let mut read = compared.into_iter().chain(definition.dimensions.iter().copied());
    if !is_about
        || read.any(|place| is_foreign(place, values))
        || needs_time && is_foreign(definition.time, values)
        || !definition.measures.iter().all(|measure| can_measure(definition, measure, values))
    {
        return None;
    }
    let mut groups = vec![Vec::new()];
    for place in &definition.dimensions {
        let one = kind(place).of_one();
        let members = members(kind(place), given(values, place))?;
        if members.is_empty() && kind(place).of_one() == kind(place) {
            return None;
        }
        let texts: Option<BTreeSet<_>> = members.iter().map(|member| text(one, member)).collect();
        let texts = texts?;
        if texts.iter().any(|text| text.len() > TOO_LONG_BYTES) {
            return None;
        }
        let with = |group: &Vec<String>| -> Vec<Vec<String>> {
            texts.iter().map(|text| [group.clone(), vec![text.clone()]].concat()).collect()
        };
        groups = groups.iter().flat_map(with).collect();
    }
    if definition.buckets == ["all"] {
        return Some((groups, vec![("all".to_owned(), None)]));
    }
    let instant = instant(given(values, definition.time)?)?;
    let zone = TimeZone::get(definition.zone).expect("a zone");
    let buckets = definition.buckets.iter().map(|bucket| self::bucket(bucket, instant, &zone));
    Some((groups, buckets.collect()))
}

/// Whether the value at a place is not of its declared type, or what stands where its map should be
/// is no map.
fn is_foreign(place: &str, values: &Values) -> bool {
    let is_no_map = place.starts_with("info.") && values.contains_key("info");
    let value = given(values, place).filter(|_| !is_no_map);
    is_no_map || value.is_some_and(|value| is_foreign_value(place, kind(place), value))
}

fn is_foreign_value(place: &str, kind: Kind, value: &AttributeValue) -> bool {
    use AttributeValue::{Bool, L, N, Ns, Null, S, Ss};
    match (kind, value) {
        // A `number` is rounded to the places at which it is measured; others declare theirs.
        (Kind::Number(places), N(text)) => {
            place != "weight"
                && decimal(text).normalized().fractional_digit_count() > i64::from(places)
        }
        (Kind::Text, S(_)) | (Kind::Flag, Bool(_)) => false,
        (Kind::Few, S(text)) => !STATUSES.contains(&text.as_str()),
        (Kind::Time, S(_)) | (Kind::Epoch, N(_)) => instant(value).is_none(),
        (Kind::Texts, Ss(_)) | (Kind::Numbers, Ns(_)) => false,
        (Kind::List | Kind::Stops, L(members)) => {
            let is_foreign = |member| is_foreign_value(place, kind.of_one(), member);
            members.iter().any(|member| !matches!(member, Null(_)) && is_foreign(member))
        }
        _ => true,
    }
}

/// Whether what a measure reads of an item is of its type, not too large and not too long.
fn can_measure(definition: &Definition, measure: &Measured, values: &Values) -> bool {
    let Some(of) = measure.source() else { return true };
    let value = given(values, of);
    if is_foreign(of, values) {
        return false;
    }
    match measure {
        Measured::Present(_) | Measured::CountBy(_) => true,
        Measured::First(_, by) | Measured::Last(_, by) => {
            let by = by.unwrap_or(definition.time);
            let both = value.zip(given(values, by));
            let is_measured = |value| scalar(kind(of), value).is_some_and(is_short);
            !is_foreign(by, values) && both.is_none_or(|(value, _)| is_measured(value))
        }
        _ => match members(kind(of), value) {
            Some(members) => {
                members.iter().all(|member| scalar(kind(of).of_one(), member).is_some_and(is_short))
            }
            None => false,
        },
    }
}

fn is_short(value: Scalar) -> bool {
    !matches!(value, Scalar::Text(text) if text.len() > TOO_LONG_BYTES)
}

impl Kind {
    /// What a member is, or the whole where there are none.
    pub(crate) fn of_one(self) -> Self {
        match self {
            Self::Texts | Self::List => Self::Text,
            Self::Numbers => Self::Number(9),
            Self::Stops => Self::Time,
            other => other,
        }
    }
}

/// The values at a place; `None` where a set or a list is expected and something else is there.
pub(crate) fn members(kind: Kind, value: Option<&AttributeValue>) -> Option<Vec<AttributeValue>> {
    let Some(value) = value else { return Some(Vec::new()) };
    match (kind, value) {
        (Kind::Texts | Kind::Numbers, AttributeValue::Ss(texts)) => {
            Some(texts.iter().cloned().map(AttributeValue::S).collect())
        }
        (Kind::Texts | Kind::Numbers, AttributeValue::Ns(texts)) => {
            Some(texts.iter().cloned().map(AttributeValue::N).collect())
        }
        (Kind::List | Kind::Stops, AttributeValue::L(members)) => {
            let is_there = |member: &&AttributeValue| !matches!(member, AttributeValue::Null(_));
            Some(members.iter().filter(is_there).cloned().collect())
        }
        (Kind::Texts | Kind::Numbers | Kind::List | Kind::Stops, _) => None,
        (_, value) => Some(vec![value.clone()]),
    }
}

/// A value of one kind; `None` for one of another, or a number that is too large.
pub(crate) fn scalar(kind: Kind, value: &AttributeValue) -> Option<Scalar> {
    match (kind, value) {
        (Kind::Number(scale), AttributeValue::N(text)) => {
            let rounded = decimal(text).with_scale_round(i64::from(scale), RoundingMode::HalfEven);
            let units = rounded.into_bigint_and_scale().0;
            let bound = BigInt::from(10).pow((20 + scale).min(29));
            (-&bound < units && units < bound).then_some(Scalar::Number(units))
        }
        (Kind::Text | Kind::Few, AttributeValue::S(text)) => Some(Scalar::Text(text.clone())),
        (Kind::Flag, AttributeValue::Bool(flag)) => Some(Scalar::Flag(*flag)),
        (Kind::Time | Kind::Epoch, value) => Some(Scalar::Instant(instant(value)?.as_nanosecond())),
        _ => None,
    }
}

pub(crate) fn decimal(text: &str) -> BigDecimal {
    text.parse().expect("a number of DynamoDB's")
}

/// Text, and numbers as seconds.
pub(crate) fn instant(value: &AttributeValue) -> Option<Timestamp> {
    match value {
        AttributeValue::S(text) => text.parse().ok(),
        AttributeValue::N(text) => {
            let nanos = (decimal(text) * BigDecimal::from(NANOS))
                .with_scale_round(0, RoundingMode::HalfEven);
            Timestamp::from_nanosecond(i128::try_from(nanos.into_bigint_and_scale().0).ok()?).ok()
        }
        _ => None,
    }
}

/// The text of a value as a dimension.
fn text(kind: Kind, value: &AttributeValue) -> Option<String> {
    match (kind, value) {
        (Kind::Number(_), AttributeValue::N(text)) => {
            Some(decimal(text).normalized().to_plain_string())
        }
        (Kind::Number(_), _) => None,
        _ => Some(match scalar(kind, value)? {
            Scalar::Text(text) => text,
            Scalar::Flag(flag) => flag.to_string(),
            Scalar::Number(units) => units.to_string(),
            Scalar::Instant(nanos) => {
                let seconds = nanos.div_euclid(NANOS);
                let seconds = i64::try_from(seconds).expect("a time");
                match kind {
                    Kind::Epoch => seconds.to_string(),
                    _ => Timestamp::from_second(seconds).expect("a time").to_string(),
                }
            }
        }),
    }
}

/// The label of the bucket of an instant, and when it ends, in seconds since 1970.
fn bucket(name: &str, instant: Timestamp, zone: &TimeZone) -> (String, Option<i64>) {
    let clock = match name {
        "all" => return ("all".to_owned(), None),
        "minute" => Some(60),
        "quarter_hour" => Some(900),
        "hour" => Some(3600),
        _ => None,
    };
    if let Some(length) = clock {
        let offset = i64::from(zone.to_offset(instant).seconds());
        let seconds = i64::try_from(instant.as_nanosecond().div_euclid(NANOS)).expect("a time");
        let start = (seconds + offset).div_euclid(length) * length - offset;
        let utc = Timestamp::from_second(start).expect("a time").to_zoned(TimeZone::UTC).datetime();
        let (date, hour, minute) = (utc.date(), utc.hour(), utc.minute());
        return (format!("{name}#{date}T{hour:02}:{minute:02}Z"), Some(start + length));
    }
    let today = instant.to_zoned(zone.clone()).date();
    let first = first(name, today);
    let (label, next) = match name {
        "week" => (first.to_string(), first + 7.days()),
        "month" => (format!("{:04}-{:02}", first.year(), first.month()), first + 1.month()),
        "quarter" => {
            (format!("{:04}-Q{}", first.year(), first.month() / 3 + 1), first + 3.months())
        }
        "year" => (format!("{:04}", first.year()), first + 1.year()),
        _ => (first.to_string(), first + 1.day()),
    };
    let end = next.to_zoned(zone.clone()).expect("a time").timestamp().as_second();
    (format!("{name}#{label}"), Some(end))
}

fn first(name: &str, today: Date) -> Date {
    match name {
        "week" => {
            let mut day = today;
            while day.weekday() != Weekday::Monday {
                day = day.yesterday().expect("a date");
            }
            day
        }
        "month" => date(today.year(), today.month(), 1),
        "quarter" => date(today.year(), (today.month() - 1) / 3 * 3 + 1, 1),
        "year" => date(today.year(), 1, 1),
        _ => today,
    }
}
