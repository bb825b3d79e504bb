//! Patterns of an entity: those of the table and of an index, and their keys.

use serde_dynamo::Item;

use super::Pattern;
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::key_template::KeyTemplate;
use crate::table::Index;
use crate::template::{Format, Segment};

impl Pattern {
    /// Returns the listing of a partition of the table.
    pub fn of_table(entity: &Entity) -> Self {
        let own = &entity.keys[..entity.primary];
        Self::over(&entity.name, None, own[0].clone(), own.get(1).cloned())
    }

    /// Returns the listing of a partition of an index; `None` for an entity that is not in it.
    pub fn of_index(entity: &Entity, index: &Index) -> Option<Self> {
        let of = |name: &String| entity.keys.iter().find(|key| key.key == *name).cloned();
        let partition = of(&index.partition_key)?;
        let sort = match &index.sort_key {
            Some(name) => Some(of(name)?),
            None => None,
        };
        Some(Self::over(&index.name, Some(&index.name), partition, sort))
    }

    fn over(
        name: &str,
        index: Option<&String>,
        partition: KeyTemplate,
        sort: Option<KeyTemplate>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            index: index.cloned(),
            partition,
            sort,
            by: Vec::new(),
            descending: false,
            filter: Predicate::always(),
        }
    }

    /// Returns the attributes of the sort key that what is given does not determine, each once, in
    /// order: the first is what ranges are about.
    pub fn open_attributes(&self, entity: &Entity) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for segment in self.sort.iter().flat_map(|key| &key.template.segments) {
            let Segment::Field { attribute, format, .. } = segment else { continue };
            if !self.determines(entity, attribute, *format) && !names.contains(&&**attribute) {
                names.push(attribute);
            }
        }
        names
    }

    /// Returns whether what is given determines what a format writes of an attribute.
    pub fn determines(&self, entity: &Entity, name: &str, format: Format) -> bool {
        if self.by.iter().any(|by| by == name) {
            return true;
        }
        let Some(attribute) = entity.attribute(name) else { return false };
        let mut given = self.partition.template.formats(name);
        given.any(|given| given.determines(format, attribute))
    }

    /// Returns the partition key that the given attributes of an item make.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn partition_key(&self, entity: &Entity, item: &Item) -> Result<String, FieldError> {
        entity.render(&self.partition, item)
    }
}
