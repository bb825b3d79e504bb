//! The life of a world: some ages of writing, each handled to its end, then calm and the
//! comparison.
//!
//! ```text
//! age:  writes, faults ─► faults for a while ─► calm until all is handled and has landed
//!       builds, if any                          and the builders are done, or halted   │
//!                                                                                      │
//!       next age: perhaps a replay of what is still kept ◄─ time passes ◄─ compare ◄───┘
//! ```
//!
//! **Invariant:** time passes only when nothing is on its way: no request takes effect days after
//! it was sent.

use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::time::{Instant, sleep};

use super::Run;
use super::answers;
use super::builds::{self, Operator, Site};
use super::definition::{Counted, Definition};
use super::dice::Dice;
use super::dynamodb::DynamoDb;
use super::faults::Faults;
use super::fleet::Fleet;
use super::history::History;
use super::host::Host;
use super::journal::Journal;
use super::lambda::Lambda;
use super::network::Network;
use super::pollers::Pollers;
use super::revisions;
use super::source::{Lag, Source};
use super::streams::Streams;
use super::tally::Count;
use super::verify;
use super::weather::Weather;
use super::world::World;

/// A world has builds so often; the rollups of the others begin with the table.
const BUILDS_PER_MILLE: u32 = 500;
/// How the tables of worlds with builds begin.
const BEGINNINGS: [Beginning; 4] = [
    Beginning::Empty,
    Beginning::ItemsBeforeStream,
    Beginning::ItemsBeforeStream,
    Beginning::Records,
];
/// The most writes before the rollups begin.
const MOST_WRITES_BEFORE: usize = 20;
/// Writes come in rushes so often where there are builds.
const RUSHES_PER_MILLE: u32 = 250;
/// How many ages a world has.
const AGES: [usize; 4] = [1, 1, 2, 3];
/// How many writes an age has at most: a world's are up to one of these.
const WRITES: [usize; 3] = [5, 15, 40];
/// The same where there are builds, of which each takes most of a minute.
const WRITES_BESIDE_BUILDS: [usize; 3] = [15, 30, 60];
/// How many shards there are in the beginning.
const SHARDS: RangeInclusive<usize> = 1..=3;
/// The host is the product's own mapping so often; otherwise Lambda.
const POLLERS_PER_MILLE: u32 = 125;
/// For how long faults continue when everything is written.
const LONGEST_AFTERMATH_MS: u64 = 60_000;
/// How much time passes between two ages: seconds, hours within the retention, days beyond it.
const PASSES_SECS: [u64; 5] = [0, 60, 5 * 3_600, 23 * 3_600, 100 * 3_600];
/// How often the records that are still kept are read again when an age begins, and at the end.
const REPLAY_PER_MILLE: u32 = 400;
const LAST_REPLAY_PER_MILLE: u32 = 100;
/// A replay begins at the oldest record so often; otherwise at any.
const FROM_OLDEST_PER_MILLE: u32 = 500;
/// After so long a calm, or so many requests in it, a record that is not handled never will be.
const LONGEST_CALM: Duration = Duration::from_secs(5 * 60);
const MOST_CALM_REQUESTS: u64 = 20_000;
/// How often to look whether a calm is that long.
const CALM_LOOK: Duration = Duration::from_secs(5);

/// The state of a table when its rollups begin.
#[derive(Clone, Copy, Debug)]
enum Beginning {
    Empty,
    /// It has items that are older than its stream.
    ItemsBeforeStream,
    /// It has items whose records are in the stream.
    Records,
}

/// Lives the world of a seed.
pub(crate) async fn live(seed: u64, is_read: bool) -> Run {
    let folder = tempfile::tempdir().expect("a folder for spools");
    // The SDK takes the jitter of its retries from the thread's generator, builds their pauses.
    fastrand::seed(seed);
    let dice = |purpose: &str| Dice::new(seed, purpose);
    let mut life = dice("life");
    let weather = Weather::new(&mut dice("weather"));
    let has_builds = life.happens(BUILDS_PER_MILLE);
    let (margins, lag) = builds::margins(&mut dice("margins"));
    let lag = if has_builds { lag } else { Lag::default() };
    let source = Source::new(dice("source"), life.within(SHARDS) as u32, lag);
    let world = World::new(Journal::new(is_read), weather, source);
    let dynamodb = DynamoDb::new();
    let faults = Faults::new(dice("faults"), world.weather.clone());
    let streams = Streams::new(&world, dice("streams"));
    let network = Network::new(&world, &dynamodb, streams, faults);
    let connection = network.connect().await;
    let definition = Definition::new(&mut dice("rollups"), has_builds);
    let fleet = Fleet::new(&world, &connection, dice("reactor"), dice("fleet"));
    let host = if life.happens(POLLERS_PER_MILLE) {
        let dice = dice("pollers");
        Host::Pollers(Pollers::new(&world, &fleet, &connection, &dynamodb, dice))
    } else {
        Host::Lambda(Lambda::new(&world, &fleet, dice("lambda")))
    };
    let mut history = History::new(dice("history"));
    let mut operator = None;
    if has_builds {
        let folder = folder.path().to_owned();
        let site = Site::new(&world, network.clone(), margins, folder, &mut dice("site"));
        let builds = Operator::new(&world, &site, &fleet, definition.clone(), dice("builds"));
        let builds = operator.insert(builds);
        begin(&world, builds, &mut history, &mut life).await;
    } else {
        fleet.start(&definition);
    }
    let mapping = host.start();

    Ages {
        world: &world,
        host: &host,
        dynamodb: &dynamodb,
        network,
        operator,
        history,
        dice: life,
    }
    .live()
    .await;
    mapping.abort();
    if !has_builds {
        let rollups: Vec<_> = definition.counted().collect();
        verify::compare(&world, &dynamodb, &rollups);
    }
    verify::check(&world, &dynamodb, fleet.seen());
    let record = world.journal.close();
    let failure = (!record.violations.is_empty()).then(|| record.violations.join("\n"));
    Run { seed, tally: record.tally, digest: record.digest, lines: record.lines, failure }
}

