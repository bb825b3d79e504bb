//! Rollup items in the table of items: no list, collection, index or relation has them, no reactor
//! sees them. How they are written: `writing`.

mod writing;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_processor::Failure;
use weir_testing::fixture::fixture;
use weir_testing::system::{Captured, System};

/// The table with a thing, and a rollup item beside it.
async fn things() -> System {
    let system = System::open(&fixture("things")).await;
    let thing = json!({ "owner": "ann", "id": "7" });
    assert_eq!(system.http.send("POST", "/thing", Some(&thing)).await.0, 201);
    let item = json!({
        "PK": { "S": "ann" },
        "SK": { "S": "STATS#2026-11" },
        "_et": { "S": "@rollup" },
        "count": { "N": "3" },
    });
    system.store(&item).await;
    system
}

async fn get(system: &System, path: &str) -> (u16, Value) {
    system.http.send("GET", path, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_read_of_items_has_a_rollup_item() {
    let system = things().await;
    let thing = json!([{ "owner": "ann", "id": "7" }]);
    for path in ["/thing/ann", "/query/thing/by_sort/7", "/thing/ann?limit=1"] {
        let (status, page) = get(&system, path).await;
        assert_eq!((status, &page["items"]), (200, &thing), "{path}: {page}");
    }
    assert_eq!(get(&system, "/thing/ann?count=true").await.1["count"], 1);
    let (_, index) = get(&system, "/query/thing/by_sort/STATS%232026-11").await;
    assert_eq!(index["items"], json!([]), "{index}");
    let (_, collection) = get(&system, "/collections/everything/ann").await;
    assert_eq!(collection["thing"], thing, "{collection}");
    let (_, joined) = get(&system, "/thing/ann/7?include=siblings").await;
    assert_eq!(joined["siblings"]["items"], thing, "{joined}");
    let (status, answer) = get(&system, "/thing/ann/STATS%232026-11").await;
    assert!((400..500).contains(&status), "{answer}");
    let overwrite = json!({ "owner": "ann", "id": "STATS#2026-11" });
    let (status, answer) = system.http.send("POST", "/thing", Some(&overwrite)).await;
    assert_eq!(status, 400, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reactor_sees_what_becomes_of_a_rollup_item() {
    let system = things().await;
    let event = Captured::read(&system).await.cut(10).remove(0);
    assert_eq!(event.records.len(), 2);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let processor = system.processor().react("notes", move |changes| {
        let notes = Arc::clone(&notes);
        changes.try_for_each(move |change| {
            notes.lock().expect("no panic").push(change.event_id);
            std::future::ready(Ok::<_, Failure>(()))
        })
    });
    let response = processor.handle(event.clone()).await.expect("a response");
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(*seen.lock().expect("no panic"), [event.records[0].event_id.clone()]);
}
