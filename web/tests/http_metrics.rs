//! The metrics of requests, as CloudWatch reads them from the log. One test, for a process has one
//! recorder.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use tower::ServiceExt;
use weir_http::{Kind, Problem};
use weir_telemetry::metrics::{
    HTTP_CONFLICTS, HTTP_DURATION, HTTP_REQUESTS, HTTP_THROTTLED, Metric, embedded,
};
use weir_testing::emf::{Lines, by_dimensions};

#[tokio::test]
async fn requests_are_counted_by_class_and_what_may_be_sent_again_by_itself() {
    let output = Lines::default();
    embedded::install("shop", output.clone()).expect("the only recorder");
    let problem = |kind| get(move || async move { Problem::new(kind, "so") });
    let router = Router::new()
        .route("/ok", get(|| async { "ok" }))
        .route("/throttled", problem(Kind::Throttled))
        .route("/conflict", problem(Kind::Conflict))
        .route("/internal", problem(Kind::Internal));
    let app = weir_http::finish(router, &[]);
    for path in ["/ok", "/ok", "/ok", "/throttled", "/conflict", "/conflict", "/internal", "/none"]
    {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        app.clone().oneshot(request).await.expect("an answer");
    }
    weir_telemetry::flush().await;

    let lines = by_dimensions(output.take());
    assert!(lines.iter().all(|(_, line)| line["table"] == "shop" && line["service"] == "weir"));
    let of = |metric: &Metric, status: Option<&str>| {
        let mut set = vec!["table"];
        set.extend(metric.dimensions);
        let mut found = lines.iter().filter(|(names, _)| *names == set);
        let found = found.find(|(_, line)| status.is_none_or(|status| line["status"] == status));
        found.map(|(_, line)| line[metric.cloudwatch].clone()).unwrap_or_default()
    };
    assert_eq!(of(&HTTP_REQUESTS, Some("2xx")), 3);
    assert_eq!(of(&HTTP_REQUESTS, Some("4xx")), 3);
    assert_eq!(of(&HTTP_REQUESTS, Some("5xx")), 2);
    assert_eq!(of(&HTTP_THROTTLED, None), 1);
    assert_eq!(of(&HTTP_CONFLICTS, None), 2);
    assert_eq!(of(&HTTP_DURATION, None).as_array().expect("values").len(), 8);
}
