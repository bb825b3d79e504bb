//! Lambda's event source mapping, as far as its guide lets one count on it.
//!
//! | it does | so |
//! |---|---|
//! | a shard's records in order the first time, cut anywhere | a batch is any stretch from where the shard has got |
//! | a failed batch again, perhaps cut otherwise, from the lowest failure | the shard goes back to it |
//! | a handled batch again, or an older stretch, even at the same time | a stray invocation beside the shard's own |
//! | begin again further back, at the trim horizon at the furthest | a rewind |
//! | give up an invocation that takes too long | it may continue, and die or end later |
//! | a child only when its parent was handled to its end | the child waits |
//!
//! To see how long it waits for an invocation, read `patience`.
//!
//! **Invariant:** every invocation begins at or before the first record of its shard that no answer
//! has acknowledged; the ledger holds it to that.

mod patience;

use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::dice::Dice;
use super::event::{self, Verdict};
use super::fleet::Fleet;
use super::ledger::Ledger;
use super::tally::Count;
use super::world::World;

/// How many records a batch has at most: a world's is one of these.
const BATCH_SIZES: [usize; 4] = [2, 5, 10, 30];
/// How long to wait for more records before a batch is cut.
const LONGEST_BATCHING_MS: u64 = 2_000;
/// A shard stalls so often, and for how long.
const STALL_PER_MILLE: u32 = 20;
const LONGEST_STALL_MS: u64 = 60_000;
/// How long to wait after a failure.
const BACKOFF_MS: RangeInclusive<u64> = 50..=1_500;
/// How long after its batch a stray invocation begins.
const LONGEST_STRAY_MS: u64 = 4_000;
/// A batch that is followed by the closing of its window.
const FINAL_PER_MILLE: u32 = 60;

/// The mapping of one world.
pub(crate) struct Lambda {
    world: Arc<World>,
    fleet: Arc<Fleet>,
    /// The most records of a batch.
    batch_size: usize,
    state: Mutex<State>,
}

struct State {
    dice: Dice,
    deliveries: Vec<Delivery>,
    ledger: Ledger,
}

/// How far a shard has got, as places among its records.
#[derive(Clone, Debug, Default)]
struct Delivery {
    /// The next to deliver.
    position: usize,
    /// Where to begin again.
    rewind: Option<usize>,
}

/// The next step of a shard's poller.
enum Step {
    Wait,
    Deliver,
}

impl Lambda {
    pub(crate) fn new(world: &Arc<World>, fleet: &Arc<Fleet>, mut dice: Dice) -> Arc<Self> {
        let batch_size = dice.pick(&BATCH_SIZES);
        let state = State { dice, deliveries: Vec::new(), ledger: Ledger::default() };
        Arc::new(Self {
            world: Arc::clone(world),
            fleet: Arc::clone(fleet),
            batch_size,
            state: Mutex::new(state),
        })
    }

