//! The metrics that alarms and the dashboard look at: AWS's own, and the one that the processor writes.

/// A metric with one dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    /// Its namespace.
    pub(super) namespace: &'static str,
    /// Its name.
    pub(super) name: &'static str,
    /// What its values are told apart by.
    pub(super) dimension: &'static str,
}

/// How many updates were parked, by the name of the table of items, as the processor writes it in its log (in CloudWatch's
/// embedded metric format).
pub(super) const PARKED_UPDATES: Metric =
    Metric { namespace: "Weir", name: "parked_updates", dimension: "table" };

impl Metric {
    /// A metric of a function.
    pub(super) const fn lambda(name: &'static str) -> Self {
        Self { namespace: "AWS/Lambda", name, dimension: "FunctionName" }
    }

    /// A metric of an event source mapping that counts events.
    pub(super) const fn mapping(name: &'static str) -> Self {
        Self { namespace: "AWS/Lambda", name, dimension: "EventSourceMappingUUID" }
    }

    /// A metric of a queue.
    pub(super) const fn queue(name: &'static str) -> Self {
        Self { namespace: "AWS/SQS", name, dimension: "QueueName" }
    }

    /// A metric of a table.
    pub(super) const fn table(name: &'static str) -> Self {
        Self { namespace: "AWS/DynamoDB", name, dimension: "TableName" }
    }

    /// A metric of an HTTP API.
    pub(super) const fn api(name: &'static str) -> Self {
        Self { namespace: "AWS/ApiGateway", name, dimension: "ApiId" }
    }
}
