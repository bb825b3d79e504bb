//! Candidate rollups of an entity: counts by an enum and per day, and sums of its amounts.

use super::attributes::{Attribute, Kind};
use super::document::{Block, Document};
use super::groups::Group;
use super::names::{has_word, key, list};

/// The items of a sample that make a rollup more than a candidate.
const MIN_ITEMS: usize = 20;
/// The share of items that must have the time and the dimension, in percent.
const MIN_PERCENT: usize = 95;
/// The most sums of a rollup.
const MAX_SUMS: usize = 3;
/// Words in the names of whole numbers that are added up.
const AMOUNTS: [&str; 16] = [
    "total", "amount", "price", "cost", "quantity", "qty", "points", "bytes", "size", "duration",
    "balance", "units", "fee", "minutes", "seconds", "value",
];
/// Words in the names of the time at which an item came to be.
const CREATED: [&str; 7] = ["created", "placed", "ordered", "ct", "start", "date", "timestamp"];
/// Words in the names of other times.
const NOT_CREATED: [&str; 8] =
    ["updated", "modified", "md", "expires", "expiry", "ttl", "deleted", "expiration"];

/// Adds the rollup of an entity: active if the sample is large enough, else commented out.
pub(super) fn write(group: &Group<'_>, attributes: &[Attribute<'_>], document: &mut Document) {
    let items = group.items.len();
    let is_common =
        |attribute: &&Attribute<'_>| attribute.values.len() * 100 >= items * MIN_PERCENT;
    let of_kind = |kind: Kind| attributes.iter().filter(move |known| known.inferred.kind == kind);
    let time = of_kind(Kind::Timestamp)
        .filter(is_common)
        .filter(|known| !has_word(&known.field, &NOT_CREATED))
        .min_by_key(|known| !has_word(&known.field, &CREATED));
    let by = of_kind(Kind::Enum).filter(is_common).max_by_key(|known| {
        has_word(&known.field, &["status", "state", "kind", "type", "category"])
    });
    let decimals = of_kind(Kind::Decimal);
    let integers = of_kind(Kind::Integer).filter(|known| has_word(&known.field, &AMOUNTS));
    let sums: Vec<_> = decimals.chain(integers).take(MAX_SUMS).collect();

    let name = match by {
        Some(by) => format!("{}_by_{}", group.name, by.name),
        None => format!("{}_count", group.name),
    };
    let mut block = Block::optional();
    let mut said = vec!["Counts the items".to_owned()];
    said.extend(by.map(|by| format!(" for each `{}`", by.name)));
    said.extend(time.map(|time| format!(", per day of `{}`", time.name)));
    if !sums.is_empty() {
        let names: Vec<_> = sums.iter().map(|known| format!("`{}`", known.name)).collect();
        said.push(format!(", and adds up {}", names.join(", ")));
    }
    block.comment(&format!("{}.", said.concat()));
    block.line(format!("[rollups.{}]", key(&name)));
    block.line(format!("of = {}", list([&group.name]).trim_matches(['[', ']'])));
    if let Some(by) = by {
        block.line(format!("by = {}", list([&by.name])));
    }
    if let Some(time) = time {
        block.line(format!("time = {}", list([&time.name]).trim_matches(['[', ']'])));
        block.line("buckets = [\"day\", \"month\", \"all\"]");
    }
    let sum = |known: &&Attribute<'_>| {
        format!(", {} = \"sum({})\"", key(&format!("sum_{}", known.name)), known.name)
    };
    let sums: String = sums.iter().map(sum).collect();
    block.line(format!("measures = {{ items = \"count\"{sums} }}"));
    if items < MIN_ITEMS || by.is_none() && time.is_none() {
        block.set_candidate();
    }
    document.push(block);
}