/// Begins the rollups of a table that is empty, or has items, with or without records of them.
async fn begin(
    world: &Arc<World>,
    operator: &mut Operator,
    history: &mut History,
    dice: &mut Dice,
) {
    match dice.pick(&BEGINNINGS) {
        Beginning::Empty => {
            return operator.deploy().await;
        }
        Beginning::ItemsBeforeStream => history.begin(world),
        Beginning::Records => {
            let writes = dice.within(1..=MOST_WRITES_BEFORE);
            history.write(world, writes, true).await;
        }
    }
    world.journal.count(Count::OldTables, 1);
    operator.deploy().await;
}

/// The ages of a world.
struct Ages<'a> {
    world: &'a Arc<World>,
    host: &'a Host,
    dynamodb: &'a DynamoDb,
    network: Network,
    /// The operator of a world that has builds.
    operator: Option<Operator>,
    history: History,
    dice: Dice,
}

impl Ages<'_> {
    async fn live(&mut self) {
        let most = if self.operator.is_some() { &WRITES_BESIDE_BUILDS } else { &WRITES };
        let (ages, most) = (self.dice.pick(&AGES), self.dice.pick(most));
        for age in 0..ages {
            if age > 0 {
                self.pass_time().await;
            }
            self.write(most).await;
            self.world.set_calm(true);
            let is_last = age + 1 == ages;
            if let Some(operator) = &mut self.operator {
                operator.settle(is_last).await;
            }
            if !drain(self.world, self.host).await {
                return;
            }
            self.compare(is_last).await;
        }
        if self.dice.happens(LAST_REPLAY_PER_MILLE) {
            self.host.replay(true).await;
            if drain(self.world, self.host).await {
                self.compare(true).await;
            }
        }
    }

    /// Lets time pass until the next age.
    async fn pass_time(&mut self) {
        let (world, passes) = (self.world, self.dice.pick(&PASSES_SECS));
        world.journal.record(format_args!("{passes} seconds pass"));
        world.source().skip(passes);
        let now_secs = world.now_ms() / 1000;
        world.journal.count(Count::Swept, self.dynamodb.sweep(now_secs));
        world.set_calm(false);
        if let Some(operator) = &mut self.operator {
            operator.wake();
        }
        if self.dice.happens(REPLAY_PER_MILLE) {
            self.host.replay(self.dice.happens(FROM_OLDEST_PER_MILLE)).await;
        }
    }

    /// Writes while things go wrong, and lets them go wrong for some time longer.
    async fn write(&mut self, most: usize) {
        let rushes = self.operator.is_none() || self.dice.happens(RUSHES_PER_MILLE);
        let least = if self.operator.is_some() { most / 2 } else { 1 };
        let writes = self.dice.within(least..=most);
        let aftermath = self.dice.millis(0..=LONGEST_AFTERMATH_MS);
        let writing = async {
            self.history.write(self.world, writes, rushes).await;
            sleep(aftermath).await;
        };
        match &mut self.operator {
            None => writing.await,
            Some(operator) => {
                select(pin!(writing), pin!(operator.run())).await;
            }
        }
    }

    /// Compares the revisions that are ready; at the end those of the definition are, and they are
    /// answered.
    async fn compare(&self, is_last: bool) {
        let Some(operator) = &self.operator else { return };
        let definitions = operator.definitions();
        let ready = revisions::compare(self.world, self.dynamodb, definitions);
        let last = definitions.last().filter(|_| is_last && !self.world.journal.has_failed());
        let Some(last) = last else { return };
        for Counted { rollup, .. } in last.counted() {
            if !ready.contains(&rollup) {
                self.world.journal.violate(format!("{rollup} is not ready in the end"));
            }
        }
        answers::compare(self.world, &self.network, last).await;
    }
}

/// Waits until everything is handled and nothing is on its way. Returns whether that came to be.
async fn drain(world: &World, host: &Host) -> bool {
    let drained = async {
        loop {
            world.landed().await;
            if host.has_drained() {
                return;
            }
            world.changed().await;
        }
    };
    let has_drained =
        matches!(select(pin!(drained), pin!(out_of_patience(world))).await, Either::Left(_));
    if !has_drained {
        world.journal.violate("not everything was handled in a long calm".to_owned());
    }
    has_drained
}

/// Waits until whatever is still not handled never will be.
async fn out_of_patience(world: &World) {
    let (began, requests) = (Instant::now(), world.journal.counted(Count::Requests));
    while began.elapsed() < LONGEST_CALM
        && world.journal.counted(Count::Requests) - requests < MOST_CALM_REQUESTS
    {
        sleep(CALM_LOOK).await;
    }
}
