//! One invocation, settled: an event's optional fields become a shard and changes, or an error that
//! says what to fix.
//!
//! **Invariant:** an [`Invocation`] has a shard, and every record of it has the
//! images that its kind of change must have.

use thiserror::Error;
use weir_model::{Item, Model};
use weir_rollups::sequence::NotASequenceNumber;
use weir_rollups::watermark::UNKNOWN_SECONDS;
use weir_rollups::{Change, Image, SequenceNumber, Watermark};
use weir_table::ShardId;

use crate::event::{Event, Record, UserIdentity};

/// The records of one shard that one invocation brings.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The shard.
    pub shard: ShardId,
    /// The changes, in the order they were delivered.
    pub changes: Vec<StreamChange>,
}

/// A change, with what the stream says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamChange {
    /// The change.
    pub change: Change,
    /// The same whenever the record is delivered: the idempotency key for what a reactor does.
    pub event_id: String,
    /// The sequence number, letter by letter as it was delivered, for batch item failures.
    pub sequence_text: String,
}

/// An event that cannot be handled as it is. Delivering it again will not help; changing the
/// mapping will.
#[derive(Debug, Error)]
pub enum InvocationError {
    /// No shard id.
    #[error(
        "the event has no `shardId`, without which nothing can be counted exactly once; set \
         TumblingWindowInSeconds on the event source mapping (and leave ParallelizationFactor at 1)"
    )]
    NoShard,
    /// No stream.
    #[error("the event has no `eventSourceARN` of a stream, found {0:?}")]
    NoStream(Option<String>),
    /// A record without the image its kind must have.
    #[error(
        "the {event_name} record {sequence_number} has no {image}; the stream must have the view \
         type NEW_AND_OLD_IMAGES"
    )]
    NoImage {
        /// The kind of record.
        event_name: String,
        /// Its sequence number.
        sequence_number: String,
        /// The image.
        image: &'static str,
    },
    /// A record of no known kind.
    #[error(
        "the record {sequence_number} has the event name `{event_name}`; expected INSERT, MODIFY \
         or REMOVE"
    )]
    EventName {
        /// The kind of record.
        event_name: String,
        /// Its sequence number.
        sequence_number: String,
    },
    /// A record without a sequence number.
    #[error(transparent)]
    SequenceNumber(#[from] NotASequenceNumber),
}

impl Invocation {
    /// Returns the sequence numbers and times of the records, in the order they were delivered.
    pub(crate) fn watermarks(&self) -> Vec<Watermark> {
        let changes = self.changes.iter().map(|record| &record.change);
        changes.map(|&Change { sequence, seconds, .. }| Watermark { sequence, seconds }).collect()
    }

    /// The same without the changes of rollup items that are kept in the table of items: what the
    /// processor itself has written concerns no rollup and no reactor.
    #[must_use]
    pub fn without_rollup_items(mut self, model: &Model) -> Self {
        self.changes.retain(|StreamChange { change, .. }| {
            let mut images = change.image.old_image().into_iter().chain(change.image.new_image());
            !images.all(|image| model.is_rollup_item(image))
        });
        self
    }
}

impl TryFrom<Event> for Invocation {
    type Error = InvocationError;

    fn try_from(event: Event) -> Result<Self, Self::Error> {
        let id =
            event.shard_id.filter(|shard| !shard.is_empty()).ok_or(InvocationError::NoShard)?;
        let label = event.event_source_arn.as_deref().and_then(|arn| arn.rsplit_once("/stream/"));
        let stream_label = match label {
            Some((_, label)) if !label.is_empty() && !label.contains('/') => label.to_owned(),
            _ => return Err(InvocationError::NoStream(event.event_source_arn)),
        };
        let changes =
            event.records.into_iter().map(StreamChange::try_from).collect::<Result<_, _>>()?;
        Ok(Self { shard: ShardId { stream_label, id }, changes })
    }
}

impl TryFrom<Record> for StreamChange {
    type Error = InvocationError;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let sequence_text = record.dynamodb.sequence_number;
        let sequence: SequenceNumber = sequence_text.parse()?;
        let without = |image: &'static str| {
            let (event_name, sequence_number) = (record.event_name.clone(), sequence_text.clone());
            move || InvocationError::NoImage { event_name, sequence_number, image }
        };
        let new = |image: Option<Item>| image.ok_or_else(without("NewImage"));
        let old = |image: Option<Item>| image.ok_or_else(without("OldImage"));
        let (new_image, old_image) = (record.dynamodb.new_image, record.dynamodb.old_image);
        let image = match record.event_name.as_str() {
            "INSERT" => Image::Insert { new: new(new_image)? },
            "MODIFY" => Image::Modify { old: old(old_image)?, new: new(new_image)? },
            "REMOVE" => Image::Remove {
                old: old(old_image)?,
                expired: record.user_identity == Some(UserIdentity::time_to_live()),
            },
            _ => {
                let event_name = record.event_name;
                return Err(InvocationError::EventName {
                    event_name,
                    sequence_number: sequence_text,
                });
            }
        };
        let seconds = seconds(record.dynamodb.approximate_creation_date_time);
        let change = Change { sequence, seconds, image };
        Ok(Self { change, event_id: record.event_id, sequence_text })
    }
}

