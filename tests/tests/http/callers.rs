//! Who sent a request: an idempotency key is a caller's own, and the audit log names the caller of
//! each change, its item and its outcome.
//!
//! docs/threat-model.md names these tests beside what they hold.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use weir_http::Operation;
use weir_testing::emf::Lines;
use weir_testing::fixture::fixture;

use crate::http::shop::{Reply, Shop, problem};

/// What stands for a value that no line may have.
const SECRET: &str = "MARK";

#[tokio::test]
async fn two_callers_with_one_key_are_two_requests() {
    let shop = Shop::with_definition(&fixture("members")).await;
    let key = [("Idempotency-Key", "k")];
    shop.load("card", &[json!({ "id": "1" })]).await;
    let update = |note: &str| {
        let key = json!({ "id": "1" });
        json!([{ "action": "patch", "entity": "card", "key": key, "set": { "note": note } }])
    };
    let send = async |caller: &'static str, body: Value| {
        shop.send_by(Some(caller), &key, "POST", "/transactions", body).await
    };
    // The same caller, twice: once done. Another request of the same caller: rejected.
    assert_eq!(send("ann", update("ann")).await.status, 200);
    assert_eq!(send("ann", update("ann")).await.status, 200);
    let reused = send("ann", update("other")).await;
    assert_eq!(reused.problem(), problem(409, "idempotency-key-reused"));
    // Another caller: neither a conflict nor the outcome of the first.
    let bob = send("bob", update("bob")).await;
    assert_eq!(bob.status, 200, "{}", bob.text);
    assert_eq!(shop.get("/card/1").await.json()["note"], "bob");
    assert_eq!(send("ann", update("ann")).await.status, 200, "done once, long ago");
    assert_eq!(shop.get("/card/1").await.json()["note"], "bob");
    // Another route of the same caller.
    let card = json!({ "id": "2" });
    let created = shop.send_by(Some("ann"), &key, "POST", "/card", &card).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let again = shop.send_by(Some("ann"), &key, "POST", "/card", &card).await;
    assert_eq!(again.status, 201, "{}", again.text);
    let other = shop.send_by(Some("bob"), &key, "POST", "/card", &card).await;
    assert_eq!(other.problem(), problem(409, "already-exists"), "bob has not created it");
}

