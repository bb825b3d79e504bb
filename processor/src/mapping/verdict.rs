//! The meaning of a response of the handler for the batch.
//!
//! | answer                                                  | verdict                       |
//! |---------------------------------------------------------|-------------------------------|
//! | no failures, or none listed                             | all was handled               |
//! | failures, each naming a record of the batch             | retry from the lowest of them |
//! | a failure that names nothing, or no record of the batch | retry all                     |
//! | no `state`, not a response, or the invocation failed    | retry all                     |
//!
//! As Lambda judges with `ReportBatchItemFailures` and a tumbling window.

use std::collections::HashSet;

use crate::event::{Record, Response};

/// How much of a batch was handled.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// All of it.
    Handled,
    /// The records before this index; the handler named the one there.
    RetryFrom(usize),
    /// Nothing, according to the answer.
    RetryAll(String),
}

/// Judges an answer to a batch whose records are in order.
pub(super) fn verdict(answer: Result<Vec<u8>, String>, records: &[Record]) -> Verdict {
    let response = match answer.map(|json| serde_json::from_slice::<Response>(&json)) {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            return Verdict::RetryAll(format!("the answer is not a response: {error}"));
        }
        Err(reason) => return Verdict::RetryAll(format!("the invocation failed: {reason}")),
    };
    let failed: Vec<String> = response
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier.unwrap_or_default())
        .collect();
    let batch: HashSet<&str> = records.iter().map(sequence_number).collect();
    if let Some(stranger) = failed.iter().find(|failed| !batch.contains(failed.as_str())) {
        let reason = format!("the response names {stranger:?}, which is not in the batch");
        return Verdict::RetryAll(reason);
    }
    let failed: HashSet<&str> = failed.iter().map(String::as_str).collect();
    let lowest = records.iter().position(|record| failed.contains(sequence_number(record)));
    lowest.map_or(Verdict::Handled, Verdict::RetryFrom)
}

fn sequence_number(record: &Record) -> &str {
    &record.dynamodb.sequence_number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges an answer to the batch 111, 222, 333 of the Lambda developer guide.
    fn check(answer: &str, expected: Verdict) {
        let event: crate::event::Event =
            serde_json::from_str(include_str!("../event/fixtures/tumbling_window.json"))
                .expect("an event");
        assert_eq!(verdict(Ok(answer.into()), &event.records), expected, "{answer}");
    }

    fn check_retries_all(answer: &str, reason: &str) {
        check(answer, Verdict::RetryAll(reason.to_owned()));
    }

    #[test]
    fn no_listed_failure_is_success() {
        for answer in [
            r#"{"state":{},"batchItemFailures":[]}"#,
            r#"{"state":{},"batchItemFailures":null}"#,
            r#"{"state":{"1":282}}"#,
        ] {
            check(answer, Verdict::Handled);
        }
    }

    #[test]
    fn the_lowest_listed_record_is_where_to_go_on() {
        check(
            r#"{"state":{},"batchItemFailures":[{"itemIdentifier":"333"},{"itemIdentifier":"222"}]}"#,
            Verdict::RetryFrom(1),
        );
        check(
            r#"{"state":{},"batchItemFailures":[{"itemIdentifier":"111"}]}"#,
            Verdict::RetryFrom(0),
        );
    }

    #[test]
    fn an_identifier_that_names_no_record_fails_the_batch() {
        for identifier in [r#"{"itemIdentifier":""}"#, r#"{"itemIdentifier":null}"#, "{}"] {
            check_retries_all(
                &format!(
                    r#"{{"state":{{}},"batchItemFailures":[{{"itemIdentifier":"333"}},{identifier}]}}"#
                ),
                r#"the response names "", which is not in the batch"#,
            );
        }
        check_retries_all(
            r#"{"state":{},"batchItemFailures":[{"itemIdentifier":"444"}]}"#,
            r#"the response names "444", which is not in the batch"#,
        );
    }

    #[test]
    fn an_answer_without_state_is_a_failed_invocation() {
        check_retries_all(
            r#"{"batchItemFailures":[]}"#,
            "the answer is not a response: missing field `state` at line 1 column 24",
        );
        for answer in ["", "null", "\"done\""] {
            let Verdict::RetryAll(_) = verdict(Ok(answer.into()), &[]) else {
                panic!("{answer:?} was taken for a response");
            };
        }
    }

    #[test]
    fn a_failed_invocation_retries_all() {
        let reason = "the invocation failed: table shop-rollups does not exist".to_owned();
        let answer = Err("table shop-rollups does not exist".to_owned());
        assert_eq!(verdict(answer, &[]), Verdict::RetryAll(reason));
    }
}
