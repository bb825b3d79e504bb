//! Typed streams: each kind selects its changes, and brings the item as it was and as it is.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_processor::{Changes, Failure, TypedChange, TypedChanges};
use weir_testing::http::Client;

use crate::reactors::club::{Club, Member};

/// A selection of changes by its name, and what it brought.
type Kind = (&'static str, fn(TypedChanges<Member>) -> TypedChanges<Member>);

const KINDS: [Kind; 6] = [
    ("every", |changes| changes),
    ("inserted", TypedChanges::inserted),
    ("modified", TypedChanges::modified),
    ("removed", TypedChanges::removed),
    ("expired", TypedChanges::expired),
    ("deleted", TypedChanges::deleted),
];

/// A change as a word: `ann 1 -> ann 2`, with `-` for what is not there.
fn shown(change: &TypedChange<Member>) -> String {
    let member = |member: &Option<Member>| match member {
        Some(Member { id, points, secret: None }) => format!("{id} {points}"),
        Some(Member { id, points, secret: Some(secret) }) => format!("{id} {points} {secret}"),
        None => "-".to_owned(),
    };
    let end = if change.expired { " expired" } else { "" };
    format!("{} -> {}{end}", member(&change.old), member(&change.new))
}

impl Club {
    /// Turns a member into an item of another entity, or back, under the same key: as a table
    /// written by others might.
    async fn turn(&self, id: &str, entity: &str) {
        let request = json!({
            "TableName": self.system.model.table.name,
            "Key": { "PK": { "S": format!("MEMBER#{id}") }, "SK": { "S": "MEMBER" } },
            "UpdateExpression": "SET #entity = :entity",
            "ExpressionAttributeNames": { "#entity": "_et" },
            "ExpressionAttributeValues": { ":entity": { "S": entity } },
        });
        Client::new(&self.system.dynamodb.url).dynamodb("UpdateItem", &request).await;
    }

    /// A member whose time has passed joins, and is gone when this returns.
    async fn join_too_late(&self, id: &str) {
        self.put(id, json!({ "expires": jiff::Timestamp::now().as_second() - 60 })).await;
        self.system.expired(&format!("/member/{id}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_typed_stream_selects_its_changes() {
    let club = Club::with_expiry().await;
    let seen: Arc<Mutex<Vec<(&str, String)>>> = Arc::default();
    let mut processor = club.system.processor();
    for (kind, select) in KINDS {
        let seen = seen.clone();
        processor = processor.react(kind, move |changes: Changes| {
            let seen = seen.clone();
            select(changes.typed::<Member>()).try_for_each(move |change| {
                seen.lock().expect("no panic").push((kind, shown(&change)));
                std::future::ready(Ok::<(), Failure>(()))
            })
        });
    }
    let running = club.system.process(processor, 3);

    club.put("ann", json!({ "points": 1, "secret": "x" })).await;
    club.put("bob", json!({ "points": 2 })).await;
    let visit: Value = json!({ "member": "ann", "number": 1 });
    assert_eq!(club.system.http.send("POST", "/visit", Some(&visit)).await.0, 201);
    club.put("ann", json!({ "points": 3 })).await;
    club.delete("bob").await;
    club.turn("ann", "guest").await;
    club.turn("ann", "member").await;
    club.join_too_late("cid").await;
    running.catch_up().await;

    let of = |kind: &str| {
        let seen = seen.lock().expect("no panic");
        seen.iter().filter(|(of, _)| *of == kind).map(|(_, shown)| shown.clone()).collect()
    };
    let [every, inserted, modified, removed, expired, deleted]: [Vec<String>; 6] =
        KINDS.map(|(kind, _)| of(kind));
    assert_eq!(
        every,
        [
            "- -> ann 1 x",
            "- -> bob 2",
            "ann 1 x -> ann 3",
            "bob 2 -> -",
            "ann 3 -> -",
            "- -> ann 3",
            "- -> cid 0",
            "cid 0 -> - expired",
        ]
    );
    assert_eq!(inserted, ["- -> ann 1 x", "- -> bob 2", "- -> ann 3", "- -> cid 0"]);
    assert_eq!(modified, ["ann 1 x -> ann 3"]);
    assert_eq!(removed, ["bob 2 -> -", "ann 3 -> -", "cid 0 -> - expired"]);
    assert_eq!(expired, ["cid 0 -> - expired"]);
    assert_eq!(deleted, ["bob 2 -> -", "ann 3 -> -"]);
    club.assert_rollups_exact().await;
    running.stop().await;
    club.system.delete_tables().await;
}
