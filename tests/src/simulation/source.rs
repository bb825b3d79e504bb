//! The source: the table of items, and its stream of shards that end, roll over and split.
//!
//! ```text
//! write ─► the item's old and new image ─► a record at the end of the shard of the item's hash
//!
//!     shard 0 ──┬── shard 1 ── shard 3      a child begins where its parent has ended,
//!               └── shard 2                 with the whole range of hashes, or half of it
//! ```
//!
//! The world is the table: a map of sales is enough.
//!
//! A record may be readable only some time after its write, and may name an earlier second.
//!
//! **Invariant:** an item's records are in one lineage of shards, in the order of its writes, and
//! become readable in this order. A write that changes nothing makes no record, as on AWS.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use weir_rollups::fnv::fnv1a;

use super::dice::Dice;
use super::numbers::Numbers;
use super::shop::{Sale, keys};

/// The stream.
pub(crate) const ARN: &str =
    "arn:aws:dynamodb:us-east-1:123456789012:table/shop/stream/2026-05-01T00:00:00.000";
/// When a world begins, in seconds since 1970, and its stream.
pub(crate) const EPOCH_SECS: u64 = 1_777_593_600;
/// How long a stream keeps a record.
const RETENTION_SECS: u64 = 24 * 60 * 60;
/// How long a shard takes records.
const SHARD_LIFE_SECS: u64 = 4 * 60 * 60;
/// How many hashes there are.
const HASHES: u32 = 1 << 16;
/// Spreads item numbers over the hashes (Knuth's multiplicative hashing).
const SPREAD: u32 = 2_654_435_769;

/// How records differ from the writes that they are of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lag {
    /// How often a record is readable later than its write, and by how much at most.
    pub(crate) late_per_mille: u32,
    pub(crate) latest_ms: u64,
    /// How often a record names an earlier second, and by how much at most.
    pub(crate) back_per_mille: u32,
    pub(crate) most_back_secs: u64,
    /// How often a record names a later second, and by how much at most.
    pub(crate) ahead_per_mille: u32,
    pub(crate) most_ahead_secs: u64,
}

impl Lag {
    /// Returns whether records name the seconds of their writes.
    pub(crate) fn names_the_second(&self) -> bool {
        self.back_per_mille == 0 && self.ahead_per_mille == 0
    }
}

/// The table and its stream.
#[derive(Debug)]
pub(crate) struct Source {
    began: Instant,
    /// How much later than the world's clock says it is.
    skipped_secs: u64,
    dice: Dice,
    lag: Lag,
    items: BTreeMap<usize, Sale>,
    shards: Vec<Shard>,
    events: usize,
}

/// A shard with its records.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) id: String,
    /// The place of the parent among the shards.
    pub(crate) parent: Option<usize>,
    /// When it ended, in seconds since 1970.
    pub(crate) closed_at: Option<u64>,
    pub(crate) records: Vec<Record>,
    /// The place of the first record that is not trimmed.
    pub(crate) oldest: usize,
    hashes: Range<u32>,
    numbers: Numbers,
}

/// A change of an item, as DynamoDB's JSON.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) keys: Value,
    pub(crate) old: Option<Value>,
    pub(crate) new: Option<Value>,
}

/// A stream record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) sequence_number: String,
    pub(crate) event_id: String,
    pub(crate) seconds: u64,
    /// When it can be read, in milliseconds since 1970.
    pub(crate) readable_at_ms: u64,
    pub(crate) event_name: &'static str,
    pub(crate) is_expiry: bool,
    /// Whether it is of a rollup item beside the items.
    pub(crate) is_rollup_item: bool,
    /// Keys and images, as both Lambda and the Streams API write them.
    pub(crate) images: Value,
}

impl Source {
    /// Returns an empty table whose stream has so many shards.
    pub(crate) fn new(mut dice: Dice, shards: u32, lag: Lag) -> Self {
        let part = HASHES / shards;
        let hashes = (0..shards).map(|shard| {
            let end = if shard + 1 == shards { HASHES } else { (shard + 1) * part };
            shard * part..end
        });
        let shards =
            hashes.enumerate().map(|(n, hashes)| Shard::new(&mut dice, n, None, hashes)).collect();
        let (began, items) = (Instant::now(), BTreeMap::new());
        Self { began, skipped_secs: 0, dice, lag, items, shards, events: 0 }
    }

