//! Rollups whose items are kept in the table of items: which keys they may have there, and that entities do not take their
//! items for their own.

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
fn each_key_that_no_rollup_item_can_have_is_refused_where_it_stands() {
    // (what is in the place of the key) → (a part of the message, the text pointed at, a part of the help)
    let cases = [
        (
            r##"key = { SK = "STATS#{user}#{label}#{at:month}" }"##,
            "`key` without `PK`",
            "key",
            "PK and SK",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "S#{label}#{at:month}", SKK = "x" }"##,
            "`SKK` is no key of the table",
            "SKK",
            "did you mean `SK`?",
        ),
        (
            r##"key = { PK = "USER#{user", SK = "STATS#{label}#{at:month}" }"##,
            "is no key template",
            r##""USER#{user""##,
            "without its",
        ),
        (
            r##"key = { PK = "", SK = "{user}#{label}#{at:month}" }"##,
            "`PK` is empty",
            r#""""#,
            "USER#{user_id}",
        ),
        (
            r##"key = { PK = "USER#{usr}#{user}", SK = "STATS#{label}#{at:month}" }"##,
            "`{usr}` is no dimension of `stats`",
            r##""USER#{usr}#{user}""##,
            "did you mean `user`?",
        ),
        (
            r##"key = { PK = "USER#{user:lower}", SK = "STATS#{label}#{at:month}" }"##,
            "the dimension `user` is not written as it is",
            r##""USER#{user:lower}""##,
            "`{user}`",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{label?}#{at:month}" }"##,
            "`{label?}` in the key of a rollup",
            r##""STATS#{label?}#{at:month}""##,
            "`{label}`",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{at:month}" }"##,
            "the dimension `label` is in neither key",
            "key",
            "`{label}` in PK or SK",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS-{label}-{at:month}" }"##,
            "no `#` stands between `{label}` and `{at}`",
            r##""STATS-{label}-{at:month}""##,
            "the same key",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{label}" }"##,
            "the key `SK` does not end with the time",
            r##""STATS#{label}""##,
            "`{at:month}` at the end of SK",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{at:month}#{label}" }"##,
            "the time `at` is not at the end",
            r##""STATS#{at:month}#{label}""##,
            "`{at:month}` at the end of SK",
        ),
        (
            r##"key = { PK = "USER#{user}#{at:month}", SK = "STATS#{label}#{at:month}" }"##,
            "the time `at` is not at the end",
            r##""USER#{user}#{at:month}""##,
            "nowhere else",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{label}#{at:day}" }"##,
            "`at` is not cut to the bucket `month`",
            r##""STATS#{label}#{at:day}""##,
            "`{at:month}`",
        ),
        (
            r##"key = { PK = "USER#{user}", SK = "STATS#{label}#{paid:month}" }"##,
            "`paid` is not the time of `stats`",
            r##""STATS#{label}#{paid:month}""##,
            "`{at:month}`",
        ),
        (
            &format!("{KEY}\nstripes = 4"),
            "4 stripes of a rollup with `key`",
            "4",
            "in one partition",
        ),
        (
            &format!("{KEY}\ntime_zone = \"Europe/Berlin\""),
            "the time zone `Europe/Berlin` of a rollup with `key`",
            r#""Europe/Berlin""#,
            "UTC",
        ),
        (
            &format!("{KEY}\nrank_by = \"orders\""),
            "`rank_by` with `key`",
            "rank_by",
            "the index of ranks",
        ),
        (
            &format!("{KEY}\nkeep = {{ month = \"52w\" }}"),
            "`keep` with `key` in a table without `ttl`",
            "keep",
            "expected `ttl` in [table]",
        ),
        // What else has such a key.
        (
            r##"key = { PK = "USER#{user}", SK = "{label}#{at:month}" }"##,
            "`stats` can make the key of an item of `order`",
            r##""{label}#{at:month}""##,
            "tells them apart",
        ),
        (
            r##"key = { PK = "{user}#{label}", SK = "@unique" }
buckets = ["all"]"##,
            "the key of the lock of a unique value",
            r#""@unique""#,
            "tells them apart",
        ),
    ];
    for (key, message, pointed, help) in cases {
        let bucket = if key.contains("buckets") { "buckets = [\"month\"]\n" } else { "" };
        check(&SHOP.replace(bucket, "").replace(KEY, key), message, pointed, help);
    }
}

