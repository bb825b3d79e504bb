//! Plans of updates: what is allowed, what becomes of each place, and what brings conditions with
//! it.

mod nested;

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::json;

use super::*;
use crate::entity::Entity;
use crate::write_context::WriteContext;
use crate::{Model, value};

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [table.indexes.GSI1]
    partition_key = "GSI1PK"
    sort_key = "GSI1SK"
    [entities.order]
    PK = "USER#{user}"
    SK = "ORDER#{number:04}"
    GSI1PK = "STATUS#{status}"
    GSI1SK = "{placed}#{user}"
    [entities.order.attributes]
    user    = { type = "string", required = true }
    number  = { type = "integer", required = true }
    status  = { type = "enum", values = ["placed", "paid"], default = "placed" }
    placed  = { type = "timestamp", precision = "second", default = "now" }
    created = { type = "timestamp", precision = "second", default = "now", read_only = true }
    changed = { type = "timestamp", precision = "second", on_update = "now" }
    version = { type = "integer", version = true }
    total   = { type = "decimal", scale = 2, required = true, min = 0, max = 1000, field = "t" }
    visits  = { type = "integer" }
    note    = { type = "string", max_length = 5, trim = true }
    tags    = { type = "set", items = "string", max_length = 3 }
    lines   = { type = "list", max_length = 4 }
    skills  = { type = "map" }
    free    = { type = "any" }
"##;

fn entity() -> Entity {
    DEFINITION.parse::<Model>().expect("a definition").entities[0].clone()
}

fn context() -> WriteContext {
    WriteContext { now: "2026-11-20T12:00:00Z".parse().expect("a time"), random: || [7; 16] }
}

