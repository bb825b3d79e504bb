//! Valid definition files, and what they mean. Invalid ones are in `model/tests/invalid/`.

mod hidden;
mod homes;
mod others;
mod reserved;

use crate::Model;

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

#[test]
fn a_good_file_is_read_whole() {
    let model = Model::parse("weir.toml", SHOP).expect("valid");
    assert_eq!(model.table.rollups_table, "shop-rollups");
    assert_eq!(model.table.key_attributes(), ["PK", "SK", "GSI1PK", "GSI1SK"]);
    let order = model.entity("order").expect("there");
    assert_eq!(order.partition_attributes(), ["user_id"]);
    assert_eq!(order.sort_attributes(), ["created_at", "order_id"]);
    let spend = model.rollup("spend").expect("there");
    assert_eq!(
        spend.granularities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["day", "month", "all"]
    );
    assert_eq!(spend.filter.conditions.len(), 2);
}

#[test]
fn fields_of_a_fixed_length_need_no_separator() {
    let text = SHOP.replace("ORDER#{created_at}#{order_id}", "ORDER#{created_at}{order_id}");
    assert!(Model::parse("weir.toml", &text).is_ok());
}

#[test]
fn text_that_is_no_toml_points_at_its_place() {
    let error = Model::parse("weir.toml", "[table\nname = 1").expect_err("no TOML");
    assert_eq!(error.problems.len(), 1);
    assert!(error.problems[0].span.offset() <= 7, "{:?}", error.problems[0]);
}

#[test]
fn an_item_round_trips_through_its_entity() {
    use std::collections::BTreeMap;

    let model = Model::parse("weir.toml", SHOP).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({
        "user_id": "u1", "order_id": "o1", "status": "paid", "total": 12.50,
        "created_at": "2026-11-20T06:40:54.000Z", "tags": ["a", "b"]
    });
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let item = order.encode(object.as_object().expect("an object"), context).expect("valid");
    let text = |name: &str| format!("{:?}", item.get(name).expect(name));
    let keys: BTreeMap<_, _> =
        ["PK", "SK", "GSI1PK", "GSI1SK", "_et", "total"].map(|name| (name, text(name))).into();
    assert_eq!(keys["PK"], r#"S("USER#u1")"#);
    assert_eq!(keys["SK"], r#"S("ORDER#2026-11-20T06:40:54.000Z#o1")"#);
    assert_eq!(keys["GSI1PK"], r#"S("STATUS#paid")"#);
    assert_eq!(keys["_et"], r#"S("order")"#);
    assert_eq!(keys["total"], r#"N("12.5")"#);
    let mut expected = object.clone();
    expected["total"] = serde_json::json!(12.5);
    assert_eq!(serde_json::Value::Object(order.decode(&item)), expected);
    let path = [("user_id", "u1"), ("created_at", "2026-11-20T07:40:54+01:00"), ("order_id", "o1")];
    assert_eq!(
        order.key_from_text(&path).ok().map(|key| key.primary),
        model.table.primary_key(&item)
    );
}

#[test]
fn every_field_that_cannot_be_stored_is_named_at_once() {
    let model = Model::parse("weir.toml", SHOP).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({"user_id": "NO", "totl": 1, "status": "lost", "tags": []});
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let errors =
        order.encode(object.as_object().expect("an object"), context).expect_err("four mistakes");
    let mut fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["status", "tags", "total", "totl", "user_id"]);
}

#[test]
fn an_absent_attribute_leaves_the_item_out_of_an_index_and_defaults_fill_the_rest() {
    let text = SHOP.replace(", default = \"placed\"", "");
    let model = Model::parse("weir.toml", &text).expect("valid");
    let order = model.entity("order").expect("there");
    let object = serde_json::json!({"user_id": "u1", "total": "0.10"});
    let context = crate::WriteContext { now: jiff::Timestamp::UNIX_EPOCH, random: || [7; 16] };
    let item = order.encode(object.as_object().expect("an object"), context).expect("valid");
    assert!(item.get("GSI1PK").is_none() && item.get("GSI1SK").is_some(), "{item:?}");
    assert!(order.decode(&item)["order_id"].as_str().is_some_and(|id| id.len() == 36));
    assert_eq!(order.decode(&item)["created_at"], "1970-01-01T00:00:00.000Z");
}

/// A pattern of the shop.
const PATTERNS: &str = r##"
[entities.order.patterns.by_status]
index = "GSI1"
by = ["created_at"]
order = "desc"
where = { total = { gte = 10 } }
"##;

#[test]
fn an_entity_is_read_by_its_patterns_and_by_each_index_that_it_is_in() {
    let text = SHOP.replace("[rollups.spend]", &format!("{PATTERNS}\n[rollups.spend]"));
    let model = Model::parse("weir.toml", &text).expect("valid");
    let order = model.entity("order").expect("there");
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
fn a_pattern_may_have_the_name_of_its_index() {
    let patterns = PATTERNS.replacen("patterns.by_status", "patterns.GSI1", 1);
    let text = SHOP.replace("[rollups.spend]", &format!("{patterns}\n[rollups.spend]"));
    assert!(Model::parse("weir.toml", &text).is_ok());
}

#[test]
fn the_entities_of_a_collection_share_its_partitions() {
    let shared = SHOP
        .replace("[entities.customer]\n", "[entities.customer]\ncollections = [\"account\"]\n")
        .replace("[entities.order]\n", "[entities.order]\ncollections = [\"account\"]\n");
    let model = Model::parse("weir.toml", &shared).expect("valid");
    assert_eq!(model.collections(), ["account"]);
    assert_eq!(model.collection("account").len(), 2);
    // What makes the partition may be called otherwise.
    let (before, customer) = shared.split_once("[entities.customer]").expect("a customer");
    let renamed = customer.replacen("user_id", "id", 2);
    let renamed = format!("{before}[entities.customer]{renamed}");
    assert!(Model::parse("weir.toml", &renamed).is_ok(), "{renamed}");
}

#[test]
fn a_set_makes_a_group_of_each_member_where_it_can() {
    let with = |by: &str| {
        let sets = "sizes = { type = \"set\", items = \"number\" }\n";
        let text = SHOP.replace(r#"by = ["user_id"]"#, &format!("by = [{by}]"));
        text.replace("tags = {", &format!("{sets}tags = {{"))
    };
    for by in [r#""tags""#, r#""user_id", "sizes""#] {
        assert!(Model::parse("weir.toml", &with(by)).is_ok(), "{by}");
    }
}
