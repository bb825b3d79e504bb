//! Many items at once: bad rows, repeated keys, and a row that DynamoDB alone refuses.

use serde_json::{Value, json};

use crate::http::shop::Shop;

fn order(order: &str, total: impl Into<Value>) -> Value {
    json!({ "user": "ann", "order": order, "placed": "2026-11-20T06:40:54Z",
        "total": total.into() })
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
    rows[3]["note"] = json!("n".repeat(weir_http::body::MAX_ITEM_BYTES));
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
    let report = weir_writer::write_batch(&shop.table, &entity, &rows).await;
    assert_eq!((report.written, report.failed.len(), report.unprocessed.len()), (2, 1, 0));
    assert_eq!(report.failed[0].index, 1);
    assert!(report.error.is_none());
}

fn put(entity: &str, item: Value) -> Value {
    json!({ "action": "put", "entity": entity, "item": item })
}

fn delete(entity: &str, key: Value) -> Value {
    json!({ "action": "delete", "entity": entity, "key": key })
}

#[tokio::test]
async fn a_batch_puts_and_deletes_items_of_any_entities() {
    let shop = Shop::open().await;
    let orders: Vec<Value> = (0..60).map(|number| order(&format!("{number:02}"), number)).collect();
    shop.load("order", &orders).await;
    shop.load(
        "user",
        &[json!({ "id": "1", "email": "a@x" }), json!({ "id": "2", "email": "b@x" })],
    )
    .await;
    let key = |number: usize| {
        json!({ "user": "ann", "order": format!("{number:02}"),
        "placed": "2026-11-20T06:40:54Z" })
    };
    let mut rows: Vec<Value> = (0..30).map(|number| delete("order", key(number))).collect();
    rows.extend([
        put("profile", json!({ "user": "ann", "name": "Ann" })),
        // Those with unique attributes are written one by one: their locks go with them.
        delete("user", json!({ "id": "1" })),
        put("user", json!({ "id": "3", "email": "a@x" })),
        put("user", json!({ "id": "4", "email": "b@x" })),
        delete(
            "order",
            json!({ "user": "nobody", "order": "0", "placed": "2026-11-20T06:40:54Z" }),
        ),
        // Of one key the last counts.
        put("order", order("59", 7)),
        delete("order", key(59)),
    ]);
    let report = shop.send("POST", "/batch", Value::from(rows)).await.json();
    assert_eq!((&report["written"], &report["unprocessed"]), (&json!(36), &json!([])), "{report}");
    let failed = report["failed"].as_array().expect("failed rows");
    assert_eq!((failed.len(), &failed[0]["index"]), (1, &json!(33)), "{report}");
    assert_eq!(failed[0]["errors"][0]["field"], "email", "{report}");
    let left = totals(&shop).await;
    assert_eq!((left.len(), left[0].0.as_str()), (29, "\"30\""), "{left:?}");
    assert_eq!(shop.get("/profile/ann").await.json()["name"], "Ann");
    assert_eq!(shop.get("/unique/user/email/a@x").await.json()["id"], "3");
    assert_eq!(shop.get("/unique/user/email/b@x").await.json()["id"], "2");
}

#[tokio::test]
async fn an_action_that_a_batch_cannot_do_is_told_and_the_others_are_done() {
    let shop = Shop::open().await;
    let mut conditional = put("profile", json!({ "user": "bob" }));
    conditional["where"] = json!({ "name": "Bob" });
    let rows = json!([
        { "action": "patch", "entity": "order", "key": {} },
        conditional,
        delete("order", json!({ "user": "ann" })),
        7,
        put("profile", json!({ "user": "ann", "nme": "Ann" })),
        put("profile", json!({ "user": "ann" })),
    ]);
    let report = shop.send("POST", "/batch", rows).await.json();
    assert_eq!(report["written"], 1, "{report}");
    let failed = report["failed"].as_array().expect("failed rows");
    assert_eq!(failed[2]["errors"].as_array().map(Vec::len), Some(2), "both that are missing");
    let told: Vec<_> =
        failed.iter().map(|row| (&row["index"], row["errors"][0]["field"].as_str())).collect();
    let fields = ["action", "where", "placed", "", "nme"].map(Some);
    let expected: Vec<_> =
        [0, 1, 2, 3, 4].map(|index| json!(index)).into_iter().zip(fields).collect();
    assert_eq!(
        told,
        expected.iter().map(|(index, field)| (index, *field)).collect::<Vec<_>>(),
        "{report}"
    );
    assert_eq!(shop.get("/profile/bob").await.status, 404);
}