fn plan(update: &Update) -> Result<UpdatePlan, Vec<String>> {
    let key: Item = HashMap::from([
        ("user".to_owned(), AttributeValue::S("ann".to_owned())),
        ("number".to_owned(), AttributeValue::N("7".to_owned())),
    ])
    .into();
    let planned = entity().plan_update(&key, update, context());
    planned.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn update(json: serde_json::Value) -> Update {
    Update::from_json(json.as_object().expect("an object")).expect("verbs")
}

/// What a plan does to each place but those that the library keeps, a line each.
fn lines(update: &Update) -> Vec<String> {
    let plan = plan(update).unwrap_or_else(|errors| panic!("{update:?}: {errors:?}"));
    let shown = plan.assignments.iter().map(|Assignment { path, operation }| {
        let text = |value: &AttributeValue| value::decode(value).to_string();
        let what = match operation {
            Operation::Value(value) => format!("= {}", text(value)),
            Operation::ValueIfAbsent(value) => format!("?= {}", text(value)),
            Operation::Plus(value) => format!("+= {}", text(value)),
            Operation::Minus(value) => format!("-= {}", text(value)),
            Operation::Append(value) => format!("++ {}", text(value)),
            Operation::Prepend(value) => format!("{} ++", text(value)),
            Operation::Union(value) => format!("| {}", text(value)),
            Operation::Without(value) => format!("\\ {}", text(value)),
            Operation::NextVersion => "next".to_owned(),
            Operation::Nothing => "gone".to_owned(),
        };
        format!("{path} {what}")
    });
    shown.filter(|line| !line.starts_with("changed") && !line.starts_with("version")).collect()
}

#[test]
fn each_verb_does_what_its_attribute_takes() {
    let cases = [
        (json!({ "set": { "note": " hi " } }), "note = \"hi\""),
        (json!({ "set": { "note": null } }), "note gone"),
        (json!({ "set": { "total": "12.50" } }), "total = 12.5"),
        (json!({ "set_if_absent": { "visits": 3 } }), "visits ?= 3"),
        (json!({ "add": { "visits": 1 } }), "visits += 1"),
        (json!({ "subtract": { "total": 0.5 } }), "total -= 0.5"),
        (json!({ "add": { "tags": ["a", "b"] } }), "tags | [\"a\",\"b\"]"),
        (json!({ "delete": { "tags": ["a"] } }), "tags \\ [\"a\"]"),
        (json!({ "append": { "lines": [1, {"a": 2}] } }), "lines ++ [1,{\"a\":2}]"),
        (json!({ "prepend": { "free": ["x"] } }), "free [\"x\"] ++"),
        (json!({ "add": { "skills.integrity": 1 } }), "skills.integrity += 1"),
        (json!({ "set": { "lines[1].price": 2 } }), "lines[1].price = 2"),
        (json!({ "remove": ["note"] }), "note gone"),
        (json!({ "delete": { "free": [1, 2] } }), "free \\ [1,2]"),
    ];
    for (json, expected) in cases {
        assert_eq!(lines(&update(json.clone())), [expected], "{json}");
    }
}

#[test]
fn every_update_keeps_what_the_library_keeps() {
    let plan = plan(&Update::new().set("note", "x")).expect("a plan");
    let of = |name: &str| {
        let found = plan.assignments.iter().find(|assignment| assignment.path.attribute() == name);
        found.map(|assignment| assignment.operation.clone())
    };
    let now = AttributeValue::S("2026-11-20T12:00:00Z".to_owned());
    assert_eq!(of("changed"), Some(Operation::Value(now)));
    assert_eq!(of("version"), Some(Operation::NextVersion));
}

#[test]
fn what_an_attribute_does_not_take_says_why() {
    let cases = [
        (json!({ "set": { "user": "bob" } }), "`user`: is part of the primary key"),
        (json!({ "add": { "number": 1 } }), "`number`: is part of the primary key"),
        (json!({ "set": { "created": 0 } }), "`created`: is read-only"),
        (json!({ "remove": ["created"] }), "`created`: is read-only"),
        (json!({ "set": { "version": 3 } }), "`version`: is kept by the library"),
        (json!({ "set": { "changed": 3 } }), "`changed`: is kept by the library"),
        (json!({ "remove": ["total"] }), "`total`: is required"),
        (json!({ "set": { "total": null } }), "`total`: is required"),
        (json!({ "set": { "total": 1.234 } }), "at most 2 decimal places"),
        (json!({ "set": { "total": 1001 } }), "expected at most 1000"),
        (json!({ "add": { "note": "x" } }), "`add` goes with numbers and sets; `note` is a string"),
        (json!({ "subtract": { "tags": ["x"] } }), "`subtract` goes with numbers"),
        (json!({ "append": { "tags": ["x"] } }), "`append` goes with lists; `tags` is a set"),
        (json!({ "append": { "lines": 1 } }), "expected an array"),
        (json!({ "delete": { "lines": [1] } }), "`delete` goes with sets"),
        (json!({ "add": { "tags": [] } }), "expected at least one member"),
        (json!({ "add": { "visits": 0.5 } }), "expected a number without decimal places"),
        (json!({ "set": { "stauts": "paid" } }), "did you mean `status`?"),
        (json!({ "set": { "note.x": 1 } }), "leads into `note`, which is a string"),
        (
            json!({ "set": { "skills": {}, "skills.a": 1 } }),
            "`skills` is updated too, and overlaps",
        ),
        (json!({ "set": { "note": "a" }, "remove": ["note"] }), "`note` is updated too"),
        (
            json!({ "where": { "stauts": "paid" }, "set": { "note": "a" } }),
            "did you mean `status`?",
        ),
        (json!({}), "nothing to do; expected one of set, set_if_absent, add"),
    ];
    for (json, expected) in cases {
        let errors = plan(&update(json.clone())).expect_err(&json.to_string()).join("; ");
        assert!(errors.contains(expected), "{json}: {errors}");
    }
}

#[test]
fn what_is_no_verb_says_what_is() {
    for (json, expected) in [
        (json!({ "sett": {} }), "did you mean `set`?"),
        (json!({ "note": "x" }), "no such verb; expected one of set, set_if_absent"),
        (json!({ "set": [] }), "[]; expected an object of paths and values"),
        (json!({ "remove": "note" }), "\"note\"; expected a list of paths"),
        (json!({ "remove": { "note": 1 } }), "expected a list of paths"),
    ] {
        let errors = Update::from_json(json.as_object().expect("an object")).expect_err("no verbs");
        let text = errors.iter().map(ToString::to_string).collect::<String>();
        assert!(text.contains(expected), "{json}: {text}");
    }
}

#[test]
fn an_index_key_is_made_anew_from_what_is_known() {
    let paid = Update::new().set("status", "paid");
    assert_eq!(lines(&paid), ["status = \"paid\"", "GSI1PK = \"STATUS#paid\""]);
    let later = Update::new().set("placed", "2026-11-21T00:00:00Z");
    let keyed = "GSI1SK = \"2026-11-21T00:00:00Z#ann\"";
    assert_eq!(lines(&later), ["placed = \"2026-11-21T00:00:00Z\"", keyed]);
    assert_eq!(lines(&Update::new().remove("status")), ["status gone", "GSI1PK gone"]);
    assert_eq!(lines(&Update::new().add("visits", 1)), ["visits += 1"]);
}

#[test]
fn an_index_key_that_cannot_be_known_refuses_the_update() {
    let model: Model = r##"
        [table]
        name = "shop"
        [table.indexes.GSI1]
        partition_key = "GSI1PK"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        GSI1PK = "{status}#{city}#{count}"
        [entities.order.attributes]
        id     = { type = "string", required = true }
        status = { type = "string" }
        city   = { type = "string" }
        count  = { type = "integer" }
    "##
    .parse()
    .expect("a definition");
    let plan = |update: Update| {
        let planned = model.entities[0].plan_update(
            &Item::from(HashMap::<String, AttributeValue>::new()),
            &update,
            context(),
        );
        planned.map_err(|errors| errors.iter().map(ToString::to_string).collect::<String>())
    };
    let error = plan(Update::new().set("status", "a")).expect_err("not known");
    assert!(
        error.contains("GSI1PK is made from it and from `city`; expected `city` as well"),
        "{error}"
    );
    let error = plan(Update::new().set("status", "a").set("city", "b").add("count", 1));
    assert!(error.expect_err("not known").contains("can only be set or removed"));

    let known = Update::new().set("status", "a").set("count", 3).when(json!({ "city": "x#y" }));
    let plan = plan(known).expect("a plan");
    let key = plan.assignments.iter().find(|assignment| assignment.path.attribute() == "GSI1PK");
    let expected = Operation::Value(AttributeValue::S("a#x%23y#3".to_owned()));
    assert_eq!(key.map(|key| &key.operation), Some(&expected));
}

#[test]
fn a_relative_change_brings_what_must_hold_before_it() {
    let item = |json: serde_json::Value| -> Item {
        match value::encode(&crate::AttributeType::Any, &json) {
            Ok(AttributeValue::M(item)) => item.into(),
            other => panic!("{other:?}"),
        }
    };
    let set = |members: &[&str]| {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        Item::from(HashMap::from([("tags".to_owned(), AttributeValue::Ss(members))]))
    };
    let holds = |update: Update, item: &Item| {
        plan(&update).expect("a plan").bounds.iter().all(|bound| bound.holds.holds(item))
    };
    let add = |number: f64| Update::new().add("total", json!(number));
    for (total, number, fits) in
        [(990.0, 10.0, true), (990.0, 10.01, false), (5.0, -5.0, true), (5.0, -5.01, false)]
    {
        assert_eq!(holds(add(number), &item(json!({ "t": total }))), fits, "{total} + {number}");
    }
    assert!(!holds(Update::new().subtract("total", 6), &item(json!({ "t": 5 }))));
    assert!(holds(add(1000.0), &item(json!({}))) && !holds(add(1000.01), &item(json!({}))));
    assert!(!holds(add(-1.0), &item(json!({}))));

    let append = Update::new().append("lines", json!([1, 2]));
    assert!(holds(append.clone(), &item(json!({ "lines": [1, 2] }))));
    assert!(!holds(append.clone(), &item(json!({ "lines": [1, 2, 3] }))));
    assert!(holds(append, &item(json!({}))));

    let tag = |tag: &str| Update::new().add("tags", json!([tag]));
    assert!(holds(tag("c"), &set(&["a", "b"])));
    assert!(!holds(tag("d"), &set(&["a", "b", "c"])));
    assert!(holds(tag("a"), &set(&["a", "b", "c"])), "it is there already");
}

#[test]
fn before_maps_were_made_an_item_was_without_one_of_each_attribute_or_as_it_is() {
    let json = json!({ "skills": { "a": { "b": 1 }, "x": 1 }, "free": { "y": 1 }, "t": 1 });
    let item = |json: &serde_json::Value| -> Item {
        match value::encode(&crate::AttributeType::Any, json) {
            Ok(AttributeValue::M(members)) => members.into(),
            other => panic!("{other:?}"),
        }
    };
    let update =
        update(json!({ "add": { "skills.a.b": 1, "skills.x": 1, "free.y": 1, "visits": 1 } }));
    let now = item(&json);
    let before = plan(&update).expect("a plan").before_parents(&now);
    let before: Vec<_> = before.iter().map(|before| before.apply(&now)).collect();
    let skills = [Some(json!({ "a": { "b": 1 }, "x": 1 })), None, Some(json!({ "x": 1 }))];
    let expected = skills.into_iter().flat_map(|skills| {
        [Some(json!({ "y": 1 })), None].map(|free| {
            let mut json = json!({ "t": 1 });
            json.as_object_mut().expect("an object").extend(
                [("skills", skills.clone()), ("free", free)]
                    .into_iter()
                    .filter_map(|(name, json)| Some((name.to_owned(), json?))),
            );
            item(&json)
        })
    });
    assert_eq!(before, expected.collect::<Vec<_>>());
}

#[test]
fn of_many_combinations_of_maps_that_were_made_the_first_and_the_last_are_thought_of() {
    let maps = |count: usize| -> serde_json::Map<_, _> {
        (0..count).map(|number| (format!("m{number}"), json!({ "x": 1 }))).collect()
    };
    let json = json!({ "skills": maps(40), "free": maps(40) });
    let Ok(AttributeValue::M(members)) = value::encode(&crate::AttributeType::Any, &json) else {
        panic!("an object is a map");
    };
    let item: Item = members.into();
    let paths = ["skills", "free"].into_iter().flat_map(|attribute| {
        (0..40).map(move |number| (format!("{attribute}.m{number}.x"), json!(1)))
    });
    let paths: serde_json::Map<_, _> = paths.collect();
    let before = plan(&update(json!({ "add": paths }))).expect("a plan").before_parents(&item);
    assert_eq!((before.len(), before[0].apply(&item)), (32, item.clone()));
    let last = before[31].apply(&item);
    let entity = entity();
    let is_there = |path: &str| {
        let place = crate::Path::parse(&entity, path).expect(path);
        place.path.value_in(&last).is_some()
    };
    assert!(!is_there("skills.m39") && !is_there("free.m39") && is_there("free.m38"));
}
