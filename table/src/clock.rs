//! The time of this process, as what is written down says when it was.

use std::time::SystemTime;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

/// Now, as RFC 3339 text in UTC.
pub(crate) fn now() -> String {
    let now = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime);
    now.expect("this century is within RFC 3339")
}
