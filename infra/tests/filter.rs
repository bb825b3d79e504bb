//! No record that concerns a rollup is kept from the processor, whatever the rollups, the items and
//! the changes are.
//!
//! The patterns are evaluated by a matcher of their own here, as EventBridge documents them, on the
//! JSON that Lambda delivers; the local event source mapping must take them, and admit the same.

use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use weir_cli::synth::filter::{of_items, patterns, widened_patterns};
use weir_model::filter::{Condition, Filter, Test};
use weir_model::{AttributeValue, Item, Model, Rollup};
use weir_processor::event::{Record, StreamRecord};
use weir_processor::mapping::FilterCriteria;
use weir_rollups::{Change, Image, fold};

/// Entities recognised by an attribute of their own, by others, by a number, and by the beginning
/// of a key; no rollups yet but one to copy.
const DEFINITION: &str = r##"
[table]
name = "shop"
entity_attribute = "kind"
[entities.order]
PK = "O#{id}"
SK = "O"
[entities.order.attributes]
id = { type = "string", required = true }
[entities.note]
PK = "N#{id}"
SK = "N"
[entities.note.attributes]
id = { type = "string", required = true }
[entities.legacy]
PK = "L#{id}"
SK = "L"
match = { type = "legacy", version = 2 }
[entities.legacy.attributes]
id = { type = "string", required = true }
[entities.numbered]
PK = "M#{id}"
SK = "M"
match = { version = 3 }
[entities.numbered.attributes]
id = { type = "string", required = true }
[entities.keyed]
match = { PK = { begins_with = "K#" }, kind = "keyed", type = "keyed", version = 9 }
PK = "K#{id}"
SK = "K"
[entities.keyed.attributes]
id = { type = "string", required = true }
[rollups.every]
of = "order"
measures = { n = "count" }
"##;

/// A rollup whose items are kept in the table of items.
const COLOCATED: &str = r##"
[rollups.colocated]
of = "order"
by = ["id"]
key = { PK = "O#{id}", SK = "STATS" }
measures = { n = "count" }
"##;

/// A rollup of numbered items leaves no filter, so there are few.
const ENTITIES: [&str; 9] =
    ["order", "order", "note", "note", "legacy", "legacy", "numbered", "keyed", "keyed"];
/// The attributes that conditions are about.
const ATTRIBUTES: [&str; 2] = ["a", "b"];
/// Texts of which one is the beginning of another, and two are the same instant.
const TEXTS: [&str; 6] =
    ["", "pai", "pai\"d", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "ü"];

/// How many random definitions are tried, each with several changes.
const CASES: u32 = 800;

fn texts() -> impl Strategy<Value = AttributeValue> {
    select(&TEXTS[..]).prop_map(|text| AttributeValue::S(text.to_owned()))
}

fn values() -> impl Strategy<Value = AttributeValue> {
    let nested = texts().prop_map(|text| AttributeValue::M([("a".to_owned(), text)].into()));
    prop_oneof![
        6 => texts(),
        3 => select(vec!["1", "2"]).prop_map(|number| AttributeValue::N(number.to_owned())),
        1 => any::<bool>().prop_map(AttributeValue::Bool),
        1 => Just(AttributeValue::Null(true)),
        1 => Just(AttributeValue::B(b"pai".to_vec())),
        3 => nested,
    ]
}

fn tests() -> impl Strategy<Value = Test> {
    prop_oneof![
        4 => vec(texts(), 1..4).prop_map(Test::In),
        4 => vec(values(), 1..4).prop_map(Test::In),
        3 => texts().prop_map(Test::BeginsWith),
        2 => any::<bool>().prop_map(Test::Exists),
        1 => values().prop_map(Test::Ne),
        1 => values().prop_map(Test::Gte),
        1 => values().prop_map(Test::Lt),
        1 => texts().prop_map(Test::Contains),
        1 => (values(), values()).prop_map(|(low, high)| Test::Between(low, high)),
    ]
}

fn conditions() -> impl Strategy<Value = Condition> {
    let path = prop_oneof![
        3 => select(&ATTRIBUTES[..]).prop_map(|name| vec![name.to_owned()]),
        1 => select(&ATTRIBUTES[..]).prop_map(|name| vec![name.to_owned(), "a".to_owned()]),
    ];
    let instants = prop::bool::weighted(0.2);
    (path, instants, tests()).prop_map(|(path, instants, test)| Condition { path, instants, test })
}

