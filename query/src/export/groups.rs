//! The groups of an export, as a scan of the keys of rollup items finds them.
//!
//! **Invariant:** a group has one form, whatever stripe or bucket it was found by, and takes little
//! more memory than its key.

use weir_model::Rollup;
use weir_rollups::{ExportPlan, RollupKey, colocated, key};
use weir_table::{RollupKeysPage, ScanPosition};

/// A group, as the key of its first partition in the table of rollups. The order of groups is that
/// of the texts of their dimensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExportGroup(Box<str>);

/// The groups of a page of a segment.
#[derive(Clone, Debug)]
pub struct GroupsPage {
    /// The groups; one may be in several pages and segments.
    pub groups: Vec<ExportGroup>,
    /// The number of items that DynamoDB read for them.
    pub items_read: u64,
    /// Where the next page begins; `None` at the end of the segment.
    pub next: Option<ScanPosition>,
}

impl ExportGroup {
    /// Returns the group of these texts; `None` if no item can have its key.
    pub(super) fn new(rollup: &Rollup, texts: &[String]) -> Option<Self> {
        let partition = key::partition(rollup, 0, texts.iter().map(String::as_str))?;
        Some(Self(partition.into_boxed_str()))
    }

    /// Returns the texts of its dimensions, in the rollup's order.
    pub(super) fn texts(&self, rollup: &Rollup) -> Vec<String> {
        key::group(rollup, &self.0).expect("it was made of the texts of a group")
    }
}

impl GroupsPage {
    /// Returns the groups of the plan that have these keys.
    pub(super) fn new(rollup: &Rollup, plan: &ExportPlan, page: RollupKeysPage) -> Self {
        let mut groups: Vec<ExportGroup> = Vec::new();
        let mut last: Option<&str> = None;
        for key in &page.keys {
            // The buckets of a partition follow one another. Beside items, it has several groups.
            if !key.is_colocated && last.replace(&key.partition) == Some(&key.partition) {
                continue;
            }
            let texts = texts(rollup, key).filter(|texts| plan.has_group(texts));
            let group = texts.and_then(|texts| ExportGroup::new(rollup, &texts));
            if let Some(group) = group.filter(|group| groups.last() != Some(group)) {
                groups.push(group);
            }
        }
        Self { groups, items_read: page.items_read, next: page.next }
    }
}

/// Returns the texts of the group of a rollup item; `None` for the item of another rollup.
fn texts(rollup: &Rollup, key: &RollupKey) -> Option<Vec<String>> {
    match &rollup.colocated {
        Some(colocated) => colocated::group(colocated, &key.partition, &key.sort),
        None => key::group(rollup, &key.partition),
    }
}
