//! Requests of somebody who means harm: cursors made by hand, names that look like keys, bodies
//! that no reader agrees on.
//!
//! docs/threat-model.md names these tests beside what they hold.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use weir_rollups::fnv::fnv1a;

use crate::http::shop::{Shop, encoded, problem};

/// The names that serde_json obeys where a text has them.
const RESERVED: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

/// A position as `table` writes it, of any sort key in any partition: its checksum is not a secret.
pub(crate) fn forged(partition: &str, sort: &str) -> String {
    let sum = fnv1a(partition.bytes().chain([0]).chain(sort.bytes())).to_be_bytes();
    URL_SAFE_NO_PAD.encode([&[1], &sum[4..], sort.as_bytes()].concat())
}

#[tokio::test]
async fn a_forged_cursor_shows_nothing_that_its_list_does_not_show() {
    let shop = Shop::open().await;
    let order = |user: &str, number: usize| {
        let placed = format!("2026-11-{number:02}T12:00:00Z");
        json!({ "user": user, "order": format!("{user}-{number}"), "placed": placed, "total": 1 })
    };
    for user in ["ann", "bob"] {
        let orders: Vec<_> = (1..=4).map(|number| order(user, number)).collect();
        shop.load("order", &orders).await;
        shop.load("profile", &[json!({ "user": user })]).await;
    }
    let whole = shop.get("/order/ann").await.json()["items"].clone();
    let whole = whole.as_array().expect("items");

    // What a caller without the key can write is rejected.
    let ours = forged("USER#ann", "ORDER#2026-11-02T12:00:00Z#ann-2");
    let unsealed = shop.get(&format!("/order/ann?cursor={ours}")).await;
    assert_eq!(unsealed.problem(), problem(400, "bad-cursor"));
    // What a caller with the key could write shows no more than the list does.
    let list = |order| ["list", "order", "order", "", "USER#ann", order];
    let page = shop.sealed(&list("asc"), &[], &ours);
    let page = shop.get(&format!("/order/ann?cursor={page}")).await.json();
    assert_eq!(page["items"], json!(whole[2..]), "this is how a cursor is made");

    for partition in ["USER#ann", "USER#bob", "THING#1", ""] {
        for sort in [
            "ORDER#",
            "ORDER#2026-11-02T12:00:00Z#bob-2",
            "ORDER#2026-11-02",
            "ORDER#\u{10FFFF}",
            "ORDER",
            "ORDER$",
            "PROFILE",
            "\u{0}",
            "",
        ] {
            let cursor = forged(partition, sort);
            let from = [("from", "2026-11-03")];
            for (path, order, asked) in [
                ("/order/ann?", "asc", &[][..]),
                ("/order/ann?order=desc&", "desc", &[]),
                ("/order/ann?from=2026-11-03&", "asc", &from),
            ] {
                let cursor = shop.sealed(&list(order), asked, &cursor);
                let reply = shop.get(&format!("{path}cursor={cursor}")).await;
                if reply.status != 200 {
                    assert_eq!(reply.problem(), problem(400, "bad-cursor"), "{path} {sort:?}");
                    continue;
                }
                assert_eq!(partition, "USER#ann", "{sort:?}: a cursor of another partition");
                for item in reply.json()["items"].as_array().expect("items") {
                    assert!(whole.contains(item), "{path} {sort:?}: {item}");
                }
            }
        }
    }
}

#[tokio::test]
async fn names_that_look_like_keys_or_paths_lead_to_their_own_items_alone() {
    let shop = Shop::open().await;
    let users = [
        "ann",
        "ANN",
        " ann",
        "ann#",
        "#ann",
        "ann#ORDER",
        "ann%23",
        "ann%2523",
        "USER#ann",
        "ann/",
        "ann/..",
        "...",
        "*",
        "ann\u{0}",
        "ann\u{200b}",
        "a\u{308}",
        "ä",
        "\u{10FFFF}",
        "'",
        "\"",
        "\\",
        "ann\r\nx-injected: 1",
        "${jndi:ldap://x}",
        "' OR 1=1 --",
        "@mapping#x",
        "@parked",
        "%",
    ];
    for (number, user) in users.iter().enumerate() {
        let order = json!({ "user": user, "order": format!("o{number}"), "total": number });
        let created = shop.send("POST", "/order", &order).await;
        assert_eq!(created.status, 201, "{user:?}: {}", created.text);
        assert!(!created.headers.contains_key("x-injected"));
    }
    for (number, user) in users.iter().enumerate() {
        let listed = shop.get(&format!("/order/{}", encoded(user))).await.json();
        let items = listed["items"].as_array().unwrap_or_else(|| panic!("{user:?}: {listed}"));
        assert_eq!(items.len(), 1, "{user:?}: {listed}");
        assert_eq!(items[0]["order"], format!("o{number}"), "{user:?}");
        assert_eq!(items[0]["user"], *user);
    }
    for user in ["..", ".", ""] {
        let order = json!({ "user": user, "order": "dots", "total": 1 });
        let created = shop.send("POST", "/order", &order).await;
        assert_eq!(created.problem(), problem(400, "validation"), "{user:?}: {}", created.text);
    }
}

