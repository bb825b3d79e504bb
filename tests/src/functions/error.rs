//! The errors of Lambda about a failed invocation, in Lambda's words.
//!
//! | type | is |
//! |---|---|
//! | the function's own | the function answered with an error |
//! | `Runtime.ExitError` | the process ended, during the invocation or its start |
//! | `Sandbox.Timedout` | there was no answer by the deadline |
//! | `Function.ResponseSizeTooLarge` | the answer has more than 6 MB |
//! | `RequestTooLargeException` | the event has; the function was not invoked |

use std::fmt;
use std::process::ExitStatus;
use std::time::Duration;

use serde::Deserialize;

use crate::runtime_api::{MAX_PAYLOAD_BYTES, Outcome};

/// Why an invocation failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct FunctionError {
    /// Its type.
    pub error_type: String,
    /// Its message.
    pub error_message: String,
}

impl FunctionError {
    /// Returns whether the function had not answered by its deadline.
    pub fn is_timeout(&self) -> bool {
        self.error_type == "Sandbox.Timedout"
    }

    /// Returns whether the function was never invoked, as the event is too large.
    pub fn is_of_request_size(&self) -> bool {
        self.error_type == "RequestTooLargeException"
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.error_type, self.error_message)
    }
}

/// Returns the error that the function posted.
pub(super) fn own(body: &[u8]) -> FunctionError {
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("it reports no error but {text}"))
}

/// Returns the error that the function posted instead of asking for an event.
pub(super) fn init(answer: Outcome) -> FunctionError {
    match answer {
        Outcome::InitError(body) => own(&body),
        answer => panic!("it answers before it was asked: {answer:?}"),
    }
}

pub(super) fn exit(request_id: Option<&str>, status: ExitStatus) -> FunctionError {
    let reason = match status.success() {
        true => "Runtime exited without providing a reason".to_owned(),
        // "exit status: 1" in Rust is "exit status 1" in Lambda's log.
        false => format!("Runtime exited with error: {status}").replace("status: ", "status "),
    };
    failed("Runtime.ExitError", request_id, &format!("Error: {reason}"))
}

pub(super) fn timed_out(request_id: Option<&str>, timeout: Duration) -> FunctionError {
    let message = format!("Error: Task timed out after {:.2} seconds", timeout.as_secs_f64());
    failed("Sandbox.Timedout", request_id, &message)
}

pub(super) fn too_large(bytes: usize) -> FunctionError {
    let message = format!(
        "Response payload size ({bytes} bytes) exceeded maximum allowed payload size \
         ({MAX_PAYLOAD_BYTES} bytes)."
    );
    failed("Function.ResponseSizeTooLarge", None, &message)
}

pub(super) fn request_too_large(bytes: usize) -> FunctionError {
    let message = format!("{bytes} byte payload is too large, expected {MAX_PAYLOAD_BYTES}");
    failed("RequestTooLargeException", None, &message)
}

fn failed(kind: &str, request_id: Option<&str>, message: &str) -> FunctionError {
    let id = request_id.map(|id| format!("RequestId: {id} ")).unwrap_or_default();
    FunctionError { error_type: kind.to_owned(), error_message: format!("{id}{message}") }
}
