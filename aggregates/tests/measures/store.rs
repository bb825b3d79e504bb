//! The table of rollups as DynamoDB would hold it, and invocations that write to it as the shell
//! does.
//!
//! An invocation first tries each update by itself, and then writes the rows that cross zero
//! together with the rollup item that counts them. Others may write between the two, and it may die
//! after any of its writes.

use std::collections::{BTreeMap, HashMap};

use bigdecimal::{BigDecimal, Zero};
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::watermark::STALE_AFTER_SECS;
use weir_rollups::{Accumulator, Amounts, Bookkeeping, Change, RollupKey, Update, Watermark, fold};

const SHARD_IDS: [&str; crate::history::SHARDS] = ["shardId-a", "shardId-b"];
/// How many rows are written in one transaction; fewer than the shell writes, so that there are
/// several.
const MAX_ROWS: usize = 2;
/// How often a write may have to be repeated: once for each other invocation that may be on its
/// way, and once more.
const MAX_ROUNDS: usize = 4;
const EMPTY_ROW_SECS: i64 = 96 * 60 * 60;
const MAX_DIGITS: u64 = 38;

/// A rollup item or a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stored {
    /// By shard, with the stored bytes.
    pub(crate) watermarks: BTreeMap<usize, Vec<u8>>,
    pub(crate) numbers: BTreeMap<String, BigDecimal>,
    pub(crate) rank: Option<String>,
    pub(crate) expires_at: Option<i64>,
}

/// All rollup items and rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Store {
    pub(crate) items: BTreeMap<RollupKey, Stored>,
    /// The time of the newest record seen.
    now: i64,
}

/// An update whose row crosses zero, with the count that was seen.
#[derive(Clone, Debug)]
struct Pending {
    update: Update,
    seen: Option<BigDecimal>,
}

/// An invocation on its way.
#[derive(Debug)]
pub(crate) struct Invocation {
    shard: usize,
    pending: Vec<Pending>,
    /// How many more writes it lives.
    budget: usize,
    /// Whether something was left undone.
    is_dead: bool,
}

impl Stored {
    /// The number of that name, where there is one.
    fn count(&self) -> Option<&BigDecimal> {
        self.numbers.get("count")
    }

    pub(crate) fn number(&self, name: &str) -> BigDecimal {
        self.numbers.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.numbers.values().all(Zero::is_zero)
    }

    /// As it is read.
    pub(crate) fn item(&self) -> Item {
        let numbers = self.numbers.iter();
        let number = |(name, number): (&String, &BigDecimal)| {
            (name.clone(), AttributeValue::N(number.normalized().to_plain_string()))
        };
        numbers.map(number).collect::<HashMap<_, _>>().into()
    }

    fn has_absorbed(&self, shard: usize, update: &Update) -> bool {
        let bound = Watermark::lower_bound(update.first());
        self.watermarks.get(&shard).is_some_and(|stored| *stored >= bound)
    }

    fn add(&mut self, amounts: &Amounts, bookkeeping: &Bookkeeping) {
        for (name, amount) in amounts.to_add() {
            let amount: BigDecimal = amount.to_string().parse().expect("a number");
            let sum = (self.number(&name) + amount).normalized();
            assert!(sum.digits() <= MAX_DIGITS, "{name} would be {sum}");
            self.numbers.insert(name, sum);
        }
        if let Some(rank) = &bookkeeping.rank {
            self.rank = Some(rank.clone());
        }
        match bookkeeping.expires_at {
            Some(seconds) => self.expires_at = Some(seconds),
            None if bookkeeping.is_row() => self.expires_at = None,
            None => {}
        }
    }

    fn absorb(&mut self, shard: usize, update: &Update) {
        self.watermarks.insert(shard, update.last().to_bytes());
        self.add(&update.amounts(), &update.bookkeeping);
    }
}

fn added(update: &Update) -> i128 {
    update.amounts().get(&Accumulator::Items)
}

/// The condition of a write that is not to cross zero.
fn goes_on(count: Option<&BigDecimal>, added: i128) -> bool {
    let (zero, left) = (BigDecimal::zero(), BigDecimal::from(-added));
    match added.cmp(&0) {
        std::cmp::Ordering::Equal => true,
        std::cmp::Ordering::Greater => count.is_some_and(|count| *count > zero || *count <= left),
        std::cmp::Ordering::Less => count.is_none_or(|count| *count > left || *count <= zero),
    }
}

impl Invocation {
    /// Tries each update by itself, beginning with some.
    pub(crate) fn begin(
        store: &mut Store,
        model: &Model,
        shard: usize,
        batch: &[Change],
        first: usize,
        dies_after: Option<usize>,
    ) -> Self {
        let mut updates = fold(model, SHARD_IDS[shard], batch).updates;
        let length = updates.len().max(1);
        updates.rotate_left(first % length);
        let seconds = updates.iter().map(|update| i64::from(update.last().seconds));
        let known = seconds.filter(|seconds| *seconds != i64::from(u32::MAX));
        store.now = known.fold(store.now, i64::max);
        let mut invocation = Self {
            shard,
            pending: Vec::new(),
            budget: dies_after.unwrap_or(usize::MAX),
            is_dead: false,
        };
        for update in updates {
            let pending = invocation.attempt(store, update);
            invocation.pending.extend(pending);
        }
        invocation
    }

