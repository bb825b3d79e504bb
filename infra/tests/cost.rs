//! `weir cost` as its user meets it: the text, the JSON, and the exit code; from a definition, from
//! files, and from a table.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use weir_model::Model;
use weir_table::Table;
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::http::Client;

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
at = { type = "timestamp" }
amount = { type = "integer" }
tags = { type = "set", items = "string" }
[entities.refund]
PK = "REFUND#{id}"
SK = "REFUND"
[entities.refund.attributes]
id = { type = "string", required = true }
amount = { type = "integer" }
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
[entities.note.attributes]
id = { type = "string", required = true }
[rollups.sales]
of = "sale"
by = ["shop"]
time = "at"
buckets = ["day", "month"]
measures = { sales = "count", revenue = "sum(amount)" }
[rollups.best]
of = "sale"
by = ["shop"]
rank_by = "revenue"
measures = { revenue = "sum(amount)", amounts = "distinct(amount)" }
[rollups.large]
of = "sale"
where = { amount = { gte = 100 } }
by = ["tags"]
measures = { sales = "count" }
[rollups.refunds]
of = "refund"
measures = { refunds = "count" }
[rollups.refunded]
of = "refund"
measures = { refunded = "sum(amount)" }
"##;
/// Four sales: two shops, and one of two tags that the filter of `large` admits.
const SALES: &str = r#"{"id":"1","shop":"a","at":"2026-11-20T06:00:00Z","amount":100,"tags":["x","y"]}
{"id":"2","shop":"a","at":"2026-11-20T07:00:00Z","amount":5}
{"id":"3","shop":"b","at":"2026-11-21T06:00:00Z","amount":5}
{"id":"4","shop":"b","at":"2026-11-21T06:00:00Z","amount":7}
"#;

/// A folder with the definition and its data.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("shop.toml", DEFINITION);
        folder.write("sale.ndjson", SALES);
        folder.write("refund.csv", "id,amount\n1,5\n");
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).expect("written");
    }

    /// Runs `weir cost shop.toml` in the folder.
    fn cost(&self, arguments: &[&str]) -> Output {
        weir(self.0.path(), arguments).output().expect("started")
    }

    /// Returns the JSON of a run that succeeds.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.cost(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn weir(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.current_dir(folder).args(["cost", "shop.toml"]).args(arguments).env("NO_COLOR", "1");
    for name in ["AWS_PROFILE", "TABLE_NAME", "ROLLUPS_TABLE_NAME"] {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn rollup<'a>(cost: &'a Value, name: &str) -> &'a Value {
    let rollups = cost["rollups"].as_array().expect("rollups");
    rollups.iter().find(|rollup| rollup["rollup"] == name).expect(name)
}

#[test]
fn the_definition_alone_gives_the_units_of_the_document_and_says_what_is_assumed() {
    let folder = Folder::new();
    let cost = folder.json(&[]);
    assert_eq!((&cost["source"], &cost["max_cost"]), (&json!("definition"), &Value::Null));
    let sales = rollup(&cost, "sales");
    // A million inserts, updates and deletes of 2 units each.
    assert_eq!(sales["write_units"]["insert"], 2.0);
    assert_eq!(sales["write_units"]["move"], Value::Null, "the mix has none");
    assert_eq!(sales["dollars_per_million_changes"], 1.25);
    assert_eq!(sales["dollars_per_month"], Value::Null);
    let best = rollup(&cost, "best");
    let parts: Vec<_> = best["parts"].as_array().expect("parts").iter().collect();
    let units = |part: &Value| part["write_units"]["insert"].as_f64().expect("units");
    assert_eq!(
        parts
            .iter()
            .map(|part| (part["kind"].as_str().expect("a kind"), units(part)))
            .collect::<Vec<_>>(),
        [("item", 1.0), ("ranking", 2.0), ("details", 5.0)]
    );
    assert_eq!(parts[2]["measures"], json!(["amounts"]));
    let output = text(&folder.cost(&[]).stdout);
    assert!(output.contains("from the definition alone; sizes are assumed"), "{output}");
    assert!(output.contains("70 % insert, 20 % update, 10 % delete (--mix)"), "{output}");
    assert!(output.contains("50 % sale, 50 % refund of the changes, assumed"), "{output}");
    assert!(output.contains("each change is alone in its batch, which costs the most"), "{output}");
}

