//! The answer to a query of ranks, as values that serialize to the JSON of the HTTP service.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::columns::Columns;
use crate::status::Completeness;

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
    /// The time of the newest change that is included, RFC 3339; `None` if nothing was read.
    pub freshness: Option<String>,
    /// The completeness of the answer.
    #[serde(flatten)]
    pub completeness: Completeness,
    /// The relative error that the values of a measure may have, for each measure that is an
    /// estimate.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub error_bounds: Map<String, Value>,
    /// The number of rollup items, detail items and index entries that were read.
    pub items_read: usize,
    /// The cursor of the next page; `None` if this is the last.
    pub cursor: Option<String>,
    /// Its columns as a table.
    #[serde(skip)]
    pub columns: Columns,
}
