//! Tumbling windows: which one a record falls into, and when one is over.
//!
//! ```text
//! records   a  b │ c │   │ d          a window that had an invocation gets one more, the final
//! windows   ─────┼───┼───┼───         one: without records, when a record of a later window is
//! invoked   ab   F c F    d …         next, when it is over and nothing is left, or when the
//!                                     shard has ended; a window without records gets none
//! ```
//!
//! Lambda does not say whether a final invocation has records. Here it has none, so that a window
//! is closed only after all of its records were handled, however often that took. A failing final
//! invocation is retried for ever and holds the shard, as on Lambda.
//!
//! The window that is open is part of the checkpoint: a poller that continues in the middle of a
//! window closes it when it is over, also when it had no record of it itself. A poller that dies
//! between a final invocation and its checkpoint makes it again.
//!
//! **Invariant:** windows of a shard follow one another: a record that is older than the open
//! window counts to the open one.

use std::time::Duration;

use aws_sdk_dynamodbstreams::primitives::{DateTime, DateTimeFormat};
use weir_table::checkpoints::OpenWindow;

use crate::event::{Record, Window};

/// How long after the end of a window the stream must have nothing more for the window to be over:
/// a record appears in the stream a moment after the change that it records.
const LATENESS_SECS: i64 = 2;

/// The window of a record of a shard in which this window is open. None for a record without a
/// time where none is open.
pub(super) fn window_of(
    record: &Record,
    length: Duration,
    open: Option<OpenWindow>,
) -> Option<OpenWindow> {
    let created = record.dynamodb.approximate_creation_date_time;
    let is_in = |open: &OpenWindow| created.is_none_or(|created| created < open.end);
    open.filter(is_in).or_else(|| created.map(|created| around(created, length)))
}

/// Whether a window is over in a shard that was read until this time, in seconds since the epoch,
/// and has nothing more that was made before.
pub(super) fn is_over(window: OpenWindow, read_until: i64) -> bool {
    read_until >= window.end.saturating_add(LATENESS_SECS)
}

/// A window as an event names it.
pub(super) fn named(window: OpenWindow) -> Option<Window> {
    Some(Window { start: rfc3339(window.start)?, end: rfc3339(window.end)? })
}

/// A time as AWS writes it.
pub(super) fn rfc3339(epoch_secs: i64) -> Option<String> {
    DateTime::from_secs(epoch_secs).fmt(DateTimeFormat::DateTime).ok()
}

/// Windows are counted from the epoch.
fn around(created: i64, length: Duration) -> OpenWindow {
    let length = length.as_secs() as i64;
    let start = created.div_euclid(length) * length;
    OpenWindow { start, end: start + length }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(60);

    fn record(created: Option<i64>) -> Record {
        let mut event: crate::event::Event =
            serde_json::from_str(include_str!("../event/fixtures/tumbling_window.json"))
                .expect("an event");
        let mut record = event.records.swap_remove(0);
        record.dynamodb.approximate_creation_date_time = created;
        record
    }

    fn window(start: i64) -> OpenWindow {
        OpenWindow { start, end: start + 60 }
    }

    #[test]
    fn windows_are_counted_from_the_epoch() {
        for (created, start) in [(0, 0), (59, 0), (60, 60), (-1, -60)] {
            assert_eq!(window_of(&record(Some(created)), LENGTH, None), Some(window(start)));
        }
        let named = named(window(60)).expect("a window of this century");
        let expected = ("1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z");
        assert_eq!((named.start.as_str(), named.end.as_str()), expected);
    }

    #[test]
    fn a_late_record_and_one_without_a_time_count_to_the_open_window() {
        for created in [None, Some(5), Some(119)] {
            let found = window_of(&record(created), LENGTH, Some(window(60)));
            assert_eq!(found, Some(window(60)), "{created:?}");
        }
        assert_eq!(
            window_of(&record(Some(120)), LENGTH, Some(window(60))),
            Some(window(120)),
            "a later one begins its own"
        );
        assert_eq!(window_of(&record(None), LENGTH, None), None);
    }

    #[test]
    fn a_window_is_over_when_the_stream_has_nothing_more_some_time_after_its_end() {
        assert!(!is_over(window(60), 119));
        assert!(!is_over(window(60), 120), "its last records may still appear");
        assert!(is_over(window(60), 122));
    }
}
