//! The comparison of stored items with a recount that is moved to their watermarks.
//!
//! ```text
//! expected = recount at the cut + changes since the cut that the item has absorbed
//!                               − changes before the cut that it has not absorbed
//! drift    = stored − expected
//! ```
//!
//! A number of detail items (`distinct`, and a score that copies it) has no watermark of its own.
//! It is compared with the detail items that count something, as they were at one moment: see
//! [`super::detail_numbers`].
//!
//! **Invariant:** an item of which nothing is known that contradicts it has no difference: whatever
//! the processor has not counted yet is not drift.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use weir_rollups::{Accumulator, Amounts, RollupKey, SequenceNumber, watermark};
use weir_table::Parked;

use super::detail_numbers::{DetailNumbers, SubjectCounts};
use super::finding::{Finding, Unreadable};
use super::record::{Delta, ItemId, Reading, Record, StoredItem, Subject};
use super::recorder::Recorded;
use super::verified_rollup::VerifiedRollup;
use crate::spool::SpoolError;
use crate::target::repair_watermark;

/// How far the clock of a processor may be from DynamoDB's, in seconds.
const PROCESSOR_CLOCK_SECS: i64 = 60;

/// The comparison of everything that was recorded.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    rollups: &'a [VerifiedRollup<'a>],
    recorded: Recorded,
    /// Rollup items that expire by then, in seconds since 1970, are not compared.
    until: i64,
    /// No record of a later second was absorbed when the stored items were scanned.
    scanned_by: u32,
    /// The updates that DynamoDB rejected, by item: those of items that are still to be compared.
    parked: HashMap<RollupKey, Parked>,
    /// The next record.
    next: Option<Record>,
    /// Findings that are still to be returned.
    found: VecDeque<Finding>,
    counts: ComparisonCounts,
}

/// The number of items that were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComparisonCounts {
    /// The rollup items and detail items that were compared.
    pub items: u64,
    /// Those that have expired, or expire before the end of the verification.
    pub expired: u64,
    /// Changes that the processor had not counted when the items were read, once for each item.
    pub pending: u64,
    /// The time of the oldest of them, in seconds since 1970.
    pub pending_since: Option<u32>,
    /// The numbers of detail items that changed too often to be compared.
    pub undecided: u64,
}

/// A stored item, while its records come.
#[derive(Debug)]
struct SubjectState {
    subject: Subject,
    stored: Option<StoredItem>,
    /// By number of a shard: the last record that it has absorbed.
    absorbed: BTreeMap<usize, SequenceNumber>,
    expected: Amounts,
    /// The update that DynamoDB rejected last, as its record says.
    parked: Option<Parked>,
    rejected: Option<Rejected>,
    /// Whether the processor had not counted a change that may be one of the rejected ones.
    has_pending: bool,
    /// The counts that it may have had at the readings, if its rollup item counts it.
    counts: Option<SubjectCounts>,
}

/// The updates of an item that DynamoDB rejected.
#[derive(Clone, Copy, Debug)]
struct Rejected {
    /// The latest second of their records, in seconds since 1970.
    by: i64,
    /// The shard of the last one, and its last record.
    last: Option<(usize, SequenceNumber)>,
}

