//! The entity of a group of items: its keys, its attributes, and its candidate rollups.

use std::collections::{BTreeMap, BTreeSet};

use serde_dynamo::AttributeValue;

use super::SampledTable;
use super::attributes::{self, Attribute, Kind, Place};
use super::document::{Block, Document};
use super::groups::{Beginning, Group, Recognised, beginning, is_mark, text};
use super::keys::{Candidate, Piece, Search};
use super::names::{self, identifier, key, quoted, unused};
use super::rollups;

/// The most attributes of an entity that are described.
const MAX_ATTRIBUTES: usize = 150;
/// The attribute by which ElectroDB marks items: it writes keys in lower case.
const ELECTRODB: &str = "__edb_e__";
/// The items of a group that say that an attribute is required.
const MIN_ITEMS: usize = 2;
/// The items of a group that say how keys are made.
const MIN_CERTAIN: usize = 3;

/// The draft of an entity while it is made.
struct Draft<'a> {
    table: &'a SampledTable,
    group: &'a Group<'a>,
    attributes: Vec<Attribute<'a>>,
    /// The names of the attributes in the primary key.
    in_key: BTreeSet<String>,
    /// Attributes that are parts of keys and that no item has.
    parts: Vec<String>,
    /// The lines of the keys; those of indexes may be left out.
    primary: Vec<String>,
    indexed: Vec<String>,
    remarks: Vec<String>,
}

/// Adds the entity of a group, and its candidate rollups.
pub(super) fn write(table: &SampledTable, group: &Group<'_>, document: &mut Document) {
    let mut draft = Draft {
        table,
        group,
        attributes: attributes_of(table, group),
        in_key: BTreeSet::new(),
        parts: Vec::new(),
        primary: Vec::new(),
        indexed: Vec::new(),
        remarks: Vec::new(),
    };
    draft.primary_keys();
    draft.index_keys();
    document.push(draft.block());
    rollups::write(group, &draft.attributes, document);
}

/// Returns the attributes of a group but for its marks and keys.
fn attributes_of<'a>(table: &SampledTable, group: &'a Group<'a>) -> Vec<Attribute<'a>> {
    let mut values: BTreeMap<&str, Vec<&AttributeValue>> = BTreeMap::new();
    for (name, value) in group.items.iter().flat_map(|item| item.iter()) {
        if !matches!(value, AttributeValue::Null(_)) {
            values.entry(name).or_default().push(value);
        }
    }
    let marks: Vec<&str> = match &group.recognised {
        Recognised::Values(marks) => marks.iter().map(|(name, _)| name.as_str()).collect(),
        Recognised::Keys(_) => Vec::new(),
    };
    let primary = table.primary_keys();
    let is_own = |name: &&str| !marks.contains(name) && !primary.contains(name);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut attributes = Vec::new();
    for (field, values) in values.into_iter().filter(|(name, _)| is_own(name)) {
        let name = match field {
            // As dynamodb-toolbox stores them.
            "_ct" => "created".to_owned(),
            "_md" => "modified".to_owned(),
            field => identifier(field, "attribute"),
        };
        let name = unused(name, |name| taken.contains(name));
        taken.insert(name.clone());
        let is_ttl = table.ttl.as_deref() == Some(field);
        let place = Place { name: field, is_ttl, is_key: false, depth: 0 };
        let inferred = attributes::infer(place, &values);
        attributes.push(Attribute { name, field: field.to_owned(), inferred, values });
    }
    attributes
}

impl<'a> Draft<'a> {
    /// Decides how the table's own keys are made.
    fn primary_keys(&mut self) {
        for name in self.table.primary_keys() {
            let recognised = match &self.group.recognised {
                Recognised::Keys(keys) => keys.iter().find(|(key, _)| key == name),
                Recognised::Values(_) => None,
            };
            let known = recognised.map_or(Beginning::Free, |(_, part)| part.clone());
            if let Beginning::Whole(text) = &known {
                self.primary.push(format!("{} = {}", key(name), quoted(text)));
                continue;
            }
            let found = self.template(name, &known);
            let Some((template, names)) = found else {
                self.unexplained(name, known);
                continue;
            };
            self.in_key.extend(names);
            self.primary.push(format!("{} = {}", key(name), quoted(&template)));
        }
    }

