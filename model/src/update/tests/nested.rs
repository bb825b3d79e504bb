//! Plans of updates of what is in maps and lists that have rules of their own.

use super::*;
use crate::path::Path;

const DEFINITION: &str = r##"
    [table]
    name = "shop"
    [entities.order]
    PK = "ORDER#{id}"
    SK = "ORDER"
    [entities.order.attributes]
    id     = { type = "string", required = true }
    skills = { type = "map", items = { type = "integer", min = 0, max = 9 }, min_length = 1, max_length = 3 }
    tags   = { type = "list", items = { type = "string", lower = true, max_length = 3 } }
    free   = { type = "map" }
    [entities.order.attributes.address]
    type = "map"
    field = "a"
    attributes.street = { type = "string", required = true }
    attributes.zip    = { type = "string", pattern = "^[0-9]{5}$", field = "z" }
    attributes.made   = { type = "timestamp", precision = "second", default = "now" }
    attributes.notes  = { type = "set", items = "string", max_length = 2 }
    [entities.order.attributes.lines]
    type = "list"
    min_length = 1
    max_length = 3
    items.type = "map"
    items.attributes.sku   = { type = "string", required = true }
    items.attributes.price = { type = "decimal", scale = 2, min = 0 }
    items.attributes.sizes = { type = "list", items = "integer", max_length = 2 }
"##;

fn entity() -> Entity {
    DEFINITION.parse::<Model>().unwrap_or_else(|error| panic!("{error:#?}")).entities[0].clone()
}