#[test]
fn the_rows_of_a_file_say_what_filters_admit_and_how_many_members_sets_have() {
    let folder = Folder::new();
    let cost = folder.json(&["--data", "sale.ndjson", "--data", "refund.csv"]);
    let large = rollup(&cost, "large");
    // One of four sales, in the groups of two tags.
    assert_eq!((&large["counted"], &large["write_units"]["insert"]), (&json!(1), &json!(0.5)));
    // Four of five changes are of sales.
    assert_eq!(cost["entities"][0]["share"], 0.8);
    // Sales that share a batch share their rollup items: a day and a month of each of two shops.
    let batch = folder.json(&["--data", "sale.ndjson", "--mix", "insert=1", "--batch", "4"]);
    assert_eq!(rollup(&batch, "sales")["write_units"]["insert"], 2.0);
    assert_eq!(rollup(&batch, "sales")["write_units_per_change"], 1.0);
    // Rows of one entity: the rollups of others are not silently free.
    assert_eq!(batch["left_out"], json!(["refund"]));
    let output = text(&folder.cost(&["--data", "sale.ndjson"]).stdout);
    assert!(output.contains("rollups of `refund` are not included"), "{output}");
}

#[test]
fn a_month_follows_from_the_changes_of_a_second_and_the_prices() {
    let folder = Folder::new();
    let mix = ["--mix", "insert=1", "--writes", "0.5", "--write-price", "1", "--read-price", "0"];
    let cost = folder.json(&mix);
    let refunds = rollup(&cost, "refunds");
    // 0.5 × 730 × 3600 changes of 1 unit.
    assert_eq!(refunds["dollars_per_million_changes"], 1.0);
    assert_eq!(refunds["dollars_per_month"], 1.314);
    assert_eq!(cost["prices"]["from"], Value::Null, "given prices");
    // The progress is stored at most once a second: after each batch of this rate.
    assert_eq!(cost["processor"]["write_units_per_change"], 1.0);
    let busy = folder.json(&["--mix", "insert=1", "--writes", "50"]);
    assert_eq!(busy["processor"]["write_units_per_change"], 0.02);
}

#[test]
fn what_is_cheaper_is_computed_by_the_cheaper_definition() {
    let folder = Folder::new();
    let data = ["--data", "sale.ndjson", "--data", "refund.csv"];
    let cost = folder.json(&data);
    let savings = cost["cheaper"].as_array().expect("savings");
    let kinds: Vec<_> =
        savings.iter().map(|saving| saving["kind"].as_str().expect("a kind")).collect();
    for kind in ["bucket", "ranking", "measures", "merge", "batch"] {
        assert!(kinds.contains(&kind), "{kind}: {savings:?}");
    }
    for (kind, from, to) in [
        ("bucket", "buckets = [\"day\", \"month\"]", "buckets = [\"day\"]"),
        ("ranking", "rank_by = \"revenue\"\n", ""),
        ("measures", ", amounts = \"distinct(amount)\"", ""),
        (
            "merge",
            "measures = { refunds = \"count\" }\n[rollups.refunded]\nof = \"refund\"\n\
             measures = { refunded",
            "measures = { refunds = \"count\", refunded",
        ),
    ] {
        assert!(DEFINITION.contains(from), "{from}");
        folder.write("shop.toml", &DEFINITION.replace(from, to));
        let after = folder.json(&data);
        let total =
            |cost: &Value| cost["total"]["dollars_per_million_changes"].as_f64().expect("dollars");
        let saving = savings.iter().find(|saving| saving["kind"] == kind).expect(kind);
        let saved = saving["dollars_per_million_changes"].as_f64().expect("dollars");
        let difference = total(&cost) - total(&after);
        assert!((saved - difference).abs() < 1e-5, "{kind}: {saved}, not {difference}");
    }
}

