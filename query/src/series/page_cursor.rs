//! The end of a page of points, in the bytes of its [cursor](crate::cursor).
//!
//! | bytes | are |
//! |---|---|
//! | 12 | the instant at which the next page begins: seconds since 1970, then nanoseconds |
//! | 12 for each group | where its last point with values of its own began |
//! | 12 for each group | the same of the earlier series, if it is compared with one |
//!
//! The bytes of groups are there if gaps are filled with the values before.

use jiff::Timestamp;
use weir_rollups::{Plan, Question};

use crate::cursor::CursorFrame;

/// The version of the format.
const VERSION: u8 = 4;
const INSTANT_BYTES: usize = 12;

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageCursor {
    /// Where the next page begins.
    pub(super) start: Timestamp,
    /// Where the last point of each group began that had values of its own, and then those of the
    /// earlier series; empty unless gaps are filled with the values before.
    pub(super) carried: Vec<Option<Timestamp>>,
}

/// Returns the frame of the cursors of a question.
pub(super) fn frame(rollup: &str, question: &Question) -> CursorFrame {
    CursorFrame::new(VERSION, rollup, question)
}

/// Writes the cursor of a page.
pub(super) fn write(page: &PageCursor, frame: CursorFrame) -> String {
    let mut bytes = instant_bytes(Some(page.start)).to_vec();
    page.carried.iter().for_each(|instant| bytes.extend(instant_bytes(*instant)));
    frame.write(&bytes)
}

/// Reads the end of a page from a cursor of this question.
///
/// # Errors
/// [`weir_table::Error::Cursor`] for any other text.
pub(super) fn read(
    cursor: &str,
    frame: CursorFrame,
    plan: &Plan,
) -> Result<PageCursor, weir_table::Error> {
    let page = || {
        let bytes = frame.read(cursor)?;
        let mut instants = bytes.chunks(INSTANT_BYTES).map(instant);
        let start = instants.next()???;
        let carried: Vec<_> = instants.collect::<Option<_>>()?;
        let is_within =
            plan.range.whole().is_some_and(|range| range.start <= start && start < range.end);
        let series = 1 + usize::from(plan.previous.is_some());
        let fits_groups = carried.is_empty() || carried.len() == plan.groups.len() * series;
        (is_within && fits_groups).then_some(PageCursor { start, carried })
    };
    page().ok_or(weir_table::Error::Cursor)
}

fn instant_bytes(instant: Option<Timestamp>) -> [u8; INSTANT_BYTES] {
    let (seconds, nanoseconds) = match instant {
        Some(instant) => (instant.as_second(), instant.subsec_nanosecond()),
        None => (i64::MAX, 0),
    };
    let mut bytes = [0; INSTANT_BYTES];
    bytes[..8].copy_from_slice(&seconds.to_be_bytes());
    bytes[8..].copy_from_slice(&nanoseconds.to_be_bytes());
    bytes
}

/// Reads an instant, or the absence of one; `None` for other bytes.
#[allow(clippy::option_option, reason = "other bytes, and an absent instant")]
fn instant(bytes: &[u8]) -> Option<Option<Timestamp>> {
    let seconds = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let nanoseconds = i32::from_be_bytes(bytes.get(8..)?.try_into().ok()?);
    match seconds {
        i64::MAX => Some(None),
        _ => Timestamp::new(seconds, nanoseconds).ok().map(Some),
    }
}
