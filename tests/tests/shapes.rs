//! Every shape of table and value, through the whole path: with a sort key and without, an index, a
//! time to live, and values of every type at the limits of what DynamoDB holds.
//!
//! **Invariant:** what is read back has every digit and byte of what was written.

use bigdecimal::BigDecimal;
use serde_json::{Value, json};
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::http::Client;
use weir_testing::recount::{DAY_MONTH_ALL, Rollup};
use weir_testing::system::System;

const ROLLUPS: [Rollup<'_>; 1] = [Rollup {
    name: "value",
    by: &["maker"],
    time: "made",
    buckets: DAY_MONTH_ALL,
    measured: &["price", "weight"],
    admits: |item| item["maker"].is_object(),
}];

/// Items as JSON, members in the definition's order, sets and maps sorted: as an answer has them.
const PARTS: [&str; 5] = [
    // Everything, at its longest.
    concat!(
        r#"{"shelf":"north #1/%","serial":1,"maker":"Ö & Co","made":"2026-11-20T06:40:54.123456789Z","expires":4102444800,"#,
        r#""price":99999999999999999999.9999,"weight":12345678901234567890.123456789,"#,
        r#""exact":12345678901234567890.123456789012345678,"new":true,"grade":"b","text":"\"\\ \u0007 weir 🏞","#,
        r#""photo":"AAEC/f7/","tags":["","a","ä"],"#,
        r#""sizes":[-99999999999999999999999999999999999999,0,1.5,99999999999999999999999999999999999999],"#,
        r#""seals":["AA==","AQID"],"#,
        r#""steps":[1.0000000000000000000000000000000000001,null,"x",[true,{"deep":[[]]}]],"#,
        r#""more":{"a":{"b":{"c":[0.1]}},"z":-0.00000000000000000000000000000000000001},"any":[{"n":-1}]}"#,
    ),
    // Everything that may be empty is, but for the map: DynamoDB Local writes an empty one into its
    // stream without its type, which no SDK reads.
    concat!(
        r#"{"shelf":"north #1/%","serial":2,"maker":"Ö & Co","made":"2026-11-20T06:40:54.000000000Z","price":0,"weight":0,"#,
        r#""exact":0,"new":false,"text":"","photo":"","tags":[""],"sizes":[0],"seals":[""],"steps":[],"more":{"a":[]},"any":""}"#,
    ),
    // The greatest and the smallest numbers, which are no amounts that can be added up.
    concat!(
        r#"{"shelf":"north #1/%","serial":-3,"maker":"acme","made":"2026-10-31T23:59:59.999999999Z","price":-0.0001,"#,
        r#""exact":9.9999999999999999999999999999999999999e+125,"any":1e-130}"#,
    ),
    // Negative amounts, on another day.
    concat!(
        r#"{"shelf":"south","serial":1,"maker":"acme","made":"2026-11-01T00:00:00.000000000Z","price":-99999999999999999999.9999,"#,
        r#""weight":-0.000000001}"#,
    ),
    // Nothing that need not be: neither in the index nor in the rollup.
    r#"{"shelf":"south","serial":2,"made":"1969-07-20T20:17:40.000000000Z"}"#,
];

/// The same table, with a sort key.
fn sorted() -> Fixture {
    let sorted = fixture("parts").replace("\nsort_key = \"\"", "\nsort_key = \"range\"");
    sorted.replace(
        "key = \"PART#{shelf}#{serial}\"",
        "key = \"SHELF#{shelf}\"\nrange = \"PART#{serial}\"",
    )
}

struct Parts {
    system: System,
}

impl Parts {
    async fn start(definition: &str) -> Self {
        Self { system: System::open(definition).await }
    }

    /// Sends text and returns the status, the header `Location`, and the text of the answer.
    async fn send(&self, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let response = self.system.http.raw(method, path, body).await;
        let location = response.headers().get("location");
        let location = location.map_or("", |path| path.to_str().expect("ASCII")).to_owned();
        (response.status().as_u16(), location, response.into_body())
    }

    async fn get(&self, path: &str) -> String {
        let (status, _, text) = self.send("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {text}");
        text
    }

    /// Creates all parts and returns their paths.
    async fn create_all(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for part in PARTS {
            let (status, path, text) = self.send("POST", "/part", part).await;
            assert_eq!((status, text.as_str()), (201, part));
            paths.push(path);
        }
        paths
    }

    /// The serial numbers in the index for a maker, in the index's order.
    async fn indexed(&self, maker: &str) -> Vec<String> {
        let request = json!({
            "TableName": self.system.model.table.name,
            "IndexName": "by_maker",
            "KeyConditionExpression": "maker_key = :maker",
            "ExpressionAttributeValues": { ":maker": { "S": format!("MAKER#{maker}") } },
        });
        let found = Client::new(&self.system.dynamodb.url).dynamodb("Query", &request).await;
        let items = found["Items"].as_array().expect("items").iter();
        items.map(|item| item["serial"]["N"].as_str().expect("a number").to_owned()).collect()
    }

