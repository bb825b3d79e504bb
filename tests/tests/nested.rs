//! Updates of what is in maps and lists, at random, against what a whole write of the same would
//! be.
//!
//! | the item with the change, as JSON | the update |
//! |---|---|
//! | can be written whole | is done, and leaves what the whole write would |
//! | cannot | is refused, and nothing is written |
//!
//! **Invariant:** whatever is updated, the item that is left can be written whole as it is.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_model::{Entity, Item, ItemKey, Predicate, Update, Verb, WriteContext};
use weir_table::{Error, Table};
use weir_testing::fixture::fixture;
use weir_testing::json;
use weir_testing::table::TestTable;

/// How many updates are tried.
const TRIED: usize = 3000;
/// After how many of them the item is another.
const EACH: usize = 6;

/// What may be updated, with values that fit and values that do not; `#` is a position. Of sets
/// they are one member at a time: of several, an update may refuse what would just fit.
fn places() -> Vec<(&'static str, Vec<Value>)> {
    let line = json!({ "sku": "a", "price": 1.5, "sizes": [1] });
    let address = json!({ "street": " a ", "zip": "12345", "must": [1], "geo": { "lat": 52.5 } });
    vec![
        ("skills", vec![json!({ "a": 1, "b": 2 }), json!({}), json!({ "a": 10 })]),
        ("skills.a", vec![json!(1), json!(9), json!(10), json!("x")]),
        ("skills.d", vec![json!(1), json!(-1)]),
        ("tags", vec![json!(["A"]), json!(["a", "b", "c"]), json!(["long"]), json!([1])]),
        ("tags[#]", vec![json!("X"), json!("long"), json!(7)]),
        ("groups", vec![json!([["a"], ["b", "c"]]), json!([[]]), json!([["a", "b", "c"]])]),
        ("groups[#]", vec![json!(["a"]), json!(["b"]), json!([1])]),
        ("notes", vec![json!({ "x": { "text": "a" } }), json!({ "x": { "count": 1 } })]),
        ("notes.x", vec![json!({ "text": "a", "count": 5 }), json!({ "text": "a", "other": 1 })]),
        ("notes.y.text", vec![json!("a"), json!(1)]),
        ("notes.x.count", vec![json!(1), json!(5), json!(6)]),
        ("address", vec![address, json!({ "street": "a" }), json!({ "must": [1], "zip": "1" })]),
        ("address.street", vec![json!("b"), json!(1)]),
        ("address.zip", vec![json!("54321"), json!("5432")]),
        ("address.codes", vec![json!(["a"]), json!(["b"]), json!(["c"]), json!([1])]),
        ("address.must", vec![json!([1]), json!([2]), json!(["x"])]),
        ("address.since", vec![json!("2026-11-20T07:00:00+01:00"), json!("soon")]),
        ("address.geo", vec![json!({ "lat": 1 }), json!({ "lon": 1 }), json!({ "lat": 0.25 })]),
        ("address.geo.lat", vec![json!(1.5), json!(-90), json!(-91)]),
        ("address.nope", vec![json!(1)]),
        ("lines", vec![json!([line]), json!([]), json!([line, line, line, line])]),
        ("lines[#]", vec![line, json!({ "price": 1 }), json!("x")]),
        ("lines[#].sku", vec![json!("b"), json!(1)]),
        ("lines[#].price", vec![json!(1), json!(0.5), json!(-1), json!(0.001)]),
        ("lines[#].sizes", vec![json!([2]), json!([3, 4]), json!([0.5]), json!([])]),
        ("lines[#].sizes[#]", vec![json!(7), json!("x")]),
    ]
}

struct Things {
    table: Table,
    entity: Entity,
    key: ItemKey,
    random: fastrand::Rng,
}

fn fresh() -> WriteContext {
    WriteContext { now: "2026-11-20T12:00:00Z".parse().expect("a time"), random: || [7; 16] }
}

