//! Ranks: the groups of a bucket with the greatest scores, or those around one of them.
//!
//! | to see | read |
//! |---|---|
//! | a query, and the values of its answer | `query`, `answer` |
//! | how entries of the index become groups with their measures | `leaderboard` |
//! | the rank of a score | `scores` |
//! | where a page ended | `rank_cursor` |

mod answer;
mod leaderboard;
mod query;
mod rank_cursor;
mod scores;

use jiff::Timestamp;
use serde_json::{Map, Value};
use weir_model::rollup::NamedMeasure;
use weir_model::{Model, Rollup};
use weir_rollups::RankPlan;
use weir_rollups::query::local;
use weir_table::Rollups;

use self::leaderboard::{Leaderboard, MAX_COUNTED, RankedGroup};
use self::rank_cursor::RankCursor;
use crate::columns::{Columns, MeasureColumn};
use crate::cursor::CursorFrame;
use crate::error::QueryError;
use crate::json;
use crate::measured::{error_bounds, freshness};
use crate::page_info::PageInfo;
use crate::status::Completeness;

pub use self::answer::RankAnswer;
pub use self::query::RankQuery;

/// A query that can be answered, and of whose answer nothing is read yet.
pub(crate) struct PlannedRanks<'a> {
    rollup: &'a Rollup,
    limit: u32,
    plan: RankPlan,
    frame: CursorFrame,
    /// Where the page before ended.
    cursor: Option<RankCursor>,
}

impl<'a> PlannedRanks<'a> {
    /// Plans the answer of a query at an instant.
    ///
    /// # Errors
    /// The mistakes of the question; [`weir_table::Error::Cursor`] for a cursor of another
    /// question.
    pub(crate) fn new(
        model: &Model,
        rollup: &'a Rollup,
        query: &RankQuery,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let plan = RankPlan::new(model, rollup, &query.question, now)?;
        let cursor = query.cursor.as_deref();
        if plan.around.is_some() && cursor.is_some() {
            return Err(QueryError::too_much("cursor", "neighbours are one page; expected none"));
        }
        let frame = rank_cursor::frame(&rollup.stored_name(), &query.question);
        let cursor =
            cursor.map(|text| rank_cursor::read(text, frame, rollup, &plan)).transpose()?;
        Ok(Self { rollup, limit: query.limit.max(1), plan, frame, cursor })
    }

    /// Reads a page of ranks within the budget of the rollups.
    ///
    /// # Errors
    /// The parameter that would read too much; or the error of DynamoDB.
    pub(crate) async fn answer(
        self,
        rollups: &Rollups,
        completeness: Completeness,
    ) -> Result<RankAnswer, QueryError> {
        let Self { rollup, limit, plan, frame, cursor } = self;
        let mut leaderboard = Leaderboard::new(rollups, rollup, &plan);
        let (listed, next) = match &plan.around {
            None => leaderboard.read_page(cursor, limit).await?,
            Some(around) => (leaderboard.read_around(around).await?, None),
        };
        let is_beyond = listed.iter().any(|(rank, _)| rank.is_none());
        let edge = |instant: Option<_>| instant.map(|instant| local(instant, &rollup.time_zone));
        let page = PageInfo {
            freshness: freshness(leaderboard.stats.newest),
            completeness,
            error_bounds: error_bounds(rollup, &leaderboard.measures),
            items_read: leaderboard.stats.items_read,
            cursor: next.map(|cursor| rank_cursor::write(&cursor, frame)),
            columns: columns(rollup, &leaderboard.measures),
        };
        let ranks = listed.into_iter().map(|(rank, group)| shown(rollup, &plan, rank, group));
        Ok(RankAnswer {
            rollup: rollup.name.clone(),
            every: plan.bucket.granularity.to_string(),
            start: edge(plan.bucket.start),
            end: edge(plan.bucket.end),
            ranked_by: rollup.rank.as_ref().map(|rank| rank.by.clone()).unwrap_or_default(),
            within: within(rollup, &plan),
            ranks: ranks.collect(),
            rank_beyond: is_beyond.then_some(MAX_COUNTED),
            page,
        })
    }
}

/// Returns the columns of ranks with these measures.
fn columns(rollup: &Rollup, measures: &[&NamedMeasure]) -> Columns {
    let measures = measures.iter().map(|known| MeasureColumn::new(known)).collect();
    Columns::for_ranks(Columns::dimensions(rollup), measures)
}

/// Returns the dimensions within which groups are ranked, with their values.
fn within(rollup: &Rollup, plan: &RankPlan) -> Map<String, Value> {
    let mut texts = vec![String::new(); rollup.dimensions.len()];
    for (position, text) in &plan.within {
        texts[*position].clone_from(text);
    }
    let mut all = json::group(rollup, &texts);
    let is_within = |position: &usize| plan.within.iter().any(|(within, _)| within == position);
    for (position, dimension) in rollup.dimensions.iter().enumerate() {
        if !is_within(&position) {
            all.remove(dimension.name());
        }
    }
    all
}

/// Returns a group as the answer has it.
fn shown(
    rollup: &Rollup,
    plan: &RankPlan,
    rank: Option<u32>,
    group: RankedGroup,
) -> Map<String, Value> {
    let mut dimensions = json::group(rollup, &group.texts);
    for (position, _) in &plan.within {
        dimensions.remove(rollup.dimensions[*position].name());
    }
    let mut shown = Map::from_iter([
        ("rank".to_owned(), rank.map_or(Value::Null, Value::from)),
        ("dimensions".to_owned(), Value::Object(dimensions)),
    ]);
    shown.extend(group.measures);
    if group.is_parked {
        shown.insert("parked".to_owned(), Value::Bool(true));
    }
    shown
}
