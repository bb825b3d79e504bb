//! A plan as a value: what it says, without where it was read or how it is printed.
//!
//! `Serialize` is the JSON of `weir plan --json`; docs/changing-definitions.md has its fields.
//!
//! **Invariant:** the names of fields and of the variants are stable: other programs read them.

use serde::Serialize;

/// The difference between a definition and the state of the rollups of its table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The table of items.
    pub table: String,
    /// The table of rollups.
    pub rollups_table: String,
    /// Whether the table counts what the definition says: there is nothing to build, to continue,
    /// to give up, to retire or to reject.
    #[serde(rename = "empty")]
    pub is_empty: bool,
    /// The changes that the plan rejects.
    pub rejections: Vec<Rejection>,
    /// The rollups of the definition in its order, then those that it lacks.
    pub rollups: Vec<RollupPlan>,
    /// The changes of entities and of the table.
    pub items: Vec<ItemChange>,
    /// The revisions whose items the next build deletes, such as `sales@1`.
    pub purge: Vec<String>,
    /// The preconditions of the builds.
    pub preconditions: Vec<Precondition>,
    /// The cost of the builds; `None` if there is nothing to build.
    pub cost: Option<Cost>,
}

/// A change that is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The kind.
    pub kind: RejectionKind,
    /// The part of the definition, the revision or the table that it is about.
    pub subject: String,
    /// The reason.
    pub reason: String,
    /// The way out.
    pub way_out: String,
}

/// The kind of a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectionKind {
    /// Stored items would be lost to Weir, or counted twice.
    Items,
    /// A rollup beside the items would get a second revision.
    Colocated,
    /// The table of rollups lacks the index of ranks.
    RankIndex,
    /// The table of rollups deletes no items by their time to live.
    TimeToLive,
    /// The stored definition of a revision cannot be used.
    StoredDefinition,
    /// The table of items or of rollups is not the one that the definition describes.
    OtherTable,
}

/// The plan of one rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RollupPlan {
    /// Its name.
    pub rollup: String,
    /// The kind of the change.
    pub change: RollupChange,
    /// The reason for the kind.
    pub reason: String,
    /// The revision that the definition is compared with: the one that is served, else the newest.
    pub revision: Option<u32>,
    /// The state of that revision.
    pub state: Option<&'static str>,
    /// The differences from the definition of that revision.
    pub differences: Vec<RollupDifference>,
    /// The build that it needs.
    pub build: Option<RollupBuild>,
    /// The builds that are under way and are given up.
    pub given_up: Vec<GivenUp>,
    /// The revisions that are retired because the definition lacks the rollup.
    pub retired: Vec<u32>,
    /// The time, RFC 3339, after which changes may be missing from that revision.
    pub incomplete_since: Option<String>,
}

/// The kind of a rollup's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollupChange {
    /// No revision of it counts anything.
    New,
    /// It began over items that it does not count.
    Unbuilt,
    /// A build of it is under way and is continued.
    UnderWay,
    /// Its definition differs from the stored one.
    Changed,
    /// Its stored numbers are those of the definition, which does not differ.
    Unchanged,
    /// The definition lacks it.
    Gone,
}

/// A difference between the definition of a rollup and the stored one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RollupDifference {
    /// The field of the rollup, or `match` and `attributes` of its entity.
    pub field: &'static str,
    /// The part of the field, such as the name of a measure.
    pub part: Option<String>,
    /// The text before; empty if there was none.
    pub from: String,
    /// The text after; empty if there is none.
    pub to: String,
    /// The class: `none`, `new accumulators` or `new revision`.
    pub class: &'static str,
    /// The reason for the class.
    pub reason: &'static str,
    /// The difference as a line.
    #[serde(skip)]
    pub line: String,
}

/// The build of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RollupBuild {
    /// Whether it begins or is continued.
    pub kind: BuildKind,
    /// The number of the revision.
    pub revision: u32,
    /// The cut of a build that is continued, RFC 3339.
    pub cut: Option<String>,
    /// The progress of a build that is continued.
    pub progress: Option<String>,
}

/// Whether a build begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildKind {
    /// It begins.
    Begin,
    /// It is continued with its cut.
    Continue,
}

/// A build that is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GivenUp {
    /// The number of its revision.
    pub revision: u32,
    /// The reason.
    pub reason: String,
}

/// A change of an entity or of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemChange {
    /// The entity, or `table`.
    pub subject: String,
    /// The key, attribute or index.
    pub part: Option<String>,
    /// The kind of the change.
    pub change: &'static str,
    /// The text before; empty if there was none.
    pub from: String,
    /// The text after; empty if there is none.
    pub to: String,
    /// The severity: `safe`, `note` or `rejected`.
    pub severity: &'static str,
    /// The effect on stored items.
    pub effect: &'static str,
    /// The way to avoid the effect; empty if there is nothing to avoid.
    pub way_out: &'static str,
    /// The change as a line.
    #[serde(skip)]
    pub line: String,
}

