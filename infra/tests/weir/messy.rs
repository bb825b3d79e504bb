//! Files as people send them, with every mistake in quotes, ends of lines and encodings: `weir
//! load` and a strict reader agree about every row and its line.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use weir_cli::rows::{Format, Source};

use crate::weir::strict::{self, COLUMNS, Row, line_of};
use crate::weir::{Served, run, text, weir};

const DEFINITION: &str = r##"
[table]
name = "messy"
[entities.row]
PK = "ROW#{id}"
SK = "ROW"
[entities.row.attributes]
id = { type = "string", required = true }
n = { type = "string" }
name = { type = "string" }
"##;
/// Files that are loaded by a process.
const FILES: usize = 40;
/// Ids of one such file.
const IDS: std::ops::Range<u32> = 0..6;

fn line_end() -> impl Strategy<Value = Vec<u8>> {
    select(vec!["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\n\r", "\r\r\n"])
        .prop_map(|text| text.as_bytes().to_vec())
}

/// A cell as it is in the file, right or wrong.
fn cell() -> impl Strategy<Value = Vec<u8>> {
    let good: [&[u8]; 10] = [
        b"",
        b"ok",
        b" ok ",
        "d\u{e9}j\u{e0}".as_bytes(),
        b"\"\"",
        b"\"a,b\"",
        b"\"a\nb\"",
        b"\"a\r\nb\rc\"",
        b"\"\"\"a\"\" b\"",
        b"\"\n\n\"",
    ];
    let bad: [&[u8]; 10] = [
        b"5 \" inch",
        b"5 inch\"",
        b"\"a\" b",
        b"\"a\"\nb",
        b"\"a \\\"b\\\" c\"",
        b" \"a\"",
        b"a,b",
        b"\xff",
        b"\"a\xe9\n\"",
        b"\0",
    ];
    let unclosed: [&[u8]; 3] = [b"\"5 inch", b"\"", b"\"a\"\"b"];
    let cell = prop_oneof![
        24 => select(good.to_vec()),
        6 => select(bad.to_vec()),
        1 => select(unclosed.to_vec()),
    ];
    cell.prop_map(<[u8]>::to_vec)
}

/// A file of records, most of which have an id of their own, a cell and a cell.
fn file(ids: std::ops::Range<u32>) -> impl Strategy<Value = Vec<u8>> {
    let record = (ids, cell(), cell(), line_end());
    let records = vec(record, 0..7);
    (any::<bool>(), line_end(), records, any::<bool>()).prop_map(|(marked, end, records, ends)| {
        let mut file = if marked { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        file.extend_from_slice(COLUMNS.join(",").as_bytes());
        file.extend(end);
        let mut last_end = 0;
        for (id, first, second, end) in records {
            file.extend([id.to_string().as_bytes(), &first, &second].join(&b','));
            last_end = file.len();
            file.extend(end);
        }
        file.truncate(if ends || last_end == 0 { file.len() } else { last_end });
        file
    })
}

/// A header, and below it what no program writes.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 12] = [
        b"\"",
        b"\"",
        b"\"\"",
        b",",
        b",",
        b",",
        b"a",
        b"\n",
        b"\r\n",
        b"\r",
        "\u{e9}".as_bytes(),
        b"\xff",
    ];
    let piece = prop_oneof![40 => select(pieces.to_vec()), 1 => Just(&b"\0"[..])];
    (line_end(), vec(piece, 0..60))
        .prop_map(|(end, pieces)| [COLUMNS.join(",").as_bytes(), &end, &pieces.concat()].concat())
}