fn seed() -> u64 {
    let seed = std::env::var("WEIR_SEED").ok().and_then(|seed| seed.parse().ok());
    seed.unwrap_or_else(|| fastrand::u64(..))
}

fn one_of<T: Clone>(random: &mut fastrand::Rng, values: &[T]) -> T {
    values[random.usize(..values.len())].clone()
}

impl Things {
    async fn open(seed: u64) -> Self {
        let things = TestTable::open(&fixture("nested")).await;
        let (table, entity) = (things.table.clone(), things.entity("thing").clone());
        let key = entity.key_from_text(&[("id", "1")]).expect("a key");
        Self { table, entity, key, random: fastrand::Rng::with_seed(seed) }
    }

    /// Puts an item in which each attribute may be.
    async fn put(&mut self) -> Item {
        let candidates = [
            ("skills", json!({ "a": 1, "b": 9 })),
            ("skills", json!({ "a": 0, "b": 9, "c": 5 })),
            ("tags", json!(["a", "b"])),
            ("groups", json!([["a"], ["a", "b"]])),
            ("notes", json!({ "x": { "text": "a", "count": 4 } })),
            ("notes", json!({ "x": { "text": "a" }, "z": { "text": "b" } })),
            ("address", json!({ "street": "a", "must": [1], "codes": ["a", "b"] })),
            ("address", json!({ "street": "a", "must": [1, 2], "geo": { "lat": 1 } })),
            ("lines", json!([{ "sku": "a", "price": 1, "sizes": [1, 2] }, { "sku": "b" }])),
            ("lines", json!([{ "sku": "a", "sizes": [1] }])),
        ];
        let mut object = json!({ "id": "1" });
        for (name, value) in candidates {
            if self.random.bool() {
                object[name] = value;
            }
        }
        let item = self.encode(&object).expect("an item that can be written");
        self.table.put(item.clone(), &Predicate::always()).await.expect("written");
        item
    }

    fn encode(&self, object: &Value) -> Result<Item, Vec<weir_model::FieldError>> {
        self.entity.encode(json::object(object), fresh())
    }

    fn decode(&self, item: &Item) -> Value {
        self.entity.read_as(item).expect("any JSON")
    }

    /// A place, a verb and a value.
    fn action(&mut self) -> (Verb, String, Value) {
        let random = &mut self.random;
        let (place, values) = one_of(random, &places());
        let place = place.split('#').collect::<Vec<_>>();
        let place = place.join(&random.usize(..3).to_string());
        let verb = match random.usize(..10) {
            0 => Verb::Remove,
            1 => Verb::SetIfAbsent,
            2 => Verb::Append,
            3 => Verb::Prepend,
            4 => Verb::Subtract,
            5 => Verb::Delete,
            6 | 7 => Verb::Add,
            _ => Verb::Set,
        };
        (verb, place, one_of(random, &values))
    }

    /// The JSON of an item after an action; `None` where there is no such action.
    fn expected(&self, json: &Value, verb: Verb, place: &str, value: &Value) -> Option<Value> {
        let could_be = match verb {
            Verb::SetIfAbsent => {
                let set = after(json, &steps(place), Verb::Set, value)?;
                self.encode(&set).is_ok()
            }
            Verb::Delete => could_be_in(place, value),
            _ => true,
        };
        let expected = after(json, &steps(place), verb, value)?;
        let groups = |json: &Value| json["groups"].as_array().map(Vec::len);
        // A set without members is gone, and those behind it in a list would move.
        let moves = verb == Verb::Delete && groups(json) != groups(&expected);
        (could_be && goes_with(verb, place) && !moves).then_some(expected)
    }