/// A rollup item, while its records come.
#[derive(Debug)]
struct ItemState {
    id: ItemId,
    is_expired: bool,
    /// The sum over the stripes.
    stored: Amounts,
    expected: Amounts,
    /// The accumulators that do not hold numbers, apart from numbers of detail items.
    unreadable: Vec<Unreadable>,
    unreadable_numbers: Vec<Unreadable>,
    /// The marks of its stripes, and the updates of them that DynamoDB rejected.
    parked: Vec<(RollupKey, String)>,
    records: Vec<Parked>,
    /// How often the first stripe was repaired.
    repairs: Option<SequenceNumber>,
    is_stored: bool,
    is_rank_wrong: bool,
    has_pending: bool,
    numbers: DetailNumbers,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        rollups: &'a [VerifiedRollup<'a>],
        recorded: Recorded,
        until: i64,
        scanned_by: u32,
        parked: Vec<Parked>,
    ) -> Result<Self, SpoolError> {
        let mut comparison = Self {
            rollups,
            recorded,
            until,
            scanned_by,
            parked: parked.into_iter().map(|record| (record.key.clone(), record)).collect(),
            next: None,
            found: VecDeque::new(),
            counts: ComparisonCounts::default(),
        };
        comparison.advance()?;
        Ok(comparison)
    }

    /// Returns the next item that differs; `None` when all were compared. The detail items of a
    /// rollup item come before it.
    pub(super) fn next(&mut self) -> Result<Option<Finding>, SpoolError> {
        while self.found.is_empty() {
            let Some(record) = &self.next else { return Ok(None) };
            let id = record.item().clone();
            self.compare_item(id)?;
        }
        Ok(self.found.pop_front())
    }

    /// Returns the rejected updates of items that are not stored and to which nothing contributes.
    pub(super) fn left_records(&mut self) -> Vec<Finding> {
        let mut left = Vec::new();
        for record in std::mem::take(&mut self.parked).into_values() {
            let known = self.rollups.iter().find(|known| known.subject(&record.key).is_some());
            let Some(known) = known else { continue };
            left.push(Finding {
                records: vec![record.clone()],
                ..Finding::new(known.position, record.key)
            });
        }
        left
    }

    /// Returns the last captured record of each shard, by its id.
    pub(super) fn captured(&self) -> HashMap<String, SequenceNumber> {
        self.recorded.captured.clone()
    }

    pub(super) fn counts(&self) -> ComparisonCounts {
        self.counts
    }

    /// Takes the next record, if it satisfies a condition.
    fn take_if(&mut self, holds: impl Fn(&Record) -> bool) -> Result<Option<Record>, SpoolError> {
        match self.next.as_ref().is_some_and(holds) {
            true => self.advance(),
            false => Ok(None),
        }
    }

    /// Returns the next record, and reads the one behind it.
    fn advance(&mut self) -> Result<Option<Record>, SpoolError> {
        let following = match self.recorded.sorted.next()? {
            None => None,
            Some(bytes) => {
                let record = Record::decode(&bytes, &self.recorded.accumulators);
                let mistake = "a record cannot be read";
                Some(record.ok_or_else(|| SpoolError::corrupt("verification".into(), mistake))?)
            }
        };
        Ok(std::mem::replace(&mut self.next, following))
    }

    fn compare_item(&mut self, id: ItemId) -> Result<(), SpoolError> {
        let known = &self.rollups[id.rollup];
        let mut readings = Vec::new();
        let is_reading =
            |record: &Record| matches!(record, Record::Reading(item, _) if *item == id);
        while let Some(Record::Reading(_, reading)) = self.take_if(is_reading)? {
            readings.push(reading);
        }
        let keeps_all = known.rollup.keep.is_empty();
        let bookkeeping = if keeps_all { None } else { known.bookkeeping(&id.key) };
        let expires_at = bookkeeping.and_then(|bookkeeping| bookkeeping.expires_at);
        let mut item = ItemState {
            is_expired: expires_at.is_some_and(|seconds| seconds <= self.until),
            stored: Amounts::default(),
            expected: Amounts::default(),
            unreadable: Vec::new(),
            unreadable_numbers: Vec::new(),
            parked: Vec::new(),
            records: Vec::new(),
            repairs: None,
            is_stored: false,
            is_rank_wrong: false,
            has_pending: false,
            numbers: DetailNumbers::new(known, readings),
            id,
        };
        loop {
            let id = &item.id;
            let subject = match &self.next {
                Some(
                    Record::Stored(subject, _)
                    | Record::Recount(subject, _)
                    | Record::Delta(subject, _),
                ) if subject.item == *id => subject.clone(),
                _ => break,
            };
            self.compare_subject(&mut item, subject)?;
        }
        self.finish_item(item);
        Ok(())
    }

    fn compare_subject(
        &mut self,
        item: &mut ItemState,
        subject: Subject,
    ) -> Result<(), SpoolError> {
        let known = &self.rollups[subject.item.rollup];
        let counts = known.counts_kind(subject.kind).then(|| item.numbers.subject(&subject.key));
        let parked = self.parked.remove(&subject.key);
        let mut state = SubjectState {
            stored: None,
            absorbed: BTreeMap::new(),
            expected: Amounts::default(),
            rejected: parked.as_ref().map(|record| Rejected::from_record(record, &self.recorded)),
            parked,
            has_pending: false,
            counts,
            subject,
        };
        loop {
            let is_same = |record: &Record| match record {
                Record::Reading(..) => false,
                Record::Stored(other, _) | Record::Recount(other, _) | Record::Delta(other, _) => {
                    *other == state.subject
                }
            };
            match self.take_if(is_same)? {
                None => break,
                Some(Record::Stored(_, stored)) => {
                    let watermarks = stored.watermarks.iter().filter_map(|(name, watermark)| {
                        Some((self.recorded.shards.by_watermark(name)?, watermark.sequence))
                    });
                    state.absorbed = watermarks.collect();
                    let marked = stored.parked.as_deref().map(Rejected::from_mark);
                    state.rejected = match (state.rejected, marked) {
                        // Another one was rejected after the records were read.
                        (Some(known), Some(marked)) if marked.by > known.by => Some(marked),
                        (known, marked) => known.or(marked),
                    };
                    state.stored = Some(stored);
                }
                Some(Record::Recount(_, amounts)) => state.expected.merge(&amounts),
                Some(Record::Delta(_, delta)) => self.add_delta(&mut state, item, &delta),
                Some(Record::Reading(..)) => unreachable!("it is not about a stored item"),
            }
        }
        match state.subject.kind {
            Some(_) => self.finish_detail(item, state),
            None => self.finish_stripe(item, state),
        }
        Ok(())
    }

    fn add_delta(&mut self, state: &mut SubjectState, item: &ItemState, delta: &Delta) {
        let last = state.absorbed.get(&delta.shard);
        let is_absorbed = last.is_some_and(|last| delta.record.sequence <= *last);
        match (delta.is_since_cut, is_absorbed) {
            (true, true) => state.expected.merge(&delta.amounts),
            (false, false) => state.expected.merge(&delta.amounts.negated()),
            _ => {}
        }
        let mut rejected = state.rejected.iter();
        state.has_pending |= !is_absorbed && rejected.any(|known| known.may_be(delta));
        // Later ones were written after the item was read.
        if !is_absorbed && delta.record.seconds <= self.scanned_by {
            self.counts.pending += 1;
            let since = self.counts.pending_since.unwrap_or(u32::MAX).min(delta.record.seconds);
            self.counts.pending_since = Some(since);
        }
        if let Some(counts) = &mut state.counts {
            let is_parked = state.rejected.is_some();
            let positions = &self.recorded.positions;
            let is_handled = |reading: &Reading| {
                let known = &positions[reading.positions];
                !is_parked && known.has(delta.shard, delta.record.sequence)
            };
            let amount = delta.amounts.get(&Accumulator::Items);
            item.numbers.add(counts, delta, amount, is_absorbed, self.scanned_by, is_handled);
        }
    }

    fn finish_detail(&mut self, item: &mut ItemState, state: SubjectState) {
        let SubjectState { subject, stored, mut expected, parked: records, .. } = state;
        let (has_pending, counts) = (state.has_pending, state.counts);
        let is_stored = stored.is_some();
        let is_rank_wrong = self.is_rank_wrong(&subject, stored.as_ref());
        let stored = stored.unwrap_or_default();
        if let (Some(counts), Some(kind)) = (counts, subject.kind) {
            let expected = expected.get(&Accumulator::Items);
            item.numbers.finish_subject(kind, counts, &stored, expected);
        }
        if item.is_expired {
            self.counts.expired += 1;
            return;
        }
        self.counts.items += 1;
        let unreadable = take_unreadable(&subject.key, &stored, &mut expected);
        let drift = difference(&stored.amounts, &expected);
        let parked = stored.parked.as_ref().map(|since| (subject.key.clone(), since.clone()));
        let finding = Finding {
            is_detail: true,
            repairs: repairs(&stored),
            is_stored,
            shown: shown(&stored.amounts, &expected, &drift),
            drift,
            unreadable,
            is_rank_wrong,
            parked: parked.into_iter().collect(),
            records: records.into_iter().collect(),
            has_pending,
            ..Finding::new(subject.item.rollup, subject.key)
        };
        self.keep(finding);
    }

    fn finish_stripe(&mut self, item: &mut ItemState, state: SubjectState) {
        let SubjectState { subject, stored, mut expected, parked, has_pending, .. } = state;
        item.has_pending |= has_pending;
        item.is_rank_wrong |= self.is_rank_wrong(&subject, stored.as_ref());
        item.records.extend(parked);
        if let Some(stored) = stored {
            item.is_stored = true;
            let known = &self.rollups[subject.item.rollup];
            let unreadable = take_unreadable(&subject.key, &stored, &mut expected);
            for one in unreadable {
                match known.is_number_of_details(&one.accumulator) {
                    true => item.unreadable_numbers.push(one),
                    false => item.unreadable.push(one),
                }
            }
            item.parked.extend(stored.parked.clone().map(|since| (subject.key.clone(), since)));
            if subject.key == item.id.key {
                item.repairs = repairs(&stored);
            }
            item.stored.merge(&stored.amounts);
        }
        item.expected.merge(&expected);
    }

    fn finish_item(&mut self, mut item: ItemState) {
        if item.is_expired {
            self.counts.expired += 1;
            return;
        }
        self.counts.items += 1;
        let known = &self.rollups[item.id.rollup];
        for (_, of_kind) in &known.counted {
            for accumulator in of_kind {
                item.expected.add(accumulator.clone(), -item.expected.get(accumulator));
            }
        }
        let mut drift = difference(&item.stored, &item.expected);
        let mut expected = item.expected.clone();
        let mut is_inexact = false;
        let mut scanned_numbers = Amounts::default();
        for number in item.numbers.compare(known, &item.stored) {
            let stored = item.stored.get(&number.accumulator);
            let mut unreadable = item.unreadable_numbers.iter();
            if let Some(one) = unreadable.find(|one| one.accumulator == number.accumulator) {
                // No detail item can cross zero while the number is not one.
                let missing = number.details - stored;
                item.unreadable.push(Unreadable { expected: missing, ..one.clone() });
                drift.add(number.accumulator.clone(), -drift.get(&number.accumulator));
                set_expected(&mut expected, &number.accumulator, stored);
                continue;
            }
            let is_exact = number.least == number.greatest;
            let is_decided = is_exact || number.least > 0 || number.greatest < 0;
            self.counts.undecided += u64::from(!is_decided);
            is_inexact |= is_decided && !is_exact;
            let own = match is_decided {
                // The drift that is nearest to none.
                true if number.least > 0 => number.least,
                true => number.greatest,
                false => 0,
            };
            let repaired = if is_exact { own } else { 0 };
            if own != 0 && !item.numbers.has_readings() {
                scanned_numbers.add(number.accumulator.clone(), stored);
            }
            drift.add(number.accumulator.clone(), repaired - drift.get(&number.accumulator));
            let wrong = if is_decided { own + number.by_details } else { 0 };
            set_expected(&mut expected, &number.accumulator, stored - wrong);
        }
        drift.retain_nonzero();
        let finding = Finding {
            repairs: item.repairs,
            is_stored: item.is_stored,
            shown: shown(&item.stored, &expected, &difference(&item.stored, &expected)),
            drift,
            unreadable: item.unreadable,
            is_rank_wrong: item.is_rank_wrong,
            parked: item.parked,
            records: item.records,
            has_pending: item.has_pending,
            is_inexact,
            scanned_numbers: (!scanned_numbers.is_empty()).then_some(scanned_numbers),
            ..Finding::new(item.id.rollup, item.id.key)
        };
        self.keep(finding);
    }

    fn keep(&mut self, finding: Finding) {
        if finding.is_different() {
            self.found.push_back(finding);
        }
    }

    /// Returns whether a stored item is not in the ranking that it belongs to.
    fn is_rank_wrong(&self, subject: &Subject, stored: Option<&StoredItem>) -> bool {
        let known = &self.rollups[subject.item.rollup];
        let Some(stored) = stored.filter(|_| known.is_ranked(subject.kind)) else { return false };
        let expected = known.bookkeeping(&subject.key).and_then(|bookkeeping| bookkeeping.rank);
        let has_score =
            |accumulator: &Accumulator| matches!(accumulator, Accumulator::Score { .. });
        let is_scored = stored.amounts.iter().any(|(known, _)| has_score(known))
            || stored.unreadable.iter().any(|(known, _)| has_score(known));
        stored.rank != expected || !is_scored
    }
}

