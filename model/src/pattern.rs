//! Access patterns: the ways in which an entity's items are read, each a partition of the table or
//! of an index.
//!
//! ```text
//! [entities.order]                  the table       PK, SK            lists every partition
//! GSI1PK = "STATUS#{status}"        the index GSI1  GSI1PK, GSI1SK    lists those of each index
//! [entities.order.patterns.paid]    a pattern       one of the two    its own order and filter
//! ```

mod given;
mod listing;
mod partition;
mod range;

pub use given::shortened_texts;
pub use range::{Partition, SortKeys};

use crate::condition::Predicate;
use crate::key_template::KeyTemplate;
use crate::template::{Format, Segment, Template};

/// A way in which items of an entity are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    /// Its name: that of the index unless the file has one.
    pub name: String,
    /// The index that is read; the table if absent.
    pub index: Option<String>,
    /// The template of the partition key.
    pub partition: KeyTemplate,
    /// The template of the sort key.
    pub sort: Option<KeyTemplate>,
    /// The first attributes of the sort key: those that are given with the partition.
    pub by: Vec<String>,
    /// Whether the greatest sort key comes first unless asked otherwise.
    pub descending: bool,
    /// The condition on its items.
    pub filter: Predicate,
}

impl Pattern {
    /// Returns the attributes that must be given, each once, in order: those of the partition key,
    /// and of the sort key those of `by`.
    pub fn given_attributes(&self) -> Vec<&str> {
        let mut names = self.partition.template.attributes();
        let others = self.by.iter().map(String::as_str);
        let others: Vec<_> = others.filter(|name| !names.contains(name)).collect();
        names.extend(others);
        names
    }

    /// Returns the given attributes in which the items of a list agree. A time that is cut
    /// everywhere is not one of them: the items of a month differ in it. Values of a key that
    /// changes case may differ in case; a page of related items ends before the first item that
    /// leads elsewhere.
    pub fn common_attributes(&self) -> Vec<&str> {
        let mut names = self.given_attributes();
        let is_cut = |format: &Format| matches!(format, Format::Cut(_));
        names.retain(|name| !self.formats(name).iter().all(is_cut));
        names
    }

    /// Returns the formats in which a given attribute makes the keys: in the partition key, and in
    /// the sort key where it is one of `by`.
    pub fn formats(&self, name: &str) -> Vec<Format> {
        let sort = self.sort.iter().filter(|_| self.by.iter().any(|by| by == name));
        let keys = std::iter::once(&self.partition).chain(sort);
        keys.flat_map(|key| key.template.formats(name)).collect()
    }

    /// Returns whether a stored attribute is one of the keys that are read. DynamoDB takes no
    /// filter on those.
    pub fn reads_by(&self, field: &str) -> bool {
        std::iter::once(&self.partition).chain(&self.sort).any(|key| key.key == field)
    }
}

impl Template {
    /// Returns the text after the segment at that position, up to the next attribute; and whether
    /// that is the end.
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
