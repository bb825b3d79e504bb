//! The cost of a changed item for its rollups, as `weir check` prints it: the units of
//! docs/rollups.md, "What a change costs".

use weir_model::{Entity, Model, Rollup};
use weir_rollups::Cost;

/// Returns the cost of a change of an item for one rollup.
pub(super) fn of_rollup(rollup: &Rollup) -> String {
    let buckets = match rollup.granularities.len() {
        1 => "in 1 bucket".to_owned(),
        count => format!("in {count} buckets"),
    };
    let many = rollup.dimensions.iter().find(|dimension| dimension.is_many());
    let many = many.map(|many| format!(", for each of {}", many.name())).unwrap_or_default();
    format!("{}, {buckets}{many}", text(Cost::for_rollup(rollup)))
}

/// Returns the cost of a change of an item for all rollups of its entity; `None` without rollups.
pub(super) fn of_entity(model: &Model, entity: &Entity) -> Option<String> {
    let rollups: Vec<_> =
        model.rollups.iter().filter(|rollup| rollup.entity == entity.name).collect();
    let all =
        rollups.iter().map(|rollup| Cost::for_rollup(rollup)).reduce(|sum, cost| sum + cost)?;
    let names: Vec<_> = rollups.iter().map(|rollup| rollup.name.as_str()).collect();
    Some(format!("{}, in {}", text(all), names.join(", ")))
}

fn text(cost: Cost) -> String {
    let (insert, delete, change) = (cost.insert(), cost.delete(), cost.change());
    let units = if insert == 1 { "write unit" } else { "write units" };
    format!(
        "up to {insert} {units} for an insert, {delete} for a delete, {change} for a changed \
         measured value"
    )
}
