//! An answer is small however large the request was: at most a hundred errors and the number of the
//! others, shortened texts, shortened lists of names.

use serde_json::{Value, json};
use weir_model::Model;
use weir_model::limits::{MAX_ERRORS, MAX_FIELD_CHARACTERS, MAX_MESSAGE_CHARACTERS, MAX_NAMES};
use weir_testing::fixture::fixture;

use super::app::{App, encoded, members};

/// The largest problem, in bytes.
const MAX_PROBLEM_BYTES: usize = 1_000_000;
/// The largest report of a batch, in bytes: Lambda's answer ends at 6 MB.
const MAX_REPORT_BYTES: usize = 5_000_000;

/// Checks that a request has a small problem with so many errors, and returns it.
async fn problem(app: &App, method: &str, path: &str, body: &Value, errors: usize) -> Value {
    let reply = app.send(method, path, body.to_string()).await;
    assert_eq!(reply.status, 400, "{path}: {}", reply.text);
    assert!(reply.text.len() < MAX_PROBLEM_BYTES, "{path}: {} bytes", reply.text.len());
    let problem = reply.json();
    let told = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let more = problem["more_errors"].as_u64().unwrap_or_default() as usize;
    assert_eq!(told.len(), errors.min(MAX_ERRORS), "{path}: {}", problem["detail"]);
    assert_eq!(told.len() + more, errors, "{path}: {}", problem["detail"]);
    for error in told {
        let characters = |name: &str| error[name].as_str().expect("text").chars().count();
        assert!(characters("field") <= MAX_FIELD_CHARACTERS + 1, "{error}");
        assert!(characters("message") <= MAX_MESSAGE_CHARACTERS + 1, "{error}");
    }
    problem
}

#[tokio::test]
async fn of_many_errors_a_hundred_are_told_and_the_others_counted() {
    let app = App::new().await;
    let many = 20_000;
    let unknown = Value::Object(members(many, "nome", &json!(1)));
    // The id is missing too.
    let told = problem(&app, "POST", "/thing", &unknown, many + 1).await;
    assert_eq!(told["detail"], "20001 fields of thing are not what is expected");
    assert_eq!(told["more_errors"], many + 1 - MAX_ERRORS);
    problem(&app, "PUT", "/thing/1", &unknown, many).await;
    problem(&app, "PATCH", "/thing/1", &unknown, many).await;
    let scores = members(many, "a", &json!("x"));
    problem(&app, "PUT", "/thing/1", &json!({ "scores": scores }), many).await;
    problem(&app, "PUT", "/thing/1", &json!({ "numbers": vec!["x"; many] }), many).await;
    let both =
        json!({ "numbers": vec!["x"; many], "scores": members(many, "a", &json!("x")), "b": 1 });
    problem(&app, "PUT", "/thing/1", &both, 2 * many + 1).await;

    let key = members(many, "a", &json!(1));
    let action = json!([{ "action": "delete", "entity": "thing", "key": key }]);
    problem(&app, "POST", "/transactions", &action, many).await;
    let items =
        encoded(&json!([{ "entity": "thing", "key": members(1000, "a", &json!(1)) }]).to_string());
    problem(&app, "GET", &format!("/transactions?items={items}"), &json!({}), 1000).await;
    let keys = encoded(&json!([members(1000, "a", &json!(1))]).to_string());
    problem(&app, "GET", &format!("/batch/thing?keys={keys}"), &json!({}), 1000).await;
    let parameters: String = (0..5000).map(|number| format!("a{number}=1&")).collect();
    problem(&app, "PUT", &format!("/thing/1?{parameters}"), &json!({}), 5000).await;
    let places: serde_json::Map<_, _> = members(250, "nome", &json!(1));
    let update = json!({ "set": { "note": "a" }, "where": places });
    problem(&app, "PATCH", "/thing/1", &update, 250).await;
}

