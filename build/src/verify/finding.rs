//! An item that differs from the recount, with everything that its repair needs.

use weir_model::Number;
use weir_rollups::{Accumulator, Amounts, RollupKey, SequenceNumber, Watermark};
use weir_table::Parked;

use super::verified_rollup::VerifiedRollup;

/// An item that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finding {
    /// The position of the rollup among those that are verified.
    pub(super) rollup: usize,
    pub(super) is_detail: bool,
    /// The key of the item; of a striped rollup item that of its first stripe.
    pub(super) key: RollupKey,
    /// How often it was repaired.
    pub(super) repairs: Option<SequenceNumber>,
    pub(super) is_stored: bool,
    /// The accumulators that differ: the stored value and the expected one.
    pub(super) shown: Vec<(Accumulator, i128, i128)>,
    /// The amounts to take away.
    pub(super) drift: Amounts,
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) is_rank_wrong: bool,
    /// The marks of the item and its stripes: since when.
    pub(super) parked: Vec<(RollupKey, String)>,
    /// The updates that DynamoDB rejected.
    pub(super) records: Vec<Parked>,
    /// Whether the processor has changes to count for the item, or for its detail items.
    pub(super) has_pending: bool,
    /// Whether a number of detail items differs by more than is known exactly.
    pub(super) is_inexact: bool,
    /// The numbers of detail items as the scan has them, if they differ by the scan alone.
    pub(super) scanned_numbers: Option<Amounts>,
}

/// An accumulator whose attribute is not a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unreadable {
    pub(super) key: RollupKey,
    pub(super) accumulator: Accumulator,
    /// The number that it is, if it is one of another scale.
    pub(super) stored: Option<String>,
    /// Its value, in its units, at the watermarks.
    pub(super) expected: i128,
    pub(super) watermarks: Vec<(String, Watermark)>,
}

/// An item that differs from the recount.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The rollup.
    pub rollup: String,
    /// The key of the item; of a striped rollup item that of its first stripe.
    pub key: RollupKey,
    /// Whether it is a detail item, such as that of a value.
    pub is_detail: bool,
    /// Whether the item is stored.
    pub is_stored: bool,
    /// The values that differ.
    pub values: Vec<DifferingValue>,
    /// Whether it is missing from its ranking, or in another one.
    pub is_rank_wrong: bool,
    /// Since when it is marked because DynamoDB rejected an update, RFC 3339.
    pub parked_since: Option<String>,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct DifferingValue {
    /// The attribute.
    pub attribute: String,
    /// The stored value; `None` for one that is not a number.
    pub stored: Option<Number>,
    /// The value that a recount gives, moved to the watermarks of the item.
    pub expected: Number,
}

impl Finding {
    /// Returns an item of a rollup that does not differ.
    pub(super) fn new(rollup: usize, key: RollupKey) -> Self {
        Self {
            rollup,
            is_detail: false,
            key,
            repairs: None,
            is_stored: false,
            shown: Vec::new(),
            drift: Amounts::default(),
            unreadable: Vec::new(),
            is_rank_wrong: false,
            parked: Vec::new(),
            records: Vec::new(),
            has_pending: false,
            is_inexact: false,
            scanned_numbers: None,
        }
    }

    /// Leaves the numbers of detail items out, and returns how many differ.
    pub(super) fn leave_numbers_out(&mut self) -> u64 {
        let numbers = self.scanned_numbers.take().unwrap_or_default();
        let is_number = |known: &Accumulator| numbers.iter().any(|(number, _)| number == known);
        for (number, _) in numbers.iter() {
            self.drift.add(number.clone(), -self.drift.get(number));
        }
        self.drift.retain_nonzero();
        let before = self.shown.len();
        self.shown.retain(|(known, ..)| !is_number(known));
        (before - self.shown.len()) as u64
    }

    /// Returns whether anything is to be repaired.
    pub(super) fn is_different(&self) -> bool {
        !self.drift.is_zero() || self.is_shown()
    }

    /// Returns whether the item differs from a recount, or an update of it was rejected. A number
    /// of detail items may be what it should be only as long as a detail item is not.
    pub(super) fn is_shown(&self) -> bool {
        !self.shown.is_empty()
            || !self.unreadable.is_empty()
            || self.is_rank_wrong
            || !self.parked.is_empty()
            || !self.records.is_empty()
    }

    /// Returns the difference, for the report.
    pub(super) fn difference(&self, rollups: &[VerifiedRollup<'_>]) -> Difference {
        let marks = self.parked.iter().map(|(_, since)| since);
        let parked = marks.chain(self.records.iter().map(|record| &record.since));
        let number = |known: &Accumulator, units| Number::from_units(units, known.scale());
        let readable = self.shown.iter().map(|(known, stored, expected)| DifferingValue {
            attribute: known.attribute_name(),
            stored: Some(number(known, *stored)),
            expected: number(known, *expected),
        });
        let unreadable = self.unreadable.iter().map(|one| DifferingValue {
            attribute: one.accumulator.attribute_name(),
            stored: one.stored.as_ref().and_then(|stored| stored.parse().ok()),
            expected: number(&one.accumulator, one.expected),
        });
        Difference {
            rollup: rollups[self.rollup].rollup.name.clone(),
            key: self.key.clone(),
            is_detail: self.is_detail,
            is_stored: self.is_stored,
            values: readable.chain(unreadable).collect(),
            is_rank_wrong: self.is_rank_wrong,
            parked_since: parked.min().cloned(),
        }
    }
}
