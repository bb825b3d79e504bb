//! The response of the handler: which records, if any, the event source mapping must deliver again.
//!
//! **Invariant:** `state` is always written. With a tumbling window, an answer without it is a
//! failed invocation.

use serde::{Deserialize, Serialize};

use super::{State, or_default};

/// The answer to an invocation.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// Must be there, always `{}`.
    pub state: State,
    /// The records that failed. The mapping continues from the lowest of them; none means success.
    #[serde(default, deserialize_with = "or_default")]
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// Names a record that failed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number. Absent, empty or unknown, the mapping takes the whole batch for failed.
    #[serde(default)]
    pub item_identifier: Option<String>,
}

impl Response {
    /// Every record was handled.
    pub fn success() -> Self {
        Response { state: State, batch_item_failures: Vec::new() }
    }

    /// The records before this sequence number were handled; deliver it and all after it again.
    pub fn retry_from(sequence_number: impl Into<String>) -> Self {
        let failure = BatchItemFailure { item_identifier: Some(sequence_number.into()) };
        Response { state: State, batch_item_failures: vec![failure] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(response: &Response) -> String {
        serde_json::to_string(response).expect("JSON")
    }

    #[test]
    fn success_lists_no_failure() {
        assert_eq!(written(&Response::success()), r#"{"state":{},"batchItemFailures":[]}"#);
    }

    #[test]
    fn a_retry_names_its_first_record() {
        let response = Response::retry_from("300000000000000499659");
        let text =
            r#"{"state":{},"batchItemFailures":[{"itemIdentifier":"300000000000000499659"}]}"#;
        assert_eq!(written(&response), text);
        assert_eq!(serde_json::from_str::<Response>(text).expect("a response"), response);
    }

    #[test]
    fn failures_may_be_missing_but_the_state_may_not() {
        for text in [r#"{"state":{}}"#, r#"{"state":{"1":282},"batchItemFailures":null}"#] {
            assert_eq!(serde_json::from_str::<Response>(text).expect(text), Response::success());
        }
        for text in [r#"{"batchItemFailures":[]}"#, "null", r#""""#, "{}"] {
            assert!(serde_json::from_str::<Response>(text).is_err(), "{text}");
        }
    }
}
