//! The history of a world: writes to a few items, at random times, while shards end.
//!
//! | write | record |
//! |---|---|
//! | insert, update, delete | INSERT, MODIFY, REMOVE |
//! | an item's time to live passes | REMOVE by DynamoDB |
//! | a transaction over several items | one for each, in several shards |
//! | one that changes nothing | none |

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::dice::Dice;
use super::shop::Sale;
use super::source::Record;
use super::tally::Count;
use super::world::World;

/// How many items there are.
const ITEMS: RangeInclusive<usize> = 2..=12;
/// The most items of a transaction.
const MOST_AT_ONCE: usize = 5;
/// A write is a transaction so often.
const TRANSACTION_PER_MILLE: u32 = 100;
/// A write to an item that is there removes it so often, and half of that by its time to live.
const REMOVAL_PER_MILLE: u32 = 200;
/// An item is older than the stream so often, in a world whose table is.
const OLD_PER_MILLE: u32 = 600;
/// Writes come in a rush so often; otherwise with pauses between them.
const RUSH_PER_MILLE: u32 = 600;
/// The longest pause between two writes.
const LONGEST_PAUSE_MS: u64 = 3_000;
/// A write is followed by the end of a shard so often, and that is a split so often.
const END_PER_MILLE: u32 = 35;
const SPLIT_PER_MILLE: u32 = 500;
/// No more shards than this come to be, so that each has some records.
const MOST_SHARDS: usize = 8;

/// The writer.
#[derive(Debug)]
pub(crate) struct History {
    dice: Dice,
    items: usize,
}

impl History {
    pub(crate) fn new(mut dice: Dice) -> Self {
        let items = dice.within(ITEMS);
        Self { dice, items }
    }

    /// Puts some of the items before there is a stream.
    pub(crate) fn begin(&mut self, world: &World) {
        for id in 0..self.items {
            if self.dice.happens(OLD_PER_MILLE) {
                let sale = Sale::new(&mut self.dice);
                world.journal.record(format_args!("before the stream, item {id}: {sale:?}"));
                world.source().put_before_stream(id, sale);
            }
        }
    }

    /// Writes so often, with pauses: fewer of them in a rush.
    pub(crate) async fn write(&mut self, world: &Arc<World>, writes: usize, rushes: bool) {
        for _ in 0..writes {
            if !(rushes && self.dice.happens(RUSH_PER_MILLE)) {
                sleep(self.pause()).await;
            }
            let at_once = match self.dice.happens(TRANSACTION_PER_MILLE) {
                true => self.dice.within(2..=MOST_AT_ONCE.min(self.items)),
                false => 1,
            };
            let first = self.dice.within(0..=self.items - 1);
            for next in 0..at_once {
                self.change((first + next) % self.items, world);
            }
            if self.dice.happens(END_PER_MILLE) {
                self.end_a_shard(world);
            }
            world.notify();
        }
    }

    fn pause(&mut self) -> Duration {
        self.dice.millis(0..=LONGEST_PAUSE_MS)
    }

    fn change(&mut self, id: usize, world: &Arc<World>) {
        let mut source = world.source();
        let (new, is_expiry) = match source.items().get(&id) {
            None => (Some(Sale::new(&mut self.dice)), false),
            Some(_) if self.dice.happens(REMOVAL_PER_MILLE) => (None, self.dice.happens(500)),
            Some(sale) => (Some(sale.changed(&mut self.dice)), false),
        };
        let event = format!("write item {id}: {new:?}");
        if let Some(shard) = source.write(id, new, is_expiry) {
            let shard = &source.shards()[shard];
            let Record { sequence_number, seconds, readable_at_ms, .. } =
                &shard.records[shard.records.len() - 1];
            world.journal.record(format_args!("{event} as {sequence_number} of {}", shard.id));
            world.journal.count(Count::Records, 1);
            world.journal.count(Count::SteppedBack, usize::from(*seconds < source.now_secs()));
            world.journal.count(Count::Ahead, usize::from(*seconds > source.now_secs()));
            let late = readable_at_ms.saturating_sub(source.now_ms());
            if late > 0 {
                world.journal.count(Count::LateRecords, 1);
                world.notify_in(Duration::from_millis(late));
            }
        }
    }

    fn end_a_shard(&mut self, world: &World) {
        let mut source = world.source();
        let shards = source.shards().len();
        let (place, splits) =
            (self.dice.within(0..=shards - 1), self.dice.happens(SPLIT_PER_MILLE));
        if shards < MOST_SHARDS && source.end(place, splits) {
            world.journal.record(format_args!("shard {place} ends, splits: {splits}"));
            let count = if splits { Count::Splits } else { Count::Rollovers };
            world.journal.count(count, 1);
        }
    }
}
