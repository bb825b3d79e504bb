//! The summary of a rollup: which items it counts, into which groups and buckets, and what it keeps of them.

use aggregates::Accumulator;
use model::filter::{Condition, Test};
use model::{AttributeType, AttributeValue, Entity, Filter, Measure, Members, Model, Rollup};

use super::entity::text;
use super::{row, section};

pub(super) fn summary(model: &Model, rollup: &Rollup) -> String {
    let names = rollup.dimensions.iter().map(|dimension| match dimension.kind {
        AttributeType::Set(_) => format!("each of {}", dimension.name),
        _ => dimension.name.clone(),
    });
    let groups = match names.collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => "one group of everything".to_owned(),
        names => format!("by {names}"),
    };
    let mut rows = vec![row(["groups", &groups])];
    if !rollup.filter.conditions.is_empty() {
        rows.push(row(["where", &filter(&rollup.filter, model.entity(&rollup.entity))]));
    }
    rows.push(row(["buckets", &buckets(rollup)]));
    if rollup.stripes > 1 {
        rows.push(row(["stripes", &format!("{}, each read by a question", rollup.stripes)]));
    }
    for named in &rollup.measures {
        let measure = format!("{} = {}", named.name, named.measure);
        let made = made_of(&named.measure);
        rows.push(row(["measure", &format!("{measure}{made}")]));
    }
    let kept = Accumulator::of(rollup).iter().map(Accumulator::attribute_name).collect::<Vec<_>>();
    rows.push(row(["keeps", &kept.join(", ")]));
    rows.push(row(["asked at", &format!("/rollups/{}{}", rollup.name, parameters(rollup))]));
    section(&format!("rollup {} of {}", rollup.name, rollup.entity), rows)
}

fn buckets(rollup: &Rollup) -> String {
    let names: Vec<_> = rollup.granularities.iter().map(|granularity| granularity.name()).collect();
    match &rollup.time {
        None => names.join(", "),
        Some(time) => format!("{} of {}, {}", names.join(", "), time.name, rollup.time_zone_name),
    }
}

/// How a measure is read from what is kept, where it is not kept itself.
fn made_of(measure: &Measure) -> String {
    match measure {
        Measure::Count | Measure::Sum(_) => String::new(),
        Measure::Avg(attribute) => {
            let attribute = attribute.name.clone();
            let present = Accumulator::Present { attribute: attribute.clone() };
            let sum = Accumulator::Sum { attribute, scale: 0 };
            format!(", read as {} / {}", sum.attribute_name(), present.attribute_name())
        }
    }
}

fn parameters(rollup: &Rollup) -> String {
    let dimensions = rollup.dimensions.iter().map(|dimension| format!("{}=…", dimension.name));
    match dimensions.collect::<Vec<_>>().join("&") {
        parameters if parameters.is_empty() => parameters,
        parameters => format!("?{parameters}"),
    }
}

fn filter(filter: &Filter, entity: Option<&Entity>) -> String {
    filter.conditions.iter().map(|known| condition(known, entity)).collect::<Vec<_>>().join(" and ")
}

fn condition(condition: &Condition, entity: Option<&Entity>) -> String {
    let path = path(condition, entity);
    let compared =
        |sign: &str, operand: &AttributeValue| format!("{path} {sign} {}", text(operand));
    match &condition.test {
        Test::In(operands) => match operands.as_slice() {
            [only] => compared("=", only),
            several => {
                let operands: Vec<_> = several.iter().map(text).collect();
                format!("{path} is one of {}", operands.join(", "))
            }
        },
        Test::Ne(operand) => compared("≠", operand),
        Test::Gt(operand) => compared(">", operand),
        Test::Gte(operand) => compared("≥", operand),
        Test::Lt(operand) => compared("<", operand),
        Test::Lte(operand) => compared("≤", operand),
        Test::Between(low, high) => format!("{path} from {} to {}", text(low), text(high)),
        Test::BeginsWith(operand) => compared("begins with", operand),
        Test::Contains(operand) => compared("contains", operand),
        Test::Exists(true) => format!("{path} exists"),
        Test::Exists(false) => format!("{path} is absent"),
    }
}

/// The path as the file has it: by the names of attributes, not by those of their fields.
fn path(condition: &Condition, entity: Option<&Entity>) -> String {
    let mut attributes = entity.map(|entity| entity.attributes.as_slice());
    let mut members: Option<&AttributeType> = None;
    let mut names: Vec<&str> = Vec::new();
    for field in &condition.path {
        let known = attributes.and_then(|all| all.iter().find(|known| known.field == *field));
        names.push(known.map_or(field, |known| &known.name));
        let kind = known.map(|known| &known.kind).or(members);
        (attributes, members) = match kind {
            Some(AttributeType::Map(Members::Named(inner))) => (Some(inner.as_slice()), None),
            Some(AttributeType::Map(Members::Each(rule))) => (None, Some(&rule.kind)),
            _ => (None, None),
        };
    }
    names.join(".")
}
