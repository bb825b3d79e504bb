//! The cost of the builds of a plan, at on-demand prices.
//!
//! ```text
//! items × mean size of a sampled item ─► read units of a scan ─► dollars, seconds
//! sample ─► BaseEstimate              ─► write units          ─► dollars
//! ```
//!
//! A scan is strongly consistent: a read unit is 4 KB of the bytes that a page scans, not of each
//! item. The size that DynamoDB states includes what it stores beside the items, so the sample is
//! nearer.
//!
//! **Invariant:** everything is an estimate but the prices, and says what it was made from.

use std::collections::BTreeSet;

use weir_build::{BaseEstimate, BuildTarget, Margins};
use weir_model::Model;

use super::facts::{Facts, Known, Sample};
use super::report::{BuildKind, Cost, Dollars, RollupCost, RollupPlan};
use crate::prices::{MILLION, Prices, REGION};

/// The bytes of a read unit of a strongly consistent scan.
const READ_UNIT_BYTES: u64 = 4 * 1024;
/// Returns the cost of the builds; `None` if there are none.
pub(super) fn cost(
    model: &Model,
    facts: &Facts,
    sample: Option<&Known<Sample>>,
    rollups: &[RollupPlan],
    read_units_per_second: u32,
) -> Option<Cost> {
    let scans = scans(rollups);
    if scans == 0 {
        return None;
    }
    let sampled = sample.and_then(|sample| sample.as_ref().ok());
    let table = facts.existing_items();
    let (table_items, table_bytes) = table.map_or((0, 0), |table| (table.items, table.bytes));
    let (items, items_from) = count(table_items, sampled);
    let estimate = estimate(model, facts, rollups, sampled, items);
    let bytes = match estimate.item_bytes {
        Some(mean) => (mean * items as f64).ceil() as u64,
        None => table_bytes,
    };
    let read_units = u64::from(scans) * bytes.div_ceil(READ_UNIT_BYTES).max(1);
    let write_units = estimate.rollups.iter().map(|rollup| rollup.write_units).sum();
    let most_write_units = estimate.rollups.iter().map(|rollup| rollup.most_write_units).sum();
    Some(Cost {
        items,
        items_from,
        table_bytes,
        sampled_items: estimate.sampled_items,
        item_bytes: estimate.item_bytes,
        no_sample: match sample {
            Some(Err(reason)) => Some(reason.clone()),
            Some(Ok(_)) => None,
            None => Some("no item was read".to_owned()),
        },
        scans,
        read_units,
        write_units,
        most_write_units,
        dollars: dollars(read_units, write_units, most_write_units),
        read_units_per_second,
        scan_seconds: read_units.div_ceil(u64::from(read_units_per_second.max(1))),
        margin_seconds: u64::from(scans) * margin_seconds(facts),
        rollups: estimate.rollups.into_iter().map(rollup_cost).collect(),
    })
}

/// Returns the number of scans: builds that begin share one, and those that are continued share one
/// with the builds of the same cut.
fn scans(rollups: &[RollupPlan]) -> u32 {
    let builds = rollups.iter().filter_map(|rollup| rollup.build.as_ref());
    let cuts: BTreeSet<_> = builds
        .map(|build| match build.kind {
            BuildKind::Begin => None,
            BuildKind::Continue => build.cut.as_ref(),
        })
        .collect();
    u32::try_from(cuts.len()).expect("as many as rollups at most")
}

/// Returns the number of items, and what it is from. DynamoDB counts every six hours, so a sample
/// may have more.
fn count(table_items: u64, sample: Option<&Sample>) -> (u64, &'static str) {
    match sample {
        Some(sample) if sample.is_complete || sample.items.len() as u64 > table_items => {
            (sample.items.len() as u64, "sample")
        }
        _ => (table_items, "table"),
    }
}

fn estimate(
    model: &Model,
    facts: &Facts,
    rollups: &[RollupPlan],
    sample: Option<&Sample>,
    items: u64,
) -> BaseEstimate {
    let built = rollups.iter().filter(|rollup| rollup.build.is_some());
    let targets = built.filter_map(|rollup| model.rollup(&rollup.rollup));
    let targets: Vec<_> = targets.map(|rollup| BuildTarget { model, rollup }).collect();
    let sample = sample.map(|sample| &sample.items[..]).unwrap_or_default();
    let now = u32::try_from(facts.now).expect("a time before 2106");
    BaseEstimate::new(&targets, sample, items, now)
}

fn dollars(read_units: u64, write_units: Option<u64>, most_write_units: u64) -> Dollars {
    let [read_price, write_price] = [Prices::ON_DEMAND.read, Prices::ON_DEMAND.write]
        .map(|price| price as f64 / MILLION as f64);
    let price = |units: u64, per_million: f64| units as f64 * per_million / MILLION as f64;
    Dollars {
        read: price(read_units, read_price),
        write: write_units.map(|units| price(units, write_price)),
        most_write: price(most_write_units, write_price),
        per_million_read_units: read_price,
        per_million_write_units: write_price,
        region: REGION,
    }
}

/// Returns the seconds that a build waits beside the scan.
fn margin_seconds(facts: &Facts) -> u64 {
    let Margins { cut, scan, delta } = Margins::new(facts.is_local);
    (cut + scan + delta).as_secs()
}

fn rollup_cost(estimate: weir_build::RollupEstimate) -> RollupCost {
    RollupCost {
        rollup: estimate.rollup,
        rollup_items: estimate.keys,
        write_units: estimate.write_units,
        most_write_units: estimate.most_write_units,
        counted: estimate.counted,
        skipped: estimate.skipped,
        skipped_reason: estimate.skip.map(|skip| skip.to_string()),
    }
}
