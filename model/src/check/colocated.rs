//! Checks the rollups whose items are stored in the table of items: that their `key` can hold them,
//! and that no other item can have such a key.
//!
//! ```text
//! each rollup with `key` ──key::Checker──► ColocatedKey ──Neighbours──► Exclusion of each entity
//! ```
//!
//! The check changes nothing: it returns a [`Colocation`], which [`super::check`] applies.

mod key;
mod neighbours;

use serde_dynamo::AttributeValue;

use self::key::Checker;
use self::neighbours::Neighbours;
use super::report::Report;
use crate::entity::Entity;
use crate::file::FileDefinition;
use crate::overlap::Claim;
use crate::rollup::{ColocatedKey, ROLLUP_MARK, Rollup};
use crate::table::TableDefinition;

/// The result of the check.
pub(super) struct Colocation {
    /// The key of each rollup, in the order of the rollups; `None` for a rollup that is stored in
    /// the table of rollups.
    pub(super) keys: Vec<Option<ColocatedKey>>,
    /// The exclusion of each entity, in the order of the entities.
    pub(super) exclusions: Vec<Exclusion>,
}

/// The rollup items that an entity must not take for its own items.
#[derive(Default)]
pub(super) struct Exclusion {
    /// Keys that the entity's templates could make, but that belong to rollup items.
    pub(super) claims: Vec<Claim>,
    /// The attribute and the value by which the entity recognises a rollup item, where its own
    /// discriminator does not distinguish them.
    pub(super) mark: Option<(String, AttributeValue)>,
}

/// Checks all rollups that have a `key`.
pub(super) fn check(
    file: &FileDefinition,
    table: &TableDefinition,
    entities: &[Entity],
    rollups: &[Rollup],
    report: &mut Report<'_>,
) -> Colocation {
    let mut exclusions: Vec<_> = entities.iter().map(|_| Exclusion::default()).collect();
    let mut neighbours = Neighbours::new(entities);
    let mut keys = Vec::new();
    for rollup in rollups {
        let key = file.rollups.get(&rollup.name).filter(|file| file.key.is_some());
        let key = key.and_then(|file| Checker { file, rollup, table, report }.colocated_key());
        if let Some(key) = &key {
            for entity in neighbours.check(rollup, key, table, report) {
                exclusions[entity].claims.push(key.claim(&rollup.name));
            }
            neighbours.add_rollup(rollup, key);
        }
        keys.push(key);
    }
    if keys.iter().any(Option::is_some) {
        for (entity, exclusion) in entities.iter().zip(&mut exclusions) {
            exclusion.mark = mark(entity, &table.entity_attribute);
        }
    }
    Colocation { keys, exclusions }
}

/// Returns the mark of rollup items for an entity that is recognised by attributes of its own,
/// which a rollup item may have too.
fn mark(entity: &Entity, entity_attribute: &str) -> Option<(String, AttributeValue)> {
    let is_distinct = entity.discriminator.iter().any(|(name, _)| name == entity_attribute);
    let mark = || (entity_attribute.to_owned(), AttributeValue::S(ROLLUP_MARK.to_owned()));
    (!is_distinct).then(mark)
}