/// What is read of a file, in the form of the strict reader.
fn read(bytes: &[u8], format: Format) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows");
    fs::write(&path, bytes).expect("written");
    let source = Source::open(&path, Some(format)).expect("opened");
    let rows = source.rows(None).expect("a header");
    rows.map(|row| (row.line, row.values.ok())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn csv_is_read_row_for_row_as_rfc_4180_has_it(file in prop_oneof![file(0..9), soup()]) {
        prop_assert_eq!(read(&file, Format::Csv), strict::csv(&file), "{}", file.escape_ascii());
    }

    #[test]
    fn rows_of_any_bytes_are_reported_in_the_order_of_the_file(
        pieces in vec(select(PIECES.to_vec()), 0..60)
    ) {
        let file = pieces.concat();
        let last = line_of(&file, file.len());
        for format in [Format::Json, Format::Ndjson] {
            let lines: Vec<u64> = read(&file, format).iter().map(|(line, _)| *line).collect();
            prop_assert!(lines.is_sorted(), "{lines:?}: {}", file.escape_ascii());
            prop_assert!(lines.iter().all(|line| (1..=last).contains(line)), "{lines:?}");
        }
    }

    #[test]
    fn each_line_of_ndjson_is_counted_as_an_editor_does(
        lines in vec((select(JSON.to_vec()), line_end()), 0..8)
    ) {
        let file: Vec<u8> =
            lines.iter().flat_map(|(json, end)| [json.as_bytes(), end].concat()).collect();
        let expected = strict::ndjson(&file);
        prop_assert_eq!(read(&file, Format::Ndjson), expected, "{}", file.escape_ascii());
    }

    #[test]
    fn each_element_of_an_array_has_the_line_that_it_begins_on(
        elements in vec((space(), select(JSON[2..].to_vec()), space(), line_end()), 1..8)
    ) {
        let mut file = b"[".to_vec();
        let mut expected = Vec::new();
        for (position, (before, json, behind, end)) in elements.iter().enumerate() {
            if position > 0 {
                file.push(b',');
            }
            file.extend(before);
            expected.push((file.len(), serde_json::from_str::<Map<String, Value>>(json).ok()));
            // Pretty-printed: between two members a line ends.
            let end = format!(", {}", String::from_utf8_lossy(end));
            file.extend(json.replace(", ", &end).as_bytes());
            file.extend(behind);
        }
        file.push(b']');
        let expected: Vec<Row> =
            expected.into_iter().map(|(at, values)| (line_of(&file, at), values)).collect();
        prop_assert_eq!(read(&file, Format::Json), expected, "{}", file.escape_ascii());
    }
}

/// Parts of JSON in which most rows are malformed.
const PIECES: [&[u8]; 14] = [
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b"\"",
    b"\\",
    b"{}",
    b"\"id\": \"1\"",
    b" ",
    b"\n",
    b"\r",
    b"\xff",
];

/// Lines of NDJSON, and but for the blank ones elements of an array.
const JSON: [&str; 10] = [
    "",
    " \t",
    "{}",
    r#"{"id": "1", "n": "a\nb"}"#,
    "{\"id\": \"d\u{e9}j\u{e0}\", \"n\": {\"x\": [1, 2]}}",
    r#"{"id": "1", "n": "]},{[\""}"#,
    r#"{"id": , "n": "1"}"#,
    r#"{"id" "1"}"#,
    "[1, 2]",
    "7",
];

fn space() -> impl Strategy<Value = Vec<u8>> {
    let none = Just(Vec::new());
    let some = (line_end(), select(vec!["", "  ", "\t"]));
    prop_oneof![none, some.prop_map(|(end, indent)| [&end, indent.as_bytes()].concat())]
}

/// The lines that were reported, and what was printed at the end.
fn load(folder: &Path, url: &str) -> (Vec<u64>, String, bool) {
    let loaded = run(folder, "load messy.csv --entity row", url);
    let report = text(&loaded.stderr);
    let number = |line: &str| {
        let place = line.strip_prefix("messy.csv:")?;
        place.split(':').next()?.parse().ok()
    };
    let mut lines: Vec<u64> =
        report.lines().map(|line| number(line).unwrap_or_else(|| panic!("{report}"))).collect();
    lines.sort_unstable();
    (lines, text(&loaded.stdout), loaded.status.success())
}

