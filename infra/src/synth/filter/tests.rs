//! Tests of the patterns, by definition. That none of them loses a record is held by
//! `infra/tests/filter.rs`.

use weir_processor::mapping::FilterCriteria;

use super::*;

/// Returns the rules of each shape: the patterns of new images, without what all of them have.
fn shapes(rollups: &str) -> Vec<String> {
    let text = format!(
        r##"
[table]
name = "shop"
[entities.order]
PK = "O#{{id}}"
SK = "O"
[entities.order.attributes]
id = {{ type = "string", required = true }}
status = {{ type = "string", lower = true, field = "s" }}
total = {{ type = "integer" }}
at = {{ type = "timestamp" }}
paid = {{ type = "boolean" }}
more = {{ type = "map" }}
any = {{ type = "any" }}
[entities.note]
PK = "N#{{id}}"
SK = "N"
[entities.note.attributes]
id = {{ type = "string", required = true }}
[entities.legacy]
PK = "L#{{id}}"
SK = "L"
match = {{ type = "legacy", version = 2 }}
[entities.legacy.attributes]
id = {{ type = "string", required = true }}
[entities.numbered]
PK = "M#{{id}}"
SK = "M"
match = {{ type_number = 7 }}
[entities.numbered.attributes]
id = {{ type = "string", required = true }}
[entities.keyed]
PK = "K#{{id}}"
SK = "K"
match = {{ PK = {{ begins_with = "K#" }}, SK = "K", type = "keyed", _et = "k", type_number = 8 }}
[entities.keyed.attributes]
id = {{ type = "string", required = true }}
{rollups}"##
    );
    let model: Model = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
    let patterns = patterns(&model);
    assert!(patterns.len() <= MAX_FILTERS);
    let of = |image: &str| -> Vec<_> {
        patterns
            .iter()
            .map(|pattern| &pattern["dynamodb"][image])
            .filter(|rules| !rules.is_null())
            .collect()
    };
    assert_eq!(of("NewImage"), of("OldImage"), "what leaves a rollup is told by its old image");
    of("NewImage").into_iter().map(ToString::to_string).collect()
}

fn rollup(number: usize, of: &str, filter: &str) -> String {
    format!(
        "[rollups.r{number}]\nof = \"{of}\"\nwhere = {{ {filter} }}\nmeasures = {{ n = \"count\" \
         }}\n"
    )
}

