//! Differences of the entity, the condition, the dimensions, the time, what becomes of expired
//! items, the stripes and the key.

use std::collections::BTreeSet;

use weir_model::filter::{Condition, Filter, Test};
use weir_model::template::Segment;
use weir_model::{AttributeValue, Rollup, Template, instant};

use super::change::DefinitionChange;
use super::entry::Difference;
use super::pair::{Pair, Side, needed_time, place};
use crate::definition_text as text;

/// Returns the differences of these fields.
pub(super) fn differences(pair: &Pair<'_>) -> Vec<Difference> {
    let all = [entity, filter, dimensions, time, time_zone, on_ttl_expiry, stripes, key];
    let mut found: Vec<_> = all.into_iter().filter_map(|compare| compare(pair)).collect();
    found.extend(entity_attribute(pair));
    found
}

fn entity(pair: &Pair<'_>) -> Option<Difference> {
    let mark = |side: &Side<'_>| {
        let entity = side.entity();
        let mark = entity.map(|known| text::marks(known, known.excluded.as_ref()));
        mark.unwrap_or_default()
    };
    let (from, to) = (mark(&pair.before), mark(&pair.after));
    if from != to {
        return Some(Difference::new(DefinitionChange::Match, from, to));
    }
    let (before, after) = (&pair.before.rollup.entity, &pair.after.rollup.entity);
    let renamed = || Difference::new(DefinitionChange::EntityRenamed, before, after);
    (before != after).then(renamed)
}

fn filter(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let (from, to) = (text::filter(before), text::filter(after));
    // Equal texts mean something else only if an attribute in them is another, which is a
    // difference of the attribute.
    let is_same = from == to || meaning(&before.filter) == meaning(&after.filter);
    (!is_same).then(|| Difference::new(DefinitionChange::Where, from, to))
}

/// Returns the conditions of a filter without their order and the form of their operands.
fn meaning(filter: &Filter) -> BTreeSet<String> {
    let condition = |condition: &Condition| {
        let test = match &condition.test {
            Test::In(operands) => {
                let operands = operands.iter().map(|known| operand(known, condition.instants));
                format!("In {:?}", operands.collect::<BTreeSet<_>>())
            }
            Test::Ne(known) => format!("Ne {}", operand(known, condition.instants)),
            Test::Gt(known) => format!("Gt {}", operand(known, condition.instants)),
            Test::Gte(known) => format!("Gte {}", operand(known, condition.instants)),
            Test::Lt(known) => format!("Lt {}", operand(known, condition.instants)),
            Test::Lte(known) => format!("Lte {}", operand(known, condition.instants)),
            Test::Contains(known) => format!("Contains {}", operand(known, condition.instants)),
            Test::Between(low, high) => {
                let [low, high] = [low, high].map(|known| operand(known, condition.instants));
                format!("Between {low} {high}")
            }
            other @ (Test::BeginsWith(_) | Test::Exists(_)) => format!("{other:?}"),
        };
        format!("{:?} {} {test}", condition.path, condition.instants)
    };
    filter.conditions.iter().map(condition).collect()
}

/// Returns an operand as text; an instant in whichever form it is written.
fn operand(operand: &AttributeValue, is_instant: bool) -> String {
    match instant::read(operand).filter(|_| is_instant) {
        Some(instant) => instant.as_nanosecond().to_string(),
        None => format!("{operand:?}"),
    }
}

fn dimensions(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (&pair.before.rollup.dimensions, &pair.after.rollup.dimensions);
    let pairs = || before.iter().zip(after);
    let is_renamed = pairs().any(|(before, after)| before.name() != after.name());
    if before.len() == after.len() && !is_renamed {
        return None;
    }
    let is_same = before.len() == after.len()
        && pairs()
            .all(|(before, after)| before.name() == after.name() || place(before) == place(after));
    let change = match is_same {
        true => DefinitionChange::DimensionRenamed,
        false => DefinitionChange::Dimensions,
    };
    Some(Difference::new(change, text::names(before), text::names(after)))
}

fn time(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let name = |rollup: &Rollup| {
        rollup.time.as_ref().map(|source| source.name().to_owned()).unwrap_or_default()
    };
    let (from, to) = (name(before), name(after));
    if from == to {
        return None;
    }
    let change = match (needed_time(before), needed_time(after)) {
        (Some(before), Some(after)) if place(before) == place(after) => {
            DefinitionChange::TimeRenamed
        }
        (Some(_), Some(_)) => DefinitionChange::Time,
        (None, None) => DefinitionChange::TimeUnused,
        // A bucket that needs the time is added, or the last one is removed: that says it.
        _ => return None,
    };
    Some(Difference::new(change, from, to))
}

fn time_zone(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let is_used = needed_time(before).is_some() && needed_time(after).is_some();
    let change = match is_used {
        true => DefinitionChange::TimeZone,
        false => DefinitionChange::TimeZoneUnused,
    };
    let (from, to) = (&before.time_zone_name, &after.time_zone_name);
    (from != to).then(|| Difference::new(change, from, to))
}

fn on_ttl_expiry(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup.on_ttl_expiry, pair.after.rollup.on_ttl_expiry);
    let (from, to) = (text::on_expiry(before), text::on_expiry(after));
    (from != to).then(|| Difference::new(DefinitionChange::OnTtlExpiry, from, to))
}

fn stripes(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup.stripes, pair.after.rollup.stripes);
    let difference =
        || Difference::new(DefinitionChange::Stripes, before.to_string(), after.to_string());
    (before != after).then(difference)
}

fn key(pair: &Pair<'_>) -> Option<Difference> {
    let (before, after) = (pair.before.rollup, pair.after.rollup);
    let keys = [before, after].map(|rollup| text::key(rollup.colocated.as_ref()));
    let [from, to] = keys;
    let is_same = templates(before) == templates(after);
    (!is_same).then(|| Difference::new(DefinitionChange::Key, from, to))
}

/// Returns the templates of a rollup's key with the positions of its dimensions in place of their
/// names.
fn templates(rollup: &Rollup) -> Option<[String; 2]> {
    let position =
        |name: &str| rollup.dimensions.iter().position(|dimension| dimension.name() == name);
    let segment = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Field { attribute, format, .. } => {
            format!("{{{:?} {format:?}}}", position(attribute))
        }
    };
    let text = |template: &Template| template.segments.iter().map(segment).collect::<String>();
    Some(rollup.colocated.as_ref()?.templates().map(text))
}

fn entity_attribute(pair: &Pair<'_>) -> Option<Difference> {
    let attribute = |side: &Side<'_>| side.model.table.entity_attribute.clone();
    let (from, to) = (attribute(&pair.before), attribute(&pair.after));
    let is_colocated = pair.before.rollup.is_colocated() && pair.after.rollup.is_colocated();
    (is_colocated && from != to)
        .then(|| Difference::new(DefinitionChange::EntityAttribute, from, to))
}
