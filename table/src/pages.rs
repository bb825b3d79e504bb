//! Pages of a partition's items, and how many there are: reads, until there is enough.
//!
//! ```text
//! list, limit 10:   read 10, 4 of them wanted ─► read 15 more, since 2 in 5 are
//!                   ─► 10 items ─► a cursor behind the tenth
//! ```
//!
//! **Invariant:** however few items a filter admits, a page takes a bounded number of requests, and
//! no more than its budget. It ends at the last item that was read, and its cursor is `None` at the
//! end of the range only.

use weir_model::Item;

use crate::budget::Budget;
use crate::cursor;
use crate::error::Error;
use crate::items::Table;
use crate::page_end::PageEnd;
use crate::query::{Names, Query, Read, Want, read};

/// The most items that are looked at by one request because a filter admits few of them.
const MAX_EXAMINED: usize = 1000;

/// A page of items, and where the next begins.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The items, in the order of their sort keys.
    pub items: Vec<Item>,
    /// The cursor of the next page; `None` when this is the last.
    pub cursor: Option<String>,
}

/// A number of items, and where to continue to count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many were found.
    pub count: usize,
    /// The cursor to count the others; `None` when these are all.
    pub cursor: Option<String>,
}

impl Table {
    /// Reads a page by one request. With a filter it may have no items and yet not be the last.
    ///
    /// # Errors
    /// [`Error::Cursor`] for a cursor of another query; [`Error::Invalid`] for an index that is not
    /// there, or is to be consistent; else what DynamoDB says.
    pub async fn query(&self, query: &Query) -> Result<Page, Error> {
        self.list(query, 1).await
    }

    /// Reads a page by as many requests as it needs, and no more than `max_reads`.
    ///
    /// It ends once it has as many items as `query.limit` says, has any after a megabyte was read,
    /// or the budget is spent: then it may have no items, and has a cursor.
    ///
    /// # Errors
    /// [`Error::OverBudget`] if nothing is left of the budget at its beginning; else as
    /// [`Self::query`].
    pub async fn list(&self, query: &Query, max_reads: u32) -> Result<Page, Error> {
        let names = Names::for_query(&self.model.table, query)?;
        let wanted = query.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut start = start(names, query)?;
        let mut items: Vec<Item> = Vec::new();
        let mut examined = 0;
        let mut limit = query.limit;
        for number in 0..max_reads {
            let read = self.read(names, query, limit, start.as_ref(), Want::Items, number).await;
            let Some(found) = unless_spent(read, number)? else { break };
            examined += found.examined;
            let is_cut = limit.is_none_or(|limit| found.examined < limit as usize);
            items.extend(found.items);
            start = found.end;
            let fitting = query.max_bytes.map_or(usize::MAX, |max| fitting(&items, max));
            let is_full = items.len() > fitting;
            if is_full || items.len() > wanted {
                items.truncate(wanted.min(fitting));
                start = items.last().map(|item| names.position(item)).transpose()?;
            }
            let has_enough = is_full || items.len() >= wanted || (is_cut && !items.is_empty());
            if start.is_none() || has_enough {
                break;
            }
            limit = limit.map(|_| next_limit(wanted - items.len(), items.len(), examined));
        }
        Ok(Page { items, cursor: cursor(names, query, start) })
    }

    /// Counts the items of a range by no more than `max_reads` requests, each of a megabyte, within
    /// the budget. A `limit` and a `select` say nothing. A count with a cursor is of a part of the
    /// range.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn count(&self, query: &Query, max_reads: u32) -> Result<Count, Error> {
        let names = Names::for_query(&self.model.table, query)?;
        let mut start = start(names, query)?;
        let mut count = 0;
        for number in 0..max_reads {
            let read = self.read(names, query, None, start.as_ref(), Want::Count, number).await;
            let Some(found) = unless_spent(read, number)? else { break };
            count += found.count;
            start = found.end;
            if start.is_none() {
                break;
            }
        }
        Ok(Count { count, cursor: cursor(names, query, start) })
    }

    /// The cursor of a page of this query that ends behind an item.
    pub(crate) fn cursor_behind(&self, query: &Query, item: &Item) -> Result<String, Error> {
        let names = Names::for_query(&self.model.table, query)?;
        Ok(cursor::write(names, &query.partition, &names.position(item)?))
    }

    async fn read(
        &self,
        names: Names<'_>,
        query: &Query,
        limit: Option<u32>,
        start: Option<&PageEnd>,
        want: Want,
        number: u32,
    ) -> Result<Read, Error> {
        // The first read makes the page begin; the others can be left for the next page.
        let budget: Budget = if number == 0 { self.budget.clone() } else { self.further() };
        let found = read(&self.client, &budget, names, query, limit, start, want).await;
        // DynamoDB refuses to begin outside the range. Later it begins where it has ended itself.
        found.map_err(|error| match error {
            Error::Refused { message, .. } if number == 0 && is_of_start(start, &message) => {
                Error::Cursor
            }
            other => other,
        })
    }
}

/// A read of a page; `None` where the budget was spent before it, and by reads of the same page.
fn unless_spent(read: Result<Read, Error>, number: u32) -> Result<Option<Read>, Error> {
    match read {
        Err(Error::OverBudget { .. }) if number > 0 => Ok(None),
        read => read.map(Some),
    }
}

/// How many of the items, one at least, have no more bytes as JSON.
fn fitting(items: &[Item], max_bytes: usize) -> usize {
    let mut bytes = 0;
    let beyond = items.iter().position(|item| {
        bytes += encoded_bytes(item);
        bytes > max_bytes
    });
    beyond.map_or(usize::MAX, |position| position.max(1))
}

/// How many bytes an item has as JSON: as DynamoDB writes it, which is not shorter than any other.
pub(crate) fn encoded_bytes(item: &Item) -> usize {
    serde_json::to_vec(item).map_or(usize::MAX, |json| json.len())
}

fn start(names: Names<'_>, query: &Query) -> Result<Option<PageEnd>, Error> {
    query.cursor.as_deref().map(|text| cursor::read(text, names, query)).transpose()
}

fn cursor(names: Names<'_>, query: &Query, end: Option<PageEnd>) -> Option<String> {
    end.map(|position| cursor::write(names, &query.partition, &position))
}

/// Whether what DynamoDB refuses is where the read begins. It calls that the starting key.
fn is_of_start(start: Option<&PageEnd>, message: &str) -> bool {
    let message = message.to_lowercase();
    start.is_some()
        && ["starting key", "start key", "startkey"].iter().any(|of| message.contains(of))
}

/// How many items to look at for those that are missing, by how many of those that were looked at
/// were wanted.
fn next_limit(missing: usize, found: usize, examined: usize) -> u32 {
    let estimate = match found {
        0 => examined.saturating_mul(2),
        found => missing.saturating_mul(examined.div_ceil(found)),
    };
    let limit = estimate.clamp(missing, missing.max(MAX_EXAMINED));
    u32::try_from(limit).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_looked_at_the_fewer_are_wanted() {
        assert_eq!(next_limit(6, 4, 4), 6, "all are wanted");
        assert_eq!(next_limit(6, 4, 10), 18);
        assert_eq!(next_limit(1, 0, 1), 2, "none was found yet");
        assert_eq!(next_limit(10, 0, 900), 1000);
        assert_eq!(next_limit(5000, 1, 900), 5000, "a page may be longer than that");
    }
}
