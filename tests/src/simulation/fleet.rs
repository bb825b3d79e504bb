//! The instances of the function: those of the definition that was deployed last and, while a
//! deployment rolls out, those of the one before.
//!
//! ```text
//! deployed    ├── first ────────────────────────────►
//!             │              ├── second ────────────►
//! batches     first          either        second
//! ```
//!
//! **Invariant:** an instance opens the state of the rollups before it gets a batch.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_processor::Processor;
use weir_table::error::chain;
use weir_table::{Connection, OpenedState, Table};

use super::caller::Caller;
use super::definition::Definition;
use super::dice::Dice;
use super::subscriber::{Seen, function};
use super::tally::Count;
use super::world::World;

/// How long a deployment takes at most.
const LONGEST_ROLLOUT_MS: u64 = 60_000;
/// An old instance gets a batch so often meanwhile.
const OLD_PER_MILLE: u32 = 500;
/// A deployment brings a version of Weir so often, and the old one understands no new definition.
const VERSION_PER_MILLE: u32 = 300;
/// The pause after an instance that could not start.
const START_PAUSE: Duration = Duration::from_secs(1);

/// The instances of a world.
pub(crate) struct Fleet {
    world: Arc<World>,
    connection: Connection,
    seen: Seen,
    /// Those of the reactors.
    work: Arc<Mutex<Dice>>,
    state: Mutex<State>,
}

struct State {
    dice: Dice,
    current: Option<Arc<Processor>>,
    previous: Option<Arc<Processor>>,
    /// When the last old instance ends.
    rolled_out_at: Instant,
    /// Whether the deployment brings another version of Weir as well.
    brings_version: bool,
}

/// An instance that gets a batch.
pub(crate) struct Instance {
    pub(crate) function: Arc<Processor>,
    /// Whether it understands no definition but those that it knows already.
    pub(crate) is_old_version: bool,
}

impl Fleet {
    /// Returns a fleet without instances.
    pub(crate) fn new(
        world: &Arc<World>,
        connection: &Connection,
        work: Dice,
        dice: Dice,
    ) -> Arc<Self> {
        let rolled_out_at = Instant::now();
        Arc::new(Self {
            world: Arc::clone(world),
            connection: connection.clone(),
            seen: Seen::default(),
            work: Arc::new(Mutex::new(work)),
            state: Mutex::new(State {
                dice,
                current: None,
                previous: None,
                rolled_out_at,
                brings_version: false,
            }),
        })
    }

    /// Returns what the reactors of all instances have seen.
    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Starts the only instances there will be, which count every record.
    pub(crate) fn start(&self, definition: &Definition) {
        let function = self.function(definition);
        self.state().current = Some(Arc::new(function));
    }

    /// Starts instances of a definition, which count the revisions that the state of the rollups
    /// names, and lets the old ones go some time later.
    pub(crate) async fn deploy(&self, definition: &Definition) {
        let table = Table::new(&self.connection, Arc::new(definition.model()));
        let (caller, _) = Caller::new("deployment".to_owned(), None);
        let opened = caller.scope(self.open(&table)).await;
        let function = Arc::new(self.function(definition).state(table, &opened));
        let mut state = self.state();
        let rollout = state.dice.millis(0..=LONGEST_ROLLOUT_MS);
        self.world.journal.record(format_args!("deployed within {rollout:?}: {definition}"));
        self.world.journal.count(Count::Deployments, usize::from(state.current.is_some()));
        state.brings_version = state.dice.happens(VERSION_PER_MILLE);
        state.rolled_out_at = Instant::now() + rollout;
        state.previous = state.current.replace(function);
    }

    /// Returns the instance that gets the next batch.
    pub(crate) fn pick(&self) -> Instance {
        let State { dice, current, previous, rolled_out_at, brings_version } = &mut *self.state();
        let current = current.as_ref().expect("instances start before batches come");
        let is_rolling = Instant::now() < *rolled_out_at;
        match previous {
            Some(previous) if is_rolling && dice.happens(OLD_PER_MILLE) => {
                self.world.journal.count(Count::OldInstances, 1);
                Instance { function: Arc::clone(previous), is_old_version: *brings_version }
            }
            _ => Instance { function: Arc::clone(current), is_old_version: false },
        }
    }

    async fn open(&self, table: &Table) -> OpenedState {
        loop {
            match table.open_rollups().await {
                Ok(opened) => return opened,
                Err(error) => {
                    let error = chain(&error);
                    self.world.journal.record(format_args!("an instance fails: {error}"));
                    sleep(START_PAUSE).await;
                }
            }
        }
    }

    fn function(&self, definition: &Definition) -> Processor {
        let model = Arc::new(definition.model());
        function(&self.world, model, &self.connection, &self.seen, &self.work)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while holding it")
    }
}
