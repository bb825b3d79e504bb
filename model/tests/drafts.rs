//! Drafts of definitions, from samples of tables as libraries and people write them.
//!
//! Each file of `drafts/` has a table and a sample of its items, in DynamoDB's JSON. The draft is a
//! snapshot beside it. `INSTA_UPDATE=always cargo test -p weir-model --test drafts` writes them:
//! review the difference.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_model::draft::{DraftError, SampledIndex, SampledKey, SampledTable, draft};
use weir_model::{AttributeValue, Entity, Item, Model};

fn key(json: &Value) -> Option<SampledKey> {
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    Some(SampledKey { name: text("name")?, letter: text("letter")? })
}

fn sampled(path: &Path) -> SampledTable {
    let text = fs::read_to_string(path).expect("read");
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    let table = &json["table"];
    let text = |json: &Value| json.as_str().map(str::to_owned);
    let indexes = table["indexes"].as_array().expect("indexes").iter().map(|index| SampledIndex {
        name: text(&index["name"]).expect("a name"),
        partition_key: key(&index["partition_key"]).expect("a key"),
        sort_key: key(&index["sort_key"]),
    });
    SampledTable {
        name: text(&table["name"]).expect("a name"),
        partition_key: key(&table["partition_key"]).expect("a key"),
        sort_key: key(&table["sort_key"]),
        indexes: indexes.collect(),
        ttl: text(&table["ttl"]),
        stream_view: text(&table["stream_view"]),
        items: serde_json::from_value(json["items"].clone()).expect("items"),
        is_complete: table["is_complete"] == true,
    }
}

/// Returns the samples by their names, sorted.
fn samples() -> Vec<(String, SampledTable)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/drafts");
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("one").path());
    let is_json = |path: &PathBuf| path.extension().is_some_and(|known| known == "json");
    let mut paths: Vec<_> = entries.filter(is_json).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), sampled(path))).collect()
}

fn model(table: &SampledTable) -> Model {
    let text = draft(table).unwrap_or_else(|error| panic!("{}: {error}", table.name));
    text.parse().unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

#[test]
fn the_draft_of_each_sample_is_valid_and_as_reviewed() {
    for (name, table) in samples() {
        model(&table);
        let text = draft(&table).expect("a draft");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true,
                                snapshot_path => "drafts" }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn each_item_is_of_one_entity_and_its_attributes_make_its_keys() {
    for (name, table) in samples() {
        let model = model(&table);
        for item in &table.items {
            let entities: Vec<&Entity> =
                model.entities.iter().filter(|entity| entity.matches(item)).collect();
            match entities.as_slice() {
                [entity] => keys_agree(&name, entity, item),
                others => panic!("{name}: {} entities have {item:?}", others.len()),
            }
        }
    }
}

/// Compares the stored keys of an item with those that its templates make, where it has what they
/// are made from.
fn keys_agree(name: &str, entity: &Entity, item: &Item) {
    for key in &entity.keys {
        let has = |attribute: &&str| {
            entity.attribute(attribute).is_some_and(|known| known.value_in(item).is_some())
        };
        if !key.template.attributes().iter().all(has) {
            continue;
        }
        let made = key.template.render(&entity.attributes, item).expect("a key");
        let stored = item.get(&key.key);
        assert_eq!(stored, Some(&AttributeValue::S(made)), "{name}: {}", key.key);
    }
}

#[test]
fn values_that_look_personal_are_not_in_a_draft() {
    for (name, table) in samples() {
        let text = draft(&table).expect("a draft");
        for value in ["@example.com", "tok1", "Main", "Acme"] {
            assert!(!text.contains(value), "{name}: {value}");
        }
    }
}

#[test]
fn a_table_that_no_definition_describes_says_why() {
    let (_, plain) = samples().into_iter().find(|(name, _)| name == "plain").expect("a sample");
    let empty = SampledTable { items: Vec::new(), ..plain.clone() };
    assert_eq!(draft(&empty), Err(DraftError::Empty("Orders".to_owned())));
    for letter in ["N", "B"] {
        let sort_key = SampledKey { name: "placed_at".to_owned(), letter: letter.to_owned() };
        let table = SampledTable { sort_key: Some(sort_key), ..plain.clone() };
        let error = draft(&table).expect_err("no text").to_string();
        let expected = format!("the key `placed_at` of the table `Orders` is of type {letter};");
        assert!(error.starts_with(&expected), "{error}");
    }
}
