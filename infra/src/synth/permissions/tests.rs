//! Tests of the list: what it grants for a definition, and that it knows every call in the source
//! of `table`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::super::resources::Filters;
use super::*;

const FLIGHTS: &str = include_str!("../../../../examples/flights/weir.toml");

/// Where `table` calls DynamoDB for others than the three functions, and for whom.
const ELSEWHERE: &[(&str, &str)] = &[
    ("table/src/provision.rs", "`weir dev` and tests make tables; here the stack does"),
    ("table/src/provision/extension.rs", "`weir dev` extends tables; here the stack does"),
    ("table/src/state/beginning.rs", "not on Lambda: where it is denied, the rollups are unbuilt"),
    ("table/src/checkpoints.rs", "the local event source mapping"),
    ("table/src/checkpoints/lease.rs", "the local event source mapping"),
    ("table/src/checkpoints/on_failure.rs", "the local event source mapping"),
    ("table/src/checkpoints/written.rs", "the local event source mapping"),
    ("table/src/items/receipt.rs", "`weir dev --data` alone keeps receipts"),
];
/// A call in a file of which other calls are a function's.
const ELSEWHERE_IN_PART: &[(&str, &str)] = &[
    ("table/src/rollups/park.rs", "query"),
    ("table/src/checkpoints/progress.rs", "update_item"),
    ("table/src/checkpoints/shard_progress.rs", "delete_item"),
    ("table/src/checkpoints/shard_progress.rs", "query"),
];

/// Files whose transactions have actions of one kind alone, and which.
const TRANSACTED_ALONE: &[(&str, &str)] = &[("table/src/rollups/crossing.rs", "update_item")];

/// The operations on items.
const OPERATIONS: [&str; 17] = [
    "batch_execute_statement",
    "batch_get_item",
    "batch_write_item",
    "delete_item",
    "describe_continuous_backups",
    "describe_table",
    "describe_time_to_live",
    "execute_statement",
    "execute_transaction",
    "get_item",
    "put_item",
    "query",
    "scan",
    "transact_get_items",
    "transact_write_items",
    "update_item",
    "update_table",
];

/// The actions of a transaction.
const TRANSACTED: [&str; 4] = ["put_item", "update_item", "delete_item", "condition_check_item"];

fn model(definition: &str) -> Model {
    definition.parse().expect("a definition")
}

fn options() -> Options {
    let (code, definition) = Default::default();
    Options { code, definition, filters: Filters::Definition, existing_table: false }
}

fn shown(function: Function, model: &Model) -> String {
    let lines = statements(function, model, &options())
        .into_iter()
        .map(|statement| format!("{statement}\n"));
    lines.collect()
}

