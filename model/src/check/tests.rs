//! Valid definition files, and what they mean. Invalid ones are in `model/tests/invalid/`.

mod hidden;
mod homes;
mod others;

use serde_json::{Value, json};

use crate::entity::Entity;
use crate::{FieldError, Item, Model, WriteContext};

const SHOP: &str = r##"
[table]
name = "shop"
ttl = "expires_at"
[table.indexes.GSI1]
partition_key = "GSI1PK"
sort_key = "GSI1SK"

[entities.customer]
PK = "USER#{user_id}"
SK = "PROFILE"
[entities.customer.attributes]
user_id = { type = "string", required = true }
email = { type = "string", trim = true, lower = true }
address = { type = "map" }

[entities.order]
PK = "USER#{user_id}"
SK = "ORDER#{created_at}#{order_id}"
GSI1PK = "STATUS#{status}"
GSI1SK = "{created_at}"
[entities.order.attributes]
user_id = { type = "string", required = true, pattern = "^[a-z0-9]+$" }
order_id = { type = "string", default = "uuid" }
status = { type = "enum", values = ["placed", "paid", "cancelled"], default = "placed" }
total = { type = "decimal", scale = 2, required = true, min = 0 }
created_at = { type = "timestamp", default = "now", read_only = true }
tags = { type = "set", items = "string" }
expires_at = { type = "timestamp", format = "epoch" }

[rollups.spend]
of = "order"
where = { status = ["placed", "paid"], total = { gt = 0 } }
by = ["user_id"]
time = "created_at"
time_zone = "Europe/Berlin"
buckets = ["all", "month", "day"]
measures = { orders = "count", revenue = "sum(total)", average = "avg(total)" }
"##;

/// A place of the shop, and the text that a case has there instead.
type Change = (&'static str, &'static str);

