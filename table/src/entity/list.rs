//! Items of one entity that are read together, as values of a type: of a partition of the table, or
//! by an access pattern.
//!
//! ```
//! # weir_testing::shop::run(async |table| {
//! # use weir_testing::shop::Order;
//! use serde_json::json;
//!
//! let orders = table.entity::<Order>("order")?;
//! # orders.create(&json!({ "user": "ann", "number": 7, "total": 1, "status": "paid" })).await?;
//! let of_ann = orders.partition(&json!({ "user": "ann" }))?.all().await?;
//! let paid = orders.list("by_status", &json!({ "status": "paid" }))?;
//! let paid = paid.descending().limit(20).page().await?;
//! assert_eq!((of_ann, paid.cursor), (paid.items, None));
//! # Ok(()) });
//! ```
//!
//! **Invariant:** a list is of one partition, and a page that is not the last has a cursor.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use weir_model::shorten::listed;
use weir_model::{FieldError, Pattern, condition, suggestion};

use super::{Items, object};
use crate::error::Error;
use crate::query::Query;

/// The most times that one page is read on for, because a filter admits few items.
const MAX_READS: u32 = 32;

/// Items that are to be read.
#[derive(Debug)]
pub struct List<T> {
    items: Items<T>,
    query: Query,
}

/// A page of items, and where the next begins.
#[derive(Clone, Debug)]
pub struct TypedPage<T> {
    /// The items, in the order of their sort keys.
    pub items: Vec<T>,
    /// The cursor for [`List::after`]; `None` when this is the last page.
    pub cursor: Option<String>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), query: self.query.clone() }
    }
}

impl<T: Serialize + DeserializeOwned> Items<T> {
    /// The items of a partition of the table. Given are the attributes of the partition key, and
    /// any number of those that the sort key begins with, as JSON or a struct.
    ///
    /// An attribute that the partition key shortens is given in full or as the key has it: for `PK
    /// = "TIMELINE#{at:month}"` and `SK = "{at}#{id}"`, both `2026-03` and a time of that month
    /// list the month. A time together with an `id` is one item.
    ///
    /// # Errors
    /// [`Error::Invalid`] for other attributes.
    pub fn partition(&self, given: &impl Serialize) -> Result<List<T>, Error> {
        self.of_pattern(&Pattern::of_table(&self.entity), given)
    }

    /// The items of an access pattern, or of the index of that name. Given are the attributes that
    /// it is read by, and any number of those that the sort key continues with, as JSON or a
    /// struct.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is none, and for what it is not read by.
    pub fn list(&self, pattern: &str, given: &impl Serialize) -> Result<List<T>, Error> {
        let known = self.entity.patterns.iter().find(|known| known.name == pattern);
        let known = known.ok_or_else(|| self.no_such_pattern(pattern))?;
        self.of_pattern(known, given)
    }

    fn of_pattern(&self, pattern: &Pattern, given: &impl Serialize) -> Result<List<T>, Error> {
        let partition = pattern.partition_from_json(&self.entity, &object(given)?)?;
        let query = Query {
            index: pattern.index.clone(),
            partition: partition.key,
            range: partition.range.into(),
            filter: self.entity.kind().and(pattern.filter.clone()),
            descending: pattern.descending,
            ..Query::default()
        };
        Ok(List { items: self.clone(), query })
    }

    fn no_such_pattern(&self, name: &str) -> Error {
        let names: Vec<_> = self.entity.patterns.iter().map(|known| known.name.as_str()).collect();
        let near = suggestion(name, names.iter().copied());
        let names = if names.is_empty() { "none".to_owned() } else { listed(&names) };
        let message = format!("is no pattern of {}; {near}it has {names}", self.entity.name);
        Error::Invalid(vec![FieldError::new(name, message)])
    }
}

impl<T: Serialize + DeserializeOwned> List<T> {
    /// The least sort key first.
    #[must_use]
    pub fn ascending(mut self) -> Self {
        self.query.descending = false;
        self
    }

    /// The greatest sort key first.
    #[must_use]
    pub fn descending(mut self) -> Self {
        self.query.descending = true;
        self
    }

    /// So many items a page at most.
    #[must_use]
    pub fn limit(mut self, items: u32) -> Self {
        self.query.limit = Some(items);
        self
    }

    /// Those behind the page that had this cursor.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.query.cursor = Some(cursor.into());
        self
    }

    /// Those alone of which this holds, written as [`weir_model::condition`] has it. DynamoDB reads
    /// the others too, and bills them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value that is not a condition.
    pub fn when(mut self, condition: impl Into<Value>) -> Result<Self, Error> {
        let condition = condition::parse(&self.items.entity, &condition.into());
        self.query.filter = self.query.filter.and(condition.map_err(Error::Invalid)?);
        Ok(self)
    }

    /// A page.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor of another list; [`Error::Type`] when an item does not fit;
    /// else what DynamoDB says.
    pub async fn page(&self) -> Result<TypedPage<T>, Error> {
        let page = self.items.table.list(&self.query, MAX_READS).await?;
        let items =
            page.items.iter().map(|item| self.items.read(item)).collect::<Result<_, _>>()?;
        Ok(TypedPage { items, cursor: page.cursor })
    }

    /// All of them, page by page.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub async fn all(&self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut list = self.clone();
        loop {
            let page = list.page().await?;
            all.extend(page.items);
            match page.cursor {
                Some(cursor) => list = list.after(cursor),
                None => return Ok(all),
            }
        }
    }
}
