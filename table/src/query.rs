//! Reading a partition: a range of its sort keys, in either order, page by page.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use model::Item;

use crate::cursor;
use crate::error::Error;
use crate::items::Table;

/// Which items of one partition are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The partition key's value.
    pub partition: String,
    /// The sort keys.
    pub range: SortRange,
    /// Whether the greatest sort key comes first.
    pub descending: bool,
    /// The most items of a page.
    pub limit: Option<u32>,
    /// Where the page before ended.
    pub cursor: Option<String>,
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
}

/// Some items, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The items, in the order of their sort keys.
    pub items: Vec<Item>,
    /// What to ask the next page with; `None` when this is the last.
    pub cursor: Option<String>,
}

/// The names that a query needs: of the table and its keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    pub(crate) table: &'a str,
    pub(crate) partition_key: &'a str,
    pub(crate) sort_key: Option<&'a str>,
}

impl Table {
    /// Reads a page of a partition, strongly consistent.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor of another query; else what DynamoDB says.
    pub async fn query(&self, query: &Query) -> Result<Page, Error> {
        let table = &self.model.table;
        let names = Names {
            table: &table.name,
            partition_key: &table.partition_key,
            sort_key: table.sort_key.as_deref(),
        };
        page(&self.client, names, query).await
    }
}

/// Reads one page. A page ends after `limit` items, or after the megabyte that DynamoDB reads at once.
pub(crate) async fn page(client: &Client, names: Names<'_>, query: &Query) -> Result<Page, Error> {
    let start = query.cursor.as_deref().map(|text| cursor::read(text, query)).transpose()?;
    let (items, end) = page_from(client, names, query, start).await?;
    Ok(Page { items, cursor: end.map(|sort| cursor::write(&query.partition, &sort)) })
}

/// Reads one page behind a sort key. Returns its items, and the sort key that it ended at if there may be more.
pub(crate) async fn page_from(
    client: &Client,
    names: Names<'_>,
    query: &Query,
    start: Option<String>,
) -> Result<(Vec<Item>, Option<String>), Error> {
    let mut request = client
        .query()
        .table_name(names.table)
        .consistent_read(true)
        .scan_index_forward(!query.descending)
        .set_limit(query.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
        .set_exclusive_start_key(start.map(|sort| names.key(&query.partition, sort)))
        .expression_attribute_names("#partition", names.partition_key)
        .expression_attribute_values(":partition", SdkValue::S(query.partition.clone()));
    let mut condition = "#partition = :partition".to_owned();
    if let (Some(sort_key), Some((test, values))) = (names.sort_key, query.range.condition()) {
        condition.push_str(test);
        request = request.expression_attribute_names("#sort", sort_key);
        for (name, value) in values {
            request = request.expression_attribute_values(name, SdkValue::S(value.clone()));
        }
    }
    let request = request.key_condition_expression(condition);
    let answer = request.send().await.map_err(|error| Error::of(names.table, error))?;
    let end = answer.last_evaluated_key.as_ref().map(|key| names.sort_of(key)).transpose()?;
    Ok((answer.items.unwrap_or_default().into_iter().map(Item::from).collect(), end))
}

impl Names<'_> {
    /// The key of an item; where the table has no sort key, the text for it is not used.
    fn key(&self, partition: &str, sort: String) -> HashMap<String, SdkValue> {
        let partition = (self.partition_key.to_owned(), SdkValue::S(partition.to_owned()));
        let sort = self.sort_key.map(|name| (name.to_owned(), SdkValue::S(sort)));
        std::iter::once(partition).chain(sort).collect()
    }

    /// The sort key of an item; empty where the table has none.
    fn sort_of(&self, key: &HashMap<String, SdkValue>) -> Result<String, Error> {
        let Some(name) = self.sort_key else { return Ok(String::new()) };
        let value = key.get(name).and_then(|value| value.as_s().ok());
        value.cloned().ok_or_else(|| Error::Unreadable(format!("a key without text in `{name}`")))
    }
}

impl SortRange {
    /// Whether a sort key is in the range.
    pub fn contains(&self, sort_key: &str) -> bool {
        match self {
            Self::Every => true,
            Self::BeginsWith(prefix) => sort_key.starts_with(prefix.as_str()),
            Self::Between(low, high) => (low.as_str()..=high.as_str()).contains(&sort_key),
        }
    }

    #[allow(clippy::type_complexity, reason = "an expression and the values it names")]
    fn condition(&self) -> Option<(&'static str, Vec<(&'static str, &String)>)> {
        match self {
            Self::Every => None,
            Self::BeginsWith(prefix) if prefix.is_empty() => None,
            Self::BeginsWith(prefix) => {
                Some((" AND begins_with(#sort, :prefix)", vec![(":prefix", prefix)]))
            }
            Self::Between(low, high) => {
                Some((" AND #sort BETWEEN :low AND :high", vec![(":low", low), (":high", high)]))
            }
        }
    }
}