    /// Returns the template of a key, and the names of the attributes in it, if values explain all
    /// of the key.
    fn template(&self, name: &str, known: &Beginning) -> Option<(String, Vec<String>)> {
        let candidates = self.candidates(name);
        let search = Search {
            key: name,
            items: &self.group.items,
            candidates: &candidates,
            prefers_lower: self.is_electrodb(),
            may_end_early: false,
        };
        let pieces = search.template()?;
        let is_certain = self.is_certain(name, &pieces);
        let literal = match pieces.first() {
            Some(Piece::Literal(text)) => text.as_str(),
            _ => "",
        };
        let begins = match known {
            Beginning::Prefix(prefix) => literal.starts_with(prefix.as_str()),
            _ => true,
        };
        let names = pieces.iter().filter_map(|piece| match piece {
            Piece::Field { candidate, .. } => Some(candidates[*candidate].name.clone()),
            Piece::Literal(_) => None,
        });
        (is_certain && begins).then(|| (search.text(&pieces), names.collect()))
    }

    /// Returns whether what is text in a template is not a value that one item alone has.
    fn is_certain(&self, name: &str, pieces: &[Piece]) -> bool {
        let keys: BTreeSet<_> =
            self.group.items.iter().filter_map(|item| text(item, name)).collect();
        let has_fields = pieces.iter().any(|piece| matches!(piece, Piece::Field { .. }));
        match pieces.last() {
            Some(Piece::Literal(last)) if keys.len() == 1 && !has_fields => {
                // One text in many items is a label, and `user#` is one.
                let is_label = last.ends_with(|c: char| !c.is_alphanumeric());
                matches!(beginning(last), Beginning::Whole(_))
                    || self.group.items.len() >= MIN_ITEMS
                        && (is_label || *name != self.table.partition_key.name)
            }
            Some(Piece::Literal(last)) if keys.len() == 1 => {
                last.chars().all(|c| !c.is_alphanumeric())
            }
            _ => true,
        }
    }

    /// Describes a key of which no attribute explains a part: an attribute stands for it.
    fn unexplained(&mut self, name: &str, known: Beginning) {
        let first = self.group.items.iter().filter_map(|item| text(item, name));
        let beginnings: BTreeSet<Beginning> = first.map(beginning).collect();
        let shared = match (known, beginnings.first()) {
            (Beginning::Prefix(prefix), _) => Some(prefix),
            (_, Some(Beginning::Prefix(prefix))) if beginnings.len() == 1 => Some(prefix.clone()),
            _ => None,
        };
        let lower = name.to_lowercase();
        let is_taken = |known: &str| {
            self.parts.iter().any(|part| part == known)
                || self.attributes.iter().any(|attribute| attribute.name == known)
        };
        match shared {
            Some(prefix) if self.parts.len() == 1 && self.keys_are_equal() => {
                let template = format!("{prefix}{{{}}}", self.parts[0]);
                self.primary.push(format!("{} = {}", key(name), quoted(&template)));
            }
            Some(prefix) => {
                let label = identifier(&prefix.to_lowercase(), &lower);
                let part = unused(label.trim_matches('_').to_owned(), is_taken);
                self.remarks.push(format!(
                    "No attribute has the part of `{name}` behind `{prefix}`: `{part}` stands for \
                     it, and items that exist lack it."
                ));
                let template = format!("{prefix}{{{part}}}");
                self.primary.push(format!("{} = {}", key(name), quoted(&template)));
                self.parts.push(part);
            }
            None => {
                let values: Vec<_> =
                    self.group.items.iter().filter_map(|item| item.get(name)).collect();
                let place = Place { name, is_ttl: false, is_key: true, depth: 0 };
                let inferred = attributes::infer(place, &values);
                let is_capital = !name.chars().any(char::is_lowercase);
                let own = if is_capital { lower } else { name.to_owned() };
                let own = unused(identifier(&own, "key"), is_taken);
                self.in_key.insert(own.clone());
                let attribute = Attribute { name: own, field: name.to_owned(), inferred, values };
                self.attributes.insert(0, attribute);
            }
        }
    }

    /// Returns whether the partition key and the sort key of each item are the same text.
    fn keys_are_equal(&self) -> bool {
        let keys = self.table.primary_keys();
        self.group.items.iter().all(|item| text(item, keys[0]) == text(item, keys[keys.len() - 1]))
    }

