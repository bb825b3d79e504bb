//! The type of an attribute, from the values that the sample has of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_dynamo::AttributeValue;

use super::names::{self, has_word, is_personal, list, quoted};
use crate::condition::StoredType;
use crate::instant;
use crate::number::Number;

/// The most values of an enum.
const MAX_ENUM: usize = 12;
/// How often each value of an enum occurs at least, on average.
const ENUM_REPEATS: usize = 4;
/// The most characters of a value of an enum.
const MAX_ENUM_LENGTH: usize = 32;
/// The most decimal places of a decimal.
const MAX_SCALE: u32 = 18;
/// The most maps around a value that is described.
const MAX_DEPTH: usize = 3;
/// The most names of a map that are described.
const MAX_MEMBERS: usize = 30;
/// The most examples in a comment, and the most characters of each.
const EXAMPLES: usize = 2;
const EXAMPLE_LENGTH: usize = 24;
/// Words in the names of attributes that hold a time.
const TIME_WORDS: [&str; 22] = [
    "at",
    "on",
    "time",
    "date",
    "timestamp",
    "ts",
    "created",
    "updated",
    "modified",
    "expires",
    "expiry",
    "expiration",
    "ttl",
    "start",
    "end",
    "since",
    "until",
    "last",
    "deadline",
    "due",
    "ct",
    "md",
];
/// The seconds since 1970 that are taken for times: of the years 2000 to 2100.
const EPOCH: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// An attribute of an entity.
pub(super) struct Attribute<'a> {
    /// Its name in the definition.
    pub(super) name: String,
    /// Its name in the table.
    pub(super) field: String,
    pub(super) inferred: InferredType,
    /// Its values in the sample.
    pub(super) values: Vec<&'a AttributeValue>,
}

/// The type that the values of an attribute have.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InferredType {
    pub(super) kind: Kind,
    /// The type and its options, as TOML has them.
    pub(super) options: String,
    /// What is uncertain.
    pub(super) remarks: Vec<String>,
}

/// The part of a type that rollups depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Enum,
    Integer,
    Decimal,
    Timestamp,
    Other,
}

/// Where the values of an attribute are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The attribute's name in the table.
    pub(super) name: &'a str,
    /// Whether it is the table's TTL, which is a number of seconds.
    pub(super) is_ttl: bool,
    /// Whether it is a key, so that it must be text.
    pub(super) is_key: bool,
    /// The number of maps around it.
    pub(super) depth: usize,
}

impl InferredType {
    fn new(kind: Kind, options: impl Into<String>) -> Self {
        Self { kind, options: options.into(), remarks: Vec::new() }
    }

    fn with_remark(mut self, remark: impl Into<String>) -> Self {
        self.remarks.push(remark.into());
        self
    }
}

/// Returns the type that all values have.
pub(super) fn infer(place: Place<'_>, values: &[&AttributeValue]) -> InferredType {
    let mut types: BTreeMap<&'static str, usize> = BTreeMap::new();
    for value in values {
        *types.entry(StoredType::from_value(value).letters()).or_default() += 1;
    }
    types.remove("NULL");
    if place.is_key {
        return text(place, values);
    }
    if types.len() > 1 {
        let shares = types.iter().map(|(letters, count)| format!("{letters} in {count}"));
        let shares = shares.collect::<Vec<_>>().join(", ");
        return InferredType::new(Kind::Other, plain("any"))
            .with_remark(format!("mixed types: {shares}"));
    }
    match types.keys().next().copied() {
        Some("S") => text(place, values),
        Some("N") => number(place, values),
        Some("BOOL") => InferredType::new(Kind::Other, plain("boolean")),
        Some("B") => InferredType::new(Kind::Other, plain("binary")),
        Some("SS") => InferredType::new(Kind::Other, with_items("set", "string")),
        Some("NS") => InferredType::new(Kind::Other, with_items("set", "number")),
        Some("BS") => InferredType::new(Kind::Other, with_items("set", "binary")),
        Some("L") => members(values),
        Some("M") => map(place, values),
        _ => InferredType::new(Kind::Other, plain("any")).with_remark("only NULL in the sample"),
    }
}

fn plain(kind: &str) -> String {
    format!("type = {}", quoted(kind))
}

