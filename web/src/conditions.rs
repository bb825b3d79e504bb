//! Conditions that a caller sends: as the model reads them, but not about what is hidden.
//!
//! Whoever may ask whether a hidden value is less than another finds it out, one request after
//! another: by what a list leaves out, or by whether a write is done. A definition may have what it
//! likes, in its patterns and rollups.

use serde_json::{Map, Value};
use weir_model::{Entity, FieldError, Predicate, Update, condition};

use crate::parts;

/// Why a relative change of a hidden value with limits is rejected.
const LIMITED: &str =
    "is hidden and has limits, expected `set`: whether a relative change fits would tell the value";

/// Reads what must hold of an item.
///
/// # Errors
/// Every mistake; where there is none, every attribute that is hidden.
pub fn parse(entity: &Entity, json: &Value) -> Result<Predicate, Vec<FieldError>> {
    let predicate = condition::parse(entity, json)?;
    check(entity, &predicate).map(|()| predicate)
}

/// Says what a condition is about that is hidden.
fn check(entity: &Entity, predicate: &Predicate) -> Result<(), Vec<FieldError>> {
    let hidden = entity.hidden_places(predicate);
    let is_whole = |place: &str| entity.attribute(place).is_some_and(|attribute| !attribute.hidden);
    let refused = |place: &String| match is_whole(place) {
        true => {
            FieldError::new(place, "has something hidden in it, expected a path to what is not")
        }
        false => refused(place),
    };
    let hidden: Vec<_> = hidden.iter().map(refused).collect();
    if hidden.is_empty() { Ok(()) } else { Err(hidden) }
}

/// Reads an update of an item as bodies have it. What else may be wrong with its condition is told
/// when it is planned, with all the rest.
///
/// # Errors
/// Every member that is not one of an update; every value that cannot be a part of a path; every
/// attribute of its condition that is hidden; every relative change of a hidden value with limits.
pub fn parse_update(
    entity: &Entity,
    object: &Map<String, Value>,
) -> Result<Update, Vec<FieldError>> {
    let update = Update::from_json(object)?;
    let unfit = parts::unfit_updates(entity, object);
    if !unfit.is_empty() {
        return Err(unfit);
    }
    if let Some(Ok(predicate)) = object.get("where").map(|json| condition::parse(entity, json)) {
        check(entity, &predicate)?;
    }
    let told = entity.hidden_limits(&update);
    let told: Vec<_> = told.iter().map(|path| FieldError::new(path, LIMITED)).collect();
    if told.is_empty() { Ok(update) } else { Err(told) }
}

/// Returns the refusal of an attribute that is hidden.
pub fn refused(name: &str) -> FieldError {
    FieldError::new(name, "is hidden, expected another attribute")
}
