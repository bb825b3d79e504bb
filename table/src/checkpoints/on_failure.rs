//! On-failure records: which records an event source mapping discarded, and why.
//!
//! ```text
//! PK           @mapping#<stream label>#on-failure
//! SK           <shard id>#<sequence number>
//! attributes   as Lambda's on-failure destination gets them
//! ```
//!
//! They say where the records are, not what is in them: the stream has them for 24 hours.
//!
//! **Invariant:** the checkpoint moves past a record that was discarded in the transaction that
//! writes its on-failure record, so that nothing is lost silently and nothing is reported that a
//! later poller continues with.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use serde::{Deserialize, Serialize};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use crate::clock;

use super::{Checkpoint, Checkpoints, Error, Lease, PARTITION_PREFIX, written};

/// The version of the format, Lambda's.
const VERSION: &str = "1.0";
/// The longest sequence number, in digits: padded to it, they sort as numbers.
const SEQUENCE_NUMBER_DIGITS: usize = 40;

/// A batch that was discarded. Serializes as Lambda writes it, but for the request id and the ARN
/// of the function, of which there are none.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OnFailureRecord {
    /// Why.
    pub request_context: RequestContext,
    /// How the last invocation ended; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_context: Option<ResponseContext>,
    /// The version of this format.
    pub version: String,
    /// When, as RFC 3339 text.
    pub timestamp: String,
    /// Which records.
    #[serde(rename = "DDBStreamBatchInfo")]
    pub batch: BatchInfo,
}

/// Why a batch was discarded.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// Which limit it met.
    pub condition: Condition,
    /// How many invocations its records had.
    pub approximate_invoke_count: u32,
}

/// Which limit a batch met.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Condition {
    /// It was handed over as often as it may be.
    RetryAttemptsExhausted,
    /// It is older than it may be.
    RecordAgeExceeded,
}

/// How the last invocation ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseContext {
    /// 200: the function was reached.
    pub status_code: u16,
    /// `$LATEST`.
    pub executed_version: String,
    /// `Unhandled`, or absent where the answer named the records that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,
}

/// Where the records of a batch are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchInfo {
    /// The shard.
    pub shard_id: String,
    /// The first record.
    pub start_sequence_number: String,
    /// The last record.
    pub end_sequence_number: String,
    /// When the first record was made, as RFC 3339 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_arrival_of_first_record: Option<String>,
    /// When the last record was made, as RFC 3339 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approximate_arrival_of_last_record: Option<String>,
    /// How many records.
    pub batch_size: usize,
    /// The stream.
    pub stream_arn: String,
}

impl OnFailureRecord {
    /// A batch that is discarded now, after its last invocation ended so.
    pub fn new(
        request_context: RequestContext,
        response_context: Option<ResponseContext>,
        batch: BatchInfo,
    ) -> Self {
        OnFailureRecord {
            request_context,
            response_context,
            version: VERSION.to_owned(),
            timestamp: clock::now(),
            batch,
        }
    }
}

impl ResponseContext {
    /// An invocation that failed as a whole, or one whose answer named the records that failed.
    pub fn new(failed_as_a_whole: bool) -> Self {
        ResponseContext {
            status_code: 200,
            executed_version: "$LATEST".to_owned(),
            function_error: failed_as_a_whole.then(|| "Unhandled".to_owned()),
        }
    }
}

