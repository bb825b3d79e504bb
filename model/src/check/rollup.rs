//! Checks a rollup: its entity, its dimensions, its time, its buckets and its measures.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::{FileDefinition, RollupFile};
use crate::nearest::expected;
use crate::rollup::{Granularity, MAX_STRIPES, MEASURES, Measure, NamedMeasure, Rollup};

/// The most measures of a rollup: DynamoDB takes an update expression of 4 KB.
const MAX_MEASURES: usize = 100;
/// Names that the parameters and answers of a rollup's query have for themselves.
const RESERVED: [&str; 11] = [
    "from", "to", "every", "limit", "cursor", "start", "end", "order", "format", "measures",
    "parked",
];

pub(super) fn check(
    name: &str,
    file: &RollupFile,
    definition: &FileDefinition,
    entities: &[Entity],
    report: &mut Report<'_>,
) -> Option<Rollup> {
    report.name(&["rollups", name], "a rollup", name);
    let entity = entity(name, file, definition, entities, report)?;
    let granularities = granularities(name, file, report);
    let rollup = Rollup {
        name: name.to_owned(),
        entity: entity.name.clone(),
        filter: super::filter::check(name, file, entity, report),
        dimensions: dimensions(name, file, entity, report),
        time: time(name, file, entity, &granularities, report),
        granularities,
        time_zone: time_zone(name, file, report),
        time_zone_name: file.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        measures: measures(name, file, entity, report),
        stripes: stripes(name, file, report),
    };
    Some(rollup)
}

fn entity<'a>(
    name: &str,
    file: &RollupFile,
    definition: &FileDefinition,
    entities: &'a [Entity],
    report: &mut Report<'_>,
) -> Option<&'a Entity> {
    if !definition.entities.contains_key(&file.of) {
        let names: Vec<_> = definition.entities.keys().map(String::as_str).collect();
        report.value(
            &["rollups", name, "of"],
            format!("`{}` is no entity", file.of),
            expected(&file.of, &names),
        );
    }
    entities.iter().find(|entity| entity.name == file.of)
}

fn attribute<'a>(
    path: &[&str],
    name: &str,
    entity: &'a Entity,
    report: &mut Report<'_>,
) -> Option<&'a Attribute> {
    let found = entity.attribute(name);
    if found.is_some() {
        return found;
    }
    let outer = name.split(['.', '[']).next().and_then(|first| entity.attribute(first));
    if let Some(outer) = outer {
        let message = format!("`{name}` lies in `{}`", outer.name);
        report.value(path, message, "expected an attribute of the item itself, not one in another");
        return None;
    }
    let names: Vec<_> = entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    let message = format!("`{name}` is no attribute of `{}`", entity.name);
    report.value(path, message, expected(name, &names));
    None
}