    /// Decides for each index whether the entity's items are in it, and how its keys are made.
    fn index_keys(&mut self) {
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for index in self.table.text_indexes() {
            let keys: Vec<&str> = index.keys().map(|key| key.name.as_str()).collect();
            let primary = self.table.primary_keys();
            let has = |name: &&&str| self.group.items.iter().any(|item| item.contains_key(**name));
            let used: Vec<&str> = keys.iter().filter(has).copied().collect();
            let own: Vec<&str> =
                used.iter().filter(|key| !primary.contains(key)).copied().collect();
            if own.is_empty() || used.len() < keys.len() {
                // Nothing of the index, or an attribute that happens to be one of its keys.
                continue;
            }
            let made: Vec<_> = own.iter().map(|name| self.index_key(name)).collect();
            if let Some(reason) = made.iter().find_map(|made| made.as_ref().err()) {
                self.remarks.push(format!("Not in the index {}: {reason}", index.name));
                continue;
            }
            for (name, template) in own.iter().zip(made.into_iter().flatten()) {
                let Some(template) = template else { continue };
                if done.insert(*name) {
                    self.indexed.push(format!("{} = {}", key(name), quoted(&template)));
                    self.attributes.retain(|attribute| attribute.field != **name);
                }
            }
        }
        // What is not an attribute of its own is a key that is not described.
        let keys = self.table.index_keys();
        let in_key = &self.in_key;
        self.attributes.retain(|attribute| {
            let is_synthetic = keys.contains(&attribute.field.as_str())
                && !in_key.contains(&attribute.name)
                && !is_natural(&attribute.values);
            !is_synthetic
        });
    }

    /// Returns the template of a key of an index; `None` for one that is an attribute itself.
    fn index_key(&self, name: &str) -> Result<Option<String>, String> {
        let has_key = |item: &&&serde_dynamo::Item| item.contains_key(name);
        let items: Vec<_> = self.group.items.iter().filter(has_key).copied().collect();
        let candidates = self.candidates(name);
        let search = Search {
            key: name,
            items: &items,
            candidates: &candidates,
            prefers_lower: self.is_electrodb(),
            may_end_early: true,
        };
        let values: Vec<&AttributeValue> = items.iter().filter_map(|item| item.get(name)).collect();
        let is_natural = is_natural(&values);
        if is_natural && !is_synthetic(name) {
            return Ok(None);
        }
        let pieces = search.template().filter(|pieces| self.is_certain(name, pieces));
        let Some(pieces) = pieces else {
            if is_natural {
                return Ok(None);
            }
            return Err(format!("no attributes make its key `{name}`."));
        };
        let fields: Vec<&str> = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Field { candidate, optional: false, .. } => {
                    Some(candidates[*candidate].field.as_str())
                }
                _ => None,
            })
            .collect();
        let is_left_out = |item: &&&serde_dynamo::Item| {
            !item.contains_key(name)
                && !fields.is_empty()
                && fields.iter().all(|field| item.contains_key(*field))
        };
        match self.group.items.iter().filter(is_left_out).count() {
            0 => Ok(Some(search.text(&pieces))),
            count => Err(format!("{count} items lack `{name}` and have what would make it.")),
        }
    }

    /// Returns the attributes from which a key may be made; those of libraries, and those that are
    /// keys themselves, come last.
    fn candidates(&self, of_key: &str) -> Vec<Candidate> {
        let keys = self.table.index_keys();
        let is_candidate = |attribute: &&Attribute<'_>| {
            let field = attribute.field.as_str();
            !is_mark(field)
                && field != of_key
                && !self.table.primary_keys().contains(&field)
                && (!keys.contains(&field) || is_natural(&attribute.values))
        };
        let mut attributes: Vec<_> = self.attributes.iter().filter(is_candidate).collect();
        attributes.sort_by_key(|attribute| {
            let field = attribute.field.as_str();
            (keys.contains(&field), field.starts_with('_'))
        });
        let candidate = |attribute: &Attribute<'_>| Candidate {
            name: attribute.name.clone(),
            field: attribute.field.clone(),
        };
        attributes.into_iter().map(candidate).collect()
    }

    fn is_electrodb(&self) -> bool {
        matches!(&self.group.recognised, Recognised::Values(marks) if marks[0].0 == ELECTRODB)
    }

    fn block(&mut self) -> Block {
        let (name, items) = (&self.group.name, self.group.items.len());
        let in_key = &self.in_key;
        for attribute in self.attributes.iter_mut().filter(|known| in_key.contains(&known.name)) {
            // Keys take values that no sample has.
            let place = Place { name: &attribute.field, is_ttl: false, is_key: true, depth: 0 };
            if attribute.inferred.kind == Kind::Enum {
                attribute.inferred = attributes::infer(place, &attribute.values);
            }
        }
        if items < MIN_CERTAIN {
            self.remarks
                .push("So few items could have other keys and types than these.".to_owned());
        }
        let mut block = Block::optional();
        let all = self.table.items.len();
        block.comment(&format!("{items} of {all} sampled items."));
        for remark in &self.remarks {
            block.comment(remark);
        }
        block.line(format!("[entities.{}]", key(name)));
        block.line(format!("match = {{ {} }}", recognised(&self.group.recognised)));
        block.line("escape = false");
        for line in &self.primary {
            block.line(line);
        }
        for line in &self.indexed {
            block.optional_line(line);
        }
        block.line(format!("[entities.{}.attributes]", key(name)));
        for part in &self.parts {
            block.line(format!("{} = {{ type = \"string\", required = true }}", key(part)));
        }
        let in_key = &self.in_key;
        self.attributes.sort_by_key(|attribute| {
            let is_in_key = in_key.contains(&attribute.name);
            (!is_in_key, std::cmp::Reverse(attribute.values.len()), attribute.name.clone())
        });
        for attribute in self.attributes.iter().take(MAX_ATTRIBUTES) {
            let line = line(attribute, in_key.contains(&attribute.name), items);
            match in_key.contains(&attribute.name) {
                true => block.line(line),
                false if attribute.field.starts_with('@') => {
                    block.comment(&format!(
                        "`{}` begins with `@`, as Weir's own do.",
                        attribute.field
                    ));
                }
                false => block.optional_line(line),
            }
        }
        if let Some(others) = self.attributes.len().checked_sub(MAX_ATTRIBUTES).filter(|n| *n > 0) {
            block.comment(&format!("… and {others} more attributes, each of fewer items."));
        }
        block
    }
}

