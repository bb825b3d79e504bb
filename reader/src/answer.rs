//! Answers of rollups: a question in text, the points that are known.
//!
//! **Invariant:** a bucket in which nothing is counted has no point. Numbers are exact; a mean of nothing is `null`.

use aggregates::query::local;
use aggregates::{Plan, Point, QueryError, Question};
use model::{Attribute, Model, Number, Rollup, suggestion, value};
use serde::Serialize;
use serde_json::{Map, Value};
use table::Rollups;
use thiserror::Error;
use web::{Kind, Problem};

use crate::{ENOUGH_BYTES, MAX_READS};

/// What a rollup knows: a page of points, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The rollup's name.
    pub rollup: String,
    /// The group: each dimension and its value, as items have it.
    pub dimensions: Map<String, Value>,
    /// The granularity.
    pub every: String,
    /// The zone whose calendar cuts time into buckets.
    pub time_zone: String,
    /// The beginning of the range, included; `None` for all time.
    pub from: Option<String>,
    /// The end of the range, excluded.
    pub to: Option<String>,
    /// The buckets in which something is counted.
    pub points: Vec<AnswerPoint>,
    /// What to ask the next page with; `None` when this is the last.
    pub cursor: Option<String>,
}

/// What is known of one bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnswerPoint {
    /// The instant it begins, with the zone's offset; `None` for all time.
    pub start: Option<String>,
    /// The instant the next one begins.
    pub end: Option<String>,
    /// The value of each measure, in the rollup's order; `null` for a mean of nothing, and where it cannot be read.
    #[serde(flatten)]
    pub measures: Map<String, Value>,
    /// Whether DynamoDB has refused an update of it, so that the values may be wrong until it is repaired; left out if
    /// not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parked: bool,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum AskError {
    /// Ask one of the rollups that the message lists.
    #[error("{0}")]
    UnknownRollup(String),
    /// Ask otherwise: the parameter, and what was expected.
    #[error(transparent)]
    Question(#[from] QueryError),
    /// DynamoDB did not answer.
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Asks a rollup; reads at most `limit` points, behind those that the cursor stands for.
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
    let rollup = model.rollup(name).ok_or_else(|| AskError::UnknownRollup(no_such(model, name)))?;
    let plan = Plan::of(rollup, question)?;
    let (points, cursor) = points(rollups, rollup, &plan, limit, cursor).await?;
    let edge = |instant: Option<_>| instant.map(|instant| local(instant, &rollup.time_zone));
    Ok(Answer {
        rollup: rollup.name.clone(),
        dimensions: dimensions(rollup, &plan),
        every: plan.granularity.name().to_owned(),
        time_zone: rollup.time_zone_name.clone(),
        from: edge(plan.first.start),
        to: edge(plan.last.end),
        points,
        cursor,
    })
}

/// Reads on until there are enough points, or the range ends, or [`MAX_READS`] pages were read, or another page might make the
/// answer larger than Lambda takes.
async fn points(
    rollups: &Rollups,
    rollup: &Rollup,
    plan: &Plan,
    limit: u32,
    mut cursor: Option<String>,
) -> Result<(Vec<AnswerPoint>, Option<String>), table::Error> {
    let mut points = Vec::new();
    let mut bytes = 0;
    for _ in 0..MAX_READS {
        let wanted = limit.saturating_sub(u32::try_from(points.len()).unwrap_or(u32::MAX));
        let asked_with = cursor.is_some();
        let page = rollups.read(plan, wanted, cursor).await;
        let page = page.map_err(|error| outside(error, asked_with))?;
        for row in &page.rows {
            let point = Point::of(rollup, &row.sort_key, &row.stripes);
            let point = point.map_err(table::Error::Unreadable)?;
            let point = point.map(|point| answer_point(rollup, &point));
            bytes += point.as_ref().map_or(0, encoded_bytes);
            points.extend(point);
        }
        cursor = page.cursor;
        if cursor.is_none() || points.len() >= limit as usize || bytes > ENOUGH_BYTES {
            break;
        }
    }
    Ok((points, cursor))
}

/// How long a part of an answer is as JSON.
pub(crate) fn encoded_bytes(part: &impl Serialize) -> usize {
    serde_json::to_vec(part).map_or(0, |json| json.len())
}

/// DynamoDB refuses a cursor that lies outside the range; nothing else in these queries is its caller's.
fn outside(error: table::Error, asked_with_cursor: bool) -> table::Error {
    match error {
        table::Error::Refused { .. } if asked_with_cursor => table::Error::Cursor,
        other => other,
    }
}

fn answer_point(rollup: &Rollup, point: &Point) -> AnswerPoint {
    let edge = |instant: Option<_>| instant.map(|instant| local(instant, &rollup.time_zone));
    let number = |number: &Number| value::number_to_json(&number.to_string());
    let measure = |(name, value): &(String, Option<Number>)| {
        (name.clone(), value.as_ref().map_or(Value::Null, number))
    };
    AnswerPoint {
        start: edge(point.bucket.start),
        end: edge(point.bucket.end),
        measures: point.measures.iter().map(measure).collect(),
        parked: point.parked,
    }
}

fn dimensions(rollup: &Rollup, plan: &Plan) -> Map<String, Value> {
    let typed = |dimension: &Attribute, text: &String| match dimension.of_one().normalise_text(text)
    {
        Ok(encoded) => value::decode(&encoded),
        Err(_) => Value::String(text.clone()),
    };
    let group = rollup.dimensions.iter().zip(&plan.group);
    group.map(|(dimension, text)| (dimension.name.clone(), typed(dimension, text))).collect()
}

fn no_such(model: &Model, name: &str) -> String {
    let names: Vec<&str> = model.rollups.iter().map(|rollup| rollup.name.as_str()).collect();
    if names.is_empty() {
        return format!("`{name}` is no rollup; the definition has none");
    }
    let near = suggestion(name, names.iter().copied());
    format!("`{name}` is no rollup; {near}expected one of {}", names.join(", "))
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        match error {
            AskError::UnknownRollup(message) => Self::new(Kind::UnknownRollup, message),
            AskError::Question(QueryError { parameter, message }) => {
                Self::parameters(vec![model::FieldError { field: parameter, message }])
            }
            AskError::Table(error) => error.into(),
        }
    }
}
