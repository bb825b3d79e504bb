//! The verification of a revision while it is maintained: a recount at a cut, moved to the
//! watermarks of each row.
//!
//! **Invariant:** nothing is written before drift is found, and a repair adds its opposite.

use std::collections::{BTreeMap, HashMap};

use fastrand::Rng;
use weir_model::{Item, Model};
use weir_rollups::{
    Accumulator, Amounts, Bookkeeping, Change, RollupKey, SequenceNumber, Update, fold,
};

use super::base::{Capture, sum};
use super::numbers::{Drift, Numbers, plain, sum_of_amount};
use super::store::{Addition, Store};
use super::weakness::Weakness;
use super::world::World;

/// A verification that is at work.
pub(super) struct Verification {
    pub(super) cut: u32,
    scanned: Vec<Option<Item>>,
    /// The number of rows that are still to be read.
    unread: usize,
    /// The rows that were read.
    rows: HashMap<RollupKey, ReadRow>,
}

/// A row at the time of its read.
struct ReadRow {
    numbers: Numbers,
    /// By shard: the last record that it had absorbed.
    absorbed: Vec<Option<SequenceNumber>>,
}

impl Verification {
    /// Returns a verification at a cut, of items as a scan read them.
    pub(super) fn new(cut: u32, scanned: Vec<Option<Item>>) -> Self {
        Self { cut, scanned, unread: 0, rows: HashMap::new() }
    }

    /// Returns the rows to be read: those that are stored, and those of the records that a capture
    /// has at a time.
    pub(super) fn keys(
        &mut self,
        world: &World,
        model: &Model,
        store: &Store,
        at: f64,
    ) -> Vec<RollupKey> {
        let mut keys: Vec<_> = store.rows().map(|(key, _)| key.clone()).collect();
        for shard in 0..world.shards.len() {
            let updates = self.updates(world, model, shard, at);
            keys.extend(updates.into_iter().map(|update| update.key));
        }
        keys.sort();
        keys.dedup();
        self.unread = keys.len();
        keys
    }

    /// Reads a row: its amounts and its watermarks in one read.
    pub(super) fn read(&mut self, world: &World, store: &Store, key: RollupKey) {
        let numbers = Numbers::new(&store.amounts(&key));
        let shards = 0..world.shards.len();
        let absorbed = |shard| Some(store.watermark(&key, &World::shard_id(shard))?.sequence);
        let absorbed = shards.map(absorbed).collect();
        self.rows.insert(key, ReadRow { numbers, absorbed });
        self.unread -= 1;
    }

    /// Whether every row was read.
    pub(super) fn is_complete(&self) -> bool {
        self.unread == 0
    }

    /// Returns the stored numbers less the expected ones, where they differ; `None` if times
    /// stepped back. The capture has every record that a row had absorbed when it was read.
    pub(super) fn drift(&self, world: &World, model: &Model, at: f64) -> Option<Drift> {
        let mut drift = Drift::new();
        let capture = Capture::new(world, self.cut, at);
        if capture.stepped_back {
            return None;
        }
        let images = capture.rewind(&self.scanned, Weakness::AsDecided);
        for (key, (_, amounts)) in sum(model, "@verify", &images, at) {
            drift.entry(plain(&key)).or_default().subtract(Numbers::new(&amounts));
        }
        for (key, row) in &self.rows {
            drift.entry(plain(key)).or_default().add(row.numbers);
        }
        for shard in 0..world.shards.len() {
            for update in self.updates(world, model, shard, at) {
                let Some(row) = self.rows.get(&update.key) else { continue };
                let Some(absorbed) = row.absorbed[shard] else { continue };
                let rest = update.after(absorbed).map(|rest| rest.amounts());
                let numbers = drift.entry(plain(&update.key)).or_default();
                numbers.subtract(Numbers::new(&update.amounts()));
                numbers.add(Numbers::new(&rest.unwrap_or_default()));
            }
        }
        // A number of rows follows from the rows, which are compared themselves.
        drift.values_mut().for_each(|numbers| numbers.distinct = 0);
        drift.retain(|_, numbers| *numbers != Numbers::default());
        Some(drift)
    }

    /// Returns the updates that the captured records of a shard make.
    fn updates(&self, world: &World, model: &Model, shard: usize, at: f64) -> Vec<Update> {
        let read = &world.shards[shard];
        let changes = read.writes[..read.readable(at)].iter().map(|write| &write.change);
        let captured: Vec<&Change> =
            changes.filter(|change| change.is_since(i64::from(self.cut))).collect();
        fold(model, &World::shard_id(shard), captured).updates
    }
}

/// Adds a wrong amount to one rollup item, if there is one.
pub(super) fn plant(store: &mut Store, rng: &mut Rng) -> Drift {
    let is_item = |key: &&RollupKey| !key.partition.starts_with("sales.");
    let items: Vec<_> = store.rows().map(|(key, _)| key).filter(is_item).cloned().collect();
    if items.is_empty() {
        return Drift::new();
    }
    let key = &items[rng.usize(..items.len())];
    let planted = Numbers { items: 1, sum: 3, ..Numbers::default() };
    add(store, key, planted, 1);
    BTreeMap::from([(plain(key), planted)])
}

/// Takes drift away from the rows that have it.
pub(super) fn repair(store: &mut Store, drift: &Drift) {
    for (wanted, numbers) in drift {
        let found = store.rows().map(|(key, _)| key).find(|key| plain(key) == *wanted);
        let (partition, sort) = wanted;
        let new = RollupKey::new(partition.clone(), sort.clone());
        let key = found.cloned().unwrap_or(new);
        add(store, &key, *numbers, -1);
    }
}

fn add(store: &mut Store, key: &RollupKey, numbers: Numbers, sign: i128) {
    let mut amounts = Amounts::default();
    amounts.add(Accumulator::Items, sign * numbers.items);
    amounts.add(sum_of_amount(), sign * numbers.sum);
    let bookkeeping = Bookkeeping::default();
    store.add_always(&Addition { key, bookkeeping: &bookkeeping, amounts: &amounts });
}
