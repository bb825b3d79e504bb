//! New items of a program, validated before they are written.

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::field_error::FieldError;
use crate::limits::MAX_NAMES;
use crate::model::Model;
use crate::write_context::WriteContext;

/// An item that the definition rejects.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", message(self))]
pub struct InvalidItem {
    /// The entity.
    pub entity: String,
    /// Each invalid attribute, with the values that are allowed.
    pub errors: Vec<FieldError>,
}

impl Model {
    /// Validates a new item of an entity, as a write does.
    ///
    /// # Errors
    /// Every attribute that the definition rejects; a value that does not serialize to an object.
    ///
    /// # Panics
    /// If the definition has no entity of this name.
    pub fn check_new(&self, entity: &str, item: &impl Serialize) -> Result<(), InvalidItem> {
        let known = self.entity(entity).expect("an entity of the definition");
        let errors = match serde_json::to_value(item) {
            Ok(Value::Object(object)) => match known.encode(&object, WriteContext::NONE) {
                Ok(_) => return Ok(()),
                Err(errors) => errors,
            },
            Ok(other) => vec![FieldError::new(entity, format!("expected an object, not {other}"))],
            Err(error) => vec![FieldError::new(entity, error.to_string())],
        };
        Err(InvalidItem { entity: entity.to_owned(), errors })
    }
}

fn message(invalid: &InvalidItem) -> String {
    let errors: Vec<_> = invalid.errors.iter().take(MAX_NAMES).map(ToString::to_string).collect();
    format!("invalid item of `{}`: {}", invalid.entity, errors.join("; "))
}
