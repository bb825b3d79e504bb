//! Which items of a sample are of one kind: by an attribute that says so, else by the beginnings of
//! their keys.

use std::collections::{BTreeMap, BTreeSet};

use serde_dynamo::{AttributeValue, Item};

use super::SampledTable;
use super::names::identifier;

/// Attributes in which libraries store the entity of an item: ElectroDB, dynamodb-toolbox,
/// OneTable, PynamoDB, AppSync. Each also with the attribute of the entity's version, if any.
const MARKS: [(&str, Option<&str>); 6] = [
    ("__edb_e__", Some("__edb_v__")),
    ("_et", None),
    ("_type", None),
    ("cls", None),
    ("__typename", None),
    ("entity", None),
];
/// Names that people give such an attribute.
const NAMES: [&str; 14] = [
    "type",
    "entity",
    "kind",
    "_entity",
    "__type",
    "entityType",
    "entity_type",
    "itemType",
    "item_type",
    "recordType",
    "record_type",
    "objectType",
    "model",
    "_kind",
];
/// The most kinds of items that one attribute tells apart.
const MAX_KINDS: usize = 60;
/// The share of the items that must have such an attribute, in percent.
const MARKED_PERCENT: usize = 90;
/// The items of each kind, on average, where the name of the attribute says nothing.
const MIN_ITEMS_OF_KIND: usize = 5;
/// The most beginnings of keys that are taken for kinds of items, each seen once at least.
const MAX_BEGINNINGS: usize = 40;
/// The most labels that are whole keys.
const MAX_WHOLES: usize = 5;
/// The items that have such a label as their sort key at least, if it is not in capitals.
const MIN_WHOLE: usize = 3;
/// The characters that end the beginning of a key.
const SEPARATORS: [char; 5] = ['#', '|', ':', '/', '~'];
/// The most characters of such a beginning.
const MAX_LABEL: usize = 40;

/// Items of one kind.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// The name of the entity.
    pub(super) name: String,
    /// How its items are recognised.
    pub(super) recognised: Recognised,
    /// The items of the sample.
    pub(super) items: Vec<&'a Item>,
}

/// How items of a group are recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recognised {
    /// By these attributes and texts.
    Values(Vec<(String, String)>),
    /// By the beginnings of these keys, or their whole text.
    Keys(Vec<(String, Beginning)>),
}

/// The part of a key that is the same in all items of a kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Beginning {
    /// The whole key.
    Whole(String),
    /// A prefix, which is not empty.
    Prefix(String),
    /// Nothing.
    Free,
}

/// The groups of a sample.
pub(super) struct Grouping<'a> {
    pub(super) groups: Vec<Group<'a>>,
    /// Remarks on items that are in no group.
    pub(super) remarks: Vec<String>,
}

/// Groups the items of a sample.
pub(super) fn group(table: &SampledTable) -> Grouping<'_> {
    let all: Vec<&Item> = table.items.iter().collect();
    let mut grouping = match mark(table) {
        // The same attributes make the keys of all kinds, so they are one entity.
        Some((name, _)) if texts(table, &name).len() > 1 && have_free_keys(table, &all) => {
            let mut grouping = by_keys(table, &all);
            grouping.remarks.push(format!(
                "`{name}` says of which kind an item is. It tells no keys apart, so all kinds are \
                 one entity.",
            ));
            grouping
        }
        Some((name, version)) => by_mark(table, &name, version.as_deref()),
        None => by_keys(table, &all),
    };
    let mut taken = BTreeSet::new();
    for group in &mut grouping.groups {
        group.name = super::names::unused(group.name.clone(), |name| {
            taken.contains(name) || crate::check::is_reserved_entity(name)
        });
        taken.insert(group.name.clone());
    }
    grouping
}

/// Returns whether an attribute says by its name which entity an item is of.
pub(super) fn is_mark(name: &str) -> bool {
    MARKS.iter().any(|(known, version)| *known == name || *version == Some(name))
        || NAMES.contains(&name)
}

/// Returns the attribute that tells the kinds of items apart, and that of their version.
fn mark(table: &SampledTable) -> Option<(String, Option<String>)> {
    let is_key =
        |name: &str| table.primary_keys().contains(&name) || table.index_keys().contains(&name);
    let labels = Labels::new(table, &table.items.iter().collect::<Vec<_>>());
    let shapes: Vec<_> = table.items.iter().map(|item| labels.shape(item)).collect();
    for (name, version) in MARKS {
        let texts = texts(table, name);
        let has_version = version.filter(|version| {
            let all = items_with(table, name).all(|item| text(item, version).is_some());
            all && !texts.is_empty()
        });
        let is_strong = !NAMES.contains(&name);
        let is_few = !texts.is_empty() && texts.len() <= MAX_KINDS && !is_key(name);
        if is_few && (is_strong || tells_keys_apart(table, &shapes, name)) {
            return Some((name.to_owned(), has_version.map(str::to_owned)));
        }
    }
    let named = NAMES.iter().map(|name| (*name).to_owned());
    let mut others: BTreeSet<String> = BTreeSet::new();
    for item in &table.items {
        others.extend(item.keys().filter(|name| !is_mark(name)).cloned());
    }
    let mut all = named.chain(others).filter(|name| !is_key(name));
    all.find(|name| tells_keys_apart(table, &shapes, name)).map(|name| (name, None))
}

