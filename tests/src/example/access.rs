//! The answers that every way of reading an example must give, and the keys of its items.
//!
//! | is compared with a recount | how |
//! |---|---|
//! | the keys of every item | its templates are rendered again, by a renderer that knows nothing of the product's |
//! | each partition of the table, each access pattern, each index | all items of the entity, by what the path gives; both orders, in pages |
//! | each collection | all items of its entities in the partition |
//! | each item | got by its own path |

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use weir_http::EntityPaths;
use weir_model::{Entity, Item, Pattern, PrimaryKey};

use super::Example;
use crate::http::Client;

/// The most items of a page that is asked for: few, so that there are many pages.
const LIMIT: usize = 3;

/// An item with all that is compared.
struct Known<'a> {
    entity: &'a Entity,
    /// As DynamoDB's JSON has it.
    raw: Value,
    item: Item,
    /// As answers have it.
    object: Map<String, Value>,
}

/// The lists that a way of reading must answer: by path, the items under their sort keys.
type Lists = BTreeMap<String, BTreeMap<String, Value>>;

pub(super) async fn assert_exact(example: &Example) {
    let http = &example.system.http;
    let known = known(example).await;
    for one in &known {
        assert_keys(one);
        let names = one.entity.key_attributes();
        let path = path(&format!("/{}", one.entity.name), &one.object, &names);
        let (status, object) = http.get(&path).await;
        assert_eq!((status, object), (200, Value::Object(one.object.clone())), "{path}");
    }
    for entity in &example.system.model.entities {
        let own = Pattern::of_table(entity);
        let table = Some((format!("/{}", entity.name), &own));
        let table = table.filter(|_| EntityPaths::new(entity).has_list());
        let named = entity.patterns.iter();
        let named = named.map(|known| (format!("/query/{}/{}", entity.name, known.name), known));
        for (root, pattern) in table.into_iter().chain(named) {
            assert_lists(http, &lists(&known, entity, &root, pattern), pattern.descending).await;
        }
    }
    for name in example.system.model.collections() {
        assert_collection(example, &known, name).await;
    }
}

/// Returns the items of the table that are an entity's, which all must be but locks.
async fn known(example: &Example) -> Vec<Known<'_>> {
    let mut all = Vec::new();
    for raw in example.items().await {
        if text(&raw, "SK") == weir_model::unique::LOCK {
            continue;
        }
        let key = PrimaryKey { partition: text(&raw, "PK"), sort: Some(text(&raw, "SK")) };
        let item = example.system.table.get(&key).await.expect("read").expect("an item");
        let entity = example.system.model.entity_of(&item).expect("an entity's");
        let object = entity.decode(&item);
        all.push(Known { entity, raw, item, object });
    }
    all
}

/// The keys of an item are those that its templates make of its attributes, and no others.
fn assert_keys(one: &Known<'_>) {
    for key in &one.entity.keys {
        let template = template(one.entity, &key.key);
        let stored = one.raw[&key.key]["S"].as_str().map(str::to_owned);
        assert_eq!(stored, rendered(&template, &one.object), "{} of {}", key.key, one.raw);
    }
    let is_key = |name: &str| name == "PK" || name == "SK" || name.starts_with("GSI");
    for name in one.raw.as_object().expect("an item").keys().filter(|name| is_key(name)) {
        assert!(one.entity.keys.iter().any(|key| key.key == *name), "{name} of {}", one.raw);
    }
}

/// Returns a template as the definition file has it.
fn template(entity: &Entity, key: &str) -> String {
    use weir_model::template::{Format, Segment};
    let known = entity.keys.iter().find(|known| known.key == key).expect("a key of the entity");
    let segments = known.template.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Field { attribute, format: Format::Plain, .. } => format!("{{{attribute}}}"),
        Segment::Field { attribute, format: Format::Padded(width), .. } => {
            format!("{{{attribute}:0{width}}}")
        }
        Segment::Field { attribute, format: Format::Descending(width), .. } => {
            format!("{{{attribute}:desc0{width}}}")
        }
        other => panic!("no example writes a key as {other:?}"),
    });
    segments.collect()
}