    async fn patch(&self, actions: &[(Verb, String, Value)]) -> Result<Item, Error> {
        let update =
            actions.iter().fold(Update::new(), |update, (verb, place, value)| match verb {
                Verb::Set => update.set(place, value.clone()),
                Verb::SetIfAbsent => update.set_if_absent(place, value.clone()),
                Verb::Add => update.add(place, value.clone()),
                Verb::Subtract => update.subtract(place, value.clone()),
                Verb::Append => update.append(place, value.clone()),
                Verb::Prepend => update.prepend(place, value.clone()),
                Verb::Delete => update.delete(place, value.clone()),
                Verb::Remove => update.remove(place),
            });
        self.table.patch(&self.entity, &self.key, &update, fresh()).await
    }

    async fn stored(&self) -> Item {
        self.table.get(&self.key.primary).await.expect("read").expect("an item")
    }
}

#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Position(usize),
}

fn steps(place: &str) -> Vec<Step> {
    let parts = place.split(['.', '[']).map(|part| match part.strip_suffix(']') {
        Some(position) => Step::Position(position.parse().expect("a position")),
        None => Step::Name(part.to_owned()),
    });
    parts.collect()
}

/// The JSON after an action; `None` where there is no place for it, or what is there takes no such
/// verb.
fn after(json: &Value, steps: &[Step], verb: Verb, value: &Value) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return change(json, verb, value) };
    let mut json = json.clone();
    match (step, &mut json) {
        (Step::Name(name), Value::Object(members)) => {
            let empty = if rest.is_empty() { Value::Null } else { Value::Object(Map::new()) };
            let is_made = !members.contains_key(name) && !rest.is_empty();
            let takes = matches!(verb, Verb::Remove | Verb::Delete);
            if is_made && (matches!(rest[0], Step::Position(_)) || takes) {
                return if takes && !matches!(rest[0], Step::Position(_)) {
                    Some(json)
                } else {
                    None
                };
            }
            let new = after(members.get(name).unwrap_or(&empty), rest, verb, value)?;
            if new.is_null() {
                drop(members.remove(name))
            } else {
                drop(members.insert(name.clone(), new))
            }
        }
        (Step::Position(position), Value::Array(members)) => match members.get(*position) {
            Some(member) => {
                let new = after(member, rest, verb, value)?;
                if new.is_null() {
                    drop(members.remove(*position))
                } else {
                    members[*position] = new
                }
            }
            None if rest.is_empty() => {
                let new = after(&Value::Null, rest, verb, value)?;
                members.extend((!new.is_null()).then_some(new));
            }
            None => return None,
        },
        _ => return None,
    }
    Some(json)
}

/// What becomes of a value; null where there is none.
fn change(json: &Value, verb: Verb, value: &Value) -> Option<Value> {
    let list = |json: &Value| match json {
        Value::Null => Some(Vec::new()),
        Value::Array(members) => Some(members.clone()),
        _ => None,
    };
    let number = |json: &Value| match json {
        Value::Null => Some(0.0),
        other => other.as_f64(),
    };
    Some(match verb {
        Verb::Set => value.clone(),
        Verb::SetIfAbsent if json.is_null() => value.clone(),
        Verb::SetIfAbsent => json.clone(),
        Verb::Remove => Value::Null,
        Verb::Append => [list(json)?, list(value)?].concat().into(),
        Verb::Prepend => [list(value)?, list(json)?].concat().into(),
        Verb::Subtract => json!(number(json)? - number(value).filter(|_| value.is_number())?),
        Verb::Add if value.is_number() => json!(number(json)? + number(value)?),
        Verb::Add => {
            let (mut members, more) = (list(json)?, list(value)?);
            more.into_iter().for_each(|member| {
                if !members.contains(&member) {
                    members.push(member);
                }
            });
            members.into()
        }
        Verb::Delete => {
            let (mut members, less) = (list(json)?, list(value)?);
            members.retain(|member| !less.contains(member));
            if members.is_empty() { Value::Null } else { members.into() }
        }
    })
}

