//! The product's own event source mapping, over the world's stream, with pollers that die and
//! overlap.
//!
//! ```text
//! supervisor ─► poller, poller …     each an EventSourceMapping with a name for the lease
//!      │            └─► handler ─► ledger, invocation
//!      └── kills one, stops one, starts one more, replaces what has ended
//! ```
//!
//! A poller that is killed leaves its invocations behind so often: as a process that was paused,
//! and not ended, does.
//!
//! **Invariant:** what the mapping may rely on is DynamoDB's: shards, iterators, and a conditional
//! write for the lease and each checkpoint.

mod handler;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use weir_processor::mapping::{Error, EventSourceMapping, Settings, Source as StreamSource};
use weir_table::Connection;
use weir_table::checkpoints::Checkpoints;

use super::clock::LEASE_LIFE;
use super::dice::Dice;
use super::dynamodb::DynamoDb;
use super::fleet::Fleet;
use super::ledger::Ledger;
use super::shop::ROLLUPS_TABLE;
use super::source::ARN;
use super::tally::Count;
use super::world::World;

/// How many records a batch has at most: a world's is one of these.
const BATCH_SIZES: [usize; 3] = [3, 10, 100];
/// How long a batch may fill.
const LONGEST_BATCHING_MS: u64 = 3_000;
/// How long a poller pauses when it found nothing: longer than usual, for each read costs the
/// simulation a request.
const IDLE_MS: RangeInclusive<u64> = 1_500..=6_000;
/// How often the supervisor looks after its pollers.
const LOOK_MS: RangeInclusive<u64> = 1_000..=15_000;
/// While things go wrong it kills a poller, stops one, or starts one more, so often when it looks.
const KILL_PER_MILLE: u32 = 250;
const STOP_PER_MILLE: u32 = 80;
const SECOND_PER_MILLE: u32 = 120;
/// A new poller has the name of an earlier one so often, and takes the lease at once.
const SAME_NAME_PER_MILLE: u32 = 300;
/// The rate at which a killed poller's invocations continue.
const PAUSED_PER_MILLE: u32 = 400;
/// How long a poller may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(120);

/// The pollers of one world.
pub(crate) struct Pollers {
    world: Arc<World>,
    fleet: Arc<Fleet>,
    connection: Connection,
    dynamodb: DynamoDb,
    settings: Settings,
    state: Mutex<State>,
}

struct State {
    dice: Dice,
    ledger: Ledger,
    pollers: Vec<Poller>,
    names: usize,
    /// Whether no poller may start.
    is_held: bool,
    /// By shard: all before it were handled since the stream was last read from its beginning.
    handled: Vec<usize>,
}

/// A poller that runs, or has ended by itself.
struct Poller {
    name: String,
    task: JoinHandle<Result<(), Error>>,
    stop: watch::Sender<bool>,
    /// When it was asked to stop.
    stopping: Option<Instant>,
    /// Ends its invocations.
    death: watch::Sender<bool>,
}

impl Pollers {
    pub(crate) fn new(
        world: &Arc<World>,
        fleet: &Arc<Fleet>,
        connection: &Connection,
        dynamodb: &DynamoDb,
        mut dice: Dice,
    ) -> Arc<Self> {
        let settings = Settings {
            batch_size: dice.pick(&BATCH_SIZES),
            batching_window: dice.millis(0..=LONGEST_BATCHING_MS),
            idle_pause: dice.millis(IDLE_MS),
            lease_time_to_live: LEASE_LIFE,
            ..Settings::new(StreamSource::Stream(ARN.to_owned()), "nobody yet")
        };
        let (ledger, pollers, handled) = (Ledger::default(), Vec::new(), Vec::new());
        Arc::new(Self {
            world: Arc::clone(world),
            fleet: Arc::clone(fleet),
            connection: connection.clone(),
            dynamodb: dynamodb.clone(),
            settings,
            state: Mutex::new(State { dice, ledger, pollers, names: 0, is_held: false, handled }),
        })
    }

