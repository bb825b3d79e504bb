//! Ranks: which groups of a bucket have the greatest score, and which are around one of them.
//!
//! | to see | read |
//! |---|---|
//! | how entries of the index become groups with their measures | `board` |
//! | which rank a score has | `standing` |
//! | where a page ended | `position` |

mod board;
mod position;
mod standing;

use aggregates::query::local;
use aggregates::{RankPlan, RankQuestion};
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use jiff::Timestamp;
use model::rollup::NamedMeasure;
use model::{Model, Rollup};
use serde::Serialize;
use serde_json::{Map, Value};
use table::Rollups;
use web::parameters::{RANKS_DEFAULT, RANKS_LIMIT};
use web::{Accept, Cursors, Parameters, PathTexts, Problem};

use self::board::{Board, Entry, MAX_COUNTED};
use self::position::Position;
use crate::answer::{AskError, error_bounds, freshness, refused, values, within_budget};
use crate::budget::OfRequest;
use crate::cursor::Frame;
use crate::format::columns::MeasureColumn;
use crate::format::{Columns, Format};
use crate::rollups::{Asked, asked_name};
use crate::status::Completeness;

/// What a rollup knows of the ranks of its groups: a page of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankAnswer {
    /// The rollup's name.
    pub rollup: String,
    /// How long the bucket is.
    pub every: String,
    /// Where it begins; `None` for all time.
    pub start: Option<String>,
    /// Where it ends.
    pub end: Option<String>,
    /// The measure that is the score.
    pub ranked_by: String,
    /// The dimensions within which groups are ranked, and their values.
    pub within: Map<String, Value>,
    /// The groups: rank, other dimensions, and what is measured, by name.
    pub ranks: Vec<Map<String, Value>>,
    /// How many groups were counted, where there are more before the one that is asked for: its rank is not known then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_beyond: Option<u32>,
    /// The time of the newest change that is included, RFC 3339; `None` where nothing was read.
    pub freshness: Option<String>,
    /// How complete the answer is, where that was looked up.
    #[serde(flatten)]
    pub completeness: Completeness,
    /// The relative error that the values of a measure may have, of the measures that are estimates.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub error_bounds: Map<String, Value>,
    /// How many items, rows and index entries were read.
    pub items_read: usize,
    /// What to ask the next page with; `None` when this is the last.
    pub cursor: Option<String>,
    /// Its columns as a table.
    #[serde(skip)]
    pub columns: Columns,
}

/// Asks a rollup for ranks; answers with at most `limit` of them, behind those that the cursor stands for. Neighbours are one
/// page. It reads within a budget, as [`crate::ask`] does.
///
/// # Errors
/// Why the question cannot be answered, and what could be asked; or what DynamoDB says.
pub async fn ranks(
    model: &Model,
    rollups: &Rollups,
    name: &str,
    question: &RankQuestion,
    limit: u32,
    cursor: Option<String>,
) -> Result<RankAnswer, AskError> {
    Planned::of(model, name, question, cursor)?.answer(&within_budget(rollups), limit).await
}

/// A question that can be answered, of whose answer nothing is read yet.
struct Planned<'a> {
    rollup: &'a Rollup,
    plan: RankPlan,
    frame: Frame,
    /// Where the page before ended.
    position: Option<Position>,
}

impl<'a> Planned<'a> {
    /// Plans the answer behind what the cursor stands for.
    fn of(
        model: &'a Model,
        name: &str,
        question: &RankQuestion,
        cursor: Option<String>,
    ) -> Result<Self, AskError> {
        let rollup = crate::answer::rollup(model, name)?;
        let plan = RankPlan::of(model, rollup, question, Timestamp::now())?;
        if plan.around.is_some() && cursor.is_some() {
            return Err(refused("cursor", "neighbours are one page; expected none".to_owned()));
        }
        let frame = position::frame(name, question);
        let position =
            cursor.map(|text| position::read(&text, frame, rollup, &plan)).transpose()?;
        Ok(Self { rollup, plan, frame, position })
    }

