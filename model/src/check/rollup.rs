//! Checks a rollup: its entity, its dimensions, its time, its buckets and its measures.

use jiff::tz::{TimeZone, TimeZoneDatabase};

mod kept;
mod measures;
mod source;

pub(super) use self::source::place_in_maps;
use self::source::source;
use super::report::Report;
use crate::attribute::AttributeType;
use crate::entity::Entity;
use crate::file::{FileDefinition, RollupFile};
use crate::nearest::expected;
use crate::rollup::{Granularity, MAX_STRIPES, Rollup, Source};

/// Names that the parameters and answers of a rollup's query have for themselves.
pub(super) const RESERVED: [&str; 23] = [
    "from",
    "to",
    "every",
    "time_zone",
    "week_start",
    "fiscal_year_start",
    "measures",
    "fill",
    "compare",
    "limit",
    "cursor",
    "after",
    "order",
    "format",
    "neighbours",
    "dimensions",
    "start",
    "end",
    "previous",
    "change",
    "filled",
    "parked",
    "rank",
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
    let time = time(name, file, entity, &granularities, report);
    let dimensions = dimensions(name, file, entity, report);
    let measures = measures::check(name, file, entity, time.as_ref(), report);
    let rank = kept::rank(name, file, &dimensions, &measures, report);
    let (filter, compared) = super::filter::check(name, file, entity, report);
    let rollup = Rollup {
        name: name.to_owned(),
        entity: entity.name.clone(),
        filter,
        compared,
        dimensions,
        time,
        keep: kept::keep(name, file, &granularities, report),
        on_ttl_expiry: kept::on_ttl_expiry(name, file, report),
        rank,
        granularities,
        time_zone: time_zone(name, file, report),
        time_zone_name: file.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        measures,
        stripes: stripes(name, file, report),
        // That is decided when all rollups and entities are known: see `super::super::colocated`.
        colocated: None,
        revision: Rollup::FIRST_REVISION,
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

fn dimensions(
    name: &str,
    file: &RollupFile,
    entity: &Entity,
    report: &mut Report<'_>,
) -> Vec<Source> {
    let mut dimensions: Vec<Source> = Vec::new();
    for (position, dimension) in file.by.iter().enumerate() {
        let position = position.to_string();
        let path = ["rollups", name, "by", &position];
        if RESERVED.contains(&dimension.as_str()) {
            let help = format!("reserved names are {}", RESERVED.join(", "));
            report.value(&path, format!("`{dimension}` is reserved, a query uses it itself"), help);
        }
        let Some(source) = source(&path, dimension, entity, report) else { continue };
        if !source.of_one().kind.is_scalar() {
            let message =
                format!("`{dimension}` is {}, which makes no group", source.kind().noun());
            let help = "expected text, a number, a boolean, an enum, a timestamp, or a set or a \
                        list of such `items`";
            report.value(&path, message, help);
        }
        if let Some(other) = dimensions.iter().find(|other| other.is_many() && source.is_many()) {
            let message = format!("`{}` and `{dimension}` both have several values", other.name());
            report.value(&path, message, "expected one at most, or a rollup for each");
        }
        if dimensions.iter().any(|seen| seen.name() == dimension) {
            report.value(&path, format!("`{dimension}` twice"), "expected each dimension once");
        }
        dimensions.push(source);
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
) -> Option<Source> {
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
    let source = source(&path, time, entity, report)?;
    if !matches!(source.kind(), AttributeType::Timestamp(_)) {
        report.value(
            &path,
            format!("`{time}` is {}", source.kind().noun()),
            "expected a timestamp",
        );
    }
    Some(source)
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
