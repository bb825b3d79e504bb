//! An application on Lambda: API Gateway's own events in, API Gateway's answers out.
//!
//! The fixture is the sample event of payload format 2.0 in the API Gateway developer guide. The
//! tests put another path, a body and its type in it, and hand it to what `lambda_http::run` wraps
//! an application in.

use axum::Router;
use axum::routing::post;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_http::{JsonObject, Parameters, PathTexts, Problem};

const EVENT: &str = include_str!("fixtures/api-gateway-v2.json");

fn app() -> Router {
    async fn echo(
        path: PathTexts,
        mut parameters: Parameters,
        JsonObject(object): JsonObject,
    ) -> Result<axum::Json<Value>, Problem> {
        let text = parameters.text("text");
        parameters.finish()?;
        let path: Vec<_> = path.pairs().into_iter().map(|(_, text)| text.to_owned()).collect();
        Ok(axum::Json(json!({ "path": path, "text": text, "body": object })))
    }
    weir_http::finish(Router::new().route("/echo/{a}/{b}", post(echo)), &[])
}

/// The answer to the sample event with these changes, as API Gateway reads it.
async fn answer(changes: &[(&str, Value)]) -> Value {
    let mut event: Value = serde_json::from_str(EVENT).expect("the fixture is JSON");
    event["headers"]["content-type"] = json!("application/json");
    for (pointer, value) in changes {
        *event.pointer_mut(pointer).expect("the fixture has it") = value.clone();
    }
    let request: LambdaRequest =
        serde_json::from_str(&event.to_string()).expect("an event of API Gateway");
    let answer = Adapter::from(app()).oneshot(LambdaEvent::new(request, Context::default())).await;
    serde_json::to_value(answer.expect("an application does not fail")).expect("an answer is JSON")
}

#[tokio::test]
async fn a_request_keeps_its_path_its_query_and_every_digit_of_its_body() {
    let digits = "12345678901234567890.123456789012345678";
    let answer = answer(&[
        ("/rawPath", json!("/echo/a%2Fb/%C3%BC")),
        ("/rawQueryString", json!("text=x%26y+z")),
        ("/body", json!(format!("{{\"n\":{digits}}}"))),
    ])
    .await;
    assert_eq!(answer["statusCode"], json!(200), "{answer}");
    assert_eq!(answer["isBase64Encoded"], json!(false));
    let body = answer["body"].as_str().expect("text");
    assert_eq!(
        body,
        format!("{{\"path\":[\"a/b\",\"ü\"],\"text\":\"x&y z\",\"body\":{{\"n\":{digits}}}}}")
    );
}

#[tokio::test]
async fn a_body_in_base64_is_decoded() {
    let answer = answer(&[
        ("/rawPath", json!("/echo/a/b")),
        ("/rawQueryString", json!("")),
        ("/body", json!("eyJhIjoxfQ==")),
        ("/isBase64Encoded", json!(true)),
    ])
    .await;
    let body: Value = serde_json::from_str(answer["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(body["body"], json!({ "a": 1 }));
}

#[tokio::test]
async fn a_problem_is_text_with_its_media_type() {
    let answer = answer(&[("/rawPath", json!("/echo/a/b")), ("/rawQueryString", json!(""))]).await;
    assert_eq!(answer["statusCode"], json!(400));
    assert_eq!(answer["headers"]["content-type"], json!("application/problem+json"));
    assert_eq!(answer["isBase64Encoded"], json!(false));
    let problem: Value =
        serde_json::from_str(answer["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(problem["type"], json!("/problems/bad-json"));
}

#[tokio::test]
async fn every_authorizer_leaves_an_event_that_can_be_read() {
    let authorizers = [
        json!(null),
        json!({ "iam": { "accessKey": "k", "accountId": "1", "callerId": "c",
                         "cognitoIdentity": null,
            "principalOrgId": "o", "userArn": "arn", "userId": "u" } }),
        json!({ "lambda": { "number": 1.5, "text": "a" } }),
        json!({ "jwt": { "claims": { "exp": "1583348638" }, "scopes": null } }),
    ];
    for authorizer in authorizers {
        let answer = answer(&[
            ("/requestContext/authorizer", authorizer.clone()),
            ("/rawPath", json!("/echo/a/b")),
            ("/rawQueryString", json!("")),
            ("/body", json!("{}")),
        ])
        .await;
        assert_eq!(answer["statusCode"], json!(200), "{authorizer}");
    }
}

/// A caller reads the id from the answer, an operator finds it in API Gateway's access log and in
/// ours.
#[tokio::test]
async fn the_id_is_that_of_the_gateway_whatever_the_caller_says() {
    let answer = answer(&[
        ("/rawPath", json!("/echo/a/b")),
        ("/headers", json!({ "x-request-id": "forged", "content-type": "application/json" })),
        ("/requestContext/requestId", json!("JKJaXmPLvHcESHA=")),
    ])
    .await;
    assert_eq!(answer["headers"]["x-request-id"], json!("JKJaXmPLvHcESHA="), "{answer}");
}
