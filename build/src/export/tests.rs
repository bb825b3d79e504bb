//! Exports in a folder, whole and spoilt.

use std::fs;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_model::AttributeValue;

use super::*;

/// The second of the export.
const SECONDS: i64 = 1_604_474_914;

fn compressed(lines: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.as_bytes()).expect("in memory");
    encoder.finish().expect("in memory")
}

/// Writes an export of files of so many items each, as AWS does.
fn export(files: &[u32], change: impl Fn(&mut Value)) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    let mut manifest = String::new();
    for (number, items) in files.iter().enumerate() {
        let lines = (0..*items).map(|item| {
            json!({ "Item": { "PK": { "S": format!("A#{number}-{item}") }, "n": { "N": "1.50" },
                "tags": { "SS": ["a"] }, "raw": { "B": "AAEqQQ==" } } })
        });
        let bytes = compressed(&lines.map(|line| format!("{line}\n")).collect::<String>());
        let name = format!("file{number}.json.gz");
        let line = json!({
            "itemCount": items,
            "md5Checksum": STANDARD.encode(Md5::digest(&bytes)),
            "etag": "af83d6f217c19b8b0fff8023d8ca4716-1",
            "dataFileS3Key": format!("prefix/AWSDynamoDB/01693685827463-2d8752fd/data/{name}"),
        });
        manifest.push_str(&format!("{line}\n"));
        fs::write(folder.path().join("data").join(name), bytes).expect("written");
    }
    let mut summary = json!({
        "version": "2023-08-01",
        "exportArn": "arn:aws:dynamodb:us-east-1:123456789012:table/shop/export/0169-2d87",
        "startTime": "2020-11-04T07:28:34.028Z",
        "endTime": "2020-11-04T07:33:43.897Z",
        "tableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/shop",
        "exportTime": "2020-11-04T07:28:34.028Z",
        "itemCount": files.iter().sum::<u32>(),
        "outputFormat": "DYNAMODB_JSON",
        "exportType": "FULL_EXPORT",
    });
    change(&mut summary);
    fs::write(folder.path().join("manifest-files.json"), manifest).expect("written");
    fs::write(folder.path().join("manifest-summary.json"), summary.to_string()).expect("written");
    folder
}

/// Opens and reads an export. Returns its items, or the error as text.
fn read(folder: &TempDir) -> Result<Vec<Item>, String> {
    let export = Export::open(folder.path()).map_err(|error| error.to_string())?;
    let mut items = Vec::new();
    let record = |item: &Item| {
        items.push(item.clone());
        Ok(())
    };
    export.read(record, |_| {}).map_err(|error| error.to_string())?;
    Ok(items)
}

