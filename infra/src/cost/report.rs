//! The cost of the changes of a table, as a value. [`Report`] is the JSON of `weir cost --json`.

use serde::Serialize;
use weir_rollups::cost::{ChangeKind, MeanUnits, Mix, PartKind};

use crate::prices::Dollars;

/// The decimal places of units.
const UNIT_PLACES: u32 = 4;

/// The cost of the changes of a table. Everything but the prices is an estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The table of items.
    pub table: String,
    /// The source of the sizes: `definition`, `file` or `table`.
    pub source: &'static str,
    /// The files, or the table, of the sample.
    pub sampled: Vec<String>,
    /// The weights of the kinds of changes.
    pub mix: KindWeights,
    /// The changes of a batch.
    pub batch: u32,
    /// The shards that are open at the same time.
    pub shards: u32,
    /// The changes in a second; `None` if they were not given.
    pub writes_per_second: Option<f64>,
    /// The prices.
    pub prices: PricesReport,
    /// The entities with rollups.
    pub entities: Vec<EntityCost>,
    /// The entities with rollups of which there is no item in the sample. Their rollups are not in
    /// the cost.
    pub left_out: Vec<String>,
    /// The rollups.
    pub rollups: Vec<RollupCost>,
    /// The bookkeeping of the processor.
    pub processor: ProcessorCost,
    /// The sum, for changes of all entities.
    pub total: Amount,
    /// Definitions and settings that cost less, the greatest saving first.
    pub cheaper: Vec<Saving>,
    /// The limit; `None` without `--max-cost`.
    pub max_cost: Option<MaxCost>,
}

/// A number for each kind of change; `None` of kinds that the mix does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct KindUnits {
    /// Of an insertion.
    pub insert: Option<f64>,
    /// Of new values of all measured attributes.
    pub update: Option<f64>,
    /// Of new values of all dimensions and of the time.
    #[serde(rename = "move")]
    pub moved: Option<f64>,
    /// Of a deletion.
    pub delete: Option<f64>,
    /// Of a change of what no rollup reads.
    pub other: Option<f64>,
}

/// The weight of each kind of change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindWeights {
    /// Of insertions.
    pub insert: u32,
    /// Of new values of measured attributes.
    pub update: u32,
    /// Of new values of dimensions and of the time.
    #[serde(rename = "move")]
    pub moved: u32,
    /// Of deletions.
    pub delete: u32,
    /// Of changes of what no rollup reads.
    pub other: u32,
}

/// The prices of request units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PricesReport {
    /// Dollars for a million write units.
    pub per_million_write_units: f64,
    /// Dollars for a million read units.
    pub per_million_read_units: f64,
    /// The region and the month of the prices; `None` of prices that were given.
    pub from: Option<String>,
}

/// An entity with rollups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityCost {
    /// The entity.
    pub entity: String,
    /// The part of all changes that are of its items, from 0 to 1.
    pub share: f64,
    /// The items of the sample.
    pub sampled_items: u64,
    /// The rows of the file, or the items of the table as far as they are of the entity.
    pub items: Option<u64>,
    /// The rows of the sample that cannot be stored.
    pub rejected_rows: u64,
    /// The first of them, with the reason.
    pub rejection: Option<String>,
}

/// Units and dollars of a change of an entity, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Amount {
    /// Write units of a change of the mix.
    pub write_units_per_change: f64,
    /// Read units of a change.
    pub read_units_per_change: f64,
    /// Dollars for a million changes.
    pub dollars_per_million_changes: f64,
    /// Dollars for a month; `None` without `--writes`.
    pub dollars_per_month: Option<f64>,
}

/// The cost of a rollup. Amounts are of changes of its entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollupCost {
    /// The rollup.
    pub rollup: String,
    /// Its entity.
    pub entity: String,
    /// The sampled items that it counts; `None` without a sample.
    pub counted: Option<u64>,
    /// The sampled items that it cannot count.
    pub skipped: u64,
    /// The reason for the first of those.
    pub skipped_reason: Option<String>,
    /// Write units of a change that is alone in its batch.
    pub write_units: KindUnits,
    /// The units and dollars of the mix.
    #[serde(flatten)]
    pub amount: Amount,
    /// The parts that sum up to it.
    pub parts: Vec<PartCost>,
}

