//! The cost of a change of an item in a rollup: write units, from the rollup's definition.
//!
//! ```text
//! cost = buckets × (the rollup item + its entry of the ranking
//!                   + each kind of detail items + their entries of the ranking)
//! ```
//!
//! `tests/tests/costs.rs` measures these units. They are of items and rows below 1 KB, of an item
//! that has one value of each attribute, and of a change that is alone in its batch: changes of one
//! batch share writes. A sample of items says more:
//!
//! | to see | read |
//! |---|---|
//! | the kinds of changes of a table, and their mix | `mix` |
//! | the changes of sampled items | `sampled_changes` |
//! | the units of the updates of a batch, as DynamoDB bills them | `ledger`, `stored_item` |
//! | the estimate for a rollup, and for each of its parts | `estimate`, `part`, `mean` |
//! | definitions that cost less | `cheaper` |

mod cheaper;
mod estimate;
mod ledger;
mod mean;
mod mix;
mod part;
mod sampled_changes;
mod stored_item;

use std::ops::{Add, Mul};

use weir_model::{Measure, Rollup};

use crate::amounts::Accumulator;
use crate::details::{DetailSpec, Details};

pub use self::cheaper::{Cheaper, CheaperChange, cheaper, merged};
pub use self::estimate::{CostEstimate, PartEstimate, SampledItems, Workload};
pub use self::ledger::Ledger;
pub use self::mean::MeanUnits;
pub use self::mix::{ChangeKind, Mix, MixError};
pub use self::part::{CostPart, PartKind};
pub use self::sampled_changes::SampledChanges;
pub use self::stored_item::Watermarks;

/// The kinds of changes, as the documents name them, in the order of [`Cost::units`].
pub const CHANGES: [&str; 7] = [
    "insert",
    "… of a new value",
    "delete",
    "… of the last of its value",
    "changed value",
    "… from the last of one to a new one",
    "anything else",
];

/// The write units of each kind of change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// As many as [`CHANGES`], in their order.
    pub units: [u32; 7],
}

/// The rollup item, with all its numbers.
const ITEM: Cost = Cost { units: [1, 1, 1, 1, 1, 1, 0] };
/// The same, where its numbers are of no value: of how many items there are, and of what its detail
/// items count.
const ITEM_OF_COUNTS: Cost = Cost { units: [1, 1, 1, 1, 0, 0, 0] };
/// The entry of a rollup item in the ranking of its bucket, where the score changes with each
/// value.
const RANK: Cost = Cost { units: [2, 2, 2, 2, 2, 2, 0] };
/// The same, where the score is how many items there are.
const RANK_OF_COUNT: Cost = Cost { units: [2, 2, 2, 2, 0, 0, 0] };
/// The same, where the score is how many different values there are.
const RANK_OF_DISTINCT: Cost = Cost { units: [0, 2, 0, 2, 0, 0, 0] };
/// The detail items of values.
const VALUES: Cost = Cost { units: [1, 1, 1, 2, 2, 3, 0] };
/// The detail items of values that the rollup item counts.
const COUNTED_VALUES: Cost = Cost { units: [1, 5, 1, 6, 2, 7, 0] };
/// The entries of detail items in the ranking of their bucket.
const RANKED_ROWS: Cost = Cost { units: [2, 1, 2, 2, 4, 3, 0] };
/// The detail items of times and values.
const TIMES: Cost = Cost { units: [1, 1, 2, 2, 3, 3, 0] };
/// The detail items of a sketch.
const SKETCH: Cost = Cost { units: [1, 1, 1, 2, 2, 3, 0] };

impl Cost {
    /// Returns the cost of a change in all buckets of a rollup.
    pub fn for_rollup(rollup: &Rollup) -> Self {
        Self::for_parts(rollup).into_iter().map(|(_, cost)| cost).fold(Self::default(), Self::add)
    }

    /// Returns the cost of a change in all buckets, for each part of a rollup.
    pub fn for_parts(rollup: &Rollup) -> Vec<(CostPart, Self)> {
        let rank = rollup.ranked_by().map(rank_cost);
        let details = DetailSpec::for_rollup(rollup).into_iter().map(detail_cost);
        let costs = std::iter::once(item_cost(rollup)).chain(rank).chain(details);
        let buckets = u32::try_from(rollup.granularities.len()).expect("nine at most");
        let parts = CostPart::for_rollup(rollup).into_iter();
        parts.zip(costs).map(|(part, cost)| (part, cost * buckets)).collect()
    }

    /// Returns the most units of each of [`ChangeKind::EVERY`].
    pub fn of_kinds(self) -> [u32; ChangeKind::EVERY.len()] {
        let [insert, delete] = [self.insert(), self.delete()];
        ChangeKind::EVERY.map(|kind| match kind {
            ChangeKind::Insert => insert,
            ChangeKind::Update => self.change(),
            ChangeKind::Move => insert + delete,
            ChangeKind::Delete => delete,
            ChangeKind::Other => 0,
        })
    }

    /// Returns the most that an insertion costs.
    pub fn insert(self) -> u32 {
        self.units[0].max(self.units[1])
    }

    /// Returns the most that a deletion costs.
    pub fn delete(self) -> u32 {
        self.units[2].max(self.units[3])
    }

    /// Returns the most that a changed value costs.
    pub fn change(self) -> u32 {
        self.units[4].max(self.units[5])
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { units: std::array::from_fn(|kind| self.units[kind] + other.units[kind]) }
    }
}

impl Mul<u32> for Cost {
    type Output = Self;

    fn mul(self, times: u32) -> Self {
        Self { units: self.units.map(|units| units * times) }
    }
}

fn item_cost(rollup: &Rollup) -> Cost {
    let is_of_value = |accumulator: &Accumulator| {
        !matches!(
            accumulator,
            Accumulator::Items | Accumulator::Distinct { .. } | Accumulator::Score { .. }
        )
    };
    if Accumulator::for_rollup(rollup).iter().any(is_of_value) { ITEM } else { ITEM_OF_COUNTS }
}

fn rank_cost(by: &Measure) -> Cost {
    match by {
        Measure::Count | Measure::Present(_) => RANK_OF_COUNT,
        Measure::Distinct(_) => RANK_OF_DISTINCT,
        _ => RANK,
    }
}

fn detail_cost(spec: DetailSpec<'_>) -> Cost {
    let own = match (spec.details, spec.is_counted) {
        (Details::Values(_), false) => VALUES,
        (Details::Values(_), true) => COUNTED_VALUES,
        (Details::Times { .. }, _) => TIMES,
        (Details::Sketch(_), _) => SKETCH,
    };
    if spec.is_ranked { own + RANKED_ROWS } else { own }
}