#[test]
fn a_cost_above_the_limit_is_printed_and_fails() {
    let folder = Folder::new();
    let output = folder.cost(&["--max-cost", "0.5"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("total"), "{}", text(&output.stdout));
    let error = text(&output.stderr);
    assert!(error.starts_with("weir: the rollups cost $"), "{error}");
    assert!(
        error.ends_with(" per million changes, expected at most $0.5 (--max-cost)\n"),
        "{error}"
    );
    let monthly = folder.cost(&["--max-cost", "0.5", "--writes", "1", "--json"]);
    assert_eq!(monthly.status.code(), Some(1));
    assert!(text(&monthly.stderr).contains(" per month, expected at most"), "per month");
    let cost: Value = serde_json::from_slice(&monthly.stdout).expect("JSON before the error");
    assert_eq!(cost["max_cost"], json!({ "dollars": 0.5, "per": "month", "is_exceeded": true }));
    let within = folder.json(&["--max-cost", "1000"]);
    assert_eq!(within["max_cost"]["is_exceeded"], false);
}

#[test]
fn wrong_input_is_an_error_that_says_what_is_allowed() {
    let folder = Folder::new();
    folder.write("columns.csv", "id,amuont\n1,5\n");
    folder.write("unknown.ndjson", "{\"id\":\"1\",\"amuont\":5}\n");
    folder.write("empty.ndjson", "\n");
    let cases: [(&[&str], &str); 15] = [
        (&["--data", "sale=none.csv"], "none.csv cannot be read: No such file"),
        (
            &["--data", "salle=none.csv"],
            "--data salle=none.csv: `salle` is no entity; did you mean `sale`?",
        ),
        (&["--data", "data.csv"], "--data data.csv: expected ENTITY=FILE, where ENTITY is one of"),
        (
            &["--data", "note=refund.csv"],
            "no rollup counts `note`; expected rows of one of sale, refund",
        ),
        (
            &["--data", "sale=columns.csv"],
            "columns.csv has the column `amuont`: did you mean `amount`?",
        ),
        (
            &["--data", "sale=unknown.ndjson"],
            "has no row that can be stored; expected at least one; unknown.ndjson:1: ",
        ),
        (
            &["--data", "sale=empty.ndjson"],
            "empty.ndjson has no row that can be stored; expected at least one",
        ),
        (&["--data", "sale.ndjson", "--table", "shop"], "expected one of them"),
        (
            &["--mix", "insert=1,upsert=1"],
            "unknown kind of change `upsert`; expected one of insert,",
        ),
        (&["--mix", "insert=0"], "all weights are 0; expected one above 0"),
        (
            &["--max-cost", "-5"],
            "invalid value '-5' for '--max-cost <DOLLARS>': expected a number from 0",
        ),
        (&["--writes", "many"], "invalid value 'many' for '--writes <CHANGES>': expected a number"),
        (&["--write-price", "0.1234567"], "with at most 6 decimal places"),
        (&["--batch", "0"], "0 is not in 1..=10000"),
        (&["--shards", "0"], "0 is not in 1..=1000"),
    ];
    for (arguments, expected) in cases {
        let output = folder.cost(arguments);
        let error = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    folder.write("shop.toml", DEFINITION.split("[rollups.sales]").next().expect("a part"));
    let error = text(&folder.cost(&[]).stderr);
    assert_eq!(error, "weir: the definition has no rollups; expected at least one\n");
}

/// Returns the section of the document about the command.
fn section() -> String {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let document = std::fs::read_to_string(document).expect("docs/operating.md");
    let section = document.split("### weir cost").nth(1).expect("a section");
    section.split("\n## ").next().expect("its text").to_owned()
}

#[test]
fn the_output_in_the_document_is_that_of_these_rows() {
    let output = Folder::new().cost(&["--data", "sale.ndjson", "--data", "refund.csv"]);
    let output = text(&output.stdout);
    let costs: Vec<_> = output.split("\n\n").take(2).collect();
    let costs = costs.join("\n\n");
    assert!(section().contains(&costs), "docs/operating.md should have\n\n{costs}");
}

#[test]
fn every_field_of_the_json_is_documented() {
    let section = section();
    let folder = Folder::new();
    let mut fields = BTreeSet::new();
    names(&folder.json(&["--max-cost", "1000"]), &mut fields);
    assert!(fields.len() > 40, "{fields:?}");
    for field in fields {
        assert!(section.contains(&format!("`{field}`")), "docs/operating.md lacks `{field}`");
    }
}

/// Collects the names of the fields of JSON.
fn names(value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            fields.insert(name.clone());
            names(value, fields);
        }),
        Value::Array(elements) => elements.iter().for_each(|value| names(value, fields)),
        _ => {}
    }
}

