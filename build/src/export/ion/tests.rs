//! Items in Ion, against the same items in DynamoDB JSON.

use ion_rs::Symbol;
use ion_rs::v1_0::Text;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

/// Writes an attribute as an export in Ion does.
fn element(value: &AttributeValue) -> Element {
    let decimal = |text: &String| Element::read_one(ion_number(text)).expect("a decimal");
    let list = |elements: Vec<Element>, annotation: Option<&str>| {
        let list = Element::from(Value::List(Sequence::new(elements)));
        match annotation {
            Some(annotation) => list.with_annotations([Symbol::from(annotation)]),
            None => list,
        }
    };
    match value {
        AttributeValue::S(text) => Element::string(text.as_str()),
        AttributeValue::N(number) => decimal(number),
        AttributeValue::B(bytes) => Element::blob(bytes),
        AttributeValue::Bool(value) => Element::boolean(*value),
        AttributeValue::Null(_) => Element::null(IonType::Null),
        AttributeValue::L(values) => list(values.iter().map(element).collect(), None),
        AttributeValue::M(map) => {
            let mut fields = Struct::builder();
            for (name, value) in map {
                fields = fields.with_field(name.as_str(), element(value));
            }
            Element::from(fields.build())
        }
        AttributeValue::Ss(texts) => {
            list(texts.iter().map(|text| Element::string(text.as_str())).collect(), Some(STRINGS))
        }
        AttributeValue::Ns(numbers) => list(numbers.iter().map(decimal).collect(), Some(NUMBERS)),
        AttributeValue::Bs(binaries) => {
            list(binaries.iter().map(Element::blob).collect(), Some(BINARIES))
        }
    }
}

/// Returns a number as a decimal of Ion: `103.`, `1.5`.
fn ion_number(text: &str) -> String {
    if text.contains('.') { text.to_owned() } else { format!("{text}.") }
}

/// Numbers as DynamoDB writes them.
fn numbers() -> impl Strategy<Value = String> {
    "-?[1-9][0-9]{0,18}(\\.[0-9]{0,17}[1-9])?|0|-?0\\.0{0,20}[1-9]"
}

