//! Relations between the types of a program: values of one lead to values of another.
//!
//! ```no_run
//! # use serde_json::{Map, Value};
//! # type Account = Map<String, Value>;
//! # type User = Map<String, Value>;
//! # type Session = Map<String, Value>;
//! # use weir_table::{Error, Table};
//! # async fn example(table: Table, some: Vec<Account>, ann: User) -> Result<(), Error> {
//! let owner = table.entity::<Account>("account")?.one::<User>("owner")?;
//! let sessions = table.entity::<User>("user")?.many::<Session>("sessions")?;
//!
//! let owners: Vec<Option<User>> = owner.find(&some).await?;  // 100 owners a request
//! let first = sessions.page(&ann, None).await?;
//! let next = sessions.page(&ann, first.cursor).await?;
//! # Ok(()) }
//! ```

use std::collections::HashMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use weir_model::{Entity, Include, Item, Relation, TypeError};

use super::{Items, object};
use crate::error::Error;
use crate::related::{Joined, Reading, Related};

/// The most times that many related items are read on for one page.
const MAX_READS: u32 = 32;

/// A relation to one item: from values of `T` to values of `U`.
#[derive(Debug)]
pub struct One<T, U>(Between<T, U>);

/// A relation to many items: from values of `T` to values of `U`.
#[derive(Debug)]
pub struct Many<T, U>(Between<T, U>);

/// A page of related items, and where the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedItems<U> {
    /// The items, in the order of the relation.
    pub items: Vec<U>,
    /// The cursor of the next page; `None` when these are the last.
    pub cursor: Option<String>,
}

#[derive(Debug)]
struct Between<T, U> {
    from: Items<T>,
    to: Items<U>,
    relation: String,
}

impl<T: Serialize + DeserializeOwned> Items<T> {
    /// A relation of the entity that leads to one item.
    ///
    /// # Errors
    /// [`Error::Type`] when there is no such relation, it leads to many, or one of the types is not
    /// what the definition says.
    pub fn one<U: Serialize + DeserializeOwned>(&self, relation: &str) -> Result<One<T, U>, Error> {
        self.between(relation, false).map(One)
    }

    /// A relation of the entity that leads to many items.
    ///
    /// # Errors
    /// As [`Self::one`].
    pub fn many<U: Serialize + DeserializeOwned>(
        &self,
        relation: &str,
    ) -> Result<Many<T, U>, Error> {
        self.between(relation, true).map(Many)
    }

    fn between<U: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        is_many: bool,
    ) -> Result<Between<T, U>, Error> {
        let relation = self.entity.relation_named(name)?;
        if relation.is_many() != is_many {
            let (leads, takes) = if is_many { ("one item", "one") } else { ("many items", "many") };
            let message = format!("`{name}` leads to {leads}, expected `{takes}`");
            return Err(TypeError::NoRelation(message).into());
        }
        self.entity
            .check_written::<T>(relation.bindings().iter().map(|binding| binding.from.as_str()))?;
        let to = self.table.entity::<U>(&relation.to)?;
        Ok(Between { from: self.clone(), to, relation: relation.name.clone() })
    }
}

impl<T: Serialize + DeserializeOwned, U: Serialize + DeserializeOwned> One<T, U> {
    /// The item that each of the values leads to, strongly consistent: a hundred different ones are
    /// read by one request.
    ///
    /// # Errors
    /// [`Error::Type`] when an item does not fit; else what DynamoDB says.
    pub async fn find(&self, values: &[T]) -> Result<Vec<Option<U>>, Error> {
        let table = &self.0.from.table;
        let items = values.iter().map(|value| self.0.item(value)).collect::<Result<_, Error>>()?;
        let includes = [self.0.include()];
        let joined = table.join(items, &includes, Reading::default()).await?.all(table)?;
        let related = joined.iter().map(|joined| match joined.related.as_slice() {
            [Related::One(Some(item))] => self.0.read(item).map(Some),
            _ => Ok(None),
        });
        related.collect()
    }
}

impl<T: Serialize + DeserializeOwned, U: Serialize + DeserializeOwned> Many<T, U> {
    /// The first of the items that a value leads to, or those behind a cursor, strongly consistent
    /// unless an index is read.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor of another value; [`Error::Type`] when an item does not fit;
    /// else what DynamoDB says.
    pub async fn page(&self, value: &T, cursor: Option<String>) -> Result<RelatedItems<U>, Error> {
        let include = self.0.include();
        let item = self.0.item(value)?;
        let table = self.0.from.table.keeping_for(std::slice::from_ref(&include));
        let reading = Reading { max_reads: MAX_READS, ..Reading::default() };
        let Some(mut query) = table.related_query(&include, &item, reading) else {
            let none = RelatedItems { items: Vec::new(), cursor: None };
            return if cursor.is_some() { Err(Error::Cursor) } else { Ok(none) };
        };
        query.cursor = cursor;
        let page = table.related_page(&query, &include, reading).await?;
        let items = page.items.iter().map(|item| self.0.read(item)).collect::<Result<_, _>>()?;
        Ok(RelatedItems { items, cursor: page.cursor })
    }
}

impl<T: Serialize + DeserializeOwned, U: Serialize + DeserializeOwned> Between<T, U> {
    fn include(&self) -> Include<'_> {
        let (entity, relation) = self.relation();
        Include::new(self.from.table.model(), entity, relation)
    }

    fn relation(&self) -> (&Entity, &Relation) {
        let entity = &*self.from.entity;
        (entity, entity.relation_named(&self.relation).expect("it was found when it was bound"))
    }

    /// Returns the attributes of a value that the relation is made from, as a stored item has
    /// them.
    fn item(&self, value: &T) -> Result<Item, Error> {
        let (entity, relation) = self.relation();
        let object = object(value)?;
        let mut attributes = HashMap::new();
        for binding in relation.bindings() {
            let given = object.get(&binding.from).filter(|json| !json.is_null());
            let (Some(attribute), Some(json)) = (entity.attribute(&binding.from), given) else {
                continue;
            };
            let encoded = attribute.normalise(json);
            let encoded = encoded.map_err(|invalid| {
                Error::Invalid(vec![weir_model::FieldError::new(&binding.from, invalid)])
            })?;
            attributes.insert(attribute.field.clone(), encoded);
        }
        Ok(attributes.into())
    }

    fn read(&self, joined: &Joined) -> Result<U, Error> {
        self.to.read(&joined.item)
    }
}
