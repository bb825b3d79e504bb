//! Answers of rollups: a question in text, the points that are known.
//!
//! ```text
//! question ──Plan::of──► steps (periods, each with the one that it is compared with)
//!          ──cover─────► slots (the fewest buckets that make up each) ──► rollup items, rows ──► points
//! ```
//!
//! | to see | read |
//! |---|---|
//! | how steps become points, page by page | `page` |
//! | what stands where nothing is counted | `gaps` |
//! | what rollup items know of a slot | `slot` |
//! | what is read of rows | `rows` |
//! | how many reads it takes, before they are made | `reads` |
//! | measures as JSON | `values` |
//! | where a page ended | `position` |
//!
//! **Invariant:** a period in which nothing is counted has no point, unless gaps are filled. Numbers are exact but for those that
//! `error_bounds` names; a mean of nothing is `null`.

mod gaps;
pub(crate) mod page;
mod position;
mod reads;
pub(crate) mod rows;
pub(crate) mod slot;
pub(crate) mod values;

use aggregates::query::local;
use aggregates::sketch::RELATIVE_ERROR;
use aggregates::{Fill, Plan, QueryError, QueryErrors, Question};
use jiff::Timestamp;
use model::rollup::NamedMeasure;
use model::shorten::{listed, quoted};
use model::{FieldError, Measure, Model, Rollup, suggestion};
use serde::Serialize;
use serde_json::{Map, Value};
use table::{Budget, Reads, Rollups};
use thiserror::Error;
use web::{Kind, Problem};

use self::page::Pages;
use self::position::Position;
use self::rows::MAX_ROWS;
use self::slot::Tally;
use crate::cursor::Frame;
use crate::format::Columns;
use crate::format::columns::MeasureColumn;
use crate::status::Completeness;

/// A point: when it is, and what is measured, by name.
pub type AnswerPoint = Map<String, Value>;

/// What a rollup knows: a page of points, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The rollup's name.
    pub rollup: String,
    /// The group, where one is asked about: each dimension and its value, as items have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Map<String, Value>>,
    /// How long the periods of a series are; `None` for a total.
    pub every: Option<String>,
    /// The zone of the calendar.
    pub time_zone: String,
    /// The beginning of the range, included; `None` for all time.
    pub from: Option<String>,
    /// The end of the range, excluded.
    pub to: Option<String>,
    /// The earlier range that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
    /// The points of the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<AnswerPoint>>,
    /// The groups, where several are asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<AnswerGroup>>,
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

/// The earlier range that a range is compared with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
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

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// Ask one of the rollups that the message lists.
    #[error("{0}")]
    UnknownRollup(String),
    /// Ask otherwise: the parameters, and what was expected.
    #[error(transparent)]
    Question(#[from] QueryErrors),
    /// Ask for less at once: the parameter, and what was expected.
    #[error("{0}")]
    TooMuch(QueryError),
    /// A count is below zero: the rollup lacks changes, and its numbers would be wrong. Build it again.
    #[error("{0}")]
    NegativeCount(String),
    /// DynamoDB did not answer.
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Asks a rollup; answers with at most `limit` points, behind those that the cursor stands for.
///
/// It reads within the budget of the rollups ([`Rollups::with_budget`]); if that has no limits,
/// within one of [`Reads::DEFAULT_LIMITS`].
///
/// # Errors
/// Why the question cannot be answered, and what could be asked; or what DynamoDB says.
pub async fn ask(
    model: &Model,
    rollups: &Rollups,
    name: &str,
    question: &Question,
    limit: u32,
    cursor: Option<String>,
) -> Result<Answer, AskError> {
    Planned::of(model, name, question, cursor)?.answer(&within_budget(rollups), limit).await
}

/// The rollups, with a budget of the default limits if they have none.
pub(crate) fn within_budget(rollups: &Rollups) -> Rollups {
    match rollups.budget().limits() {
        Some(_) => rollups.clone(),
        None => rollups.with_budget(&Budget::new(Reads::DEFAULT_LIMITS)),
    }
}

/// A question that can be answered, of whose answer nothing is read yet.
pub struct Planned<'a> {
    rollup: &'a Rollup,
    plan: Plan,
    frame: Frame,
    /// Where the page before ended.
    position: Option<Position>,
    /// The most rows that are read for the answer, 20,000 unless set.
    pub most_rows: usize,
}

impl<'a> Planned<'a> {
    /// Plans the answer behind what the cursor stands for.
    ///
    /// # Errors
    /// Why the question cannot be answered, and what could be asked.
    pub fn of(
        model: &'a Model,
        name: &str,
        question: &Question,
        cursor: Option<String>,
    ) -> Result<Self, AskError> {
        let rollup = rollup(model, name)?;
        let plan = Plan::of(model, rollup, question, Timestamp::now())?;
        let frame = position::frame(name, question);
        let position = cursor.map(|text| position::read(&text, frame, &plan)).transpose()?;
        Ok(Self { rollup, plan, frame, position, most_rows: MAX_ROWS })
    }