impl Checkpoints {
    /// Moves a checkpoint past records that were discarded, and writes which: both or neither.
    pub async fn discard(
        &self,
        lease: &Lease,
        checkpoint: &Checkpoint,
        record: &OnFailureRecord,
    ) -> Result<(), Error> {
        let action = "discarding records";
        let item = serde_dynamo::to_item::<_, serde_dynamo::Item>(record).map_err(|error| {
            Error::DynamoDb { action, table: self.table_name.clone(), reason: error.to_string() }
        })?;
        let put = Put::builder()
            .table_name(&self.table_name)
            .set_item(Some(item.into()))
            .item(ROLLUPS_PARTITION_KEY, partition(lease.label()))
            .item(ROLLUPS_SORT_KEY, AttributeValue::S(sort_key(&record.batch)))
            .build()
            .expect("table and item are given");
        let (key, expressions) = (
            self.key(lease.label(), &checkpoint.shard_id),
            written::expressions(lease.fence(), checkpoint),
        );
        let update = Update::builder()
            .table_name(&self.table_name)
            .set_key(Some(key))
            .update_expression(expressions.update)
            .condition_expression(expressions.condition)
            .set_expression_attribute_names(Some(expressions.names))
            .set_expression_attribute_values(Some(expressions.values))
            .build()
            .expect("table, key and update are given");
        let written = self
            .client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().update(update).build())
            .transact_items(TransactWriteItem::builder().put(put).build())
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(is_fenced_off) => {
                Err(Error::Lost { label: lease.label().into() })
            }
            Err(error) => Err(self.failure(action, error)),
        }
    }

    /// The batches of a stream that were discarded, by shard and in order.
    pub async fn on_failure_records(&self, label: &str) -> Result<Vec<OnFailureRecord>, Error> {
        let action = "reading on-failure records";
        let mut records = Vec::new();
        for item in self.items(partition(label), action).await? {
            let record = serde_dynamo::from_item(serde_dynamo::Item::from(item));
            records.push(record.map_err(|error| Error::DynamoDb {
                action,
                table: self.table_name.clone(),
                reason: error.to_string(),
            })?);
        }
        Ok(records)
    }
}

fn partition(label: &str) -> AttributeValue {
    AttributeValue::S(format!("{PARTITION_PREFIX}{label}#on-failure"))
}

fn sort_key(batch: &BatchInfo) -> String {
    let BatchInfo { shard_id, start_sequence_number, .. } = batch;
    format!("{shard_id}#{start_sequence_number:0>SEQUENCE_NUMBER_DIGITS$}")
}

/// Whether the checkpoint is one of a later holder of the lease.
fn is_fenced_off(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else {
        return error.code() == Some("ConditionalCheckFailedException");
    };
    let mut reasons = canceled.cancellation_reasons().iter();
    reasons.any(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// From the Lambda developer guide, "Retaining discarded records for a DynamoDB event source",
    /// without the request id and the ARN of the function.
    fn documented() -> serde_json::Value {
        let stream =
            "arn:aws:dynamodb:us-east-2:123456789012:table/mytable/stream/2019-11-14T00:04:06.388";
        json!({
            "requestContext": {
                "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1
            },
            "responseContext": {
                "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"
            },
            "version": "1.0",
            "timestamp": "2019-11-14T00:13:49.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276362",
                "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
                "approximateArrivalOfLastRecord": "2019-11-14T00:13:19Z",
                "batchSize": 1,
                "streamArn": stream
            }
        })
    }

    #[test]
    fn it_is_written_as_lambda_writes_it() {
        let record: OnFailureRecord =
            serde_json::from_value(documented()).expect("an on-failure record");
        assert_eq!(record.batch.batch_size, 1);
        let made = OnFailureRecord {
            timestamp: record.timestamp.clone(),
            ..OnFailureRecord::new(
                record.request_context.clone(),
                Some(ResponseContext::new(true)),
                record.batch.clone(),
            )
        };
        assert_eq!(serde_json::to_value(made).expect("JSON"), documented());
    }

    #[test]
    fn batches_of_a_shard_sort_by_their_first_record() {
        let key = |start: &str| {
            let record: OnFailureRecord = serde_json::from_value(documented()).expect("a record");
            sort_key(&BatchInfo { start_sequence_number: start.to_owned(), ..record.batch })
        };
        assert!(key("999999999999999999999") < key("1000000000000000000000"));
        assert!(key("1").starts_with("shardId-00000001573689847184-864758bb#0"));
    }
}
