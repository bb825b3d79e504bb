//! The answer of a rollup, over all its pages.

use serde_json::{Map, Value};
use web::parameters::POINTS_DEFAULT;

use super::Arguments;
use crate::client::{Client, Error};

/// What a rollup answered: its own fields, and the points of all pages.
#[derive(Debug)]
pub(super) struct Answer {
    /// The first page's fields, without points and cursor.
    pub(super) about: Map<String, Value>,
    /// The points.
    pub(super) points: Vec<Map<String, Value>>,
    /// Where the reader would go on, when the limit was reached first.
    pub(super) cursor: Value,
}

/// Asks until there are no more pages, or enough points.
pub(super) fn ask(client: &Client, arguments: &Arguments) -> Result<Answer, Error> {
    let path = format!("/rollups/{}", segment(&arguments.name));
    let mut answer = page(client, &path, arguments, &Value::Null, arguments.limit)?;
    while answer.cursor.is_string() {
        let left = arguments.limit.map(|limit| limit.saturating_sub(count(&answer.points)));
        if left == Some(0) {
            break;
        }
        let next = page(client, &path, arguments, &answer.cursor, left)?;
        answer.points.extend(next.points);
        answer.cursor = next.cursor;
    }
    Ok(answer)
}

fn page(
    client: &Client,
    path: &str,
    arguments: &Arguments,
    cursor: &Value,
    left: Option<u32>,
) -> Result<Answer, Error> {
    let limit = left.unwrap_or(POINTS_DEFAULT).min(POINTS_DEFAULT).to_string();
    let dimensions = arguments.dimensions.iter();
    let mut query: Vec<(&str, &str)> =
        dimensions.map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let own = [("from", &arguments.from), ("to", &arguments.to), ("every", &arguments.every)];
    query.extend(own.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    query.extend(cursor.as_str().map(|cursor| ("cursor", cursor)));
    query.push(("limit", &limit));
    let answer = client.get(path, &query)?;
    read(answer).ok_or_else(|| client.strange(path, "something else than the points of a rollup"))
}

fn read(answer: Value) -> Option<Answer> {
    let Value::Object(mut about) = answer else { return None };
    let cursor = about.shift_remove("cursor").unwrap_or_default();
    let Value::Array(points) = about.shift_remove("points")? else { return None };
    let objects = points.into_iter().map(|point| match point {
        Value::Object(point) => Some(point),
        _ => None,
    });
    Some(Answer { about, points: objects.collect::<Option<_>>()?, cursor })
}

fn count(points: &[Map<String, Value>]) -> u32 {
    u32::try_from(points.len()).unwrap_or(u32::MAX)
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
impl Answer {
    /// An answer as the reader gives it.
    pub(super) fn of(json: &str) -> Self {
        read(serde_json::from_str(json).expect("JSON")).expect("an answer")
    }
}
