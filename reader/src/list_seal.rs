//! The seal of the cursors of lists, of their own and of those that are included in items.

use weir_http::{Cursors, Seal};
use weir_model::{Entity, Pattern};

/// Returns the seal of a list's cursors: of a partition, in one order, under these parameters.
pub(crate) fn list_seal(
    cursors: &Cursors,
    entity: &Entity,
    pattern: &Pattern,
    (partition, descending): (&str, bool),
    bound: &[(String, String)],
) -> Seal {
    let index = pattern.index.as_deref().unwrap_or_default();
    let order = if descending { "desc" } else { "asc" };
    cursors.for_list(&["list", &entity.name, &pattern.name, index, partition, order], bound)
}
