//! Checks how long a rollup's buckets are kept, what becomes of expired items, and by what its
//! groups are ranked.

use std::collections::BTreeMap;

use crate::check::report::Report;
use crate::file::RollupFile;
use crate::nearest::expected;
use crate::rollup::{Granularity, NamedMeasure, OnExpiry, Rank, Source, keep};

/// Returns how long buckets are kept after their end, in seconds.
pub(super) fn keep(
    name: &str,
    file: &RollupFile,
    granularities: &[Granularity],
    report: &mut Report<'_>,
) -> BTreeMap<Granularity, u64> {
    let mut keep = BTreeMap::new();
    for (bucket, text) in &file.keep {
        let path = ["rollups", name, "keep", bucket];
        let granularity = bucket.parse::<Granularity>().ok();
        let kept = granularity.filter(|granularity| granularities.contains(granularity));
        match kept {
            Some(Granularity::All) => {
                report.key(&path, "the bucket `all` never ends", "expected a bucket that does");
            }
            None => {
                let names: Vec<_> = granularities.iter().map(|kept| kept.name()).collect();
                let message = format!("`{bucket}` is no bucket of this rollup");
                report.key(&path, message, expected(bucket, &names));
            }
            Some(granularity) => match keep::seconds(text) {
                Some(seconds) => drop(keep.insert(granularity, seconds)),
                None => {
                    let help = "expected a number and a unit: m, h, d or w, such as 90d";
                    report.value(&path, format!("`{text}` is no time to keep a bucket"), help);
                }
            },
        }
    }
    keep
}

pub(super) fn on_ttl_expiry(name: &str, file: &RollupFile, report: &mut Report<'_>) -> OnExpiry {
    match file.on_ttl_expiry.as_deref() {
        None | Some("retract") => OnExpiry::Retract,
        Some("keep") => OnExpiry::Keep,
        Some(other) => {
            let path = ["rollups", name, "on_ttl_expiry"];
            let message = format!("`{other}` is nothing that may become of expired items");
            report.value(&path, message, expected(other, &["retract", "keep"]));
            OnExpiry::Retract
        }
    }
}

/// By what the groups are ranked.
pub(super) fn rank(
    name: &str,
    file: &RollupFile,
    dimensions: &[Source],
    measures: &[NamedMeasure],
    report: &mut Report<'_>,
) -> Option<Rank> {
    let Some(by) = &file.rank_by else {
        if !file.rank_within.is_empty() {
            let help = "expected rank_by = \"…\" beside it, the measure that ranks";
            report.key(&["rollups", name, "rank_within"], "`rank_within` without `rank_by`", help);
        }
        return None;
    };
    let path = ["rollups", name, "rank_by"];
    let can: Vec<_> = measures.iter().filter(|known| known.measure.is_additive()).collect();
    if !can.iter().any(|known| known.name == *by) {
        let names: Vec<_> = can.iter().map(|known| known.name.as_str()).collect();
        let message = match measures.iter().find(|known| known.name == *by) {
            Some(known) => format!("`{by}` is {}, which no change adds to", known.measure),
            None => format!("`{by}` is no measure of this rollup"),
        };
        let help = format!("a count, sum or distinct ranks: {}", expected(by, &names));
        report.value(&path, message, help);
    }
    if dimensions.is_empty() {
        report.key(&path, "a ranking of one group", "expected dimensions: by = [\"…\"]");
    }
    if file.stripes.unwrap_or(1) > 1 {
        let help = "expected one of the two: the parts of a striped group cannot be ranked";
        report.key(&path, "`rank_by` with `stripes`", help);
    }
    Some(Rank { by: by.clone(), within: within(name, file, dimensions, report) })
}

fn within(
    name: &str,
    file: &RollupFile,
    dimensions: &[Source],
    report: &mut Report<'_>,
) -> Vec<usize> {
    let mut within = Vec::new();
    for (position, dimension) in file.rank_within.iter().enumerate() {
        let position = position.to_string();
        let path = ["rollups", name, "rank_within", &position];
        let names: Vec<_> = dimensions.iter().map(Source::name).collect();
        match names.iter().position(|known| known == dimension) {
            None => {
                let message = format!("`{dimension}` is no dimension of this rollup");
                report.value(&path, message, expected(dimension, &names));
            }
            Some(known) if within.contains(&known) => {
                report.value(&path, format!("`{dimension}` twice"), "expected each once");
            }
            Some(known) => within.push(known),
        }
    }
    if !dimensions.is_empty() && within.len() == dimensions.len() {
        let path = ["rollups", name, "rank_within"];
        report.key(&path, "rankings of one group each", "expected fewer than all dimensions");
    }
    within.sort_unstable();
    within
}
