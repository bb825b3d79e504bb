//! A query of a rollup: a question, with the page of its answer.

use weir_rollups::Question;
use weir_table::WriteToken;

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
    /// The token of a write that the answer waits for.
    pub written: Option<WriteToken>,
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
            written: None,
        }
    }

    /// Returns the query of a rollup's total over all time, to be narrowed by the methods below.
    pub fn total(rollup: impl Into<String>) -> Self {
        Self::new(rollup, Question::default())
    }

    /// Selects the group in which a dimension has this value. Several values of one dimension
    /// select several groups.
    #[must_use]
    pub fn group(mut self, dimension: impl Into<String>, value: impl Into<String>) -> Self {
        self.question.dimensions.push((dimension.into(), value.into()));
        self
    }

    /// Asks for a series of points, one for each period of this granularity, such as `month`.
    #[must_use]
    pub fn every(mut self, granularity: impl Into<String>) -> Self {
        self.question.every = Some(granularity.into());
        self
    }

    /// Sets the range of time: its beginning, included, and its end, excluded.
    #[must_use]
    pub fn between(mut self, from: impl Into<String>, to: impl Into<String>) -> Self {
        self.question.from = Some(from.into());
        self.question.to = Some(to.into());
        self
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

    /// Waits until the write of this token is counted; the answer says whether it is.
    #[must_use]
    pub fn after_write(self, token: Option<WriteToken>) -> Self {
        Self { written: token, ..self }
    }
}