/// The record's time, unless it is absent or beyond the calendar.
pub(crate) fn seconds(creation: Option<i64>) -> u32 {
    creation.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(UNKNOWN_SECONDS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settle(event: serde_json::Value) -> Result<Invocation, InvocationError> {
        serde_json::from_value::<Event>(event).expect("an event").try_into()
    }

    fn event(record: serde_json::Value) -> serde_json::Value {
        let stream = "arn:aws:dynamodb:r:1:table/t/stream/2026";
        json!({"shardId": "shardId-1", "eventSourceARN": stream, "Records": [record]})
    }

    #[test]
    fn an_event_without_a_shard_names_the_setting_to_change() {
        let error =
            settle(json!({"Records": [], "eventSourceARN": "a/stream/b"})).expect_err("no shard");
        assert!(error.to_string().contains("TumblingWindowInSeconds"), "{error}");
    }

    #[test]
    fn an_event_of_no_stream_is_refused() {
        for arn in
            [json!(null), json!("arn:aws:sqs:r:1:queue"), json!("a/stream/"), json!("a/stream/b/c")]
        {
            let error =
                settle(json!({"shardId": "s", "eventSourceARN": arn})).expect_err("no stream");
            assert!(matches!(error, InvocationError::NoStream(_)), "{error}");
        }
    }

    #[test]
    fn a_record_without_its_image_names_the_view_type() {
        let dynamodb = json!({"SequenceNumber": "1", "NewImage": {}});
        let record = json!({"eventID": "1", "eventName": "MODIFY", "dynamodb": dynamodb});
        let error = settle(event(record)).expect_err("no old image");
        assert!(
            error.to_string().contains("OldImage")
                && error.to_string().contains("NEW_AND_OLD_IMAGES"),
            "{error}"
        );
    }

    #[test]
    fn an_expiry_is_told_from_a_deletion() {
        let removal = |identity: serde_json::Value| {
            let dynamodb = json!({"SequenceNumber": "1", "OldImage": {}});
            event(json!({
                "eventID": "1",
                "eventName": "REMOVE",
                "userIdentity": identity,
                "dynamodb": dynamodb,
            }))
        };
        let expired =
            |identity| match &settle(removal(identity)).expect("settled").changes[0].change.image {
                Image::Remove { expired, .. } => *expired,
                other => panic!("{other:?}"),
            };
        assert!(expired(json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"})));
        assert!(!expired(json!(null)));
        assert!(!expired(json!({"type": "AssumedRole", "principalId": "x"})));
    }

    #[test]
    fn changes_of_rollup_items_are_left_out_and_no_others() {
        let model: Model = "[table]\nname = \"shop\"\n[entities.order]\nPK = \"O#{id}\"\n\
                            SK = \"O\"\n[entities.order.attributes]\n\
                            id = { type = \"string\", required = true }\n"
            .parse()
            .unwrap_or_else(|error| panic!("{error:?}"));
        let (rollup, order, none) =
            (json!({"_et": {"S": "@rollup"}}), json!({"_et": {"S": "order"}}), json!({}));
        let cases = [
            (json!({"NewImage": rollup}), "INSERT", 0),
            (json!({"OldImage": rollup, "NewImage": rollup}), "MODIFY", 0),
            (json!({"OldImage": rollup}), "REMOVE", 0),
            (json!({"NewImage": order}), "INSERT", 1),
            (json!({"OldImage": none}), "REMOVE", 1),
            // A client has put another item in its place.
            (json!({"OldImage": rollup, "NewImage": order}), "MODIFY", 1),
            (json!({"OldImage": order, "NewImage": rollup}), "MODIFY", 1),
        ];
        for (mut images, name, expected) in cases {
            images["SequenceNumber"] = json!("1");
            let record = json!({"eventID": "1", "eventName": name, "dynamodb": images});
            let settled = settle(event(record)).expect("settled").without_rollup_items(&model);
            assert_eq!(settled.changes.len(), expected, "{images}");
        }
    }

    #[test]
    fn a_record_without_a_time_is_never_taken_for_an_old_one() {
        let dynamodb = json!({"SequenceNumber": "1", "NewImage": {}});
        let record = json!({"eventID": "1", "eventName": "INSERT", "dynamodb": dynamodb});
        assert_eq!(
            settle(event(record)).expect("settled").changes[0].change.seconds,
            UNKNOWN_SECONDS
        );
    }
}
