//! What a rollup item remembers of the shards that wrote to it, and for how long.

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::Value;
use weir_model::{AttributeValue, Item};
use weir_query::{QueryEngine, RollupQuery};
use weir_rollups::watermark::UNKNOWN_SECONDS;
use weir_rollups::{Change, Image, Question, Update, fold};
use weir_table::{Applied, Rollups, ShardId};
use weir_testing::flights::DEFINITION;
use weir_testing::gate::Gate;
use weir_testing::system::System;

const HOUR: u32 = 60 * 60;
/// The hours that a shard lives.
const SHARD_HOURS: u32 = 4;
const START: u32 = 1_763_620_800;
const LABEL: &str = "2026-11-20T06:40:00.123";

fn shard(number: u32) -> String {
    format!("shardId-{:020}-864758bb", u64::from(START + number * SHARD_HOURS * HOUR) * 1000)
}

/// The update of all time of one flight's record, which is that of the beginning of its shard's
/// life.
fn update(system: &System, number: u32) -> Update {
    update_of(system, &shard(number), 100 + number, START + number * SHARD_HOURS * HOUR)
}

/// The update of all time of one flight's record, by its shard, sequence number, and time.
fn update_of(system: &System, shard: &str, sequence: u32, seconds: u32) -> Update {
    let changes = [(sequence, seconds)];
    folded(system, shard, &changes)
}

/// A flight from Atlanta.
fn flight() -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = [
        ("_et", text("flight")),
        ("origin", text("ATL")),
        ("destination", text("ORD")),
        ("departure", text("2001-01-01T00:00:00Z")),
        ("delay", AttributeValue::N("5".to_owned())),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    attributes.collect::<std::collections::HashMap<_, _>>().into()
}

/// The update of all time of a batch of records of one shard, each of a new flight.
fn of_batch(system: &System, shard: &str, records: &[(u32, u32)]) -> Update {
    let records: Vec<_> =
        records.iter().map(|(number, seconds)| (100 + number, *seconds)).collect();
    folded(system, shard, &records)
}

/// The update of all time of records of new flights, each by its sequence number and time.
fn folded(system: &System, shard: &str, records: &[(u32, u32)]) -> Update {
    let change = |(sequence, seconds): &(u32, u32)| {
        let sequence = format!("{sequence:021}").parse().expect("a sequence number");
        Change { sequence, seconds: *seconds, image: Image::Insert { new: flight() } }
    };
    let changes: Vec<Change> = records.iter().map(change).collect();
    let updates = fold(&system.model, shard, &changes).updates;
    updates
        .into_iter()
        .find(|update| update.key.sort == "all" && update.key.partition == "flights_by_origin#ATL")
        .expect("an update of all time")
}

/// How fresh the reader says that all time is.
async fn freshness(system: &System) -> Option<String> {
    let dimensions = vec![("origin".to_owned(), "ATL".to_owned())];
    let question = Question { dimensions, ..Question::default() };
    let query = RollupQuery::new("flights_by_origin", question).limit(1);
    let engine = QueryEngine::new(&system.table, &system.rollups);
    engine.answer(&query).await.expect("an answer").page.freshness
}

async fn item(system: &System) -> Value {
    let kept = system.stored_rollups().await;
    let is_item = |item: &&Value| item["PK"]["S"] == "flights_by_origin#ATL";
    kept.iter().find(is_item).expect("the rollup item").clone()
}

