//! The numbers of detail items that a rollup item has, compared with the detail items.
//!
//! Rollup item and detail items are written in one transaction when the count of a detail item
//! crosses zero. So the number less the detail items that count something is the same at every
//! moment: zero, or a drift. But the rollup item and its detail items are read at different
//! moments. A reading has the number at one moment; which detail items counted something then is
//! known exactly for those that were read in the same transaction and those of which no change was
//! on its way, and within bounds for the others. Each reading gives bounds of the drift, and the
//! drift is within all of them.
//!
//! **Invariant:** the drift is within the bounds, whatever the processor wrote meanwhile.

use weir_rollups::{Accumulator, Amounts, RollupKey};

use super::count_range::{Absorbed, CountRange};
use super::record::{Delta, Reading, StoredItem};
use super::verified_rollup::VerifiedRollup;

/// The bounds of a drift of which nothing is known.
const ANY: (i128, i128) = (i128::MIN / 2, i128::MAX / 2);

/// The numbers of one rollup item.
#[derive(Debug)]
pub(super) struct DetailNumbers {
    /// The kinds that are counted.
    kinds: Vec<KindCounts>,
    readings: Vec<Reading>,
    is_striped: bool,
}

/// The detail items of one kind that count something.
#[derive(Debug)]
struct KindCounts {
    kind: usize,
    /// At the scan: the least and the greatest number.
    scan: Bounds,
    /// At each reading.
    readings: Vec<Bounds>,
    /// The stored detail items that count something, and by how many more they are than the
    /// expected ones.
    details: i128,
    by_details: i128,
    /// Whether a change of one of them was captured.
    has_changes: bool,
    /// Whether the count of one of them is not a number.
    is_unreadable: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bounds {
    least: i128,
    greatest: i128,
}

/// The counts that one detail item may have had.
#[derive(Debug)]
pub(super) struct SubjectCounts {
    scan: CountRange,
    /// At each reading.
    readings: Vec<CountAtReading>,
    /// The sum of the changes that the item had absorbed when it was scanned.
    absorbed: i128,
    has_changes: bool,
}

#[derive(Debug)]
enum CountAtReading {
    /// It was read.
    Read(i128),
    /// It follows from the changes.
    Range(CountRange),
}

/// The drift of a number of detail items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NumberDrift {
    pub(super) accumulator: Accumulator,
    /// The bounds of the number less the stored detail items that count something.
    pub(super) least: i128,
    pub(super) greatest: i128,
    /// The drift that follows from the drift of detail items.
    pub(super) by_details: i128,
    /// The stored detail items that counted something at the scan.
    pub(super) details: i128,
}

impl DetailNumbers {
    pub(super) fn new(known: &VerifiedRollup<'_>, readings: Vec<Reading>) -> Self {
        let kinds = known.counted.iter().map(|(kind, _)| KindCounts {
            kind: *kind,
            scan: Bounds::default(),
            readings: vec![Bounds::default(); readings.len()],
            details: 0,
            by_details: 0,
            has_changes: false,
            is_unreadable: false,
        });
        let kinds = kinds.collect();
        let is_striped = known.rollup.stripes > 1;
        Self { kinds, readings, is_striped }
    }

    /// Returns the counts of a detail item, before its changes come.
    pub(super) fn subject(&self, key: &RollupKey) -> SubjectCounts {
        let at = |reading: &Reading| {
            let read = reading.counts.iter().find(|(known, _)| known == key);
            let range = || CountAtReading::Range(CountRange::default());
            read.map_or_else(range, |(_, count)| CountAtReading::Read(*count))
        };
        SubjectCounts {
            scan: CountRange::default(),
            readings: self.readings.iter().map(at).collect(),
            absorbed: 0,
            has_changes: false,
        }
    }