/// The answer and the lines of the log meanwhile.
async fn logged(shop: &Shop, method: &str, path: &str, body: &Value) -> (Reply, Vec<Value>) {
    let log = Lines::default();
    let writer = log.clone();
    let layer = weir_telemetry::log::json(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(layer).with(LevelFilter::INFO);
    let sent = shop.send_by(Some("ann"), &[], method, path, body);
    let reply = sent.with_subscriber(subscriber).await;
    (reply, log.take())
}

/// A line as `verb entity key outcome problem`.
fn shown(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
    ["verb", "entity", "key", "outcome", "problem"].map(text).join(" ")
}

/// A request, the operation that it is, and the audit lines that it must write.
type Case = (Operation, &'static str, &'static str, Value, Vec<&'static str>);

fn cases() -> Vec<Case> {
    let member = |code: &str, email: &str| {
        json!({ "club": "a", "code": code, "email": email,
        "note": SECRET })
    };
    let put = |id: &str| {
        json!({ "action": "put", "entity": "card", "item": { "id": id,
        "note": SECRET } })
    };
    let key = json!({ "club": "a", "code": "MARK-1" });
    let check = json!({ "action": "check", "entity": "card", "key": { "id": "1" } });
    let patch = json!({ "action": "patch", "entity": "member", "key": key, "add": { "count": 7 } });
    let hidden = r#"{"club":"a","code":"[hidden]"}"#;
    let done = |verb: &str| -> &'static str { format!("{verb} member {hidden} done -").leak() };
    let rejected = |verb: &str, problem: &str| -> &'static str {
        format!("{verb} member {hidden} rejected {problem}").leak()
    };
    let of_path = "/member/a/MARK-1";
    let set = json!({ "set": { "note": SECRET } });
    let unique = "/unique/member/email/x@x";
    vec![
        (Operation::Create, "POST", "/member", member("MARK-1", "a@x"), vec![done("create")]),
        (
            Operation::Create,
            "POST",
            "/member",
            member("MARK-1", "a@x"),
            vec![rejected("create", "already-exists")],
        ),
        (Operation::Create, "POST", "/member", json!({ "club": SECRET }), vec![]),
        (Operation::Replace, "PUT", of_path, json!({ "email": "a@x" }), vec![done("put")]),
        (
            Operation::Replace,
            "PUT",
            "/member/a/MARK-1?where={%22note%22:%22MARK%22}",
            json!({}),
            vec![rejected("put", "condition-failed")],
        ),
        (Operation::Update, "PATCH", of_path, set.clone(), vec![done("patch")]),
        (
            Operation::Update,
            "PATCH",
            "/member/a/MARK-1?create=true",
            json!({ "add": { "count": 7 } }),
            vec![rejected("update", "validation")],
        ),
        (Operation::Update, "PATCH", "/member/a/MARK-9", set, vec![rejected("patch", "not-found")]),
        (
            Operation::Batch,
            "POST",
            "/batch/card",
            json!([{ "id": "1", "note": SECRET }, { "id": "2" }, { "id": "1" }, { "no": SECRET }]),
            vec![r#"put card {"id":"1"} done -"#, r#"put card {"id":"2"} done -"#],
        ),
        (
            Operation::Batch,
            "POST",
            "/batch/member",
            json!([member("MARK-2", "a@x")]),
            vec![rejected("put", "duplicate")],
        ),
        (
            Operation::BatchAny,
            "POST",
            "/batch",
            json!([put("3"), { "action": "delete", "entity": "card", "key": { "id": "2" } }]),
            vec![r#"delete card {"id":"2"} done -"#, r#"put card {"id":"3"} done -"#],
        ),
        (
            Operation::Transact,
            "POST",
            "/transactions",
            json!([put("4"), check]),
            vec![r#"put card {"id":"4"} done -"#],
        ),
        (
            Operation::Transact,
            "POST",
            "/transactions",
            json!([put("5"), patch]),
            vec![rejected("patch", "validation"), r#"put card {"id":"5"} rejected validation"#],
        ),
        (
            Operation::Upsert,
            "PUT",
            unique,
            json!({ "club": "a", "code": "MARK-3", "note": SECRET }),
            vec![done("upsert")],
        ),
        (
            Operation::Upsert,
            "PUT",
            unique,
            json!({ "club": "b", "code": "MARK-4" }),
            vec![r#"upsert member {"email":"[unique]"} rejected duplicate"#],
        ),
        (Operation::Delete, "DELETE", of_path, Value::Null, vec![done("delete")]),
        (Operation::Delete, "DELETE", of_path, Value::Null, vec![rejected("delete", "not-found")]),
    ]
}

#[tokio::test]
async fn every_writing_route_logs_each_change_with_its_caller_and_no_value() {
    let shop = Shop::with_definition(&fixture("members")).await.audited();
    let mut tried = BTreeSet::new();
    for (operation, method, path, body, expected) in cases() {
        tried.insert(format!("{operation:?}"));
        let (reply, log) = logged(&shop, method, path, &body).await;
        let lines = log.iter().filter(|line| line["target"] == "audit");
        let mut found: Vec<_> = lines.clone().map(shown).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{method} {path} {body}: {}", reply.text);
        for line in lines {
            assert_eq!((&line["caller"], &line["level"]), (&json!("ann"), &json!("INFO")));
            assert_eq!(line["message"], "a change was requested");
            let id = reply.headers["x-request-id"].to_str().expect("text");
            assert_eq!(line["request_id"], id);
        }
        for line in &log {
            assert!(!line.to_string().contains(SECRET), "{method} {path}: {line}");
        }
    }
    let routes = weir_http::routes::writes(shop.table.model());
    let writing = routes.iter().filter(|route| route.operation.method() != "GET");
    let every: BTreeSet<_> = writing.map(|route| format!("{:?}", route.operation)).collect();
    assert_eq!(tried, every, "a route that writes has a case");
}

#[tokio::test]
async fn an_application_without_the_audit_log_writes_none() {
    let shop = Shop::with_definition(&fixture("members")).await;
    let (reply, log) = logged(&shop, "POST", "/card", &json!({ "id": "1" })).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert!(log.iter().all(|line| line["target"] != "audit"), "{log:?}");
}
