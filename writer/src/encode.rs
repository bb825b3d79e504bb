//! From a request to an item: what the path says, and what the body says.
//!
//! **Invariant:** an item that is encoded here has a path, and the path leads back to it; so do
//! those by which it is listed or found.

use serde_json::{Map, Value};
use weir_http::parts::unfit;
use weir_http::paths::path_of;
use weir_model::{Entity, FieldError, Item, WriteContext, errors as lists, value};

/// An item that can be written, and the path it will have.
pub(crate) struct Encoded {
    pub(crate) item: Item,
    pub(crate) path: String,
}

/// Encodes an object as an item.
pub(crate) fn encode(
    entity: &Entity,
    object: &Map<String, Value>,
    fresh: WriteContext,
) -> Result<Encoded, Vec<FieldError>> {
    let item = entity.encode(object, fresh)?;
    let others = unfit(entity, &item);
    match path_of(entity, &item) {
        Ok(path) if others.is_empty() => Ok(Encoded { item, path }),
        own => Err(own.err().into_iter().flatten().chain(others).collect()),
    }
}

/// Encodes an object as the item of a path. The object may repeat what the path says, and must not
/// contradict it.
pub(crate) fn encode_at(
    entity: &Entity,
    path: &[(&str, &str)],
    mut object: Map<String, Value>,
    fresh: WriteContext,
) -> Result<Encoded, Vec<FieldError>> {
    let errors = contradictions(entity, path, &mut object);
    match encode(entity, &object, fresh) {
        Ok(encoded) if errors.is_empty() => Ok(encoded),
        Ok(_) => Err(errors),
        Err(others) => {
            let is_known =
                |other: &FieldError| errors.iter().any(|known| known.field == other.field);
            let mut more = Vec::new();
            let mut uncounted = 0;
            for other in others {
                match is_known(&other) {
                    true => uncounted += other.others,
                    false => more.push(other),
                }
            }
            let mut all = errors;
            lists::append(&mut all, more);
            all.last_mut().expect("there is one other at least").others += uncounted;
            Err(all)
        }
    }
}

/// An object with what its path says. The object may repeat it, and must not contradict it.
pub(crate) fn settled(
    entity: &Entity,
    path: &[(&str, &str)],
    mut object: Map<String, Value>,
) -> Result<Map<String, Value>, Vec<FieldError>> {
    let errors = contradictions(entity, path, &mut object);
    if errors.is_empty() { Ok(object) } else { Err(errors) }
}

/// Puts the values of a path into the object; answers with each that the object has otherwise, or
/// that fits no attribute.
fn contradictions(
    entity: &Entity,
    path: &[(&str, &str)],
    object: &mut Map<String, Value>,
) -> Vec<FieldError> {
    path.iter().filter_map(|(name, text)| settle(entity, name, text, object).err()).collect()
}

/// Puts a value of the path into the object, unless the object has another.
fn settle(
    entity: &Entity,
    name: &str,
    text: &str,
    object: &mut Map<String, Value>,
) -> Result<(), FieldError> {
    let error = |message: String| FieldError::new(name, message);
    let attribute = entity.attribute(name).expect("a path is made of the entity's attributes");
    let of_path = attribute.encode_text(text).map_err(|invalid| error(invalid.to_string()))?;
    let json = value::decode(&of_path);
    match object.get(name).filter(|given| !given.is_null()) {
        // A value that cannot be encoded is reported with the whole object.
        Some(given)
            if attribute.encode(given, WriteContext::NONE).is_ok_and(|given| given != of_path) =>
        {
            let (given, expected) = (value::shown(given), value::shown(&json));
            Err(error(format!("{given} in the body, expected {expected} as in the path")))
        }
        Some(_) => Ok(()),
        None => {
            object.insert(name.to_owned(), json);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_model::Model;

    use super::*;
    use crate::fresh;

    const DEFINITION: &str = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "USER#{user}"
        SK = "ORDER#{number:08}"
        [entities.order.attributes]
        user = { type = "string", required = true }
        number = { type = "integer", required = true }
        total = { type = "decimal", scale = 2 }
    "##;

    fn at(path: [(&str, &str); 2], object: Value) -> Result<Encoded, Vec<String>> {
        let model: Model = DEFINITION.parse().expect("a definition");
        let Value::Object(object) = object else { panic!("expected an object") };
        let encoded = encode_at(&model.entities[0], &path, object, fresh());
        encoded.map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_body_may_repeat_the_path_and_leave_it_out() {
        let path = [("user", "ann"), ("number", "7")];
        let bodies = [json!({}), json!({"user": "ann", "number": 7}), json!({"number": "7.0"})];
        for body in bodies {
            let encoded =
                at(path, body.clone()).unwrap_or_else(|errors| panic!("{body}: {errors:?}"));
            assert_eq!(encoded.path, "/order/ann/7");
        }
    }

    #[test]
    fn everything_that_contradicts_the_path_or_the_definition_is_told_once() {
        let errors = at(
            [("user", "ann"), ("number", "seven")],
            json!({"user": "bob", "number": 7, "total": 1.234}),
        );
        assert_eq!(
            errors.err().expect("three errors"),
            [
                "`user`: \"bob\" in the body, expected \"ann\" as in the path",
                "`number`: expected a decimal number, found \"seven\"",
                "`total`: expected at most 2 decimal places, found 1.234",
            ]
        );
    }
}
