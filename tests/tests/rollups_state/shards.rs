//! How far each shard was handled is stored, behind the local event source mapping and on Lambda,
//! and never more than was handled.

use weir_processor::event::Response;
use weir_processor::{Changes, Processor};
use weir_rollups::Watermark;
use weir_table::checkpoints::{Checkpoints, ShardPosition};
use weir_table::{Rollups, ShardId, Table};
use weir_testing::fixture::fixture;
use weir_testing::recorder::Recorder;
use weir_testing::system::{Captured, System};

use crate::rollups_state::shop::Shop;

const ROLLUP: &str = "[rollups.orders]\nof = \"order\"\nmeasures = { orders = \"count\" }\n";

fn watermark(sequence: &str, seconds: u32) -> Watermark {
    Watermark { sequence: sequence.parse().expect("a sequence number"), seconds }
}

/// Returns the position of the only shard of which there is one.
async fn only_position(checkpoints: &Checkpoints, label: &str) -> ShardPosition {
    let positions = checkpoints.shard_progress(label).await.expect("the positions");
    let [position] = <[_; 1]>::try_from(positions).expect("one shard");
    position
}

/// The orders of a table, captured as events, and a processor of them that has a state, as on
/// Lambda.
struct Functions {
    system: System,
    captured: Captured,
    processor: Processor,
    recorder: Recorder,
}

impl Functions {
    async fn start(orders: usize) -> Self {
        let system = System::open(&fixture("user_orders").with(ROLLUP)).await;
        for number in 1..=orders {
            let order = serde_json::json!({ "total": number });
            let path = format!("/order/ann/{number}");
            assert_eq!(system.http.send("PUT", &path, Some(&order)).await.0, 200);
        }
        let captured = Captured::read(&system).await;
        let recorder = Recorder::default();
        let connection = recorder.before(system.connection.clone());
        let table = Table::new(&connection, system.model.clone());
        let opened = table.open_rollups().await.expect("a state");
        let rollups = Rollups::new(&connection, &system.model.table);
        let processor = Processor::new(system.model.clone()).rollups(rollups).state(table, &opened);
        Self { system, captured, processor, recorder }
    }

    fn label(&self) -> &str {
        self.system.stream_arn.rsplit('/').next().expect("a label")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mapping_stores_the_position_of_each_shard() {
    let shop = Shop::new().await;
    let running = shop.process().await;
    for number in 1..=5 {
        shop.order(&number.to_string(), 10).await;
    }
    running.catch_up().await;
    running.stop().await;
    let described = shop.table().describe().await.expect("a table");
    let label = described.stream_label().expect("a stream");
    let positions = shop.checkpoints().shard_progress(label).await.expect("the positions");
    assert!(positions.iter().all(|position| position.last.is_timed()), "{positions:?}");
    let stored = positions.into_iter().map(|known| (known.shard_id, known.last.sequence));
    let checkpoints = shop.checkpoints().load(label).await.expect("the checkpoints");
    let handled = checkpoints.into_iter().filter_map(|known| {
        let sequence = known.sequence_number?.parse().expect("a sequence number");
        Some((known.shard_id, sequence))
    });
    let (stored, handled): (Vec<_>, Vec<_>) = (stored.collect(), handled.collect());
    assert!(!handled.is_empty(), "records were handled");
    assert_eq!(stored, handled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_only_grows_and_belongs_to_one_stream() {
    let shop = Shop::new().await;
    let (checkpoints, shard) = (shop.checkpoints(), ShardId::new("2026", "shardId-1"));
    let save = |last| checkpoints.save_shard_progress(&shard, last);
    save(watermark("9", 50)).await.expect("stored");
    save(watermark("10", 40)).await.expect("stored: numbers, not texts");
    save(watermark("9", 60)).await.expect("it has no effect");
    let position = only_position(&checkpoints, "2026").await;
    assert_eq!((position.shard_id.as_str(), position.last), ("shardId-1", watermark("10", 40)));
    let other = ShardId::new("2026.5", "shardId-1");
    checkpoints.save_shard_progress(&other, watermark("7", 1)).await.expect("stored");
    assert_eq!(only_position(&checkpoints, "2026").await, position, "a label begins another");
    checkpoints.remove_shard_progress("2026", "shardId-1").await.expect("removed");
    assert_eq!(checkpoints.shard_progress("2026").await.expect("read"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_stores_the_last_record_that_it_acknowledges() {
    let functions = Functions::start(4).await;
    let event = functions.captured.cut(100).remove(0);
    let sequence = |index: usize| event.records[index].dynamodb.sequence_number.clone();
    let third = sequence(2);
    let refuses = move |changes: Changes| {
        let third = third.clone();
        async move {
            changes
                .try_for_each(|record| {
                    let is_third = record.sequence_text == third;
                    async move { if is_third { Err("refused") } else { Ok(()) } }
                })
                .await
        }
    };
    let label = functions.label().to_owned();
    let checkpoints = functions.system.table.checkpoints();
    let processor = functions.processor.react("refuse the third", refuses);
    let response = processor.handle(event.clone()).await.expect("a response");
    assert_eq!(response, Response::retry_from(sequence(2)));
    let position = only_position(&checkpoints, &label).await;
    // As numbers: DynamoDB Local writes zeros before them.
    assert_eq!(Ok(position.last.sequence), sequence(1).parse(), "{position:?}");
    // Delivered again from there: nothing is acknowledged.
    let mut rest = event.clone();
    rest.records.drain(..2);
    processor.handle(rest).await.expect("a response");
    assert_eq!(only_position(&checkpoints, &label).await.last, position.last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_handled_although_its_position_cannot_be_stored() {
    let functions = Functions::start(3).await;
    functions.recorder.deny_updates_of("@progress");
    for event in functions.captured.cut(1) {
        let response = functions.processor.handle(event).await.expect("a response");
        assert_eq!(response, Response::success());
    }
    let tried = functions.recorder.updated_partitions();
    assert!(tried.iter().any(|partition| partition == "@progress"), "{tried:?}");
    let checkpoints = functions.system.table.checkpoints();
    assert_eq!(checkpoints.shard_progress(functions.label()).await.expect("read"), []);
    let (status, answer) = functions.system.http.get("/rollups/orders").await;
    assert_eq!((status, &answer["points"][0]["orders"]), (200, &3.into()), "{answer}");
}
