//! What the definition file says: the items a table holds, their keys, and the rollups kept about them.
//!
//! ```text
//! weir.toml ──file──► FileDefinition ──check──► Model
//!                        (its shape)             (what every other crate asks)
//! ```
//!
//! A [`Model`] is a checked value: whoever holds one may rely on every name in it resolving, every key template
//! rendering, and every measure reading a number. The crate is pure: it names no SDK, clock, randomness or
//! environment; [`Fresh`] carries the time and the random bytes that defaults need.
//!
//! **Invariant:** an item encoded by an [`Entity`] decodes to what was given, digit by digit.

pub mod attribute;
pub mod check;
pub mod condition;
mod encoding;
pub mod entity;
pub mod error;
pub mod errors;
pub mod file;
pub mod filter;
pub mod foreign;
pub mod instant;
mod invalid;
pub mod json;
pub mod limits;
mod nearest;
pub mod number;
mod object;
pub mod overlap;
pub mod path;
pub mod pattern;
pub mod relation;
pub mod rollup;
pub mod schema;
pub mod shorten;
pub mod spans;
pub mod surface;
pub mod table;
pub mod template;
mod typed;
pub mod unique;
pub mod update;
pub mod value;

use std::str::FromStr;

pub use attribute::{Attribute, AttributeType, Members};
pub use condition::Predicate;
pub use entity::{Entity, FieldError, Fresh, ItemKey, PrimaryKey};
pub use error::{DefinitionError, Problem};
pub use filter::Filter;
pub use invalid::Invalid;
pub use nearest::{nearest, suggestion};
pub use number::Number;
pub use path::Path;
pub use pattern::{Partition, Pattern, SortKeys};
pub use relation::{Include, Relation};
pub use rollup::{Granularity, Home, Measure, ROLLUP_MARK, Rollup};
pub use serde_dynamo::{AttributeValue, Item};
pub use table::{Index, TableDefinition};
pub use template::Template;
pub use typed::{ItemType, TypeError};
pub use unique::Unique;
pub use update::{Update, UpdatePlan, Verb};

/// A checked definition file: one table, its entities, and its rollups, in the file's order.
#[derive(Clone, Debug)]
pub struct Model {
    /// The table and its indexes.
    pub table: TableDefinition,
    /// The kinds of items that the table holds.
    pub entities: Vec<Entity>,
    /// The rollups kept about them.
    pub rollups: Vec<Rollup>,
    /// What `weir dev` does with this file, when the file says so.
    pub dev: file::DevFile,
}

impl Model {
    /// Reads a definition file. `name` is the file's name, as error messages show it.
    ///
    /// # Errors
    /// Every problem that the file has, each with its place in `text`.
    pub fn parse(name: &str, text: &str) -> Result<Self, DefinitionError> {
        check::check(name, text)
    }

    /// The same model over a table of another name; `rollups_table` names the rollups' table, `<name>-rollups` if absent.
    #[must_use]
    pub fn with_table(mut self, name: &str, rollups_table: Option<&str>) -> Self {
        self.table.name = name.to_owned();
        self.table.rollups_table =
            rollups_table.map_or_else(|| table::default_rollups_table(name), str::to_owned);
        self
    }

    /// The entity of that name.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// The entities of a collection, in the file's order.
    pub fn collection(&self, name: &str) -> Vec<&Entity> {
        let is_in = |entity: &&Entity| entity.collections.iter().any(|known| known == name);
        self.entities.iter().filter(is_in).collect()
    }

    /// The names of the collections, each once.
    pub fn collections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.entities.iter().flat_map(|entity| &entity.collections) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The rollup of that name.
    pub fn rollup(&self, name: &str) -> Option<&Rollup> {
        self.rollups.iter().find(|rollup| rollup.name == name)
    }

    /// Whether the rollups' table needs the index that orders its items.
    pub fn needs_ranks(&self) -> bool {
        self.rollups.iter().any(Rollup::needs_ranks)
    }

    /// Whether some rollup's items are kept in the table of items.
    pub fn has_homes(&self) -> bool {
        self.rollups.iter().any(|rollup| rollup.home.is_some())
    }

    /// Whether an item of the table is a rollup's, and so none of an entity.
    pub fn is_rollup_item(&self, item: &Item) -> bool {
        let mark = item.get(&self.table.entity_attribute);
        matches!(mark, Some(AttributeValue::S(text)) if text == rollup::ROLLUP_MARK)
    }

    /// The entity that a stored item is one of, by its discriminator.
    pub fn entity_of(&self, item: &Item) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.matches(item))
    }
}

impl FromStr for Model {
    type Err = DefinitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse("weir.toml", text)
    }
}
