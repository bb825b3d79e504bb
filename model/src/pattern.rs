//! Access patterns: the ways in which an entity's items are read, each a partition of the table or of an index.
//!
//! ```text
//! [entities.order]                          the table         PK, SK             every partition can be listed
//! GSI1PK = "STATUS#{status}"                the index GSI1    GSI1PK, GSI1SK     so can those of each index it is in
//! [entities.order.patterns.paid]            a pattern         one of both, with an order and a filter of its own
//! ```

mod partition;

pub use partition::{Partition, SortKeys};

use crate::condition::Predicate;
use crate::entity::{Entity, FieldError, KeyTemplate};
use crate::table::Index;
use crate::template::{Segment, Template};

/// A way in which items of an entity are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Its name: that of the index unless the file has one.
    pub name: String,
    /// The index that is read; the table if absent.
    pub index: Option<String>,
    /// What makes the partition key.
    pub partition: KeyTemplate,
    /// What makes the sort key.
    pub sort: Option<KeyTemplate>,
    /// The first attributes of the sort key: those that are given with the partition.
    pub by: Vec<String>,
    /// Whether the greatest sort key comes first unless asked otherwise.
    pub descending: bool,
    /// What holds of its items.
    pub filter: Predicate,
}

impl Pattern {
    /// The listing of a partition of the table.
    pub fn of_table(entity: &Entity) -> Self {
        let own = &entity.keys[..entity.primary];
        Self::over(&entity.name, None, own[0].clone(), own.get(1).cloned())
    }

    /// The listing of a partition of an index; `None` for an entity that is not in it.
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

    /// The attributes that must be given, in order: those of the partition key, and of the sort key those of `by`.
    pub fn given_attributes(&self) -> Vec<&str> {
        let mut names = self.partition.template.attributes();
        names.extend(self.by.iter().map(String::as_str));
        names
    }

    /// The attributes of the sort key that are not given, in order: the first is what ranges are about.
    pub fn open_attributes(&self) -> Vec<&str> {
        let given = self.given_attributes();
        let sort = self.sort.iter().flat_map(|key| key.template.attributes());
        sort.filter(|name| !given.contains(name)).collect()
    }

    /// Whether a stored attribute is one of the keys that are read. DynamoDB takes no filter on those.
    pub fn reads_by(&self, field: &str) -> bool {
        std::iter::once(&self.partition).chain(&self.sort).any(|key| key.key == field)
    }

    /// The partition key's value that the given texts make, one for each attribute in it.
    ///
    /// # Errors
    /// Every text that is no value of its attribute, and every attribute that is missing.
    pub fn partition_from_text(
        &self,
        entity: &Entity,
        texts: &[(&str, &str)],
    ) -> Result<String, Vec<FieldError>> {
        let item = entity.item_from_text(texts)?;
        entity.render(&self.partition, &item).map_err(|error| vec![error])
    }
}

impl Template {
    /// What stands behind the segment at that position, up to the next attribute; and whether that is the end.
    pub fn literal_behind(&self, position: usize) -> (String, bool) {
        let behind = &self.segments[position + 1..];
        let texts = behind.iter().map_while(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Field { .. } => None,
        });
        let is_end = !behind.iter().any(|segment| matches!(segment, Segment::Field { .. }));
        (texts.collect(), is_end)
    }
}