fn models() -> impl Strategy<Value = Model> {
    let rollup = (select(&ENTITIES[..]), vec(conditions(), 0..3));
    (vec(rollup, 0..7), any::<bool>()).prop_map(|(rollups, has_colocated)| {
        let definition = format!("{DEFINITION}{}", if has_colocated { COLOCATED } else { "" });
        let mut model: Model = definition.parse().expect("a definition");
        let every = model.rollups.pop().expect("a rollup to copy");
        let rollup = |(number, (entity, conditions)): (usize, (&str, _))| Rollup {
            name: format!("r{number}"),
            entity: entity.to_owned(),
            filter: Filter { conditions },
            ..every.clone()
        };
        model.rollups = rollups.into_iter().enumerate().map(rollup).collect();
        model
    })
}

/// Items of an entity, or of none, with any values in the attributes that conditions are about.
fn items() -> impl Strategy<Value = Item> {
    let text = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    let version = |number: &str| ("version".to_owned(), AttributeValue::N(number.to_owned()));
    let kinds = vec![
        vec![text("kind", "order")],
        vec![text("kind", "note")],
        vec![text("type", "legacy"), version("2")],
        vec![version("3")],
        vec![text("kind", "other")],
        vec![text("kind", "keyed")],
        vec![text("kind", "keyed"), text("type", "keyed"), version("9"), text("PK", "K#1")],
        vec![text("kind", "keyed"), text("type", "keyed"), version("9"), text("PK", "L#1")],
        vec![text("kind", "@rollup")],
        vec![text("kind", "@rollup"), text("type", "legacy"), version("2")],
        vec![text("kind", "@rollup"), version("3")],
        vec![],
    ];
    let attributes = btree_map(select(&ATTRIBUTES[..]).prop_map(str::to_owned), values(), 0..=2);
    (select(kinds), attributes).prop_map(|(kind, attributes)| {
        let key = ("PK".to_owned(), AttributeValue::S("O#1".to_owned()));
        std::iter::once(key)
            .chain(kind)
            .chain(attributes)
            .collect::<std::collections::HashMap<_, _>>()
            .into()
    })
}

/// A change, and the record of it as Lambda delivers it.
fn changes() -> impl Strategy<Value = (Change, Record)> {
    (option::of(items()), items(), any::<bool>()).prop_map(|(other, item, is_removal)| {
        let (old, new) = match (other, is_removal) {
            (Some(other), _) => (Some(other), Some(item)),
            (None, true) => (Some(item), None),
            (None, false) => (None, Some(item)),
        };
        (change(old.clone(), new.clone()), record(old, new))
    })
}

fn change(old: Option<Item>, new: Option<Item>) -> Change {
    let image = match (old, new) {
        (Some(old), Some(new)) => Image::Modify { old, new },
        (Some(old), None) => Image::Remove { old, expired: false },
        (None, Some(new)) => Image::Insert { new },
        (None, None) => unreachable!("a change has an image"),
    };
    Change { sequence: "100".parse().expect("a number"), seconds: 0, image }
}

fn record(old_image: Option<Item>, new_image: Option<Item>) -> Record {
    let event_name = match (&old_image, &new_image) {
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
        (None, _) => "INSERT",
    };
    Record {
        event_id: "1".to_owned(),
        event_name: event_name.to_owned(),
        event_version: None,
        event_source: None,
        aws_region: None,
        dynamodb: StreamRecord {
            sequence_number: "100".to_owned(),
            old_image,
            new_image,
            ..StreamRecord::default()
        },
        user_identity: None,
        event_source_arn: None,
    }
}

/// Whether a record satisfies a pattern: each rule of it, and of a list of alternatives any.
fn matches(pattern: &Value, record: Option<&Value>) -> bool {
    match pattern {
        Value::Object(rules) => rules
            .iter()
            .all(|(name, rule)| matches(rule, record.and_then(|record| record.get(name)))),
        Value::Array(alternatives) => alternatives.iter().any(|rule| leaf(rule, record)),
        other => panic!("{other} is no pattern"),
    }
}

fn leaf(rule: &Value, value: Option<&Value>) -> bool {
    let text = value.and_then(Value::as_str);
    match rule {
        Value::String(expected) => text == Some(expected),
        Value::Object(rule) if rule.len() == 1 => match rule.iter().next().expect("a rule") {
            (name, Value::String(prefix)) if name == "prefix" => {
                text.is_some_and(|text| text.starts_with(prefix.as_str()))
            }
            (name, Value::Array(others)) if name == "anything-but" => {
                text.is_some_and(|text| !others.iter().any(|other| other == text))
            }
            // Only of leaves: what is a map is not there for this rule.
            (name, Value::Bool(expected)) if name == "exists" => {
                value.is_some_and(|value| !value.is_object()) == *expected
            }
            other => panic!("{other:?} is no rule"),
        },
        other => panic!("{other} is no rule"),
    }
}