/// Returns whether a key has the name of one that is made, such as `GSI1PK`.
fn is_synthetic(name: &str) -> bool {
    let name = name.to_lowercase();
    ["pk", "sk", "gsi", "gs1"].iter().any(|part| name.contains(part))
}

/// Returns whether texts look like values of an attribute, and not like keys that are made.
fn is_natural(values: &[&AttributeValue]) -> bool {
    let is_made = |value: &&&AttributeValue| match value {
        AttributeValue::S(text) => matches!(beginning(text), Beginning::Prefix(_)),
        _ => false,
    };
    values.iter().filter(is_made).count() * 2 < values.len()
        && !values
            .iter()
            .all(|value| matches!(value, AttributeValue::S(text) if text.starts_with('$')))
}

fn recognised(recognised: &Recognised) -> String {
    let tests: Vec<_> = match recognised {
        Recognised::Values(marks) => {
            marks.iter().map(|(name, text)| format!("{} = {}", key(name), quoted(text))).collect()
        }
        Recognised::Keys(keys) => keys
            .iter()
            .map(|(name, part)| match part {
                Beginning::Whole(text) => format!("{} = {}", key(name), quoted(text)),
                Beginning::Prefix(text) => {
                    format!("{} = {{ begins_with = {} }}", key(name), quoted(text))
                }
                Beginning::Free => format!("{} = {{ begins_with = \"\" }}", key(name)),
            })
            .collect(),
    };
    tests.join(", ")
}

/// Returns the line of an attribute, with a comment on what was seen.
fn line(attribute: &Attribute<'_>, is_in_key: bool, items: usize) -> String {
    let Attribute { name, field, inferred, values } = attribute;
    let mut options = inferred.options.clone();
    if field != name {
        options.push_str(&format!(", field = {}", quoted(field)));
    }
    let is_on_all = values.len() == items;
    if is_in_key || is_on_all && items >= MIN_ITEMS {
        options.push_str(", required = true");
    }
    let mut seen = Vec::new();
    if !is_on_all {
        seen.push(format!("in {} of {items}", values.len()));
    }
    seen.extend(inferred.remarks.iter().cloned());
    if inferred.kind != Kind::Enum {
        seen.extend(attributes::examples(field, values).map(|shown| format!("such as {shown}")));
    }
    let comment = if seen.is_empty() { String::new() } else { format!("  # {}", seen.join("; ")) };
    format!("{} = {{ {options} }}{comment}", names::key(name))
}
