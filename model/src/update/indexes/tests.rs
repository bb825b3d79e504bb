//! The keys that go with others, on a table that others write besides: what is done to them, and
//! what must hold for it.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::json;

use crate::entity::Entity;
use crate::update::{Operation, Update, UpdatePlan};
use crate::write_context::WriteContext;
use crate::{Model, value};

const DEFINITION: &str = r##"
    [table]
    name = "work"
    [table.indexes.gsi1]
    partition_key = "gsi1pk"
    sort_key = "gsi1sk"
    [table.indexes.gsi2]
    partition_key = "gsi2pk"
    sort_key = "gsi2sk"
    [table.indexes.gsi3]
    partition_key = "area"
    sort_key = "gsi3sk"
    [entities.task]
    escape = false
    PK = "$work#task_{task}"
    SK = "$task_1"
    gsi1pk = "$work#status_{status?}"
    gsi1sk = "$task_1#due_{due?}#points_{points?}"
    gsi2pk = "$work#owner_{owner}"
    gsi2sk = "$task_1"
    gsi3sk = "$task_1#task_{task}"
    [entities.task.attributes]
    task   = { type = "string", required = true }
    status = { type = "string" }
    due    = { type = "string" }
    points = { type = "integer" }
    owner  = { type = "string" }
    area   = { type = "string" }
    note   = { type = "string" }
"##;

fn entity() -> Entity {
    DEFINITION.parse::<Model>().expect("a definition").entities[0].clone()
}

fn item(json: serde_json::Value) -> Item {
    match value::encode(&crate::AttributeType::Any, &json) {
        Ok(AttributeValue::M(item)) => item.into(),
        other => panic!("{other:?}"),
    }
}

fn context() -> WriteContext {
    WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] }
}

fn plan(update: &Update) -> Result<UpdatePlan, String> {
    let planned = entity().plan_update(&item(json!({ "task": "7" })), update, context());
    planned.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// What a plan does to keys.
fn keys(update: &Update) -> Vec<String> {
    let plan = plan(update).unwrap_or_else(|error| panic!("{error}"));
    let shown = plan.assignments.iter().filter(|other| other.path.attribute().contains("gsi"));
    let shown = shown.map(|assignment| match &assignment.operation {
        Operation::Value(value) => format!("{} = {}", assignment.path, value::decode(value)),
        Operation::ValueIfAbsent(value) => {
            format!("{} ?= {}", assignment.path, value::decode(value))
        }
        Operation::Nothing => format!("{} gone", assignment.path),
        other => panic!("{other:?}"),
    });
    shown.collect()
}

#[test]
fn the_key_beside_one_that_is_made_anew_is_completed() {
    let cases = [
        (Update::new().set("note", "x"), vec![]),
        (
            Update::new().set("owner", "ann"),
            vec![r#"gsi2pk = "$work#owner_ann""#, r#"gsi2sk = "$task_1""#],
        ),
        (Update::new().remove("owner"), vec!["gsi2pk gone"]),
        (
            Update::new().set("status", "open"),
            vec![r#"gsi1pk = "$work#status_open""#, r#"gsi1sk ?= "$task_1#due_""#],
        ),
        (
            Update::new().set("status", "open").when(json!({ "due": "d" })),
            vec![r#"gsi1pk = "$work#status_open""#, r#"gsi1sk ?= "$task_1#due_d#points_""#],
        ),
        (
            Update::new().set("status", "open").when(json!({ "due": "d", "points": 3 })),
            vec![r#"gsi1pk = "$work#status_open""#, r#"gsi1sk = "$task_1#due_d#points_3""#],
        ),
        (
            Update::new().set("status", "open").when(json!({ "due": { "exists": false } })),
            vec![r#"gsi1pk = "$work#status_open""#, r#"gsi1sk = "$task_1#due_""#],
        ),
        (
            Update::new().set("due", "d").when(json!({ "points": { "exists": false } })),
            vec![r#"gsi1sk = "$task_1#due_d#points_""#, r#"gsi1pk ?= "$work#status_""#],
        ),
        (
            Update::new().set("due", "d").set("points", 1).set("status", "open"),
            vec![r#"gsi1pk = "$work#status_open""#, r#"gsi1sk = "$task_1#due_d#points_1""#],
        ),
        (Update::new().remove("due"), vec!["gsi1sk gone"]),
        (Update::new().set("area", "north"), vec![r#"gsi3sk = "$task_1#task_7""#]),
        (Update::new().remove("area"), vec![]),
    ];
    for (update, expected) in cases {
        assert_eq!(keys(&update), expected, "{update:?}");
    }
}

#[test]
fn a_key_that_would_end_before_what_the_item_has_is_not_made() {
    let plan = plan(&Update::new().set("status", "open")).expect("a plan");
    let [bound] = plan.bounds.as_slice() else { panic!("{:?}", plan.bounds) };
    let holds = |json: serde_json::Value| bound.holds.holds(&item(json));
    assert!(holds(json!({})), "no due time, and no key");
    assert!(holds(json!({ "due": "d", "gsi1sk": "$task_1#due_d" })), "the key is there");
    assert!(!holds(json!({ "due": "d" })), "a due time that no key has");
    assert_eq!(
        bound.error.to_string(),
        "`due`: the key gsi1sk is made from it, and is not there to go with gsi1pk; expected `due` \
         as well, in `set` or as what it is in `where`"
    );
}

#[test]
fn what_may_be_absent_and_is_not_known_is_asked_for_all_the_same() {
    let error = plan(&Update::new().set("due", "d")).expect_err("points are not known");
    assert!(error.contains("expected `points` as well"), "{error}");
}

#[test]
fn an_item_that_an_update_creates_has_the_keys_that_a_put_gives_it() {
    let entity = entity();
    for json in [
        json!({ "note": "x" }),
        json!({ "owner": "ann" }),
        json!({ "status": "open" }),
        json!({ "due": "d", "points": 3 }),
        json!({ "area": "north", "owner": "ann", "status": "open", "due": "d", "points": 3 }),
    ] {
        let members = json.as_object().expect("an object");
        let set = |update: Update, (name, value): (&String, &serde_json::Value)| {
            update.set(name, value.clone())
        };
        let absent =
            ["status", "due", "points"].into_iter().filter(|name| !members.contains_key(*name));
        let condition: serde_json::Map<_, _> =
            absent.map(|name| (name.to_owned(), json!({ "exists": false }))).collect();
        let update =
            members.iter().fold(Update::new(), set).when(serde_json::Value::from(condition));
        let key = item(json!({ "task": "7" }));
        let planned = entity.plan_update(&key, &update, context()).expect("a plan");
        let creating =
            entity.creating(&key, &planned, context()).expect("nothing else is required");
        let made: HashMap<String, AttributeValue> = creating
            .assignments
            .iter()
            .map(|assignment| match &assignment.operation {
                Operation::Value(value) | Operation::ValueIfAbsent(value) => {
                    (assignment.path.attribute().to_owned(), value.clone())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        let mut whole = members.clone();
        whole.insert("task".to_owned(), json!("7"));
        let mut put = entity.encode(&whole, context()).expect("an item");
        put.remove("PK");
        put.remove("SK");
        assert_eq!(Item::from(made), put, "{json}");
    }
}