/// The only problem of a definition.
fn check(text: &str, message: &str, pointed: &str, help: &str) {
    let error = Model::parse("weir.toml", text).expect_err(message);
    let [problem] = error.problems.as_slice() else { panic!("{message}: {:#?}", error.problems) };
    assert!(problem.message.contains(message), "{message}: {}", problem.message);
    let span = problem.span.offset()..problem.span.offset() + problem.span.len();
    assert_eq!(&text[span], pointed, "{message}");
    let found = problem.help.as_deref().unwrap_or_default();
    assert!(found.contains(help), "{message}: {found}");
}

#[test]
fn a_key_wants_one_bucket_that_a_time_is_cut_to() {
    let with = |buckets: &str| SHOP.replace(r#"["month"]"#, buckets);
    check(&with(r#"["month", "day"]"#), "2 buckets of a rollup", r#"["month", "day"]"#, "for each");
    check(&with(r#"["week"]"#), "the bucket `week`", r#"["week"]"#, "minute, hour, day, month");
    check(&with(r#"["all"]"#), "of a rollup of all time", KEY_OF_MONTHS, "expected no time");
    let all = with(r#"["all"]"#).replace("#{at:month}", "").replace("time = \"at\"\n", "");
    let model: Model = all.parse().expect("a definition");
    let key = model.rollups[0].colocated.as_ref().expect("a key");
    assert_eq!(key.sort_key(&["ann", "x"], None).as_deref(), Some("STATS#x"));
}

const KEY_OF_MONTHS: &str = r##""STATS#{label}#{at:month}""##;

#[test]
fn a_key_wants_a_table_with_a_sort_key_and_names_that_rollup_items_leave_free() {
    let alone = "[table]\nname = \"shop\"\nsort_key = \"\"\n[entities.order]\nPK = \"O#{user}\"\n\
                 [entities.order.attributes]\nuser = { type = \"string\", required = true }\n\
                 [rollups.stats]\nof = \"order\"\nby = [\"user\"]\nkey = { PK = \"S#{user}\" }\n\
                 measures = { n = \"count\" }\n";
    check(alone, "`key` in a table without a sort key", "key", "a range of sort keys");
    let index = "name = \"shop\"\n[table.indexes.by_count]\npartition_key = \"count\"\n";
    let taken = SHOP.replacen("name = \"shop\"\n", index, 1);
    check(&taken, "`count` is a key", "key", "an attribute of that name");
}

#[test]
fn two_rollups_have_no_key_in_common() {
    let second = |key: &str| {
        format!(
            "{SHOP}[rollups.other]\nof = \"order\"\nby = [\"user\", \"label\"]\ntime = \"at\"\n\
             buckets = [\"day\"]\nkey = {key}\nmeasures = {{ n = \"count\" }}\n"
        )
    };
    let same = r##"{ PK = "USER#{user}", SK = "STATS#{label}#{at:day}" }"##;
    let pointed = r##""STATS#{label}#{at:day}""##;
    check(&second(same), "the key of an item of the rollup `stats`", pointed, "tells them apart");
    let apart = same.replace("STATS", "DAYS");
    second(&apart).parse::<Model>().expect("keys of its own");
}

#[test]
fn rollups_and_items_have_a_table_each_or_a_key() {
    let itself = SHOP.replacen("[table]", "[table]\nrollups_table = \"shop\"", 1);
    check(&itself, "the table `shop` itself", r#""shop""#, "key = { PK =");
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

#[test]
fn no_entity_is_told_by_the_mark_of_rollup_items() {
    let marked = COUNTED.replace("count = 3", "_et = \"@rollup\"");
    check(&marked, "which rollup items have", r#""@rollup""#, "another text");
}
