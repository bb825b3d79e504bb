//! Alarms: the conditions that an operator should look into, each with its meaning.
//!
//! | alarm | says |
//! |---|---|
//! | iterator age | rollups are behind their table |
//! | errors, throttles, of each function | invocations failed, or were refused |
//! | dropped events | the mapping gave records up: rollups are wrong |
//! | on-failure queue | which records those were |
//! | parked updates | a rollup item refused an update: it is wrong |
//! | unread changes | the table is written, and nothing of it is read |
//!
//! **Invariant:** a stack in which nothing happens is in no alarm: missing data is not a breach.

use serde_json::{Value, json};

use super::function::{Function, PROCESSOR_TIMEOUT_S};
use super::intrinsics::{attribute, only_if, reference};
use super::logical_ids::{MAPPING, QUEUE};
use super::metrics::{Metric, PARKED_UPDATES};
use super::parameters::{ITERATOR_AGE, TOPIC, when};
use super::resources::{Options, Resources};

/// How often most metrics are looked at, in seconds.
const PERIOD_S: u32 = 300;
/// In how many of how many periods the iterator age must be too great. An invocation may take a
/// whole period until it times out, and is retried after a pause: not every period has an age.
const AGE_PERIODS_TOO_GREAT: u32 = 2;
const AGE_PERIODS: u32 = 4;
const _: () =
    assert!(PERIOD_S >= PROCESSOR_TIMEOUT_S, "else periods of a slow processor have no age");
/// For how long a table may be written and not read: twice this, so that what is written at the end
/// of a period is not an alarm.
const UNREAD_PERIOD_S: u32 = 900;
const UNREAD_PERIODS: u32 = 2;

/// The condition under which a metric raises an alarm.
struct Alarm {
    description: String,
    metric: Metric,
    dimension: Value,
    statistic: &'static str,
    period_s: u32,
    periods: u32,
    too_many: u32,
    above: Value,
}

impl Alarm {
    /// Returns an alarm whenever there is one of something.
    fn any(metric: Metric, dimension: Value, description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            metric,
            dimension,
            statistic: "Sum",
            period_s: PERIOD_S,
            periods: 1,
            too_many: 1,
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
                "DatapointsToAlarm": self.too_many,
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
pub(super) fn add(resources: &mut Resources, options: &Options) {
    resources.add("IteratorAgeAlarm", iterator_age().resource());
    for function in options.functions() {
        let (name, id) = (function.program(), function.logical_id());
        let failed = format!("invocations of the {name} failed: see its log");
        let errors = Alarm::any(Metric::lambda("Errors"), reference(id), failed);
        resources.add(&format!("{id}ErrorsAlarm"), errors.resource());
        let refused = format!("invocations of the {name} were refused: raise its concurrency");
        let throttles = Alarm::any(Metric::lambda("Throttles"), reference(id), refused);
        resources.add(&format!("{id}ThrottlesAlarm"), throttles.resource());
    }
    let dropped = "records expired before they were processed: the rollups are wrong until they \
                   are recounted";
    let dropped = Alarm::any(Metric::mapping("DroppedEventCount"), reference(MAPPING), dropped);
    resources.add("DroppedEventsAlarm", dropped.resource());
    resources.add("OnFailureQueueAlarm", queue().resource());
    let parked = "a rollup item refused an update: it is wrong until it is recounted; the \
                  processor's log says why";
    let parked = Alarm::any(PARKED_UPDATES, options.table_name(), parked);
    resources.add("ParkedUpdatesAlarm", parked.resource());
    resources.add("UnreadChangesAlarm", unread(options));
}

fn iterator_age() -> Alarm {
    let behind = "the rollups are behind their table; after 24 hours changes would be lost: see \
                  the processor's log";
    Alarm {
        statistic: "Maximum",
        periods: AGE_PERIODS,
        too_many: AGE_PERIODS_TOO_GREAT,
        above: reference(ITERATOR_AGE),
        ..Alarm::any(
            Metric::lambda("IteratorAge"),
            reference(Function::Processor.logical_id()),
            behind,
        )
    }
}

/// That the table is written and its stream not read, as by a mapping that is off: all else is
/// silent then, and missing data is not a breach. It looks at what the mapping polled, not at
/// invocations, for filters may leave nothing to invoke with.
fn unread(options: &Options) -> Value {
    let unread = "the table is written and none of its changes is read: see whether the mapping \
                  is enabled, and what it says";
    let sum = |id: &str, metric: Metric, dimension: Value| {
        json!({
            "Id": id,
            "ReturnData": false,
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{ "Name": metric.dimension, "Value": dimension }],
                },
                "Period": UNREAD_PERIOD_S,
                "Stat": "Sum",
            },
        })
    };
    let written = sum("written", Metric::table("ConsumedWriteCapacityUnits"), options.table_name());
    let polled = sum("polled", Metric::mapping("PolledEventCount"), reference(MAPPING));
    let verdict = json!({
        "Id": "unread",
        "Expression": "IF(FILL(written, 0) > 0 AND FILL(polled, 0) == 0, 1, 0)",
        "Label": "written and not read",
        "ReturnData": true,
    });
    let actions = only_if(when::TOPIC, json!([reference(TOPIC)]));
    json!({
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": unread,
            "Metrics": [verdict, written, polled],
            "EvaluationPeriods": UNREAD_PERIODS,
            "DatapointsToAlarm": UNREAD_PERIODS,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
            "AlarmActions": actions,
            "OKActions": actions,
        },
    })
}

fn queue() -> Alarm {
    let waiting = "the queue names records that were never processed: the rollups are wrong until \
                   they are recounted";
    let metric = Metric::queue("ApproximateNumberOfMessagesVisible");
    Alarm { statistic: "Maximum", ..Alarm::any(metric, attribute(QUEUE, "QueueName"), waiting) }
}
