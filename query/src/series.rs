//! Series and totals of a rollup: a question in text, and the points that are known.
//!
//! ```text
//! question ──QueryPlan──► steps (periods, each with the one that it is compared with)
//!          ──cover──────► slots (the fewest buckets that make up each) ──► rollup items, detail
//!                         items ──► points
//! ```
//!
//! | to see | read |
//! |---|---|
//! | a query, and the values of its answer | `query`, `answer` |
//! | how steps become points, page by page | `pages` |
//! | the steps of an answer, and the points made of them | `steps`, `points` |
//! | the values of a gap | `gaps` |
//! | how many reads a question takes, before they are made | `planned_reads` |
//! | where a page ended | `page_cursor` |
//!
//! **Invariant:** a period in which nothing is counted has no point, unless gaps are filled.
//! Numbers are exact except those that `error_bounds` names; a mean of nothing is `null`.

mod answer;
mod gaps;
mod page_cursor;
mod pages;
mod planned_reads;
mod points;
mod query;
mod steps;

use jiff::Timestamp;
use weir_model::rollup::NamedMeasure;
use weir_model::{Granularity, Model, Rollup};
use weir_rollups::query::local;
use weir_rollups::{Fill, Plan, QueryRange};
use weir_table::Rollups;

use self::page_cursor::PageCursor;
use self::pages::Pages;
use crate::columns::{Columns, MeasureColumn};
use crate::cursor::CursorFrame;
use crate::error::QueryError;
use crate::json;
use crate::measured::{error_bounds, freshness};
use crate::page_info::PageInfo;
use crate::status::Completeness;

pub use self::answer::{AnswerGroup, AnswerPoint, ComparedRange, RollupAnswer};
pub use self::query::RollupQuery;

/// A query that can be answered, and of whose answer nothing is read yet.
pub(crate) struct PlannedQuery<'a> {
    rollup: &'a Rollup,
    query: &'a RollupQuery,
    plan: Plan,
    frame: CursorFrame,
    /// Where the page before ended.
    cursor: Option<PageCursor>,
}

impl<'a> PlannedQuery<'a> {
    /// Plans the answer of a query at an instant.
    ///
    /// # Errors
    /// The mistakes of the question; [`weir_table::Error::Cursor`] for a cursor of another
    /// question.
    pub(crate) fn new(
        model: &Model,
        rollup: &'a Rollup,
        query: &'a RollupQuery,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let plan = Plan::new(model, rollup, &query.question, now)?;
        let frame = page_cursor::frame(&rollup.stored_name(), &query.question);
        let cursor = query.cursor.as_deref();
        let cursor = cursor.map(|text| page_cursor::read(text, frame, &plan)).transpose()?;
        Ok(Self { rollup, query, plan, frame, cursor })
    }

    /// Reads a page of points within the budget of the rollups.
    ///
    /// # Errors
    /// The parameter that would read too much; or the error of DynamoDB.
    pub(crate) async fn answer(
        self,
        rollups: &Rollups,
        completeness: Completeness,
    ) -> Result<RollupAnswer, QueryError> {
        let Self { rollup, query, plan, frame, cursor } = self;
        let mut pages = Pages::new(rollups, rollup, &plan, query.max_detail_items);
        let next = pages.read_page(cursor, query.limit.max(1)).await?;
        let zone = &plan.calendar.zone;
        let edge = |instant: Option<Timestamp>| instant.map(|instant| local(instant, zone));
        let range = plan.range.whole();
        let earlier = plan.previous.and_then(|previous| previous.range.whole());
        let page = PageInfo {
            freshness: freshness(pages.stats.newest),
            completeness,
            error_bounds: error_bounds(rollup, &pages.measures),
            items_read: pages.stats.items_read,
            cursor: next.map(|cursor| page_cursor::write(&cursor, frame)),
            columns: columns(rollup, &plan, &pages.measures),
        };
        let groups = plan.groups.iter().zip(pages.points).map(|(group, points)| AnswerGroup {
            dimensions: json::group(rollup, &group.texts),
            points,
        });
        let mut groups: Vec<_> = groups.collect();
        let only = if groups.len() == 1 { groups.pop() } else { None };
        let (dimensions, points) = only.map(|group| (group.dimensions, group.points)).unzip();
        let groups = Some(groups).filter(|_| points.is_none());
        Ok(RollupAnswer {
            rollup: rollup.name.clone(),
            dimensions,
            every: every(&plan),
            time_zone: plan.calendar.zone_name.clone(),
            from: edge(range.map(|range| range.start)),
            to: edge(range.map(|range| range.end)),
            compared: earlier.map(|earlier| ComparedRange {
                from: local(earlier.start, zone),
                to: local(earlier.end, zone),
            }),
            points,
            groups,
            page,
        })
    }
}

/// Returns the columns of the answer to a plan with these measures.
fn columns(rollup: &Rollup, plan: &Plan, measures: &[&NamedMeasure]) -> Columns {
    let measures = measures.iter().map(|known| MeasureColumn::new(known)).collect();
    let is_compared = plan.previous.is_some();
    let is_filled = is_compared || plan.fill != Fill::None;
    Columns::for_series(Columns::dimensions(rollup), measures, is_compared, is_filled)
}

/// Returns the length of the periods: `all` for all time, `None` for the total of a range.
fn every(plan: &Plan) -> Option<String> {
    match plan.range {
        QueryRange::AllTime => Some(Granularity::All.to_string()),
        asked => asked.every().map(|every| every.to_string()),
    }
}
