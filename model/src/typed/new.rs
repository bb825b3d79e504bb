//! New items of a program, validated before they are written.

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Item;
use crate::entity::Entity;
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

impl Entity {
    /// Returns the object that a value is written as. Attributes that Weir manages, which a value
    /// that was read has, are left out.
    ///
    /// # Errors
    /// A value that does not serialize to an object.
    pub fn object_from_value(
        &self,
        value: &impl Serialize,
    ) -> Result<Map<String, Value>, FieldError> {
        let mut object = to_object(value)?;
        let managed = self.attributes.iter().filter(|attribute| attribute.kept.is_some());
        managed.for_each(|attribute| drop(object.remove(&attribute.name)));
        Ok(object)
    }

    /// Returns a value as the item that a write stores.
    ///
    /// # Errors
    /// Every attribute that the definition rejects; a value that does not serialize to an object.
    pub fn encode_value(
        &self,
        value: &impl Serialize,
        context: WriteContext,
    ) -> Result<Item, InvalidItem> {
        let object = self.object_from_value(value).map_err(|error| vec![error]);
        let item = object.and_then(|object| self.encode(&object, context));
        item.map_err(|errors| InvalidItem { entity: self.name.clone(), errors })
    }
}

/// Returns the object that a value serializes to.
///
/// # Errors
/// A value that serializes to anything else, or not at all.
pub fn to_object(value: &impl Serialize) -> Result<Map<String, Value>, FieldError> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(FieldError::new("value", format!("{other}, expected an object"))),
        Err(error) => Err(FieldError::new("value", error)),
    }
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
        known.encode_value(item, WriteContext::NONE).map(drop)
    }
}

fn message(invalid: &InvalidItem) -> String {
    let errors: Vec<_> = invalid.errors.iter().take(MAX_NAMES).map(ToString::to_string).collect();
    format!("invalid item of `{}`: {}", invalid.entity, errors.join("; "))
}
