//! JSON of a test, in the forms that the model takes.

use serde_json::{Map, Value};
use weir_model::{Entity, Item};

/// Returns the members of a JSON object.
///
/// # Panics
/// If the JSON is not an object.
pub fn object(json: &Value) -> &Map<String, Value> {
    json.as_object().unwrap_or_else(|| panic!("expected an object, found {json}"))
}

/// Returns the item that a JSON object stands for, written now.
///
/// # Panics
/// If the entity cannot have such an item.
pub fn item(entity: &Entity, json: &Value) -> Item {
    let item = entity.encode(object(json), weir_writer::fresh());
    item.unwrap_or_else(|errors| panic!("{json}: {errors:?}"))
}
