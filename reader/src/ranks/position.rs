//! Where a page of ranks ended, as its [cursor](crate::cursor) has it.
//!
//! | bytes | are |
//! |---|---|
//! | 8 | how many ranks there were, and the last one |
//! | the rest | three texts, each behind its length: the partition and the score of the last entry of the index, and the last score that was shown |

use aggregates::{RankPlan, RankQuestion, RollupKey, key};
use model::Rollup;
use table::Ranked;

use super::standing::Standing;
use crate::cursor::Frame;

/// The version of the format.
const VERSION: u8 = 5;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Position {
    /// The last entry of the index that was read.
    pub(super) at: Ranked,
    /// How far ranks are counted.
    pub(super) standing: Standing,
}

/// What cursors of a question begin with.
pub(super) fn frame(rollup: &str, question: &RankQuestion) -> Frame {
    Frame::of(VERSION, rollup, question)
}

/// The cursor of a position.
pub(super) fn write(position: &Position, frame: Frame) -> String {
    let Position { at, standing } = position;
    let (shown, rank) = match &standing.last {
        Some((score, rank)) => (score.to_string(), *rank),
        None => (String::new(), 0),
    };
    let mut bytes = standing.seen.to_be_bytes().to_vec();
    bytes.extend(rank.to_be_bytes());
    for text in [&at.key.partition, &at.score.to_string(), &shown] {
        let length = u16::try_from(text.len()).expect("DynamoDB takes no key as long");
        bytes.extend(length.to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    frame.write(&bytes)
}

/// The position of a cursor of this question.
///
/// # Errors
/// [`table::Error::Cursor`] for any other text.
pub(super) fn read(
    cursor: &str,
    frame: Frame,
    rollup: &Rollup,
    plan: &RankPlan,
) -> Result<Position, table::Error> {
    let position = || {
        let bytes = frame.read(cursor)?;
        let (seen, rest) = number(&bytes)?;
        let (rank, rest) = number(rest)?;
        let (partition, rest) = text(rest)?;
        let (score, rest) = text(rest)?;
        let (shown, rest) = text(rest)?;
        let last = match shown.is_empty() {
            true => None,
            false => Some((shown.parse().ok()?, rank)),
        };
        let group = key::group(rollup, &partition)?;
        let is_within = plan.within.iter().all(|(position, text)| group[*position] == *text);
        let key = RollupKey::of(partition, plan.bucket.key.clone());
        let at = Ranked { key, score: score.parse().ok()? };
        (rest.is_empty() && is_within).then_some(Position { at, standing: Standing { seen, last } })
    };
    position().ok_or(table::Error::Cursor)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_at_checked(4)?;
    Some((u32::from_be_bytes(number.try_into().ok()?), rest))
}

/// The first text, and what follows it.
fn text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_at_checked(2)?;
    let length = usize::from(u16::from_be_bytes(length.try_into().ok()?));
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?.to_owned(), rest))
}
