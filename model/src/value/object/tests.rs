//! Items with maps and lists whose members follow rules: stored as the rules say, refused with the
//! place of each mistake.

use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use crate::entity::Entity;
use crate::write_context::WriteContext;
use crate::{Item, Model, value};

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "ORDER#{id}"
    SK = "ORDER"
    [entities.order.attributes]
    id     = { type = "string", required = true }
    tags   = { type = "list", items = { type = "string", lower = true, max_length = 3 }, max_length = 2 }
    skills = { type = "map", items = { type = "integer", min = 0 } }
    free   = { type = "map" }
    [entities.order.attributes.address]
    type = "map"
    attributes.street  = { type = "string", required = true, trim = true }
    attributes.zip     = { type = "string", pattern = "^[0-9]{5}$", field = "z" }
    attributes.country = { type = "enum", values = ["DE", "FR"], default = "DE" }
    attributes.secret  = { type = "string", hidden = true }
    [entities.order.attributes.lines]
    type = "list"
    items.type = "map"
    items.attributes.id    = { type = "string", default = "uuid" }
    items.attributes.price = { type = "decimal", scale = 2, min = 0 }
    items.attributes.sent  = { type = "timestamp", precision = "second" }
    items.attributes.until = { type = "timestamp", format = "epoch" }
    items.attributes.codes = { type = "set", items = "string" }
    items.attributes.photo = { type = "binary" }
"##;

fn entity() -> Entity {
    DEFINITION.parse::<Model>().unwrap_or_else(|error| panic!("{error:#?}")).entities[0].clone()
}

fn encode(rest: Value) -> Result<Item, Vec<String>> {
    let mut object = json!({ "id": "1" });
    let members = rest.as_object().expect("an object").clone();
    object.as_object_mut().expect("an object").extend(members);
    let context =
        WriteContext { now: "2026-11-20T12:00:00Z".parse().expect("a time"), random: || [7; 16] };
    let encoded = entity().encode(object.as_object().expect("an object"), context);
    encoded.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn encoded(rest: Value) -> Item {
    encode(rest.clone()).unwrap_or_else(|errors| panic!("{rest}: {errors:?}"))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

#[test]
fn what_is_inside_is_stored_as_its_type_says() {
    let line = json!({
        "price": "12.50", "sent": "2026-11-20T07:00:00+01:00", "until": "2026-11-20T06:00:00Z",
        "codes": ["b", "a"], "photo": "AAEC",
    });
    let item = encoded(json!({ "lines": [line], "skills": { "wit": "3" }, "tags": ["ABC"] }));
    let Some(AttributeValue::L(lines)) = item.get("lines") else { panic!("a list") };
    let AttributeValue::M(line) = &lines[0] else { panic!("a map") };
    assert_eq!(line["price"], AttributeValue::N("12.5".to_owned()));
    assert_eq!(line["sent"], text("2026-11-20T06:00:00Z"));
    assert_eq!(line["until"], AttributeValue::N("1795154400".to_owned()));
    assert_eq!(line["codes"], AttributeValue::Ss(vec!["b".to_owned(), "a".to_owned()]));
    assert_eq!(line["photo"], AttributeValue::B(vec![0, 1, 2]));
    assert!(matches!(&line["id"], AttributeValue::S(id) if id.len() == 36), "a default");
    let stored = |name: &str| item.get(name).map(value::decode);
    assert_eq!(stored("skills"), Some(json!({ "wit": 3 })));
    assert_eq!(stored("tags"), Some(json!(["abc"])));
}

#[test]
fn a_map_has_its_defaults_and_fields_and_its_hidden_attributes_are_not_shown() {
    let item =
        encoded(json!({ "address": { "street": " Hill 1 ", "zip": "12345", "secret": "x" } }));
    let Some(AttributeValue::M(stored)) = item.get("address") else { panic!("a map") };
    assert_eq!((&stored["street"], &stored["z"]), (&text("Hill 1"), &text("12345")));
    assert_eq!(stored["secret"], text("x"));
    let shown = json!({ "street": "Hill 1", "zip": "12345", "country": "DE" });
    assert_eq!(entity().decode(&item)["address"], shown);
    let whole: Value = entity().read_as(&item).expect("any JSON");
    assert_eq!(whole["address"]["secret"], "x", "a program sees it");
}

#[test]
fn null_is_absent_where_there_are_names_and_no_member_of_a_list() {
    let item = encoded(json!({
        "address": { "street": "a", "zip": null }, "skills": { "wit": null }, "free": { "a": null },
    }));
    let shown = entity().decode(&item);
    assert_eq!(shown["address"], json!({ "street": "a", "country": "DE" }));
    assert_eq!((&shown["skills"], &shown["free"]), (&json!({}), &json!({ "a": null })));
    let errors = encode(json!({ "tags": ["a", null] })).expect_err("no string");
    assert_eq!(errors, ["`tags[1]`: expected a string, found null"]);
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_path() {
    let errors = encode(json!({
        "address": { "zip": "1", "cuntry": "DE", "country": "XX" },
        "lines": [{ "price": 1 }, { "price": -1, "sent": "soon", "weight": 3 }, 7],
        "skills": { "wit": 0.5, "a.b": -1, "": 1 },
        "tags": ["ABCD", "b"],
    }));
    assert_eq!(
        errors.expect_err("mistakes"),
        [
            "`tags[0]`: expected a length of at most 3, it is 4",
            "`skills`: expected a name for each member of an object, one is empty",
            "`skills.wit`: expected a number without decimal places, found 0.5",
            "`skills.a.b`: expected at least 0",
            "`address.cuntry`: the map has no such attribute; did you mean `country`?",
            "`address.street`: expected a string, it is required",
            "`address.zip`: expected text that matches ^[0-9]{5}$",
            "`address.country`: expected one of DE, FR, found \"XX\"",
            "`lines[1].weight`: the map has no such attribute; it has id, price, sent, until, \
             codes, photo",
            "`lines[1].price`: expected at least 0",
            "`lines[1].sent`: expected an RFC 3339 timestamp such as 2026-11-20T06:40:54Z before \
             9999-12-30T22:00Z, found \"soon\"",
            "`lines[2]`: expected an object, found 7",
        ]
    );
    let errors = encode(json!({ "tags": ["a", "b", "c"] })).expect_err("too many");
    assert_eq!(errors, ["`tags`: expected a length of at most 2, it is 3"]);
}

#[test]
fn a_value_that_another_has_written_is_shown_as_it_is() {
    let mut item = encoded(json!({}));
    item.insert("tags".to_owned(), text("a"));
    item.insert("lines".to_owned(), AttributeValue::L(vec![AttributeValue::Null(true), text("b")]));
    let shown = entity().decode(&item);
    assert_eq!((&shown["tags"], &shown["lines"]), (&json!("a"), &json!([null, "b"])));
}

#[test]
fn what_is_in_it_gets_defaults_whenever_it_is_written_from_a_row_of_text() {
    let lines = entity().attribute("lines").expect("there").clone();
    let json = lines.json_of_text(r#"[{ "price": "1.50" }]"#).expect("lines");
    assert_eq!(json, json!([{ "price": "1.50" }]), "an id is made for each row");
    let error = lines.json_of_text(r#"[{ "price": -1 }]"#).expect_err("below 0");
    assert_eq!(error.to_string(), "`[0].price`: expected at least 0");
}
