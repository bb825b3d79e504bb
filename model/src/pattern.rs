//! Access patterns: the ways in which an entity's items are read, each a partition of the table or of an index.
//!
//! ```text
//! [entities.order]                          the table         PK, SK             every partition can be listed
//! GSI1PK = "STATUS#{status}"                the index GSI1    GSI1PK, GSI1SK     so can those of each index it is in
//! [entities.order.patterns.paid]            a pattern         one of both, with an order and a filter of its own
//! ```

mod given;
mod partition;

pub use given::shortened_texts;
pub use partition::{Partition, SortKeys};

use serde_dynamo::Item;

use crate::condition::Predicate;
use crate::entity::{Entity, FieldError, KeyTemplate};
use crate::table::Index;
use crate::template::{Format, Segment, Template};

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

    /// The attributes that must be given, each once, in order: those of the partition key, and of
    /// the sort key those of `by`.
    pub fn given_attributes(&self) -> Vec<&str> {
        let mut names = self.partition.template.attributes();
        let others = self.by.iter().map(String::as_str);
        let others: Vec<_> = others.filter(|name| !names.contains(name)).collect();
        names.extend(others);
        names
    }

    /// The attributes of the sort key that what is given does not determine, each once, in order:
    /// the first is what ranges are about.
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

    /// The given attributes in which the items of a list agree. A time that is cut everywhere is not
    /// one of them: the items of a month differ in it. Values of a key that changes case may differ in
    /// case; a page of related items ends before the first item that leads elsewhere.
    pub fn common_attributes(&self) -> Vec<&str> {
        let mut names = self.given_attributes();
        let is_cut = |format: &Format| matches!(format, Format::Cut(_));
        names.retain(|name| !self.formats(name).iter().all(is_cut));
        names
    }

    /// The formats in which a given attribute makes the keys: in the partition key, and in the sort
    /// key where it is one of `by`.
    pub fn formats(&self, name: &str) -> Vec<Format> {
        let sort = self.sort.iter().filter(|_| self.by.iter().any(|by| by == name));
        let keys = std::iter::once(&self.partition).chain(sort);
        keys.flat_map(|key| key.template.formats(name)).collect()
    }

    /// Whether what is given determines what a format writes of an attribute.
    pub fn determines(&self, entity: &Entity, name: &str, format: Format) -> bool {
        if self.by.iter().any(|by| by == name) {
            return true;
        }
        let Some(attribute) = entity.attribute(name) else { return false };
        let mut given = self.partition.template.formats(name);
        given.any(|given| given.determines(format, attribute))
    }

    /// Whether a stored attribute is one of the keys that are read. DynamoDB takes no filter on those.
    pub fn reads_by(&self, field: &str) -> bool {
        std::iter::once(&self.partition).chain(&self.sort).any(|key| key.key == field)
    }

    /// The partition key that the given attributes of an item make.
    ///
    /// # Errors
    /// The attribute that is missing or does not fit.
    pub fn partition_key(&self, entity: &Entity, item: &Item) -> Result<String, FieldError> {
        entity.render(&self.partition, item)
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