#[track_caller]
fn check_error(folder: &TempDir, parts: &[&str]) {
    let error = read(folder).expect_err("an error");
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_whole_export_has_all_its_items() {
    let folder = export(&[3, 0, 2], |_| {});
    let opened = Export::open(folder.path()).expect("an export");
    assert_eq!((opened.table(), opened.seconds(), opened.items()), ("shop", SECONDS, 5));
    let mut last = ExportProgress::default();
    opened.read(|_| Ok(()), |progress| last = progress).expect("read");
    assert_eq!(last, ExportProgress { items: 5, of_items: 5, files: 3, of_files: 3 });

    let items = read(&folder).expect("items");
    assert_eq!(items[4].get("PK"), Some(&AttributeValue::S("A#2-1".to_owned())));
    assert_eq!(items[4].get("n"), Some(&AttributeValue::N("1.50".to_owned())));
    assert_eq!(items[4].get("raw"), Some(&AttributeValue::B(vec![0, 1, 42, 65])));
}

#[test]
fn an_export_is_of_one_table_and_three_minutes_after_the_cut() {
    let opened = Export::open(export(&[1], |_| {}).path()).expect("an export");
    // The export is 28 ms into its second.
    let latest = SECONDS - i64::from(EXPORT_MARGIN_SECS);
    opened.check_cut(latest).expect("late enough");
    let early = opened.check_cut(latest + 1).expect_err("too early").to_string();
    let times = "of 2020-11-04T07:28:34.028Z, expected 2020-11-04T07:28:35Z or later";
    assert!(early.contains(times), "{early}");
    opened.check("shop", SECONDS).expect("this second");
    let to_come = opened.check("shop", SECONDS - 1).expect_err("not yet").to_string();
    assert!(to_come.contains("before DynamoDB's time, 2020-11-04T07:28:33Z"), "{to_come}");
    let other = opened.check("club", SECONDS).expect_err("another table").to_string();
    assert!(other.contains("`shop`, expected `club`"), "{other}");
}

#[test]
fn another_form_of_export_is_refused() {
    let csv = export(&[1], |summary| summary["outputFormat"] = json!("CSV"));
    check_error(&csv, &["outputFormat `CSV`", "expected DYNAMODB_JSON or ION"]);
    let part = export(&[1], |summary| summary["exportType"] = json!("INCREMENTAL_EXPORT"));
    check_error(&part, &["exportType `INCREMENTAL_EXPORT`"]);
    let old =
        export(&[1], |summary| drop(summary.as_object_mut().expect("a map").remove("exportType")));
    assert_eq!(read(&old).expect("manifests were without a type before 2023").len(), 1);
}

#[test]
fn a_file_that_is_missing_or_not_whole_is_named() {
    let path = |folder: &TempDir| folder.path().join("data").join("file0.json.gz");
    let missing = export(&[2, 1], |_| {});
    fs::remove_file(path(&missing)).expect("removed");
    check_error(&missing, &["file0.json.gz", "copy the export again"]);

    let cut_off = export(&[50], |_| {});
    let bytes = fs::read(path(&cut_off)).expect("read");
    fs::write(path(&cut_off), &bytes[..bytes.len() - 9]).expect("written");
    check_error(&cut_off, &["file0.json.gz", "copy the export again"]);

    let other = export(&[1], |_| {});
    fs::write(path(&other), compressed("{\"Item\":{}}\n")).expect("written");
    check_error(&other, &["has the MD5", "expected"]);

    let spoilt = export(&[1], |_| {});
    fs::write(path(&spoilt), compressed("{\"Item\":{}}\n{\"Item\":7}\n")).expect("written");
    check_error(&spoilt, &["file0.json.gz", "line 2"]);

    let fewer = export(&[1], |summary| summary["itemCount"] = json!(2));
    check_error(&fewer, &["has 1 items, expected 2"]);
}

#[test]
fn an_empty_file_need_not_be_copied() {
    let folder = export(&[2, 0], |_| {});
    fs::remove_file(folder.path().join("data").join("file1.json.gz")).expect("removed");
    assert_eq!(read(&folder).expect("items").len(), 2);
}

#[test]
fn an_export_in_ion_has_the_same_items() {
    let json = export(&[1], |_| {});
    let ion = export(&[1], |summary| summary["outputFormat"] = json!("ION"));
    let line =
        "$ion_1_0 {Item:{PK:\"A#0-0\",n:1.50,tags:$dynamodb_SS::[\"a\"],raw:{{AAEqQQ==}}}}\n";
    let bytes = compressed(line);
    let manifest = json!({ "itemCount": 1, "md5Checksum": STANDARD.encode(Md5::digest(&bytes)),
        "dataFileS3Key": "AWSDynamoDB/01693685827463-2d8752fd/data/file0.ion.gz" });
    fs::write(ion.path().join("data/file0.ion.gz"), bytes).expect("written");
    fs::write(ion.path().join("manifest-files.json"), manifest.to_string()).expect("written");
    let mut expected = read(&json).expect("items");
    expected[0].insert("n".to_owned(), AttributeValue::N("1.5".to_owned()));
    assert_eq!(read(&ion).expect("items"), expected);
}

#[test]
fn a_line_that_is_not_ion_is_named() {
    let folder = export(&[1], |summary| summary["outputFormat"] = json!("ION"));
    check_error(&folder, &["file0.json.gz", "line 1", "copy the export again"]);
}
