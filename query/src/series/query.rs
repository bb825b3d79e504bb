//! A query of a rollup: a question, with the page of its answer.

use weir_rollups::Question;

use crate::limits::{DEFAULT_POINTS, MAX_DETAIL_ITEMS};

/// A query of a rollup's points.
#[derive(Clone, Debug, PartialEq)]
pub struct RollupQuery {
    /// The name of the rollup.
    pub rollup: String,
    /// The question.
    pub question: Question,
    /// The most points of a page, of all groups together. A page has one period at least, and never
    /// ends between two groups of a period.
    pub limit: u32,
    /// The cursor of the page before; `None` for the first page.
    pub cursor: Option<String>,
    /// The most detail items that are read for the answer.
    pub max_detail_items: usize,
}

impl RollupQuery {
    /// Returns the query of the first page of a question, with the default limits.
    pub fn new(rollup: impl Into<String>, question: Question) -> Self {
        Self {
            rollup: rollup.into(),
            question,
            limit: DEFAULT_POINTS,
            cursor: None,
            max_detail_items: MAX_DETAIL_ITEMS,
        }
    }

    /// Sets the most points of a page.
    #[must_use]
    pub fn limit(self, limit: u32) -> Self {
        Self { limit, ..self }
    }

    /// Continues after the page that ended with this cursor.
    #[must_use]
    pub fn after(self, cursor: Option<String>) -> Self {
        Self { cursor, ..self }
    }
}
