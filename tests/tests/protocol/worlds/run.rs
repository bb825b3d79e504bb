//! A build in a world: the processor, the builders and the state item, event by event.
//!
//! ```text
//! Deliver ─► Write … ─► Answer               the processor, shard by shard
//! Cut ─► Begin ─► EndCapture ─► Apply … ─► Ready ─► Purge
//!          ▲ killed   │ killed     │
//!          └──────────┴────────────┘         a builder
//! ```
//!
//! **Invariant:** an event sees what there is at its time, and events happen in the order of their
//! times.

use std::collections::BTreeMap;
use std::rc::Rc;

use fastrand::Rng;
use weir_model::{Item, Model};
use weir_rollups::{RollupKey, Update};

use super::base::{Base, sum};
use super::numbers::Drift;
use super::store::{Addition, Store};
use super::verify::Verification;
use super::weakness::Weakness;
use super::world::World;

/// The revision that was created with the table, and the one that is built.
pub(super) const REVISIONS: usize = 2;
/// The most that an invocation, or one that was given up, takes to write.
pub(super) const FUNCTION_TIMEOUT: f64 = 2.0;

/// The stage of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Absent,
    Capturing(u32),
    Ready(u32),
    Retired,
    Aborted,
    Purged,
}

/// What happens at a time.
pub(super) enum Event {
    Deliver { shard: usize },
    Write { shard: usize, revision: usize, update: Box<Update> },
    Answer { shard: usize, to: usize },
    Cut,
    Begin,
    EndCapture { scanned: Vec<Option<Item>> },
    Apply { key: RollupKey, base: Rc<Base> },
    Ready { cut: u32 },
    Abort,
    Purge,
    Verify,
    ListRows,
    ReadRow { key: RollupKey },
    EndVerification,
}

/// A build in a world.
pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) models: &'a [Model; REVISIONS],
    pub(super) weakness: Weakness,
    pub(super) rng: Rng,
    pub(super) stages: [Stage; REVISIONS],
    pub(super) stores: [Store; REVISIONS],
    /// The number of acknowledged records of each shard.
    pub(super) checkpoints: Vec<usize>,
    /// The state that the processor has read: only with a weakness.
    pub(super) cached: Option<[Stage; REVISIONS]>,
    events: BTreeMap<(u64, u64), Event>,
    number: u64,
    pub(super) now: f64,
    pub(super) verification: Option<Verification>,
    pub(super) report: Report,
}

/// What happened in a world.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    pub(super) killed: bool,
    pub(super) stepped_back: bool,
    pub(super) redelivered: bool,
    /// The drift that was planted, and the drift that the verification found.
    pub(super) planted: Drift,
    pub(super) found: Option<Drift>,
}

impl<'a> Run<'a> {
    /// Returns a build that begins.
    pub(super) fn new(
        world: &'a World,
        models: &'a [Model; REVISIONS],
        weakness: Weakness,
        mut rng: Rng,
    ) -> Self {
        let replaces = rng.bool();
        let mut run = Self {
            world,
            models,
            weakness,
            stages: [if replaces { Stage::Ready(0) } else { Stage::Absent }, Stage::Absent],
            stores: Default::default(),
            checkpoints: vec![0; world.shards.len()],
            cached: None,
            events: BTreeMap::new(),
            number: 0,
            now: 0.0,
            verification: None,
            report: Report::default(),
            rng,
        };
        if replaces {
            run.count_initial_items();
        }
        for shard in 0..world.shards.len() {
            run.after(0.0, 3.0, Event::Deliver { shard });
        }
        run.after(10.0, 20.0, Event::Cut);
        run
    }

    /// Makes everything happen.
    pub(super) fn finish(mut self) -> Self {
        while let Some(((at, _), event)) = self.events.pop_first() {
            self.now = f64::from_bits(at);
            self.happen(event);
        }
        self
    }

    /// Adds the items of the beginning to the revision that was created with the table.
    fn count_initial_items(&mut self) {
        let items: Vec<_> = self.world.initial_items().collect();
        for (key, (bookkeeping, amounts)) in sum(&self.models[0], "shardId-0", &items, 0.0) {
            let addition = Addition { key: &key, bookkeeping: &bookkeeping, amounts: &amounts };
            self.stores[0].add_always(&addition);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver { shard } => self.deliver(shard),
            Event::Write { shard, revision, update } => {
                self.stores[revision].apply(&World::shard_id(shard), &update);
            }
            Event::Answer { shard, to } => {
                self.checkpoints[shard] = self.checkpoints[shard].max(to);
            }
            Event::Cut => self.cut(),
            Event::Begin => self.begin(),
            Event::EndCapture { scanned } => self.end_capture(&scanned),
            Event::Apply { key, base } => self.apply(&key, &base),
            Event::Ready { cut } => self.make_ready(cut),
            Event::Abort => {
                if matches!(self.stages[1], Stage::Capturing(_)) {
                    self.stages[1] = Stage::Aborted;
                }
            }
            Event::Purge => {
                self.stages[0] = Stage::Purged;
                self.stores[0].purge();
            }
            Event::Verify => self.verify(),
            Event::ListRows => self.list_rows(),
            Event::ReadRow { key } => {
                let verification = self.verification.as_mut().expect("a verification has begun");
                verification.read(self.world, &self.stores[1], key);
            }
            Event::EndVerification => self.end_verification(),
        }
    }

    /// Makes something happen after a time, and a random time of at most so many seconds more.
    pub(super) fn after(&mut self, least: f64, random: f64, event: Event) {
        let at = self.now + least + self.rng.f64() * random;
        self.at(at, event);
    }

    /// Makes something happen at a time. Times are not negative, so their bits are in their order.
    pub(super) fn at(&mut self, at: f64, event: Event) {
        self.number += 1;
        self.events.insert((at.to_bits(), self.number), event);
    }
}
