//! Requests as an HTTP API hands them to the functions, and their answers back: what is not in the
//! body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use weir_testing::deployed::Deployed;
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights::{DEFINITION, path, rows};
use weir_testing::http::Client;

async fn world() -> (TestDynamo, Deployed) {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    (dynamodb, world)
}

/// The status and the type of a problem, and that it says that it is one.
async fn problem(http: &Client, method: &str, path: &str, body: &str) -> (u16, String) {
    let response = http.raw(method, path, body).await;
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
    let json: Value = serde_json::from_str(response.body()).expect("JSON");
    let kind = json["type"].as_str().expect("a type");
    (response.status().as_u16(), kind.trim_start_matches("/problems/").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_come_through_with_their_status_type_and_headers() {
    let (_dynamodb, world) = world().await;
    let http = &world.http;
    let [flight, absent] = <[Value; 2]>::try_from(rows(2)).expect("two flights");
    assert_eq!(http.send("POST", "/flight", Some(&flight)).await.0, 201);
    let absent = path(&absent);
    let text = flight.to_string();
    let mut wrong = flight.clone();
    wrong["delay"] = json!("late");
    let wrong = wrong.to_string();
    for (method, path, body, status, kind) in [
        ("GET", absent.as_str(), "", 404, "not-found"),
        ("GET", "/fligt/ATL", "", 404, "unknown-entity"),
        ("POST", "/flight", &text, 409, "already-exists"),
        ("POST", "/flight", &wrong, 400, "validation"),
        ("POST", "/flight", "{", 400, "bad-json"),
        ("PUT", "/flight", &text, 405, "method-not-allowed"),
        ("GET", "/rollups/flights_by_origin?origin=ATL&origins=1", "", 400, "bad-query"),
    ] {
        let told = problem(http, method, path, body).await;
        assert_eq!(told, (status, kind.to_owned()), "{method} {path}");
    }
    let response = http.raw("PUT", "/flight", &text).await;
    assert_eq!(response.headers()["allow"], "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_of_the_reader_and_the_health_of_both_are_served() {
    let (_dynamodb, world) = world().await;
    let (status, document) = world.http.get("/openapi.json").await;
    assert_eq!((status, &document["openapi"].is_string()), (200, &true), "{document}");
    assert!(document["paths"]["/flight/{origin}"].is_object(), "{document}");
    for function in [&world.reader, &world.writer] {
        let answer = function.invoke(weir_testing::api_gateway::health()).await.expect("an answer");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&json!(200), &json!(r#"{"status":"ok"}"#))
        );
        assert_eq!(answer["isBase64Encoded"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_base64_is_the_same_body() {
    let (_dynamodb, world) = world().await;
    let flight = rows(1).remove(0);
    let mut event: Value =
        serde_json::from_slice(&weir_testing::api_gateway::health()).expect("an event");
    event["rawPath"] = json!("/flight");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"]["content-type"] = json!("application/json");
    event["body"] = json!(STANDARD.encode(flight.to_string()));
    event["isBase64Encoded"] = json!(true);
    let answer = world.writer.invoke(event.to_string().into()).await.expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["statusCode"], 201, "{answer}");
    assert_eq!(answer["headers"]["location"], path(&flight).replace(':', "%3A"));
    assert_eq!(world.http.get(&path(&flight)).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_and_escaped_parameters_come_as_they_were_sent() {
    let (_dynamodb, world) = world().await;
    world.http.send("POST", "/batch/flight", Some(&rows(5).into())).await;
    let (http, same) = (&world.http, &world.system.http);
    for query in [
        "/flight/ATL?limit=2&order=desc",
        "/flight/ATL?limit=2&limit=3",
        "/flight/ATL?begins_with=2001%2D01",
        "/flight/ATL?from=2001-01-01T00%3A00%3A00Z&to=2001-02-01T00:00:00Z",
        "/flight/ATL?begins_with=a+b%20c%26d%3De",
        "/flight/ATL?begins_with=%C3%BC%E4%B8%96",
        "/flight/ATL?cursor=%25%25",
        "/rollups/flights_by_route?origin=ATL&destination=ORD&every=day",
        "/rollups/flights_by_route?origin=ATL&origin=ORD",
    ] {
        assert_eq!(http.get(query).await, same.get(query).await, "{query}");
    }
}

/// The API has no routes for these methods, so no function hears of them.
#[tokio::test(flavor = "multi_thread")]
async fn methods_without_a_route_and_the_empty_path_are_answered_by_the_api() {
    let (_dynamodb, world) = world().await;
    for (method, path) in [("OPTIONS", "/flight"), ("GET", "/")] {
        let (status, answer) = world.http.send(method, path, None).await;
        assert_eq!((status, answer), (404, json!({ "message": "Not Found" })), "{method} {path}");
    }
    assert_eq!(world.http.raw("HEAD", "/health", "").await.status(), 404);
    assert!(world.reader.started().is_empty() && world.writer.started().is_empty());
}
