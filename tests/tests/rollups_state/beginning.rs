//! Rollups begin: with their table, over an empty table, over a table that has items.

use std::time::Duration;

use serde_json::json;
use weir_rollups::Unbuilt;

use crate::rollups_state::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn rollups_that_begin_with_their_table_are_answered() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    let (orders, revenue, _) = shop.answered().await;
    assert_eq!((orders, revenue), (1, 10));
    let (_, list) = shop.send("GET", "/rollups", None).await;
    assert_eq!(list["rollups"][0]["state"], "ready", "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_over_a_table_that_has_items_are_never_answered() {
    let shop = Shop::with_items_before(&[("1", 10), ("2", 20), ("3", 30)]).await;
    let provisioned = shop.table().provision().await.expect("tables");
    assert_eq!(provisioned.rollups.unbuilt(), Some(Unbuilt::ExistingItems));
    shop.assert_unbuilt("the table had items before its rollups began").await;
    // Deletions of what was never counted would make −2.
    shop.cancel("1").await;
    shop.cancel("2").await;
    shop.count().await;
    shop.assert_unbuilt("the table had items").await;
    let (status, items) = shop.send("GET", "/order/ann", None).await;
    assert_eq!((status, items["items"].as_array().map(Vec::len)), (200, Some(1)), "{items}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_starts_over_a_table_that_has_items_finds_out_too() {
    let shop = Shop::with_items_before(&[("1", 10)]).await;
    // Only the rollups table is created, as by hand.
    shop.table().provision().await.expect("tables");
    shop.forget_state().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let table = shop.model.table.rollups_table.clone();
    shop.delete_table(&table).await;
    shop.table().provision().await.expect("tables");
    shop.forget_state().await;
    let opened = shop.table().open_rollups().await.expect("a state");
    assert_eq!(opened.state.unbuilt(), Some(Unbuilt::ExistingItems));
    shop.assert_unbuilt("had items").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_over_an_empty_table_count_what_comes_and_not_what_left_before() {
    let shop = Shop::with_items_before(&[("1", 10), ("2", 20)]).await;
    shop.cancel("1").await;
    shop.cancel("2").await;
    // In the second of the last record.
    let provisioned = shop.table().provision().await.expect("tables");
    assert_eq!(provisioned.rollups.unbuilt(), None);
    assert!(provisioned.rollups.revisions.iter().all(|revision| revision.cut.is_some()));
    shop.order("3", 30).await;
    shop.order("4", 40).await;
    shop.cancel("3").await;
    shop.count().await;
    let (orders, revenue, _) = shop.answered().await;
    assert_eq!((orders, revenue), (1, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollups_table_that_was_deleted_does_not_begin_again_in_silence() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let rollups = shop.model.table.rollups_table.clone();
    shop.delete_table(&rollups).await;
    shop.table().provision().await.expect("tables");
    shop.cancel("1").await;
    shop.count().await;
    shop.assert_unbuilt("had items before").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_before_a_processor_has_registered_the_rollups() {
    let shop = Shop::new().await;
    shop.forget_state().await;
    shop.assert_unbuilt("no processor has started to count").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_below_zero_is_not_answered() {
    let shop = Shop::new().await;
    shop.order("1", 10).await;
    shop.count().await;
    shop.set_count(-49).await;
    let (status, problem) = shop.send("GET", crate::rollups_state::shop::QUESTION, None).await;
    assert_eq!((status, &problem["type"]), (503, &json!("/problems/rollup-unbuilt")), "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("`count` of the rollup `orders` is -49"), "{detail}");
}
