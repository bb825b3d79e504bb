//! The recorder of a verification: what is captured, scanned and read goes into the sorter.
//!
//! **Invariant:** every captured change is recorded once, by what the processor adds for it: the
//! same fold of one change, under the definition and the cut of the revision.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weir_model::table::RANK;
use weir_model::{AttributeValue, Item, TableDefinition};
use weir_rollups::key::PARKED;
use weir_rollups::watermark::{RESERVED_PREFIX, WATERMARK_BYTES};
use weir_rollups::{
    Accumulator, Amounts, RollupKey, SequenceNumber, StoredAmounts, Watermark, fold,
};

use super::positions::{Positions, Shards};
use super::record::{Delta, ItemId, Reading, Record, StoredItem, Subject};
use super::sorter::{Sorted, Sorter};
use super::touched::TouchedItems;
use super::verified_rollup::VerifiedRollup;
use crate::capture::CapturedChange;
use crate::recorder::{ImageRecorder, SkippedImages};
use crate::spool::{AccumulatorTable, BaseCounts, SpoolError};

/// The unknown items of which the keys are kept.
const MAX_UNKNOWN: usize = 100;

/// The recorder of one verification.
#[derive(Debug)]
pub(super) struct Recorder<'a> {
    table: &'a TableDefinition,
    rollups: &'a [VerifiedRollup<'a>],
    images: ImageRecorder<'a>,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    sorter: Sorter,
    accumulators: AccumulatorTable,
    shards: Shards,
    touched: TouchedItems,
    positions: Vec<Positions>,
    unknown: UnknownItems,
    captured: HashMap<String, SequenceNumber>,
}

/// Stored items whose keys begin as those of a rollup and are none of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnknownItems {
    /// The number of items.
    pub items: u64,
    /// The keys of the first hundred.
    pub first: Vec<RollupKey>,
}

/// Everything that was recorded, in the order of the rollup items.
#[derive(Debug)]
pub(super) struct Recorded {
    pub(super) sorted: Sorted,
    pub(super) accumulators: AccumulatorTable,
    pub(super) shards: Shards,
    pub(super) positions: Vec<Positions>,
    pub(super) unknown: UnknownItems,
    /// The last captured record of each shard, by its id.
    pub(super) captured: HashMap<String, SequenceNumber>,
    /// The images of the recount.
    pub(super) counts: BaseCounts,
}

