//! The operator of a world: it changes the definition, deploys it, and starts, kills and suspends
//! the product's builders at random moments.
//!
//! ```text
//! operator ─► definition ─► fleet of instances
//!     │
//!     └─► process, process …   each a `Builder` of the product, on a connection of its own
//! ```
//!
//! | to see | read |
//! |---|---|
//! | a builder or verifier that is killed or suspended | `process`, `suspension` |
//! | what is changed by hand, and found | `drift` |
//! | how long builds wait, and how late records are | `site` |
//! | the instances that know an older definition | `fleet` |
//! | what must hold of every revision | `revisions` |
//!
//! **Invariant:** at the end of a world its last definition is built and deployed, in calm.

mod drift;
mod process;
mod site;
mod suspension;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

pub(crate) use self::site::{Site, margins};

use self::process::{Errand, Process};
use super::caller::Death;
use super::definition::Definition;
use super::dice::Dice;
use super::fleet::Fleet;
use super::tally::Count;
use super::world::World;

/// The pause between two steps of the operator.
const PAUSE_MS: RangeInclusive<u64> = 300..=6_000;
/// The steps, each so often out of the sum of all.
const STEPS: [(Step, usize); 12] = [
    (Step::Build, 6),
    (Step::Another, 3),
    (Step::Change, 4),
    (Step::Deploy, 2),
    (Step::Kill, 3),
    (Step::Suspend, 3),
    (Step::Abort, 1),
    (Step::Purge, 1),
    (Step::Outdated, 1),
    (Step::Plant, 2),
    (Step::Verify, 3),
    (Step::Repair, 1),
];
/// A change of the definition is deployed at once so often; otherwise by a later step.
const DEPLOYED_PER_MILLE: u32 = 700;
/// A change takes an earlier definition so often.
const RETURNS_PER_MILLE: u32 = 250;
/// A builder dies of a request so often, and of which at the latest.
const DIES_PER_MILLE: u32 = 300;
const LATEST_DEATH: usize = 200;
/// A builder is suspended before it applies its base so often, until time has passed.
const STOPS_PER_MILLE: u32 = 120;
/// How long a builder is suspended.
const SUSPENDED_MS: RangeInclusive<u64> = 500..=40_000;
/// How long a purge waits: longer than an invocation that began before, and its last request. Of
/// nothing but the purge depends how much time this is.
const GRACE: Duration = Duration::from_secs(600);
/// The same when nothing is on its way.
const CALM_GRACE: Duration = Duration::from_secs(5);
/// How often a world purges at its end.
const LAST_PURGE_PER_MILLE: u32 = 500;
/// So often the builders are left to end before time passes; otherwise they are killed, or stay
/// suspended meanwhile.
const ENDED_PER_MILLE: u32 = 400;
const SUSPENDED_PER_MILLE: u32 = 500;
/// How long a builder may take when nothing goes wrong: a purge waits before it begins.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// How often the last build is tried.
const LAST_BUILDS: usize = 6;

/// A step of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Builds, unless a builder runs.
    Build,
    /// Builds beside the builders that run.
    Another,
    /// Changes the definition.
    Change,
    /// Deploys the definition.
    Deploy,
    /// Kills a builder.
    Kill,
    /// Suspends a builder for some time.
    Suspend,
    /// Aborts the builds that are under way.
    Abort,
    /// Deletes the items of revisions that are over.
    Purge,
    /// Builds with a definition that is not the last.
    Outdated,
    /// Changes a rollup item by hand.
    Plant,
    /// Verifies, and repairs.
    Verify,
    Repair,
}

/// The operator.
pub(crate) struct Operator {
    world: Arc<World>,
    site: Arc<Site>,
    fleet: Arc<Fleet>,
    dice: Dice,
    /// All definitions so far, the current one last.
    definitions: Vec<Definition>,
    /// The one that was deployed last.
    deployed: Option<Definition>,
    processes: Vec<Process>,
    started: usize,
}