    /// The points of a maker's rollup of all time, as they are written.
    async fn points(&self, maker: &str) -> String {
        let answer = self.get(&format!("/rollups/value?maker={maker}")).await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        answer["points"].to_string()
    }

    async fn assert_rollups_exact(&self) -> usize {
        self.system.assert_exact(&ROLLUPS).await
    }
}

/// Creates, reads, counts, changes, expires and deletes all parts.
async fn check(parts: &Parts, lists: &[(&str, &[usize])]) {
    let running = parts.system.process(parts.system.processor(), 2);
    let paths = parts.create_all().await;
    for (path, part) in paths.iter().zip(PARTS) {
        assert_eq!(parts.get(path).await, part);
        let (status, _, text) = parts.send("PUT", path, part).await;
        assert_eq!((status, text.as_str()), (200, part), "the same again");
    }
    for (path, listed) in lists {
        let items: Vec<&str> = listed.iter().map(|position| PARTS[*position]).collect();
        let expected = format!("{{\"items\":[{}],\"cursor\":null}}", items.join(","));
        assert_eq!(parts.get(path).await, expected);
    }
    assert_eq!(parts.indexed("Ö & Co").await, ["2", "1"], "in the order in which they were made");
    assert_eq!(parts.indexed("acme").await, ["-3", "1"]);

    running.catch_up().await;
    assert_eq!(parts.assert_rollups_exact().await, 3 + 5);
    let price: BigDecimal = "99999999999999999999.9999".parse().expect("a number");
    assert_eq!(
        parts.points("%C3%96%20%26%20Co").await,
        format!(
            "[{{\"start\":null,\"end\":null,\"parts\":2,\"value\":{price},\"mean\":{},\
             \"weight\":12345678901234567890.123456789}}]",
            (&price / BigDecimal::from(2)).normalized()
        )
    );
    assert_eq!(
        parts.points("acme").await,
        "[{\"start\":null,\"end\":null,\"parts\":2,\"value\":-100000000000000000000,\
         \"mean\":-50000000000000000000,\"weight\":-0.000000001}]"
    );

    // The first loses its price, the third gets another maker, the fourth expires, the last is
    // deleted.
    let changed = PARTS[0].replacen("\"price\":99999999999999999999.9999,", "", 1);
    assert_eq!(parts.send("PUT", &paths[0], &changed).await.0, 200);
    let moved = PARTS[2].replacen("acme", "Ö & Co", 1);
    assert_eq!(parts.send("PUT", &paths[2], &moved).await.0, 200);
    let expiring = PARTS[3].replacen("\"price\"", "\"expires\":1700000000,\"price\"", 1);
    assert_eq!(parts.send("PUT", &paths[3], &expiring).await.0, 200);
    assert_eq!(parts.send("DELETE", &paths[4], "").await.0, 204);
    parts.system.expired(&paths[3]).await;
    running.catch_up().await;
    assert_eq!(parts.get(&paths[0]).await, changed);
    assert_eq!(parts.indexed("acme").await, [""; 0]);
    assert_eq!(parts.indexed("Ö & Co").await, ["-3", "2", "1"]);
    assert_eq!(parts.assert_rollups_exact().await, 5);
    assert_eq!(parts.points("acme").await, "[]");

    for path in &paths[..3] {
        assert_eq!(parts.send("DELETE", path, "").await.0, 204);
        assert_eq!(parts.send("GET", path, "").await.0, 404);
    }
    running.catch_up().await;
    assert_eq!(parts.assert_rollups_exact().await, 0, "nothing is left of what is gone");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_partition_key_alone() {
    let parts = Parts::start(&fixture("parts")).await;
    check(&parts, &[]).await;
    parts.system.delete_tables().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_a_sort_key() {
    let parts = Parts::start(&sorted()).await;
    let lists: [(&str, &[usize]); 3] =
        [("/part/north%20%231%2F%25", &[2, 0, 1]), ("/part/south", &[3, 4]), ("/part/west", &[])];
    check(&parts, &lists).await;
    parts.system.delete_tables().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_to_live_is_that_of_the_definition_and_that_of_rollups() {
    // Rows of values go away by themselves; where there are none, nothing of the rollups does.
    let measures = ("measures = {", "measures = { texts = \"distinct(text)\",");
    let parts = Parts::start(&fixture("parts").replace(measures.0, measures.1)).await;
    let client = Client::new(&parts.system.dynamodb.url);
    let table = &parts.system.model.table;
    for (name, attribute) in [(&table.name, "expires"), (&table.rollups_table, "expires_at")] {
        let request = json!({ "TableName": name });
        let found = client.dynamodb("DescribeTimeToLive", &request).await;
        assert_eq!(
            found["TimeToLiveDescription"],
            json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": attribute })
        );
    }
    parts.system.delete_tables().await;
}
