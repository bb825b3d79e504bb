//! Many items at once: bad rows, repeated keys, and a row that DynamoDB alone refuses.

use serde_json::{Value, json};

use crate::shop::Shop;

fn order(order: &str, total: impl Into<Value>) -> Value {
    json!({ "user": "ann", "order": order, "placed": "2026-11-20T06:40:54Z", "total": total.into() })
}

async fn totals(shop: &Shop) -> Vec<(String, String)> {
    let json = shop.get("/order/ann?limit=1000").await.json();
    let items = json["items"].as_array().expect("items").iter();
    items.map(|item| (item["order"].to_string(), item["total"].to_string())).collect()
}

#[tokio::test]
async fn bad_rows_do_not_stop_the_others() {
    let shop = Shop::open().await;
    let mut rows: Vec<Value> =
        (0..120).map(|number| order(&format!("{number:03}"), number)).collect();
    rows[7] = json!("no object");
    rows[50] = order("050", -1);
    rows[119] = json!({ "user": 1, "total": "x", "colour": "red" });
    let reply = shop.send("POST", "/batch/order", Value::from(rows)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let report = reply.json();
    assert_eq!((&report["written"], &report["unprocessed"]), (&json!(117), &json!([])));
    let failed = report["failed"].as_array().expect("failed rows");
    let indices: Vec<_> = failed.iter().map(|row| row["index"].clone()).collect();
    assert_eq!(indices, [7, 50, 119]);
    assert_eq!(
        failed[1]["errors"],
        json!([{ "field": "total", "message": "expected at least 0" }])
    );
    assert_eq!(failed[2]["errors"].as_array().map(Vec::len), Some(3));
    assert_eq!(totals(&shop).await.len(), 117);
}

#[tokio::test]
async fn of_rows_with_the_same_key_the_last_one_stays() {
    let shop = Shop::open().await;
    // 400 rows of 40 keys: each key in every chunk that the rows would make.
    let mut rows: Vec<Value> = (0..400).map(|n| order(&format!("{:02}", n % 40), n)).collect();
    // A bad row is none: the one before it stays.
    rows.push(order("00", "x"));
    let report = shop.send("POST", "/batch/order", Value::from(rows)).await.json();
    assert_eq!((&report["written"], &report["failed"][0]["index"]), (&json!(400), &json!(400)));
    let expected: Vec<_> =
        (0..40).map(|n| (format!("\"{n:02}\""), (360 + n).to_string())).collect();
    assert_eq!(totals(&shop).await, expected);
}

#[tokio::test]
async fn a_row_that_dynamodb_refuses_does_not_stop_its_chunk() {
    let shop = Shop::open().await;
    let mut rows: Vec<Value> =
        (0..30).map(|number| order(&format!("{number:02}"), number)).collect();
    rows[3]["note"] = json!("n".repeat(web::body::MAX_ITEM_BYTES));
    let reply = shop.send("POST", "/batch/order", Value::from(rows)).await;
    let report = reply.json();
    assert_eq!((&report["written"], &report["unprocessed"]), (&json!(29), &json!([])), "{report}");
    assert_eq!(
        (&report["failed"][0]["index"], &report["failed"][0]["errors"][0]["field"]),
        (&json!(3), &json!(""))
    );
    assert_eq!(totals(&shop).await.len(), 29);
}

#[tokio::test]
async fn rows_are_written_in_process_as_by_http() {
    let shop = Shop::open().await;
    let entity = shop.table.model().entity("order").expect("it is defined").clone();
    let rows = [order("1", 1), order("2", -2), order("3", 3)];
    let rows = rows.map(|row| row.as_object().expect("an object").clone());
    let report = writer::write_batch(&shop.table, &entity, &rows).await;
    assert_eq!((report.written, report.failed.len(), report.unprocessed.len()), (2, 1, 0));
    assert_eq!(report.failed[0].index, 1);
    assert!(report.error.is_none());
}
