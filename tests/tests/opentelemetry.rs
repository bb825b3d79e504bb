//! Spans over OTLP: an invocation's and a request's, below the span that their header names and
//! above their calls of DynamoDB. One test, for a process has one exporter. It needs the feature
//! `opentelemetry`.

#![cfg(feature = "opentelemetry")]

#[path = "opentelemetry/collector.rs"]
mod collector;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tower::{Layer, ServiceExt};
use tracing_subscriber::layer::SubscriberExt;
use weir_processor::event::Event;
use weir_telemetry::{Call, Invocations};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights::{DEFINITION, path, rows};
use weir_testing::system::{Captured, System};

use crate::collector::{Collector, Span};

const TRACE: &str = "5759e988bd862e3fe1be46a994272793";
const PARENT: &str = "53995c3f42cd8ad8";
/// The longest that a collector which is not there may cost.
const MAX_FLUSH: Duration = Duration::from_secs(10);

async fn invoke(system: &System, event: &Event, xray_header: &str) {
    let processor = Arc::new(system.processor());
    let handler = tower::service_fn(move |event: Event| {
        let processor = processor.clone();
        async move { processor.handle(event).await }
    });
    let header = xray_header.to_owned();
    let call =
        move |_: &Event| Call { request_id: "an id".to_owned(), xray_header: Some(header.clone()) };
    let service = Invocations::new(call).layer(handler);
    service.oneshot(event.clone()).await.expect("a response");
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_reach_a_collector_below_their_callers() {
    let dynamodb = TestDynamo::start().await;
    let system = System::start(&dynamodb, DEFINITION).await;
    let flights = rows(3);
    let (status, answer) = system.http.send("POST", "/batch/flight", Some(&json!(flights))).await;
    assert_eq!(status, 200, "{answer}");
    let event = Captured::read(&system).await.cut(3).remove(0);

    let collector = Collector::start();
    let layer = weir_telemetry::opentelemetry::layer("a service", Some(&collector.url));
    let subscriber = tracing_subscriber::registry().with(layer.expect("a URL"));
    tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");

    invoke(
        &system,
        &event,
        &format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={PARENT};Sampled=1"),
    )
    .await;
    // Not one moment later: Lambda may freeze the process.
    let spans = collector.spans();
    let [invocation] = named(&spans, "weir")[..] else { panic!("{spans:#?}") };
    assert!(spans.iter().all(|span| span.trace_id == TRACE && span.service == "a service"));
    assert_eq!(invocation.parent_id, PARENT);
    assert_eq!(invocation.attribute("lambda_request_id"), "an id");
    let [batch] = named(&spans, "batch")[..] else { panic!("{spans:#?}") };
    assert_eq!(batch.parent_id, invocation.id);
    let calls = named(&spans, "DynamoDB UpdateItem");
    assert_eq!(calls.len(), spans.len() - 2, "{spans:#?}");
    for call in calls {
        assert_eq!(call.parent_id, batch.id);
        assert_eq!(call.attribute("aws.dynamodb.table_names"), system.model.table.rollups_table);
        assert_eq!(call.attribute("outcome"), "ok");
    }

    invoke(
        &system,
        &event,
        &format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={PARENT};Sampled=1"),
    )
    .await;
    let spans = collector.spans();
    let again = named(&spans, "DynamoDB UpdateItem");
    assert!(!again.is_empty());
    for call in again {
        assert_eq!(call.attribute("outcome"), "ConditionalCheckFailedException");
    }

    invoke(
        &system,
        &event,
        &format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={PARENT};Sampled=0"),
    )
    .await;
    assert!(collector.spans().is_empty(), "a trace that is not kept is not exported");

    let app = weir_reader::app(
        system.table.clone(),
        system.rollups.clone(),
        weir_reader::Settings::default(),
    );
    let app = weir_http::finish(app, &weir_http::routes::reads(&system.model));
    let request =
        Request::get(path(&flights[0])).header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let request = request.body(Body::empty()).expect("a request");
    assert_eq!(app.oneshot(request).await.expect("an answer").status(), 200);
    weir_telemetry::flush().await;
    let spans = collector.spans();
    let [request] = named(&spans, "GET /flight/{origin}/{departure}/{flight_id}")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!((request.trace_id.as_str(), request.parent_id.as_str()), (TRACE, PARENT));
    assert_eq!(request.attribute("http.response.status_code"), "200");
    let [call] = named(&spans, "DynamoDB GetItem")[..] else { panic!("{spans:#?}") };
    assert_eq!(call.parent_id, request.id);
    assert_eq!(call.attribute("aws.dynamodb.table_names"), system.model.table.name);

    drop(collector);
    let begun = Instant::now();
    invoke(
        &system,
        &event,
        &format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={PARENT};Sampled=1"),
    )
    .await;
    assert!(begun.elapsed() < MAX_FLUSH, "{:?} for a collector that is gone", begun.elapsed());
}