fn values() -> impl Strategy<Value = AttributeValue> {
    let leaves = prop_oneof![
        any::<String>().prop_map(AttributeValue::S),
        numbers().prop_map(AttributeValue::N),
        vec(any::<u8>(), 0..20).prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        vec(any::<String>(), 1..4).prop_map(AttributeValue::Ss),
        vec(numbers(), 1..4).prop_map(AttributeValue::Ns),
        vec(vec(any::<u8>(), 0..8), 1..4).prop_map(AttributeValue::Bs),
    ];
    leaves.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(AttributeValue::L),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| AttributeValue::M(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_item_is_the_same_in_ion_and_in_dynamodb_json(
        map in btree_map(any::<String>(), values(), 0..5),
    ) {
        let map: HashMap<_, _> = map.into_iter().collect();
        let line = Struct::builder().with_field(ITEM, element(&AttributeValue::M(map.clone())));
        let text = Element::from(line.build()).encode_as(Text).expect("text");
        let json = json!({ "Item": Item::from(map) });
        let of_json: Item = serde_json::from_value(json["Item"].clone()).expect("an item");
        let text = format!("$ion_1_0 {text}");
        prop_assert_eq!(item(text.as_bytes()).expect("an item"), of_json);
    }
}

/// Checks an attribute `a`, given as Ion, against DynamoDB JSON.
#[track_caller]
fn check(ion: &str, json: Json) {
    let found = item(format!("$ion_1_0 {{Item:{{a:{ion}}}}}").as_bytes()).expect("an item");
    let expected: AttributeValue = serde_json::from_value(json).expect("an attribute");
    assert_eq!(found.get("a"), Some(&expected), "{ion}");
}

#[track_caller]
fn check_mistake(line: &str, mistake: &str) {
    let found = item(format!("$ion_1_0 {line}").as_bytes()).expect_err("a mistake");
    assert!(found.contains(mistake), "{line}: {found}");
}

#[test]
fn a_line_of_the_developer_guide_is_read() {
    let line = r#"$ion_1_0 {Item:{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",ISBN:"333-3333333333",Id:103.,InPublication:false,PageCount:6d2,Price:2d3,ProductCategory:"Book",Title:"Book 103 Title"}}"#;
    let expected = json!({
        "Authors": { "SS": ["Author1", "Author2"] }, "Dimensions": { "S": "8.5 x 11.0 x 1.5" },
        "ISBN": { "S": "333-3333333333" }, "Id": { "N": "103" },
        "InPublication": { "BOOL": false }, "PageCount": { "N": "600" },
        "Price": { "N": "2000" }, "ProductCategory": { "S": "Book" },
        "Title": { "S": "Book 103 Title" },
    });
    let expected: Item = serde_json::from_value(expected).expect("an item");
    assert_eq!(item(line.as_bytes()).expect("an item"), expected);
}

#[test]
fn numbers_have_all_their_digits() {
    for (ion, text) in [
        ("1.50", "1.5"),
        ("-0.5", "-0.5"),
        ("-0.", "0"),
        ("0d-5", "0"),
        ("7", "7"),
        ("12345678901234567890123456789012345678.", "12345678901234567890123456789012345678"),
        ("-1.2345678901234567890123456789012345678", "-1.2345678901234567890123456789012345678"),
        ("25d-1", "2.5"),
        ("25d-3", "0.025"),
        ("-25d2", "-2500"),
    ] {
        check(ion, json!({ "N": text }));
    }
    check("1d125", json!({ "N": format!("1{}", "0".repeat(125)) }));
    check("1d-130", json!({ "N": format!("0.{}1", "0".repeat(129)) }));
}

#[test]
fn values_of_every_type_are_read() {
    check("\"\\u00e9\\n\\\"\"", json!({ "S": "é\n\"" }));
    check("{{aGVsbG8=}}", json!({ "B": "aGVsbG8=" }));
    check("null", json!({ "NULL": true }));
    check(
        "[1.,\"x\",{'a b':2.}]",
        json!({ "L": [{ "N": "1" }, { "S": "x" },
        { "M": { "a b": { "N": "2" } } }] }),
    );
    check("$dynamodb_NS::[1.,2d3]", json!({ "NS": ["1", "2000"] }));
    check("$dynamodb_BS::[{{AA==}}]", json!({ "BS": ["AA=="] }));
    check("{}", json!({ "M": {} }));
    check("[]", json!({ "L": [] }));
}

#[test]
fn what_no_export_has_is_a_mistake() {
    check_mistake("", "");
    check_mistake("{Item:{a:1.}", "");
    check_mistake("7", "expected a struct with the field `Item`");
    check_mistake("{}", "missing field `Item`");
    check_mistake("{Item:7}", "`Item`: found the Ion type int, expected a struct");
    check_mistake("{Item:{},NewImage:{}}", "unknown field `NewImage`, expected `Item`");
    check_mistake("{Item:{a:1.,a:2.}}", "`Item`: the field `a` is there twice");
    check_mistake("{Item:{a:1e0}}", "`a`: found the Ion type float");
    check_mistake("{Item:{a:2026-11-20T}}", "`a`: found the Ion type timestamp");
    check_mistake("{Item:{a:null.string}}", "`a`: found the Ion type");
    check_mistake("{Item:{a:usd::1.}}", "unknown annotation `usd`");
    check_mistake("{Item:{a:$dynamodb_SS::\"x\"}}", "unknown annotation `$dynamodb_SS`");
    check_mistake("{Item:{a:$dynamodb_SS::[1.]}}", "found the Ion type decimal, expected a string");
    check_mistake("{Item:{a:1d999999999}}", "is not a number of DynamoDB");
    check_mistake("{Item:{}} {Item:{}}", "");
}

#[test]
fn json_is_not_taken_for_ion() {
    let mistake = item(b"{\"Item\":{\"a\":{\"N\":\"1\"}}}").expect_err("a mistake");
    assert_eq!(mistake, "missing version marker, expected `$ion_1_0`");
}
