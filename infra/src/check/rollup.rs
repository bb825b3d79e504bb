//! The summary of a rollup: which items it counts, into which groups and buckets, and what it keeps
//! of them.

use weir_model::filter::{Condition, Test};
use weir_model::rollup::OnExpiry;
use weir_model::{AttributeType, AttributeValue, Entity, Filter, Measure, Members, Model, Rollup};
use weir_rollups::details::DetailSpec;
use weir_rollups::{Accumulator, Details};

use super::entity::text;
use super::{cost, row, section};

const SECONDS_OF_A_MINUTE: u64 = 60;
const SECONDS_OF_AN_HOUR: u64 = 3600;

pub(super) fn summary(model: &Model, rollup: &Rollup) -> String {
    let names = rollup.dimensions.iter().map(|dimension| match dimension.is_many() {
        true => format!("each of {}", dimension.name()),
        false => dimension.name().to_owned(),
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
    if let Some(colocated) = &rollup.colocated {
        let keys = std::iter::once(&model.table.partition_key).chain(&model.table.sort_key);
        let keys = keys
            .zip(colocated.templates())
            .map(|(key, template)| format!("{key} {}", super::entity::template(template)));
        rows.push(row(["kept at", &keys.collect::<Vec<_>>().join(", ")]));
    }
    for named in &rollup.measures {
        let measure = format!("{} = {}", named.name, named.measure);
        let made = made_of(&named.measure);
        rows.push(row(["measure", &format!("{measure}{made}")]));
    }
    let kept =
        Accumulator::for_rollup(rollup).iter().map(Accumulator::attribute_name).collect::<Vec<_>>();
    rows.push(row(["keeps", &kept.join(", ")]));
    if let Some(beside) = beside(rollup) {
        rows.push(row(["rows", &beside]));
    }
    rows.push(row(["costs", &cost::of_rollup(rollup)]));
    for (bucket, seconds) in &rollup.keep {
        rows.push(row(["kept", &format!("{bucket}, {} after it ended", length(*seconds))]));
    }
    if rollup.on_ttl_expiry == OnExpiry::Keep {
        rows.push(row(["expired", "items stay counted"]));
    }
    if let Some(rank) = &rollup.rank {
        let within = rank.within.iter().map(|position| rollup.dimensions[*position].name());
        let within = within.collect::<Vec<_>>().join(", ");
        let within = if within.is_empty() { within } else { format!(", within each {within}") };
        rows.push(row([
            "ranked",
            &format!("by {}{within}, at /rollups/{}/ranks", rank.by, rollup.name),
        ]));
    }
    rows.push(row(["asked at", &format!("/rollups/{}{}", rollup.name, parameters(rollup))]));
    section(&format!("rollup {} of {}", rollup.name, rollup.entity), rows)
}

/// Returns the rows that are kept beside a rollup item.
fn beside(rollup: &Rollup) -> Option<String> {
    let rows = DetailSpec::for_rollup(rollup).into_iter().map(|kept| {
        let name = kept.details.name();
        match (kept.is_counted, kept.is_ranked) {
            (true, true) => format!("{name}, counted and ranked"),
            (true, false) => format!("{name}, counted"),
            (false, true) => format!("{name}, ranked"),
            (false, false) => name,
        }
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| rows.join("; "))
}

/// Returns how long a bucket is kept, in hours if they are whole, else in minutes.
fn length(seconds: u64) -> String {
    let (count, unit) = match seconds.is_multiple_of(SECONDS_OF_AN_HOUR) {
        true => (seconds / SECONDS_OF_AN_HOUR, "hour"),
        false => (seconds / SECONDS_OF_A_MINUTE, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

fn buckets(rollup: &Rollup) -> String {
    let names: Vec<_> = rollup.granularities.iter().map(|granularity| granularity.name()).collect();
    match &rollup.time {
        None => names.join(", "),
        Some(time) => format!("{} of {}, {}", names.join(", "), time.name(), rollup.time_zone_name),
    }
}

/// Returns how a measure is read from what is kept, where it is not kept itself.
fn made_of(measure: &Measure) -> String {
    match measure {
        Measure::Avg(of) => {
            let (present, sum) = (Accumulator::present(of), Accumulator::sum(of));
            format!(", read as {} / {}", sum.attribute_name(), present.attribute_name())
        }
        measure => Details::for_measure(measure)
            .map(|rows| format!(", read from {}", rows.name()))
            .unwrap_or_default(),
    }
}

fn parameters(rollup: &Rollup) -> String {
    let dimensions = rollup.dimensions.iter().map(|dimension| format!("{}=…", dimension.name()));
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

/// Returns the path as the file has it: by the names of attributes, not by those of their fields.
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
