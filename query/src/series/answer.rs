//! The answer to a query of a rollup, as values that serialize to the JSON of the HTTP service.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::page_info::PageInfo;

/// A point: its period and its measures, by name.
pub type AnswerPoint = Map<String, Value>;

/// A page of a rollup's points, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RollupAnswer {
    /// The rollup's name.
    pub rollup: String,
    /// The group, if the question names one: each dimension and its value, as items have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Map<String, Value>>,
    /// The length of the periods of a series; `None` for a total.
    pub every: Option<String>,
    /// The zone of the calendar.
    pub time_zone: String,
    /// The beginning of the range, included; `None` for all time.
    pub from: Option<String>,
    /// The end of the range, excluded.
    pub to: Option<String>,
    /// The earlier range that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparedRange>,
    /// The points of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<AnswerPoint>>,
    /// The groups, if the question names several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<AnswerGroup>>,
    /// How new, complete and exact the page is, and the cursor of the next.
    #[serde(flatten)]
    pub page: PageInfo,
}

/// The earlier range that a range is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedRange {
    /// Its beginning, included.
    pub from: String,
    /// Its end, excluded.
    pub to: String,
}

/// One of several groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerGroup {
    /// Each dimension and its value, as items have it.
    pub dimensions: Map<String, Value>,
    /// Its points.
    pub points: Vec<AnswerPoint>,
}