fn watermarks(item: &Value) -> Vec<String> {
    let names = item.as_object().expect("an item").keys();
    names.filter(|name| name.starts_with('@')).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn watermarks_of_more_than_three_days_ago_go_and_what_may_come_again_counts_once() {
    let system = System::open(DEFINITION).await;
    let apply = async |number: u32| {
        system
            .rollups
            .apply(&ShardId::new(LABEL, shard(number)), &update(&system, number))
            .await
            .expect("applied")
    };
    // Three weeks of shards, one after another.
    let shards = 21 * 24 / SHARD_HOURS;
    for number in 0..shards {
        assert_eq!(apply(number).await, Applied::Whole);
        // Whatever the stream still has may come again.
        for again in number.saturating_sub(24 / SHARD_HOURS)..=number {
            assert_eq!(apply(again).await, Applied::Nothing);
        }
    }
    let item = item(&system).await;
    assert_eq!(item["count"]["N"], shards.to_string());
    let kept = watermarks(&item);
    let needed = 72 / SHARD_HOURS + 1;
    assert!((needed as usize..needed as usize + 4).contains(&kept.len()), "{}", kept.len());
    for number in shards - needed..shards {
        let name = weir_rollups::watermark::name(LABEL, &shard(number));
        assert!(kept.contains(&name), "{name} is needed");
    }
    assert!(item.to_string().len() < 2_000, "{}", item.to_string().len());
}

/// Records of two shards, half of them without a time, in batches of one to three; some batches are
/// delivered twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_as_fresh_as_the_newest_record_with_a_time() {
    let system = System::open(DEFINITION).await;
    let mut rng = Rng::with_seed(14);
    let (mut number, mut newest) = (0, None);
    for batch in 0..60 {
        let shard = shard(rng.u32(..2));
        let mut records = Vec::new();
        for _ in 0..=rng.u32(..3) {
            number += 1;
            // The first batches have no time at all.
            let is_timed = batch > 3 && rng.bool();
            let seconds = START + number;
            newest = if is_timed { Some(seconds) } else { newest };
            records.push((number, if is_timed { seconds } else { UNKNOWN_SECONDS }));
        }
        let update = of_batch(&system, &shard, &records);
        for _ in 0..=rng.u32(..2) {
            system.rollups.apply(&ShardId::new(LABEL, &shard), &update).await.expect("applied");
        }
        let expected = newest.map(|seconds: u32| {
            Timestamp::from_second(i64::from(seconds)).expect("a time").to_string()
        });
        assert_eq!(freshness(&system).await, expected, "batch {batch}: {records:?}");
    }
    let item = item(&system).await;
    assert_eq!(item["count"]["N"], number.to_string(), "each record counts once");
}

/// An emulator's shard lives for ever, and may be silent about an item for days.
#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_that_moves_on_while_it_is_found_stale_stays() {
    let system = System::open(DEFINITION).await;
    let apply = async |rollups: &Rollups, shard: &str, update: &Update| {
        rollups.apply(&ShardId::new(LABEL, shard), update).await.expect("applied")
    };
    // The first four watermarks are stale for a record of this shard, and no fewer are worth
    // removing.
    let last = 72 / SHARD_HOURS + 4;
    for number in 0..last {
        apply(&system.rollups, &shard(number), &update(&system, number)).await;
    }
    let removal = Gate::for_updates_with("\"UpdateExpression\":\"REMOVE #n0");
    let connection = removal.before(system.dynamodb.connect().await);
    let rollups = Rollups::new(&connection, &system.model.table);
    let (oldest, seconds) = (shard(0), START + last * SHARD_HOURS * HOUR);
    let (found, late) = (update(&system, last), update_of(&system, &oldest, 900, seconds));
    let found = async { apply(&rollups, &shard(last), &found).await };
    let moved_on = async {
        removal.reached().await;
        assert_eq!(apply(&system.rollups, &oldest, &late).await, Applied::Whole);
        removal.open();
    };
    assert_eq!(futures::join!(found, moved_on).0, Applied::Whole);

    let name = weir_rollups::watermark::name(LABEL, &oldest);
    assert!(watermarks(&item(&system).await).contains(&name), "it is not stale any more");
    assert_eq!(apply(&system.rollups, &oldest, &late).await, Applied::Nothing, "delivered again");
    assert_eq!(item(&system).await["count"]["N"], (last + 2).to_string());
}
