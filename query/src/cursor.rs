//! Cursors of answers: the end of a page as text, which a caller returns with the next query.
//!
//! They are not sealed: a service that gives them to clients seals them itself.
//!
//! | bytes | are |
//! |---|---|
//! | 1 | the version of the format of what follows |
//! | 4 | a checksum of the rollup and the question, so that a cursor of another one is rejected |
//! | the rest | the end of the page, as that kind of question writes it |

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use weir_rollups::fnv::fnv1a;

const SUM_BYTES: usize = 4;

/// The first bytes of the cursors of one question.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CursorFrame {
    version: u8,
    sum: [u8; SUM_BYTES],
}

impl CursorFrame {
    /// Returns the frame of the cursors of a question to a rollup.
    pub(crate) fn new(version: u8, rollup: &str, question: &impl Debug) -> Self {
        let [a, b, c, d, ..] = fnv1a(format!("{rollup} {question:?}").bytes()).to_be_bytes();
        Self { version, sum: [a, b, c, d] }
    }

    /// Writes the cursor around a position.
    pub(crate) fn write(self, position: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&[self.version], self.sum.as_slice(), position].concat())
    }

    /// Reads the position in a cursor of this question; `None` for any other text.
    pub(crate) fn read(self, cursor: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        Some(bytes.strip_prefix(&[self.version])?.strip_prefix(&self.sum)?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_the_question_that_it_was_written_for_and_no_other() {
        let frame = CursorFrame::new(1, "sales", &"day");
        let cursor = frame.write(b"here");
        assert_eq!(frame.read(&cursor).as_deref(), Some(b"here".as_slice()));
        let others = [
            CursorFrame::new(2, "sales", &"day"),
            CursorFrame::new(1, "sale", &"day"),
            CursorFrame::new(1, "sales", &"hour"),
        ];
        assert!(others.iter().all(|other| other.read(&cursor).is_none()));
        assert!(["", "AQ", "?"].iter().all(|garbage| frame.read(garbage).is_none()));
    }
}