/// Which verbs take which place, whatever is there.
fn goes_with(verb: Verb, place: &str) -> bool {
    let name = place.rsplit(['.', '[']).next().unwrap_or_default();
    let of_list = place.rsplit_once('[').map_or("", |(list, _)| list);
    let is_in = |names: &[&str]| names.contains(&name);
    let is_set = is_in(&["codes", "must"]) || place.starts_with("groups[");
    let is_number = is_in(&["a", "d", "count", "lat", "price"]) || of_list.ends_with("sizes");
    let goes = match verb {
        Verb::Add => is_set || is_number,
        Verb::Subtract => is_number,
        Verb::Append | Verb::Prepend => is_in(&["tags", "groups", "lines", "sizes"]),
        Verb::Delete => is_set,
        Verb::Remove => !is_in(&["text", "street", "must", "lat", "sku"]),
        Verb::Set | Verb::SetIfAbsent => true,
    };
    goes && name != "nope"
}

/// Whether the members to take out are such as the set may have.
fn could_be_in(place: &str, members: &Value) -> bool {
    let numbers = place == "address.must";
    let fits = |member: &Value| if numbers { member.is_number() } else { member.is_string() };
    members.as_array().is_some_and(|members| members.iter().all(fits))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_what_is_inside_is_done_exactly_when_its_result_could_be_written_whole() {
    let seed = seed();
    println!("WEIR_SEED={seed}");
    let mut things = Things::open(seed).await;
    let mut ended: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let mut before = things.put().await;
    for number in 0..TRIED {
        if number % EACH == 0 {
            before = things.put().await;
        }
        let (verb, place, value) = things.action();
        let json = things.decode(&before);
        let expected = things.expected(&json, verb, &place, &value);
        let written = expected.as_ref().and_then(|expected| things.encode(expected).ok());
        let done = things.patch(&[(verb, place.clone(), value.clone())]).await;
        let told = format!("{number}: {} {place} {value}\nof {json}", verb.name());
        match (&done, &written) {
            (Ok(item), Some(expected)) => {
                assert_eq!(things.decode(item), things.decode(expected), "{told}");
                assert_eq!(things.stored().await, *item, "{told}");
                before = item.clone();
            }
            (Err(Error::Invalid(_)), None) => assert_eq!(things.stored().await, before, "{told}"),
            _ => panic!("{told}\nis {done:?},\nwritten whole it is {expected:?}: {written:?}"),
        }
        *ended.entry((verb.name(), done.is_ok())).or_default() += 1;
    }
    let done: usize = ended.iter().filter(|((_, done), _)| *done).map(|(_, count)| count).sum();
    assert!(done > TRIED / 5 && done < TRIED * 4 / 5, "{ended:?}");
    assert_eq!(ended.len(), 2 * Verb::EVERY.len(), "each verb is done and refused: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_at_once_leave_an_item_that_can_be_written_whole() {
    let seed = seed();
    println!("WEIR_SEED={seed}");
    let mut things = Things::open(seed).await;
    let mut done = 0;
    let mut before = things.put().await;
    for number in 0..TRIED / 2 {
        if number % EACH == 0 {
            before = things.put().await;
        }
        let actions = std::iter::repeat_with(|| things.action());
        let actions = actions.filter(|(verb, place, _)| goes_with(*verb, place));
        let actions: Vec<_> = actions.take(2).collect();
        match things.patch(&actions).await {
            Ok(item) => {
                let json = things.decode(&item);
                let written = things.encode(&json);
                let written = written.unwrap_or_else(|errors| panic!("{actions:?}: {errors:?}"));
                // What had a default and was taken away would have it again.
                assert_eq!(things.encode(&things.decode(&written)), Ok(written), "{actions:?}");
                (before, done) = (item, done + 1);
            }
            Err(Error::Invalid(_)) => assert_eq!(things.stored().await, before, "{actions:?}"),
            Err(error) => panic!("{actions:?} of {}: {error:?}", things.decode(&before)),
        }
    }
    assert!(done > TRIED / 50, "{done}");
}
