//! Responses of an application where no route matches: a path that names nothing, a method that a
//! path does not take.
//!
//! Routers are merged first and finished once, for axum merges no two routers that both have a
//! fallback.

use std::sync::Arc;

use axum::http::{Method, Uri};
use axum::middleware::from_fn;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use weir_model::limits::MAX_FIELD_CHARACTERS;
use weir_model::shorten::{listed, shortened};
use weir_model::suggestion;

use crate::guard::{checked, headed};
use crate::problem::{Kind, Problem};
use crate::requests::observed;
use crate::routes::{HEALTH, Route};

/// Adds what every application has: `/health`, problems for unknown paths and methods, the checks
/// and headers of [`guard`](crate::guard()), and what is said of each request.
///
/// `routes` are those of the router, for problems to list: [`crate::routes::writes`],
/// [`crate::routes::reads`] or [`crate::routes::all`].
pub fn finish(router: Router, routes: &[Route]) -> Router {
    let routes: Arc<[Route]> = routes.into();
    let listed = Arc::clone(&routes);
    router
        .route(HEALTH, get(health))
        .fallback(move |uri: Uri| std::future::ready(unknown_path(uri.path(), &routes)))
        .method_not_allowed_fallback(move |method: Method, uri: Uri| {
            std::future::ready(not_allowed(&method, uri.path(), &listed))
        })
        .layer(from_fn(checked))
        .layer(from_fn(observed))
        .layer(from_fn(headed))
}

async fn health() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok" }))
}

fn unknown_path(path: &str, routes: &[Route]) -> Problem {
    let subject = first_part(path);
    let of_subject = routes_of(subject, routes);
    if !of_subject.is_empty() {
        let is_empty = path.split('/').skip(1).any(str::is_empty);
        let why = if is_empty { " has an empty part" } else { " is no path" };
        let path = shortened(path, MAX_FIELD_CHARACTERS);
        let detail = format!("`{path}`{why}; expected one of {of_subject}");
        return Problem::new(Kind::UnknownPath, detail);
    }
    let mut subjects: Vec<&str> = routes.iter().map(Route::subject).collect();
    subjects.dedup();
    subjects.sort_unstable();
    subjects.dedup();
    let near = suggestion(subject, subjects.iter().copied());
    let (path, valid) = (shortened(path, MAX_FIELD_CHARACTERS), listed(&subjects));
    let detail = format!("`{path}` begins with no known name; {near}expected one of {valid}");
    Problem::new(Kind::UnknownEntity, detail)
}

/// Returns the header `Allow` is axum's to add.
fn not_allowed(method: &Method, path: &str, routes: &[Route]) -> Problem {
    let (routes, path) =
        (routes_of(first_part(path), routes), shortened(path, MAX_FIELD_CHARACTERS));
    let detail = format!("`{path}` does not take {method}; expected one of {routes}");
    Problem::new(Kind::MethodNotAllowed, detail)
}

fn first_part(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Returns the routes about a subject: those under its name, and its batch.
fn routes_of(subject: &str, routes: &[Route]) -> String {
    let about = |route: &&Route| {
        route.subject() == subject || route.entity.as_deref().is_some_and(|name| name == subject)
    };
    listed(routes.iter().filter(about).map(Route::shown))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::http::header::ALLOW;
    use axum::response::Response;
    use axum::routing::{get, post, put};
    use serde_json::Value;
    use tower::ServiceExt;
    use weir_model::Model;

    use super::*;
    use crate::{PathTexts, routes};

    /// Two routers as the writer and the reader have them: the same patterns, other methods.
    fn app() -> Router {
        let model: Model = r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "USER#{user}"
            SK = "ORDER#{number:08}"
            [entities.order.attributes]
            user = { type = "string", required = true }
            number = { type = "integer", required = true }
        "##
        .parse()
        .expect("a definition");
        let ok = |_: PathTexts| async { "ok" };
        let writer = Router::new()
            .route("/order", post(ok))
            .route("/order/{user}/{number}", put(ok).delete(ok));
        let reader =
            Router::new().route("/order/{user}/{number}", get(ok)).route("/order/{user}", get(ok));
        finish(writer.merge(reader), &routes::all(&model))
    }

    async fn ask(method: &str, path: &str) -> (Response, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let response = app().oneshot(request.expect("a request")).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let json = serde_json::from_slice(&body).unwrap_or_default();
        (Response::from_parts(parts, Body::empty()), json)
    }

    #[tokio::test]
    async fn a_path_that_leads_nowhere_lists_those_that_lead_somewhere() {
        let cases = [
            (
                "/ordr/ann",
                "unknown-entity",
                "did you mean `order`? expected one of batch, health, openapi.json, order, \
                 rollups, transactions",
            ),
            ("/", "unknown-entity", "expected one of batch"),
            (
                "/order/ann/1/2",
                "unknown-path",
                "is no path; expected one of POST /order, PUT /order/{user}/{number}",
            ),
            ("/order//1", "unknown-path", "`/order//1` has an empty part"),
            ("/order/ann/", "unknown-path", "has an empty part"),
            ("/order/ann/1/2", "unknown-path", "POST /batch/order, GET /order/{user}/{number}"),
        ];
        for (path, kind, detail) in cases {
            let (response, problem) = ask("GET", path).await;
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(problem["type"], format!("/problems/{kind}"), "{path}");
            let found = problem["detail"].as_str().expect("a detail");
            assert!(found.contains(detail), "{path}: {found}");
        }
    }

    #[tokio::test]
    async fn a_method_that_a_path_does_not_take_is_told_those_it_takes() {
        let (response, problem) = ask("PATCH", "/order/ann/1").await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[ALLOW], "PUT,DELETE,GET,HEAD");
        assert_eq!(problem["type"], "/problems/method-not-allowed");
        let (response, problem) = ask("GET", "/order").await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()[ALLOW]),
            (405, &"POST".parse().expect("a header"))
        );
        assert!(problem["detail"].as_str().expect("a detail").contains("GET /order/{user}"));
    }

    #[tokio::test]
    async fn health_needs_nothing() {
        let (response, answer) = ask("GET", "/health").await;
        assert_eq!((response.status().as_u16(), answer), (200, json!({ "status": "ok" })));
    }
}