fn with_items(kind: &str, items: &str) -> String {
    format!("type = {}, items = {}", quoted(kind), quoted(items))
}

fn text(place: Place<'_>, values: &[&AttributeValue]) -> InferredType {
    let texts: Vec<&str> = values.iter().filter_map(|value| as_text(value)).collect();
    if !texts.is_empty() && texts.iter().all(|text| instant::parse(text).is_some()) {
        return timestamp(&texts);
    }
    let distinct: BTreeSet<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let is_label = |text: &String| {
        !text.is_empty()
            && text.len() <= MAX_ENUM_LENGTH
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_- .:/".contains(c))
    };
    if !place.is_key
        && distinct.len() <= MAX_ENUM
        && distinct.len() * ENUM_REPEATS <= texts.len()
        && distinct.iter().all(is_label)
        && !is_personal(place.name)
        && !has_word(place.name, &["id", "ref", "uuid"])
    {
        let options = format!("{}, values = {}", plain("enum"), list(&distinct));
        return InferredType::new(Kind::Enum, options)
            .with_remark("add values that the sample lacks");
    }
    let inferred = InferredType::new(Kind::Text, plain("string"));
    if texts.iter().any(|text| text.is_empty()) {
        return inferred.with_remark("empty in some items");
    }
    let is_number = |text: &&str| text.parse::<Number>().is_ok();
    if !place.is_key && !texts.is_empty() && texts.iter().all(is_number) {
        return inferred.with_remark("numbers stored as text, which no rollup adds up");
    }
    let is_local = |text: &&str| instant::parse_local(text).is_some();
    if !texts.is_empty() && texts.iter().all(is_local) {
        return inferred.with_remark("dates without a time zone, which are not timestamps");
    }
    inferred
}

/// Returns the form in which timestamps are stored as text.
fn timestamp(texts: &[&str]) -> InferredType {
    let places = |text: &&str| {
        let digits = text.split_once('.').map_or("", |(_, rest)| rest);
        digits.chars().take_while(char::is_ascii_digit).count()
    };
    let finest = texts.iter().map(places).max().unwrap_or_default();
    let precision = match finest {
        0 => "second",
        1..=3 => "millisecond",
        4..=6 => "microsecond",
        _ => "nanosecond",
    };
    let offset = |text: &&str| match text {
        text if text.ends_with('Z') => "Z",
        text if text.ends_with("+00:00") => "+00:00",
        text if text.ends_with("+0000") => "+0000",
        _ => "any",
    };
    let offsets: BTreeSet<&str> = texts.iter().map(offset).collect();
    let offset = if offsets.len() == 1 { offsets.first().copied().unwrap_or("any") } else { "any" };
    let mut options = plain("timestamp");
    if precision != "millisecond" {
        options.push_str(&format!(", precision = {}", quoted(precision)));
    }
    if offset != "Z" {
        options.push_str(&format!(", offset = {}", quoted(offset)));
    }
    InferredType::new(Kind::Timestamp, options)
}

fn number(place: Place<'_>, values: &[&AttributeValue]) -> InferredType {
    let numbers = values.iter().filter_map(|value| match value {
        AttributeValue::N(number) => number.parse::<Number>().ok(),
        _ => None,
    });
    let numbers: Vec<Number> = numbers.collect();
    if place.is_ttl && place.depth == 0 {
        return InferredType::new(Kind::Timestamp, "type = \"timestamp\", format = \"epoch\"");
    }
    let units: Option<Vec<i64>> = numbers
        .iter()
        .map(|number| number.to_units(0).and_then(|units| i64::try_from(units).ok()))
        .collect();
    if let Some(units) = units.filter(|_| numbers.iter().all(Number::is_integer)) {
        let is_time = has_word(place.name, &TIME_WORDS);
        if is_time && units.iter().all(|number| EPOCH.contains(number)) {
            return InferredType::new(Kind::Timestamp, "type = \"timestamp\", format = \"epoch\"");
        }
        if is_time && units.iter().all(|number| EPOCH.contains(&(number / 1000))) {
            return InferredType::new(
                Kind::Timestamp,
                "type = \"timestamp\", format = \"epoch_ms\"",
            );
        }
        return InferredType::new(Kind::Integer, plain("integer"));
    }
    let is_second = |number: &Number| {
        let whole = number.over(&Number::from_units(1, 0), 0).and_then(|whole| whole.to_units(0));
        whole
            .and_then(|units| i64::try_from(units).ok())
            .is_some_and(|units| EPOCH.contains(&units))
    };
    if has_word(place.name, &TIME_WORDS) && numbers.iter().all(is_second) {
        return InferredType::new(Kind::Other, plain("number"))
            .with_remark("seconds with decimal places, which are not timestamps");
    }
    let scale = numbers.iter().map(Number::decimal_places).max().unwrap_or_default();
    if (1..=MAX_SCALE).contains(&scale) {
        return InferredType::new(Kind::Decimal, format!("{}, scale = {scale}", plain("decimal")))
            .with_remark("the most decimal places of the sample");
    }
    InferredType::new(Kind::Other, plain("number"))
}

