//! A rollup's home: where its items are kept in the table of items, beside what they are about.
//!
//! ```text
//! [rollups.stats]                       PK = USER#ann   SK = PROFILE             an item
//! by = ["user_id"]                      PK = USER#ann   SK = ORDER#2026-11-20#7  another
//! buckets = ["month"]                   PK = USER#ann   SK = STATS#2026-10       a rollup item
//! key = { PK = "USER#{user_id}",        PK = USER#ann   SK = STATS#2026-11       the next bucket
//!         SK = "STATS#{created_at:month}" }
//! ```
//!
//! `#` and `%` in the texts of a group are escaped, also in tables whose entities have theirs as they are.
//!
//! **Invariant:** two groups have no key in common, and within a group the sort keys are in the order of their buckets.

use jiff::Timestamp;

use super::Granularity;
use crate::overlap::Claim;
use crate::table::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use crate::template::{Cut, Format, Segment, Template, escape};

/// What the attribute that says of which entity an item is holds in a rollup item: the name of no entity.
pub const ROLLUP_MARK: &str = "@rollup";

/// Templates of keys in the table of items, over a rollup's dimensions and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Home {
    /// What makes the partition key: text and dimensions.
    pub partition: Template,
    /// What makes the sort key: text and dimensions, then the time unless the bucket is that of all time.
    pub sort: Template,
    /// The rollup's only bucket.
    pub granularity: Granularity,
    /// The names of the dimensions, in the order of a group's texts.
    dimensions: Vec<String>,
}

impl Home {
    /// The home that these templates make, which are checked.
    pub(crate) fn new(
        [partition, sort]: [Template; 2],
        granularity: Granularity,
        dimensions: &[String],
    ) -> Self {
        Self { partition, sort, granularity, dimensions: dimensions.to_vec() }
    }

    /// The partition key of a group: the texts are those of its dimensions, in the rollup's order.
    ///
    /// `None` when it would be empty, or longer than DynamoDB's 2048 bytes.
    pub fn partition_key<S: AsRef<str>>(&self, group: &[S]) -> Option<String> {
        let key = self.text(&self.partition, group, "");
        (1..=MAX_PARTITION_KEY_BYTES).contains(&key.len()).then_some(key)
    }

    /// The sort key of a group's bucket, which begins at that instant; `None` for that of all time.
    ///
    /// `None` when it would be empty, or longer than DynamoDB's 1024 bytes.
    pub fn sort_key<S: AsRef<str>>(&self, group: &[S], start: Option<Timestamp>) -> Option<String> {
        let time = match self.cut() {
            None => String::new(),
            Some(cut) => cut.text(start?),
        };
        let key = self.text(&self.sort, group, &time);
        (1..=MAX_SORT_KEY_BYTES).contains(&key.len()).then_some(key)
    }

    /// Where the bucket of a group begins that has this sort key: `Some(None)` for the bucket of all time; `None` for a sort
    /// key that is no bucket's of the group, as another item has it in the same range.
    pub fn start<S: AsRef<str>>(&self, group: &[S], sort_key: &str) -> Option<Option<Timestamp>> {
        let before = self.text(&self.sort, group, "");
        let time = sort_key.strip_prefix(before.as_str())?;
        match self.cut() {
            None => time.is_empty().then_some(None),
            Some(cut) => cut.instant(time).map(Some),
        }
    }

    /// The claim of the rollup on all keys of its items.
    pub(crate) fn claim(&self, rollup: &str) -> Claim {
        Claim::new(rollup, &self.templates())
    }

    /// Both templates, the partition key's first.
    pub fn templates(&self) -> [&Template; 2] {
        [&self.partition, &self.sort]
    }

    fn cut(&self) -> Option<Cut> {
        cut(self.granularity)
    }

    /// The key that a template makes of a group, with this text for the time.
    fn text<S: AsRef<str>>(&self, template: &Template, group: &[S], time: &str) -> String {
        let mut key = String::new();
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) => key.push_str(text),
                Segment::Field { format: Format::Cut(_), .. } => key.push_str(time),
                Segment::Field { attribute, .. } => {
                    let position = self.dimensions.iter().position(|known| known == attribute);
                    let text = position.and_then(|position| group.get(position));
                    let text = text.expect("a template has fields for dimensions of its rollup");
                    key.push_str(&escape(text.as_ref()));
                }
            }
        }
        key
    }
}

/// What a time in a key is cut to for buckets of a granularity; `None` for all time, and for those that no cut makes.
pub(crate) fn cut(granularity: Granularity) -> Option<Cut> {
    match granularity {
        Granularity::Minute => Some(Cut::Minute),
        Granularity::Hour => Some(Cut::Hour),
        Granularity::Day => Some(Cut::Day),
        Granularity::Month => Some(Cut::Month),
        Granularity::Year => Some(Cut::Year),
        _ => None,
    }
}