/// A rollup item that is to be read together with detail items.
#[derive(Debug)]
pub(super) struct ReadingRequest {
    pub(super) item: ItemId,
    /// The keys of the stripes of the rollup item.
    pub(super) stripes: Vec<RollupKey>,
    /// The keys of the detail items.
    pub(super) details: Vec<RollupKey>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        table: &'a TableDefinition,
        rollups: &'a [VerifiedRollup<'a>],
        images: ImageRecorder<'a>,
        stream_label: &str,
        folder: &Path,
    ) -> Result<Self, SpoolError> {
        let shared = Shared {
            sorter: Sorter::create(folder)?,
            accumulators: AccumulatorTable::default(),
            shards: Shards::new(stream_label),
            touched: TouchedItems::default(),
            positions: Vec::new(),
            unknown: UnknownItems::default(),
            captured: HashMap::new(),
        };
        Ok(Self { table, rollups, images, shared: Mutex::new(shared) })
    }

    /// Records a captured change: its old image, and what it adds to each stored item.
    pub(super) fn record_change(&self, captured: CapturedChange<'_>) -> Result<(), SpoolError> {
        let CapturedChange { shard_id, change, is_since_cut } = captured;
        if is_since_cut {
            self.images.record_captured(change)?;
        }
        self.lock().note_captured(shard_id, change.sequence);
        for known in self.rollups {
            if known.revision.cut.is_some_and(|cut| !change.is_since(cut)) {
                continue;
            }
            for update in fold(known.model, shard_id, [change]).updates {
                let subject = known.subject(&update.key).ok_or_else(|| unknown_key(&update.key))?;
                let record = Watermark { sequence: change.sequence, seconds: change.seconds };
                let mut shared = self.lock();
                let shard = shared.shards.number(shard_id);
                if known.counts_kind(subject.kind) {
                    let (item, key) = (subject.item.clone(), subject.key.clone());
                    shared.touched.add(item, key, shard, record);
                }
                let amounts = update.amounts();
                shared
                    .add(&Record::Delta(subject, Delta { shard, record, is_since_cut, amounts }))?;
            }
        }
        Ok(())
    }

    /// Records an item of the table of items.
    pub(super) fn record_item(&self, item: &Item) -> Result<(), SpoolError> {
        self.images.record_scanned(item)?;
        let is_marked = self.rollups.iter().any(|known| known.model.is_rollup_item(item));
        if !is_marked {
            return Ok(());
        }
        let Some(key) = self.table.primary_key(item) else { return Ok(()) };
        let sort = key.sort.unwrap_or_default();
        let key = RollupKey { is_colocated: true, partition: key.partition, sort };
        self.record_stored(&key, item)
    }

    /// Records an item of the table of rollups. Those of others are passed over.
    pub(super) fn record_stored(&self, key: &RollupKey, item: &Item) -> Result<(), SpoolError> {
        for known in self.rollups {
            if let Some(subject) = known.subject(key) {
                let stored = stored_item(known, &subject, item);
                return self.lock().add(&Record::Stored(subject, stored));
            }
            if known.owns(key) {
                let unknown = &mut self.lock().unknown;
                unknown.items += 1;
                if unknown.first.len() < MAX_UNKNOWN {
                    unknown.first.push(key.clone());
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes how far each shard was handled, and returns the number of the positions.
    pub(super) fn note_positions<'s>(
        &self,
        known: impl IntoIterator<Item = (&'s str, SequenceNumber)>,
    ) -> usize {
        let shared = &mut *self.lock();
        let positions = shared.shards.positions(known);
        shared.positions.push(positions);
        shared.positions.len() - 1
    }

    /// Returns the images that could not be counted so far.
    pub(super) fn skipped(&self) -> Vec<SkippedImages> {
        self.images.skipped()
    }

    /// Forgets the changes of detail items that were acknowledged by the last positions, where they
    /// are many.
    pub(super) fn forget_acknowledged(&self) {
        let Shared { touched, positions, .. } = &mut *self.lock();
        if let Some(last) = positions.last() {
            touched.forget_acknowledged(last);
        }
    }

    /// Returns the rollup items of which detail items that they count were changed.
    pub(super) fn touched(&self) -> Vec<ItemId> {
        self.lock().touched.items()
    }

    /// Returns what is to be read of a rollup item at one moment, up to so many items.
    pub(super) fn reading_request(&self, item: &ItemId, limit: usize) -> ReadingRequest {
        let stripes = self.rollups[item.rollup].stripes(item);
        let shared = self.lock();
        let changes = shared.touched.changes_of(item);
        let mut details: Vec<_> = changes.iter().map(|touch| touch.key.clone()).collect();
        details.sort();
        details.dedup();
        details.truncate(limit.saturating_sub(stripes.len()));
        ReadingRequest { item: item.clone(), stripes, details }
    }

    /// Records what was read for a request, before the second `latest` had passed.
    pub(super) fn record_reading(
        &self,
        request: &ReadingRequest,
        positions: usize,
        latest: u32,
        items: &[Option<Item>],
    ) -> Result<(), SpoolError> {
        let known = &self.rollups[request.item.rollup];
        let counters: Vec<_> =
            known.counted.iter().flat_map(|(_, of_kind)| of_kind.iter().cloned()).collect();
        let mut numbers = Amounts::default();
        let (stripes, details) = items.split_at(request.stripes.len());
        for item in stripes.iter().flatten() {
            numbers.merge(&StoredAmounts::read(&counters, item).amounts);
        }
        let count = |item: &Option<Item>| {
            let item = item.as_ref()?;
            Some(StoredAmounts::read(&[Accumulator::Items], item).amounts)
        };
        let counts = request.details.iter().zip(details).map(|(key, item)| {
            let amounts = count(item).unwrap_or_default();
            (key.clone(), amounts.get(&Accumulator::Items))
        });
        let reading = Reading { positions, latest, numbers, counts: counts.collect() };
        self.lock().add(&Record::Reading(request.item.clone(), reading))
    }

    /// Returns whether a detail item that was not read for a request may have changed before the
    /// second `latest` had passed, as far as is known by now.
    pub(super) fn is_undecided(&self, request: &ReadingRequest, latest: u32) -> bool {
        let shared = self.lock();
        let mut changes = shared.touched.changes_of(&request.item).iter();
        changes.any(|touch| touch.seconds() <= latest && !request.details.contains(&touch.key))
    }

    /// Adds up the images, and puts everything in order. This reads and writes all files, so an
    /// asynchronous caller runs it on a thread for blocking work.
    pub(super) fn finish(self) -> Result<Recorded, SpoolError> {
        let shared = self.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Shared { mut sorter, mut accumulators, shards, positions, unknown, captured, .. } =
            shared;
        let mut base = self.images.into_base()?;
        let counts = base.counts();
        loop {
            let updates = base.next_updates()?;
            if updates.is_empty() {
                break;
            }
            for known in updates {
                let key = &known.update.key;
                let subject = self.rollups[known.rollup].subject(key);
                let subject = subject.ok_or_else(|| unknown_key(key))?;
                let record = Record::Recount(subject, known.update.amounts());
                sorter.add(record.encode(&mut accumulators))?;
            }
        }
        let sorted = sorter.finish()?;
        Ok(Recorded { sorted, accumulators, shards, positions, unknown, captured, counts })
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn note_captured(&mut self, shard_id: &str, sequence: SequenceNumber) {
        match self.captured.get_mut(shard_id) {
            Some(last) => *last = sequence,
            None => {
                self.captured.insert(shard_id.to_owned(), sequence);
            }
        }
    }

    fn add(&mut self, record: &Record) -> Result<(), SpoolError> {
        let bytes = record.encode(&mut self.accumulators);
        self.sorter.add(bytes)
    }
}

/// Reads what is compared of a stored item.
fn stored_item(known: &VerifiedRollup<'_>, subject: &Subject, item: &Item) -> StoredItem {
    let StoredAmounts { amounts, unreadable } =
        StoredAmounts::read(known.accumulators(subject.kind), item);
    let text = |name: &str| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    };
    let watermarks = item.iter().filter_map(|(name, value)| match value {
        AttributeValue::B(bytes)
            if name.starts_with(RESERVED_PREFIX) && bytes.len() == WATERMARK_BYTES =>
        {
            Some((name.clone(), Watermark::from_bytes(bytes)?))
        }
        _ => None,
    });
    let watermarks = watermarks.collect();
    StoredItem { amounts, unreadable, watermarks, parked: text(PARKED), rank: text(RANK) }
}

/// Returns the error of a key that was made for an item and cannot be read.
fn unknown_key(key: &RollupKey) -> SpoolError {
    SpoolError::corrupt(key.to_string().into(), "the key of a rollup item cannot be read")
}