fn members(values: &[&AttributeValue]) -> InferredType {
    let mut types = BTreeSet::new();
    for value in values {
        if let AttributeValue::L(members) = value {
            types.extend(members.iter().map(|member| StoredType::from_value(member).letters()));
        }
    }
    let items = match types.into_iter().collect::<Vec<_>>().as_slice() {
        ["S"] => "string",
        ["N"] => "number",
        ["BOOL"] => "boolean",
        _ => return InferredType::new(Kind::Other, plain("list")),
    };
    InferredType::new(Kind::Other, with_items("list", items))
}

fn map(place: Place<'_>, values: &[&AttributeValue]) -> InferredType {
    let mut members: BTreeMap<&String, Vec<&AttributeValue>> = BTreeMap::new();
    let maps: Vec<&HashMap<String, AttributeValue>> = values
        .iter()
        .filter_map(|value| match value {
            AttributeValue::M(map) => Some(map),
            _ => None,
        })
        .collect();
    for (name, value) in maps.iter().flat_map(|map| map.iter()) {
        members.entry(name).or_default().push(value);
    }
    let is_name = |name: &&String| names::identifier(name, "") == ***name && !name.is_empty();
    if members.is_empty() || members.len() > MAX_MEMBERS || place.depth >= MAX_DEPTH {
        return InferredType::new(Kind::Other, plain("map"));
    }
    if !members.keys().all(is_name) {
        return InferredType::new(Kind::Other, plain("map"))
            .with_remark("its names are not those of attributes");
    }
    // Names that are data, such as the ids of users, are in few of the maps.
    let is_shared = members.values().filter(|values| values.len() * 3 >= maps.len()).count();
    if is_shared * 2 < members.len() {
        return InferredType::new(Kind::Other, plain("map"))
            .with_remark("its names differ by item");
    }
    let member = |(name, values): (&String, Vec<&AttributeValue>)| {
        let inner = Place { name, is_ttl: false, is_key: false, depth: place.depth + 1 };
        format!("{} = {{ {} }}", names::key(name), infer(inner, &values).options)
    };
    let inside: Vec<_> = members.into_iter().map(member).collect();
    InferredType::new(
        Kind::Other,
        format!("{}, attributes = {{ {} }}", plain("map"), inside.join(", ")),
    )
}

/// Returns examples of the values, unless they look personal.
pub(super) fn examples(name: &str, values: &[&AttributeValue]) -> Option<String> {
    if is_personal(name) {
        return None;
    }
    let looks_personal =
        |text: &str| text.contains('@') || text.chars().filter(char::is_ascii_digit).count() > 8;
    let mut shown = BTreeSet::new();
    for value in values {
        let (text, is_text) = match value {
            AttributeValue::S(text) => (text, true),
            AttributeValue::N(number) => (number, false),
            _ => continue,
        };
        let is_time = instant::parse(text).is_some();
        if text.chars().count() > EXAMPLE_LENGTH || is_text && !is_time && looks_personal(text) {
            continue;
        }
        shown.insert(if is_text { quoted(text) } else { text.clone() });
        if shown.len() == EXAMPLES {
            break;
        }
    }
    let shown: Vec<_> = shown.into_iter().collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn as_text(value: &AttributeValue) -> Option<&str> {
    match value {
        AttributeValue::S(text) => Some(text),
        _ => None,
    }
}
