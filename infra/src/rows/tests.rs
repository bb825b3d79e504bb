//! Tests of reading rows, for every format.

use std::fmt::Write;
use std::fs;

use weir_model::Model;

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
    let cases: [(&[u8], &str); 10] = [
        (b"[]", ""),
        (b"", "1! expected `[`, found the end of the file"),
        (b"{}", "1! expected `[`, found `{`; the rest of the file was not read"),
        (
            b"[{}]\r\r\nx",
            "1: {}\n3! expected nothing behind the array, found `x`; the rest of the file was not \
             read",
        ),
        (b"[{},]", "1: {}\n1! expected a JSON object, found nothing"),
        (b"[{},\n", "1: {}\n2! expected `]`, found the end of the file"),
        (
            b"[{},\n{\"a\":{},\n{},\n{}]",
            "1: {}\n2! expected `]` after the element that begins here, found the end of the file",
        ),
        (
            b"[{},\r\n{\"id\": \"1},\r\n{\"id\": \"2\"}]",
            "1: {}\n2! not JSON: EOF while parsing a string at column 11; the rest of the file \
             was not read",
        ),
        (
            b"[{\"id\":\r\"1\",\r\"id\": \"2\"}]",
            "1! not JSON: the name `id` occurs twice at line 3 column 4",
        ),
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
           6! 1 cell, expected 4 as in the header
           7! `total`: expected at most 2 decimal places, found "1.999""#,
    );
}

#[test]
fn malformed_csv_is_reported_with_its_line_and_the_next_line_is_read() {
    let text = b"id,paid,total,tags\r\n\r\n1,,,5\" inch\r2,,,\"a\" b\n\"3\n\",,,\"a \\\"b\\\" \
                 c\"\n\"4\n\",,,,\n\
                 5,\0,,\n6,\xff,,\n7,,,\"a,b\"\n8,,,\"9\n10,,,x";
    check(
        Format::Csv,
        text,
        r#"3! a quote inside a cell at line 3 column 6, expected the whole cell in quotes and each quote in it written twice
           4! text after the closing quote at line 4 column 8, expected a comma or the end of the line; a quote in a quoted cell is written twice
           5! text after the closing quote at line 6 column 10, expected a comma or the end of the line; a quote in a quoted cell is written twice; the record ends on line 6
           7! 5 cells, expected 4 as in the header; the record ends on line 8
           9! a NUL byte at line 9 column 3, expected UTF-8 text
           10! `paid`: expected UTF-8 text
           11: {"id":"7","tags":["a","b"]}
           12! the quote at column 5 is never closed, expected a closing quote; the rest of the file was not read"#,
    );
}

#[test]
fn the_line_of_an_unclosed_quote_is_its_own() {
    let text = b"id,tags\n\"1\n\",\"x\n2,y\n";
    check(
        Format::Csv,
        text,
        "3! the quote at column 3 is never closed, expected a closing quote; the rest of the file \
         was not read",
    );
}

#[test]
fn a_record_that_is_too_long_is_skipped() {
    let long = format!("id,tags\n1,\"{}\n\"\n2,x\n", "x".repeat(MAX_ROW_BYTES));
    let expected = r#"2! longer than 1024 KB, expected an item of at most 400 KB; the record ends on line 3
                      4: {"id":"2","tags":["x"]}"#;
    check(Format::Csv, long.as_bytes(), expected);
}

#[test]
fn every_end_of_a_line_is_counted_once() {
    for end in ["\n", "\r\n", "\r"] {
        let text = |lines: &[&str]| lines.join(end);
        let csv = text(&["id", "1", "", "\"2", "", "\"", "3", "\"", ""]);
        let json = format!("2: {{\"id\":\"1\"}}\n4: {}\n7: {{\"id\":\"3\"}}\n", {
            Value::Object([("id".to_owned(), format!("2{end}{end}").into())].into_iter().collect())
        });
        let unclosed = "8! the quote at column 1 is never closed, expected a closing quote; the \
                        rest of the file was not read";
        check(Format::Csv, csv.as_bytes(), &format!("{json}{unclosed}"));
        let ndjson = text(&["{}", "", " {x", "{}"]);
        let expected = "1: {}\n3! not JSON: key must be a string at column 3\n4: {}";
        check(Format::Ndjson, ndjson.as_bytes(), expected);
        let array = text(&["", "[", "", "  {},", "  {", "    \"id\": x", "  }", "]"]);
        let expected = "4: {}\n5! not JSON: expected value at line 6 column 11";
        check(Format::Json, array.as_bytes(), expected);
    }
}

#[test]
fn a_column_of_json_is_counted_in_characters_of_the_file() {
    let text = "[{}, {\"id\": \"d\u{e9}j\u{e0}\", x}]";
    let expected = "1: {}\n1! not JSON: key must be a string at column 21";
    check(Format::Json, text.as_bytes(), expected);
}

