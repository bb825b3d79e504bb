//! The locks of items, by the unique constraints of their entity.

use std::collections::HashMap;

use serde_dynamo::{AttributeValue, Item};
use serde_json::{Map, Value};

use super::{LOCK, Lock, Unique};
use crate::attribute::Attribute;
use crate::condition::Predicate;
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::filter::Test;
use crate::item_key::PrimaryKey;
use crate::path::Path;
use crate::shorten::listed;
use crate::template::{escape, scalar_text};
use crate::value::decode;
use crate::write_context::WriteContext;

impl Entity {
    /// Returns the constraints that callers may find items by: none is about what is hidden.
    pub fn open_unique(&self) -> impl Iterator<Item = &Unique> {
        let is_shown = |name: &String| self.attribute(name).is_some_and(|known| !known.hidden);
        self.unique.iter().filter(move |unique| unique.attributes.iter().all(is_shown))
    }

    /// Returns the locks that an item has.
    ///
    /// # Errors
    /// Values that make a lock's key longer than DynamoDB takes.
    pub fn locks(&self, item: &Item) -> Result<Vec<Lock>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut locks = Vec::new();
        for unique in &self.unique {
            match self.lock(unique, item) {
                Ok(lock) => locks.extend(lock),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(locks) } else { Err(errors) }
    }

    /// Returns the locks that a stored item can have; none for values that no lock can be made
    /// from.
    pub fn locks_held(&self, item: &Item) -> Vec<Lock> {
        self.unique.iter().filter_map(|unique| self.lock(unique, item).ok()?).collect()
    }

    /// Returns the attributes that a lock is made from.
    pub fn unique_attributes(&self) -> Vec<&Attribute> {
        let is_in = |attribute: &&Attribute| {
            self.unique.iter().any(|unique| unique.attributes.contains(&attribute.name))
        };
        self.attributes.iter().filter(is_in).collect()
    }

    /// Returns the condition for the same locks as this item, or for no locks without an item.
    pub fn same_locks(&self, item: Option<&Item>) -> Predicate {
        let same = self.unique_attributes().into_iter().map(|attribute| {
            let test = match item.and_then(|item| attribute.value_in(item)) {
                Some(value) => Test::In(vec![value.clone()]),
                None => Test::Exists(false),
            };
            Predicate::Test(Path::from_attribute(attribute), test)
        });
        Predicate::All(same.collect())
    }

    /// Returns the lock of an item that has these values, which must be all that a constraint is
    /// about.
    ///
    /// # Errors
    /// Values that do not fit, and attributes that no constraint is about.
    pub fn lock_of_text(&self, texts: &[(&str, &str)]) -> Result<Lock, Vec<FieldError>> {
        let names: Vec<_> = texts.iter().map(|(name, _)| *name).collect();
        self.lock_of(&names, &self.item_from_text(texts)?)
    }

    /// Returns the lock that an object's item has by a constraint about just these attributes.
    ///
    /// # Errors
    /// Values that are absent or do not fit, and attributes that no constraint is about.
    pub fn lock_of_object(
        &self,
        names: &[&str],
        object: &Map<String, Value>,
    ) -> Result<Lock, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut values: HashMap<String, AttributeValue> = HashMap::new();
        for name in names {
            let Some(attribute) = self.attribute(name) else {
                errors.push(FieldError::new(name, self.no_such_attribute(name)));
                continue;
            };
            match object
                .get(*name)
                .filter(|json| !json.is_null())
                .map(|json| attribute.encode(json, WriteContext::NONE))
            {
                Some(Ok(value)) => drop(values.insert(attribute.field.clone(), value)),
                Some(Err(invalid)) => errors.push(FieldError::new(name, invalid)),
                None => {
                    errors.push(FieldError::new(name, "expected a value: the item is found by it"))
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.lock_of(names, &values.into())
    }

    /// Returns an object with the key attributes of a stored item; `None` if the object has another
    /// value of one of them, and so names another item.
    pub fn with_key_of(
        &self,
        item: &Item,
        object: &Map<String, Value>,
    ) -> Option<Map<String, Value>> {
        let mut object = object.clone();
        for name in self.key_attributes() {
            let attribute = self.attribute(name).expect("a key is made of the entity's attributes");
            let Some(stored) = attribute.value_in(item) else { continue };
            let given = object.get(name).filter(|json| !json.is_null());
            // A value that cannot be encoded is reported when the whole object is.
            match given.map(|json| attribute.encode(json, WriteContext::NONE)) {
                Some(Ok(value)) => {
                    let path = Path::from_attribute(attribute);
                    if !Predicate::comparing(&path, attribute, Test::In(vec![value])).holds(item) {
                        return None;
                    }
                }
                Some(Err(_)) => {}
                None => drop(object.insert(name.to_owned(), decode(stored))),
            }
        }
        Some(object)
    }

    fn lock_of(&self, names: &[&str], item: &Item) -> Result<Lock, Vec<FieldError>> {
        let named = |unique: &&Unique| {
            unique.attributes.len() == names.len()
                && names.iter().all(|name| unique.attributes.iter().any(|other| other == name))
        };
        let Some(unique) = self.unique.iter().find(named) else {
            let known: Vec<_> =
                self.unique.iter().map(|unique| unique.attributes.join("+")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { listed(&known) };
            let message = format!("is not unique in {}; what is unique there: {known}", self.name);
            return Err(vec![FieldError::new(&names.join("+"), message)]);
        };
        let lock = self.lock(unique, item).map_err(|error| vec![error])?;
        Ok(lock.expect("every attribute of the constraint has a value"))
    }

    fn lock(&self, unique: &Unique, item: &Item) -> Result<Option<Lock>, FieldError> {
        let text = |name: &String| {
            let attribute = self.attribute(name)?;
            scalar_text(&attribute.kind, attribute.value_in(item)?)
        };
        let texts: Option<Vec<String>> = unique.attributes.iter().map(text).collect();
        let Some(texts) = texts else { return Ok(None) };
        let texts: Vec<_> = texts.iter().map(|text| escape(text)).collect();
        let names = unique.attributes.join("+");
        let partition = format!("{LOCK}#{}#{names}#{}", self.name, texts.join("#"));
        let max_bytes = self.keys[0].max_bytes;
        if partition.len() > max_bytes {
            let message = format!(
                "makes the key of its lock {} bytes long, DynamoDB takes at most {max_bytes}",
                partition.len()
            );
            return Err(FieldError::new(&unique.attributes[0], message));
        }
        let sort = (self.primary > 1).then(|| LOCK.to_owned());
        let key = PrimaryKey { partition, sort };
        Ok(Some(Lock { attributes: unique.attributes.clone(), key }))
    }
}
