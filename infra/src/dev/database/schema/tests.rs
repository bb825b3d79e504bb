//! The stream of the embedded DynamoDB, held against that of AWS.

use std::sync::atomic::{AtomicU32, Ordering};

use dynoxide::Database;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::dev::database::in_memory;
use crate::dev::database::stream::{TABLE, create, names, request};

/// dynoxide's own question before it writes a record of the stream.
const LAST_RECORD: &str = "EXPLAIN QUERY PLAN SELECT \
     COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name \
     = 't'";

#[test]
fn the_last_record_of_a_stream_is_found_by_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().expect("text");
    in_memory().expect("a database").vacuum_into(copy).expect("a copy");
    let storage = Storage::new(copy).expect("opened");
    let plan = storage.conn().query_row(LAST_RECORD, [], |row| row.get::<_, String>("detail"));
    let plan = plan.expect("a plan");
    assert!(plan.contains("SEARCH _stream_records USING COVERING INDEX weir_stream"), "{plan}");
}

/// The ways to write an item as it is.
fn rewrite(database: &Database, way: usize, item: &Value) {
    let put = json!({ "TableName": TABLE, "Item": item });
    let done = match way {
        0 => database.put_item(request(put)).map(drop),
        1 => {
            let puts = json!([{ "PutRequest": { "Item": item } }]);
            let batch = json!({ "RequestItems": { TABLE: puts } });
            database.batch_write_item(request(batch)).map(drop)
        }
        2 => {
            let actions = json!({ "TransactItems": [{ "Put": put }] });
            database.transact_write_items(request(actions)).map(drop)
        }
        _ => {
            let update = json!({
                "TableName": TABLE,
                "Key": { "PK": item["PK"] },
                "UpdateExpression": "SET #v = :v",
                "ExpressionAttributeNames": { "#v": "v" },
                "ExpressionAttributeValues": { ":v": item["v"] },
            });
            database.update_item(request(update)).map(drop)
        }
    };
    done.expect("a write");
}

/// Returns a value that is equal however its sets are ordered.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(members) => Value::Array(members.iter().map(unordered).collect()),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let mut value = unordered(value);
                if let (true, Value::Array(members)) = (name.ends_with('S'), &mut value) {
                    members.sort_by_key(ToString::to_string);
                }
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// Returns the same value with the members of each set in reverse.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(members) => Value::Array(members.iter().map(reversed).collect()),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let mut value = reversed(value);
                if let (true, Value::Array(members)) = (name.ends_with('S'), &mut value) {
                    members.reverse();
                }
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// Attribute values of few shapes and short texts, so that different ones often have one length.
fn attribute_value() -> impl Strategy<Value = Value> {
    let text = "[ab1.\"\\\\']{1,2}";
    let leaf = prop_oneof![
        text.prop_map(|text| json!({ "S": text })),
        (0..20_u32).prop_map(|number| json!({ "N": number.to_string() })),
        any::<bool>().prop_map(|is| json!({ "BOOL": is })),
        Just(json!({ "NULL": true })),
        prop::collection::btree_set(text, 1..4).prop_map(|texts| json!({ "SS": texts })),
        prop::collection::btree_set(0..20_u32, 1..4).prop_map(|numbers| {
            json!({ "NS": numbers.iter().map(ToString::to_string).collect::<Vec<_>>() })
        }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop::sample::select(vec!["x", "y", "SS", "NS", "L", "a.b", "a\"b", "0"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!({ "L": list })),
            prop::collection::btree_map(name, inner, 0..3).prop_map(|fields| {
                let field = |(name, value): (&str, Value)| (name.to_owned(), value);
                json!({ "M": fields.into_iter().map(field).collect::<Map<_, _>>() })
            }),
        ]
    })
}

#[test]
fn a_write_makes_a_record_exactly_when_it_changes_the_item() {
    let database = in_memory().expect("a database");
    create(&database, TABLE);
    let number = AtomicU32::new(0);
    let other = prop_oneof![Just(None), attribute_value().prop_map(Some)];
    let config = ProptestConfig::with_cases(400);
    proptest!(config, |(old in attribute_value(), new in other, way in 0..4_usize)| {
        let new = new.unwrap_or_else(|| reversed(&old));
        let key = number.fetch_add(1, Ordering::Relaxed).to_string();
        let item = |value: &Value| json!({ "PK": { "S": key }, "v": value });
        rewrite(&database, 0, &item(&old));
        let before = names(&database, TABLE).len();
        rewrite(&database, way, &item(&new));
        let made = names(&database, TABLE).split_off(before);
        let expected = if unordered(&old) == unordered(&new) { vec![] } else { vec!["MODIFY"] };
        prop_assert_eq!(made, expected, "{} and {}", old, new);
    });
}

#[test]
fn a_table_that_is_deleted_takes_its_records_with_it() {
    let database = in_memory().expect("a database");
    for table in [TABLE, "another"] {
        create(&database, table);
        let put = json!({ "TableName": table, "Item": { "PK": { "S": "a" } } });
        database.put_item(request(put)).expect("a write");
    }
    database.delete_table(request(json!({ "TableName": TABLE }))).expect("deleted");
    create(&database, TABLE);
    assert_eq!(names(&database, TABLE), Vec::<String>::new());
    assert_eq!(names(&database, "another"), ["INSERT"]);
}

#[test]
fn a_stream_that_is_enabled_again_starts_empty() {
    let database = in_memory().expect("a database");
    create(&database, TABLE);
    let put = json!({ "TableName": TABLE, "Item": { "PK": { "S": "a" } } });
    database.put_item(request(put)).expect("a write");
    for specification in [
        json!({ "StreamEnabled": false }),
        json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" }),
    ] {
        let update = json!({ "TableName": TABLE, "StreamSpecification": specification });
        database.update_table(request(update)).expect("updated");
    }
    assert_eq!(names(&database, TABLE), Vec::<String>::new());
}

#[test]
fn records_of_tables_that_are_gone_are_removed_when_a_file_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.db");
    let storage = Storage::new(path.to_str().expect("text")).expect("a storage");
    let write = storage.insert_stream_record("t", "INSERT", "{}", None, None, "1", "s", 0);
    write.expect("a record");
    prepare(&storage).expect("prepared");
    prepare(&storage).expect("prepared again");
    assert_eq!(count(&storage), 0);
}

#[test]
fn a_stream_in_memory_is_kept_for_a_day() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.db");
    let storage = Storage::new(path.to_str().expect("text")).expect("a storage");
    retain_a_day(&storage).expect("a trigger");
    let now = 1_800_000_000;
    let write = |table: &str, at: i64| {
        let sequence = (at * 1_000_000).to_string();
        let written =
            storage.insert_stream_record(table, "INSERT", "{}", None, None, &sequence, "s", at);
        written.expect("a record");
    };
    write("other", now - RETENTION_SECS - 1);
    for at in [now - RETENTION_SECS - 1, now - RETENTION_SECS, now] {
        write(TABLE, at);
    }
    assert_eq!(count(&storage), 3);
}

fn count(storage: &Storage) -> i64 {
    let count = "SELECT COUNT(*) FROM _stream_records";
    storage.conn().query_row(count, [], |row| row.get(0)).expect("a count")
}