fn passes(patterns: &[Value], record: &Value) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, Some(record)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn a_record_that_concerns_a_rollup_passes(model in models(), changes in vec(changes(), 1..30)) {
        let patterns = patterns(&model);
        let local = FilterCriteria::new(patterns.iter().map(ToString::to_string));
        prop_assert!(local.is_ok(), "{local:?}");
        for (change, record) in &changes {
            let json = serde_json::to_value(record).expect("JSON");
            let passes = passes(&patterns, &json);
            prop_assert_eq!(local.as_ref().expect("criteria").admits(record), passes);
            let updates = fold(&model, "shard", [change]).updates;
            prop_assert!(updates.is_empty() || passes, "{json} is lost by {patterns:?}");
            let mut images = change.image.old_image().into_iter().chain(change.image.new_image());
            let is_of_rollup = images.all(|image| model.is_rollup_item(image));
            prop_assert!(
                !(passes && is_of_rollup && model.has_colocated_rollups()),
                "{json} passes {patterns:?}"
            );
            // A processor with reactors has all the others.
            let every = self::passes(&of_items(&model), &json);
            prop_assert_eq!(every, !(is_of_rollup && model.has_colocated_rollups()));
        }
    }

    #[test]
    fn a_record_that_concerns_any_definition_that_is_counted_passes(
        model in models(),
        counted in vec(models(), 1..4),
        changes in vec(changes(), 1..30),
    ) {
        let counted: Vec<_> = counted.into_iter().map(Arc::new).collect();
        let patterns = widened_patterns(&model, &counted);
        let local = FilterCriteria::new(patterns.iter().map(ToString::to_string));
        prop_assert!(local.is_ok(), "{local:?}");
        for (change, record) in &changes {
            let json = serde_json::to_value(record).expect("JSON");
            let mut models = counted.iter().map(Arc::as_ref).chain([&model]);
            let concerns = models.any(|model| !fold(model, "shard", [change]).updates.is_empty());
            prop_assert!(!concerns || passes(&patterns, &json), "{json} is lost by {patterns:?}");
        }
    }
}

fn item(attributes: &[(&str, &str)]) -> Item {
    let attributes = attributes.iter();
    let attributes = attributes
        .map(|(name, value)| ((*name).to_owned(), AttributeValue::S((*value).to_owned())));
    attributes.collect::<std::collections::HashMap<_, _>>().into()
}

#[test]
fn what_leaves_a_rollup_passes_and_what_was_never_in_it_does_not() {
    let mut model: Model = DEFINITION.parse().expect("a definition");
    let test = Test::In(vec![AttributeValue::S("paid".to_owned())]);
    let condition = Condition { path: vec!["a".to_owned()], instants: false, test };
    model.rollups[0].filter.conditions.push(condition);
    let patterns = patterns(&model);
    let paid = || Some(item(&[("kind", "order"), ("a", "paid")]));
    let other = || Some(item(&[("kind", "order"), ("a", "placed")]));
    let note = || Some(item(&[("kind", "note"), ("a", "paid")]));
    let cases = [
        (None, paid(), true),
        (paid(), None, true),
        (paid(), other(), true),
        (other(), paid(), true),
        (other(), other(), false),
        (None, other(), false),
        (note(), None, false),
        (None, note(), false),
    ];
    for (old, new, expected) in cases {
        let record = serde_json::to_value(record(old, new)).expect("JSON");
        assert_eq!(passes(&patterns, &record), expected, "{record}");
    }
}

#[test]
fn the_matcher_reads_patterns_as_eventbridge_does() {
    let record = json!({ "a": { "S": "paid" }, "m": { "M": { "a": { "S": "x" } } } });
    let cases = [
        (json!({ "a": { "S": ["paid"] } }), true),
        (json!({ "a": { "S": ["other", { "prefix": "pa" }] } }), true),
        (json!({ "a": { "N": ["paid"] } }), false),
        (json!({ "a": { "S": [{ "exists": false }] } }), false),
        (json!({ "b": { "S": [{ "exists": false }] } }), true),
        (json!({ "a": { "S": ["paid"] }, "b": { "S": ["paid"] } }), false),
        (json!({ "m": { "M": [{ "exists": true }] } }), false),
    ];
    for (pattern, expected) in cases {
        assert_eq!(matches(&pattern, Some(&record)), expected, "{pattern}");
    }
}
