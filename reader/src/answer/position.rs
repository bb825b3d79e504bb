//! Where a page of points ended, as its [cursor](crate::cursor) has it.
//!
//! | bytes | are |
//! |---|---|
//! | 12 | the instant at which the next page begins: seconds since 1970, then nanoseconds |
//! | 12 for each group | where its last point with values of its own began, if gaps are filled with the values before |
//! | 12 for each group | the same of the earlier series, if it is compared with one |

use aggregates::{Plan, Question};
use jiff::Timestamp;

use crate::cursor::Frame;

/// The version of the format.
const VERSION: u8 = 4;
const INSTANT_BYTES: usize = 12;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Where the next page begins.
    pub(super) start: Timestamp,
    /// Where the last point of each group began that had values of its own, and then those of the earlier series; where that is
    /// needed.
    pub(super) carried: Vec<Option<Timestamp>>,
}

/// What cursors of a question begin with.
pub(super) fn frame(rollup: &str, question: &Question) -> Frame {
    Frame::of(VERSION, rollup, question)
}

/// The cursor of a position.
pub(super) fn write(position: &Position, frame: Frame) -> String {
    let mut bytes = instant_bytes(Some(position.start)).to_vec();
    position.carried.iter().for_each(|instant| bytes.extend(instant_bytes(*instant)));
    frame.write(&bytes)
}

/// The position of a cursor of this question.
///
/// # Errors
/// [`table::Error::Cursor`] for any other text.
pub(super) fn read(cursor: &str, frame: Frame, plan: &Plan) -> Result<Position, table::Error> {
    let position = || {
        let bytes = frame.read(cursor)?;
        let mut instants = bytes.chunks(INSTANT_BYTES).map(instant);
        let start = instants.next()???;
        let carried: Vec<_> = instants.collect::<Option<_>>()?;
        let is_within =
            plan.asked.range().is_some_and(|range| range.start <= start && start < range.end);
        let series = 1 + usize::from(plan.previous.is_some());
        let is_of_groups = carried.is_empty() || carried.len() == plan.groups.len() * series;
        (is_within && is_of_groups).then_some(Position { start, carried })
    };
    position().ok_or(table::Error::Cursor)
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

/// Reads an instant, which may be none; `None` for bytes that are neither.
#[allow(clippy::option_option, reason = "bytes that are none, and an instant that is none")]
fn instant(bytes: &[u8]) -> Option<Option<Timestamp>> {
    let seconds = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    let nanoseconds = i32::from_be_bytes(bytes.get(8..)?.try_into().ok()?);
    match seconds {
        i64::MAX => Some(None),
        _ => Timestamp::new(seconds, nanoseconds).ok().map(Some),
    }
}