/// Returns the shop with changes, which must be valid.
fn check(changes: &[Change]) -> Model {
    let mut text = SHOP.to_owned();
    for (place, instead) in changes {
        assert!(text.contains(place), "no `{place}` in\n{text}");
        text = text.replace(place, instead);
    }
    text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// Returns the item that an order makes at the beginning of 1970.
fn encode(order: &Entity, object: &Value) -> Result<Item, Vec<FieldError>> {
    let context = WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    order.encode(object.as_object().expect("an object"), context)
}

/// Returns the entity `order` of a shop.
fn order(shop: &Model) -> &Entity {
    shop.entity("order").expect("there")
}

#[test]
fn a_good_file_is_read_whole() {
    let model = check(&[]);
    assert_eq!(model.table.rollups_table, "shop-rollups");
    assert_eq!(model.table.key_attributes(), ["PK", "SK", "GSI1PK", "GSI1SK"]);
    let order = order(&model);
    assert_eq!(order.partition_attributes(), ["user_id"]);
    assert_eq!(order.sort_attributes(), ["created_at", "order_id"]);
    let spend = model.rollup("spend").expect("there");
    assert_eq!(
        spend.granularities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["day", "month", "all"]
    );
    assert_eq!(spend.filter.conditions.len(), 2);
}

/// A pattern of the shop, and the place before which it stands.
const BY_STATUS: Change = (
    "[rollups.spend]",
    r##"[entities.order.patterns.by_status]
index = "GSI1"
by = ["created_at"]
order = "desc"
where = { total = { gte = 10 } }

[rollups.spend]"##,
);
/// Both entities are in one collection.
const SHARED: [Change; 2] = [
    ("[entities.customer]\n", "[entities.customer]\ncollections = [\"account\"]\n"),
    ("[entities.order]\n", "[entities.order]\ncollections = [\"account\"]\n"),
];

#[test]
fn other_shops_are_valid() {
    let cases: [(&str, &[Change]); 5] = [
        (
            "fields of a fixed length need no separator",
            &[("ORDER#{created_at}#{order_id}", "ORDER#{created_at}{order_id}")],
        ),
        (
            "a pattern may have the name of its index",
            &[BY_STATUS, ("patterns.by_status", "patterns.GSI1")],
        ),
        (
            "the attributes of a collection's partition may have different names",
            &[
                SHARED[0],
                SHARED[1],
                (
                    "PK = \"USER#{user_id}\"\nSK = \"PROFILE\"",
                    "PK = \"USER#{id}\"\nSK = \"PROFILE\"",
                ),
                ("[entities.customer.attributes]\nuser_id", "[entities.customer.attributes]\nid"),
            ],
        ),
        ("a set makes a group of each member", &[(r#"by = ["user_id"]"#, r#"by = ["tags"]"#)]),
        (
            "so does a set of numbers beside another dimension",
            &[
                (r#"by = ["user_id"]"#, r#"by = ["user_id", "sizes"]"#),
                ("tags = {", "sizes = { type = \"set\", items = \"number\" }\ntags = {"),
            ],
        ),
    ];
    for (case, changes) in cases {
        assert!(check(changes).entity("order").is_some(), "{case}");
    }
}

#[test]
fn text_that_is_no_toml_points_at_its_place() {
    let error = Model::parse("weir.toml", "[table\nname = 1").expect_err("no TOML");
    assert_eq!(error.problems.len(), 1);
    assert!(error.problems[0].span.offset() <= 7, "{:?}", error.problems[0]);
}

#[test]
fn an_item_round_trips_through_its_entity() {
    let model = check(&[]);
    let order = order(&model);
    let object = json!({
        "user_id": "u1", "order_id": "o1", "status": "paid", "total": 12.50,
        "created_at": "2026-11-20T06:40:54.000Z", "tags": ["a", "b"]
    });
    let item = encode(order, &object).expect("valid");
    let expected = [
        ("PK", r#"S("USER#u1")"#),
        ("SK", r#"S("ORDER#2026-11-20T06:40:54.000Z#o1")"#),
        ("GSI1PK", r#"S("STATUS#paid")"#),
        ("_et", r#"S("order")"#),
        ("total", r#"N("12.5")"#),
    ];
    for (name, stored) in expected {
        assert_eq!(format!("{:?}", item.get(name).expect(name)), stored, "{name}");
    }
    assert!(item.get("GSI1SK").is_some());
    let mut expected = object.clone();
    expected["total"] = json!(12.5);
    assert_eq!(Value::Object(order.decode(&item)), expected);
    let path = [("user_id", "u1"), ("created_at", "2026-11-20T07:40:54+01:00"), ("order_id", "o1")];
    assert_eq!(
        order.key_from_text(&path).ok().map(|key| key.primary),
        model.table.primary_key(&item)
    );
}

#[test]
fn every_field_that_cannot_be_stored_is_named_at_once() {
    let object = json!({"user_id": "NO", "totl": 1, "status": "lost", "tags": []});
    let errors = encode(order(&check(&[])), &object).expect_err("four mistakes");
    let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["status", "tags", "total", "totl", "user_id"]);
}

#[test]
fn an_absent_attribute_leaves_the_item_out_of_an_index_and_defaults_fill_the_rest() {
    let model = check(&[(", default = \"placed\"", "")]);
    let order = order(&model);
    let item = encode(order, &json!({"user_id": "u1", "total": "0.10"})).expect("valid");
    assert!(item.get("GSI1PK").is_none() && item.get("GSI1SK").is_some(), "{item:?}");
    assert!(order.decode(&item)["order_id"].as_str().is_some_and(|id| id.len() == 36));
    assert_eq!(order.decode(&item)["created_at"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn an_entity_is_read_by_its_patterns_and_by_each_index_that_it_is_in() {
    let model = check(&[BY_STATUS]);
    let order = order(&model);
    let names: Vec<_> = order.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    assert_eq!(names, ["by_status", "GSI1"]);
    let by_status = &order.patterns[0];
    assert_eq!(by_status.given_attributes(), ["status", "created_at"]);
    assert_eq!(by_status.open_attributes(order), [""; 0]);
    assert!(by_status.descending && !by_status.filter.is_always());
    assert_eq!(order.patterns[1].open_attributes(order), ["created_at"]);
    assert!(model.entity("customer").expect("there").patterns.is_empty());
}

#[test]
fn the_entities_of_a_collection_share_its_partitions() {
    let model = check(&SHARED);
    assert_eq!(model.collections(), ["account"]);
    assert_eq!(model.collection("account").len(), 2);
}
