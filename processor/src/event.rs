//! The Lambda event of a DynamoDB stream with a tumbling window, as it is on the wire.
//!
//! ```text
//! { Records: [ … ], shardId, eventSourceARN, window: { start, end }, state: {},
//!   isFinalInvokeForWindow, isWindowTerminatedEarly }
//! ```
//!
//! The local event source mapping writes this JSON and the handler reads it, on Lambda and off it.
//! These types mirror what AWS sends and settle nothing: an event without a shard id is read here
//! and refused by the handler. They are our own because the published ones drop `shardId`, or
//! refuse an event without `Records`, or misread a fractional time.
//!
//! **Invariant:** whatever Lambda may leave out, send as `null`, or put into `state`, an event is
//! read.

mod response;

pub use response::{BatchItemFailure, Response};

use serde::de::{Deserializer, IgnoredAny};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;
use serde_json::Value;

/// The units that a time may count in: seconds, milliseconds, microseconds, nanoseconds.
const UNITS_OF_A_SECOND: [f64; 4] = [1.0, 1e3, 1e6, 1e9];
/// The last second since the epoch that a time is taken for, in the year 2106: the largest `u32`.
const LAST_SECOND: f64 = 4_294_967_295.0;

/// One invocation: stream records of one shard, in order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The records; a final invocation for a window may have none.
    #[serde(rename = "Records", default, deserialize_with = "or_default")]
    pub records: Vec<Record>,
    /// The shard they come from. Lambda sends it only when the event source mapping has a tumbling
    /// window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_id: Option<String>,
    /// The ARN of the stream; its last path segment is the stream label.
    #[serde(rename = "eventSourceARN", default, skip_serializing_if = "Option::is_none")]
    pub event_source_arn: Option<String>,
    /// The tumbling window that the records fall into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The aggregate that Lambda carries through a window. Weir keeps none.
    #[serde(default)]
    pub state: State,
    /// Whether this invocation closes the window.
    #[serde(default, deserialize_with = "or_default")]
    pub is_final_invoke_for_window: bool,
    /// Whether Lambda closed the window because its state grew beyond 1 MB.
    #[serde(default, deserialize_with = "or_default")]
    pub is_window_terminated_early: bool,
}

/// The bounds of a tumbling window, RFC 3339 text as Lambda writes it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Window {
    /// The first instant of the window.
    pub start: String,
    /// The first instant after it.
    pub end: String,
}

/// The window's state: read as anything, written as `{}`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct State;

/// One change of one item.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Names the record: the same whenever it is delivered.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub event_name: String,
    /// The version of the record's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_version: Option<String>,
    /// `aws:dynamodb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source: Option<String>,
    /// The region that served the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_region: Option<String>,
    /// The change itself.
    pub dynamodb: StreamRecord,
    /// The service that made the change, if one did: DynamoDB itself, for an item that expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_identity: Option<UserIdentity>,
    /// The ARN of the stream.
    #[serde(rename = "eventSourceARN", default, skip_serializing_if = "Option::is_none")]
    pub event_source_arn: Option<String>,
}

/// The part of a record that DynamoDB wrote.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StreamRecord {
    /// When the change was made, in whole seconds since the epoch, rounded down. `None` where the
    /// record has no time, or none that can be read.
    #[serde(default, deserialize_with = "whole_seconds", skip_serializing_if = "Option::is_none")]
    pub approximate_creation_date_time: Option<i64>,
    /// The key attributes of the item.
    #[serde(default, deserialize_with = "or_default")]
    pub keys: Item,
    /// The item after the change, where the stream's view type has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_image: Option<Item>,
    /// The item before the change, where the stream's view type has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_image: Option<Item>,
    /// The place of the record in its shard: 21 to 40 decimal digits, comparable as numbers and
    /// within a shard only.
    pub sequence_number: String,
    /// The size of keys and images in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<i64>,
    /// `NEW_AND_OLD_IMAGES`, `NEW_IMAGE`, `OLD_IMAGE` or `KEYS_ONLY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_view_type: Option<String>,
}