    /// Answers with at most `limit` ranks.
    async fn answer(self, rollups: &Rollups, limit: u32) -> Result<RankAnswer, AskError> {
        let Self { rollup, plan, frame, position } = self;
        let mut board = Board::new(rollups, rollup, &plan);
        let (listed, next) = match &plan.around {
            None => board.page(position, limit).await?,
            Some(around) => (board.around(around).await?, None),
        };
        let is_beyond = listed.iter().any(|(rank, _)| rank.is_none());
        let edge = |instant: Option<_>| instant.map(|instant| local(instant, &rollup.time_zone));
        let ranks =
            listed.into_iter().map(|(rank, entry)| row(rollup, &plan, rank, entry)).collect();
        Ok(RankAnswer {
            rollup: rollup.name.clone(),
            every: plan.bucket.granularity.to_string(),
            start: edge(plan.bucket.start),
            end: edge(plan.bucket.end),
            ranked_by: rollup.rank.as_ref().map(|rank| rank.by.clone()).unwrap_or_default(),
            within: within(rollup, &plan),
            ranks,
            rank_beyond: is_beyond.then_some(MAX_COUNTED),
            freshness: freshness(board.tally.newest),
            completeness: Completeness::default(),
            error_bounds: error_bounds(rollup, &board.asked),
            items_read: board.tally.items_read,
            cursor: next.map(|position| position::write(&position, frame)),
            columns: columns(rollup, &board.asked),
        })
    }
}

/// The columns of ranks with these measures.
fn columns(rollup: &Rollup, measures: &[&NamedMeasure]) -> Columns {
    let measures = measures.iter().map(|known| MeasureColumn::of(known)).collect();
    Columns::of_ranks(Columns::dimensions(rollup), measures)
}

/// The dimensions within which groups are ranked.
fn within(rollup: &Rollup, plan: &RankPlan) -> Map<String, Value> {
    let mut texts = vec![String::new(); rollup.dimensions.len()];
    for (position, text) in &plan.within {
        texts[*position].clone_from(text);
    }
    let mut all = values::group(rollup, &texts);
    let is_of = |position: &usize| plan.within.iter().any(|(within, _)| within == position);
    for (position, dimension) in rollup.dimensions.iter().enumerate() {
        if !is_of(&position) {
            all.remove(dimension.name());
        }
    }
    all
}

/// A group as the answer has it.
fn row(rollup: &Rollup, plan: &RankPlan, rank: Option<u32>, entry: Entry) -> Map<String, Value> {
    let mut group = values::group(rollup, &entry.texts);
    for (position, _) in &plan.within {
        group.remove(rollup.dimensions[*position].name());
    }
    let mut row = Map::from_iter([
        ("rank".to_owned(), rank.map_or(Value::Null, Value::from)),
        ("dimensions".to_owned(), Value::Object(group)),
    ]);
    row.extend(entry.measures);
    if entry.is_parked {
        row.insert("parked".to_owned(), Value::Bool(true));
    }
    row
}

/// Answers `GET /rollups/{rollup}/ranks`.
pub(crate) async fn answer(
    State(asked): State<Asked>,
    Extension(budget): OfRequest,
    path: PathTexts,
    uri: Uri,
    accept: Accept,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let bound = parameters.bound(&[]);
    let format = Format::of(&mut parameters, &accept);
    let limit = parameters.number("limit", RANKS_LIMIT, 0);
    let cursor = parameters.text("cursor");
    let question = RankQuestion {
        every: parameters.text("every"),
        from: parameters.text("from"),
        order: parameters.text("order"),
        neighbours: parameters.text("neighbours"),
        measures: parameters.text("measures"),
        dimensions: parameters.rest(),
    };
    if limit > 0 && question.neighbours.is_some() {
        parameters.error("limit", "neighbours are one page; expected none");
    }
    parameters.finish()?;
    let limit = if limit == 0 { RANKS_DEFAULT } else { limit };
    let name = asked_name(&path);
    let seal = cursors.for_list(&["ranks", &name], &bound);
    let planned = Planned::of(&asked.model, &name, &question, seal.open(cursor)?)?;
    let completeness = asked.status.completeness(&name, &budget).await?;
    let answer = planned.answer(&asked.rollups.with_budget(&budget), limit).await?;
    let cursor = seal.close(answer.cursor);
    let answer = RankAnswer { completeness, cursor, ..answer };
    Ok(format.respond(&answer, &answer.columns, uri.query()))
}
