//! An application that is replaced while it is served.
//!
//! `weir dev` makes another application when its definition file is saved: routes, checks and the
//! OpenAPI document follow from the definition.
//!
//! **Invariant:** each request is answered by one application from its beginning to its end.

use axum::Router;
use axum::extract::Request;
use lambda_http::tower::ServiceExt;
use tokio::sync::watch;

/// An application that another one can replace. Clones are the same one.
#[derive(Clone, Debug)]
pub struct ReplaceableApp {
    current: watch::Sender<Router>,
}

impl ReplaceableApp {
    /// Returns one that begins with an application, as [`finish()`](crate::finish()) returns it.
    pub fn new(app: Router) -> Self {
        Self { current: watch::Sender::new(app) }
    }

    /// Replaces the application: it gets the requests from now on. Those that the one before has
    /// begun with, it answers.
    pub fn replace(&self, app: Router) {
        drop(self.current.send_replace(app));
    }

    /// Returns the application to serve. It hands each request to the current one.
    pub fn router(&self) -> Router {
        let current = self.current.subscribe();
        Router::new().fallback(move |request: Request| {
            let app = current.borrow().clone();
            async move {
                let Ok(response) = app.oneshot(request).await;
                response
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tokio::sync::Notify;

    use super::*;

    async fn ask(app: &Router, path: &str) -> (u16, String) {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let Ok(response) = app.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    fn answering(path: &str, text: &'static str) -> Router {
        Router::new().route(path, get(move || async move { text }))
    }

    #[tokio::test]
    async fn requests_that_follow_get_the_new_application() {
        let app = ReplaceableApp::new(answering("/a", "before"));
        let served = app.router();
        assert_eq!(ask(&served, "/a").await, (200, "before".to_owned()));
        app.replace(answering("/b", "after"));
        assert_eq!(ask(&served, "/a").await.0, 404);
        assert_eq!(ask(&served, "/b").await, (200, "after".to_owned()));
    }

    #[tokio::test]
    async fn a_request_that_was_begun_is_answered_by_the_application_before() {
        let (begun, end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (has_begun, may_end) = (Arc::clone(&begun), Arc::clone(&end));
        let slow = Router::new().route(
            "/a",
            get(move || async move {
                has_begun.notify_one();
                may_end.notified().await;
                "before"
            }),
        );
        let app = ReplaceableApp::new(slow);
        let served = app.router();
        let asked = tokio::spawn(async move { ask(&served, "/a").await });
        begun.notified().await;
        app.replace(answering("/b", "after"));
        end.notify_one();
        assert_eq!(asked.await.expect("no panic"), (200, "before".to_owned()));
    }
}