/// Returns whether nearly all items have a text in an attribute, there are few, and the items of
/// each have keys that begin as those of no other do.
fn tells_keys_apart(table: &SampledTable, shapes: &[Vec<Beginning>], name: &str) -> bool {
    let mut texts = BTreeSet::new();
    let mut by_shape: BTreeMap<&[Beginning], &str> = BTreeMap::new();
    let mut count = 0;
    for (item, shape) in table.items.iter().zip(shapes) {
        let Some(text) = text(item, name) else { continue };
        count += 1;
        texts.insert(text);
        let is_shared = by_shape.insert(shape, text).is_some_and(|other| other != text);
        if is_shared || texts.len() > MAX_KINDS {
            return false;
        }
    }
    let items = table.items.len();
    let is_few = match NAMES.contains(&name) {
        true => texts.len() > 1 || texts.len() == 1 && items > 1,
        // A value that all items differ in tells their keys apart, too.
        false => texts.len() > 1 && texts.len() * MIN_ITEMS_OF_KIND <= items,
    };
    count * 100 >= items * MARKED_PERCENT && is_few
}

/// Returns whether no key begins with a label.
fn have_free_keys(table: &SampledTable, items: &[&Item]) -> bool {
    let labels = Labels::new(table, items);
    items.iter().all(|item| labels.shape(item).iter().all(|part| *part == Beginning::Free))
}

fn items_with<'a>(table: &'a SampledTable, name: &'a str) -> impl Iterator<Item = &'a Item> {
    table.items.iter().filter(move |item| item.contains_key(name))
}

fn texts<'a>(table: &'a SampledTable, name: &str) -> BTreeSet<&'a str> {
    table.items.iter().filter_map(|item| text(item, name)).collect()
}

pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

fn by_mark<'a>(table: &'a SampledTable, name: &str, version: Option<&str>) -> Grouping<'a> {
    let mut groups: BTreeMap<Vec<(String, String)>, Vec<&Item>> = BTreeMap::new();
    let mut unmarked = Vec::new();
    for item in &table.items {
        let value = |name: &str| text(item, name).map(|text| (name.to_owned(), text.to_owned()));
        match value(name) {
            Some(mark) => {
                let marks = std::iter::once(mark).chain(version.and_then(value)).collect();
                groups.entry(marks).or_default().push(item);
            }
            None => unmarked.push(item),
        }
    }
    let groups = groups.into_iter().map(|(marks, items)| Group {
        name: identifier(&marks[0].1, "item"),
        recognised: Recognised::Values(marks),
        items,
    });
    let mut remarks = Vec::new();
    if !unmarked.is_empty() {
        remarks.push(format!(
            "{} of {} sampled items have no text in `{name}`: no entity above describes them.",
            unmarked.len(),
            table.items.len()
        ));
    }
    Grouping { groups: groups.collect(), remarks }
}

fn by_keys<'a>(table: &SampledTable, items: &[&'a Item]) -> Grouping<'a> {
    let labels = Labels::new(table, items);
    let mut shapes: BTreeMap<Vec<Beginning>, Vec<&Item>> = BTreeMap::new();
    for item in items {
        shapes.entry(labels.shape(item)).or_default().push(item);
    }
    let is_free = |shape: &[Beginning]| shape.iter().all(|part| *part == Beginning::Free);
    let mut remarks = Vec::new();
    if shapes.len() > 1
        && let Some(rest) = shapes.remove(&vec![Beginning::Free; table.primary_keys().len()])
    {
        remarks.push(format!(
            "{} of {} sampled items have keys without a common beginning: no entity above \
             describes them.",
            rest.len(),
            items.len()
        ));
    }
    // A key that is free could be one of a group that says more, so those come first.
    let mut shapes: Vec<_> = shapes.into_iter().collect();
    shapes.sort_by_key(|(shape, _)| shape.iter().filter(|part| **part == Beginning::Free).count());
    let groups = shapes.into_iter().map(|(shape, items)| {
        let keys = table.primary_keys().into_iter().map(str::to_owned);
        let name = if is_free(&shape) { singular(&table.name) } else { name(&shape) };
        let keys: Vec<_> = match is_free(&shape) {
            // Every item has a partition key.
            true => keys.zip(shape).take(1).collect(),
            false => keys.zip(shape).filter(|(_, part)| *part != Beginning::Free).collect(),
        };
        Group { name, recognised: Recognised::Keys(keys), items }
    });
    let mut groups: Vec<_> = groups.collect();
    name_apart(&mut groups);
    Grouping { groups, remarks }
}

