//! Exports that are rejected: nothing is written, and the message lists what is allowed.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::json;
use weir_query::{ExportQuery, ExportQuestion, QueryEngine};
use weir_testing::http::Client;

use super::shop::{DEFINITION, Shop, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_is_not_built_is_not_exported() {
    let shop = Shop::empty().await;
    let name = &shop.system.model.table.rollups_table;
    let key = json!({ "S": "@definition" });
    let request = json!({ "TableName": name, "Key": { "PK": key, "SK": key } });
    Client::new(&shop.system.dynamodb.url).dynamodb("DeleteItem", &request).await;
    let path = shop.folder.path().join("sales.csv");
    fs::write(&path, "before").expect("written");
    let output = shop.export("sales --output sales.csv");
    assert_eq!(output.status.code(), Some(1));
    let expected = "weir: the rollup `sales` cannot be answered: no processor has started to \
                    count; start the processor (on Lambda, invoke it once)\n";
    assert_eq!(text(&output.stderr), expected);
    let added = "[rollups.added]\nof = \"order\"\nmeasures = { orders = \"count\" }\n";
    let shop = Shop::with_orders(1).await;
    fs::write(shop.folder.path().join("weir.toml"), format!("{DEFINITION}{added}"))
        .expect("written");
    let output = shop.export("added");
    let expected = "weir: the rollup `added` cannot be answered: it was added after the rollups of \
                    its table began; build it\n";
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), expected.to_owned()));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(fs::read_to_string(path).expect("there"), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_lists_what_is_allowed() {
    let shop = Shop::with_orders(1).await;
    for (line, expected) in [
        ("sale", "`sale` is no rollup; did you mean `sales`? expected one of sales, minutes,"),
        ("sales --where county=DE", "`county`: no such dimension; did you mean `country`?"),
        ("sales --where county=DE", "the dimensions of `sales` are country, paid;"),
        ("sales --where paid=maybe", "`paid`: "),
        ("sales --bucket week", "`bucket`: `week` is not kept by `sales`; expected day, month,"),
        ("sales --measures order", "`order` is no measure of `sales`; did you mean `orders`?"),
        ("sales --from soon", "`from`: `soon` is not a time; expected a time such as 2026,"),
        ("sales --from 2027 --to 2026", "`to`: `2026`; expected a time after `from`"),
        ("sales --bucket all --from 2026", "the bucket `all` is all time and takes no range"),
    ] {
        let output = shop.export(&format!("{line} --output out.csv"));
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {told}");
        assert!(told.starts_with("weir: ") && told.contains(expected), "{line}: {told}");
    }
    let output = shop.export("sales --format xml");
    assert!(text(&output.stderr).contains("[possible values: csv, ndjson, parquet]"));
    let names = fs::read_dir(shop.folder.path()).expect("a folder").count();
    assert_eq!(names, 1, "only the definition file is there");
}

#[cfg(not(feature = "parquet"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_weir_without_parquet_names_the_feature() {
    let shop = Shop::empty().await;
    for line in ["sales --format parquet", "sales --output sales.parquet"] {
        let output = shop.export(line);
        let expected = "weir: --format parquet: this weir was built without it; expected csv or \
                        ndjson, or a weir that was built with `--features parquet`\n";
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), expected.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_lost_changes_is_exported_only_on_request() {
    let shop = Shop::with_orders(3).await;
    let table = &shop.system.table;
    let engine = QueryEngine::new(table, &shop.system.rollups);
    let query = ExportQuery { rollup: "recent".to_owned(), question: ExportQuestion::default() };
    let begun = Arc::new(engine.export(&query).await.expect("an export"));
    assert!(begun.is_current().await.expect("a state"));
    replace_stream(&shop).await;
    table.open_rollups().await.expect("a state");
    assert!(!begun.is_current().await.expect("a state"), "it lost changes meanwhile");

    let output = shop.export("recent");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.starts_with("weir: the rollup `recent` may lack changes since 2"), "{told}");
    assert!(told.ends_with("export it as it is with --allow-incomplete\n"), "{told}");
    let output = shop.export("recent --allow-incomplete");
    assert!(output.status.success());
    let told = text(&output.stderr);
    assert!(told.contains(" may be missing: they were lost\n"), "{told}");
}

/// Disables the table's stream and enables it again: it is another one then.
async fn replace_stream(shop: &Shop) {
    let client = Client::new(&shop.system.dynamodb.url);
    for specification in [
        json!({ "StreamEnabled": false }),
        json!({ "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" }),
    ] {
        let name = &shop.system.model.table.name;
        let request = json!({ "TableName": name, "StreamSpecification": specification });
        client.dynamodb("UpdateTable", &request).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_enough_ends_the_export_without_an_error() {
    let shop = Shop::with_orders(3).await;
    let mut export = shop.command("sales").stdout(Stdio::piped()).spawn().expect("started");
    drop(export.stdout.take());
    assert!(export.wait().expect("ended").success());
}