    /// Writes what crosses zero; whether the invocation ended well.
    pub(crate) fn finish(mut self, store: &mut Store) -> bool {
        let mut by_item: BTreeMap<RollupKey, Vec<Pending>> = BTreeMap::new();
        for pending in std::mem::take(&mut self.pending) {
            let item = pending.update.bookkeeping.item.clone().expect("only rows cross");
            by_item.entry(item).or_default().push(pending);
        }
        for (key, mut queue) in by_item {
            for round in 0.. {
                if queue.is_empty() {
                    break;
                }
                assert!(round < 100, "the rows of {key:?} never get through");
                let rest = queue.split_off(queue.len().min(MAX_ROWS));
                queue = self.cross(store, &key, queue);
                queue.extend(rest);
            }
        }
        !self.is_dead
    }

    fn may_write(&mut self) -> bool {
        self.is_dead |= self.budget == 0;
        self.budget = self.budget.saturating_sub(1);
        !self.is_dead
    }

    /// The conditional write, and the retry with what is left; an update that would cross.
    fn attempt(&mut self, store: &mut Store, update: Update) -> Option<Pending> {
        let mut update = update;
        for _ in 0..MAX_ROUNDS {
            if !self.may_write() {
                return None;
            }
            let stored = store.items.get(&update.key).cloned().unwrap_or_default();
            let crosses =
                update.bookkeeping.crossing.is_some() && !goes_on(stored.count(), added(&update));
            if stored.has_absorbed(self.shard, &update) {
                update = self.rest(&stored, &update)?;
                continue;
            }
            if crosses {
                return Some(Pending { seen: stored.count().cloned(), update });
            }
            store.items.entry(update.key.clone()).or_default().absorb(self.shard, &update);
            store.expire_empty(&update);
            return None;
        }
        panic!("a rollup item that nothing else writes meanwhile needs no more rounds");
    }

    fn rest(&self, stored: &Stored, update: &Update) -> Option<Update> {
        let absorbed = Watermark::from_bytes(&stored.watermarks[&self.shard]).expect("readable");
        update.after(absorbed.sequence)
    }

    /// One transaction; what is to be tried again.
    fn cross(&mut self, store: &mut Store, key: &RollupKey, pending: Vec<Pending>) -> Vec<Pending> {
        if !self.may_write() {
            return Vec::new();
        }
        let mut amounts = Amounts::default();
        let mut failed = Vec::new();
        for pending in &pending {
            let before = pending.seen.clone().unwrap_or_default();
            let before: i128 = before.to_plain_string().parse().expect("a whole number");
            let crossing = pending.update.bookkeeping.crossing.as_ref().expect("only rows cross");
            amounts.merge(&crossing.amounts(before, before + added(&pending.update)));
            let stored = store.items.get(&pending.update.key).cloned().unwrap_or_default();
            let is_as_seen = stored.count() == pending.seen.as_ref();
            failed.push(stored.has_absorbed(self.shard, &pending.update) || !is_as_seen);
        }
        if !failed.contains(&true) {
            let crossing = pending[0].update.bookkeeping.crossing.clone().expect("only rows cross");
            for Pending { update, .. } in &pending {
                store.items.entry(update.key.clone()).or_default().absorb(self.shard, update);
                store.expire_empty(update);
            }
            if !amounts.is_zero() {
                store.items.entry(key.clone()).or_default().add(&amounts, &crossing.bookkeeping);
            }
            return Vec::new();
        }
        let again = |(pending, failed): (Pending, bool)| {
            if failed { self.attempt(store, pending.update) } else { Some(pending) }
        };
        pending.into_iter().zip(failed).filter_map(again).collect()
    }
}

impl Store {
    /// A row of nothing is given a time to live.
    fn expire_empty(&mut self, update: &Update) {
        let row = self.items.get_mut(&update.key).expect("it was just written");
        let is_empty = row.count().is_some_and(Zero::is_zero);
        if update.bookkeeping.is_row() && is_empty {
            let soon = self.now + EMPTY_ROW_SECS;
            row.expires_at =
                Some(update.bookkeeping.expires_at.map_or(soon, |kept| kept.min(soon)));
        }
    }

    /// What becomes of it until a later time, in seconds since 1970, if some of what may go does
    /// go: what has a time to live that has passed, and watermarks that are stale.
    pub(crate) fn age(&mut self, now: i64, may_go: impl Fn(usize) -> bool) {
        let mut position = 0;
        self.items.retain(|_, stored| {
            position += 1;
            !(stored.expires_at.is_some_and(|expires_at| expires_at < now) && may_go(position))
        });
        for (position, stored) in self.items.values_mut().enumerate() {
            stored.watermarks.retain(|_, bytes| {
                let seconds = Watermark::from_bytes(bytes).expect("readable").seconds;
                let is_stale = i64::from(seconds) + i64::from(STALE_AFTER_SECS) < now;
                !(is_stale && may_go(position + 1))
            });
        }
    }
}
