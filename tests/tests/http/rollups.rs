//! Questions to a rollup whose items were folded and applied as the processor does it.

use serde_json::{Value, json};

use crate::http::shop::{Shop, problem};

fn order(placed: &str, total: &str) -> Value {
    let total: Value = serde_json::from_str(total).expect("a number");
    json!({ "user": "ann", "placed": placed, "total": total })
}

async fn shop_with_orders() -> Shop {
    let shop = Shop::open().await;
    // The first is of the second of November in Berlin.
    let orders = [
        order("2026-11-01T23:30:00Z", "0.10"),
        order("2026-11-02T10:00:00Z", "0.20"),
        order("2026-11-04T10:00:00Z", "99999999999999999.99"),
        order("2026-11-05T10:00:00Z", "1"),
    ];
    shop.count("order", &orders).await;
    shop
}

#[tokio::test]
async fn an_answer_is_exact_and_has_no_point_where_nothing_is_counted() {
    let shop = shop_with_orders().await;
    let reply = shop.get("/rollups/spend?user=ann&every=day&from=2026-11-02&to=2026-11-05").await;
    assert_eq!(
        reply.text,
        concat!(
            r#"{"rollup":"spend","dimensions":{"user":"ann"},"every":"day","time_zone":"Europe/Berlin","#,
            r#""from":"2026-11-02T00:00:00+01:00","to":"2026-11-05T00:00:00+01:00","points":["#,
            r#"{"start":"2026-11-02T00:00:00+01:00","end":"2026-11-03T00:00:00+01:00","orders":2,"revenue":0.3,"average":0.15},"#,
            r#"{"start":"2026-11-04T00:00:00+01:00","end":"2026-11-05T00:00:00+01:00","orders":1,"#,
            r#""revenue":99999999999999999.99,"average":99999999999999999.99}],"#,
            r#""freshness":"2026-11-20T05:40:54Z","items_read":2,"cursor":null}"#,
        )
    );
}

#[tokio::test]
async fn all_time_is_one_point_without_a_beginning() {
    let shop = shop_with_orders().await;
    let json = shop.get("/rollups/spend?user=ann").await.json();
    assert_eq!(
        (&json["every"], &json["from"], &json["to"]),
        (&json!("all"), &Value::Null, &Value::Null)
    );
    let points = json["points"].as_array().expect("points");
    assert_eq!(points.len(), 1);
    assert_eq!((&points[0]["start"], &points[0]["orders"]), (&Value::Null, &json!(4)));
    assert_eq!(points[0]["revenue"].to_string(), "100000000000000001.29");
}

#[tokio::test]
async fn a_group_of_nothing_has_no_points() {
    let shop = shop_with_orders().await;
    let json = shop.get("/rollups/spend?user=nobody").await.json();
    assert_eq!((&json["points"], &json["cursor"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn points_come_in_pages() {
    let shop = shop_with_orders().await;
    let path = "/rollups/spend?user=ann&every=day&from=2026-11&to=2026-12&limit=1";
    let mut starts = Vec::new();
    let mut cursor = String::new();
    loop {
        let json = shop.get(&format!("{path}{cursor}")).await.json();
        let points = json["points"].as_array().expect("points").iter();
        starts.extend(points.map(|point| point["start"].to_string()[1..11].to_owned()));
        match json["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(starts, ["2026-11-02", "2026-11-04", "2026-11-05"]);
    let other = shop.get(&format!("/rollups/spend?user=bob{cursor}")).await;
    assert_eq!(other.problem(), problem(400, "bad-cursor"));
}