#[tokio::test]
async fn a_body_that_readers_take_differently_or_cannot_hold_is_refused_and_nothing_is_written() {
    let shop = Shop::open().await;
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let thing = |any: String| format!(r#"{{"id":"1","any":{any}}}"#);
    let cases = [
        (r#"{"id":"1","id":"2"}"#.to_owned(), "bad-json"),
        (thing(r#"{"a":1,"\u0061":2}"#.to_owned()), "bad-json"),
        (thing(nested(33)), "validation"),
        (thing(nested(10_000)), "bad-json"),
        (r#"{"id":"1","any":1e9999999999}"#.to_owned(), "validation"),
        (r#"{"id":"1","number":"1e2000000000"}"#.to_owned(), "validation"),
        (r#"{"id":"1","text":"\ud800"}"#.to_owned(), "bad-json"),
        (r#"{"id":"1","_et":"order"}"#.to_owned(), "validation"),
        (r#"{"id":"1","PK":"USER#ann"}"#.to_owned(), "validation"),
        (r#"{"id":"1","__proto__":{}}"#.to_owned(), "validation"),
        ("{\"id\":\"1\"}{\"id\":\"2\"}".to_owned(), "bad-json"),
    ];
    for (body, kind) in &cases {
        let reply = shop.send("POST", "/thing", body).await;
        let shown: String = body.chars().take(60).collect();
        assert_eq!(reply.problem(), problem(400, kind), "{shown}: {}", reply.text);
        assert!(reply.text.len() < 1000, "{shown}: the answer repeats the body");
    }
    assert_eq!(shop.get("/thing/1/THING").await.status, 404);
    for id in ["1", "2"] {
        assert_eq!(shop.get(&format!("/thing/{id}")).await.problem(), problem(404, "not-found"));
    }
    let written = shop.send("POST", "/thing", thing(nested(31))).await;
    assert_eq!(written.status, 201, "{}", written.text);
    let kept: Value = serde_json::from_str(&nested(31)).expect("JSON");
    assert_eq!(shop.get("/thing/1").await.json()["any"], kept);
}

#[tokio::test]
async fn a_name_that_the_json_parser_would_obey_is_rejected_at_every_entrance() {
    let shop = Shop::open().await;
    shop.load("thing", &[json!({ "id": "1", "any": {} })]).await;
    let before = shop.get("/thing/1").await.json();
    // Each would pass for other JSON: a name that is there twice, depth beyond any limit, a number.
    let twice = r#""{\"a\":1,\"a\":2}""#.to_owned();
    let deep = format!("\"{}{}\"", "[".repeat(500), "]".repeat(500));
    for name in RESERVED {
        for value in [&twice, &deep, &"\"12\"".to_owned()] {
            let any = format!("{{\"{name}\":{value}}}");
            let thing = format!("{{\"id\":\"1\",\"any\":{any}}}");
            let key = format!("{{\"id\":{any}}}");
            let bodies = [
                ("POST", "/thing", thing.clone()),
                ("PUT", "/thing/1", format!("{{\"any\":{any}}}")),
                ("PATCH", "/thing/1", format!("{{\"set\":{{\"any\":{any}}}}}")),
                ("PATCH", "/thing/1", format!("{{\"set\":{{\"any.b\":[1,{any}]}}}}")),
                ("POST", "/batch/thing", format!("[{thing}]")),
                (
                    "POST",
                    "/batch",
                    format!("[{{\"action\":\"put\",\"entity\":\"thing\",\"item\":{thing}}}]"),
                ),
                (
                    "POST",
                    "/transactions",
                    format!("[{{\"action\":\"put\",\"entity\":\"thing\",\"item\":{thing}}}]"),
                ),
                (
                    "POST",
                    "/transactions",
                    format!("[{{\"action\":\"delete\",\"entity\":\"thing\",\"key\":{key}}}]"),
                ),
            ];
            let told = format!("the name `{name}` is reserved");
            for (method, path, body) in bodies {
                let reply = shop.send(method, path, &body).await;
                assert_eq!(reply.problem(), problem(400, "bad-json"), "{method} {path} {body}");
                assert!(reply.text.contains(&told), "{method} {path}: {}", reply.text);
            }
            let condition = encoded(&format!("{{\"any\":{any}}}"));
            let items = encoded(&format!("[{{\"entity\":\"thing\",\"key\":{key}}}]"));
            for (method, path) in [
                ("GET", format!("/order/ann?where={condition}")),
                ("DELETE", format!("/thing/1?where={condition}")),
                ("GET", format!("/batch/thing?keys={}", encoded(&format!("[{key}]")))),
                ("GET", format!("/transactions?items={items}")),
            ] {
                let reply = shop.send(method, &path, "").await;
                assert_eq!(reply.problem(), problem(400, "bad-query"), "{method} {path}");
                assert!(reply.text.contains(&told), "{method} {path}: {}", reply.text);
            }
        }
        // A path leads to a member of that name, which no answer could say.
        let update = json!({ "set": { format!("any.{name}"): 1 } });
        let reply = shop.send("PATCH", "/thing/1", &update).await;
        assert_eq!(reply.problem(), problem(400, "validation"), "{}", reply.text);
        assert!(reply.text.contains("is reserved"), "{}", reply.text);
    }
    assert_eq!(shop.get("/thing/1").await.json(), before, "nothing was written");
}

#[tokio::test]
async fn a_condition_in_the_body_of_a_delete_is_not_ignored() {
    let shop = Shop::open().await;
    shop.load("card", &[json!({ "user": "ann", "points": 1 })]).await;
    for body in [r#"{"where":{"points":99}}"#, "[]", "x"] {
        let reply = shop.send("DELETE", "/card/ann", body).await;
        assert_eq!(reply.problem(), problem(400, "validation"), "{body}: {}", reply.text);
    }
    assert_eq!(shop.get("/card/ann").await.status, 200);
    for body in ["", " {} ", "null"] {
        assert_eq!(
            shop.send("DELETE", "/card/ann?return=nothing", body).await.status,
            204,
            "{body}"
        );
        shop.load("card", &[json!({ "user": "ann" })]).await;
    }
}
