//! Saves and signals while a build runs.

use std::sync::Arc;

use serde_json::Value;

use crate::reload::dev::{Dev, save};
use crate::reload::order::{BEFORE, put_orders, write_all_the_time};
use crate::reload::{DEFINITION, edited};

const BUILDING: &str = "weir.toml was saved: building";

/// Returns the definition with a rollup `totals` that has a measure.
fn with_totals(measure: &str) -> String {
    let rollup = format!(
        "[rollups.totals]\nof = \"order\"\nmeasures = {{ n = \"count\", value = \"{measure}\" }}\n\
         [rollups.states]"
    );
    edited(&[("[rollups.states]", &rollup)])
}

/// Returns the sum of an attribute over the items, and their number.
async fn recount(dev: &Dev, attribute: &str) -> (f64, usize) {
    let items = dev.items("shop").await;
    let number = |item: &Value| item[attribute]["N"].as_str()?.parse::<f64>().ok();
    let numbers: Vec<_> = items.iter().filter_map(number).collect();
    (numbers.iter().sum(), numbers.len())
}

/// Waits until `totals` are those of the items.
async fn assert_totals(dev: &Dev, attribute: &str) {
    let (sum, count) = recount(dev, attribute).await;
    let is_recount = |_, answer: &Value| {
        let point = &answer["points"][0];
        point["n"] == count && point["value"].as_f64() == Some(sum)
    };
    let answer = dev.answers("/rollups/totals", is_recount).await;
    assert!(answer.get("previous_definition").is_none(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_saves_while_builds_run_the_last_one_is_built() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Arc::new(Dev::in_memory(folder.path(), DEFINITION).await);
    put_orders(&dev).await;
    let (stop, writing) = write_all_the_time(&dev);
    let mut position = 0;
    for measure in ["sum(total)", "min(total)", "max(net)", "sum(net)"] {
        save(folder.path(), &with_totals(measure));
        position = dev.says_from(position, BUILDING).await;
    }
    // Quicker than builds begin.
    for measure in ["sum(total)", "min(net)", "sum(net)"] {
        save(folder.path(), &with_totals(measure));
    }
    dev.says_from(position, "ready: totals").await;
    stop.send_replace(true);
    writing.await.expect("no write fails");
    assert_totals(&dev, "net").await;
    let log = dev.process.log.text();
    assert_eq!(log.matches("ready: ").count(), 1, "{log}");
    Arc::into_inner(dev).expect("no other user").stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_undone_while_it_is_built_leaves_what_was_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    put_orders(&dev).await;
    save(folder.path(), &edited(&[("sum(total)", "sum(net)")]));
    let position = dev.says_from(0, BUILDING).await;
    save(folder.path(), DEFINITION);
    dev.says_from(position, "weir.toml was saved: nothing to build for sales; 1 rollup").await;
    let is_counted = |_, answer: &Value| {
        let is_whole = answer["points"][0]["orders"] == BEFORE / 2;
        is_whole && answer.get("previous_definition").is_none()
    };
    dev.answers("/rollups/sales?shop=a", is_counted).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_during_a_build_is_clean_and_the_next_start_builds() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--dynamodb-port", "0", "--data", "shop.db"];
    let dev = Dev::start(folder.path(), DEFINITION, &arguments).await;
    put_orders(&dev).await;
    let changed = with_totals("sum(net)");
    save(folder.path(), &changed);
    dev.says_from(0, BUILDING).await;
    dev.answers("/rollups/totals", |status, _| status == 503).await;
    dev.stop().await;

    // It is up when the rollup is built.
    let dev = Dev::start(folder.path(), &changed, &arguments).await;
    dev.process.says("building from the items of the table: totals").await;
    assert_totals(&dev, "net").await;
    // A file that was used before is followed too, also by a rollup with another index.
    let ranked =
        changed.replace("measures = { n =", "by = [\"shop\"]\nrank_by = \"n\"\nmeasures = { n =");
    save(folder.path(), &ranked);
    let position = dev.says_from(0, BUILDING).await;
    dev.says_from(position, "ready: totals").await;
    dev.stop().await;
    let dev = Dev::start(folder.path(), &ranked, &arguments).await;
    let is_ranked = |_, answer: &Value| answer["ranks"][0]["n"] == BEFORE / 2;
    dev.answers("/rollups/totals/ranks?every=all", is_ranked).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_build_of_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--dynamodb-port", "0", "--data", "shop.db"];
    let dev = Dev::start(folder.path(), DEFINITION, &arguments).await;
    put_orders(&dev).await;
    dev.stop().await;
    let process = Dev::spawn(folder.path(), &with_totals("sum(net)"), &arguments);
    process.says("building from the items of the table: totals").await;
    process.terminate();
    assert_eq!(process.ended().await.code(), Some(0), "{}", process.log.text());
    assert!(!process.log.text().contains("built: "), "{}", process.log.text());
}