#[test]
fn rows_that_cannot_be_stored_are_left_out_and_printed() {
    let folder = Folder::new();
    folder.write("sale.ndjson", &format!("{SALES}{{\"id\":5}}\n{{\"shop\":\"a\"}}\n"));
    let cost = folder.json(&["--data", "sale.ndjson"]);
    let sale = &cost["entities"][0];
    assert_eq!((&sale["sampled_items"], &sale["rejected_rows"]), (&json!(4), &json!(2)));
    let output = text(&folder.cost(&["--data", "sale.ndjson"]).stdout);
    assert!(output.contains("without 2 rows that cannot be stored: sale.ndjson:5: "), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_of_the_table_is_counted_as_a_file_of_its_items_is() {
    let folder = Folder::new();
    let dynamodb = TestDynamo::start().await;
    let model: Model = with_own_tables(DEFINITION.parse().expect("a definition"));
    let connection = dynamodb.connect().await;
    let table = Table::new(&connection, model.clone().into());
    table.provision().await.expect("tables");
    let at = ["--endpoint", &dynamodb.url, "--table", &model.table.name];
    let empty = folder.cost(&at);
    let error = text(&empty.stderr);
    assert!(error.contains("has no item of an entity with rollups; expected one of"), "{error}");
    let entity = model.entity("sale").expect("an entity");
    for line in SALES.lines() {
        let row: serde_json::Map<_, _> = serde_json::from_str(line).expect("a row");
        let item = entity.encode(&row, weir_model::WriteContext::NONE).expect("an item");
        let item = serde_json::to_value(serde_json::Map::from_iter(
            item.into_inner()
                .into_iter()
                .map(|(name, value)| (name, serde_json::to_value(value).expect("JSON"))),
        ));
        let request = json!({ "TableName": model.table.name, "Item": item.expect("JSON") });
        Client::new(&dynamodb.url).dynamodb("PutItem", &request).await;
    }
    let of_table = folder.json(&at);
    assert_eq!(
        (&of_table["source"], &of_table["sampled"]),
        (&json!("table"), &json!([model.table.name]))
    );
    assert_eq!(of_table["left_out"], json!(["refund"]));
    let of_file = folder.json(&["--data", "sale.ndjson"]);
    assert_eq!(of_table["rollups"], of_file["rollups"]);
    assert_eq!(of_table["total"], of_file["total"]);
    let missing = folder.cost(&["--endpoint", &dynamodb.url, "--table", "none-of-these"]);
    let error = text(&missing.stderr);
    assert!(error.contains("could not read a sample of the table of items"), "{error}");
    assert_eq!(missing.status.code(), Some(1));
}
