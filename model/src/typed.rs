//! Items as types of a program: a struct that says which entity it is.

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use crate::entity::Entity;
use crate::{Item, Model};

/// A type whose values are items of one entity, read by serde from the item's attributes by their names.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Order {
///     order_id: String,
///     total: f64,
/// }
///
/// impl model::ItemType for Order {
///     const ENTITY: &'static str = "order";
/// }
/// ```
pub trait ItemType: DeserializeOwned {
    /// The entity's name in the definition file.
    const ENTITY: &'static str;
}

/// Why a stored item is no value of a type.
#[derive(Debug, Error)]
pub enum TypeError {
    /// The definition has no such entity.
    #[error("`{0}` is no entity of the definition")]
    NoEntity(&'static str),
    /// The item's attributes do not fit.
    #[error("an item of `{entity}` does not fit its type")]
    Unfit {
        /// The entity.
        entity: &'static str,
        /// What does not fit.
        source: serde_json::Error,
    },
}

impl Model {
    /// The entity that a type is of.
    ///
    /// # Errors
    /// [`TypeError::NoEntity`].
    pub fn entity_of_type<T: ItemType>(&self) -> Result<&Entity, TypeError> {
        self.entity(T::ENTITY).ok_or(TypeError::NoEntity(T::ENTITY))
    }
}

impl Entity {
    /// Reads a stored item as a value of a type, hidden attributes included.
    ///
    /// # Errors
    /// [`TypeError::Unfit`].
    pub fn read<T: ItemType>(&self, item: &Item) -> Result<T, TypeError> {
        let attributes = self.attributes.iter();
        let object = attributes
            .filter_map(|attribute| {
                Some((attribute.name.clone(), crate::value::decode(attribute.of(item)?)))
            })
            .collect();
        serde_json::from_value(Value::Object(object))
            .map_err(|source| TypeError::Unfit { entity: T::ENTITY, source })
    }
}
