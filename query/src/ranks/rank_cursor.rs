//! The end of a page of ranks, in the bytes of its [cursor](crate::cursor).
//!
//! | bytes | are |
//! |---|---|
//! | 8 | the number of ranks so far, and the last one |
//! | the rest | three texts, each after its length |
//!
//! The texts are the partition and the score of the last entry of the index, and the last score
//! that was shown.

use weir_model::Rollup;
use weir_rollups::{RankPlan, RankQuestion, RollupKey, key};
use weir_table::Ranked;

use super::scores::RankCounter;
use crate::cursor::CursorFrame;

/// The version of the format.
const VERSION: u8 = 5;

/// The end of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RankCursor {
    /// The last entry of the index that was read.
    pub(super) at: Ranked,
    /// The ranks that are counted so far.
    pub(super) counter: RankCounter,
}

/// Returns the frame of the cursors of a question.
pub(super) fn frame(rollup: &str, question: &RankQuestion) -> CursorFrame {
    CursorFrame::new(VERSION, rollup, question)
}

/// Writes the cursor of a page.
pub(super) fn write(page: &RankCursor, frame: CursorFrame) -> String {
    let RankCursor { at, counter } = page;
    let (shown, rank) = match &counter.last {
        Some((score, rank)) => (score.to_string(), *rank),
        None => (String::new(), 0),
    };
    let mut bytes = counter.seen.to_be_bytes().to_vec();
    bytes.extend(rank.to_be_bytes());
    for text in [&at.key.partition, &at.score.to_string(), &shown] {
        let length = u16::try_from(text.len()).expect("a key has at most 2048 bytes");
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    frame.write(&bytes)
}

/// Reads the end of a page from a cursor of this question.
///
/// # Errors
/// [`weir_table::Error::Cursor`] for any other text.
pub(super) fn read(
    cursor: &str,
    frame: CursorFrame,
    rollup: &Rollup,
    plan: &RankPlan,
) -> Result<RankCursor, weir_table::Error> {
    let page = || {
        let bytes = frame.read(cursor)?;
        let (seen, rest) = number(&bytes)?;
        let (rank, rest) = number(rest)?;
        let (partition, rest) = text(rest)?;
        let (score, rest) = text(rest)?;
        let (shown, rest) = text(rest)?;
        let last = if shown.is_empty() { None } else { Some((shown.parse().ok()?, rank)) };
        let group = key::group(rollup, &partition)?;
        let is_within = plan.within.iter().all(|(position, text)| group[*position] == *text);
        let key = RollupKey::new(partition, plan.bucket.key.clone());
        let at = Ranked { key, score: score.parse().ok()? };
        (rest.is_empty() && is_within)
            .then_some(RankCursor { at, counter: RankCounter { seen, last } })
    };
    page().ok_or(weir_table::Error::Cursor)
}

/// Returns the first number, and the bytes after it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_at_checked(4)?;
    Some((u32::from_be_bytes(number.try_into().ok()?), rest))
}

/// Returns the first text, and the bytes after it.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
}
