//! A query of the ranks of a rollup's groups: a question, with the page of its answer.

use weir_rollups::RankQuestion;
use weir_table::WriteToken;

use crate::limits::DEFAULT_RANKS;

/// A query of the ranks of a rollup's groups.
#[derive(Clone, Debug, PartialEq)]
pub struct RankQuery {
    /// The name of the rollup.
    pub rollup: String,
    /// The question.
    pub question: RankQuestion,
    /// The most ranks of a page, at least 1; neighbours are one page, whatever their number.
    pub limit: u32,
    /// The cursor of the page before; `None` for the first page.
    pub cursor: Option<String>,
    /// The token of a write that the answer waits for.
    pub written: Option<WriteToken>,
}

impl RankQuery {
    /// Returns the query of the first page of a question, with the default limit.
    pub fn new(rollup: impl Into<String>, question: RankQuestion) -> Self {
        Self { rollup: rollup.into(), question, limit: DEFAULT_RANKS, cursor: None, written: None }
    }

    /// Sets the most ranks of a page.
    #[must_use]
    pub fn limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Continues after the page that ended with this cursor.
    #[must_use]
    pub fn after(self, cursor: Option<String>) -> Self {
        Self { cursor, ..self }
    }

    /// Waits until the write of this token is counted; the answer says whether it is.
    #[must_use]
    pub fn after_write(self, token: Option<WriteToken>) -> Self {
        Self { written: token, ..self }
    }
}
