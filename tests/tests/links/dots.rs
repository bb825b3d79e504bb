//! A value that a URL parser would resolve is no part of a path: nothing writes one, and an item
//! that others wrote with one is reached by its key, never by a path that leads elsewhere.

use serde_json::{Value, json};
use weir_model::{AttributeValue, Item, Predicate, WriteContext};
use weir_testing::json::object;

use crate::links::desk::Desk;

/// An item as a program writes it that has no paths.
fn item(desk: &Desk, json: Value) -> Item {
    let note = desk.system.model.entity("note").expect("it is in the file");
    note.encode(object(&json), WriteContext::NONE).expect("a note")
}

#[tokio::test]
async fn no_write_takes_a_value_that_a_parser_resolves() {
    let desk = Desk::open().await;
    let fit = json!({ "folder": "f", "name": "n", "tag": "t", "slug": "s" });
    assert_eq!(desk.raw("POST", "/note", Some(&fit)).await.status, 201);
    for dots in [".", ".."] {
        for field in ["folder", "name", "tag", "slug"] {
            let mut note = fit.clone();
            note[field] = json!(dots);
            let put = json!([{ "action": "put", "entity": "note", "item": note }]);
            for (method, path, body) in [("POST", "/note", &note), ("POST", "/transactions", &put)]
            {
                let reply = desk.raw(method, path, Some(body)).await;
                assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{method} {path}");
                let message = reply.body["errors"][0]["message"].as_str().expect("a message");
                let expected = format!("`{dots}` cannot be a part of a path, ");
                assert!(message.starts_with(&expected), "{message}");
            }
            for (path, body) in [("/batch/note", json!([note])), ("/batch", put)] {
                let (status, report) = desk.http().send("POST", path, Some(&body)).await;
                assert_eq!((status, &report["written"]), (200, &json!(0)), "{path}");
                assert_eq!(report["failed"][0]["errors"][0]["field"], field, "{path}: {report}");
            }
        }
        for field in ["tag", "slug"] {
            for verb in ["set", "set_if_absent"] {
                let update = json!({ verb: { field: dots } });
                let mut patch = update.clone();
                patch["action"] = json!("patch");
                patch["entity"] = json!("note");
                patch["key"] = json!({ "folder": "f", "name": "n" });
                for (method, path, body) in [
                    ("PATCH", "/note/f/n", update.clone()),
                    ("PATCH", "/note/f/new?create=true", update),
                    ("POST", "/transactions", json!([patch])),
                ] {
                    let reply = desk.raw(method, path, Some(&body)).await;
                    assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{path} {body}");
                }
            }
            let put = json!({ "tag": "t", "slug": "s", field: dots });
            let reply = desk.raw("PUT", "/note/f/n", Some(&put)).await;
            assert_eq!((reply.status, reply.fields()), (400, vec![field]), "{put}");
        }
        let by_slug = json!({ "folder": "f", "name": dots });
        let reply = desk.raw("PUT", "/unique/note/slug/other", Some(&by_slug)).await;
        assert_eq!((reply.status, reply.fields()), (400, vec!["name"]), "{dots}");
    }
    // A note and what locks its slug.
    assert_eq!(desk.notes().await, 2);
}

#[tokio::test]
async fn a_path_with_dots_as_they_are_reaches_nothing() {
    let desk = Desk::open().await;
    for dots in ["..", ".", "%2e%2E", "%2E.", "%2e"] {
        for (method, path) in [
            ("GET", format!("/note/{dots}")),
            ("GET", format!("/note/{dots}/n")),
            ("PUT", format!("/note/f/{dots}")),
            ("PATCH", format!("/note/{dots}/n")),
            ("DELETE", format!("/note/{dots}/n")),
            ("GET", format!("/query/note/GSI1/{dots}")),
            ("GET", format!("/query/note/by_name/t/{dots}")),
            ("GET", format!("/collections/all/{dots}")),
            ("GET", format!("/unique/note/slug/{dots}")),
            ("PUT", format!("/unique/note/slug/{dots}")),
        ] {
            let body = ["PUT", "PATCH"].contains(&method).then(|| json!({}));
            let reply = desk.raw(method, &path, body.as_ref()).await;
            assert_eq!(reply.status, 400, "{method} {path}: {}", reply.body);
            assert_eq!(reply.fields().len(), 1, "{method} {path}: {}", reply.body);
        }
    }
    assert_eq!(desk.notes().await, 0);
}

#[tokio::test]
async fn an_item_that_others_wrote_with_dots_is_reached_by_its_key() {
    let desk = Desk::open().await;
    let note = json!({ "folder": "..", "name": ".", "tag": "t" });
    let stored = item(&desk, note.clone());
    assert_eq!(stored.get("PK"), Some(&AttributeValue::S("FOLDER#..".to_owned())));
    desk.system.table.put(stored, &Predicate::always()).await.expect("written");
    let (_, page) = desk.http().get("/query/note/GSI1/t").await;
    assert_eq!(page["items"], json!([note]), "a list answers it as any other");
    let key = json!({ "folder": "..", "name": "." });
    let keys = crate::links::desk::part(&json!([key]).to_string());
    let (status, many) = desk.http().get(&format!("/batch/note?keys={keys}")).await;
    assert_eq!((status, &many["items"]), (200, &json!([note])));
    let together = crate::links::desk::part(&json!([{ "entity": "note", "key": key }]).to_string());
    let (status, got) = desk.http().get(&format!("/transactions?items={together}")).await;
    assert_eq!((status, &got["items"]), (200, &json!([note])));
    // A transaction would have to answer with its path.
    let patch = json!([{ "action": "patch", "entity": "note", "key": key, "set": { "tag": "u" } }]);
    let reply = desk.raw("POST", "/transactions", Some(&patch)).await;
    assert_eq!((reply.status, reply.fields()), (400, vec!["folder", "name"]));
    let delete = json!([{ "action": "delete", "entity": "note", "key": key }]);
    let (status, report) = desk.http().send("POST", "/batch", Some(&delete)).await;
    assert_eq!((status, &report["written"]), (200, &json!(1)), "{report}");
    assert_eq!(desk.notes().await, 0);
}
