//! Every link that the services make survives a URL parser and leads to what it was made for:
//! `Location`, the paths of a transaction, the paths that `weir check` prints, and `Link: …;
//! rel="next"`.
//!
//! The parser is the crate `url`, which follows the WHATWG URL Standard as browsers do.

mod desk;
mod dots;
mod next;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use desk::{Desk, part, resolved, texts};

/// How many notes are written.
const CASES: u32 = 150;

/// Whether a value can be a part of a path.
fn is_fit(text: &str) -> bool {
    !["", ".", ".."].contains(&text)
}

/// Writes a note in every way and follows what the answers say.
async fn assert_followed(desk: &Desk, values: [String; 4]) {
    let [folder, name, tag, slug] = &values;
    let note = json!({ "folder": folder, "name": name, "tag": tag, "slug": slug });
    let fields = ["folder", "name", "tag", "slug"];
    let unfit: Vec<_> = fields
        .into_iter()
        .zip(&values)
        .filter(|(_, text)| !is_fit(text))
        .map(|(name, _)| name)
        .collect();
    let reply = desk.raw("POST", "/note", Some(&note)).await;
    if !unfit.is_empty() {
        assert_eq!(reply.status, 400, "{note}: {}", reply.body);
        let mut found: Vec<_> = reply.fields();
        found.sort_unstable();
        found.dedup();
        let mut unfit = unfit;
        unfit.sort_unstable();
        assert_eq!(found, unfit, "{note}: {}", reply.body);
        assert_eq!(desk.notes().await, 0, "{note} was written");
        return;
    }
    assert_eq!(reply.status, 201, "{note}: {}", reply.body);
    let location = reply.location.expect("a new note has a path");
    assert_eq!(resolved(&location), location, "{note}");
    let (status, found) = desk.http().get(&location).await;
    assert_eq!((status, &found), (200, &note), "{location}");
    // What lists it and what is unique about it have paths of the same parts.
    for path in [
        format!("/note/{}", part(folder)),
        format!("/query/note/GSI1/{}", part(tag)),
        format!("/query/note/by_name/{}/{}", part(tag), part(name)),
        format!("/collections/all/{}", part(folder)),
    ] {
        assert_eq!(resolved(&path), path, "{note}");
        let (status, page) = desk.http().get(&path).await;
        let member = if path.starts_with("/collections") { "note" } else { "items" };
        assert_eq!((status, &page[member]), (200, &json!([note])), "{path}");
    }
    let unique = format!("/unique/note/slug/{}", part(slug));
    assert_eq!(resolved(&unique), unique, "{note}");
    assert_eq!(desk.http().get(&unique).await, (200, note.clone()), "{unique}");
    let put = json!([{ "action": "put", "entity": "note", "item": note }]);
    let (status, done) = desk.http().send("POST", "/transactions", Some(&put)).await;
    assert_eq!((status, done), (200, json!({ "paths": [location] })), "{note}");
    let (status, _) = desk.http().send("PUT", &location, Some(&json!({ "tag": tag }))).await;
    assert_eq!(status, 200, "{location}");
    assert_eq!(desk.http().send("DELETE", &location, None).await, (204, Value::Null), "{location}");
    assert_eq!(desk.notes().await, 0, "{location} deleted something else than {note}");
}

#[test]
fn every_location_survives_a_url_parser_and_leads_to_its_own_item() {
    let runtime = Runtime::new().expect("a runtime");
    let desk = runtime.block_on(Desk::open());
    let mut runner = TestRunner::new(Config { cases: CASES, ..Config::default() });
    let outcome = runner.run(&[texts(), texts(), texts(), texts()], |values| {
        let follow =
            std::panic::AssertUnwindSafe(|| runtime.block_on(assert_followed(&desk, values)));
        std::panic::catch_unwind(follow).map_err(|cause| {
            let message = cause.downcast_ref::<String>().cloned().unwrap_or_default();
            TestCaseError::fail(message)
        })
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(desk.assert_user_is_there());
}