    /// Returns the time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        (EPOCH_SECS + self.skipped_secs) * 1000 + self.began.elapsed().as_millis() as u64
    }

    /// Returns the time, in seconds since 1970.
    pub(crate) fn now_secs(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Returns how records differ from their writes.
    pub(crate) fn lag(&self) -> Lag {
        self.lag
    }

    /// Returns the items of the table.
    pub(crate) fn items(&self) -> &BTreeMap<usize, Sale> {
        &self.items
    }

    /// Returns every shard there ever was, parents before children.
    pub(crate) fn shards(&self) -> &[Shard] {
        &self.shards
    }

    /// Puts an item that is older than the stream.
    pub(crate) fn put_before_stream(&mut self, id: usize, sale: Sale) {
        self.items.insert(id, sale);
    }

    /// Puts or deletes an item. Returns the place of the shard that got a record.
    pub(crate) fn write(&mut self, id: usize, new: Option<Sale>, is_expiry: bool) -> Option<usize> {
        let old = match &new {
            Some(sale) => self.items.insert(id, sale.clone()),
            None => self.items.remove(&id),
        };
        if old == new {
            return None;
        }
        let hash = (id as u32).wrapping_mul(SPREAD) >> 16;
        let image = |sale: Option<Sale>| sale.map(|sale| sale.image(id));
        let change = Change { keys: Value::Object(keys(id)), old: image(old), new: image(new) };
        Some(self.push(hash, change, is_expiry, false))
    }

    /// Notes the write of a rollup item beside the items. Returns when its record can be read.
    pub(crate) fn note_rollup_item(&mut self, change: Change) -> Duration {
        let partition = change.keys["PK"]["S"].as_str().unwrap_or_default();
        let hash = fnv1a(partition.bytes()) as u32 % HASHES;
        let shard = self.push(hash, change, false, true);
        let readable_at_ms = self.shards[shard].records.last().map(|last| last.readable_at_ms);
        Duration::from_millis(readable_at_ms.unwrap_or_default().saturating_sub(self.now_ms()))
    }

    /// Appends a record to the shard of a hash. Returns the place of the shard.
    fn push(&mut self, hash: u32, change: Change, is_expiry: bool, is_rollup_item: bool) -> usize {
        let open = self
            .shards
            .iter()
            .position(|shard| shard.closed_at.is_none() && shard.hashes.contains(&hash));
        let place = open.expect("open shards have every hash");
        self.events += 1;
        let (seconds, readable_at_ms) = self.times();
        let shard = &mut self.shards[place];
        let readable_at_ms =
            shard.records.last().map_or(0, |last| last.readable_at_ms).max(readable_at_ms);
        let Change { keys, old, new } = change;
        let event_name = match (&old, &new) {
            (None, _) => "INSERT",
            (_, None) => "REMOVE",
            _ => "MODIFY",
        };
        let mut images = json!({ "Keys": keys });
        for (name, image) in [("OldImage", old), ("NewImage", new)] {
            if let Some(image) = image {
                images[name] = image;
            }
        }
        shard.records.push(Record {
            sequence_number: shard.numbers.next(&mut self.dice),
            event_id: format!("{:032x}", self.events),
            seconds,
            readable_at_ms,
            event_name,
            is_expiry,
            is_rollup_item,
            images,
        });
        place
    }

    /// Returns the second that a record of a write names, and when it can be read.
    fn times(&mut self) -> (u64, u64) {
        let Lag { late_per_mille, latest_ms, back_per_mille, most_back_secs, .. } = self.lag;
        let (mut seconds, mut readable_at_ms) = (self.now_secs(), self.now_ms());
        if self.dice.happens(back_per_mille) {
            seconds -= self.dice.within(1..=most_back_secs as usize) as u64;
        }
        if self.dice.happens(self.lag.ahead_per_mille) {
            seconds += self.dice.within(1..=self.lag.most_ahead_secs as usize) as u64;
        }
        if self.dice.happens(late_per_mille) {
            readable_at_ms += self.dice.millis(1..=latest_ms).as_millis() as u64;
        }
        (seconds, readable_at_ms)
    }

    /// Ends a shard, which continues in one child or in two. Returns whether it could: a range of
    /// one hash cannot split.
    pub(crate) fn end(&mut self, place: usize, splits: bool) -> bool {
        let hashes = self.shards[place].hashes.clone();
        let middle = hashes.start + (hashes.end - hashes.start) / 2;
        let children = match splits {
            false => vec![hashes],
            true => vec![hashes.start..middle, middle..hashes.end],
        };
        if self.shards[place].closed_at.is_some() || children.iter().any(Range::is_empty) {
            return false;
        }
        self.shards[place].closed_at = Some(self.now_secs());
        for hashes in children {
            let child = Shard::new(&mut self.dice, self.shards.len(), Some(place), hashes);
            self.shards.push(child);
        }
        true
    }

    /// Lets time pass without anything happening. Shards that would live too long end, and what is
    /// older than the retention then is trimmed.
    pub(crate) fn skip(&mut self, seconds: u64) {
        self.skipped_secs += seconds;
        if seconds > SHARD_LIFE_SECS {
            for place in 0..self.shards.len() {
                self.end(place, false);
            }
        }
        let now = self.now_secs();
        for shard in &mut self.shards {
            let is_kept = |record: &Record| record.seconds + RETENTION_SECS > now;
            let oldest = shard.records.iter().position(is_kept);
            shard.oldest = oldest.unwrap_or(shard.records.len());
        }
    }
}

impl Shard {
    /// Returns the number of its records that can be read.
    pub(crate) fn readable(&self, now_ms: u64) -> usize {
        self.records.partition_point(|record| record.readable_at_ms <= now_ms)
    }

    /// Returns whether it is not listed any more: all of it was trimmed.
    pub(crate) fn is_forgotten(&self, now_secs: u64) -> bool {
        self.oldest == self.records.len()
            && self.closed_at.is_some_and(|closed| closed + RETENTION_SECS <= now_secs)
    }

    fn new(dice: &mut Dice, place: usize, parent: Option<usize>, hashes: Range<u32>) -> Self {
        Self {
            id: format!("shardId-{:020}-{place:08x}", EPOCH_SECS * 1000 + place as u64),
            parent,
            closed_at: None,
            records: Vec::new(),
            oldest: 0,
            hashes,
            numbers: Numbers::new(dice),
        }
    }
}