/// Sets the expected value of an accumulator.
fn set_expected(expected: &mut Amounts, accumulator: &Accumulator, units: i128) {
    let before = expected.get(accumulator);
    expected.add(accumulator.clone(), units - before);
}

impl Rejected {
    /// Returns what the record of rejected updates says.
    fn from_record(record: &Parked, recorded: &Recorded) -> Self {
        let name = watermark::name(&record.shard.stream_label, &record.shard.id);
        let [_, last] = &record.records;
        let last = recorded.shards.by_watermark(&name).zip(last.parse().ok());
        Self { last, ..Self::from_mark(&record.latest) }
    }

    /// Returns what the mark of an item says: a time, RFC 3339 by the clock of the processor. A
    /// time that cannot be read may be any.
    fn from_mark(time: &str) -> Self {
        let by = match time.parse::<Timestamp>() {
            Ok(time) => time.as_second() + PROCESSOR_CLOCK_SECS,
            Err(_) => i64::MAX,
        };
        Self { by, last: None }
    }

    /// Returns whether an update with this change may have been rejected.
    fn may_be(&self, delta: &Delta) -> bool {
        match self.last {
            Some((shard, last)) if shard == delta.shard => delta.record.sequence <= last,
            _ => i64::from(delta.record.seconds) <= self.by,
        }
    }
}

