//! One read of a partition, of the table or of an index: a range of its sort keys, in either order.
//!
//! ```text
//! Query { index, partition, range, filter, select, … }  ──►  one request of DynamoDB  ──►  Read
//! ```
//!
//! `pages` makes pages and counts of such reads.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity, Select};
use weir_model::Step;
use weir_model::filter::Test;
use weir_model::instant::TimestampFormat;
use weir_model::shorten::listed;
use weir_model::{
    AttributeValue, FieldError, Item, Path, Predicate, PrimaryKey, TableDefinition, suggestion,
};

use crate::budget::{Budget, Unit};
use crate::error::Error;
use crate::expression::Placeholders;
use crate::page_end::PageEnd;

/// Why an index cannot be asked as the table can.
const EVENTUALLY: &str = "expected false: a global secondary index is eventually consistent";

/// Which items of one partition are wanted, and what of them.
///
/// ```
/// use weir_model::Model;
/// use weir_model::condition::parse;
/// use serde_json::json;
/// use weir_table::{Query, SortRange};
///
/// # let model: Model = r##"
/// # [table]
/// # name = "shop"
/// # [entities.order]
/// # PK = "USER#{user}"
/// # SK = "ORDER#{number:08}"
/// # [entities.order.attributes]
/// # user = { type = "string", required = true }
/// # number = { type = "integer", required = true }
/// # total = { type = "number" }
/// # "##.parse()?;
/// let order = model.entity("order").expect("it is in the file");
/// let filter = parse(order, &json!({ "total": { "gte": 10 } })).expect("a condition");
/// let query = Query {
///     partition: "USER#ann".to_owned(),
///     range: SortRange::BeginsWith("ORDER#".to_owned()),
///     filter: order.kind().and(filter),
///     select: vec!["total".to_owned()],
///     limit: Some(20),
///     ..Query::default()
/// };
/// # Ok::<(), weir_model::DefinitionError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// The index that is read; the table itself if absent.
    pub index: Option<String>,
    /// The partition key's value.
    pub partition: String,
    /// The sort keys.
    pub range: SortRange,
    /// Which items of the range are wanted, where its sort keys are made from a timestamp.
    pub instants: Option<Instants>,
    /// The condition on the items that are wanted. DynamoDB reads the others too, and bills for
    /// them. Of the keys that the query reads by, it says only how an entity is recognised by
    /// them, which is compared in the items that DynamoDB returns.
    pub filter: Predicate,
    /// The stored names of the attributes that are wanted, besides the keys; all if empty.
    pub select: Vec<String>,
    /// Whether what was written before is seen. If absent, it is in the table, and is not in an
    /// index, which cannot.
    pub consistent: Option<bool>,
    /// Whether the greatest sort key comes first.
    pub descending: bool,
    /// The most items of a page; of [`crate::Table::query`], the most that are read.
    pub limit: Option<u32>,
    /// The most bytes that the items of a page may have as JSON; a page has one item at least.
    pub max_bytes: Option<usize>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A range of instants, for sort keys that are made from a timestamp.
///
/// Other programs may have written the timestamp in another form, so that its key sorts elsewhere
/// within the second. The range of keys is then of whole seconds, and the items in it are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Instants {
    /// The timestamp.
    pub path: Path,
    /// How it is stored.
    pub format: TimestampFormat,
    /// The values that it must have.
    pub tests: Vec<Test>,
    /// The keys of timestamps that are written in the declared form: for items without the
    /// attribute.
    pub keys: SortRange,
}

/// A range of sort keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SortRange {
    /// Every sort key.
    #[default]
    Every,
    /// Those that begin with this text.
    BeginsWith(String),
    /// Those from the first to the second, both included.
    Between(String, String),
    /// Those from the first, included, to the second, excluded.
    Until(String, String),
}

/// The names that a query needs: of the table, its index and their keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) table: &'a str,
    pub(crate) index: Option<&'a str>,
    pub(crate) partition_key: &'a str,
    pub(crate) sort_key: Option<&'a str>,
    /// The table's own keys, which an index has besides.
    pub(crate) primary: (&'a str, Option<&'a str>),
}