/// A precondition of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Precondition {
    /// Its name.
    pub name: &'static str,
    /// Whether it is met.
    pub status: Status,
    /// Whether every build needs it.
    #[serde(rename = "needed")]
    pub is_needed: bool,
    /// The fact that the status follows from.
    pub detail: String,
    /// The way to meet it, or to find out; `None` if it is met.
    pub way_out: Option<String>,
}

/// Whether a precondition is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is met.
    Ok,
    /// It is not met.
    Failed,
    /// DynamoDB does not say.
    Unknown,
}

/// The cost of all builds of a plan. Everything but the prices is an estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// The items of the table.
    pub items: u64,
    /// The source of that number: `table` (DynamoDB counts every six hours) or `sample`.
    pub items_from: &'static str,
    /// The size of the table as DynamoDB states it, in bytes.
    pub table_bytes: u64,
    /// The items of the sample; 0 without one.
    pub sampled_items: u64,
    /// The mean size of a sampled item, in bytes.
    pub item_bytes: Option<f64>,
    /// The reason why there is no sample.
    pub no_sample: Option<String>,
    /// The scans: one for all builds that begin, and one for each cut of those that are continued.
    pub scans: u32,
    /// The read units of all scans.
    pub read_units: u64,
    /// The write units of the bases; `None` without a sample.
    pub write_units: Option<u64>,
    /// The write units if no two items add to the same rollup item.
    pub most_write_units: u64,
    /// The dollars for them.
    pub dollars: Dollars,
    /// The rate of the scans.
    pub read_units_per_second: u32,
    /// The seconds of the scans at this rate.
    pub scan_seconds: u64,
    /// The seconds of the margins before and after the scans.
    pub margin_seconds: u64,
    /// Each rollup that is built.
    pub rollups: Vec<RollupCost>,
}

/// Dollars at on-demand prices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Dollars {
    /// For the scans.
    pub read: f64,
    /// For the bases; `None` without a sample.
    pub write: Option<f64>,
    /// For the bases if no two items add to the same rollup item.
    pub most_write: f64,
    /// The price of a million read units.
    pub per_million_read_units: f64,
    /// The price of a million write units.
    pub per_million_write_units: f64,
    /// The region of the prices.
    pub region: &'static str,
}

/// The cost of the base of one rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RollupCost {
    /// The rollup.
    pub rollup: String,
    /// The rollup items and detail items; `None` without a sample.
    pub rollup_items: Option<u64>,
    /// The write units; `None` without a sample.
    pub write_units: Option<u64>,
    /// The write units if no two items add to the same rollup item.
    pub most_write_units: u64,
    /// The sampled items that it counts.
    pub counted: u64,
    /// The sampled items that it cannot count.
    pub skipped: u64,
    /// The reason for the first of those.
    pub skipped_reason: Option<String>,
}

impl Plan {
    /// Returns whether a rollup is to be built.
    pub fn has_builds(&self) -> bool {
        self.rollups.iter().any(|rollup| rollup.build.is_some())
    }

    /// Returns whether a build changes the revisions that the table has.
    pub fn changes_rollups(&self) -> bool {
        let is_over =
            |rollup: &RollupPlan| !rollup.given_up.is_empty() || !rollup.retired.is_empty();
        self.has_builds() || self.rollups.iter().any(is_over)
    }

    /// Returns the preconditions that a build needs and that are not met.
    pub fn failed_preconditions(&self) -> Vec<&Precondition> {
        let is_failed = |known: &&Precondition| known.is_needed && known.status == Status::Failed;
        self.preconditions.iter().filter(is_failed).collect()
    }
}

impl RejectionKind {
    /// Returns whether the deployment of the stack of the rollups' table resolves it.
    pub(super) fn is_resolved_by_deployment(self) -> bool {
        matches!(self, Self::RankIndex | Self::TimeToLive)
    }
}

impl Precondition {
    /// Returns whether it has failed, and the deployment of the stack of the rollups' table and its
    /// processor resolves that.
    pub(super) fn is_resolved_by_deployment(&self) -> bool {
        self.status == Status::Failed
            && ["rollups-table", "rollups-ttl", "state"].contains(&self.name)
    }
}

impl RollupPlan {
    /// Returns whether there is something to do.
    pub fn is_pending(&self) -> bool {
        self.build.is_some()
            || !self.given_up.is_empty()
            || !self.retired.is_empty()
            || matches!(self.change, RollupChange::New | RollupChange::Unbuilt)
    }
}
