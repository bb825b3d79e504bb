//! Items of every kind: how they are found by a unique value, and which locks they have.

use serde_json::json;
use weir_model::{AttributeValue, Predicate, Update};
use weir_table::Error;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::recount::scan;
use weir_testing::system::{Captured, System};
use weir_writer::fresh;

use crate::uniqueness::club::{Club, DEFINITION, duplicate, email};

#[tokio::test]
async fn an_item_is_found_by_its_unique_values() {
    let club = Club::open().await;
    let user = json!({ "id": "ann", "email": "a#%@x", "tenant": "t#1", "number": 1 });
    club.create(user).await.expect("created");
    let find = async |values: &[(&str, &str)]| club.table.find_by(club.user(), values).await;
    let cases: [&[(&str, &str)]; 3] = [
        &[("email", "A#%@x")],
        &[("tenant", "t#1"), ("number", "1.0")],
        &[("number", "1"), ("tenant", "t#1")],
    ];
    for values in cases {
        let found = find(values).await.expect("looked");
        assert_eq!(email(found.as_ref()), Some("a#%@x".to_owned()), "{values:?}");
    }
    assert_eq!(find(&[("email", "b@x")]).await.expect("looked"), None);
    assert_eq!(find(&[("tenant", "t"), ("number", "1")]).await.expect("looked"), None);
    let wrong = find(&[("tenant", "t")]).await.expect_err("not unique");
    assert_eq!(
        wrong.to_string(),
        "`tenant`: is not unique in user; what is unique there: email, tenant+number"
    );
}

#[tokio::test]
async fn an_entity_without_versions_has_unique_attributes_too() {
    let club = Club::open().await;
    club.put_item("badge", json!({ "id": "1", "code": "a", "note": "n" })).await.expect("put");
    let second = club.put_item("badge", json!({ "id": "1", "code": "b" })).await.expect("put");
    assert_eq!(second.get("note"), None);
    club.put_item("badge", json!({ "id": "2", "code": "a" })).await.expect("put");
    let third = club.put_item("badge", json!({ "id": "3", "code": "a" })).await;
    assert_eq!(duplicate(third), ["code"]);
    assert_eq!(club.recount().await, (2, 2));
    // Another program has written the lock, which Weir therefore does not remove.
    let badge = club.entity("badge");
    let key = badge.key_from_text(&[("id", "2")]).expect("a key");
    let lock = badge.lock_of_text(&[("code", "b")]).expect("a lock").key;
    let mut lock = club.table.get(&lock).await.expect("read").expect("a lock");
    let other = badge.lock_of_text(&[("code", "a")]).expect("a lock").key;
    lock.insert("PK".to_owned(), AttributeValue::S(other.partition.clone()));
    club.table.put(lock, &Predicate::always()).await.expect("put");
    club.table.remove(badge, &key, &Predicate::always()).await.expect("removed");
    assert!(club.table.get(&other).await.expect("read").is_some());
}

#[tokio::test]
async fn a_null_that_another_program_stored_is_absent_and_gets_the_value_and_its_lock() {
    let club = Club::open().await;
    let mut item = club.item("badge", &json!({ "id": "1" }));
    item.insert("code".to_owned(), AttributeValue::Null(true));
    club.table.put(item, &Predicate::always()).await.expect("stored");
    let badge = club.entity("badge");
    let key = badge.key_from_text(&[("id", "1")]).expect("a key");
    let update = Update::new().set_if_absent("code", "c");
    let stored = club.table.patch(badge, &key, &update, fresh()).await.expect("done");
    assert_eq!(badge.decode(&stored)["code"], json!("c"));
    let other = club.item("badge", &json!({ "id": "2", "code": "c" }));
    let other = club.table.create(other).await;
    assert!(matches!(other, Err(Error::Duplicate { .. })), "{other:?}");
}

/// Key attributes are part of no update, but unique values may be made of them.
#[tokio::test]
async fn an_item_that_an_upsert_creates_takes_its_locks_with_the_attributes_of_its_key() {
    let club = Club::with_definition(include_str!("tenants.toml")).await;
    let upsert = async |tenant: &str, number: &str| {
        let object = json!({ "tenant": tenant, "number": number, "email": "a@x" });
        let object = object.as_object().expect("an object");
        club.table.upsert(club.user(), object, fresh()).await
    };
    upsert("t", "1").await.expect("the first");
    let second = upsert("t", "2").await;
    assert!(matches!(second, Err(Error::Duplicate { .. })), "{second:?}");
    upsert("u", "1").await.expect("of another tenant");
    let values = [("tenant", "t"), ("email", "a@x")];
    let found = club.table.find_by(club.user(), &values).await.expect("read");
    assert!(found.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_count_items_and_not_locks() {
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, DEFINITION).await;
    let club = Club { url: dynamodb.url.clone(), table: system.table.clone() };
    for number in 0..5 {
        let user = json!({ "id": number.to_string(), "email": format!("{number}@x"), "tenant": "t",
            "number": number });
        club.create(user).await.expect("created");
    }
    club.patch("1", Update::new().set("email", "new@x")).await.expect("patched");
    club.delete("2").await.expect("deleted");
    assert_eq!(club.recount().await, (4, 8));
    let processor = system.processor();
    for event in Captured::read(&system).await.cut(3) {
        processor.handle(event).await.expect("a response");
    }
    let rows = scan(&dynamodb.url, &system.model.table.rollups_table).await;
    let counted: Vec<_> = rows.iter().filter(|row| row["count"].is_object()).collect();
    assert_eq!(counted.len(), 1, "{rows:?}");
    assert_eq!(counted[0]["count"]["N"], "4");
}
