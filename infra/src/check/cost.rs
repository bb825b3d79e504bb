//! The cost of a changed item for its rollups, as `weir check` prints it: the units of
//! docs/rollups.md, "What a change costs", and the dollars of `weir cost` without a sample.

use weir_model::{Entity, Model, Rollup};
use weir_rollups::cost::{ChangeKind, CostEstimate, MeanUnits, Mix};

use crate::prices::Prices;

/// Returns the cost of a change of an item for one rollup.
pub(super) fn of_rollup(rollup: &Rollup) -> String {
    let buckets = match rollup.granularities.len() {
        1 => "in 1 bucket".to_owned(),
        count => format!("in {count} buckets"),
    };
    let many = rollup.dimensions.iter().find(|dimension| dimension.is_many());
    let many = many.map(|many| format!(", for each of {}", many.name())).unwrap_or_default();
    text(&[estimate(rollup)], &format!("{buckets}{many}"))
}

/// Returns the cost of a change of an item for all rollups of its entity; `None` without rollups.
pub(super) fn of_entity(model: &Model, entity: &Entity) -> Option<String> {
    let rollups: Vec<_> =
        model.rollups.iter().filter(|rollup| rollup.entity == entity.name).collect();
    let estimates: Vec<_> = rollups.iter().map(|rollup| estimate(rollup)).collect();
    let names: Vec<_> = rollups.iter().map(|rollup| rollup.name.as_str()).collect();
    (!rollups.is_empty()).then(|| text(&estimates, &format!("in {}", names.join(", "))))
}

fn estimate(rollup: &Rollup) -> CostEstimate {
    CostEstimate::from_definition(rollup, &Mix::default())
}

fn text(estimates: &[CostEstimate], place: &str) -> String {
    let units = |kind| {
        let units: MeanUnits = estimates.iter().map(|known| known.of_kind(kind)).sum();
        units.units_of(1)
    };
    let [insert, delete, change] =
        [ChangeKind::Insert, ChangeKind::Delete, ChangeKind::Update].map(units);
    let noun = if insert == 1 { "write unit" } else { "write units" };
    let mixed = estimates.iter().map(CostEstimate::mixed).sum();
    let dollars = Prices::ON_DEMAND.per_million(mixed);
    format!(
        "up to {insert} {noun} for an insert, {delete} for a delete, {change} for a changed \
         measured value, {place}; {dollars} per million changes, of items below 1 KB"
    )
}