    /// Answers with at most `limit` points, within the budget of the rollups.
    ///
    /// # Errors
    /// What would read too much; or what DynamoDB says.
    pub async fn answer(self, rollups: &Rollups, limit: u32) -> Result<Answer, AskError> {
        let Self { rollup, plan, frame, position, most_rows } = self;
        let mut pages = Pages::new(rollups, rollup, &plan, most_rows);
        let next = pages.turn(position, limit).await?;
        let zone = &plan.calendar.zone;
        let edge = |instant: Option<Timestamp>| instant.map(|instant| local(instant, zone));
        let range = plan.asked.range();
        let earlier = plan.previous.and_then(|previous| previous.asked.range());
        let error_bounds = error_bounds(rollup, &pages.asked);
        let columns = columns(rollup, &plan, &pages.asked);
        let Tally { items_read, newest } = pages.tally;
        let freshness = freshness(newest);
        let groups = plan.groups.iter().zip(pages.points).map(|(group, points)| AnswerGroup {
            dimensions: values::group(rollup, &group.texts),
            points,
        });
        let mut groups: Vec<_> = groups.collect();
        let only = if groups.len() == 1 { groups.pop() } else { None };
        let (dimensions, points) = only.map(|group| (group.dimensions, group.points)).unzip();
        let groups = Some(groups).filter(|_| points.is_none());
        Ok(Answer {
            rollup: rollup.name.clone(),
            dimensions,
            every: every(&plan),
            time_zone: plan.calendar.zone_name.clone(),
            from: edge(range.map(|range| range.start)),
            to: edge(range.map(|range| range.end)),
            compared: earlier.map(|earlier| Compared {
                from: local(earlier.start, zone),
                to: local(earlier.end, zone),
            }),
            points,
            groups,
            freshness,
            completeness: Completeness::default(),
            error_bounds,
            items_read,
            cursor: next.map(|position| position::write(&position, frame)),
            columns,
        })
    }
}

/// The columns of the answer to a plan that asks for these measures.
fn columns(rollup: &Rollup, plan: &Plan, measures: &[&NamedMeasure]) -> Columns {
    let measures = measures.iter().map(|known| MeasureColumn::of(known)).collect();
    let is_compared = plan.previous.is_some();
    let is_filled = is_compared || plan.fill != Fill::None;
    Columns::of_series(Columns::dimensions(rollup), measures, is_compared, is_filled)
}

/// How long the periods are: `all` for all time, nothing for the total of a range.
fn every(plan: &Plan) -> Option<String> {
    match plan.asked {
        aggregates::Asked::AllTime => Some(model::Granularity::All.to_string()),
        asked => asked.every().map(|every| every.to_string()),
    }
}

/// Seconds since 1970 as RFC 3339 text.
pub(crate) fn freshness(newest: Option<u32>) -> Option<String> {
    Some(Timestamp::from_second(i64::from(newest?)).ok()?.to_string())
}

/// The relative error that values may have, by the measures that are estimates.
pub(crate) fn error_bounds(rollup: &Rollup, measures: &[&NamedMeasure]) -> Map<String, Value> {
    let is_estimated =
        |name: &String| rollup.measure(name).is_some_and(|measure| rollup.is_estimated(measure));
    let bound = |known: &&NamedMeasure| {
        let bound = match &known.measure {
            // 1.01 / 0.99, and 1 / 0.99.
            Measure::Ratio { over, under } if is_estimated(over) && is_estimated(under) => "0.0203",
            Measure::Ratio { .. } => "0.0102",
            _ => RELATIVE_ERROR,
        };
        (known.name.clone(), model::value::number_to_json(bound))
    };
    let estimated = measures.iter().filter(|known| rollup.is_estimated(&known.measure));
    estimated.map(bound).collect()
}

/// A question that cannot be answered so.
pub(crate) fn refused(parameter: &str, message: String) -> AskError {
    AskError::TooMuch(QueryError::new(parameter, message))
}

/// How long a part of an answer is as JSON.
pub(crate) fn encoded_bytes(part: &impl Serialize) -> usize {
    serde_json::to_vec(part).map_or(0, |json| json.len())
}

/// The rollup that is asked.
pub(crate) fn rollup<'a>(model: &'a Model, name: &str) -> Result<&'a Rollup, AskError> {
    model.rollup(name).ok_or_else(|| AskError::UnknownRollup(no_such(model, name)))
}

fn no_such(model: &Model, name: &str) -> String {
    let names: Vec<&str> = model.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
    if names.is_empty() {
        return format!("{} is no rollup; the definition has none", quoted(name));
    }
    let near = suggestion(name, names.iter().copied());
    format!("{} is no rollup; {near}expected one of {}", quoted(name), listed(&names))
}

impl AskError {
    /// Whether less at once could be answered.
    pub(crate) fn is_too_much(&self) -> bool {
        match self {
            Self::TooMuch(_) => true,
            Self::Table(error) => error.is_over_budget(),
            _ => false,
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let field = |error: QueryError| FieldError::new(&error.parameter, error.message);
        match error {
            AskError::UnknownRollup(message) => Self::new(Kind::UnknownRollup, message),
            AskError::Question(QueryErrors(errors)) => {
                Self::parameters(errors.into_iter().map(field).collect())
            }
            AskError::TooMuch(error) => Self::parameters(vec![field(error)]),
            AskError::NegativeCount(message) => Self::new(Kind::UnbuiltRollup, message),
            AskError::Table(error) => error.into(),
        }
    }
}
