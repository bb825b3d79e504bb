//! Alarms: what somebody should look into, each with what it means.
//!
//! | alarm | says |
//! |---|---|
//! | iterator age | rollups are behind their table |
//! | errors, throttles, of each function | invocations failed, or were refused |
//! | dropped events | the mapping gave records up: rollups are wrong |
//! | on-failure queue | which records those were |
//! | parked updates | a rollup item refused an update: it is wrong |
//!
//! **Invariant:** a stack in which nothing happens is in no alarm: missing data is no breach.

use serde_json::{Value, json};

use super::functions::Function;
use super::intrinsics::{attribute, only_if, reference};
use super::mapping::{MAPPING, QUEUE};
use super::metrics::{Metric, PARKED_UPDATES};
use super::parameters::{ITERATOR_AGE, TOPIC, when};
use super::tables::TABLE;
use super::template::Resources;

/// How often most metrics are looked at, in seconds.
const PERIOD_S: u32 = 300;
/// How often the iterator age is, which grows while it is looked at.
const AGE_PERIOD_S: u32 = 60;
/// For how many of those the age must be too great.
const AGE_PERIODS: u32 = 5;

/// What is alarming about a metric.
struct Alarm {
    description: String,
    metric: Metric,
    dimension: Value,
    statistic: &'static str,
    period_s: u32,
    periods: u32,
    above: Value,
}

impl Alarm {
    /// An alarm whenever there is one of something.
    fn any(metric: Metric, dimension: Value, description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            metric,
            dimension,
            statistic: "Sum",
            period_s: PERIOD_S,
            periods: 1,
            above: json!(0),
        }
    }

    fn resource(&self) -> Value {
        let actions = only_if(when::TOPIC, json!([reference(TOPIC)]));
        json!({
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": self.description,
                "Namespace": self.metric.namespace,
                "MetricName": self.metric.name,
                "Dimensions": [{ "Name": self.metric.dimension, "Value": self.dimension }],
                "Statistic": self.statistic,
                "Period": self.period_s,
                "EvaluationPeriods": self.periods,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": self.above,
                "TreatMissingData": "notBreaching",
                "AlarmActions": actions,
                "OKActions": actions,
            },
        })
    }
}

/// Adds every alarm.
pub(super) fn add(resources: &mut Resources) {
    resources.add("IteratorAgeAlarm", iterator_age().resource());
    for function in Function::EVERY {
        let (name, id) = (function.crate_name(), function.logical_id());
        let failed = format!("invocations of the {name} failed: see its log");
        let errors = Alarm::any(Metric::lambda("Errors"), reference(id), failed);
        resources.add(&format!("{id}ErrorsAlarm"), errors.resource());
        let refused = format!("invocations of the {name} were refused: raise its concurrency");
        let throttles = Alarm::any(Metric::lambda("Throttles"), reference(id), refused);
        resources.add(&format!("{id}ThrottlesAlarm"), throttles.resource());
    }
    let dropped = "records expired before they were processed: the rollups are wrong until they are recounted";
    let dropped = Alarm::any(Metric::mapping("DroppedEventCount"), reference(MAPPING), dropped);
    resources.add("DroppedEventsAlarm", dropped.resource());
    resources.add("OnFailureQueueAlarm", queue().resource());
    let parked = "a rollup item refused an update: it is wrong until it is recounted; the processor's log says why";
    let parked = Alarm::any(PARKED_UPDATES, reference(TABLE), parked);
    resources.add("ParkedUpdatesAlarm", parked.resource());
}

fn iterator_age() -> Alarm {
    let behind = "the rollups are behind their table; after 24 hours changes would be lost: see the processor's log";
    Alarm {
        statistic: "Maximum",
        period_s: AGE_PERIOD_S,
        periods: AGE_PERIODS,
        above: reference(ITERATOR_AGE),
        ..Alarm::any(
            Metric::lambda("IteratorAge"),
            reference(Function::Processor.logical_id()),
            behind,
        )
    }
}

fn queue() -> Alarm {
    let waiting = "the queue names records that were never processed: the rollups are wrong until they are recounted";
    let metric = Metric::queue("ApproximateNumberOfMessagesVisible");
    Alarm { statistic: "Maximum", ..Alarm::any(metric, attribute(QUEUE, "QueueName"), waiting) }
}