#[test]
fn a_name_that_is_given_twice_is_rejected() {
    let text = b"{\"id\":\"1\",\"id\":\"2\"}";
    check(Format::Ndjson, text, "1! not JSON: the name `id` occurs twice at column 14");
}

#[test]
fn a_timestamp_in_a_cell_is_the_instant_that_is_written() {
    const VISITS: &str = "[table]\nname = \"visits\"\n[entities.visit]\nPK = \"VISIT#{id}\"\n\
        SK = \"VISIT\"\n[entities.visit.attributes]\nid = { type = \"string\", required = true }\n\
        at = { type = \"timestamp\" }\nuntil = { type = \"timestamp\", format = \"epoch\" }\n";
    let model: Model = VISITS.parse().expect("a definition");
    let form =
        "expected an RFC 3339 timestamp such as 2026-11-20T06:40:54Z before 9999-12-30T22:00Z";
    let cases = [
        ("20240101T235959Z,", Ok(r#"{"at":"2024-01-01T23:59:59.000Z"}"#.to_owned())),
        (",1795153254", Ok(r#"{"until":1795153254}"#.to_owned())),
        ("20240101T235960Z,", Err(format!("`at`: {form}, found \"20240101T235960Z\""))),
        ("1795153254,", Err(format!("`at`: {form}, found \"1795153254\""))),
        (",soon", Err(format!("`until`: {form}, or a number of epoch seconds, found \"soon\""))),
    ];
    for (cells, expected) in cases {
        let text = format!("at,until\n{cells}\n");
        let rows = rows("visits", text.as_bytes(), Format::Csv, model.entity("visit"));
        let row = rows.expect("a header").next().expect("a row");
        let found = row.values.map(|values| Value::Object(values).to_string());
        assert_eq!(found, expected, "{cells}");
    }
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
            "orders.csv has the column `zzz`: expected attributes of `order`: id, paid, total, \
             tags, skills, address",
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
fn a_header_that_names_no_columns_rejects_the_file() {
    let cases: [(&[u8], &str); 5] = [
        (
            b"\r\n\"id,n\n1,2\n",
            "orders.csv:2: the quote at column 1 is never closed, expected a closing quote; the \
             rest of the file was not read",
        ),
        (
            b"id,n\"\n",
            "orders.csv:1: a quote inside a cell at line 1 column 5, expected the whole cell in \
             quotes and each quote in it written twice",
        ),
        (b"id,\xff\n", "orders.csv:1: the name of column 2 is not UTF-8 text"),
        (b"id,n, \n", "orders.csv:1: column 3 has no name, expected one for each"),
        (b"id, id\n", "orders.csv has the column `id`: twice, expected each once"),
    ];
    for (text, expected) in cases {
        let rows = rows("orders.csv", text, Format::Csv, None);
        assert_eq!(rows.err().expect("an error").to_string(), expected);
    }
}

/// A pipe that gives one byte at a time.
#[test]
fn the_mark_and_the_format_are_seen_however_little_is_read_at_once() {
    struct Drip(&'static [u8]);
    impl std::io::Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }
    let head = source::head(&mut io::BufReader::new(Drip(b"\xEF\xBB\xBF \n\n [{}]")));
    assert_eq!(head.expect("read"), b"\xEF\xBB\xBF \n\n [");
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
    let position = source.offset();
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
    let text = b"id,skills,address\n1,\"{\"\"wit\"\":\"\"3\"\"}\",\"{\"\"zip\"\":\"\"1\"\"}\"\n\
                 2,\"{\"\"wit\"\":-1,\"\"a\"\":0.5}\",\n3,,{}\n";
    check(
        Format::Csv,
        text,
        r#"2: {"id":"1","skills":{"wit":"3"},"address":{"zip":"1"}}
           3! `skills.wit`: expected at least 0; `skills.a`: expected a number without decimal places, found 0.5
           4! `address.zip`: expected a string, it is required"#,
    );
}

#[test]
fn a_name_that_the_json_parser_would_obey_is_rejected_in_every_format() {
    for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
        let object = format!("{{\"id\":{{\"{name}\":\"[1]\"}}}}");
        let message = format!("not JSON: the name `{name}` is reserved at column");
        let column = object.find("\":\"[").expect("the name is there") + 1;
        check(Format::Ndjson, object.as_bytes(), &format!("1! {message} {column}"));
        let array = format!("[{object}]");
        check(Format::Json, array.as_bytes(), &format!("1! {message} {}", column + 1));
        let cell = format!("{{\"a\":{{\"{name}\":\"1\"}}}}").replace('"', "\"\"");
        let csv = format!("id,skills\n1,\"{cell}\"\n");
        let model: Model = SHOP.parse().expect("a definition");
        let rows = rows("orders", csv.as_bytes(), Format::Csv, model.entity("order"));
        let row = rows.expect("a header").next().expect("a row");
        let reason = row.values.expect_err("a reserved name");
        assert!(reason.contains(&format!("the name `{name}` is reserved")), "{reason}");
    }
}
