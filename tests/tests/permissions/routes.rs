//! The requests of every route, about one item.
//!
//! **Invariant:** every operation does its work, or its calls of DynamoDB would not be recorded. A
//! new operation of the HTTP services does not compile here.

use axum::Router;
use axum::body::Body;
use serde_json::{Map, Value, json};
use tower::ServiceExt;
use weir_http::paths::path_attributes;
use weir_http::{Operation, Route};
use weir_model::Entity;
use weir_testing::http::encoded;

const JSON: &str = "application/json";

/// The item that requests are about, and the rollups that count it.
pub(crate) struct Subject<'a> {
    pub(crate) entity: &'a Entity,
    pub(crate) item: &'a Value,
    /// Paths below `/rollups/`, with their parameters.
    pub(crate) rollups: &'a [&'a str],
}

/// A request, and the status that it must have.
struct Request {
    method: &'static str,
    path: String,
    body: Option<Value>,
    status: u16,
}

impl Request {
    fn get(path: String) -> Self {
        Self { method: "GET", path, body: None, status: 200 }
    }
}

/// Sends the requests of a route.
pub(crate) async fn call(app: &Router, route: &Route, subject: &Subject<'_>) {
    for Request { method, path, body, status } in subject.requests(route) {
        assert_eq!(send(app, method, &path, body).await, status, "{method} {path}");
    }
}

/// Sends a request, and returns the status of its response.
pub(crate) async fn send(app: &Router, method: &str, path: &str, body: Option<Value>) -> u16 {
    let request =
        axum::http::Request::builder().method(method).uri(path).header("Content-Type", JSON);
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = app.clone().oneshot(request.body(body).expect("a request")).await;
    response.expect("an answer").status().as_u16()
}

impl Subject<'_> {
    /// Returns the requests of a route. The writer's routes end with one that writes the item, so
    /// that the reader finds it.
    fn requests(&self, route: &Route) -> Vec<Request> {
        let path = self.fill(&route.path);
        let item = self.item;
        let (method, body, status) = match route.operation {
            Operation::Create => ("POST", Some(item.clone()), 201),
            Operation::Replace | Operation::Upsert => ("PUT", Some(item.clone()), 200),
            // The first entity of every definition has such an attribute.
            Operation::Update => ("PATCH", Some(json!({ "set": { "delay": 1 } })), 200),
            Operation::Delete => ("DELETE", None, 204),
            // Writes the deleted item again.
            Operation::Batch => ("POST", Some(json!([item])), 200),
            Operation::Transact => ("POST", Some(json!([self.check_action()])), 200),
            Operation::BatchAny => ("POST", Some(json!([self.put_action()])), 200),
            Operation::TransactGet => {
                let items = json!([{ "entity": self.entity.name, "key": self.key() }]);
                return vec![Request::get(format!("{path}?items={}", encoded_json(&items)))];
            }
            Operation::BatchGet => {
                let keys = encoded_json(&json!([self.key()]));
                return vec![Request::get(format!("{path}?keys={keys}"))];
            }
            Operation::Rollup => return self.rollup_requests(false),
            Operation::Ranks => return self.rollup_requests(true),
            Operation::Get
            | Operation::GetUnique
            | Operation::List
            | Operation::Query
            | Operation::Collection
            | Operation::Rollups
            | Operation::OpenApi
            | Operation::Health => return vec![Request::get(path)],
        };
        vec![Request { method, path, body, status }]
    }

    /// Returns the requests of rollups that are about ranks, or of those that are not.
    fn rollup_requests(&self, is_about_ranks: bool) -> Vec<Request> {
        let paths = self.rollups.iter().filter(|path| path.contains("/ranks") == is_about_ranks);
        paths.map(|path| Request::get(format!("/rollups/{path}"))).collect()
    }

    /// Returns the attributes that are the key of the item.
    fn key(&self) -> Map<String, Value> {
        let names = path_attributes(self.entity).into_iter();
        names.map(|name| (name.to_owned(), self.item[name].clone())).collect()
    }

    fn put_action(&self) -> Value {
        json!({ "action": "put", "entity": self.entity.name, "item": self.item })
    }

    fn check_action(&self) -> Value {
        json!({ "action": "check", "entity": self.entity.name, "key": self.key() })
    }

    /// Returns the path of a route with the values of the item in it.
    fn fill(&self, path: &str) -> String {
        let fill_part = |part: &str| {
            let name = part.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            let Some(name) = name else { return part.to_owned() };
            match &self.item[name] {
                Value::Null => name.to_owned(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        };
        path.split('/').map(fill_part).collect::<Vec<_>>().join("/")
    }
}

/// Returns JSON as a parameter of a URL.
fn encoded_json(json: &Value) -> String {
    encoded(&json.to_string())
}
