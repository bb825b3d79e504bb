//! Which items expire, and what their records say.

use serde_json::{Value, json};

use super::*;
use crate::dev::database::in_memory;
use crate::dev::database::stream::{TABLE, create, records, request};

fn put(database: &Database, id: &str, until: &Value) {
    let item = json!({ "PK": { "S": id }, "until": until });
    let put = json!({ "TableName": TABLE, "Item": item });
    database.put_item(request(put)).expect("a write");
}

/// Returns the ids of the items that are there.
fn ids(database: &Database) -> Vec<String> {
    let page = database.scan(request(json!({ "TableName": TABLE }))).expect("a page");
    let id = |item: Item| match &item["PK"] {
        AttributeValue::S(id) => id.clone(),
        other => panic!("{other:?}"),
    };
    let mut ids: Vec<_> = page.items.unwrap_or_default().into_iter().map(id).collect();
    ids.sort();
    ids
}

/// Returns the ids of the removed items, and whether each expired.
fn removals(database: &Database) -> Vec<(String, bool)> {
    let records = records(database, TABLE).into_iter();
    let removals = records.filter(|record| record.event_name == "REMOVE");
    let removal = |record: dynoxide::actions::get_records::Record| {
        let AttributeValue::S(id) = record.dynamodb.keys["PK"].clone() else {
            panic!("{:?}", record.dynamodb.keys)
        };
        let author = record.user_identity.map(|author| author.principal_id);
        (id, author.as_deref() == Some("dynamodb.amazonaws.com"))
    };
    let mut removals: Vec<_> = removals.map(removal).collect();
    removals.sort();
    removals
}

#[tokio::test]
async fn items_expire_for_five_years_and_no_longer() {
    let database = in_memory().expect("a database");
    create(&database, TABLE);
    let now = now_secs();
    let minute = 60;
    let until = |secs: i64| json!({ "N": secs.to_string() });
    put(&database, "future", &until(now + minute));
    put(&database, "past", &until(now - minute));
    put(&database, "five years", &until(now - OLDEST_EXPIRY_SECS + minute));
    put(&database, "older", &until(now - OLDEST_EXPIRY_SECS - minute));
    put(&database, "text", &json!({ "S": (now - minute).to_string() }));
    put(&database, "negative", &until(-minute));
    assert_eq!(sweep(&database).await.expect("a sweep"), 2);
    assert_eq!(ids(&database), ["future", "negative", "older", "text"]);
    let expired = |id: &str| (id.to_owned(), true);
    assert_eq!(removals(&database), [expired("five years"), expired("past")]);
    assert_eq!(sweep(&database).await.expect("a sweep"), 0);

    for id in ["future", "older", "text"] {
        let delete = json!({ "TableName": TABLE, "Key": { "PK": { "S": id } } });
        database.delete_item(request(delete)).expect("a deletion");
    }
    let deleted = removals(&database).into_iter().filter(|(_, has_expired)| !has_expired);
    assert_eq!(deleted.map(|(id, _)| id).collect::<Vec<_>>(), ["future", "older", "text"]);
}

#[tokio::test]
async fn all_pages_of_all_tables_are_swept() {
    let database = in_memory().expect("a database");
    create(&database, TABLE);
    create(&database, "another");
    let (count, now) = (PAGE_ITEMS * 2 + 7, now_secs());
    for number in 0..count {
        let until = if number % 3 == 0 { now + 1_000 } else { now - 1_000 };
        put(&database, &number.to_string(), &json!({ "N": until.to_string() }));
    }
    let item = json!({ "PK": { "S": "a" }, "until": { "N": (now - 1_000).to_string() } });
    let put = json!({ "TableName": "another", "Item": item });
    database.put_item(request(put)).expect("a write");
    let expired = (0..count).filter(|number| number % 3 != 0).count();
    assert_eq!(sweep(&database).await.expect("a sweep"), expired + 1);
    assert_eq!(ids(&database).len(), count - expired);
}
