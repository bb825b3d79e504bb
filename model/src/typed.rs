//! Items as types of a program: a struct that says which entity it is.

pub mod epoch;
mod new;
mod sample;
mod written;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::Item;
use crate::entity::Entity;
use crate::model::Model;
use crate::relation::Relation;
use crate::value::{self, Hidden};

pub use new::{InvalidItem, to_object};

/// A type whose values are items of one entity, read by serde from the item's attributes by their
/// names.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Order {
///     order_id: String,
///     total: f64,
/// }
///
/// impl weir_model::ItemType for Order {
///     const ENTITY: &'static str = "order";
/// }
/// ```
pub trait ItemType: DeserializeOwned {
    /// The entity's name in the definition file.
    const ENTITY: &'static str;
}

/// Why a stored item is not a value of a type.
#[derive(Debug, Error)]
pub enum TypeError {
    /// The definition has no such entity.
    #[error("`{0}` is no entity of the definition")]
    NoEntity(String),
    /// The entity has no such relation, or one of another kind.
    #[error("{0}")]
    NoRelation(String),
    /// The item's attributes do not fit.
    #[error("an item of `{entity}` does not fit its type")]
    Unfit {
        /// The entity.
        entity: String,
        /// The mismatch.
        source: serde_json::Error,
    },
    /// A type and the definition do not agree.
    #[error("the type `{type_name}` is none of `{entity}` items: {mismatch}")]
    Mismatch {
        /// The type.
        type_name: &'static str,
        /// The entity.
        entity: String,
        /// Where they differ.
        mismatch: String,
    },
}

/// How serde's errors begin that tell of a shape, not of a value: those of a type that can never be
/// read.
const OF_SHAPE: [&str; 6] = [
    "missing field",
    "unknown field",
    "unknown variant",
    "invalid type",
    "invalid length",
    "invalid number",
];

impl Model {
    /// Returns the entity that a type is of.
    ///
    /// # Errors
    /// [`TypeError::NoEntity`].
    pub fn entity_of_type<T: ItemType>(&self) -> Result<&Entity, TypeError> {
        self.entity_named(T::ENTITY)
    }

    /// Returns the entity of a name.
    ///
    /// # Errors
    /// [`TypeError::NoEntity`].
    pub fn entity_named(&self, name: &str) -> Result<&Entity, TypeError> {
        self.entity(name).ok_or_else(|| TypeError::NoEntity(name.to_owned()))
    }
}

impl Entity {
    /// Returns the relation of a name.
    ///
    /// # Errors
    /// [`TypeError::NoRelation`] with what there is instead.
    pub fn relation_named(&self, name: &str) -> Result<&Relation, TypeError> {
        let no_such =
            || TypeError::NoRelation(format!("`{name}`: {}", self.no_such_relation(name)));
        self.relation(name).ok_or_else(no_such)
    }

    /// Reads a stored item as a value of a type, hidden attributes included.
    ///
    /// # Errors
    /// [`TypeError::Unfit`].
    pub fn read<T: ItemType>(&self, item: &Item) -> Result<T, TypeError> {
        self.read_as(item)
    }

    /// Reads a stored item as a value of any type, hidden attributes included.
    ///
    /// # Errors
    /// [`TypeError::Unfit`].
    pub fn read_as<T: DeserializeOwned>(&self, item: &Item) -> Result<T, TypeError> {
        let object = value::decode_object(&self.attributes, item.as_ref(), Hidden::Included);
        serde_json::from_value(Value::Object(object))
            .map_err(|source| TypeError::Unfit { entity: self.name.clone(), source })
    }

    /// Compares a type with the definition, by items made up from it: one with all attributes, one
    /// with those alone that every item has, in the item and in the maps in it, and one for each
    /// text of an enum. Each must be read as a value of the type, and be written as it was.
    ///
    /// # Errors
    /// [`TypeError::Mismatch`] with the first difference.
    pub fn check_type<T: Serialize + DeserializeOwned>(&self) -> Result<(), TypeError> {
        let mismatch = |mismatch: String| TypeError::Mismatch {
            type_name: std::any::type_name::<T>(),
            entity: self.name.clone(),
            mismatch,
        };
        for sample in sample::samples(self) {
            match serde_json::from_value::<T>(Value::Object(sample.clone())) {
                Ok(value) => written::check(self, &value, &sample).map_err(mismatch)?,
                Err(error) => {
                    let text = error.to_string();
                    // A field may take some texts only, as of a type for e-mail addresses: that is
                    // the program's business.
                    if OF_SHAPE.iter().any(|start| text.starts_with(start)) {
                        return Err(mismatch(format!("{text}, reading {}", Value::Object(sample))));
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns whether values of a type have attributes that a relation is made from: without them
    /// they would lead nowhere.
    ///
    /// # Errors
    /// [`TypeError::Mismatch`] with the first that is left out.
    pub fn check_written<'a, T: Serialize + DeserializeOwned>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), TypeError> {
        let whole = sample::samples(self).swap_remove(0);
        // A field that takes some texts only may not take the sample's.
        let Ok(value) = serde_json::from_value::<T>(Value::Object(whole)) else { return Ok(()) };
        let written = serde_json::to_value(value).unwrap_or_default();
        match names.into_iter().find(|name| written[*name].is_null()) {
            None => Ok(()),
            Some(name) => Err(TypeError::Mismatch {
                type_name: std::any::type_name::<T>(),
                entity: self.name.clone(),
                mismatch: format!("`{name}` is not in it, and the relation is made from it"),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