/// Returns the accumulators that do not hold a number of their scale, with their expected values,
/// and removes these from the expected amounts.
fn take_unreadable(
    key: &RollupKey,
    stored: &StoredItem,
    expected: &mut Amounts,
) -> Vec<Unreadable> {
    let mut unreadable = Vec::new();
    for (accumulator, number) in &stored.unreadable {
        let units = expected.get(accumulator);
        expected.add(accumulator.clone(), -units);
        unreadable.push(Unreadable {
            key: key.clone(),
            accumulator: accumulator.clone(),
            stored: number.clone(),
            expected: units,
            watermarks: stored.watermarks.clone(),
        });
    }
    unreadable
}

fn difference(stored: &Amounts, expected: &Amounts) -> Amounts {
    let mut drift = stored.clone();
    drift.merge(&expected.negated());
    drift.retain_nonzero();
    drift
}

/// Returns the values of the accumulators that differ: the stored one and the expected one.
fn shown(stored: &Amounts, expected: &Amounts, drift: &Amounts) -> Vec<(Accumulator, i128, i128)> {
    let differing = drift.iter().map(|(accumulator, _)| accumulator);
    differing.map(|known| (known.clone(), stored.get(known), expected.get(known))).collect()
}

/// Returns the number of the last repair of an item.
fn repairs(stored: &StoredItem) -> Option<SequenceNumber> {
    let name = repair_watermark();
    let mut known = stored.watermarks.iter();
    known.find(|(known, _)| *known == name).map(|(_, watermark)| watermark.sequence)
}
