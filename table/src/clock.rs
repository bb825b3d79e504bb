//! The time of this process, as what is written down says when it was.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

/// Now, as RFC 3339 text in UTC.
pub(crate) fn now() -> String {
    let now = DateTime::from(SystemTime::now()).fmt(DateTimeFormat::DateTime);
    now.expect("this century is within RFC 3339")
}

/// A time in seconds since 1970, as RFC 3339 text in UTC.
pub(crate) fn rfc_3339(seconds: i64) -> String {
    let text = DateTime::from_secs(seconds).fmt(DateTimeFormat::DateTime);
    text.unwrap_or_else(|_| now())
}

/// Returns the time of an HTTP header `Date`, in seconds since 1970; `None` for another text.
pub(crate) fn http_seconds(date: &str) -> Option<i64> {
    DateTime::from_str(date, DateTimeFormat::HttpDate).ok().map(|date| date.secs())
}

/// Now, in seconds since 1970.
pub(crate) fn seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
