//! Rows as Parquet, read back: those of NDJSON, with types.

use std::fs::File;

use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value};

use super::shop::{Shop, cell, text};

#[tokio::test(flavor = "multi_thread")]
async fn parquet_has_the_rows_of_ndjson_with_types() {
    let shop = Shop::with_orders(60).await;
    let output = shop.export("sales --output sales.parquet");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let file = File::open(shop.folder.path().join("sales.parquet")).expect("written");
    let reader = SerializedFileReader::new(file).expect("Parquet");
    let schema = reader.metadata().file_metadata().schema_descr();
    let logical = |name: &str| {
        let columns = schema.columns().iter();
        let mut named = columns.filter(|column| column.name() == name);
        named.next().expect(name).logical_type_ref().cloned()
    };
    let instant = Some(LogicalType::timestamp(true, TimeUnit::MICROS));
    for (name, expected) in [
        ("country", Some(LogicalType::String)),
        ("paid", None),
        ("start", instant.clone()),
        ("orders", None),
        ("revenue", Some(LogicalType::decimal(2, 38))),
        ("average", Some(LogicalType::decimal(8, 38))),
        ("latest", instant),
        ("best", Some(LogicalType::Json)),
        ("newest", Some(LogicalType::String)),
        ("statuses.sent", None),
        ("usual", Some(LogicalType::decimal(2, 38))),
    ] {
        assert_eq!(logical(name), expected, "{name}");
    }
    let rows = shop.rows("sales");
    let read = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row"));
    let read: Vec<_> = read.collect();
    assert_eq!(read.len(), rows.len());
    for (read, row) in read.iter().zip(&rows) {
        for (name, field) in read.get_column_iter() {
            let expected = expected(row, name);
            match field {
                Field::TimestampMicros(micros) => {
                    let time: jiff::Timestamp = expected.parse().expect("a time");
                    assert_eq!(time.as_microsecond(), *micros, "{name}");
                }
                Field::Decimal(decimal) => {
                    let append = |units: i128, byte: &u8| (units << 8) | i128::from(*byte);
                    let units = decimal.data().iter().fold(0, append);
                    let places = u32::try_from(decimal.scale()).expect("a scale");
                    let number = weir_model::Number::from_units(units, places);
                    assert_eq!(number.to_string(), expected, "{name}");
                }
                Field::Null => assert_eq!(expected, "", "{name}"),
                Field::Bool(value) => assert_eq!(value.to_string(), expected, "{name}"),
                Field::Long(value) => assert_eq!(value.to_string(), expected, "{name}"),
                Field::Str(value) => assert_eq!(*value, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

/// Returns what a column of a row has, as CSV would have it.
fn expected(row: &Map<String, Value>, name: &str) -> String {
    let dimensions = row["dimensions"].as_object().expect("a group");
    if let Some(value) = dimensions.get(name).or_else(|| row.get(name)) {
        return cell(value);
    }
    let (measure, part) = name.split_once('.').unwrap_or((name, ""));
    match (row.get(measure), part) {
        (Some(Value::Array(bins)), "<10") => cell(&bins[0]["count"]),
        (Some(Value::Array(bins)), "10..100") => cell(&bins[1]["count"]),
        (Some(Value::Array(bins)), ">=100") => cell(&bins[2]["count"]),
        (Some(Value::Object(counts)), part) => cell(&counts[part]),
        (None, "") => String::new(),
        other => panic!("{name}: {other:?}"),
    }
}