#[test]
fn the_statements_of_the_flights_are_these() {
    let flights = model(FLIGHTS);
    insta::assert_snapshot!(shown(Function::Writer, &flights), @r#"
    {"Sid":"Table","Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:UpdateItem","dynamodb:DeleteItem","dynamodb:ConditionCheckItem","dynamodb:BatchWriteItem"],"Resource":{"Fn::GetAtt":["Table","Arn"]}}
    {"Sid":"Logs","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":{"Fn::GetAtt":["WriterLogs","Arn"]}}
    {"Fn::If":["EncryptsByKey",{"Sid":"Key","Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey","kms:Encrypt","kms:GenerateDataKey","kms:ReEncryptFrom","kms:ReEncryptTo"],"Resource":{"Ref":"KmsKeyArn"}},{"Ref":"AWS::NoValue"}]}
    {"Fn::If":["SendsTraces",{"Sid":"Traces","Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":"*"},{"Ref":"AWS::NoValue"}]}
    "#);
    insta::assert_snapshot!(shown(Function::Reader, &flights), @r#"
    {"Sid":"Table","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:BatchGetItem","dynamodb:Query","dynamodb:DescribeTable"],"Resource":{"Fn::GetAtt":["Table","Arn"]}}
    {"Sid":"Rollups","Effect":"Allow","Action":["dynamodb:Query","dynamodb:GetItem"],"Resource":{"Fn::GetAtt":["RollupsTable","Arn"]}}
    {"Sid":"Logs","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":{"Fn::GetAtt":["ReaderLogs","Arn"]}}
    {"Fn::If":["EncryptsByKey",{"Sid":"Key","Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey"],"Resource":{"Ref":"KmsKeyArn"}},{"Ref":"AWS::NoValue"}]}
    {"Fn::If":["SendsTraces",{"Sid":"Traces","Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":"*"},{"Ref":"AWS::NoValue"}]}
    "#);
    insta::assert_snapshot!(shown(Function::Processor, &flights), @r#"
    {"Sid":"Table","Effect":"Allow","Action":["dynamodb:DescribeTable"],"Resource":{"Fn::GetAtt":["Table","Arn"]}}
    {"Sid":"Rollups","Effect":"Allow","Action":["dynamodb:DescribeTable","dynamodb:GetItem","dynamodb:UpdateItem"],"Resource":{"Fn::GetAtt":["RollupsTable","Arn"]}}
    {"Sid":"Stream","Effect":"Allow","Action":["dynamodb:DescribeStream","dynamodb:GetShardIterator","dynamodb:GetRecords"],"Resource":{"Fn::GetAtt":["Table","StreamArn"]}}
    {"Sid":"Streams","Effect":"Allow","Action":["dynamodb:ListStreams"],"Resource":"*"}
    {"Sid":"Queue","Effect":"Allow","Action":["sqs:SendMessage"],"Resource":{"Fn::GetAtt":["OnFailureQueue","Arn"]}}
    {"Sid":"Logs","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":{"Fn::GetAtt":["ProcessorLogs","Arn"]}}
    {"Fn::If":["EncryptsByKey",{"Sid":"Key","Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey","kms:Encrypt","kms:GenerateDataKey","kms:ReEncryptFrom","kms:ReEncryptTo"],"Resource":{"Ref":"KmsKeyArn"}},{"Ref":"AWS::NoValue"}]}
    {"Fn::If":["SendsTraces",{"Sid":"Traces","Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":"*"},{"Ref":"AWS::NoValue"}]}
    "#);
}

#[test]
fn what_a_definition_has_no_need_of_is_not_granted() {
    let bare = model(
        "[table]\nname = \"bare\"\n[entities.note]\nPK = \"N#{id}\"\nSK = \"N\"\n\
         [entities.note.attributes]\nid = { type = \"string\", required = true }\n",
    );
    let on_tables = |function| {
        let granted = granted(function, &bare).into_iter();
        let granted = granted.filter(|used| matches!(used.on, Target::Table | Target::Rollups));
        granted.map(|used| used.action).collect::<Vec<_>>()
    };
    assert_eq!(on_tables(Function::Reader), ["dynamodb:GetItem", "dynamodb:BatchGetItem"]);
    // It notes that there are no rollups: one that comes later would have missed what was there
    // before.
    let described = ["dynamodb:DescribeTable", "dynamodb:DescribeTable"];
    let noted = ["dynamodb:GetItem", "dynamodb:UpdateItem"];
    assert_eq!(on_tables(Function::Processor), [described, noted].concat());
}

#[test]
fn the_index_of_ranks_is_an_arn_of_the_rollups_table() {
    let flights = model(FLIGHTS);
    let arn = Target::Ranks.arn(Function::Reader, &flights, &options());
    assert_eq!(arn, json!({ "Fn::Sub": "${RollupsTable.Arn}/index/ranks" }));
    let granted = granted(Function::Reader, &flights);
    assert!(!granted.iter().any(|used| used.on == Target::Ranks), "no rollup needs it");
}

#[test]
fn a_processor_writes_to_the_table_of_items_only_where_rollup_items_are_in_it() {
    let definition = |key: &str| {
        model(&format!(
            "[table]\nname = \"shop\"\n[entities.note]\nPK = \"N#{{id}}\"\nSK = \"N\"\n\
             [entities.note.attributes]\nid = {{ type = \"string\", required = true }}\n\
             [rollups.notes]\nof = \"note\"\nby = [\"id\"]\n{key}measures = {{ n = \"count\" }}\n"
        ))
    };
    let on_items = |function, key| {
        let granted = granted(function, &definition(key)).into_iter();
        let granted = granted.filter(|used| used.on == Target::Table);
        let granted = granted.filter(|used| used.action != "dynamodb:DescribeTable");
        granted.map(|used| used.action).collect::<Vec<_>>()
    };
    let key = "key = { PK = \"N#{id}\", SK = \"NOTES\" }\n";
    assert_eq!(on_items(Function::Processor, ""), [""; 0]);
    let both = ["dynamodb:UpdateItem", "dynamodb:GetItem"];
    assert_eq!(on_items(Function::Processor, key), both);
    let query = |key| on_items(Function::Reader, key).contains(&"dynamodb:Query");
    assert!(query(key) && !query(""));
}