    /// Adds a change to the counts of a detail item. `is_absorbed` is whether the item had absorbed
    /// it when it was scanned, which was before all readings, and no change of a second after
    /// `scanned_by` had been absorbed by anything when the scan was done.
    pub(super) fn add(
        &self,
        counts: &mut SubjectCounts,
        delta: &Delta,
        amount: i128,
        is_absorbed: bool,
        scanned_by: u32,
        is_handled: impl Fn(&Reading) -> bool,
    ) {
        counts.has_changes = true;
        if is_absorbed {
            counts.absorbed += amount;
        }
        let seconds = delta.record.seconds;
        let maybe = |latest: u32| match seconds <= latest {
            true => Absorbed::Maybe,
            false => Absorbed::No,
        };
        let at_scan = if is_absorbed { Absorbed::Maybe } else { maybe(scanned_by) };
        counts.scan.add(delta.shard, amount, at_scan);
        for (reading, count) in self.readings.iter().zip(&mut counts.readings) {
            let CountAtReading::Range(range) = count else { continue };
            let absorbed = match is_absorbed || is_handled(reading) {
                true => Absorbed::Yes,
                false => maybe(reading.latest),
            };
            range.add(delta.shard, amount, absorbed);
        }
    }

    /// Adds a detail item of which all changes have come, with its count as expected.
    pub(super) fn finish_subject(
        &mut self,
        kind: usize,
        counts: SubjectCounts,
        stored: &StoredItem,
        expected: i128,
    ) {
        let Some(known) = self.kinds.iter_mut().find(|known| known.kind == kind) else { return };
        let count = stored.amounts.get(&Accumulator::Items);
        let before = count - counts.absorbed;
        known.is_unreadable |=
            stored.unreadable.iter().any(|(known, _)| *known == Accumulator::Items);
        known.has_changes |= counts.has_changes;
        known.details += i128::from(count > 0);
        known.by_details += i128::from(count > 0) - i128::from(expected > 0);
        known.scan.add(counts.scan.bounds(before));
        for (bounds, count) in known.readings.iter_mut().zip(counts.readings) {
            bounds.add(match count {
                CountAtReading::Read(count) => (count, count),
                CountAtReading::Range(range) => range.bounds(before),
            });
        }
    }

    /// Returns whether the rollup item was read together with detail items.
    pub(super) fn has_readings(&self) -> bool {
        !self.readings.is_empty()
    }

    /// Returns the drift of each number, given the numbers as the scan has them.
    pub(super) fn compare(
        &self,
        known: &VerifiedRollup<'_>,
        scanned: &Amounts,
    ) -> Vec<NumberDrift> {
        let mut all = Vec::new();
        for (counts, (_, of_kind)) in self.kinds.iter().zip(&known.counted) {
            for accumulator in of_kind {
                let bounds = self.bounds(counts, accumulator, scanned);
                let (least, greatest) = bounds.unwrap_or(ANY);
                all.push(NumberDrift {
                    accumulator: accumulator.clone(),
                    least,
                    greatest,
                    by_details: counts.by_details,
                    details: counts.details,
                });
            }
        }
        all
    }

    /// Returns the bounds of the drift of a number; `None` if they contradict each other, or if
    /// there are none.
    fn bounds(
        &self,
        counts: &KindCounts,
        accumulator: &Accumulator,
        scanned: &Amounts,
    ) -> Option<(i128, i128)> {
        if counts.is_unreadable {
            return None;
        }
        let at_readings = self.readings.iter().zip(&counts.readings);
        let mut all: Vec<_> = at_readings
            .map(|(reading, bounds)| bounds.drift(reading.numbers.get(accumulator)))
            .collect();
        // The stripes of a rollup item are scanned at different moments.
        if !self.is_striped || !counts.has_changes {
            all.push(counts.scan.drift(scanned.get(accumulator)));
        }
        let least = all.iter().map(|(least, _)| *least).max()?;
        let greatest = all.iter().map(|(_, greatest)| *greatest).min()?;
        (least <= greatest).then_some((least, greatest))
    }
}

impl Bounds {
    /// Adds a detail item that had a count within these.
    fn add(&mut self, (least, greatest): (i128, i128)) {
        self.least += i128::from(least > 0);
        self.greatest += i128::from(greatest > 0);
    }

    /// Returns the bounds of a number less the detail items that count something.
    fn drift(&self, number: i128) -> (i128, i128) {
        (number - self.greatest, number - self.least)
    }
}
