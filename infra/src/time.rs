//! Times as text.

use jiff::Timestamp;

/// Returns a time in seconds since 1970 as RFC 3339.
pub(crate) fn rfc_3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
