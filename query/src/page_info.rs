//! What an answer says about itself: how new, complete and exact it is, and where it continues.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::columns::Columns;
use crate::status::Completeness;

/// The state of a page of an answer, which series and ranks have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageInfo {
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
