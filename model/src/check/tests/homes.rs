//! Rollups whose items are kept in the table of items: which keys they may have there, and that
//! entities do not take their items for their own.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::json;

use crate::Model;
use crate::rollup::ROLLUP_MARK;
use crate::write_context::WriteContext;

const SHOP: &str = r##"
[table]
name = "shop"
[entities.customer]
PK = "USER#{user}"
SK = "PROFILE"
[entities.customer.attributes]
user = { type = "string", required = true }
[entities.order]
PK = "USER#{user}"
SK = "ORDER#{at}"
[entities.order.attributes]
user = { type = "string", required = true }
label = { type = "string" }
at = { type = "timestamp", required = true }
paid = { type = "timestamp" }
[rollups.stats]
of = "order"
by = ["user", "label"]
time = "at"
buckets = ["month"]
key = { PK = "USER#{user}", SK = "STATS#{label}#{at:month}" }
measures = { orders = "count" }
"##;
const KEY: &str = r##"key = { PK = "USER#{user}", SK = "STATS#{label}#{at:month}" }"##;

#[test]
fn a_rollup_with_a_key_has_a_home_and_one_without_has_none() {
    let model: Model = SHOP.parse().expect("a definition");
    let key = model.rollups[0].colocated.as_ref().expect("a key");
    assert_eq!(key.partition_key(&["ann", "x#"]).as_deref(), Some("USER#ann"));
    let start = "2026-11-01T00:00:00Z".parse().ok();
    assert_eq!(key.sort_key(&["ann", "x#"], start).as_deref(), Some("STATS#x%23#2026-11"));
    assert!(model.has_colocated_rollups());
    let without: Model = SHOP.replace(KEY, "").parse().expect("a definition");
    assert!(without.rollups[0].colocated.is_none() && !without.has_colocated_rollups());
}

#[test]
fn a_rollup_of_all_time_has_a_key_without_a_time() {
    let all = SHOP
        .replace(r#"["month"]"#, r#"["all"]"#)
        .replace("#{at:month}", "")
        .replace("time = \"at\"\n", "");
    let model: Model = all.parse().expect("a definition");
    let key = model.rollups[0].colocated.as_ref().expect("a key");
    assert_eq!(key.sort_key(&["ann", "x"], None).as_deref(), Some("STATS#x"));
}

#[test]
fn two_rollups_may_have_keys_that_differ_in_a_text() {
    let second = |key: &str| {
        format!(
            "{SHOP}[rollups.other]\nof = \"order\"\nby = [\"user\", \"label\"]\ntime = \"at\"\n\
             buckets = [\"day\"]\nkey = {key}\nmeasures = {{ n = \"count\" }}\n"
        )
    };
    let same = r##"{ PK = "USER#{user}", SK = "STATS#{label}#{at:day}" }"##;
    let apart = same.replace("STATS", "DAYS");
    second(&apart).parse::<Model>().expect("keys of its own");
}

fn item(values: &[(&str, AttributeValue)]) -> Item {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    values.collect::<HashMap<_, _>>().into()
}

/// A table of others, whose items are told by what a rollup item could have too.
const COUNTED: &str = r##"
[table]
name = "counted"
[entities.thing]
match = { count = 3 }
escape = false
PK = "{owner}"
SK = "{id}"
[entities.thing.attributes]
owner = { type = "string", required = true }
id = { type = "string", required = true }
at = { type = "timestamp" }
[rollups.stats]
of = "thing"
by = ["owner"]
time = "at"
buckets = ["day"]
key = { PK = "{owner}", SK = "STATS#{at:day}" }
measures = { n = "count" }
"##;

#[test]
fn no_entity_matches_a_rollup_item() {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let counted = ("count", AttributeValue::N("3".to_owned()));
    for definition in [SHOP, COUNTED] {
        let model: Model = definition.parse().unwrap_or_else(|error| panic!("{error:?}"));
        let rollup_item = item(&[("_et", text(ROLLUP_MARK)), counted.clone()]);
        assert!(model.is_rollup_item(&rollup_item));
        assert!(model.entity_of(&rollup_item).is_none());
        for entity in &model.entities {
            assert!(!entity.kind().holds(&rollup_item), "{}", entity.name);
        }
    }
    let model: Model = COUNTED.parse().expect("a definition");
    for own in [item(std::slice::from_ref(&counted)), item(&[counted.clone(), ("_et", text("x"))])]
    {
        assert!(model.entity_of(&own).is_some() && model.entities[0].kind().holds(&own));
        assert!(!model.is_rollup_item(&own));
    }
}

#[test]
fn an_entity_of_unescaped_keys_leaves_those_of_rollup_items_alone() {
    let model: Model = COUNTED.parse().expect("a definition");
    let write = |id: &str| {
        let object = json!({ "owner": "ann", "id": id });
        model.entities[0].encode(object.as_object().expect("an object"), WriteContext::NONE)
    };
    write("STAT#2026-11-20").expect("a key of its own");
    let errors = write("STATS#2026-11-20").expect_err("the key of a rollup item");
    assert!(errors[0].message.contains("which is one of `stats`"), "{errors:?}");
}
