//! The event source mapping between the table's stream and the processor, and the queue of what it
//! gave up.
//!
//! | setting | is | because |
//! |---|---|---|
//! | `TumblingWindowInSeconds` | 900, the longest | only then do events name their shard; nothing is kept in the window |
//! | `ParallelizationFactor` | 1 | more would break the order within a shard |
//! | `FunctionResponseTypes` | `ReportBatchItemFailures` | what failed comes again, from the first of it on |
//! | `StartingPosition` | `TRIM_HORIZON` | `LATEST` misses what is written while the mapping is made |
//! | `MaximumRetryAttempts`, `MaximumRecordAgeInSeconds` | −1 | nothing is skipped while the stream has it |
//! | `BisectBatchOnFunctionError` | true | a batch that is too much for one invocation is halved |
//! | `FilterCriteria` | see [`filter`](super::filter) | what concerns no rollup invokes nothing |
//!
//! **Invariant:** nothing but the stream's own retention of 24 hours makes the mapping give a
//! record up; what it gave up is named in the queue, and an alarm says so.

use serde_json::{Value, json};
use weir_model::Model;
use weir_processor::mapping::MAX_TUMBLING_WINDOW_SECS;

use super::filter;
use super::function::Function;
use super::intrinsics::{attribute, either, only_if, reference};
use super::logical_ids::{MAPPING, QUEUE};
use super::metadata::{answered, expendable};
use super::parameters::{BATCH_SIZE, BATCHING_WINDOW, KMS_KEY, when};
use super::resources::{Filters, Options, Resources};

/// The longest that SQS keeps a message: 14 days.
const QUEUE_RETENTION_S: u32 = 14 * 24 * 60 * 60;
/// Lambda's value for no limit.
const UNLIMITED: i64 = -1;

/// Adds the mapping and its queue.
pub(super) fn add(resources: &mut Resources, model: &Model, options: &Options) {
    resources.add(QUEUE, queue());
    let filters = match &options.filters {
        Filters::Definition => filter::patterns(model),
        Filters::Widened(counted) => filter::widened_patterns(model, counted),
        Filters::None => filter::of_items(model),
    };
    resources.add(MAPPING, mapping(&filters, options));
}

fn queue() -> Value {
    let queue = json!({
        "Type": "AWS::SQS::Queue",
        "Properties": {
            // A queue has one of the two.
            "SqsManagedSseEnabled": either(when::KEY, json!(false), json!(true)),
            "KmsMasterKeyId": only_if(when::KEY, reference(KMS_KEY)),
            "MessageRetentionPeriod": QUEUE_RETENTION_S,
        },
    });
    answered(
        expendable(queue),
        &[("CKV_AWS_27", "encrypted with keys that SQS keeps, or with KmsKeyArn")],
    )
}

fn mapping(filters: &[Value], options: &Options) -> Value {
    let mut properties = json!({
        "EventSourceArn": options.stream_arn(),
        "FunctionName": reference(Function::Processor.logical_id()),
        "Enabled": true,
        "StartingPosition": "TRIM_HORIZON",
        "TumblingWindowInSeconds": MAX_TUMBLING_WINDOW_SECS,
        "ParallelizationFactor": 1,
        "BatchSize": reference(BATCH_SIZE),
        "MaximumBatchingWindowInSeconds": reference(BATCHING_WINDOW),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": true,
        "MaximumRetryAttempts": UNLIMITED,
        "MaximumRecordAgeInSeconds": UNLIMITED,
        "DestinationConfig": { "OnFailure": { "Destination": attribute(QUEUE, "Arn") } },
        "MetricsConfig": { "Metrics": ["EventCount"] },
    });
    if !filters.is_empty() {
        let filter = |pattern: &Value| json!({ "Pattern": pattern.to_string() });
        properties["FilterCriteria"] =
            json!({ "Filters": filters.iter().map(filter).collect::<Value>() });
    }
    json!({ "Type": "AWS::Lambda::EventSourceMapping", "Properties": properties })
}
