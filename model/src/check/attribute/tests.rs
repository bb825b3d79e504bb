//! What is said of maps and lists in a definition file: what is right, and one file for each thing
//! that can be wrong.

use std::fmt::Write;

use crate::attribute::{AttributeType, DefaultValue, Members};
use crate::{Attribute, Model};

const HEAD: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
"##;

fn parse(attributes: &str) -> Result<Attribute, crate::DefinitionError> {
    let model = Model::parse("weir.toml", &format!("{HEAD}{attributes}"))?;
    Ok(model.entities[0].attributes.last().expect("an attribute").clone())
}

fn good(attributes: &str) -> Attribute {
    parse(attributes).unwrap_or_else(|error| panic!("{attributes}: {:#?}", error.problems))
}

#[test]
fn a_map_may_have_attributes_and_a_list_and_a_map_may_have_items() {
    let AttributeType::Map(Members::Named(address)) = good(
        r#"address = { type = "map", attributes = { street = { type = "string", required = true }, zip = { type = "string", field = "z" } } }"#,
    )
    .kind
    else {
        panic!("a map with attributes");
    };
    let names: Vec<_> = address.iter().map(|known| (&*known.name, &*known.field)).collect();
    assert_eq!(names, [("street", "street"), ("zip", "z")]);
    assert!(address[0].required && !address[1].required);

    for (text, member) in [
        (r#"tags = { type = "list", items = "string" }"#, AttributeType::String),
        (
            r#"tags = { type = "list", items = { type = "integer", min = 0 } }"#,
            AttributeType::Integer,
        ),
        (
            r#"tags = { type = "list", items = { type = "list", items = "any" } }"#,
            AttributeType::List(Some(Box::new(Attribute::plain("tags", AttributeType::Any)))),
        ),
    ] {
        let AttributeType::List(Some(rule)) = good(text).kind else { panic!("{text}") };
        assert_eq!(rule.kind, member, "{text}");
    }
    let skills = good(r#"skills = { type = "map", items = { type = "integer", min = 0 } }"#);
    let AttributeType::Map(Members::Each(rule)) = skills.kind else { panic!("a map of integers") };
    assert_eq!((rule.kind, rule.rules.min), (AttributeType::Integer, Some(0.into())));
}

#[test]
fn tables_may_be_written_out_under_their_headers() {
    let lines = good(
        r#"[entities.order.attributes.lines]
           type = "list"
           max_length = 9
           [entities.order.attributes.lines.items]
           type = "map"
           [entities.order.attributes.lines.items.attributes]
           sku = { type = "string", required = true }
        "#,
    );
    let AttributeType::List(Some(line)) = lines.kind else { panic!("a list") };
    assert_eq!(line.kind.inside()[0].name, "sku");
    assert_eq!(lines.rules.max_length, Some(9));
}

#[test]
fn a_default_of_a_map_waits_for_the_defaults_in_it() {
    let address = good(
        r#"address = { type = "map", default = {}, attributes = { id = { type = "string", default = "uuid" } } }"#,
    );
    assert_eq!(address.default, Some(DefaultValue::Json(serde_json::json!({}))));
    let plain = good(r#"address = { type = "map", default = {} }"#);
    assert!(matches!(plain.default, Some(DefaultValue::Value(_))));
}

/// The problems of a definition, a line each: what is pointed at, the message, the help.
fn problems(attributes: &str) -> String {
    let text = format!("{HEAD}{attributes}");
    let error = Model::parse("weir.toml", &text).expect_err(attributes);
    error.problems.iter().fold(String::new(), |mut lines, problem| {
        let span = problem.span.offset()..problem.span.offset() + problem.span.len();
        let help = problem.help.as_deref().unwrap_or_default();
        writeln!(lines, "{} | {} | {help}", &text[span], problem.message).expect("a text grows");
        lines
    })
}

/// Definitions, each with its problems.
fn told(definitions: &[&str]) -> String {
    let told =
        definitions.iter().map(|definition| format!("{definition}\n{}", problems(definition)));
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_mistake_inside_is_named_where_it_stands() {
    insta::assert_snapshot!(told(&[
        r#"m = { type = "map", attributes = { a = { type = "string", scale = 2 }, b = { type = "enum" } } }"#,
        r#"m = { type = "map", attributes = { a = { type = "integer", min = 3, max = 1, default = "x" } } }"#,
        r#"m = { type = "map", attributes = { "b c" = { type = "string", pattern = "[" } } }"#,
        r#"m = { type = "map", attributes = { a = { type = "string", field = "x" }, x = { type = "string" } } }"#,
        r#"m = { type = "map", attributes = { c = { type = "string", field = "" } } }"#,
        r#"m = { type = "map", items = "string", attributes = {} }"#,
        r#"m = { type = "map", default = { b = "x" }, attributes = { a = { type = "string", required = true }, b = { type = "integer" } } }"#,
        r#"l = { type = "list", items = "decimal" }"#,
        r#"l = { type = "list", items = { type = "map", attributes = { a = { type = "set" } } } }"#,
        r#"s = { type = "string", items = "string", attributes = { a = { type = "string" } } }"#,
        r#"s = { type = "set", items = { type = "string" } }"#,
    ]), @r#"
    m = { type = "map", attributes = { a = { type = "string", scale = 2 }, b = { type = "enum" } } }
    scale | `scale` says nothing about type `string` | `scale` goes with decimal
    b | an `enum` without `values` | expected its texts, such as values = ["open", "closed"]

    m = { type = "map", attributes = { a = { type = "integer", min = 3, max = 1, default = "x" } } }
    3 | `min` 3 is above `max` 1 | expected min <= max
    "x" | the default of `a` is no value of it | expected a decimal number, found "x"

    m = { type = "map", attributes = { "b c" = { type = "string", pattern = "[" } } }
    "b c" | `b c` cannot name an attribute | expected a letter, then letters, digits, `_` and `-`
    "[" | `[` is no regular expression | error: unclosed character class

    m = { type = "map", attributes = { a = { type = "string", field = "x" }, x = { type = "string" } } }
    x | `a` and `x` are both stored as `x` | expected a `field` of its own for each

    m = { type = "map", attributes = { c = { type = "string", field = "" } } }
    c | `c` is stored under an empty name | expected a name in `field`

    m = { type = "map", items = "string", attributes = {} }
    items | `attributes` and `items` together | expected the one for given names, or the other for any
    attributes | a map without any attribute | expected one or more, or a map without `attributes`, which holds anything

    m = { type = "map", default = { b = "x" }, attributes = { a = { type = "string", required = true }, b = { type = "integer" } } }
    default | the default of `m` is no value of it | `a`: expected a string, it is required; `b`: expected a decimal number, found "x"

    l = { type = "list", items = "decimal" }
    items | a `decimal` without `scale` | expected its decimal places, such as scale = 2

    l = { type = "list", items = { type = "map", attributes = { a = { type = "set" } } } }
    a | a `set` without `items` | expected items = "string", "number" or "binary"

    s = { type = "string", items = "string", attributes = { a = { type = "string" } } }
    items | `items` says nothing about type `string` | `items` goes with set, list, map
    attributes | `attributes` says nothing about type `string` | `attributes` goes with map

    s = { type = "set", items = { type = "string" } }
    items | options for the members of a set, which have none | expected items = "string", "number" or "binary", or type = "list"
    "#);
}

#[test]
fn what_only_an_attribute_of_an_item_can_be_is_refused_inside() {
    insta::assert_snapshot!(told(&[
        r#"m = { type = "map", attributes = { a = { type = "string", unique = true, read_only = true } } }"#,
        r#"m = { type = "map", attributes = { v = { type = "integer", version = true } } }"#,
        r#"m = { type = "map", attributes = { at = { type = "timestamp", on_update = "now" } } }"#,
        r#"l = { type = "list", items = { type = "string", required = true, default = "a", field = "b", hidden = true } }"#,
        r#"l = { type = "list", items = { type = "string", unique = true } }"#,
    ]), @r#"
    m = { type = "map", attributes = { a = { type = "string", unique = true, read_only = true } } }
    unique | `unique` says nothing inside a map | only an attribute of the item itself can be unique
    read_only | `read_only` says nothing inside a map | an update of what it lies in would change it; expected `read_only` of that

    m = { type = "map", attributes = { v = { type = "integer", version = true } } }
    version | `version` says nothing inside a map | the writes of an item are counted in an attribute of its own

    m = { type = "map", attributes = { at = { type = "timestamp", on_update = "now" } } }
    on_update | `on_update` says nothing inside a map | the time of an item's last write is kept in an attribute of its own

    l = { type = "list", items = { type = "string", required = true, default = "a", field = "b", hidden = true } }
    required | `required` says nothing about a member | a member is there or is not; expected `min_length` of what it is in
    default | `default` says nothing about a member | a member that is not given is not there
    field | `field` says nothing about a member | a member has no name of its own
    hidden | `hidden` says nothing about a member | expected `hidden` of what it is in, or of an attribute in it

    l = { type = "list", items = { type = "string", unique = true } }
    unique | `unique` says nothing about a member | only an attribute of the item itself can be unique
    "#);
}

#[test]
fn what_is_no_type_or_option_is_told_with_its_place_too() {
    insta::assert_snapshot!(told(&[
        r#"l = { type = "list", items = "strng" }"#,
        r#"l = { type = "list", items = 3 }"#,
        r#"l = { type = "list", items = { type = "string", requird = true } }"#,
        r#"m = { type = "map", attributes = { a = { typ = "string" } } }"#,
    ]), @r#"
    l = { type = "list", items = "strng" }
    "strng" | unknown variant `strng` | did you mean `string`? expected one of `string`, `number`, `integer`, `decimal`, `boolean`, `enum`, `timestamp`, `binary`, `set`, `list`, `map`, `any`

    l = { type = "list", items = 3 }
    3 | invalid type: integer `3` | expected a type, or a table such as { type = "integer", min = 0 }

    l = { type = "list", items = { type = "string", requird = true } }
    requird | unknown field `requird` | did you mean `required`? expected one of `type`, `values`, `scale`, `items`, `attributes`, `format`, `precision`, `offset`, `required`, `default`, `read_only`, `on_update`, `version`, `hidden`, `unique`, `pattern`, `min`, `max`, `min_length`, `max_length`, `field`, `trim`, `lower`, `upper`

    m = { type = "map", attributes = { a = { typ = "string" } } }
    typ | unknown field `typ` | did you mean `type`? expected one of `type`, `values`, `scale`, `items`, `attributes`, `format`, `precision`, `offset`, `required`, `default`, `read_only`, `on_update`, `version`, `hidden`, `unique`, `pattern`, `min`, `max`, `min_length`, `max_length`, `field`, `trim`, `lower`, `upper`
    "#);
}

/// Maps in one another, so many.
fn nested(maps: usize) -> String {
    let inside = (1..maps).fold("{ type = \"map\" }".to_owned(), |inner, _| {
        format!("{{ type = \"map\", attributes = {{ a = {inner} }} }}")
    });
    format!("m = {inside}\n")
}

#[test]
fn maps_lie_in_one_another_as_deep_as_dynamodb_takes_them() {
    good(&nested(31));
    let problems = problems(&nested(32));
    assert_eq!(problems, "a | 32 maps and lists in one another | DynamoDB takes 31 at most\n");
}

#[test]
fn a_default_lies_as_deep_as_what_it_is_of() {
    let of = |levels: usize| {
        let default = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let any = format!("{{ type = \"any\", default = {default} }}");
        format!("m = {{ type = \"map\", attributes = {{ a = {any} }} }}\n")
    };
    good(&of(30));
    assert!(problems(&of(31)).contains("expected at most 32 levels of nesting"));
}