impl Operator {
    /// Returns the operator of a world.
    pub(crate) fn new(
        world: &Arc<World>,
        site: &Arc<Site>,
        fleet: &Arc<Fleet>,
        definition: Definition,
        dice: Dice,
    ) -> Self {
        Self {
            world: Arc::clone(world),
            site: Arc::clone(site),
            fleet: Arc::clone(fleet),
            dice,
            definitions: vec![definition],
            deployed: None,
            processes: Vec::new(),
            started: 0,
        }
    }

    /// Returns all definitions so far.
    pub(crate) fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Deploys the current definition, unless that was done.
    pub(crate) async fn deploy(&mut self) {
        let definition = self.current();
        if self.deployed.as_ref() != Some(&definition) {
            self.fleet.deploy(&definition).await;
            self.deployed = Some(definition);
        }
    }

    /// Takes one step after the other.
    pub(crate) async fn run(&mut self) {
        let steps = STEPS.iter().flat_map(|(step, share)| std::iter::repeat_n(*step, *share));
        let steps: Vec<_> = steps.collect();
        loop {
            let pause = self.dice.millis(PAUSE_MS);
            sleep(pause).await;
            self.processes.retain(Process::is_running);
            self.processes.iter_mut().for_each(Process::resume_if_due);
            self.drop_rejected();
            let step = self.dice.pick(&steps);
            self.take(step).await;
        }
    }

    /// Brings the builders to an end, or to a halt. At the end of the world the definition is
    /// deployed and built. Nothing must go wrong meanwhile.
    pub(crate) async fn settle(&mut self, is_last: bool) {
        self.processes.retain(Process::is_running);
        if !is_last && !self.dice.happens(ENDED_PER_MILLE) {
            self.halt();
        } else {
            for mut process in std::mem::take(&mut self.processes) {
                process.resume();
                self.wait(&mut process).await;
            }
        }
        if is_last {
            self.build_last().await;
        }
        self.repair().await;
    }