    /// Takes up polling every shard there is and will be.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut pollers = JoinSet::new();
        loop {
            let shards = self.world.source().shards().len();
            while pollers.len() < shards {
                let shard = pollers.len();
                self.state().deliveries.push(Delivery::default());
                pollers.spawn(Arc::clone(&self).poll(shard));
            }
            self.world.changed().await;
        }
    }

    /// Returns whether every record was handled.
    pub(crate) fn has_drained(&self) -> bool {
        let (source, state) = (self.world.source(), self.state());
        source.shards().len() == state.deliveries.len()
            && source.shards().iter().zip(&state.deliveries).all(|(shard, delivery)| {
                delivery.rewind.is_none() && delivery.position == shard.records.len()
            })
    }

    /// Begins again with records that are still kept: from the oldest, or from any.
    pub(crate) fn replay(&self, from_oldest: bool) {
        self.world.journal.record(format_args!("replay, from the oldest: {from_oldest}"));
        self.world.journal.count(Count::Replays, 1);
        let source = self.world.source();
        let State { deliveries, dice, .. } = &mut *self.state();
        for (shard, delivery) in source.shards().iter().zip(deliveries) {
            let latest = if from_oldest { shard.oldest } else { delivery.position };
            let oldest = shard.oldest.min(latest);
            delivery.rewind = Some(dice.within(oldest..=latest));
        }
        drop(source);
        self.world.notify();
    }

    async fn poll(self: Arc<Self>, shard: usize) {
        loop {
            match self.step(shard) {
                Step::Wait => self.world.changed().await,
                Step::Deliver => self.deliver(shard).await,
            }
        }
    }

    fn step(&self, shard: usize) -> Step {
        let (source, mut state) = (self.world.source(), self.state());
        if let Some(rewind) = state.deliveries[shard].rewind.take() {
            state.deliveries[shard].position = rewind;
            // Tasks that wait for the shard to be handled look again.
            self.world.notify();
        }
        let this = &source.shards()[shard];
        let is_held = this.parent.is_some_and(|parent| {
            let records = source.shards()[parent].records.len();
            let delivery = &state.deliveries[parent];
            delivery.rewind.is_some() || delivery.position < records
        });
        let readable = this.readable(source.now_ms());
        match is_held || state.deliveries[shard].position >= readable {
            true => Step::Wait,
            false => Step::Deliver,
        }
    }

    /// Cuts a batch, hands it over, and continues from where the answer says.
    async fn deliver(self: &Arc<Self>, shard: usize) {
        let wait = {
            let State { dice, .. } = &mut *self.state();
            let stalls = dice.happens(STALL_PER_MILLE) && !self.world.is_calm();
            dice.millis(0..=if stalls { LONGEST_STALL_MS } else { LONGEST_BATCHING_MS })
        };
        sleep(wait).await;
        let batch = self.cut(shard);
        if self.chance(self.world.weather.overlap) {
            self.stray(shard);
        }
        let verdict = self.hand_over(shard, batch.clone()).await;
        let (backoff, is_rewound) = {
            let mut state = self.state();
            let rewind = state.dice.happens(self.world.weather.rewind) && !self.world.is_calm();
            let backoff = state.dice.millis(BACKOFF_MS);
            let State { dice, deliveries, .. } = &mut *state;
            let delivery = &mut deliveries[shard];
            delivery.position = match &verdict {
                Verdict::Handled => batch.end,
                Verdict::Before(place) => batch.start + place,
            };
            if rewind && delivery.rewind.is_none() {
                let oldest = self.world.source().shards()[shard].oldest;
                delivery.rewind =
                    Some(dice.within(oldest.min(delivery.position)..=delivery.position));
            }
            (backoff, rewind)
        };
        if is_rewound {
            self.world.journal.count(Count::Rewinds, 1);
        }
        self.world.notify();
        if verdict != Verdict::Handled {
            return sleep(backoff).await;
        }
        if self.chance(FINAL_PER_MILLE) {
            self.close_window(shard).await;
        }
        if self.chance(self.world.weather.overlap) {
            self.stray(shard);
        }
    }

    /// Returns the next batch of a shard.
    fn cut(&self, shard: usize) -> Range<usize> {
        let (source, mut state) = (self.world.source(), self.state());
        let readable = source.shards()[shard].readable(source.now_ms());
        let position = state.deliveries[shard].position;
        let most = self.batch_size.min(readable - position);
        position..position + state.dice.within(1..=most)
    }

    /// Invokes the function beside the shard's own deliveries, beginning with something that was
    /// handled.
    fn stray(self: &Arc<Self>, shard: usize) {
        if self.world.is_calm() {
            return;
        }
        let (batch, wait) = {
            let (source, mut state) = (self.world.source(), self.state());
            let this = &source.shards()[shard];
            let State { dice, ledger, .. } = &mut *state;
            let readable = this.readable(source.now_ms());
            let latest = ledger.acknowledged(shard).min(readable.saturating_sub(1));
            let first = dice.within(this.oldest.min(latest)..=latest);
            let most = self.batch_size.min(readable - first);
            (first..first + dice.within(1..=most.max(1)), dice.millis(0..=LONGEST_STRAY_MS))
        };
        self.world.journal.count(Count::Overlaps, 1);
        let this = Arc::clone(self);
        let flight = self.world.fly();
        tokio::spawn(async move {
            sleep(wait).await;
            this.hand_over(shard, batch).await;
            drop(flight);
        });
    }

    /// Hands over a batch and takes note of what the answer acknowledges.
    async fn hand_over(&self, shard: usize, batch: Range<usize>) -> Verdict {
        let (event, name) = {
            let source = self.world.source();
            let State { dice, ledger, .. } = &mut *self.state();
            let this = &source.shards()[shard];
            let event = event::event(&this.id, &this.records[batch.clone()], dice);
            (event, ledger.begin(&self.world, source.shards(), shard, &batch))
        };
        let outcome = self.outcome(&name, event, batch.len()).await;
        self.state().ledger.end(&self.world, &name, shard, &batch, outcome.as_ref())
    }

    fn chance(&self, per_mille: u32) -> bool {
        self.state().dice.happens(per_mille)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while holding it")
    }
}
