//! Differences of the attributes that a rollup reads: their types, and the names under which they
//! are stored.

use weir_model::attribute::AttributeType;
use weir_model::instant::TimestampFormat;
use weir_model::rollup::Source;
use weir_model::{AttributeValue, Filter, Item, Rollup, Step};

use super::change::DefinitionChange;
use super::entry::Difference;
use super::pair::{Pair, Reader, place};
use crate::definition_text as text;

/// One attribute that both definitions read.
struct Attributes<'a> {
    before: &'a Source,
    after: &'a Source,
    /// The parts of both rollups that read it.
    readers: Vec<Reader>,
}

/// Returns the differences of the attributes that both definitions read, each attribute once.
pub(super) fn differences(pair: &Pair<'_>) -> Vec<Difference> {
    let (before, after) = (pair.before.sources(), pair.after.sources());
    let mut seen: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for (_, source) in &after {
        if seen.contains(&source.name()) {
            continue;
        }
        seen.push(source.name());
        let by_name = before.iter().find(|(_, other)| other.name() == source.name());
        let by_place = || before.iter().find(|(_, other)| place(other) == place(source));
        let Some((_, other)) = by_name.or_else(by_place) else { continue };
        let all = before.iter().chain(&after);
        let same = all.filter(|(_, known)| [source.name(), other.name()].contains(&known.name()));
        let readers = same.map(|(reader, _)| *reader).collect();
        let attributes = Attributes { before: other, after: source, readers };
        found.extend(attributes.differences(pair.before.rollup, pair.after.rollup));
    }
    found
}

impl Attributes<'_> {
    fn differences(&self, before: &Rollup, after: &Rollup) -> Vec<Difference> {
        let difference =
            |change, from, to| Difference::new_of_part(change, self.after.name(), from, to);
        let mut found = Vec::new();
        if place(self.before) != place(self.after) {
            let field = |source: &Source| format!("field = {:?}", stored_name(source));
            let change = DefinitionChange::AttributeField;
            found.push(difference(change, field(self.before), field(self.after)));
        }
        if let Some(change) = self.kind_change(before, after) {
            let [from, to] = [self.before, self.after].map(|source| text::kind(source.kind()));
            found.push(difference(change, from, to));
        }
        let [from, to] = [self.before, self.after].map(|source| text::options(&source.attribute));
        if from != to {
            found.push(difference(DefinitionChange::AttributeOptions, from, to));
        }
        found
    }

    fn kind_change(&self, before: &Rollup, after: &Rollup) -> Option<DefinitionChange> {
        let (old, new) = (self.before.kind(), self.after.kind());
        let is_typed = self.readers.iter().any(|reader| *reader != Reader::Existence);
        if old == new || !is_typed {
            return None;
        }
        if accepted(old) == accepted(new) {
            let is_timestamp = matches!(self.after.of_one().kind, AttributeType::Timestamp(_));
            let change = match self.readers.contains(&Reader::Dimension) {
                true => DefinitionChange::TimestampText,
                false => DefinitionChange::TimestampForm,
            };
            return (is_timestamp && text::kind(old) != text::kind(new)).then_some(change);
        }
        let (AttributeType::Enum { values: old }, AttributeType::Enum { values: new }) = (old, new)
        else {
            return Some(DefinitionChange::AttributeType);
        };
        let mut changed = old
            .iter()
            .filter(|value| !new.contains(value))
            .chain(new.iter().filter(|value| !old.contains(value)));
        let is_left_out = changed.all(|value| {
            leaves_out(before, self.before, value) && leaves_out(after, self.after, value)
        });
        Some(match is_left_out {
            true => DefinitionChange::EnumValuesFiltered,
            false => DefinitionChange::EnumValues,
        })
    }
}

/// Returns the stored values that are of a type, as text.
fn accepted(kind: &AttributeType) -> String {
    match kind {
        AttributeType::Enum { values } => {
            let mut values = values.clone();
            values.sort();
            format!("enum {values:?}")
        }
        AttributeType::Timestamp(TimestampFormat::Rfc3339 { .. }) => "RFC 3339".to_owned(),
        AttributeType::List(Some(rule)) => format!("list of {}", accepted(&rule.kind)),
        AttributeType::List(None) => "list".to_owned(),
        AttributeType::Map(_) => "map".to_owned(),
        other => text::kind(other),
    }
}

/// Returns whether `where` leaves out every item that has a text at a place.
fn leaves_out(rollup: &Rollup, source: &Source, value: &str) -> bool {
    let conditions = rollup.filter.conditions.iter();
    let about = conditions.filter(|condition| source.is_read_by(condition)).cloned();
    let filter = Filter { conditions: about.collect() };
    !filter.admits(&item_with(source, AttributeValue::S(value.to_owned())))
}

/// Returns an item that has nothing but a value at a place.
fn item_with(source: &Source, value: AttributeValue) -> Item {
    let names = source.path.steps.iter().filter_map(|step| match step {
        Step::Name(name) => Some(name.clone()),
        Step::Position(_) => None,
    });
    let mut names: Vec<String> = names.collect();
    let first = names.remove(0);
    let nested = names
        .into_iter()
        .rev()
        .fold(value, |inner, name| AttributeValue::M(std::iter::once((name, inner)).collect()));
    std::iter::once((first, nested)).collect::<std::collections::HashMap<_, _>>().into()
}

/// Returns the stored name of a value: the path to it.
fn stored_name(source: &Source) -> String {
    let names = source.path.steps.iter().map(|step| match step {
        Step::Name(name) => name.clone(),
        Step::Position(position) => position.to_string(),
    });
    names.collect::<Vec<_>>().join(".")
}
