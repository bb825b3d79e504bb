//! The metrics that alarms and the dashboard look at: AWS's own, and those that the processor
//! writes.

use weir_telemetry::metrics::{NAMESPACE, TABLE, UPDATES_PARKED};

/// A metric with one dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    /// Its namespace.
    pub(super) namespace: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// The dimension that its values have.
    pub(super) dimension: &'static str,
}

/// How many updates were parked, by the name of the table of items.
pub(super) const PARKED_UPDATES: Metric = Metric::processor(&UPDATES_PARKED);

impl Metric {
    /// Returns a metric that the processor writes into its log, in CloudWatch's embedded metric
    /// format, and that has no dimension but the table.
    pub(super) const fn processor(metric: &weir_telemetry::metrics::Metric) -> Self {
        assert!(
            metric.dimensions.is_empty(),
            "an alarm looks at one metric, not at one for each value"
        );
        Self { namespace: NAMESPACE, name: metric.cloudwatch, dimension: TABLE }
    }

    /// Returns a metric of a function.
    pub(super) const fn lambda(name: &'static str) -> Self {
        Self { namespace: "AWS/Lambda", name, dimension: "FunctionName" }
    }

    /// Returns a metric of an event source mapping that counts events.
    pub(super) const fn mapping(name: &'static str) -> Self {
        Self { namespace: "AWS/Lambda", name, dimension: "EventSourceMappingUUID" }
    }

    /// Returns a metric of a queue.
    pub(super) const fn queue(name: &'static str) -> Self {
        Self { namespace: "AWS/SQS", name, dimension: "QueueName" }
    }

    /// Returns a metric of a table.
    pub(super) const fn table(name: &'static str) -> Self {
        Self { namespace: "AWS/DynamoDB", name, dimension: "TableName" }
    }

    /// Returns a metric of an HTTP API.
    pub(super) const fn api(name: &'static str) -> Self {
        Self { namespace: "AWS/ApiGateway", name, dimension: "ApiId" }
    }
}
