//! One action of a request that has several: what is done, of which entity, and the members that
//! say the rest.
//!
//! ```json
//! { "action": "delete", "entity": "order", "key": { "user": "ann", "number": 7 },
//!   "where": { "status": "placed" } }
//! ```
//!
//! **Invariant:** a member that the action does not take is refused.

use serde_json::{Map, Value};
use weir_http::{Problem, conditions};
use weir_model::shorten::listed;
use weir_model::{Entity, FieldError, ItemKey, Model, Predicate, Update, suggestion};
use weir_table::fresh;

use crate::encode::{Encoded, encode};

/// An action, as it is read member by member.
#[derive(Debug)]
pub(crate) struct Action<'m> {
    pub(crate) name: &'static str,
    pub(crate) entity: &'m Entity,
    members: Map<String, Value>,
}

impl<'m> Action<'m> {
    /// Begins to read an action, which must be one of those that are known.
    pub(crate) fn read(
        model: &'m Model,
        json: Value,
        known: &[&'static str],
    ) -> Result<Self, Problem> {
        let mut members = match json {
            Value::Object(members) => members,
            other => {
                let found = weir_model::value::shown(&other);
                return Err(unfit("", format!("{found}, expected an object")));
            }
        };
        let name = one_of("action", &mut members, known)?;
        let entities: Vec<_> = model.entities.iter().map(|entity| entity.name.as_str()).collect();
        let entity = one_of("entity", &mut members, &entities)?;
        let entity = model.entity(entity).expect("it is one of them");
        Ok(Self { name, entity, members })
    }

    /// The item that is written.
    pub(crate) fn item(&mut self) -> Result<Encoded, Problem> {
        let Some(Value::Object(object)) = self.members.remove("item") else {
            let expected = format!("expected the {} as an object", self.entity.name);
            return Err(unfit("item", expected));
        };
        encode(self.entity, &object, fresh()).map_err(|errors| self.invalid(errors))
    }

    /// The key of an item. It may be one that has no path, which others wrote.
    pub(crate) fn key(&mut self) -> Result<ItemKey, Problem> {
        let Some(Value::Object(object)) = self.members.remove("key") else {
            let names = weir_http::paths::path_attributes(self.entity).join(", ");
            return Err(unfit("key", format!("expected an object of {names}")));
        };
        self.entity.key_from_json(&object).map_err(|errors| self.invalid(errors))
    }

    /// The key of an item, and its path.
    pub(crate) fn key_with_path(&mut self) -> Result<(ItemKey, String), Problem> {
        let key = self.key()?;
        let path = weir_http::paths::path_of(self.entity, &key.attributes);
        let path = path.map_err(|errors| self.invalid(errors))?;
        Ok((key, path))
    }

    /// Returns the condition on the item.
    pub(crate) fn condition(&mut self) -> Result<Predicate, Problem> {
        let Some(json) = self.members.remove("where") else { return Ok(Predicate::always()) };
        conditions::parse(self.entity, &json).map_err(|errors| self.invalid(errors))
    }

    /// The update that all other members are.
    pub(crate) fn update(self) -> Result<Update, Problem> {
        let update = conditions::parse_update(self.entity, &self.members);
        update.map_err(|errors| self.invalid(errors))
    }

    /// Ends the reading.
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.members.keys().next() {
            None => Ok(()),
            Some(member) => Err(unfit(member, format!("`{}` takes no such member", self.name))),
        }
    }

    fn invalid(&self, errors: Vec<FieldError>) -> Problem {
        Problem::fields(&self.entity.name, errors)
    }
}

/// The member of that name, which must be one of some texts.
fn one_of<'a>(
    name: &str,
    members: &mut Map<String, Value>,
    known: &[&'a str],
) -> Result<&'a str, Problem> {
    let given = members.remove(name).unwrap_or_default();
    let text = given.as_str().unwrap_or_default();
    known.iter().copied().find(|other| *other == text).ok_or_else(|| {
        let near = suggestion(text, known.iter().copied());
        let found = weir_model::value::shown(&given);
        unfit(name, format!("{found}, {near}expected one of {}", listed(known)))
    })
}

fn unfit(name: &str, message: String) -> Problem {
    Problem::fields("an action", vec![FieldError::new(name, message)])
}