/// The rules of a rollup of orders, but for that of the discriminator.
fn check(filter: &str, expected: &str) {
    let found = shapes(&rollup(0, "order", filter));
    let rest = expected.is_empty().then(String::new).unwrap_or_else(|| format!(",{expected}"));
    assert_eq!(found, [format!(r#"{{"_et":{{"S":["order"]}}{rest}}}"#)], "{filter}");
}

#[test]
fn without_rollups_no_record_passes() {
    let model: Model = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\nSK = \"O\"\n\
                        [entities.order.attributes]\nid = { type = \"string\", required = true }\n"
        .parse()
        .unwrap_or_else(|error| panic!("{error:?}"));
    let criteria = FilterCriteria::new(patterns(&model).iter().map(ToString::to_string));
    let criteria = criteria.expect("patterns that Lambda takes");
    assert_ne!(criteria, FilterCriteria::default());
    assert_eq!(patterns(&model), [json!({ "eventName": ["NONE"] })]);
}

#[test]
fn what_texts_can_say_is_said() {
    check("", "");
    check("status = \"Paid\"", r#""s":{"S":["paid"]}"#);
    check("status = [\"paid\", \"placed\"]", r#""s":{"S":["paid","placed"]}"#);
    check("status = { begins_with = \"pa\" }", r#""s":{"S":[{"prefix":"pa"}]}"#);
    check("status = { exists = false }", r#""s":{"S":[{"exists":false}]}"#);
    check("any = [\"x\", \"\"]", r#""any":{"S":["x",""]}"#);
    check("status = { contains = \"a\", begins_with = \"p\" }", r#""s":{"S":[{"prefix":"p"}]}"#);
}

#[test]
fn what_patterns_cannot_say_is_left_out() {
    for filter in [
        "total = 7",
        "total = { gte = 7 }",
        "paid = true",
        "at = \"2026-01-01T00:00:00Z\"",
        "status = { ne = \"paid\" }",
        "status = { contains = \"paid\" }",
        "status = { gt = \"paid\" }",
        "status = { exists = true }",
        "status = { begins_with = \"\" }",
        "any = [\"x\", 7]",
        "\"more.status\" = \"paid\"",
    ] {
        check(filter, "");
    }
}

#[test]
fn a_discriminator_counts_as_far_as_it_is_text() {
    assert_eq!(shapes(&rollup(0, "legacy", "")), [r#"{"type":{"S":["legacy"]}}"#]);
    assert_eq!(shapes(&rollup(0, "numbered", "")), [""; 0]);
}

#[test]
fn the_beginning_of_a_key_is_a_prefix() {
    let keyed = shapes(&rollup(0, "keyed", ""));
    assert!(keyed[0].contains(r#""PK":{"S":[{"prefix":"K#"}]},"SK":{"S":["K"]}"#), "{keyed:?}");
}

#[test]
fn a_rollup_that_admits_anything_leaves_no_filter() {
    assert_eq!(shapes(&[rollup(0, "order", ""), rollup(1, "numbered", "")].concat()), [""; 0]);
    assert_eq!(shapes(""), [""; 0]);
}

#[test]
fn a_shape_within_another_takes_no_filter() {
    let rollups =
        [rollup(0, "order", "status = \"paid\""), rollup(1, "order", ""), rollup(2, "note", "")];
    assert_eq!(
        shapes(&rollups.concat()),
        [r#"{"_et":{"S":["order"]}}"#, r#"{"_et":{"S":["note"]}}"#]
    );
}

#[test]
fn more_shapes_than_filters_are_joined_where_that_loses_least() {
    let rollups = [
        rollup(0, "order", "status = \"paid\""),
        rollup(1, "note", ""),
        rollup(2, "order", "status = { begins_with = \"x\" }"),
    ];
    let joined = [
        r#"{"_et":{"S":["order"]},"s":{"S":["paid",{"prefix":"x"}]}}"#,
        r#"{"_et":{"S":["note"]}}"#,
    ];
    assert_eq!(shapes(&rollups.concat()), joined);
    let apart = [rollup(0, "order", ""), rollup(1, "note", ""), rollup(2, "legacy", "")];
    assert_eq!(
        shapes(&apart.concat()),
        [r#"{"_et":{"S":["order","note"]}}"#, r#"{"type":{"S":["legacy"]}}"#]
    );
}

#[test]
fn a_text_and_its_absence_are_not_joined_in_one_rule() {
    let rollups = [
        rollup(0, "order", "status = { exists = false }"),
        rollup(1, "note", ""),
        rollup(2, "order", "status = \"paid\""),
    ];
    assert_eq!(
        shapes(&rollups.concat()),
        [r#"{"_et":{"S":["order"]}}"#, r#"{"_et":{"S":["note"]}}"#]
    );
}

#[test]
fn a_pattern_that_is_too_long_loses_its_longest_rule() {
    let list = |length: usize| {
        let texts: Vec<_> = (0..length).map(|number| format!("\"status-{number:04}\"")).collect();
        format!("any = \"x\", status = [{}]", texts.join(", "))
    };
    check(&list(400), r#""any":{"S":["x"]}"#);
    let fits = shapes(&rollup(0, "order", &list(200)));
    assert!(fits[0].contains("status-0199") && fits[0].len() <= MAX_PATTERN_CHARS);
}

#[test]
fn where_rollup_items_are_in_the_table_their_records_do_not_pass() {
    let colocated = "[rollups.h]\nof = \"order\"\nby = [\"id\"]\nmeasures = { n = \"count\" }\n\
                key = { PK = \"O#{id}\", SK = \"STATS\" }\n";
    let there = r#""PK":{"S":[{"exists":true}]}"#;
    let unmarked = r#""_et":{"S":[{"anything-but":["@rollup"]},{"exists":false}]}"#;
    assert_eq!(shapes(colocated), [format!(r#"{{{there},"_et":{{"S":["order"]}}}}"#)]);
    let numbered = rollup(1, "numbered", "");
    assert_eq!(shapes(&format!("{colocated}{numbered}")), [format!("{{{there},{unmarked}}}")]);
    let legacy = shapes(&format!("{colocated}{}", rollup(1, "legacy", "")));
    assert_eq!(legacy[1], format!(r#"{{{there},{unmarked},"type":{{"S":["legacy"]}}}}"#));
}
