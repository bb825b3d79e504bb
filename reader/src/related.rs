//! The related items of a request: `include=owner,comments.author`.
//!
//! ```text
//! GET /account/a1?include=owner    { "id": "a1", "owner_id": "ann", "owner": { "id": "ann", … } }
//! GET /user/ann?include=sessions   { "id": "ann", "sessions": { "items": […], "cursor": "…" } }
//! ```
//!
//! **Invariant:** a related item that is `null`, or is not in a list whose cursor is `null`, is not
//! there. What was not read ends the page before, or is the failure of the whole request.

use serde_json::{Map, Value, json};
use weir_http::{Cursors, Parameters, Problem};
use weir_model::limits::MAX_SHOWN_CHARACTERS;
use weir_model::relation::{IncludeError, Scope};
use weir_model::shorten::shortened;
use weir_model::{Entity, FieldError, Include, Item, Model};
use weir_table::{Joined, JoinedPage, Reading, Related};

use crate::limits::{ENOUGH_BYTES, MAX_READS};
use crate::list_seal::list_seal;

/// The parameter.
pub(crate) const INCLUDE: &str = "include";

/// The bytes above which an item with those that it is related to is not answered: Lambda takes 6
/// MB.
const MOST_BYTES: usize = 2 * ENOUGH_BYTES;

/// Returns the relations that a request includes. An entity without relations rejects the
/// parameter.
pub(crate) fn asked<'a>(
    parameters: &mut Parameters,
    model: &'a Model,
    entity: &'a Entity,
    scope: &Scope<'_>,
) -> Vec<Include<'a>> {
    if entity.relations.is_empty() {
        return Vec::new();
    }
    let Some(text) = parameters.text(INCLUDE) else { return Vec::new() };
    Include::parse(model, entity, scope, &text).unwrap_or_else(|errors| {
        for error in errors {
            parameters.error(INCLUDE, message(error));
        }
        Vec::new()
    })
}

/// Returns the message of an error, with the path that was given shortened.
fn message(error: IncludeError) -> String {
    let short = |path: String| shortened(&path, MAX_SHOWN_CHARACTERS).into_owned();
    let error = match error {
        IncludeError::Twice(path) => IncludeError::Twice(short(path)),
        IncludeError::TooFar(path) => IncludeError::TooFar(short(path)),
        IncludeError::Unknown { path, message } => {
            IncludeError::Unknown { path: short(path), message }
        }
        other => other,
    };
    error.to_string()
}

/// Returns the limits within which related items are read.
pub(crate) fn reading(consistent: Option<bool>) -> Reading {
    Reading { consistent, max_bytes: ENOUGH_BYTES, max_reads: MAX_READS }
}

/// Returns the problem of related items that were not read.
pub(crate) fn problem(error: weir_table::Error) -> Problem {
    match &error {
        weir_table::Error::OverBudget { limits, relation: Some(relation) } => {
            let message = format!(
                "`{relation}` of the first item reads more than is left of the {} reads and {} MB \
                 of a request; expected fewer relations, without `{relation}`",
                limits.reads,
                limits.bytes / weir_table::MB
            );
            Problem::parameters(vec![FieldError::new(INCLUDE, message)])
        }
        _ => error.into(),
    }
}

/// Returns an item as it is answered, with those that it is related to.
///
/// # Errors
/// The problem of one that is too large to be answered.
pub(crate) fn shown(
    entity: &Entity,
    joined: &Joined,
    includes: &[Include<'_>],
    cursors: &Cursors,
) -> Result<Map<String, Value>, Problem> {
    if joined.bytes > MOST_BYTES {
        let message = format!(
            "{} bytes, {MOST_BYTES} is the most of an item with those that it is related to; \
             expected fewer relations",
            joined.bytes
        );
        return Err(Problem::parameters(vec![FieldError::new(INCLUDE, message)]));
    }
    Ok(object(entity, joined, includes, cursors))
}

fn object(
    entity: &Entity,
    joined: &Joined,
    includes: &[Include<'_>],
    cursors: &Cursors,
) -> Map<String, Value> {
    let mut object = entity.decode(&joined.item);
    for (include, related) in includes.iter().zip(&joined.related) {
        let inner = |joined: &Joined| {
            Value::Object(self::object(include.to, joined, &include.nested, cursors))
        };
        let value = match related {
            Related::One(item) => item.as_deref().map_or(Value::Null, inner),
            Related::Many(JoinedPage { items, cursor }) => {
                let items: Vec<Value> = items.iter().map(|item| inner(item)).collect();
                json!({ "items": items, "cursor": closed(include, &joined.item, cursor, cursors) })
            }
        };
        object.insert(include.relation.name.clone(), value);
    }
    object
}

/// Returns the cursor of many related items, sealed as one of the list of the same items without
/// parameters: the list that continues it.
fn closed(
    include: &Include<'_>,
    item: &Item,
    cursor: &Option<String>,
    cursors: &Cursors,
) -> Option<String> {
    let position = cursor.clone()?;
    let (listing, entity) = include.listing()?;
    let partition = include.partition(item)?.key;
    let place = (partition.as_str(), listing.descending);
    list_seal(cursors, entity, &listing.pattern, place, &[]).close(Some(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_was_given_is_shortened_in_its_message() {
        let path = "p".repeat(100_000);
        let shown = format!("`{}…`", "p".repeat(MAX_SHOWN_CHARACTERS));
        let unknown = IncludeError::Unknown { path: path.clone(), message: "none".to_owned() };
        for error in [IncludeError::Twice(path.clone()), IncludeError::TooFar(path), unknown] {
            let message = message(error);
            assert!(message.starts_with(&shown) && message.len() < 150, "{message}");
        }
        let short = message(IncludeError::Twice("posts".to_owned()));
        assert_eq!(short, "`posts` twice, expected each relation once");
    }
}
