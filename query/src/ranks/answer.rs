//! The answer to a query of ranks, as values that serialize to the JSON of the HTTP service.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::page_info::PageInfo;

/// A page of the ranks of a rollup's groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankAnswer {
    /// The rollup's name.
    pub rollup: String,
    /// The length of the bucket.
    pub every: String,
    /// The beginning of the bucket; `None` for all time.
    pub start: Option<String>,
    /// The end of the bucket.
    pub end: Option<String>,
    /// The measure that is the score.
    pub ranked_by: String,
    /// The dimensions within which groups are ranked, and their values.
    pub within: Map<String, Value>,
    /// The groups: rank, other dimensions, and measures, by name.
    pub ranks: Vec<Map<String, Value>>,
    /// The number of groups that were counted, if more are before the group of the question, whose
    /// rank is then not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_beyond: Option<u32>,
    /// How new, complete and exact the page is, and the cursor of the next.
    #[serde(flatten)]
    pub page: PageInfo,
}

#[cfg(test)]
mod tests {
    use crate::columns::Columns;
    use crate::status::Completeness;

    use super::*;

    #[test]
    fn the_state_of_the_page_is_among_the_fields_of_the_answer() {
        let answer = RankAnswer {
            rollup: "sales".to_owned(),
            every: "day".to_owned(),
            start: None,
            end: None,
            ranked_by: "orders".to_owned(),
            within: Map::new(),
            ranks: Vec::new(),
            rank_beyond: None,
            page: PageInfo {
                freshness: None,
                completeness: Completeness {
                    complete_through: Some("2026-11-20T06:40:54Z".to_owned()),
                    incomplete_since: None,
                    previous_definition: false,
                    after: None,
                },
                error_bounds: Map::from_iter([("median".to_owned(), Value::from(1))]),
                items_read: 2,
                cursor: Some("next".to_owned()),
                columns: Columns::default(),
            },
        };
        assert_eq!(
            serde_json::to_string(&answer).expect("an answer is JSON"),
            r#"{"rollup":"sales","every":"day","start":null,"end":null,"ranked_by":"orders","#
                .to_owned()
                + r#""within":{},"ranks":[],"freshness":null,"#
                + r#""complete_through":"2026-11-20T06:40:54Z","error_bounds":{"median":1},"#
                + r#""items_read":2,"cursor":"next"}"#
        );
    }
}
