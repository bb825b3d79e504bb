//! The stream or the table is replaced, or records are lost.

use std::time::{Duration, Instant};

use weir_testing::running::PATIENCE;

use crate::rollups_state::shop::Shop;

/// Waits until a question is answered so.
async fn until(shop: &Shop, expected: (i64, i64)) -> serde_json::Value {
    let asked = Instant::now();
    loop {
        let (orders, revenue, answer) = shop.answered().await;
        if (orders, revenue) == expected {
            return answer;
        }
        assert!(asked.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_follows_its_table_to_another_stream_and_says_that_changes_were_lost() {
    // Nothing is written before: a bare dynoxide hands the records of the old stream out with the
    // new one.
    let shop = Shop::new().await;
    let running = shop.process().await;
    running.catch_up().await;
    shop.replace_stream().await;
    shop.order("2", 20).await;
    // Asking to catch up makes it look at the list of shards, and at the table.
    running.catch_up().await;
    let answer = until(&shop, (1, 20)).await;
    assert!(answer["incomplete_since"].is_string(), "{answer}");
    running.stop().await;
    // It is a fact of the rollups, not of the process; and no record of the new stream counts as
    // one of the old, too.
    shop.count().await;
    let (orders, revenue, answer) = shop.answered().await;
    assert_eq!((orders, revenue), (1, 20), "{answer}");
    assert!(answer["incomplete_since"].is_string(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_notices_that_the_stream_is_another_one() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    let (.., answer) = shop.answered().await;
    assert!(answer.get("incomplete_since").is_none(), "{answer}");
    shop.replace_stream().await;
    let (.., answer) = shop.answered().await;
    assert!(answer["incomplete_since"].is_string(), "a reader notices it too: {answer}");
    let opened = shop.table().open_rollups().await.expect("a state");
    assert!(opened.found_gap);
    let again = shop.table().open_rollups().await.expect("a state");
    assert!(!again.found_gap, "it is found once");
    assert_eq!(again.state.incomplete_since(), opened.state.incomplete_since());
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_a_table_that_was_deleted_and_created_again_are_not_answered() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let running = shop.process().await;
    running.catch_up().await;
    let items = shop.model.table.name.clone();
    shop.delete_table(&items).await;
    shop.create_items_table().await;
    shop.assert_unbuilt("deleted and created again").await;
    shop.order("2", 20).await;
    running.catch_up().await;
    // The processor goes on with the new stream.
    let asked = Instant::now();
    let label = loop {
        let described = shop.table().describe().await.expect("a table");
        let label = described.stream_arn().expect("a stream").rsplit('/').next();
        let label = label.expect("a label").to_owned();
        let checkpoints = shop.checkpoints().load(&label).await.expect("checkpoints");
        if checkpoints.iter().any(|known| known.sequence_number.is_some()) {
            break label;
        }
        assert!(asked.elapsed() < PATIENCE, "{label} is not read");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(!label.is_empty());
    shop.assert_unbuilt("deleted and created again").await;
    running.stop().await;
    shop.count().await;
    shop.assert_unbuilt("deleted and created again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_waits_for_a_table_that_is_gone_and_goes_on_with_the_next() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    let running = shop.process().await;
    running.catch_up().await;
    let items = shop.model.table.name.clone();
    shop.delete_table(&items).await;
    // It looks at a table that is not there.
    let caught_up = running.progress.caught_up_after(tokio::time::Instant::now());
    drop(tokio::time::timeout(Duration::from_secs(1), caught_up).await);
    shop.create_items_table().await;
    shop.order("2", 20).await;
    let asked = Instant::now();
    while running.progress.snapshot().records < 2 {
        assert!(asked.elapsed() < PATIENCE, "{:?}", running.progress.snapshot());
        let caught_up = running.progress.caught_up_after(tokio::time::Instant::now());
        drop(tokio::time::timeout(Duration::from_millis(200), caught_up).await);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_are_lost_are_noted_from_the_earliest_on() {
    let shop = Shop::new().await;
    let table = shop.table();
    for since in [1_795_982_400, 1_795_982_500, 1_795_982_300] {
        table.note_gap(since).await.expect("noted");
    }
    let (.., answer) = shop.answered().await;
    assert_eq!(answer["incomplete_since"], "2026-11-29T19:58:20Z", "{answer}");
    let (_, list) = shop.send("GET", "/rollups", None).await;
    assert_eq!(list["rollups"][0]["incomplete_since"], "2026-11-29T19:58:20Z", "{list}");
}
