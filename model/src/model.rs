//! The checked definition file, which every other crate works with.

use std::sync::Arc;

use serde_dynamo::{AttributeValue, Item};

use crate::entity::Entity;
use crate::file::DevFile;
use crate::rollup::{ROLLUP_MARK, Rollup};
use crate::table::{self, TableDefinition};

/// A checked definition file: one table, its entities, and its rollups, in the file's order.
#[derive(Clone, Debug)]
pub struct Model {
    /// The table and its indexes.
    pub table: TableDefinition,
    /// The kinds of items that the table holds.
    pub entities: Vec<Entity>,
    /// The rollups kept about them.
    pub rollups: Vec<Rollup>,
    /// The settings of `weir dev` in this file.
    pub dev: DevFile,
    /// The text of the file.
    pub source: Arc<str>,
}

impl Model {
    /// Returns the same model over a table of another name. `rollups_table` names the rollups'
    /// table, `<name>-rollups` if absent.
    #[must_use]
    pub fn with_table(mut self, name: &str, rollups_table: Option<&str>) -> Self {
        self.table.name = name.to_owned();
        self.table.rollups_table =
            rollups_table.map_or_else(|| table::default_rollups_table(name), str::to_owned);
        self
    }

    /// Returns the entity of that name.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// Returns the entities of a collection, in the file's order.
    pub fn collection(&self, name: &str) -> Vec<&Entity> {
        let is_in = |entity: &&Entity| entity.collections.iter().any(|known| known == name);
        self.entities.iter().filter(is_in).collect()
    }

    /// Returns the names of the collections, each once.
    pub fn collections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.entities.iter().flat_map(|entity| &entity.collections) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// Returns the rollup of that name.
    pub fn rollup(&self, name: &str) -> Option<&Rollup> {
        self.rollups.iter().find(|rollup| rollup.name == name)
    }

    /// Returns whether the rollups' table needs the index that orders its items.
    pub fn needs_ranks(&self) -> bool {
        self.rollups.iter().any(Rollup::needs_ranks)
    }

    /// Returns whether the items of some rollup are stored in the table of items.
    pub fn has_colocated_rollups(&self) -> bool {
        self.rollups.iter().any(Rollup::is_colocated)
    }

    /// Returns whether an item of the table is a rollup item, and so not an entity's.
    pub fn is_rollup_item(&self, item: &Item) -> bool {
        let mark = item.get(&self.table.entity_attribute);
        matches!(mark, Some(AttributeValue::S(text)) if text == ROLLUP_MARK)
    }

    /// Returns the entity of a stored item, by the entities' discriminators.
    pub fn entity_of(&self, item: &Item) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.matches(item))
    }
}
