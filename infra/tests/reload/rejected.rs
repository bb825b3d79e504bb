//! Definitions that are not taken: the one before is served on, and the reason is printed.

use serde_json::Value;

use crate::reload::dev::{Dev, save};
use crate::reload::order::{BEFORE, put_orders};
use crate::reload::{DEFINITION, edited};

/// The line that follows each reason.
const KEPT: &str = "weir: the definition before is still served";
const COLOCATED: &str = "[rollups.months]\nof = \"order\"\nby = [\"shop\"]\ntime = \"at\"\n\
                         buckets = [\"month\"]\n\
                         key = { PK = \"SHOP#{shop}\", SK = \"MONTH#{at:month}\" }\n\
                         measures = { orders = \"count\" }\n[rollups.states]";

/// Asserts that the definition at the start is served: all is counted, and there is no other
/// rollup.
async fn assert_kept(dev: &Dev) {
    let is_counted = |_, answer: &Value| answer["points"][0]["orders"] == BEFORE / 3;
    let answer = dev.answers("/rollups/states?state=open", is_counted).await;
    assert!(answer.get("previous_definition").is_none(), "{answer}");
    let (_, list) = dev.http.get("/rollups").await;
    let rollups = list["rollups"].as_array().expect("rollups");
    let names: Vec<_> = rollups.iter().map(|rollup| rollup["name"].clone()).collect();
    assert_eq!(names, ["sales", "states"], "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_is_invalid_or_loses_items_is_not_taken_and_the_next_one_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    put_orders(&dev).await;
    let rejected = [
        // Invalid.
        (("by = [\"shop\"]", "by = [\"shp\"]"), "did you mean `shop`?"),
        (("[rollups.sales]", "[rollups.sales"), "weir.toml"),
        // Rejected.
        (("ORDER#{id}", "O#{id}"), "  order: `PK` was `ORDER#{id}`, is `O#{id}`: "),
        (("SK = \"ORDER\"\n", "SK = \"ORDER\"\nmatch = { kind = \"o\" }\n"), "  order: `match` "),
        (("name = \"shop\"", "name = \"store\""), "  table: `name` was `shop`, is `store`: "),
        (("name = \"shop\"", "name = \"shop\"\npartition_key = \"pk\""), "  table: "),
    ];
    let mut position = 0;
    for (edit, reason) in rejected {
        // Each has a rollup of its own too, which must not appear.
        let added = "[rollups.totals]\nof = \"order\"\nmeasures = { n = \"count\" }\n\
                     [rollups.states]";
        let edits = [edit, ("[rollups.states]", added)];
        let edits = match edit.1.contains("partition_key") {
            true => [edits[0], ("PK = \"ORDER", "pk = \"ORDER")],
            false => edits,
        };
        save(folder.path(), &edited(&edits));
        let kept = dev.says_from(position, KEPT).await;
        let log = dev.process.log.text();
        let said: Vec<_> = log.lines().take(kept).skip(position).collect();
        assert!(said.join("\n").contains(reason), "{reason}: {said:#?}");
        position = kept;
        assert_kept(&dev).await;
    }
    std::fs::remove_file(folder.path().join("weir.toml")).expect("removed");
    position = dev.says_from(position, KEPT).await;
    assert_kept(&dev).await;

    save(folder.path(), &edited(&[("sum(total)", "sum(net)")]));
    let position = dev.says_from(position, "weir.toml was saved: building sales").await;
    dev.says_from(position, "ready: sales; 30 items are counted").await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_beside_the_items_is_added_and_its_change_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let dev = Dev::in_memory(folder.path(), DEFINITION).await;
    put_orders(&dev).await;
    let added = edited(&[("[rollups.states]", COLOCATED)]);
    save(folder.path(), &added);
    let position = dev.says_from(0, "ready: months").await;
    let question = "/rollups/months?shop=a&every=month&from=2026-03&to=2026-04";
    let is_counted = |_, answer: &Value| answer["points"][0]["orders"] == BEFORE / 2;
    dev.answers(question, is_counted).await;

    let changed = COLOCATED.replace("by = [", "where = { state = \"open\" }\nby = [");
    save(folder.path(), &edited(&[("[rollups.states]", &changed)]));
    let kept = dev.says_from(position, KEPT).await;
    let log = dev.process.log.text();
    assert!(log.contains("cannot build a new revision of the rollup `months`"), "{log}");
    dev.answers(question, is_counted).await;
    save(folder.path(), &added);
    dev.says_from(kept, "weir.toml was saved: 3 rollups unchanged").await;
    dev.stop().await;
}
