//! A condition says of an item what DynamoDB says of it: random conditions over random items, told
//! by the model and asked of DynamoDB, by a write that depends on them.
//!
//! The model's answer is what explains a refusal, so the two must agree.

use std::collections::HashMap;

use serde_json::{Value, json};
use weir_model::condition::Predicate;
use weir_model::filter::Test;
use weir_model::{AttributeValue, Item, Update};
use weir_model::{Path, Step};
use weir_table::Error;
use weir_testing::fixture::fixture;
use weir_testing::table::TestTable;

/// How many conditions are tried.
const TRIED: usize = 1500;
/// How deep conditions are nested.
const DEPTH: u32 = 3;

/// Values that meet: the same in several types, sizes and places.
fn value(random: &mut fastrand::Rng) -> Value {
    let values = [
        json!("a"),
        json!("ab"),
        json!("b"),
        json!("1"),
        json!(""),
        json!(1),
        json!(1.0),
        json!(2),
        json!(-1),
        json!(true),
        json!(false),
        json!([]),
        json!(["a"]),
        json!([1, "a"]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "a": { "b": "ab" } }),
        json!(null),
    ];
    values[random.usize(..values.len())].clone()
}

fn choose(random: &mut fastrand::Rng, values: &[Value]) -> Value {
    values[random.usize(..values.len())].clone()
}

/// An item in which each attribute may be.
fn item(random: &mut fastrand::Rng, id: usize) -> Value {
    let mut item = json!({ "id": id.to_string() });
    let candidates = [
        ("text", choose(random, &[json!("a"), json!("ab"), json!("b")])),
        ("number", choose(random, &[json!(1), json!(2), json!(-1)])),
        ("flag", json!(random.bool())),
        ("tags", choose(random, &[json!(["a"]), json!(["a", "b"])])),
        ("list", choose(random, &[json!([]), json!([1, "a"]), json!([{ "a": 1 }])])),
        (
            "map",
            choose(
                random,
                &[
                    json!({}),
                    json!({ "a": 1 }),
                    json!({ "a": { "b": "ab" } }),
                    json!({ "a": null }),
                ],
            ),
        ),
        ("free", value(random)),
    ];
    for (name, value) in candidates {
        if random.bool() {
            item[name] = value;
        }
    }
    item
}

fn path(random: &mut fastrand::Rng) -> Path {
    let name = |name: &str| Step::Name(name.to_owned());
    let paths = [
        vec![name("text")],
        vec![name("number")],
        vec![name("flag")],
        vec![name("tags")],
        vec![name("list")],
        vec![name("map")],
        vec![name("free")],
        vec![name("map"), name("a")],
        vec![name("map"), name("a"), name("b")],
        vec![name("list"), Step::Position(0)],
        vec![name("list"), Step::Position(0), name("a")],
        vec![name("free"), name("a")],
        vec![name("nothing")],
    ];
    Path::stored_at(paths[random.usize(..paths.len())].clone())
}

fn operand(random: &mut fastrand::Rng) -> AttributeValue {
    let json = match value(random) {
        // Refused when it is read: what is null is taken for absent.
        Value::Null => json!("a"),
        json => json,
    };
    weir_model::value::encode(&weir_model::AttributeType::Any, &json).expect("a value")
}

/// An operand that has an order: DynamoDB refuses others with an operator of order.
fn ordered(random: &mut fastrand::Rng) -> AttributeValue {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    [text("a"), text("ab"), text("b"), number("1"), number("2"), number("1.0")][random.usize(..6)]
        .clone()
}

/// The two ends of a range, of one type and in order.
fn ends(random: &mut fastrand::Rng) -> (AttributeValue, AttributeValue) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let number = |text: &str| AttributeValue::N(text.to_owned());
    [(text("a"), text("ab")), (text("ab"), text("b")), (number("-1"), number("1"))]
        [random.usize(..3)]
    .clone()
}

fn test(random: &mut fastrand::Rng) -> Test {
    match random.usize(..10) {
        0 => Test::In((0..random.usize(1..4)).map(|_| operand(random)).collect()),
        1 => Test::Ne(operand(random)),
        2 => Test::Gt(ordered(random)),
        3 => Test::Gte(ordered(random)),
        4 => Test::Lt(ordered(random)),
        5 => Test::Lte(ordered(random)),
        6 => {
            let (low, high) = ends(random);
            Test::Between(low, high)
        }
        7 => Test::BeginsWith(AttributeValue::S("a".to_owned())),
        8 => Test::Contains(AttributeValue::S("a".to_owned())),
        _ => Test::Exists(random.bool()),
    }
}

fn predicate(random: &mut fastrand::Rng, depth: u32) -> Predicate {
    if depth > 0 && random.usize(..3) > 0 {
        let parts = |random: &mut fastrand::Rng| {
            (0..random.usize(1..4)).map(|_| predicate(random, depth - 1)).collect()
        };
        return match random.usize(..3) {
            0 => Predicate::All(parts(random)),
            1 => Predicate::Any(parts(random)),
            _ => Predicate::Not(Box::new(predicate(random, depth - 1))),
        };
    }
    match random.usize(..6) {
        0 => {
            let count = AttributeValue::N(random.usize(..3).to_string());
            let size = [Test::Gt(count.clone()), Test::Lte(count.clone()), Test::In(vec![count])];
            Predicate::Size(path(random), size[random.usize(..3)].clone())
        }
        1 => {
            let (_, _, stored) = weir_model::condition::StoredType::EVERY[random.usize(..10)];
            Predicate::Type(path(random), stored)
        }
        _ => Predicate::Test(path(random), test(random)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_holds_of_an_item_exactly_when_dynamodb_says_so() {
    let things = TestTable::open(&fixture("kinds")).await;
    let (table, entity) = (&things.table, things.entity("thing"));
    let seed = std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("WEIR_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut held, mut stored) = (0, HashMap::new());
    for number in 0..TRIED {
        let id = number % 100;
        if number < 100 {
            let object = item(&mut random, id);
            let encoded = things.item("thing", &object);
            table.put(encoded.clone(), &Predicate::always()).await.expect("written");
            stored.insert(id, encoded);
        }
        let condition = predicate(&mut random, DEPTH);
        let item: &Item = &stored[&id];
        let expected = condition.holds(item);
        let key = entity.key_of(item.clone()).expect("a key");
        let said = table.check(entity, &key, &condition).await;
        match (expected, said) {
            (true, Ok(())) => held += 1,
            (false, Err(Error::ConditionFailed { item: Some(found) })) => assert_eq!(*found, *item),
            (expected, said) => panic!(
                "{number}: {condition:?}\nof {item:?}\nis {expected}, DynamoDB says {said:?}"
            ),
        }
    }
    assert!(held > TRIED / 5 && held < TRIED * 4 / 5, "{held} of {TRIED} held");
    let absent = entity.key_from_text(&[("id", "none")]).expect("a key");
    let nothing =
        table.patch(entity, &absent, &Update::new().set("text", "x"), weir_writer::fresh()).await;
    assert!(matches!(nothing, Err(Error::NotFound { .. })), "{nothing:?}");
}
