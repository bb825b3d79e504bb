//! Work grows in proportion to each list that a caller or a definition sends.
//!
//! Each case runs with a list and with one eight times as long. Work in proportion makes that eight
//! times as long, pairwise comparison sixty-four times. The fastest of several runs counts, and the
//! runs are repeated while the long list seems to take too long, so that other programs on the
//! machine do not count.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use weir_model::{Entity, Item, Model, Update, WriteContext, condition};
use weir_testing::fixture::fixture;
use weir_testing::json::object;

use super::app::{App, members};

/// How much longer the second list is.
const FACTOR: usize = 8;
/// How much more work it may be.
const MOST: u32 = 24;
/// How often each length runs in a round.
const RUNS: usize = 7;
/// How many rounds there are at most.
const ROUNDS: usize = 10;

/// Checks that work with a list of `length` grows no faster than the list.
fn check(name: &str, length: usize, work: impl Fn(usize) -> Box<dyn Fn()>) {
    let fastest = |run: &dyn Fn()| {
        let times = (0..RUNS).map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        });
        times.min().expect("several runs")
    };
    let (run_short, run_long) = (work(length), work(length * FACTOR));
    let (mut short, mut long) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        short = short.min(fastest(&run_short));
        long = long.min(fastest(&run_long));
        if long < short.max(Duration::from_micros(200)) * MOST {
            return;
        }
    }
    panic!("{name}: {length} take {short:?}, {} take {long:?}", length * FACTOR);
}

fn thing() -> Entity {
    let model = fixture("limits").model();
    model.entities[0].clone()
}

fn key() -> Item {
    let id = weir_model::AttributeValue::S("1".to_owned());
    std::collections::HashMap::from([("id".to_owned(), id)]).into()
}

#[test]
fn an_update_is_planned_in_proportion_to_its_paths() {
    for (verb, name) in
        [("set", "any.a"), ("add", "any.a"), ("set", "scores.a"), ("add", "scores.a")]
    {
        check(&format!("paths of {verb} {name}"), 100, |length| {
            let json = json!({ verb: members(length, name, &json!(1)) });
            let (entity, key) = (thing(), key());
            Box::new(move || {
                let update = Update::from_json(object(&json));
                let plan =
                    entity.plan_update(&key, &update.expect("an update"), WriteContext::NONE);
                let plan = plan.expect("a plan");
                plan.with_parents(&key).expect("a plan");
                plan.presumed();
            })
        });
    }
}

#[test]
fn a_condition_is_read_in_proportion_to_its_tests() {
    check("conditions", 36, |length| {
        let parts: Vec<_> =
            (0..length).map(|number| json!({ "note": number.to_string() })).collect();
        let (json, entity) = (json!({ "or": parts }), thing());
        Box::new(move || drop(condition::parse(&entity, &json).expect("a condition")))
    });
}

#[test]
fn an_object_is_encoded_in_proportion_to_its_members() {
    let encode = |name: &str, length: usize, make: &dyn Fn(usize) -> Value| {
        check(name, length, |length| {
            let (json, entity) = (make(length), thing());
            Box::new(move || drop(entity.encode(object(&json), WriteContext::NONE)))
        });
    };
    encode("unknown names", 1000, &|length| Value::Object(members(length, "nome", &json!(1))));
    encode("one long unknown name", 10_000, &|length| json!({ "n".repeat(length): 1 }));
    encode(
        "members of any",
        1000,
        &|length| json!({"id": "1", "any": members(length, "a", &json!(1))}),
    );
    encode(
        "wrong members of a map",
        1000,
        &|length| json!({"id": "1", "scores": members(length, "a", &json!("x"))}),
    );
    encode(
        "wrong members of a list",
        1000,
        &|length| json!({"id": "1", "numbers": vec!["x"; length]}),
    );
    encode("members of a set", 1000, &|length| {
        json!({"id": "1",
            "tags": (0..length).map(|number| number.to_string()).collect::<Vec<_>>()})
    });
    encode("digits of a number", 1000, &|length| json!({"id": "1", "size": "9".repeat(length)}));
}

#[test]
fn a_key_is_read_in_proportion_to_its_members() {
    check("members of a key", 1000, |length| {
        let (json, entity) = (members(length, "a", &json!(1)), thing());
        Box::new(move || drop(entity.key_from_json(&json).expect_err("no key")))
    });
}

#[test]
fn requests_are_answered_in_proportion_to_their_rows_actions_and_parameters() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = std::rc::Rc::new(runtime.expect("a runtime"));
    let app = std::rc::Rc::new(runtime.block_on(App::new()));
    let send = |name: &str,
                length: usize,
                method: &'static str,
                make: &dyn Fn(usize) -> (String, Value)| {
        check(name, length, |length| {
            let (runtime, app) = (std::rc::Rc::clone(&runtime), std::rc::Rc::clone(&app));
            let (path, body) = make(length);
            let body = body.to_string();
            Box::new(move || drop(runtime.block_on(app.send(method, &path, body.clone()))))
        });
    };
    send("rows of one entity", 50, "POST", &|length| {
        ("/batch/thing".to_owned(), json!(vec![json!({ "nome": 1, "size": 11 }); length]))
    });
    send("rows of any", 50, "POST", &|length| {
        let row = json!({ "action": "put", "entity": "thing", "item": { "nome": 1 } });
        ("/batch".to_owned(), json!(vec![row; length]))
    });
    send("actions", 12, "POST", &|length| {
        let action = |number: usize| {
            json!({ "action": "put", "entity": "thing",
            "item": { "id": number.to_string() } })
        };
        let actions = (0..length).map(action).chain([json!(1)]);
        ("/transactions".to_owned(), actions.collect())
    });
    send("parameters", 500, "PUT", &|length| {
        let mut path = "/thing/1?a=1".to_owned();
        (0..length).for_each(|number| write!(path, "&a{number}=1").expect("text"));
        (path, json!({}))
    });
}

#[test]
fn a_definition_is_checked_in_proportion_to_what_it_declares() {
    let definition = |name: &str, length: usize, make: fn(usize) -> String| {
        check(name, length, |length| {
            let text = fixture("limits").with(&make(length));
            Box::new(move || drop(text.parse::<Model>().expect("a definition")))
        });
    };
    definition("values of an enum", 500, |length| {
        let values: Vec<_> = (0..length).map(|number| format!("\"v{number}\"")).collect();
        format!("kind = {{ type = \"enum\", values = [{}] }}", values.join(","))
    });
    definition("attributes", 100, |length| {
        (0..length).map(|number| format!("a{number} = {{ type = \"string\" }}\n")).collect()
    });
    definition("entities", 50, |length| {
        let entities = (0..length).map(|number| {
            format!(
                "\n[entities.e{number}]\nPK = \"E{number}#{{id}}\"\nSK = \"E\"\n\
                 [entities.e{number}.attributes]\nid = {{ type = \"string\", required = true }}\n"
            )
        });
        entities.collect()
    });
    definition("rollups", 50, |length| {
        let rollups = (0..length).map(|number| {
            format!(
                "\n[rollups.r{number}]\nof = \"thing\"\nby = [\"note\"]\nbuckets = [\"all\"]\n\
                 measures = {{ things = \"count\" }}\n"
            )
        });
        rollups.collect()
    });
}
