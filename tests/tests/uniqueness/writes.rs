//! Writes by one caller: which values they take, move and give back.

use serde_json::{Value, json};
use weir_model::{Predicate, Update};
use weir_table::{BatchWrite, Error};

use crate::uniqueness::club::{Club, duplicate, email};

/// Returns ann, who has a value of every unique attribute.
fn ann() -> Value {
    json!({ "id": "ann", "email": "A@x", "tenant": "t", "number": 1 })
}

/// Opens a club of ann, bob, cid and dan, with four locks.
async fn club_of_four() -> Club {
    let club = Club::open().await;
    club.create(ann()).await.expect("created");
    let bob = json!({ "id": "bob", "email": "b@x", "tenant": "t", "number": 2 });
    for user in [bob, json!({ "id": "cid", "tenant": "t" }), json!({ "id": "dan", "tenant": "t" })]
    {
        club.put(user).await.expect("put");
    }
    club
}

#[tokio::test]
async fn a_value_that_is_taken_is_rejected_and_nothing_is_written_in_part() {
    let club = Club::open().await;
    club.create(ann()).await.expect("created");
    assert_eq!(club.recount().await, (1, 2));
    assert_eq!(duplicate(club.create(json!({ "id": "bob", "email": "a@x" })).await), ["email"]);
    let same = json!({ "id": "bob", "email": "b@x", "tenant": "t", "number": 1 });
    assert_eq!(duplicate(club.create(same).await), ["tenant", "number"]);
    assert_eq!(club.recount().await, (1, 2), "nothing is written in part");
    let again = club.create(json!({ "id": "ann", "email": "c@x" })).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
}

#[tokio::test]
async fn a_part_of_a_compound_and_an_absent_value_may_be_the_same_in_many_items() {
    let club = club_of_four().await;
    assert_eq!(club.recount().await, (4, 4));
    assert_eq!(duplicate(club.put(json!({ "id": "cid", "email": "b@x" })).await), ["email"]);
    assert_eq!(duplicate(club.patch("cid", Update::new().set("email", "b@x")).await), ["email"]);
}

#[tokio::test]
async fn a_value_moves_with_updates_and_puts() {
    let club = club_of_four().await;
    let moved = club.patch("bob", Update::new().set("email", "bob@x").set("skills.a.b", 1)).await;
    assert_eq!(email(moved.ok().as_ref()), Some("bob@x".to_owned()));
    club.patch("cid", Update::new().set("email", "b@x").set("number", 7)).await.expect("free now");
    assert_eq!(club.recount().await, (4, 6));
    let put = club.put(json!({ "id": "bob" })).await.expect("put");
    assert_eq!(club.user().version_of(&put), Some("3"), "versions count on");
    assert_eq!(club.recount().await, (4, 4));
    club.patch("cid", Update::new().remove("tenant")).await.expect("removed");
    assert_eq!(club.recount().await, (4, 3));
}

#[tokio::test]
async fn the_values_of_a_deleted_item_are_free() {
    let club = club_of_four().await;
    assert_eq!(email(club.delete("ann").await.expect("deleted").as_ref()), Some("a@x".to_owned()));
    assert_eq!(club.delete("ann").await.expect("deleted"), None);
    assert_eq!(club.recount().await, (3, 2));
    club.create(json!({ "id": "eve", "email": "a@x" })).await.expect("free again");
    assert_eq!(club.recount().await, (4, 3));
}

#[tokio::test]
async fn conditions_hold_and_a_failure_returns_the_item() {
    let club = Club::open().await;
    club.create(json!({ "id": "ann", "email": "a@x", "name": "Ann" })).await.expect("created");
    let named = |name: &str| {
        weir_model::condition::parse(club.user(), &json!({ "name": name })).expect("a condition")
    };
    let item = club.item("user", &json!({ "id": "ann", "email": "b@x" }));
    let key = club.key("ann");
    let update = Update::new().set("email", "b@x").when(json!({ "name": "Bob" }));
    let rejected = [
        club.table.put(item.clone(), &named("Bob")).await,
        club.table.remove(club.user(), &key, &named("Bob")).await,
        club.patch("ann", update).await,
    ];
    for rejected in rejected {
        let Err(Error::ConditionFailed { item }) = rejected else { panic!("{rejected:?}") };
        assert_eq!(email(item.as_deref()), Some("a@x".to_owned()));
    }
    let none = club.patch("bob", Update::new().set("email", "b@x")).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    assert_eq!(club.recount().await, (1, 1));
    club.table.put(item, &named("Ann")).await.expect("put");
    club.table.remove(club.user(), &key, &Predicate::always()).await.expect("removed");
    let gone = club.table.remove(club.user(), &key, &Predicate::always()).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    assert_eq!(club.recount().await, (0, 0));
}

#[tokio::test]
async fn a_write_that_cannot_be_locked_is_rejected() {
    let club = Club::open().await;
    let long = club.create(json!({ "id": "ann", "email": "x".repeat(2040) })).await;
    let message = long.expect_err("too long").to_string();
    assert!(message.contains("makes the key of its lock 2059 bytes long"), "{message}");
    club.create(json!({ "id": "ann", "tenant": "t", "number": 1 })).await.expect("created");
    let added = club.patch("ann", Update::new().add("number", 1)).await.expect_err("rejected");
    assert_eq!(added.to_string(), "`number`: is unique: expected `set` or `remove`, not `add`");
    let put = BatchWrite::Put(club.item("user", &json!({ "id": "bob" })));
    let batch = club.table.write_batch(&[put]).await;
    assert_eq!(batch.unwritten, [0]);
    assert!(batch.error.expect("rejected").to_string().contains("write each by itself"));
    assert_eq!(club.recount().await, (1, 1));
}
