//! Where a page of points ended, as text that a caller hands back without looking inside.
//!
//! | bytes | are |
//! |---|---|
//! | 1 | the version |
//! | 4 | a checksum of the rollup and the question, so that a cursor of another one is refused |
//! | 12 | the instant at which the next page begins: seconds since 1970, then nanoseconds |
//! | 12 for each group | where its last point with values of its own began, if gaps are filled with the values before |

use aggregates::fnv::fnv1a;
use aggregates::{Plan, Question};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// The version of the format.
const VERSION: u8 = 3;
const SUM_BYTES: usize = 4;
const INSTANT_BYTES: usize = 12;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// Where the next page begins.
    pub(super) start: Timestamp,
    /// Where the last point of each group began that had values of its own, where that is needed.
    pub(super) carried: Vec<Option<Timestamp>>,
}

/// A checksum of what is asked.
pub(super) fn sum(rollup: &str, question: &Question) -> [u8; SUM_BYTES] {
    let hash = fnv1a(format!("{rollup} {question:?}").bytes()).to_be_bytes();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// The cursor of a position.
pub(super) fn write(position: &Position, sum: [u8; SUM_BYTES]) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend(sum);
    bytes.extend(instant_bytes(Some(position.start)));
    position.carried.iter().for_each(|instant| bytes.extend(instant_bytes(*instant)));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position of a cursor of this question.
///
/// # Errors
/// [`table::Error::Cursor`] for any other text.
pub(super) fn read(
    text: &str,
    sum: [u8; SUM_BYTES],
    plan: &Plan,
) -> Result<Position, table::Error> {
    let position = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let rest = bytes.strip_prefix(&[VERSION])?.strip_prefix(&sum)?;
        let mut instants = rest.chunks(INSTANT_BYTES).map(instant);
        let start = instants.next()???;
        let carried: Vec<_> = instants.collect::<Option<_>>()?;
        let is_within =
            plan.asked.range().is_some_and(|range| range.start <= start && start < range.end);
        let is_of_groups = carried.is_empty() || carried.len() == plan.groups.len();
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