    /// Keeps at least one poller running.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.bury();
            if self.needs_poller() {
                self.start();
            }
            let (pause, kills, stops, starts) = {
                let State { dice, .. } = &mut *self.state();
                let pause = dice.millis(LOOK_MS);
                let mut happens = |per_mille| dice.happens(per_mille) && !self.world.is_calm();
                let kills = happens(KILL_PER_MILLE);
                (pause, kills, happens(STOP_PER_MILLE), happens(SECOND_PER_MILLE))
            };
            sleep(pause).await;
            if kills {
                self.kill();
            } else if stops {
                self.stop();
            } else if starts && !self.state().is_held {
                self.start();
            }
        }
    }

    /// Returns whether every record was handled.
    pub(crate) fn has_drained(&self) -> bool {
        let (source, state) = (self.world.source(), self.state());
        source.shards().iter().enumerate().all(|(place, shard)| {
            let handled = state.handled.get(place).copied().unwrap_or_default();
            handled.max(shard.oldest) == shard.records.len()
        })
    }

    /// Reads the stream again from its oldest record on: as if its checkpoints had never been.
    pub(crate) async fn replay(&self) {
        self.world.journal.record(format_args!("replay"));
        self.world.journal.count(Count::Replays, 1);
        self.state().is_held = true;
        while !self.state().pollers.is_empty() {
            self.kill();
        }
        self.world.landed().await;
        self.dynamodb.forget_checkpoints();
        let mut state = self.state();
        state.handled.clear();
        state.is_held = false;
    }

    fn needs_poller(&self) -> bool {
        let state = self.state();
        !state.is_held && state.pollers.iter().all(|poller| poller.stopping.is_some())
    }

    /// Removes pollers that have ended: on request, or because their first look at the stream
    /// failed.
    fn bury(&self) {
        self.state().pollers.retain(|Poller { name, task, stopping, .. }| {
            if stopping.is_some_and(|since| since.elapsed() > STOP_PATIENCE) {
                self.world.journal.violate(format!("{name} does not stop"));
            }
            !task.is_finished()
        });
    }

    fn start(self: &Arc<Self>) {
        let name = {
            let State { dice, names, .. } = &mut *self.state();
            *names += 1;
            let number =
                if dice.happens(SAME_NAME_PER_MILLE) { dice.within(1..=*names) } else { *names };
            format!("poller {number}")
        };
        self.world.journal.record(format_args!("{name} starts"));
        let checkpoints = Checkpoints::new(self.connection.dynamodb(), ROLLUPS_TABLE);
        let settings = Settings { owner: name.clone(), ..self.settings.clone() };
        let mapping = EventSourceMapping::new(&self.connection, checkpoints, settings);
        let (stop, mut stopped) = watch::channel(false);
        let (death, dead) = watch::channel(false);
        let this = Arc::clone(self);
        let handler = move |event: Vec<u8>| {
            let (this, dead) = (Arc::clone(&this), dead.clone());
            async move { this.handle(event, dead).await }
        };
        let task = tokio::spawn(mapping.run(handler, async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }));
        self.state().pollers.push(Poller { name, task, stop, stopping: None, death });
    }

    fn kill(&self) {
        let State { dice, pollers, .. } = &mut *self.state();
        if pollers.is_empty() {
            return;
        }
        let poller = pollers.remove(dice.within(0..=pollers.len() - 1));
        let is_paused = dice.happens(PAUSED_PER_MILLE) && !self.world.is_calm();
        let Poller { name, task, death, .. } = poller;
        self.world
            .journal
            .record(format_args!("{name} is killed, its invocations go on: {is_paused}"));
        self.world.journal.count(Count::Pollers, 1);
        task.abort();
        if !is_paused {
            death.send_replace(true);
        }
    }

    /// Lets a poller finish what it does.
    fn stop(&self) {
        if let Some(poller) = self.state().pollers.last_mut() {
            self.world.journal.record(format_args!("{} is told to stop", poller.name));
            poller.stop.send_replace(true);
            poller.stopping.get_or_insert_with(Instant::now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while holding it")
    }
}