/// The author of a change that no client made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity {
    /// `Service` for a service of AWS.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub identity_type: Option<String>,
    /// `dynamodb.amazonaws.com` for an expired item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
}

impl UserIdentity {
    /// The principal that removes an item whose time to live has passed.
    pub fn time_to_live() -> Self {
        UserIdentity {
            identity_type: Some("Service".to_owned()),
            principal_id: Some("dynamodb.amazonaws.com".to_owned()),
        }
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| State)
    }
}

/// Reads `null` as the default.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads a time in seconds since the epoch, which Lambda writes as an integer, with a fraction, or
/// in scientific notation. A number beyond the seconds of this century is one of milliseconds,
/// microseconds or nanoseconds, as other sources of such records write it; anything else than a
/// number is not a time.
///
/// An `f64` is exact here: it holds every whole second for the next hundred million years.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let time = Value::deserialize(deserializer)?;
    let time = time.as_f64().filter(|time| time.is_finite());
    let in_units = |time: f64| UNITS_OF_A_SECOND.map(|units| (time / units).floor());
    let is_near = |seconds: &f64| seconds.abs() <= LAST_SECOND;
    Ok(time.and_then(|time| in_units(time).into_iter().find(is_near)).map(|seconds| seconds as i64))
}

#[cfg(test)]
mod tests {
    use serde_dynamo::AttributeValue;
    use serde_json::json;

    use super::*;

    /// From the Lambda developer guide, "Implementing stateful DynamoDB stream processing in
    /// Lambda".
    const TUMBLING_WINDOW: &str = include_str!("event/fixtures/tumbling_window.json");