/// The parts of the found items that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Items,
    Count,
}

/// The result of one request.
#[derive(Debug)]
pub(crate) struct Read {
    /// The items; not all where they are only counted.
    pub(crate) items: Vec<Item>,
    /// How many there are.
    pub(crate) count: usize,
    /// How many were looked at.
    pub(crate) examined: usize,
    /// The last item that was read, if there may be more after it.
    pub(crate) end: Option<PageEnd>,
}

/// Reads once behind a position: up to `limit` items, or to the megabyte that DynamoDB reads at
/// once.
pub(crate) async fn read(
    client: &Client,
    budget: &Budget,
    names: Names<'_>,
    query: &Query,
    limit: Option<u32>,
    start: Option<&PageEnd>,
    want: Want,
) -> Result<Read, Error> {
    let mut placeholders = Placeholders::default();
    let condition = key_condition(names, query, &mut placeholders);
    let (filter, of_keys) = names.split(query);
    let filter = placeholders.condition(&filter.for_reading());
    // The end of a range is left out here, and timestamps and keys are compared here, so they
    // cannot be counted there.
    let is_decided_here =
        query.range.excluded().is_some() || query.is_timed() || !of_keys.is_always();
    let counts = want == Want::Count && !is_decided_here;
    let wanted = if counts { None } else { projection(names, query, want) };
    let projection = wanted.as_ref().map(|wanted| {
        let mut read: Vec<_> = wanted.iter().map(|name| placeholders.name(name)).collect();
        let compared = query.compared().into_iter().map(|name| placeholders.name(name));
        for name in compared {
            if !read.contains(&name) {
                read.push(name);
            }
        }
        read.join(", ")
    });
    let is_strong = query.consistent.unwrap_or(names.index.is_none());
    let start = start.map(|position| names.start(&query.partition, position)).transpose()?;
    let request = client
        .query()
        .table_name(names.table)
        .set_index_name(names.index.map(str::to_owned))
        .consistent_read(is_strong)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .scan_index_forward(!query.descending)
        .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
        .set_exclusive_start_key(start)
        .key_condition_expression(condition)
        .set_filter_expression(filter)
        .set_projection_expression(projection)
        .set_select(counts.then_some(Select::Count))
        .set_expression_attribute_names(placeholders.names())
        .set_expression_attribute_values(placeholders.values());
    let reservation = budget.reserve_page(limit).await?;
    let answer = request.send().await.map_err(|error| Error::from_sdk(names.table, error))?;
    reservation.settle(&answer.consumed_capacity, Unit::for_read(is_strong));
    let end = answer.last_evaluated_key.map(Item::from);
    let end = end.map(|key| names.position(&key)).transpose()?;
    let items = answer.items.unwrap_or_default().into_iter().map(Item::from);
    let items = items.filter(|item| names.admits(query, item) && of_keys.holds(item));
    let items: Vec<Item> = items.map(|item| only(item, wanted.as_deref())).collect();
    let whole = |number: i32| usize::try_from(number).unwrap_or_default();
    Ok(Read {
        count: if counts { whole(answer.count) } else { items.len() },
        items,
        examined: whole(answer.scanned_count),
        end,
    })
}

fn key_condition(names: Names<'_>, query: &Query, placeholders: &mut Placeholders) -> String {
    let mut text = |text: &str| placeholders.value(&AttributeValue::S(text.to_owned()));
    let partition = text(&query.partition);
    let range = match &query.range {
        SortRange::Every => None,
        SortRange::BeginsWith(prefix) if prefix.is_empty() => None,
        SortRange::BeginsWith(prefix) => Some((text(prefix), None)),
        SortRange::Between(low, high) | SortRange::Until(low, high) => {
            Some((text(low), Some(text(high))))
        }
    };
    let mut condition = format!("{} = {partition}", placeholders.name(names.partition_key));
    if let Some((range, sort_key)) = range.zip(names.sort_key) {
        let sort_key = placeholders.name(sort_key);
        condition.push_str(&match range {
            (prefix, None) => format!(" AND begins_with({sort_key}, {prefix})"),
            (low, Some(high)) => format!(" AND {sort_key} BETWEEN {low} AND {high}"),
        });
    }
    condition
}