/// Returns the name of an entity by the last of its keys that begins with a label.
fn name(shape: &[Beginning]) -> String {
    let label = shape.iter().rev().find_map(|part| match part {
        Beginning::Whole(text) | Beginning::Prefix(text) => Some(text),
        Beginning::Free => None,
    });
    let label = label.map(String::as_str).unwrap_or_default();
    identifier(label.trim_end_matches(SEPARATORS), "item").to_lowercase()
}

/// Puts the partition key's label before names that several groups have.
fn name_apart(groups: &mut [Group<'_>]) {
    let names: Vec<String> = groups.iter().map(|group| group.name.clone()).collect();
    for group in groups {
        let is_shared = names.iter().filter(|name| **name == group.name).count() > 1;
        let Recognised::Keys(keys) = &group.recognised else { continue };
        if is_shared && let [(_, Beginning::Prefix(label)), _] = keys.as_slice() {
            let label = identifier(label.trim_end_matches(SEPARATORS), "item").to_lowercase();
            if label != group.name {
                group.name = format!("{label}_{}", group.name);
            }
        }
    }
}

fn singular(table: &str) -> String {
    let last = table.rsplit(['.', '-', '_']).next().unwrap_or(table);
    let name = identifier(last, "item").to_lowercase();
    match name.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one.to_owned(),
        _ => name,
    }
}

/// The beginnings of keys that are labels, by key attribute.
struct Labels<'a> {
    keys: Vec<(&'a str, BTreeSet<Beginning>)>,
}

impl<'a> Labels<'a> {
    fn new(table: &'a SampledTable, items: &[&Item]) -> Self {
        let labels = |key: &'a str| {
            let mut counts: BTreeMap<Beginning, BTreeSet<Vec<&str>>> = BTreeMap::new();
            for item in items {
                let Some(value) = text(item, key) else { continue };
                let whole = table.primary_keys().into_iter().filter_map(|key| text(item, key));
                let beginning = beginning(value);
                counts.entry(beginning).or_default().insert(whole.collect());
            }
            counts.remove(&Beginning::Free);
            let many = counts.len() > MAX_BEGINNINGS;
            let least = if many { items.len().div_ceil(MAX_BEGINNINGS).max(2) } else { 1 };
            let is_whole = |known: &&Beginning| matches!(known, Beginning::Whole(_));
            let wholes = counts.keys().filter(is_whole).count();
            let is_sort_key = table.sort_key.as_ref().is_some_and(|own| own.name == key);
            counts.retain(|beginning, seen| {
                let is_label = match beginning {
                    // Text such as `ann` could be a value; `PROFILE` is a label.
                    Beginning::Whole(text) => {
                        wholes <= MAX_WHOLES
                            && (is_capital(text) || is_sort_key && seen.len() >= MIN_WHOLE)
                    }
                    _ => true,
                };
                seen.len() >= least && is_label
            });
            (key, counts.into_keys().collect())
        };
        Self { keys: table.primary_keys().into_iter().map(labels).collect() }
    }

    fn shape(&self, item: &Item) -> Vec<Beginning> {
        let part = |(key, known): &(&str, BTreeSet<Beginning>)| {
            let own = text(item, key).map_or(Beginning::Free, beginning);
            if known.contains(&own) { own } else { Beginning::Free }
        };
        self.keys.iter().map(part).collect()
    }
}

fn is_capital(text: &str) -> bool {
    text.len() > 1 && text.chars().all(|c| c.is_ascii_uppercase() || "_-$".contains(c))
}

/// Returns the beginning of a key that could be a label: up to the first separator, or a word.
pub(super) fn beginning(key: &str) -> Beginning {
    let is_label = |text: &str| {
        text.len() <= MAX_LABEL
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || "$_".contains(c))
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$".contains(c))
            && text.chars().filter(char::is_ascii_digit).count() <= 2
    };
    match key.find(SEPARATORS) {
        Some(end) if is_label(&key[..end]) => Beginning::Prefix(key[..=end].to_owned()),
        None if is_label(key) && !key.contains(|c: char| c.is_ascii_digit()) => {
            Beginning::Whole(key.to_owned())
        }
        _ => Beginning::Free,
    }
}