/// Returns the text of a template for an item; `None` where it lacks one of the attributes.
fn rendered(template: &str, object: &Map<String, Value>) -> Option<String> {
    let Some((before, rest)) = template.split_once('{') else { return Some(template.to_owned()) };
    let (field, behind) = rest.split_once('}').expect("a template");
    let (name, format) = field.split_once(':').unwrap_or((field, ""));
    let plain = match object.get(name)? {
        Value::String(text) => text.replace('%', "%25").replace('#', "%23"),
        other => other.to_string(),
    };
    let number = || plain.parse::<u128>().expect("a number that is padded");
    let text = match format.strip_prefix("desc0").or(format.strip_prefix('0')) {
        None => plain,
        Some(width) => {
            let width: usize = width.parse().expect("a width");
            let greatest = "9".repeat(width).parse::<u128>().expect("a number");
            let is_reversed = format.starts_with("desc");
            let number = if is_reversed { greatest - number() } else { number() };
            format!("{number:0width$}")
        }
    };
    Some(format!("{before}{text}{}", rendered(behind, object)?))
}

/// Returns the lists of a pattern: for each values of what a path gives the items that have them,
/// by sort key.
fn lists(known: &[Known<'_>], entity: &Entity, root: &str, pattern: &Pattern) -> Lists {
    let mut lists = Lists::new();
    let sort_key = pattern.sort.as_ref().map(|key| key.key.as_str());
    for one in known.iter().filter(|one| one.entity.name == entity.name) {
        let is_in = one.raw[&pattern.partition.key].is_object();
        if !is_in || !pattern.filter.holds(&one.item) {
            continue;
        }
        let path = path(root, &one.object, &pattern.given_attributes());
        let sort = sort_key.map(|name| text(&one.raw, name)).unwrap_or_default();
        let object = Value::Object(one.object.clone());
        let twice = lists.entry(path).or_default().insert(sort, object);
        assert_eq!(twice, None, "two items have one sort key in {root}");
    }
    lists
}

async fn assert_lists(http: &Client, lists: &Lists, descending: bool) {
    for (path, items) in lists {
        let forwards: Vec<Value> = items.values().cloned().collect();
        let backwards: Vec<Value> = items.values().rev().cloned().collect();
        let declared = if descending { &backwards } else { &forwards };
        for (order, expected) in
            [("", declared), ("order=asc", &forwards), ("order=desc", &backwards)]
        {
            let answered = pages(http, &format!("{path}?{order}"), &["items"]).await;
            assert_eq!(answered["items"], *expected, "{path}?{order}");
        }
        let (_, counted) = http.get(&format!("{path}?count=true")).await;
        assert_eq!(counted["count"], forwards.len(), "{path}");
    }
}

async fn assert_collection(example: &Example, known: &[Known<'_>], name: &str) {
    let entities = example.system.model.collection(name);
    let mut partitions: BTreeMap<String, Vec<&Known<'_>>> = BTreeMap::new();
    for one in known.iter().filter(|one| entities.iter().any(|own| own.name == one.entity.name)) {
        let path =
            path(&format!("/collections/{name}"), &one.object, &one.entity.partition_attributes());
        partitions.entry(path).or_default().push(one);
    }
    let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
    for (path, mut items) in partitions {
        items.sort_by_key(|one| text(&one.raw, "SK"));
        let answered = pages(&example.system.http, &format!("{path}?"), &names).await;
        for name in &names {
            let own = items.iter().filter(|one| one.entity.name == **name);
            let own: Vec<Value> = own.map(|one| Value::Object(one.object.clone())).collect();
            assert_eq!(answered[*name], own, "{name} of {path}");
        }
    }
}

/// Returns all pages of a list, the lists of these names of each put behind those of the page
/// before.
async fn pages<'a>(http: &Client, path: &str, names: &[&'a str]) -> BTreeMap<&'a str, Vec<Value>> {
    let mut all: BTreeMap<&str, Vec<Value>> = names.iter().map(|name| (*name, vec![])).collect();
    let mut cursor = String::new();
    loop {
        let (status, mut page) = http.get(&format!("{path}&limit={LIMIT}{cursor}")).await;
        assert_eq!(status, 200, "{path}: {page}");
        for (name, items) in &mut all {
            items.append(page[*name].as_array_mut().expect("a list"));
        }
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Returns a path with an item's values of these attributes.
fn path(root: &str, object: &Map<String, Value>, names: &[&str]) -> String {
    names.iter().fold(root.to_owned(), |path, name| {
        let value = match &object[*name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{path}/{}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
    })
}

/// Returns a text of a raw item.
pub(super) fn text(raw: &Value, name: &str) -> String {
    raw[name]["S"].as_str().unwrap_or_else(|| panic!("{name} of {raw}")).to_owned()
}