/// The names of the attributes that are read, the keys among them: cursors are made of those.
/// `None` for all.
fn projection<'a>(names: Names<'a>, query: &'a Query, want: Want) -> Option<Vec<&'a str>> {
    let wanted: &[String] = match want {
        Want::Items if query.select.is_empty() => return None,
        Want::Items => &query.select,
        Want::Count => &[],
    };
    let (partition_key, sort_key) = names.primary;
    let keys = [Some(names.partition_key), names.sort_key, Some(partition_key), sort_key];
    let mut attributes: Vec<&str> = Vec::new();
    for name in keys.into_iter().flatten().chain(wanted.iter().map(String::as_str)) {
        if !attributes.contains(&name) {
            attributes.push(name);
        }
    }
    Some(attributes)
}

/// An item with these attributes alone, if some are named: others were read to be compared.
fn only(mut item: Item, wanted: Option<&[&str]>) -> Item {
    if let Some(wanted) = wanted {
        item.retain(|name, _| wanted.contains(&name.as_str()));
    }
    item
}

impl Query {
    /// Whether it compares timestamps that are stored as text.
    fn is_timed(&self) -> bool {
        self.instants.is_some() || self.filter.is_timed()
    }

    /// The stored names of the attributes that are compared here, in items that DynamoDB has
    /// returned.
    fn compared(&self) -> Vec<&str> {
        let filtered = if self.filter.is_timed() { self.filter.fields() } else { Vec::new() };
        let instant = self.instants.as_ref().and_then(|instants| instants.path.steps.first());
        let instant = instant.and_then(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Position(_) => None,
        });
        filtered.into_iter().chain(instant).collect()
    }
}

impl<'a> Names<'a> {
    /// The names of what a query reads.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an index that the table does not have, and one that should be
    /// strongly consistent.
    pub(crate) fn for_query(table: &'a TableDefinition, query: &Query) -> Result<Self, Error> {
        let primary = (table.partition_key.as_str(), table.sort_key.as_deref());
        let own = Self {
            table: &table.name,
            index: None,
            partition_key: primary.0,
            sort_key: primary.1,
            primary,
        };
        let Some(name) = &query.index else { return Ok(own) };
        let wrong =
            |field: &str, message: String| Error::Invalid(vec![FieldError::new(field, message)]);
        if query.consistent == Some(true) {
            return Err(wrong("consistent", format!("{EVENTUALLY}, {name} is one")));
        }
        let index = table.indexes.iter().find(|index| index.name == *name).ok_or_else(|| {
            let names: Vec<_> = table.indexes.iter().map(|index| index.name.as_str()).collect();
            let near = suggestion(name, names.iter().copied());
            let message = format!("`{name}` is no index; {near}the table has {}", listed(&names));
            wrong("index", message)
        })?;
        Ok(Self {
            index: Some(&index.name),
            partition_key: &index.partition_key,
            sort_key: index.sort_key.as_deref(),
            ..own
        })
    }

    /// Splits the filter of a query: the part that DynamoDB applies, and the tests of the keys that
    /// it reads by, without those that every key of the range passes.
    fn split(&self, query: &Query) -> (Predicate, Predicate) {
        let is_key =
            |name: &str| name == self.partition_key || self.sort_key.is_some_and(|key| key == name);
        let (filter, of_keys) = query.filter.split_keys(is_key);
        let is_certain = |part: &Predicate| {
            let (path, prefix) = match part {
                Predicate::Test(_, Test::Exists(true)) => return true,
                Predicate::Test(path, Test::BeginsWith(AttributeValue::S(prefix))) => {
                    (path, prefix)
                }
                _ => return false,
            };
            match self.sort_key {
                Some(sort_key) if path.is_field(sort_key) => query.range.all_begin_with(prefix),
                _ => query.partition.starts_with(prefix.as_str()),
            }
        };
        let of_keys = match of_keys {
            Predicate::All(parts) => {
                Predicate::All(parts.into_iter().filter(|part| !is_certain(part)).collect())
            }
            other => other,
        };
        (filter, of_keys)
    }

