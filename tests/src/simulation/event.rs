//! The JSON between Lambda's event source mapping and the function, as Lambda writes and reads it.
//!
//! Written and read here without the product's types: what the function takes for an event, and
//! what it answers, is what is tested.

use serde_json::{Value, json};

use super::dice::Dice;
use super::source::{ARN, Record};

/// A window as events name it. Nothing is kept in it.
const WINDOW: (&str, &str) = ("2026-05-01T00:00:00Z", "2026-05-01T00:15:00Z");
/// So often the aggregate that comes back is not empty, as from an earlier version of a function.
const STATE_PER_MILLE: u32 = 50;
/// So often an event closes its window though it has records.
const FINAL_PER_MILLE: u32 = 100;
/// So often a final event without records has no list of records either.
const NO_LIST_PER_MILLE: u32 = 500;

/// How much of a batch an answer says was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of it.
    Handled,
    /// The records before this place.
    Before(usize),
}

/// Returns the event of a batch.
pub(crate) fn event(shard_id: &str, records: &[Record], dice: &mut Dice) -> Vec<u8> {
    let records: Vec<_> = records.iter().map(lambda_record).collect();
    let is_final = dice.happens(FINAL_PER_MILLE);
    envelope(shard_id, Some(records), is_final, dice)
}

/// Returns the event that closes a window, without records.
pub(crate) fn final_event(shard_id: &str, dice: &mut Dice) -> Vec<u8> {
    let records = if dice.happens(NO_LIST_PER_MILLE) { None } else { Some(Vec::new()) };
    envelope(shard_id, records, true, dice)
}

/// Returns the meaning of an answer for Lambda, with `ReportBatchItemFailures` and a tumbling
/// window. An error is a broken contract, which Lambda would take for a failed batch.
pub(crate) fn verdict(answer: &[u8], records: &[Record]) -> Result<Verdict, String> {
    let text = || String::from_utf8_lossy(answer).into_owned();
    let answer: Value = serde_json::from_slice(answer).map_err(|_| text())?;
    if !answer["state"].is_object() {
        return Err(format!("the answer has no state: {answer}"));
    }
    let failures = answer["batchItemFailures"].as_array().cloned().unwrap_or_default();
    let mut lowest: Option<usize> = None;
    for failure in &failures {
        let failed = failure["itemIdentifier"].as_str().unwrap_or_default();
        let place = records.iter().position(|record| record.sequence_number == failed);
        let place =
            place.ok_or_else(|| format!("the answer names {failed:?}, not of its batch"))?;
        lowest = Some(lowest.map_or(place, |lowest| lowest.min(place)));
    }
    Ok(lowest.map_or(Verdict::Handled, Verdict::Before))
}

fn envelope(
    shard_id: &str,
    records: Option<Vec<Value>>,
    is_final: bool,
    dice: &mut Dice,
) -> Vec<u8> {
    let (start, end) = WINDOW;
    let state = if dice.happens(STATE_PER_MILLE) { json!({ "sales": 7 }) } else { json!({}) };
    let mut event = json!({
        "window": { "start": start, "end": end },
        "state": state,
        "shardId": shard_id,
        "eventSourceARN": ARN,
        "isFinalInvokeForWindow": is_final,
        "isWindowTerminatedEarly": false,
    });
    if let Some(records) = records {
        event["Records"] = records.into();
    }
    event.to_string().into_bytes()
}

/// Returns the part of a record that DynamoDB wrote, as the Streams API and Lambda both have it.
pub(crate) fn stream_record(record: &Record) -> Value {
    let mut written = record.images.clone();
    written["ApproximateCreationDateTime"] = json!(record.seconds as f64);
    written["SequenceNumber"] = json!(record.sequence_number);
    written["SizeBytes"] = json!(record.images.to_string().len());
    written["StreamViewType"] = json!("NEW_AND_OLD_IMAGES");
    written
}

fn lambda_record(record: &Record) -> Value {
    let mut lambda = json!({
        "eventID": record.event_id,
        "eventName": record.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": stream_record(record),
        "eventSourceARN": ARN,
    });
    if record.is_expiry {
        lambda["userIdentity"] =
            json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    }
    lambda
}
