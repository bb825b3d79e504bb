//! Tests of reading rows, for every format.

use std::fmt::Write;
use std::fs;

use model::Model;

use super::*;

const SHOP: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
paid = { type = "boolean" }
total = { type = "decimal", scale = 2 }
tags = { type = "set", items = "string" }
skills = { type = "map", items = { type = "integer", min = 0 } }
address = { type = "map", attributes = { zip = { type = "string", required = true }, code = { type = "string", default = "uuid" } } }
"##;

/// The rows of a text, one a line: its line, and its values or what is wrong with it.
fn check(format: Format, text: &[u8], expected: &str) {
    let model: Model = SHOP.parse().expect("a definition");
    let rows = rows("orders", text, format, model.entity("order")).expect("a header");
    let mut found = String::new();
    for row in rows {
        match row.values {
            Ok(values) => writeln!(found, "{}: {}", row.line, Value::Object(values)),
            Err(reason) => writeln!(found, "{}! {reason}", row.line),
        }
        .expect("written");
    }
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(found.trim()), lines(expected.trim()), "{}", text.escape_ascii());
}

#[test]
fn a_bad_line_is_refused_and_the_next_one_is_read() {
    let text = b"{\"id\":\"1\"}\r\n\n{\"id\":}\n[1]\n{\"id\":\"\xff\"}\n{\"id\":\"2\"}";
    check(
        Format::Ndjson,
        text,
        r#"1: {"id":"1"}
           3! not JSON: expected value at column 7
           4! expected a JSON object, found [1]
           5! not JSON: invalid unicode code point at column 8
           6: {"id":"2"}"#,
    );
}

#[test]
fn numbers_keep_their_digits() {
    let text = br#"{"total":12345678901234567890.123456789}"#;
    check(Format::Ndjson, text, r#"1: {"total":12345678901234567890.123456789}"#);
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let long = format!("{{\"id\":\"{}\"}}\n{{\"id\":\"2\"}}\n", "x".repeat(MAX_ROW_BYTES));
    let expected = r#"1! longer than 1024 KB, expected an item of at most 400 KB
                      2: {"id":"2"}"#;
    check(Format::Ndjson, long.as_bytes(), expected);
}

#[test]
fn an_array_is_cut_at_its_own_commas() {
    let text = br#"
        [ {"id": "a,]}\"", "tags": [["x"], {}]},
          {"id"
             : 1x}, 7,
          {} ]
    "#;
    check(
        Format::Json,
        text,
        r#"2: {"id":"a,]}\"","tags":[["x"],{}]}
           3! not JSON: expected `,` or `}` at line 4 column 17
           4! expected a JSON object, found 7
           5: {}"#,
    );
}

#[test]
fn what_is_wrong_with_an_array_is_told_once() {
    let cases: [(&[u8], &str); 7] = [
        (b"[]", ""),
        (b"", "1! expected `[`, found the end of the file"),
        (b"{}", "1! expected `[`, found `{`"),
        (b"[{}] x", "1: {}\n1! expected nothing behind the array, found `x`"),
        (b"[{},]", "1: {}\n1! expected a JSON object, found nothing"),
        (b"[{},\n{}", "1: {}\n2! expected `]`, found the end of the file"),
        (b"[{}\n{}]", "1! not JSON: trailing characters at line 2 column 1"),
    ];
    for (text, expected) in cases {
        check(Format::Json, text, expected);
    }
}

#[test]
fn cells_become_what_their_attributes_say() {
    let text =
        "id,paid,total,tags\n\"a,\"\"b\"\"\n\",true,1.50,\"x, y\"\n2,,,\n3,maybe,,\n4\n5,,1.999,\n";
    check(
        Format::Csv,
        text.as_bytes(),
        r#"2: {"id":"a,\"b\"\n","paid":true,"total":1.5,"tags":["x","y"]}
           4: {"id":"2"}
           5! `paid`: expected true or false, found "maybe"
           6! 1 cells, expected 4 as in the header
           7! `total`: expected at most 2 decimal places, found "1.999""#,
    );
}

#[test]
fn cells_without_an_entity_stay_text() {
    let mut rows = rows("orders", &b"id,paid\n1,true\n"[..], Format::Csv, None).expect("a header");
    let values = rows.next().expect("a row").values.expect("values");
    assert_eq!(Value::Object(values).to_string(), r#"{"id":"1","paid":"true"}"#);
    assert_eq!(rows.next(), None);
}

#[test]
fn a_column_that_is_no_attribute_refuses_the_file() {
    let model: Model = SHOP.parse().expect("a definition");
    let cases = [
        ("id,totl\n", "orders.csv has the column `totl`: did you mean `total`?"),
        (
            "id,zzz\n",
            "orders.csv has the column `zzz`: expected attributes of `order`: id, paid, total, tags, skills, address",
        ),
        ("id,id\n", "orders.csv has the column `id`: twice, expected each once"),
    ];
    for (text, expected) in cases {
        let rows = rows("orders.csv", text.as_bytes(), Format::Csv, model.entity("order"));
        let error = rows.err().expect("a refusal");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn the_format_is_told_by_extension_then_by_the_first_byte() {
    let directory = tempfile::tempdir().expect("a directory");
    let cases = [
        ("a.csv", "{", Format::Csv),
        ("a.jsonl", "[", Format::Ndjson),
        ("a.json", "\u{feff} [{}]", Format::Json),
        ("b.json", "{}\n{}", Format::Ndjson),
        ("a", "id,total", Format::Csv),
        ("b", "", Format::Ndjson),
    ];
    for (name, text, expected) in cases {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        let source = Source::open(&path, None).expect("opened");
        assert_eq!(source.format, expected, "{name}");
        assert_eq!(source.size(), Some(text.len() as u64), "{name}");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_row() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("orders.csv");
    fs::write(&path, "\u{feff}id\n1\n").expect("written");
    let source = Source::open(&path, None).expect("opened");
    let position = source.position();
    let row = source.rows(None).expect("a header").next().expect("a row");
    assert_eq!(Value::Object(row.values.expect("values")).to_string(), r#"{"id":"1"}"#);
    assert_eq!(position.bytes(), 8);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Source::open("no/such.csv".as_ref(), None).err().expect("an error");
    assert_eq!(
        error.to_string(),
        "no/such.csv cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn a_cell_of_a_map_is_json_whose_defaults_are_made_when_it_is_written() {
    let text = b"id,skills,address\n1,\"{\"\"wit\"\":\"\"3\"\"}\",\"{\"\"zip\"\":\"\"1\"\"}\"\n2,\"{\"\"wit\"\":-1,\"\"a\"\":0.5}\",\n3,,{}\n";
    check(
        Format::Csv,
        text,
        r#"2: {"id":"1","skills":{"wit":"3"},"address":{"zip":"1"}}
           3! `skills.wit`: expected at least 0; `skills.a`: expected a number without decimal places, found 0.5
           4! `address.zip`: expected a string, it is required"#,
    );
}
