//! The keys of rollup items that are stored in the table of items, beside the items that they
//! count.
//!
//! ```text
//! [rollups.stats]                       PK = USER#ann   SK = PROFILE             an item
//! by = ["user_id"]                      PK = USER#ann   SK = ORDER#2026-11-20#7  another
//! buckets = ["month"]                   PK = USER#ann   SK = STATS#2026-10       a rollup item
//! key = { PK = "USER#{user_id}",        PK = USER#ann   SK = STATS#2026-11       the next bucket
//!         SK = "STATS#{created_at:month}" }
//! ```
//!
//! `#` and `%` in the texts of a group are escaped, also in tables whose entities do not escape
//! them.
//!
//! **Invariant:** two groups have no key in common, and within a group the sort keys are in the
//! order of their buckets.

use jiff::Timestamp;

use super::Granularity;
use crate::overlap::Claim;
use crate::table::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES};
use crate::template::{Cut, Format, Segment, Template, escape, unescape};

/// The value, in a rollup item, of the attribute that names an item's entity. No entity has this
/// name.
pub const ROLLUP_MARK: &str = "@rollup";

/// The templates of a rollup's keys in the table of items, over its dimensions and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct ColocatedKey {
    /// The template of the partition key: text and dimensions.
    pub partition: Template,
    /// The template of the sort key: text and dimensions, then the time unless the bucket is `all`.
    pub sort: Template,
    /// The rollup's only bucket.
    pub granularity: Granularity,
    /// The names of the dimensions, in the order of a group's texts.
    dimensions: Vec<String>,
}

impl ColocatedKey {
    /// Returns the key of checked templates.
    pub(crate) fn new(
        [partition, sort]: [Template; 2],
        granularity: Granularity,
        dimensions: &[String],
    ) -> Self {
        Self { partition, sort, granularity, dimensions: dimensions.to_vec() }
    }

    /// Returns the partition key of a group, given the texts of its dimensions in the rollup's
    /// order.
    ///
    /// `None` if it would be empty, or longer than DynamoDB's 2048 bytes.
    pub fn partition_key<S: AsRef<str>>(&self, group: &[S]) -> Option<String> {
        let key = self.text(&self.partition, group, "");
        (1..=MAX_PARTITION_KEY_BYTES).contains(&key.len()).then_some(key)
    }

    /// Returns the sort key of a group's bucket. `start` is the instant at which the bucket begins,
    /// `None` for the bucket `all`.
    ///
    /// `None` if it would be empty, or longer than DynamoDB's 1024 bytes.
    pub fn sort_key<S: AsRef<str>>(&self, group: &[S], start: Option<Timestamp>) -> Option<String> {
        let time = match self.cut() {
            None => String::new(),
            Some(cut) => cut.text(start?),
        };
        let key = self.text(&self.sort, group, &time);
        (1..=MAX_SORT_KEY_BYTES).contains(&key.len()).then_some(key)
    }

    /// Returns the text with which the sort keys of a group begin, before the time.
    pub fn sort_prefix<S: AsRef<str>>(&self, group: &[S]) -> String {
        self.text(&self.sort, group, "")
    }

    /// Returns the instant at which the bucket with this sort key begins: `Some(None)` for the
    /// bucket `all`, `None` for the sort key of another item in the same range.
    pub fn start<S: AsRef<str>>(&self, group: &[S], sort_key: &str) -> Option<Option<Timestamp>> {
        let before = self.sort_prefix(group);
        let time = sort_key.strip_prefix(before.as_str())?;
        match self.cut() {
            None => time.is_empty().then_some(None),
            Some(cut) => cut.instant(time).map(Some),
        }
    }

    /// Returns the texts of the group that has these keys, in the rollup's order: the inverse of
    /// [`ColocatedKey::partition_key`] and [`ColocatedKey::sort_key`]. `None` for the keys of
    /// another item.
    pub fn group(&self, partition_key: &str, sort_key: &str) -> Option<Vec<String>> {
        let mut texts = vec![None; self.dimensions.len()];
        self.read(&self.partition, partition_key, &mut texts)?;
        self.read(&self.sort, sort_key, &mut texts)?;
        let texts: Vec<String> = texts.into_iter().collect::<Option<_>>()?;
        let is_own = self.partition_key(&texts).as_deref() == Some(partition_key)
            && self.start(&texts, sort_key).is_some();
        is_own.then_some(texts)
    }

    /// Reads the dimensions of a template from a key. A `#`, which no escaped value contains, is in
    /// the literal between two fields, so the first place of the literal ends the value before it.
    fn read(&self, template: &Template, key: &str, texts: &mut [Option<String>]) -> Option<()> {
        let mut rest = key;
        let mut segments = template.segments.iter().peekable();
        while let Some(segment) = segments.next() {
            let (attribute, format) = match segment {
                Segment::Literal(text) => {
                    rest = rest.strip_prefix(text.as_str())?;
                    continue;
                }
                Segment::Field { attribute, format, .. } => (attribute, format),
            };
            let end = match segments.peek() {
                Some(Segment::Literal(text)) if text.contains('#') => rest.find(text.as_str())?,
                Some(Segment::Literal(text)) => rest.strip_suffix(text.as_str())?.len(),
                Some(Segment::Field { .. }) | None => rest.len(),
            };
            let (value, behind) = rest.split_at(end);
            rest = behind;
            if !matches!(format, Format::Cut(_)) {
                let position = self.dimensions.iter().position(|known| known == attribute)?;
                texts[position] = Some(unescape(value)?);
            }
        }
        rest.is_empty().then_some(())
    }

    /// Returns the claim of the rollup on all keys of its items.
    pub(crate) fn claim(&self, rollup: &str) -> Claim {
        Claim::new(rollup, &self.templates())
    }

    /// Returns both templates, the partition key's first.
    pub fn templates(&self) -> [&Template; 2] {
        [&self.partition, &self.sort]
    }

    fn cut(&self) -> Option<Cut> {
        cut(self.granularity)
    }

    /// Renders a template for a group, with this text for the time.
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

/// Returns the cut of a time in a key for buckets of a granularity; `None` for `all`, and for those
/// to which no cut leads.
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