/// The item of an id, if there is one.
fn item(url: &str, id: &str) -> Option<Value> {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut answer = agent.get(format!("{url}/row/{id}")).call().expect("an answer");
    match answer.status().as_u16() {
        200 => answer.body_mut().read_to_string().expect("text").parse().ok(),
        404 => None,
        other => panic!("{id}: {other}"),
    }
}

#[test]
fn the_report_of_weir_load_agrees_with_a_strict_reader() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("weir.toml"), DEFINITION).expect("written");
    let served = Served::serving(folder, &[]);
    let mut runner = TestRunner::deterministic();
    let (mut written_ever, mut refused_ever) = (0, 0);
    for number in 0..FILES as u32 {
        let ids = number * 10..number * 10 + IDS.end;
        let tree = file(ids.clone()).new_tree(&mut runner).expect("a file");
        let bytes = tree.current();
        fs::write(folder.join("messy.csv"), &bytes).expect("written");
        let expected = strict::csv(&bytes);
        let (good, bad): (Vec<_>, Vec<_>) = expected.iter().partition(|(_, values)| {
            values.as_ref().is_some_and(|values| values.contains_key("id"))
        });
        let (written, refused) = (good.len(), bad.len());
        let noun = if expected.len() == 1 { "row" } else { "rows" };
        let lines: Vec<u64> = bad.iter().map(|(line, _)| *line).collect();
        let tally = format!("{} {noun}: {written} written, {refused} refused\n", written + refused);
        let shown = bytes.escape_ascii();
        assert_eq!(load(folder, served.url()), (lines, tally, bad.is_empty()), "{shown}");
        for id in ids.map(|id| id.to_string()) {
            let of_id =
                |row: &&&Row| row.1.as_ref().is_some_and(|values| values["id"] == json!(id));
            let last = good.iter().rfind(of_id).and_then(|(_, values)| values.clone());
            assert_eq!(item(served.url(), &id), last.map(Value::Object), "{id}: {shown}");
        }
        written_ever += written;
        refused_ever += refused;
    }
    assert!(written_ever > FILES && refused_ever > FILES, "{written_ever}, {refused_ever}");
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn a_quote_that_is_never_closed_is_reported_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    fs::write(folder.join("weir.toml"), DEFINITION).expect("written");
    fs::write(folder.join("messy.csv"), "id,n,name\n1,10,\"5 inch\n2,20,ok\n3,30,ok\n")
        .expect("written");
    let served = Served::serving(folder, &[]);
    let loaded = run(folder, "load messy.csv --entity row", served.url());
    assert_eq!(text(&loaded.stdout), "1 row: 0 written, 1 refused\n");
    insta::assert_snapshot!(text(&loaded.stderr), @"messy.csv:2: the quote at column 6 is never closed, expected a closing quote; the rest of the file was not read");
    assert_eq!(loaded.status.code(), Some(1));
    assert_eq!(item(served.url(), "1"), None);
    assert_eq!(served.end("-INT").code(), Some(0));
}

#[test]
fn a_file_that_is_not_utf_8_is_named_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let utf16: Vec<u8> = "id,n,name\r\n1,,".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xFF\xFE", utf16.as_slice()].concat();
    let cases: [(&[u8], &str); 3] = [
        (&marked, "UTF-16"),
        (&utf16, "UTF-16 or not a text"),
        (b"\x1f\x8b\x08\0\0", "compressed by gzip"),
    ];
    for (bytes, found) in cases {
        fs::write(folder.path().join("messy.csv"), bytes).expect("written");
        let loaded = weir(folder.path())
            .args(["load", "messy.csv", "--entity", "row", "--url", "http://127.0.0.1:9"])
            .output()
            .expect("started");
        assert_eq!(
            text(&loaded.stderr),
            format!("weir: messy.csv is {found}, expected UTF-8 text\n")
        );
        assert_eq!((loaded.status.code(), text(&loaded.stdout)), (Some(1), String::new()));
    }
}