    /// The key that a read begins behind: the partition is the query's, whatever the position says.
    fn start(
        &self,
        partition: &str,
        position: &PageEnd,
    ) -> Result<HashMap<String, SdkValue>, Error> {
        let (partition_key, sort_key) = self.primary;
        let own = position.primary.iter().flat_map(|key| {
            let sort = sort_key.zip(key.sort.as_deref());
            [Some((partition_key, key.partition.as_str())), sort].into_iter().flatten()
        });
        let sort = self.sort_key.map(|name| (name, position.sort.as_str()));
        let read = std::iter::once((self.partition_key, partition)).chain(sort);
        let mut key = HashMap::new();
        for (name, text) in own.chain(read) {
            let text = SdkValue::S(text.to_owned());
            // An index may be over the table's own keys.
            if key.insert(name.to_owned(), text.clone()).is_some_and(|other| other != text) {
                return Err(Error::Cursor);
            }
        }
        Ok(key)
    }

    /// Where an item stands, by its keys.
    pub(crate) fn position(&self, item: &Item) -> Result<PageEnd, Error> {
        let text = |name: &str| match item.get(name) {
            Some(AttributeValue::S(text)) => Ok(text.clone()),
            _ => Err(Error::Unreadable(format!("a key without text in `{name}`"))),
        };
        let sort = self.sort_key.map_or(Ok(String::new()), text)?;
        let primary = match (self.index, self.primary) {
            (None, _) => None,
            (Some(_), (partition_key, sort_key)) => Some(PrimaryKey {
                partition: text(partition_key)?,
                sort: sort_key.map(text).transpose()?,
            }),
        };
        Ok(PageEnd { sort, primary })
    }

    /// Whether an item that DynamoDB has found is wanted.
    fn admits(&self, query: &Query, item: &Item) -> bool {
        let sort_key = self.sort_key.and_then(|name| item.get(name));
        let is_end = query
            .range
            .excluded()
            .is_some_and(|end| matches!(sort_key, Some(AttributeValue::S(text)) if text == end));
        let is_in = query.instants.as_ref().is_none_or(|instants| instants.admit(item, sort_key));
        !is_end && is_in && (!query.filter.is_timed() || query.filter.holds(item))
    }
}

impl Instants {
    fn admit(&self, item: &Item, sort_key: Option<&AttributeValue>) -> bool {
        let is_instant = |value: &&AttributeValue| self.format.read(value).is_some();
        match (self.path.value_in(item).filter(is_instant), sort_key) {
            (Some(_), _) => self.tests.iter().all(|test| {
                Predicate::Time(self.path.clone(), test.clone(), self.format).holds(item)
            }),
            (None, Some(AttributeValue::S(key))) => self.keys.contains(key),
            (None, _) => false,
        }
    }
}

impl SortRange {
    /// Whether a sort key is in the range.
    pub fn contains(&self, sort_key: &str) -> bool {
        match self {
            Self::Every => true,
            Self::BeginsWith(prefix) => sort_key.starts_with(prefix.as_str()),
            Self::Between(low, high) => (low.as_str()..=high.as_str()).contains(&sort_key),
            Self::Until(low, high) => (low.as_str()..high.as_str()).contains(&sort_key),
        }
    }

    /// Whether every sort key in the range begins with this text.
    fn all_begin_with(&self, prefix: &str) -> bool {
        match self {
            Self::Every => false,
            Self::BeginsWith(text) => text.starts_with(prefix),
            Self::Between(low, high) | Self::Until(low, high) => {
                low.starts_with(prefix) && high.starts_with(prefix)
            }
        }
    }

    fn excluded(&self) -> Option<&str> {
        match self {
            Self::Until(_, end) => Some(end),
            Self::Every | Self::BeginsWith(_) | Self::Between(..) => None,
        }
    }
}