    /// Repairs everything that was planted, and verifies that it is.
    async fn repair(&mut self) {
        if !self.site.drift.is_planted() {
            return;
        }
        let mut definitions = vec![self.current()];
        for rollup in self.site.drift.rollups() {
            // Its revision is ready as long as nobody has built a definition without it.
            let has_it = |known: &&Definition| known.variant(&rollup).is_some();
            if !definitions.iter().any(|known| has_it(&known)) {
                definitions.extend(self.definitions.iter().rev().find(has_it).cloned());
            }
        }
        for definition in definitions {
            for repairs in [true, false] {
                // A builder that was halted is among the processes.
                self.start(Errand::Verify { repairs }, definition.clone());
                let mut process = self.processes.pop().expect("it was started");
                self.wait(&mut process).await;
            }
        }
        self.site.drift.forget();
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Build if !self.is_building() => self.start_build(self.current()),
            Step::Another if self.is_building() => {
                self.world.journal.count(Count::BuildersBeside, 1);
                self.start_build(self.current());
            }
            Step::Build | Step::Another => {}
            Step::Change => self.change().await,
            Step::Deploy => self.deploy().await,
            Step::Kill => self.kill(),
            Step::Suspend => {
                let time = self.dice.millis(SUSPENDED_MS);
                self.suspend(Some(time));
            }
            Step::Abort => self.start(Errand::Abort, self.current()),
            Step::Purge => self.start(Errand::Purge(GRACE), self.current()),
            Step::Plant => self.site.drift.plant(&self.world, &mut self.dice),
            Step::Verify => self.start(Errand::Verify { repairs: false }, self.current()),
            Step::Repair => self.start(Errand::Verify { repairs: true }, self.current()),
            Step::Outdated => {
                let definition = self.dice.pick(&self.definitions);
                let is_outdated = definition != self.current();
                self.world.journal.count(Count::OutdatedBuilds, usize::from(is_outdated));
                self.start_build(definition);
            }
        }
    }

    fn current(&self) -> Definition {
        self.definitions[self.definitions.len() - 1].clone()
    }

    fn is_building(&self) -> bool {
        self.processes.iter().any(Process::is_build)
    }

    async fn change(&mut self) {
        let changed = match self.dice.happens(RETURNS_PER_MILLE) {
            true => self.dice.pick(&self.definitions),
            false => self.current().changed(&mut self.dice),
        };
        self.define(changed);
        if self.dice.happens(DEPLOYED_PER_MILLE) {
            self.deploy().await;
        }
    }

    fn define(&mut self, definition: Definition) {
        if definition != self.current() {
            self.world.journal.record(format_args!("the definition changes: {definition}"));
            self.world.journal.count(Count::DefinitionsChanged, 1);
            self.definitions.push(definition);
        }
    }

    /// Removes a rollup that cannot be built.
    fn drop_rejected(&mut self) {
        if let Some(rollup) = self.site.take_rejected() {
            let without = self.current().without(&rollup);
            self.define(without);
        }
    }

    fn start_build(&mut self, definition: Definition) {
        let stops = self.dice.happens(STOPS_PER_MILLE) && !self.world.is_calm();
        self.start(Errand::Build { stops }, definition);
    }

    fn start(&mut self, errand: Errand, definition: Definition) {
        self.started += 1;
        let dies = self.dice.happens(DIES_PER_MILLE) && !self.world.is_calm();
        let request = self.dice.within(0..=LATEST_DEATH) as u32;
        let death = Death::new(&mut self.dice);
        let death = dies.then_some((request, death));
        let name = format!("builder {}", self.started);
        self.world.journal.count(Count::Builders, 1);
        self.processes.push(Process::start(&self.site, name, errand, &definition, death));
    }

    fn kill(&mut self) {
        if self.processes.is_empty() {
            return;
        }
        let place = self.dice.within(0..=self.processes.len() - 1);
        let process = self.processes.remove(place);
        self.world.journal.record(format_args!("{} is killed", process.name()));
        self.world.journal.count(Count::BuildersKilled, 1);
        process.kill();
    }

    fn suspend(&mut self, time: Option<Duration>) {
        if self.processes.is_empty() {
            return;
        }
        let place = self.dice.within(0..=self.processes.len() - 1);
        let process = &mut self.processes[place];
        self.world.journal.record(format_args!("{} is suspended for {time:?}", process.name()));
        self.world.journal.count(Count::BuildersSuspended, 1);
        process.suspend(time);
    }

    /// Kills the builders, or suspends one while time passes.
    fn halt(&mut self) {
        if self.dice.happens(SUSPENDED_PER_MILLE) {
            self.suspend(None);
            self.world.journal.count(Count::BuildersAsleep, usize::from(self.is_building()));
        }
        for process in &self.processes {
            if !process.is_suspended() {
                self.world.journal.record(format_args!("{} is killed", process.name()));
                self.world.journal.count(Count::BuildersKilled, 1);
                process.kill();
            }
        }
        self.processes.retain(Process::is_suspended);
    }

    /// Lets the builders that slept while time passed continue, some time later.
    pub(crate) fn wake(&mut self) {
        for process in &mut self.processes {
            process.resume_in(self.dice.millis(SUSPENDED_MS));
        }
    }

    async fn build_last(&mut self) {
        for _ in 0..LAST_BUILDS {
            self.deploy().await;
            self.start_build(self.current());
            let mut process = self.processes.remove(0);
            self.wait(&mut process).await;
            let Some(rollup) = self.site.take_rejected() else { break };
            let without = self.current().without(&rollup);
            self.define(without);
        }
        if self.dice.happens(LAST_PURGE_PER_MILLE) {
            self.world.landed().await;
            self.start(Errand::Purge(CALM_GRACE), self.current());
            let mut process = self.processes.remove(0);
            self.wait(&mut process).await;
        }
    }

    async fn wait(&self, process: &mut Process) {
        if let Err(reason) = process.ended(PATIENCE).await {
            self.world.journal.violate(reason);
        }
    }
}
