//! Cursors as a caller sees them: unreadable, unchangeable, and of one list and one question.
//!
//! Which bytes they have, and that they are of one caller, `weir_http::cursor` tests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::fixture;

use crate::http::shop::{Shop, problem};

const NUMBER: &str = "123-45-6789";

async fn clinic() -> Shop {
    let shop = Shop::with_definition(&fixture("clinic")).await;
    for ward in ["north", "south"] {
        let patients: Vec<Value> = (1..=7)
            .map(|id| {
                let state = if id % 3 == 0 { "left" } else { "staying" };
                json!({ "ward": ward, "id": format!("{ward}{id}"), "number": NUMBER,
                    "state": state })
            })
            .collect();
        shop.load("patient", &patients).await;
        shop.load("ward", &[json!({ "name": ward })]).await;
    }
    shop
}

/// The cursor of a page.
async fn cursor(shop: &Shop, path: &str) -> String {
    let page = shop.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    page.json()["cursor"].as_str().unwrap_or_else(|| panic!("{path} has one page")).to_owned()
}

/// Every kind of list, in pages that are not the last.
const LISTS: [&str; 7] = [
    "/patient/north?limit=2",
    "/patient/north?limit=2&order=desc",
    "/patient/north?limit=2&begins_with=north",
    "/patient/north?limit=2&where=%7B%22state%22%3A%22staying%22%7D",
    "/query/patient/staying/north?limit=2",
    "/query/patient/numbers/123-45-6789?limit=2",
    "/collections/ward/north?limit=2",
];

#[tokio::test]
async fn no_cursor_has_a_key_in_it() {
    let shop = clinic().await;
    for list in LISTS {
        let cursor = cursor(&shop, list).await;
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).expect("base64url");
        let inner = URL_SAFE_NO_PAD.encode(b"north");
        for text in [NUMBER, "NUMBER", "WARD", "PATIENT", "north", &inner[..6]] {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{list}: {text} in {}", String::from_utf8_lossy(&bytes));
        }
        // A pattern passes over what its filter excludes, and the cursor does not name it.
        assert_eq!(bytes.len() % 32, 1, "{list}: {} bytes", bytes.len());
    }
}

#[tokio::test]
async fn a_cursor_continues_its_own_list_and_no_other() {
    let shop = clinic().await;
    let other = "/patient/south?limit=2";
    for list in LISTS {
        let cursor = cursor(&shop, list).await;
        for path in LISTS.into_iter().chain([other]) {
            let reply = shop.get(&format!("{path}&cursor={cursor}")).await;
            match path == list {
                true => assert_eq!(reply.status, 200, "{list}: {}", reply.text),
                false => assert_eq!(reply.problem(), problem(400, "bad-cursor"), "{list} {path}"),
            }
        }
        let counted =
            shop.get(&format!("{}&count=true&cursor={cursor}", list.replace("limit=2", ""))).await;
        assert_eq!(counted.status, 400, "{list}: {}", counted.text);
    }
}

#[tokio::test]
async fn a_cursor_with_one_character_changed_is_rejected() {
    let shop = clinic().await;
    let list = "/patient/north?limit=2";
    let cursor = cursor(&shop, list).await;
    let cut = [&cursor[1..], &cursor[..cursor.len() - 1], &cursor[..8], ""].map(str::to_owned);
    let changed = (0..cursor.len()).map(|position| {
        let mut bytes = cursor.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).expect("ASCII")
    });
    for changed in changed.chain(cut).chain([format!("{cursor}A"), format!("{cursor}{cursor}")]) {
        let reply = shop.get(&format!("{list}&cursor={changed}")).await;
        assert_eq!(reply.problem(), problem(400, "bad-cursor"), "{changed}");
    }
}

#[tokio::test]
async fn pages_of_changing_sizes_and_looks_are_the_whole_list() {
    let shop = clinic().await;
    for list in LISTS.iter().filter(|list| !list.contains("collections")) {
        let all = shop.get(&list.replace("limit=2", "limit=100")).await.json();
        let all = all["items"].as_array().expect("items").clone();
        assert!(all.len() > 3, "{list}: {}", all.len());
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        for turn in 1.. {
            let limit = format!("limit={}", 1 + turn % 3);
            let look = if turn % 2 == 0 { "&select=ward,id,state&consistent=false" } else { "" };
            let path = format!("{}{look}{cursor}", list.replace("limit=2", &limit));
            let page = shop.get(&path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            let page = page.json();
            paged.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, all, "{list}");
        assert!(all.iter().all(|item| item.get("number").is_none()), "{list}");
    }
}

#[tokio::test]
async fn a_cursor_of_related_items_continues_their_own_list_and_no_other() {
    let shop = clinic().await;
    let page = shop.get("/ward/north?include=patients").await.json();
    let cursor = page["patients"]["cursor"].as_str().expect("there are more").to_owned();
    let rest = shop.get(&format!("/patient/north?cursor={cursor}")).await.json();
    assert_eq!((rest["items"].as_array().map(Vec::len), &rest["cursor"]), (Some(5), &Value::Null));
    for path in
        ["/patient/south?", "/patient/north?order=desc&", "/patient/north?begins_with=north&"]
    {
        let reply = shop.get(&format!("{path}cursor={cursor}")).await;
        assert_eq!(reply.problem(), problem(400, "bad-cursor"), "{path}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_process_with_another_key_is_rejected() {
    let connection = TestDynamo::start().await.connect().await;
    let one = Shop::over(connection, &fixture("clinic")).await;
    let other = one.restarted();
    let patients: Vec<Value> = (1..=3)
        .map(|id| {
            json!({ "ward": "north", "id": format!("{id}"), "number": NUMBER,
            "state": "left" })
        })
        .collect();
    one.load("patient", &patients).await;
    let list = "/patient/north?limit=2";
    let cursor = cursor(&one, list).await;
    assert_eq!(one.get(&format!("{list}&cursor={cursor}")).await.status, 200);
    let reply = other.get(&format!("{list}&cursor={cursor}")).await;
    assert_eq!(reply.problem(), problem(400, "bad-cursor"));
}