#[tokio::test]
async fn up_to_a_hundred_errors_there_is_no_number_of_others() {
    let app = App::new().await;
    let unknown = Value::Object(members(MAX_ERRORS, "nome", &json!(1)));
    let told = problem(&app, "PUT", "/thing/1", &unknown, MAX_ERRORS).await;
    assert_eq!(told.get("more_errors"), None, "{told}");
}

#[tokio::test]
async fn a_report_of_a_batch_is_small_and_counts_every_error_of_every_row() {
    let app = App::new().await;
    // 3.4 MB of unknown names.
    let row = members(400, "nome-nome-no", &json!(1));
    let rows = vec![Value::Object(row); 500];
    let any: Vec<_> =
        rows.iter().map(|row| json!({ "action": "put", "entity": "thing", "item": row })).collect();
    for (path, rows) in [("/batch/thing", json!(rows)), ("/batch", json!(any))] {
        let reply = app.send("POST", path, rows.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(reply.text.len() < MAX_PROBLEM_BYTES, "{path}: {} bytes", reply.text.len());
        let report = reply.json();
        let failed = report["failed"].as_array().expect("failed rows");
        assert_eq!(failed.len(), 500);
        let mut errors = 0;
        for (index, row) in failed.iter().enumerate() {
            assert_eq!(row["index"], index);
            let told = row["errors"].as_array().expect("errors").len();
            assert!(told > 0);
            errors += told;
            let more = row["more_errors"].as_u64().unwrap_or_default() as usize;
            assert_eq!(told + more, 401, "{path} {index}");
        }
        assert_eq!(errors, MAX_ERRORS + 499, "the first row has a hundred, each other one");
    }
}

#[tokio::test]
async fn a_long_text_is_never_repeated_whole() {
    let app = App::new().await;
    // A control character takes six bytes of JSON.
    for (character, length) in [("x", 390_000), ("ä", 190_000), ("\u{1}", 60_000)] {
        let long = character.repeat(length);
        let bodies = [
            ("POST", "/thing", json!({ "id": "1", long.as_str(): 1 })),
            ("POST", "/thing", json!({ "id": "1", "size": long.as_str() })),
            ("POST", "/thing", json!({ "id": "1", "scores": { long.as_str(): "x" } })),
            ("POST", "/thing", json!(long.as_str())),
            ("PATCH", "/thing/1", json!({ long.as_str(): 1 })),
            ("PATCH", "/thing/1", json!({ "set": { long.as_str(): 1 } })),
            ("PATCH", "/thing/1", json!({ "set": { format!("any.{long}[a"): 1 } })),
            ("PATCH", "/thing/1", json!({ "set": { "note": "a" }, "where": { long.as_str(): 1 } })),
            (
                "PATCH",
                "/thing/1",
                json!({ "set": { "note": "a" }, "where": { "note": { long.as_str(): 1 } } }),
            ),
            (
                "PATCH",
                "/thing/1",
                json!({ "set": { "note": "a" }, "where": { "size": long.as_str() } }),
            ),
            (
                "PATCH",
                "/thing/1",
                json!({ "set": { "note": "a" }, "where": { "note": { "type": long.as_str() } } }),
            ),
            ("POST", "/transactions", json!([{ "action": long.as_str() }])),
            ("POST", "/transactions", json!([{ "action": "delete", "entity": long.as_str() }])),
            (
                "POST",
                "/transactions",
                json!([{ "action": "delete", "entity": "thing", "key": { long.as_str(): 1 } }]),
            ),
            (
                "POST",
                "/transactions",
                json!([{ "action": "delete", "entity": "thing", "key": { "id": "1" },
                    long.as_str(): 1 }]),
            ),
        ];
        for (method, path, body) in bodies {
            let reply = app.send(method, path, body.to_string()).await;
            assert!((400..500).contains(&reply.status), "{}", &reply.text[..300]);
            assert!(reply.text.len() < 8_000, "{method} {path}: {} bytes", reply.text.len());
        }
        let row = json!({ long.as_str(): 1, "size": long.as_str() });
        let reply = app.send("POST", "/batch/thing", json!(vec![row; 3]).to_string()).await;
        assert!(reply.text.len() < 24_000, "{} bytes", reply.text.len());
    }
    let (long, half) = ("x".repeat(60_000), "x".repeat(30_000));
    for path in [
        format!("/{long}"),
        format!("/thing/{half}/{half}"),
        format!("/thing/1?{long}=1"),
        format!("/thing/1?where={long}"),
        format!("/thing/1?where={}", encoded(&json!({ long.as_str(): 1 }).to_string())),
    ] {
        let reply = app.send("DELETE", &path, "").await;
        assert!((400..500).contains(&reply.status), "{}", &reply.text[..300]);
        assert!(reply.text.len() < 8_000, "{} bytes", reply.text.len());
    }
}

#[tokio::test]
async fn the_worst_report_of_a_batch_is_less_than_lambda_takes() {
    let app = App::new().await;
    // Each row has an unknown name of characters that take six bytes of JSON each.
    let name = |number: usize| format!("{}{number}", "\u{1}".repeat(1000));
    let rows: Vec<_> = (0..500).map(|number| json!({ name(number): 1 })).collect();
    let reply = app.send("POST", "/batch/thing", json!(rows).to_string()).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text.len() < MAX_REPORT_BYTES, "{} bytes", reply.text.len());
}

