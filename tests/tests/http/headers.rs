//! Headers that every answer has, whatever its route, its status and its form.

use serde_json::{Value, json};

use crate::http::shop::{Reply, Shop};

fn assert_headed(what: &str, reply: &Reply) {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("x-content-type-options"), Some("nosniff"), "{what}");
    let caching = if header("etag").is_some() { "private, no-cache" } else { "no-store" };
    assert_eq!(header("cache-control"), Some(caching), "{what}");
    let mut names = reply.headers.keys().map(|name| name.as_str());
    assert!(!names.any(|name| name.starts_with("access-control-")), "{what}");
}

#[tokio::test]
async fn every_route_of_the_openapi_document_answers_with_them() {
    let shop = Shop::open().await;
    let document = shop.get("/openapi.json").await;
    assert_headed("/openapi.json", &document);
    let document = document.json();
    let mut statuses = std::collections::BTreeSet::new();
    let mut operations = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase();
            if !["GET", "PUT", "POST", "PATCH", "DELETE"].contains(&method.as_str()) {
                continue;
            }
            for body in [json!({}), json!([]), Value::Null] {
                let reply = shop.send(&method, &path, &body).await;
                statuses.insert(reply.status);
                assert_headed(&format!("{method} {path} {body}: {}", reply.status), &reply);
            }
            operations += 1;
        }
    }
    assert!(operations > 20, "{operations} operations");
    assert!(statuses.is_superset(&[200, 400, 404].into()), "{statuses:?}");
}

#[tokio::test]
async fn answers_of_no_route_and_of_every_form_have_them_too() {
    let shop = Shop::open().await;
    for (method, path) in [
        ("GET", "/health"),
        ("HEAD", "/health"),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/order/ann/1/2/3"),
        ("PATCH", "/health"),
        ("OPTIONS", "/order"),
        ("TRACE", "/order"),
        ("GET", "/rollups/spend?format=csv"),
        ("GET", "/rollups/spend?format=ndjson"),
    ] {
        assert_headed(&format!("{method} {path}"), &shop.send(method, path, "").await);
    }
    let reply = shop.send_with(&[("content-type", "text/plain")], "POST", "/order", "{}").await;
    assert_eq!(reply.status, 415);
    assert_headed("POST /order as text/plain", &reply);
}
