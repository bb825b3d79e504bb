//! The life of a world: some ages of writing, each handled to its end, then calm and the
//! comparison.
//!
//! ```text
//! age:  writes, faults ─► faults for a while ─► calm until all is handled and has landed
//!                                                                                 │
//!       next age: perhaps a replay of what is still kept ◄─ time passes ◄─────────┘
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
use weir_table::Connection;

use super::Run;
use super::dice::Dice;
use super::dynamodb::DynamoDb;
use super::faults::Faults;
use super::history::History;
use super::host::Host;
use super::journal::Journal;
use super::lambda::Lambda;
use super::network::Network;
use super::pollers::Pollers;
use super::shop;
use super::source::Source;
use super::streams::Streams;
use super::subscriber::function;
use super::tally::Count;
use super::verify;
use super::weather::Weather;
use super::world::World;

/// No server listens there: the network is a function call.
const ENDPOINT: &str = "http://127.0.0.1:8000";
/// How many ages a world has.
const AGES: [usize; 4] = [1, 1, 2, 3];
/// How many writes an age has at most: a world's are up to one of these.
const WRITES: [usize; 3] = [5, 15, 40];
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

/// Lives the world of a seed.
pub(crate) async fn live(seed: u64, is_read: bool) -> Run {
    let dice = |purpose: &str| Dice::new(seed, purpose);
    let mut life = dice("life");
    let weather = Weather::new(&mut dice("weather"));
    let source = Source::new(dice("source"), life.within(SHARDS) as u32);
    let world = World::new(Journal::new(is_read), weather, source);
    let dynamodb = DynamoDb::new();
    let faults = Faults::new(dice("faults"), world.weather.clone());
    let streams = Streams::new(&world, dice("streams"));
    let network = Network::new(&world, &dynamodb, streams, faults);
    let connection = Connection::to(ENDPOINT).await.with_http_client(network);
    let model = shop::model(&mut dice("rollups"));
    let rollups: Vec<_> = model.rollups.iter().map(|rollup| rollup.name.clone()).collect();
    let (processor, seen) = function(&world, model, &connection, dice("reactor"));
    let host = if life.happens(POLLERS_PER_MILLE) {
        let dice = dice("pollers");
        Host::Pollers(Pollers::new(&world, &processor, &connection, &dynamodb, dice))
    } else {
        Host::Lambda(Lambda::new(&world, &processor, dice("lambda")))
    };
    let mapping = host.start();

    ages(&world, &host, &dynamodb, History::new(dice("history")), life).await;
    mapping.abort();
    verify::compare(&world, &dynamodb, &rollups, &seen);
    let record = world.journal.close();
    let failure = (!record.violations.is_empty()).then(|| record.violations.join("\n"));
    Run { seed, tally: record.tally, digest: record.digest, lines: record.lines, failure }
}

async fn ages(
    world: &Arc<World>,
    host: &Host,
    dynamodb: &DynamoDb,
    mut history: History,
    mut dice: Dice,
) {
    let (ages, most) = (dice.pick(&AGES), dice.pick(&WRITES));
    for age in 0..ages {
        if age > 0 {
            let passes = dice.pick(&PASSES_SECS);
            world.journal.record(format_args!("{passes} seconds pass"));
            world.source().skip(passes);
            let now_secs = world.now_ms() / 1000;
            world.journal.count(Count::Swept, dynamodb.sweep(now_secs));
            world.set_calm(false);
            if dice.happens(REPLAY_PER_MILLE) {
                host.replay(dice.happens(FROM_OLDEST_PER_MILLE)).await;
            }
        }
        history.write(world, dice.within(1..=most)).await;
        sleep(dice.millis(0..=LONGEST_AFTERMATH_MS)).await;
        world.set_calm(true);
        if !drain(world, host).await {
            return;
        }
    }
    if dice.happens(LAST_REPLAY_PER_MILLE) {
        host.replay(true).await;
        drain(world, host).await;
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