/// The cost of a part of a rollup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartCost {
    /// The part: `rollup item`, `ranking by …`, or detail items as `values(…)`.
    pub part: String,
    /// The kind: `item`, `ranking` or `details`.
    pub kind: &'static str,
    /// The measures that are read from it.
    pub measures: Vec<String>,
    /// Write units of a change that is alone in its batch.
    pub write_units: KindUnits,
    /// The units and dollars of the mix.
    #[serde(flatten)]
    pub amount: Amount,
}

/// The cost of the bookkeeping of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProcessorCost {
    /// The units and dollars, of changes of all entities.
    #[serde(flatten)]
    pub amount: Amount,
}

/// A definition or a setting that costs less.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saving {
    /// The rollup that changes; `None` for all.
    pub rollup: Option<String>,
    /// The kind: `bucket`, `ranking`, `measures`, `merge` or `batch`.
    pub kind: &'static str,
    /// The change, with its effect on answers.
    pub change: String,
    /// The write units that it saves of a change of all entities.
    pub write_units_per_change: f64,
    /// The dollars that it saves for a million changes of all entities.
    pub dollars_per_million_changes: f64,
    /// The dollars that it saves in a month; `None` without `--writes`.
    pub dollars_per_month: Option<f64>,
}

/// The limit of a cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MaxCost {
    /// The dollars.
    pub dollars: f64,
    /// The unit: `million changes`, or `month` with `--writes`.
    pub per: &'static str,
    /// Whether the cost exceeds it.
    pub is_exceeded: bool,
}

impl KindUnits {
    /// Returns a number for each kind of a mix.
    pub(super) fn new(kinds: &[ChangeKind], units: impl Fn(ChangeKind) -> MeanUnits) -> Self {
        let of_kind = |kind| kinds.contains(&kind).then(|| to_f64(units(kind)));
        Self {
            insert: of_kind(ChangeKind::Insert),
            update: of_kind(ChangeKind::Update),
            moved: of_kind(ChangeKind::Move),
            delete: of_kind(ChangeKind::Delete),
            other: of_kind(ChangeKind::Other),
        }
    }

    /// Returns the number of a kind.
    pub(super) fn get(&self, kind: ChangeKind) -> Option<f64> {
        match kind {
            ChangeKind::Insert => self.insert,
            ChangeKind::Update => self.update,
            ChangeKind::Move => self.moved,
            ChangeKind::Delete => self.delete,
            ChangeKind::Other => self.other,
        }
    }
}

impl KindWeights {
    /// Returns the weights of a mix.
    pub(super) fn new(mix: &Mix) -> Self {
        Self {
            insert: mix.weight(ChangeKind::Insert),
            update: mix.weight(ChangeKind::Update),
            moved: mix.weight(ChangeKind::Move),
            delete: mix.weight(ChangeKind::Delete),
            other: mix.weight(ChangeKind::Other),
        }
    }

    /// Returns the weight of a kind.
    pub(super) fn get(&self, kind: ChangeKind) -> u32 {
        match kind {
            ChangeKind::Insert => self.insert,
            ChangeKind::Update => self.update,
            ChangeKind::Move => self.moved,
            ChangeKind::Delete => self.delete,
            ChangeKind::Other => self.other,
        }
    }
}

/// Returns units as a number with few decimal places.
pub(super) fn to_f64(units: MeanUnits) -> f64 {
    let one = 10_u128.pow(UNIT_PLACES);
    units.units_of(one) as f64 / one as f64
}

/// Returns the name of a kind of parts.
pub(super) fn kind_name(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Item => "item",
        PartKind::Ranking => "ranking",
        PartKind::Details => "details",
    }
}

/// Returns dollars as a number.
pub(super) fn dollars(amount: Dollars) -> f64 {
    amount.to_f64()
}
