//! A dashboard: how far the rollups are behind, what the functions and the API do, what the tables
//! take.

use serde_json::{Value, json};
use weir_telemetry::metrics::{
    UPDATES_ABSORBED, UPDATES_DUPLICATE, UPDATES_FAILED, UPDATES_REFOLDED,
};

use super::function::Function;
use super::intrinsics::substituted;
use super::logical_ids::{API, MAPPING, QUEUE, ROLLUPS};
use super::metrics::{Metric, PARKED_UPDATES};
use super::resources::{Options, Resources};

/// The size of a widget on CloudWatch's grid, which is 24 wide.
const WIDTH: usize = 8;
const HEIGHT: usize = 6;
const WIDGETS_IN_A_ROW: usize = 3;
/// The seconds of a point.
const PERIOD_S: u32 = 60;

/// A graph: a title, a statistic, and the metrics with the resource that each is of.
struct Graph {
    title: &'static str,
    statistic: &'static str,
    metrics: Vec<(Metric, String)>,
}

/// Adds the dashboard.
pub(super) fn add(resources: &mut Resources, options: &Options) {
    let widgets: Vec<Value> =
        graphs(options).iter().enumerate().map(|(place, graph)| graph.widget(place)).collect();
    let body = json!({ "widgets": widgets }).to_string();
    resources.add(
        "Dashboard",
        json!({
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": { "DashboardBody": substituted(body) },
        }),
    );
}

fn graphs(options: &Options) -> Vec<Graph> {
    let graph = |title, statistic, metrics| Graph { title, statistic, metrics };
    let processor = placeholder(Function::Processor.logical_id());
    let each = |metric: &'static str| {
        let functions = options.functions().iter();
        functions
            .map(|function| (Metric::lambda(metric), placeholder(function.logical_id())))
            .collect()
    };
    let mapped = |names: &[&'static str]| {
        names.iter().map(|name| (Metric::mapping(name), placeholder(MAPPING))).collect::<Vec<_>>()
    };
    let on_tables = |name: &'static str| {
        let tables = [options.table_placeholder(), placeholder(ROLLUPS)];
        tables.map(|table| (Metric::table(name), table)).to_vec()
    };
    let wrong = vec![
        (PARKED_UPDATES, options.table_placeholder()),
        (Metric::mapping("DroppedEventCount"), placeholder(MAPPING)),
        (Metric::queue("ApproximateNumberOfMessagesVisible"), format!("${{{QUEUE}.QueueName}}")),
    ];
    let asked = ["Count", "4xx", "5xx"].map(|name| (Metric::api(name), placeholder(API))).to_vec();
    let updates = [&UPDATES_ABSORBED, &UPDATES_REFOLDED, &UPDATES_DUPLICATE, &UPDATES_FAILED];
    let of_table = |metric| (Metric::processor(metric), options.table_placeholder());
    let updates = updates.map(of_table).to_vec();
    let events = mapped(&["PolledEventCount", "FilteredOutEventCount", "InvokedEventCount"]);
    vec![
        graph(
            "How far the rollups are behind (ms)",
            "Maximum",
            vec![(Metric::lambda("IteratorAge"), processor)],
        ),
        graph("Records read, filtered out, processed", "Sum", events),
        graph("What makes rollups wrong", "Sum", wrong),
        graph("Requests", "Sum", asked),
        graph("Latency (ms)", "p99", vec![(Metric::api("Latency"), placeholder(API))]),
        graph("Duration (ms)", "p99", each("Duration")),
        graph("Errors", "Sum", each("Errors")),
        graph("Write units", "Sum", on_tables("ConsumedWriteCapacityUnits")),
        graph("Read units", "Sum", on_tables("ConsumedReadCapacityUnits")),
        graph("Updates of rollup items", "Sum", updates),
    ]
}

/// Returns the reference to a resource in the body of the dashboard.
fn placeholder(resource: &str) -> String {
    format!("${{{resource}}}")
}

impl Graph {
    fn widget(&self, place: usize) -> Value {
        let metric = |(metric, of): &(Metric, String)| {
            json!([metric.namespace, metric.name, metric.dimension, of])
        };
        json!({
            "type": "metric",
            "x": place % WIDGETS_IN_A_ROW * WIDTH,
            "y": place / WIDGETS_IN_A_ROW * HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {
                "title": self.title,
                "region": "${AWS::Region}",
                "stat": self.statistic,
                "period": PERIOD_S,
                "metrics": self.metrics.iter().map(metric).collect::<Value>(),
            },
        })
    }
}
