//! Replacements as updates: an item whose versions are counted is replaced by an update, for only
//! an update can count on from what is stored, even if other clients write meanwhile.
//!
//! **Invariant:** what the definition knows is afterwards as given or absent. What it does not know
//! stays.

use serde_dynamo::Item;

use super::operation::{Assignment, Operation};
use super::plan::UpdatePlan;
use crate::attribute::Attribute;
use crate::attribute::ManagedBy;
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::path::Path;

impl Entity {
    /// Returns the attribute that counts the writes of an item.
    pub fn version(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.kept == Some(ManagedBy::Version))
    }

    /// Returns the version of a stored item, as it is written; `None` where something else than a
    /// number is stored.
    pub fn version_of<'a>(&self, item: &'a Item) -> Option<&'a str> {
        match self.version()?.value_in(item)? {
            serde_dynamo::AttributeValue::N(text) => Some(text),
            _ => None,
        }
    }

    /// Returns whether a write of such an item depends on the stored item, so that no batch, which
    /// takes no conditions, may write it.
    pub fn is_written_alone(&self) -> bool {
        self.version().is_some() || !self.unique.is_empty() || self.has_lossy_key()
    }

    /// Plans that an encoded item takes the place of the one that is there, or is created.
    pub fn plan_replacement(&self, item: &Item) -> UpdatePlan {
        let primary: Vec<&str> =
            self.keys[..self.primary].iter().map(|key| key.key.as_str()).collect();
        let version = self.version().map(|attribute| attribute.field.as_str());
        let mut given: Vec<_> = item
            .iter()
            .filter(|(name, _)| !primary.contains(&name.as_str()))
            .filter(|(name, _)| version != Some(name.as_str()))
            .collect();
        given.sort_by_key(|(name, _)| *name);
        let given = given
            .into_iter()
            .map(|(name, value)| self.assigned(name, Operation::Value(value.clone())));
        let declared = self.attributes.iter().map(|attribute| attribute.field.as_str());
        let indexed = self.index_templates().map(|key| key.key.as_str());
        let absent = declared
            .chain(indexed)
            .filter(|name| version != Some(*name) && item.get(*name).is_none())
            .map(|name| self.assigned(name, Operation::Nothing));
        let counted = version.map(|name| self.assigned(name, Operation::NextVersion));
        UpdatePlan {
            assignments: given.chain(absent).chain(counted).collect(),
            condition: Predicate::always(),
            bounds: Vec::new(),
            created_parents: Vec::new(),
        }
    }

    fn assigned(&self, field: &str, operation: Operation) -> Assignment {
        let known = self.attributes.iter().find(|attribute| attribute.field == field);
        Assignment {
            path: known.map_or_else(|| Path::stored(field), Path::from_attribute),
            operation,
        }
    }
}