fn dimensions(
    name: &str,
    file: &RollupFile,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Vec<Attribute> {
    let mut dimensions: Vec<Attribute> = Vec::new();
    for (position, dimension) in file.by.iter().enumerate() {
        let position = position.to_string();
        let path = ["rollups", name, "by", &position];
        if RESERVED.contains(&dimension.as_str()) {
            let help = format!("reserved names are {}", RESERVED.join(", "));
            report.value(&path, format!("`{dimension}` is reserved, a query uses it itself"), help);
        }
        let Some(attribute) = attribute(&path, dimension, entity, report) else { continue };
        if !attribute.kind.of_one().is_scalar() {
            let message =
                format!("`{dimension}` is {}, which makes no group", attribute.kind.noun());
            let help = "expected text, a number, a boolean, an enum, a timestamp, or a set of texts or numbers";
            report.value(&path, message, help);
        }
        let is_set = |other: &&Attribute| matches!(other.kind, AttributeType::Set(_));
        if let Some(other) = dimensions.iter().find(is_set).filter(|_| is_set(&attribute)) {
            let message = format!("`{}` and `{dimension}` are both sets", other.name);
            report.value(&path, message, "expected one at most, or a rollup for each");
        }
        if dimensions.iter().any(|seen| seen.name == *dimension) {
            report.value(&path, format!("`{dimension}` twice"), "expected each dimension once");
        }
        dimensions.push(attribute.clone());
    }
    dimensions
}

fn granularities(name: &str, file: &RollupFile, report: &mut Report<'_>) -> Vec<Granularity> {
    let mut granularities = Vec::new();
    for (position, bucket) in file.buckets.iter().enumerate() {
        let position = position.to_string();
        let path = ["rollups", name, "buckets", &position];
        match bucket.parse::<Granularity>() {
            Ok(granularity) if granularities.contains(&granularity) => {
                report.value(&path, format!("`{bucket}` twice"), "expected each bucket once");
            }
            Ok(granularity) => granularities.push(granularity),
            Err(()) => {
                let names: Vec<_> =
                    Granularity::EVERY.iter().map(|granularity| granularity.name()).collect();
                report.value(&path, format!("`{bucket}` is no bucket"), expected(bucket, &names));
            }
        }
    }
    if file.buckets.is_empty() {
        report.value(
            &["rollups", name, "buckets"],
            "no bucket",
            "expected one or more, such as [\"day\", \"all\"]",
        );
    }
    granularities.sort_unstable();
    granularities
}

fn time(
    name: &str,
    file: &RollupFile,
    entity: &Entity,
    granularities: &[Granularity],
    report: &mut Report<'_>,
) -> Option<Attribute> {
    let Some(time) = &file.time else {
        if let Some(granularity) =
            granularities.iter().find(|granularity| **granularity != Granularity::All)
        {
            let message = format!("the bucket `{granularity}` without `time`");
            report.value(
                &["rollups", name, "buckets"],
                message,
                "expected time = \"…\", a timestamp of the entity",
            );
        }
        return None;
    };
    let path = ["rollups", name, "time"];
    let attribute = attribute(&path, time, entity, report)?;
    if !matches!(attribute.kind, AttributeType::Timestamp(_)) {
        report.value(
            &path,
            format!("`{time}` is {}", attribute.kind.noun()),
            "expected a timestamp",
        );
    }
    Some(attribute.clone())
}

fn time_zone(name: &str, file: &RollupFile, report: &mut Report<'_>) -> TimeZone {
    let Some(zone) = &file.time_zone else { return TimeZone::UTC };
    let needs_time = file.buckets.iter().any(|bucket| bucket != Granularity::All.name());
    if file.time.is_none() && !needs_time {
        let help = "expected time = \"…\" beside it, or no time zone";
        report.key(&["rollups", name, "time_zone"], "a time zone without `time`", help);
    }
    let zones = TimeZoneDatabase::bundled();
    zones.get(zone).unwrap_or_else(|_| {
        let names: Vec<_> = zones.available().map(|name| name.to_string()).collect();
        let near = crate::nearest(zone, names.iter().map(String::as_str));
        let help = near.map_or_else(
            || "expected a name such as Europe/Berlin".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        report.value(&["rollups", name, "time_zone"], format!("`{zone}` is no time zone"), help);
        TimeZone::UTC
    })
}

fn measures(
    name: &str,
    file: &RollupFile,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Vec<NamedMeasure> {
    if file.measures.len() > MAX_MEASURES {
        let message = format!("{} measures", file.measures.len());
        report.key(
            &["rollups", name, "measures"],
            message,
            format!("expected {MAX_MEASURES} or fewer"),
        );
    }
    if file.measures.is_empty() {
        report.key(
            &["rollups", name, "measures"],
            "no measure",
            "expected one or more, such as { orders = \"count\" }",
        );
    }
    let mut measures = Vec::new();
    for (measure, text) in &file.measures {
        let path = ["rollups", name, "measures", measure];
        report.name(&path, "a measure", measure);
        if RESERVED.contains(&measure.as_str()) {
            let help = format!("reserved names are {}", RESERVED.join(", "));
            report.key(&path, format!("`{measure}` is reserved, answers use it themselves"), help);
        }
        if file.by.contains(measure) {
            let message = format!("`{measure}` is a dimension and a measure");
            report.key(&path, message, "expected another name for the measure");
        }
        if let Some(parsed) = parse_measure(&path, text, entity, report) {
            measures.push(NamedMeasure { name: measure.clone(), measure: parsed });
        }
    }
    measures
}

fn stripes(name: &str, file: &RollupFile, report: &mut Report<'_>) -> u16 {
    let stripes = file.stripes.unwrap_or(1);
    let within = u16::try_from(stripes).ok().filter(|stripes| (1..=MAX_STRIPES).contains(stripes));
    within.unwrap_or_else(|| {
        let message = format!("{stripes} stripes");
        report.value(
            &["rollups", name, "stripes"],
            message,
            format!("expected 1 to {MAX_STRIPES}"),
        );
        1
    })
}

fn parse_measure(
    path: &[&str; 4],
    text: &str,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Option<Measure> {
    if text == "count" {
        return Some(Measure::Count);
    }
    let call = text.strip_suffix(')').and_then(|text| text.split_once('('));
    let Some((function @ ("sum" | "avg"), argument)) = call else {
        report.value(path, format!("`{text}` is no measure"), expected(text, &MEASURES));
        return None;
    };
    let attribute = attribute(path, argument.trim(), entity, report)?;
    if !attribute.kind.is_numeric() {
        let message = format!(
            "`{}` is {}, which `{function}` cannot add up",
            attribute.name,
            attribute.kind.noun()
        );
        let numbers: Vec<_> = entity
            .attributes
            .iter()
            .filter(|other| other.kind.is_numeric())
            .map(|other| other.name.as_str())
            .collect();
        report.value(
            path,
            message,
            format!("the numbers of `{}` are: {}", entity.name, numbers.join(", ")),
        );
        return None;
    }
    let attribute = attribute.clone();
    Some(if function == "sum" { Measure::Sum(attribute) } else { Measure::Avg(attribute) })
}