#[test]
fn a_wildcard_is_granted_where_it_is_explained_and_nowhere_else() {
    for used in USES {
        let is_wild = matches!(used.on, Target::Streams | Target::Traces);
        let is_explained = WILDCARDS.iter().any(|(action, _)| *action == used.action);
        assert_eq!(is_wild, is_explained, "{}", used.action);
        assert!(!used.action.contains('*'), "{}", used.action);
    }
}

/// The calls that no function makes.
const OPERATOR_CALLS: [(&str, &str); 14] = [
    ("table/src/provision/inspection.rs", "describe_continuous_backups"),
    ("table/src/provision/inspection.rs", "describe_time_to_live"),
    ("table/src/rollups/delete.rs", "delete_item"),
    ("table/src/rollups/delete.rs", "scan"),
    ("table/src/rollups/repair.rs", "condition_check_item"),
    ("table/src/rollups/repair.rs", "delete_item"),
    ("table/src/rollups/repair.rs", "put_item"),
    ("table/src/rollups/repair.rs", "update_item"),
    ("table/src/rollups/scan.rs", "scan"),
    ("table/src/rollups/scan_keys.rs", "scan"),
    ("table/src/sample.rs", "describe_table"),
    ("table/src/sample.rs", "scan"),
    ("table/src/scan.rs", "scan"),
    ("table/src/state/build_progress.rs", "put_item"),
];

#[test]
fn every_call_in_the_source_of_table_is_in_the_list_and_the_list_has_no_other() {
    let mut found = calls();
    // `weir build`, `weir verify`, `weir plan`, `weir init` and `weir export` make these, with the
    // rights of who runs them.
    for (file, call) in OPERATOR_CALLS {
        assert!(found.remove(&(file.to_owned(), call.to_owned())), "{file} has no {call}");
    }
    let listed: BTreeSet<(String, String)> = USES
        .iter()
        .filter(|used| used.source.0.ends_with(".rs"))
        .map(|used| (used.source.0.to_owned(), snake_case(used.action)))
        .collect();
    assert!(found.len() > 5, "{found:?}");
    assert_eq!(found, listed);
}

#[test]
fn every_function_that_the_list_names_is_in_its_file() {
    for used in USES.iter().filter(|used| used.source.0.ends_with(".rs")) {
        let (file, names) = used.source;
        let text = fs::read_to_string(root().join(file)).expect(file);
        for name in names.split(", ").filter_map(|name| name.rsplit("::").next()) {
            assert!(text.contains(&format!("fn {name}(")), "{file}: {name}");
        }
    }
}

/// File and operation of every call of the functions, in the source of `table`.
fn calls() -> BTreeSet<(String, String)> {
    let mut calls = BTreeSet::new();
    for file in files_below(&root().join("table/src")) {
        let name =
            file.strip_prefix(root()).expect("below it").to_string_lossy().replace('\\', "/");
        if ELSEWHERE.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a file");
        for operation in
            OPERATIONS.iter().filter(|operation| text.contains(&format!(".{operation}()")))
        {
            if *operation == "transact_write_items" {
                // It is permitted as each of its actions is.
                let alone = TRANSACTED_ALONE.iter().find(|(known, _)| *known == name);
                let actions =
                    alone.map_or(&TRANSACTED[..], |(_, action)| std::slice::from_ref(action));
                calls.extend(actions.iter().map(|action| (name.clone(), (*action).to_owned())));
            } else if *operation == "transact_get_items" {
                calls.insert((name.clone(), "get_item".to_owned()));
            } else if !ELSEWHERE_IN_PART.contains(&(name.as_str(), operation)) {
                calls.insert((name.clone(), (*operation).to_owned()));
            }
        }
    }
    calls
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// `dynamodb:PutItem` as the SDK names it: `put_item`.
fn snake_case(action: &str) -> String {
    let name = action.rsplit(':').next().unwrap_or(action);
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