    fn record(creation: &str) -> Record {
        let text = format!(
            r#"{{"eventID":"e2fd9c34eff2d779b297b26f5fef4206","eventName":"INSERT","dynamodb":{{
                "ApproximateCreationDateTime":{creation},"SequenceNumber":"300000000000000499659"}}}}"#
        );
        serde_json::from_str(&text).expect("a record")
    }

    #[test]
    fn the_documented_event_is_read_whole() {
        let event: Event = serde_json::from_str(TUMBLING_WINDOW).expect("an event");

        assert_eq!(event.shard_id.as_deref(), Some("shard123456789"));
        assert_eq!(event.event_source_arn.as_deref(), Some("stream-ARN"));
        assert_eq!(
            event.window.as_ref().map(|window| window.end.as_str()),
            Some("2020-07-30T17:05:00Z")
        );
        assert!(!event.is_final_invoke_for_window && !event.is_window_terminated_early);
        let names: Vec<_> = event.records.iter().map(|record| record.event_name.as_str()).collect();
        assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
        let modify = &event.records[1].dynamodb;
        assert_eq!(modify.sequence_number, "222");
        assert_eq!(modify.approximate_creation_date_time, None);
        let old_image = modify.old_image.as_ref().expect("an old image");
        assert_eq!(old_image.get("Message"), Some(&AttributeValue::S("New item!".into())));
        assert_eq!(event.records[0].dynamodb.old_image, None);
    }

    #[test]
    fn what_is_written_is_what_was_read_but_for_the_state() {
        let event: Event = serde_json::from_str(TUMBLING_WINDOW).expect("an event");
        let mut documented: serde_json::Value =
            serde_json::from_str(TUMBLING_WINDOW).expect("JSON");
        documented["state"] = json!({});

        let written = serde_json::to_value(&event).expect("JSON");
        assert_eq!(written, documented);
        assert_eq!(serde_json::from_value::<Event>(written).expect("an event"), event);
    }

    #[test]
    fn an_event_may_lack_records_and_everything_else() {
        for text in
            ["{}", r#"{"Records":null,"shardId":null,"window":null,"isFinalInvokeForWindow":null}"#]
        {
            assert_eq!(serde_json::from_str::<Event>(text).expect(text), Event::default());
        }
        let last = r#"{"shardId":"s","state":{},"isFinalInvokeForWindow":true}"#;
        let event: Event = serde_json::from_str(last).expect("a final invocation");
        assert!(event.is_final_invoke_for_window && event.records.is_empty());
    }

    #[test]
    fn any_state_is_ignored() {
        for state in [
            "null",
            "[1,2]",
            "\"text\"",
            "1e400",
            r#"{"1":{"deep":[null,99999999999999999999999]}}"#,
        ] {
            let event: Event =
                serde_json::from_str(&format!(r#"{{"state":{state}}}"#)).expect(state);
            assert_eq!(event, Event::default());
        }
    }

    #[test]
    fn creation_times_are_whole_seconds_however_written() {
        let cases = [
            ("1479499740", Some(1_479_499_740)),
            ("1479499740.0", Some(1_479_499_740)),
            ("1479499740.5", Some(1_479_499_740)),
            ("1.479499740E9", Some(1_479_499_740)),
            ("1.46480431E9", Some(1_464_804_310)),
            // Milliseconds, microseconds, nanoseconds.
            ("1479499740123", Some(1_479_499_740)),
            ("1479499740123.9", Some(1_479_499_740)),
            ("1479499740123456", Some(1_479_499_740)),
            ("1479499740123456789", Some(1_479_499_740)),
            ("-1", Some(-1)),
            ("null", None),
            ("\"1479499740\"", None),
            ("\"2026-11-20T06:40:00Z\"", None),
            ("{}", None),
            ("1e300", None),
        ];
        for (written, expected) in cases {
            assert_eq!(
                record(written).dynamodb.approximate_creation_date_time,
                expected,
                "{written}"
            );
        }
        let value: serde_json::Value = serde_json::from_str(
            r#"{"ApproximateCreationDateTime":1.46480431E9,
            "SequenceNumber":"300000000000000499659"}"#,
        )
        .expect("JSON");
        let from_value: StreamRecord = serde_json::from_value(value).expect("a stream record");
        assert_eq!(from_value.approximate_creation_date_time, Some(1_464_804_310));
        let written = serde_json::to_string(&record("1479499740.5").dynamodb).expect("JSON");
        assert!(written.contains(r#""ApproximateCreationDateTime":1479499740,"#), "{written}");
    }

    #[test]
    fn names_that_serde_json_reserves_are_names_like_any_other_in_an_image() {
        let image = r#"{"any":{"M":{"$serde_json::private::Number":{"S":"1"},"$serde_json::private::RawValue":{"S":"{\"S\":\"x\"}"}}}}"#;
        let text = format!(
            r#"{{"eventID":"1","eventName":"INSERT","dynamodb":{{"NewImage":{image},"SequenceNumber":"1"}}}}"#
        );
        let record: Record = serde_json::from_str(&text).expect("a record");
        let image = record.dynamodb.new_image.as_ref().expect("an image");
        let Some(AttributeValue::M(members)) = image.get("any") else { panic!("{image:?}") };
        let text = |text: &str| AttributeValue::S(text.to_owned());
        assert_eq!(members["$serde_json::private::Number"], text("1"));
        assert_eq!(members["$serde_json::private::RawValue"], text(r#"{"S":"x"}"#));
        let written = serde_json::to_vec(&record).expect("JSON");
        assert_eq!(serde_json::from_slice::<Record>(&written).expect("a record"), record);
    }

    #[test]
    fn null_images_are_absent_and_an_expiry_names_its_service() {
        let text = r#"{"eventID":"1","eventName":"REMOVE","eventVersion":"1.1",
            "userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},
            "dynamodb":{"Keys":null,"NewImage":null,"OldImage":{"b":{"B":"AAEqQQ=="}},"SequenceNumber":"1"}}"#;
        let record: Record = serde_json::from_str(text).expect("a record");

        let service = record.user_identity.expect("an identity");
        assert_eq!(service.identity_type.as_deref(), Some("Service"));
        assert_eq!(service.principal_id.as_deref(), Some("dynamodb.amazonaws.com"));
        assert_eq!(record.dynamodb.new_image, None);
        assert!(record.dynamodb.keys.is_empty());
        let old_image = record.dynamodb.old_image.expect("an old image");
        assert_eq!(old_image.get("b"), Some(&AttributeValue::B(vec![0, 1, 42, 65])));
    }
}