#[tokio::test]
async fn a_message_lists_twenty_names_and_counts_the_others() {
    let entities = (0..300).map(|number| {
        format!(
            "\n[entities.e{number}]\nPK = \"E{number}#{{id}}\"\nSK = \"E\"\n\
             [entities.e{number}.attributes]\nid = {{ type = \"string\", required = true }}\n"
        )
    });
    let attributes = (0..300).map(|number| format!("b{number} = {{ type = \"string\" }}\n"));
    let values: Vec<_> = (0..300).map(|number| format!("\"v{number}\"")).collect();
    let kind = format!("kind = {{ type = \"enum\", values = [{}] }}\n", values.join(","));
    let definition =
        [fixture("limits").to_string(), kind, attributes.collect(), entities.collect()].concat();
    let app = App::with_definition(&definition).await;
    let cases = [
        ("POST", "/thing", json!({ "id": "1", "zzzzzz": 1 })),
        ("POST", "/thing", json!({ "id": "1", "kind": "zzzzzz" })),
        ("PATCH", "/thing/1", json!({ "set": { "zzzzzz": 1 } })),
        ("POST", "/transactions", json!([{ "action": "delete", "entity": "zzzzzz" }])),
        ("GET", "/transactions?items=[{\"entity\":\"zzzzzz\",\"key\":{}}]", json!({})),
        ("GET", "/zzzzzz", json!({})),
    ];
    for (method, path, body) in cases {
        let path = path.replace('"', "%22").replace('{', "%7B").replace('}', "%7D");
        let reply = app.send(method, &path, body.to_string()).await;
        assert!((400..500).contains(&reply.status), "{}", reply.text);
        assert!(reply.text.contains(" more"), "{method} {path}: {}", reply.text);
        assert!(reply.text.len() < 2_500, "{method} {path}: {} bytes", reply.text.len());
        let names = reply.json()["detail"].as_str().expect("a detail").split(", ").count();
        assert!(names <= MAX_NAMES + 3, "{}", reply.text);
    }
}

#[test]
fn of_many_problems_of_a_definition_a_hundred_are_told_and_the_others_counted() {
    let attributes = (0..5000).map(|number| format!("b{number} = {{ type = \"enum\" }}\n"));
    let definition = fixture("limits").with(&attributes.collect::<String>());
    let error = definition.parse::<Model>().expect_err("enums without values");
    assert_eq!((error.problems.len(), error.others), (MAX_ERRORS, 4900));
    assert_eq!(error.to_string(), "weir.toml has 5000 problems, of which these are 100");
}
