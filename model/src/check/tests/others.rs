//! Definition files of tables that others write: keys as they make them, and whose keys are whose.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::json;

use crate::entity::Entity;
use crate::write_context::WriteContext;
use crate::{Model, value};

/// As ElectroDB has it: the whole key in lower case, labels before values, index keys that end
/// before what is absent.
const WORK: &str = r##"
[table]
name = "work"
partition_key = "pk"
sort_key = "sk"
[table.indexes.gsi1]
partition_key = "gsi1pk"
sort_key = "gsi1sk"
[table.indexes.gsi2]
partition_key = "gsi2pk"
sort_key = "gsi2sk"

[entities.task]
match = { __edb_e__ = "task", __edb_v__ = "1" }
escape = false
pk = "$work#team_{team:lower}"
sk = "$tasks#task_1#project_{project:lower}#task_{task:lower}"
gsi1pk = "$work#status_{status?:lower}"
gsi1sk = "$task_1#due_{due?:lower}#points_{points?:06}"
gsi2pk = "$work#owner_{owner:lower}"
gsi2sk = "$task_1"
[entities.task.attributes]
team = { type = "string", required = true }
project = { type = "string", required = true }
task = { type = "string", required = true }
status = { type = "string" }
due = { type = "timestamp", precision = "second" }
points = { type = "integer" }
owner = { type = "string" }
"##;

/// As one writes it by hand: an order and its items in one partition, and a key that is an
/// attribute itself.
const SHOP: &str = r##"
[table]
name = "shop"
[table.indexes.GSI1]
partition_key = "status"
sort_key = "GSI1SK"

[entities.order]
escape = false
PK = "CUSTOMER#{customer}"
SK = "ORDER#{order}"
GSI1SK = "{order}"
[entities.order.attributes]
customer = { type = "string", required = true }
order = { type = "string", required = true }
status = { type = "string" }

[entities.item]
escape = false
PK = "CUSTOMER#{customer}"
SK = "ORDER#{order}#ITEM#{item}"
[entities.item.attributes]
customer = { type = "string", required = true }
order = { type = "string", required = true }
item = { type = "string", required = true }

[entities.device]
escape = false
SK = "DEVICE"
[entities.device.attributes]
id = { type = "string", required = true, field = "PK" }
"##;

fn entity(definition: &str, name: &str) -> Entity {
    let model = Model::parse("weir.toml", definition).unwrap_or_else(|error| panic!("{error:?}"));
    model.entity(name).expect(name).clone()
}

fn encoded(entity: &Entity, json: &serde_json::Value) -> Result<Item, String> {
    let context = WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let encoded = entity.encode(json.as_object().expect("an object"), context);
    encoded.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// The keys of the table and its indexes that an item has.
fn keys(entity: &Entity, json: &serde_json::Value) -> Vec<String> {
    let item = encoded(entity, json).unwrap_or_else(|error| panic!("{json}: {error}"));
    let keys = entity.keys.iter().filter_map(|key| item.get(&key.key));
    keys.map(|text| value::decode(text).as_str().expect("text").to_owned()).collect()
}

#[test]
fn an_item_has_the_keys_of_the_indexes_that_something_of_it_is_in() {
    let task = entity(WORK, "task");
    let with = |more: serde_json::Value| {
        let mut json = json!({ "team": "A b", "project": "P#1", "task": "T" });
        json.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        keys(&task, &json)
    };
    let primary = ["$work#team_a b", "$tasks#task_1#project_p#1#task_t"];
    let of_status = |text: &str| format!("$work#status_{text}");
    let due = "$task_1#due_2026-11-20t06:40:54z";
    let cases = [
        (json!({}), vec![]),
        (json!({ "status": "Open" }), vec![of_status("open"), "$task_1#due_".to_owned()]),
        (json!({ "points": 7 }), vec![of_status(""), "$task_1#due_".to_owned()]),
        (
            json!({ "status": "Open", "due": "2026-11-20T06:40:54Z" }),
            vec![of_status("open"), format!("{due}#points_")],
        ),
        (
            json!({ "due": "2026-11-20T06:40:54Z", "points": 7 }),
            vec![of_status(""), format!("{due}#points_000007")],
        ),
        (json!({ "owner": "Ann" }), vec!["$work#owner_ann".to_owned(), "$task_1".to_owned()]),
    ];
    for (more, expected) in cases {
        let expected: Vec<_> = primary.map(str::to_owned).into_iter().chain(expected).collect();
        assert_eq!(with(more.clone()), expected, "{more}");
    }
}

#[test]
fn keys_without_attributes_list_all_items() {
    let all = WORK.replace("$work#owner_{owner:lower}", "$work#all");
    let json = json!({ "team": "a", "project": "b", "task": "c" });
    assert_eq!(keys(&entity(&all, "task"), &json)[2..], ["$work#all", "$task_1"]);
}

#[test]
fn a_value_that_forges_a_key_is_refused_wherever_the_key_is_made() {
    let task = entity(WORK, "task");
    let json = json!({ "team": "a", "project": "x#Task_y", "task": "z" });
    let error = encoded(&task, &json).expect_err("a forged key");
    assert!(error.contains("expected a value without `#task_`"), "{error}");
    let path = [("team", "a"), ("project", "x#Task_y"), ("task", "z")];
    assert!(task.key_from_text(&path).is_err());
    assert!(task.key_from_json(json.as_object().expect("an object")).is_err());
}

#[test]
fn the_wider_of_two_entities_refuses_the_keys_of_the_narrower() {
    let (order, item) = (entity(SHOP, "order"), entity(SHOP, "item"));
    let json = json!({ "customer": "ann", "order": "1#ITEM#2" });
    let error = encoded(&order, &json).expect_err("an item's key");
    assert_eq!(
        error,
        "`order`: makes the key CUSTOMER#ann / ORDER#1#ITEM#2, which is one of `item`; expected \
         values that make another"
    );
    assert_eq!(keys(&order, &json!({ "customer": "ann", "order": "1#ITEM" }))[1], "ORDER#1#ITEM");
    let json = json!({ "customer": "ann", "order": "1", "item": "2" });
    assert_eq!(keys(&item, &json), ["CUSTOMER#ann", "ORDER#1#ITEM#2"]);
}

#[test]
fn no_item_has_the_key_of_a_lock() {
    let device = entity(SHOP, "device");
    let error = encoded(&device, &json!({ "id": "@unique#user#email#ann" })).expect_err("a lock");
    assert!(error.contains("which is the lock of a unique value"), "{error}");
}

#[test]
fn an_attribute_may_be_a_key_itself() {
    let device = entity(SHOP, "device");
    let item = encoded(&device, &json!({ "id": "a#b%" })).expect("an item");
    let expected = [("_et", "device"), ("PK", "a#b%"), ("SK", "DEVICE")];
    let expected =
        expected.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
    assert_eq!(item, Item::from(HashMap::from(expected)));
    assert_eq!(device.decode(&item)["id"], "a#b%");
    let order = entity(SHOP, "order");
    let json = json!({ "customer": "ann", "order": "1", "status": "open" });
    assert_eq!(keys(&order, &json)[2..], ["open", "1"]);
    assert_eq!(keys(&order, &json!({ "customer": "ann", "order": "1" }))[2..], ["1"]);
}