fn planned(json: serde_json::Value) -> Result<UpdatePlan, Vec<String>> {
    let key: Item = HashMap::from([("id".to_owned(), AttributeValue::S("1".to_owned()))]).into();
    let planned = entity().plan_update(&key, &update(json), context());
    planned.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn plan(json: serde_json::Value) -> UpdatePlan {
    planned(json.clone()).unwrap_or_else(|errors| panic!("{json}: {errors:?}"))
}

/// The errors of an update in which something is wrong.
fn errors(json: serde_json::Value) -> String {
    planned(json.clone()).expect_err(&json.to_string()).join("; ")
}

/// An item that has this.
fn item(json: serde_json::Value) -> Item {
    match value::encode(&crate::AttributeType::Any, &json) {
        Ok(AttributeValue::M(item)) => item.into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_inside_is_encoded_as_its_rule_says() {
    let to = |json| plan(json).assignments[0].operation.clone();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    assert_eq!(to(json!({ "set": { "tags[0]": "ABC" } })), Operation::Value(text("abc")));
    let made = json!({ "set": { "address.made": 0 } });
    assert_eq!(to(made), Operation::Value(text("1970-01-01T00:00:00Z")));
    let union = Operation::Union(AttributeValue::Ss(vec!["x".to_owned()]));
    assert_eq!(to(json!({ "add": { "address.notes": ["x"] } })), union);
    let line = json!({ "append": { "lines": [{ "sku": "a", "price": "1.50" }] } });
    let Operation::Append(AttributeValue::L(lines)) = to(line) else { panic!("a list") };
    let price = AttributeValue::N("1.5".to_owned());
    assert!(matches!(&lines[0], AttributeValue::M(line) if line["price"] == price));
    let whole = to(json!({ "set": { "address": { "street": "a" } } }));
    let Operation::Value(AttributeValue::M(address)) = whole else { panic!("a map") };
    assert_eq!(address["made"], text("2026-11-20T12:00:00Z"), "its defaults are made");
}

#[test]
fn a_place_is_stored_by_its_fields_and_told_by_its_names() {
    let path = Path::parse(&entity(), "address.zip").expect("a path").path;
    assert_eq!(path.to_string(), "address.zip");
    let stored = ["a", "z"].map(|name| crate::step::Step::Name(name.to_owned()));
    assert_eq!(path.steps, stored);
}

#[test]
fn what_a_rule_inside_does_not_allow_says_why() {
    let cases = [
        (json!({ "set": { "address.zip": "1" } }), "`address.zip`: expected text that matches"),
        (
            json!({ "set": { "address.streat": "1" } }),
            "`address` has no such attribute; did you mean `street`?",
        ),
        (
            json!({ "set": { "address.street.x": "1" } }),
            "leads into `address.street`, which is a string",
        ),
        (
            json!({ "set": { "address[0]": "1" } }),
            "which is a map; expected a list before the position",
        ),
        (json!({ "set": { "lines.sku": "1" } }), "which is a list; expected a map before the dot"),
        (json!({ "set": { "lines[0]": {} } }), "`lines[0].sku`: expected a string, it is required"),
        (
            json!({ "set": { "lines[0].price": 0.001 } }),
            "`lines[0].price`: expected at most 2 decimal places",
        ),
        (json!({ "set": { "skills.wit": 10 } }), "`skills.wit`: expected at most 9"),
        (json!({ "set": { "tags[3]": "abcd" } }), "`tags[3]`: expected a length of at most 3"),
        (
            json!({ "set": { "address": { "zip": "12345" } } }),
            "`address.street`: expected a string, it is required",
        ),
        (
            json!({ "remove": ["address.street"] }),
            "`address.street`: is required, and cannot be removed",
        ),
        (json!({ "set": { "address.street": null } }), "`address.street`: is required"),
        (
            json!({ "add": { "address.street": 1 } }),
            "`add` goes with numbers and sets; `address.street` is a string",
        ),
        (
            json!({ "append": { "lines[0].price": [1] } }),
            "`append` goes with lists; `lines[0].price` is a decimal",
        ),
        (
            json!({ "append": { "tags": ["abcd", "a"] } }),
            "`tags[0]`: expected a length of at most 3",
        ),
        (
            json!({ "append": { "lines[0].sizes": [1, 0.5] } }),
            "`lines[0].sizes[1]`: expected a number without",
        ),
        (
            json!({ "delete": { "skills.wit": [1] } }),
            "`delete` goes with sets; `skills.wit` is an integer",
        ),
        (
            json!({ "add": { "skills.wit": 0.5 } }),
            "`skills.wit`: expected a number without decimal places",
        ),
        (
            json!({ "set": { "tags[0]": "a" }, "where": { "lines[0].prise": 1 } }),
            "did you mean `price`?",
        ),
        (
            json!({ "set": { "address.zip": "1", "lines[0]": { "price": -1, "x": 1 } } }),
            "`address.zip`: expected text that matches ^[0-9]{5}$; `lines[0].x`: the map has no \
             such attribute; it has sku, price, sizes; `lines[0].sku`: expected a string, it is \
             required; `lines[0].price`: expected at least 0",
        ),
    ];
    for (json, expected) in cases {
        let found = errors(json.clone());
        assert!(found.contains(expected), "{json}: {found}");
    }
}

#[test]
fn nothing_lies_deeper_than_dynamodb_takes() {
    let path = |steps: usize| format!("free{}", ".a".repeat(steps - 1));
    plan(json!({ "set": { path(32): 1 } }));
    assert!(
        errors(json!({ "set": { path(33): 1 } })).contains("has 33 steps; expected at most 32")
    );
    plan(json!({ "set": { path(31): {} } }));
    assert!(errors(json!({ "set": { path(32): {} } })).contains("expected at most 32 levels"));
    assert!(errors(json!({ "append": { path(32): [1] } })).contains("expected at most 32 levels"));
}

#[test]
fn relative_changes_inside_bring_what_must_hold_before_them() {
    let told = |json: serde_json::Value, stored: serde_json::Value| {
        let stored = item(stored);
        let broken = plan(json).bounds.into_iter().filter(|bound| !bound.holds.holds(&stored));
        broken.map(|bound| bound.error.to_string()).collect::<Vec<_>>().join("; ")
    };
    let lines = |prices: &[i32]| {
        let lines = prices.iter().map(|price| json!({ "sku": "a", "price": price }));
        json!({ "lines": lines.collect::<Vec<_>>() })
    };
    let skills = |names: &[&str]| {
        let counted = names.iter().map(|name| ((*name).to_owned(), 1));
        json!({ "skills": counted.collect::<HashMap<_, _>>() })
    };
    let cases = [
        (json!({ "subtract": { "lines[0].price": 3 } }), lines(&[3]), ""),
        (
            json!({ "subtract": { "lines[0].price": 3.01 } }),
            lines(&[3]),
            "`lines[0].price`: expected at least 0 afterwards",
        ),
        (json!({ "add": { "skills.a": 8 } }), skills(&["a"]), ""),
        (
            json!({ "add": { "skills.a": 9 } }),
            skills(&["a"]),
            "`skills.a`: expected at most 9 afterwards",
        ),
        (
            json!({ "append": { "lines[0].sizes": [1, 2] } }),
            json!({ "lines": [{ "sizes": [] }] }),
            "",
        ),
        (
            json!({ "append": { "lines[0].sizes": [1, 2] } }),
            json!({ "lines": [{ "sizes": [1] }] }),
            "`lines[0].sizes`: expected a length of at most 2 afterwards",
        ),
        // A map or a list gets longer by what is put where nothing was.
        (json!({ "add": { "skills.d": 1 } }), skills(&["a", "b"]), ""),
        (
            json!({ "add": { "skills.d": 1 } }),
            skills(&["a", "b", "c"]),
            "`skills`: expected a length of at most 3 afterwards",
        ),
        (json!({ "add": { "skills.c": 1 } }), skills(&["a", "b", "c"]), ""),
        (json!({ "set": { "skills.a": 1, "skills.b": 1 } }), skills(&["a", "b", "c"]), ""),
        (json!({ "set": { "skills.d": 1, "skills.e": 1 } }), skills(&["a"]), ""),
        (
            json!({ "set": { "skills.d": 1, "skills.e": 1 } }),
            skills(&["a", "b"]),
            "`skills`: expected a length of at most 3 afterwards",
        ),
        (json!({ "set": { "lines[2]": { "sku": "a" } } }), lines(&[1, 2, 3]), ""),
        (
            json!({ "set": { "lines[3]": { "sku": "a" } } }),
            lines(&[1, 2, 3]),
            "`lines`: expected a length of at most 3 afterwards",
        ),
        // And shorter by what is taken away.
        (json!({ "remove": ["skills.a"] }), skills(&["a", "b"]), ""),
        (
            json!({ "remove": ["skills.a"] }),
            skills(&["a"]),
            "`skills`: expected a length of at least 1 afterwards",
        ),
        (json!({ "remove": ["skills.x"] }), skills(&["a"]), ""),
        (json!({ "remove": ["lines[0]", "lines[1]"] }), lines(&[1, 2, 3]), ""),
        (
            json!({ "remove": ["lines[0]", "lines[1]"] }),
            lines(&[1, 2]),
            "`lines`: expected a length of at least 1 afterwards",
        ),
    ];
    for (json, stored, expected) in cases {
        assert_eq!(told(json.clone(), stored.clone()), expected, "{json} of {stored}");
    }
}

#[test]
fn a_map_that_has_to_be_made_is_made_as_its_rules_say_or_refused() {
    let made = |json: serde_json::Value| {
        let plan = plan(json).with_parents(&item(json!({})));
        let plan =
            plan.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>());
        plan.map(|plan| match &plan.assignments[0].operation {
            Operation::Value(map) => value::decode(map),
            other => panic!("{other:?}"),
        })
    };
    let whole = json!({ "set": { "address.street": "a" } });
    let expected = json!({ "made": "2026-11-20T12:00:00Z", "street": "a" });
    assert_eq!(made(whole), Ok(expected));
    let incomplete = made(json!({ "set": { "address.zip": "12345" } }));
    let told = "`address.street`: expected a string, it is required, and there is no `address` yet";
    assert_eq!(incomplete, Err(vec![told.to_owned()]));
    let names = ["a", "b", "c", "d"].map(|name| format!("skills.{name}"));
    let long = names.iter().fold(Update::new(), |update, name| update.set(name, 1));
    let key: Item = HashMap::from([("id".to_owned(), AttributeValue::S("1".to_owned()))]).into();
    let long = entity().plan_update(&key, &long, context()).expect("a plan");
    let told = long.with_parents(&item(json!({}))).expect_err("too long");
    assert_eq!(told[0].to_string(), "`skills`: expected a length of at most 3, it is 4");
}

#[test]
fn conditions_inside_read_values_as_their_rules_say() {
    let holds = |json: serde_json::Value, stored: serde_json::Value| {
        let stored = item(stored);
        crate::condition::parse(&entity(), &json)
            .map(|condition| condition.holds(&stored))
            .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let made = json!({ "a": { "made": "2026-11-20T12:00:00Z" } });
    let later = json!({ "address.made": { "gt": "2026-11-20T12:30:00+01:00" } });
    assert_eq!(holds(later, made), Ok(true), "instants are compared, not texts");
    let tagged = json!({ "tags": ["abc"] });
    assert_eq!(holds(json!({ "tags[0]": "ABC" }), tagged.clone()), Ok(true), "cleaned as stored");
    assert_eq!(holds(json!({ "tags": { "contains": "ABC" } }), tagged), Ok(true));
    let line = json!({ "lines": [{ "sku": "a", "price": 1.5 }] });
    let same = json!({ "lines": { "contains": { "sku": "a", "price": "1.50" } } });
    assert_eq!(holds(same, line), Ok(true));
    for (json, expected) in [
        (
            json!({ "lines[0].price": 0.001 }),
            "0.001 cannot be compared with `lines[0].price`; expected at most 2",
        ),
        (
            json!({ "address.made": "soon" }),
            "cannot be compared with `address.made`; expected an RFC 3339",
        ),
        (
            json!({ "skills.wit": { "contains": 1 } }),
            "`contains` never holds for `skills.wit`: it is an integer",
        ),
        (json!({ "address": { "gt": 1 } }), "`gt` cannot order `address`: it is a map"),
        (json!({ "address.streat": 1 }), "did you mean `street`?"),
    ] {
        let told = holds(json.clone(), json!({})).expect_err(&json.to_string());
        assert!(told.contains(expected), "{json}: {told}");
    }
}
