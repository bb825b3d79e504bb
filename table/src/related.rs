//! Items with those that they are related to, read by few requests, however many items there are.
//!
//! ```text
//! items ──┬─ keys of all relations to one, each once ──► BatchGetItem, a hundred at a time ─┐
//!         └─ the partition of each relation to many  ──► Query                              ├─►
//!                              the items found, and what is asked for with them, likewise ◄─┘
//! ```
//!
//! Reads that a page cannot do without are those for its first item: the first of each relation.
//! The others keep what these may need of the budget, so that each page has an item.
//!
//! **Invariant:** nothing is cut silently. A page ends before the first item of which something was
//! not read or does not fit into it, and its cursor leads on; a related item that is absent is one
//! that is not there.

mod joined;

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{BoxFuture, try_join, try_join_all};
use weir_model::{Include, Item, ItemKey, Partition, PrimaryKey, SortKeys};

use crate::budget::{ITEM_BYTES, PAGE_BYTES};
use crate::error::Error;
use crate::items::{Found, Table};
use crate::query::{Query, SortRange};
use crate::reads::Reads;

pub use joined::{Joined, JoinedItems, JoinedPage, Reading, Related};
use joined::{Row, fitting};

/// The items of a relation, by the position of the item that leads there; `None` where it was not
/// read.
type ByPosition = Vec<Option<Related>>;

/// The items of one level by their keys, each read once however many lead to it.
struct Targets {
    positions: HashMap<PrimaryKey, usize>,
    found: Found,
}

impl Table {
    /// A page of items with those that they are related to. The query is made for the entity that
    /// the relations begin at.
    ///
    /// # Errors
    /// As [`Self::list`]; [`Error::OverBudget`] if the budget does not last for what the first item
    /// is related to; what DynamoDB says when nothing could be read of it.
    pub async fn list_joined(
        &self,
        query: &Query,
        includes: &[Include<'_>],
        reading: Reading,
    ) -> Result<JoinedPage, Error> {
        let table = self.keeping_for(includes);
        let page = table.list(query, reading.max_reads).await?;
        let joined = table.join(page.items.clone(), includes, reading).await?;
        let rows = joined.items.into_iter().map(|item| item.map_or(Row::Unread, Row::Item));
        self.page(query, page.items, page.cursor, rows.collect(), joined.error, reading)
    }

    /// Items of an entity with those that they are related to.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     table: weir_table::Table,
    /// #     ann: weir_model::Item,
    /// # ) -> Result<(), weir_table::Error> {
    /// use weir_model::Include;
    /// use weir_model::relation::Scope;
    /// use weir_table::Reading;
    ///
    /// let model = table.model().clone();
    /// let user = model.entity("user").expect("it is in the file");
    /// let includes = Include::parse(&model, user, &Scope::One, "sessions,accounts.bank");
    /// let includes = includes.expect("so are they");
    /// let joined = table.join(vec![ann], &includes, Reading::default()).await?.all(&table)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The errors of DynamoDB, unless trying again may help or the budget is spent: then the items
    /// are returned of which everything was read.
    pub fn join<'a>(
        &'a self,
        items: Vec<Item>,
        includes: &'a [Include<'_>],
        reading: Reading,
    ) -> BoxFuture<'a, Result<JoinedItems, Error>> {
        Box::pin(async move {
            let table = self.keeping_for(includes);
            let ones = includes.iter().filter(|include| !include.relation.is_many());
            let needed = ones.clone().count();
            let ones = table.targets(wanted(&items, includes), needed, reading);
            let share = reading.share_of(includes.len());
            let many = includes.iter().filter(|include| include.relation.is_many());
            let many = many.map(|include| table.many(&items, include, share));
            let (mut targets, many) = try_join(ones, try_join_all(many)).await?;
            let mut many = many.into_iter();
            let mut columns: Vec<ByPosition> = Vec::new();
            let mut error = None;
            for include in includes {
                columns.push(match include.relation.is_many() {
                    true => {
                        let (related, failed) = many.next().expect("one for each relation to many");
                        error = error.or(failed);
                        related
                    }
                    false => table.one(&items, include, &mut targets, share).await?,
                });
            }
            let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
            let joined = items.into_iter().map(|item| {
                let related: Vec<_> = columns.iter_mut().map(|column| column.next()?).collect();
                let related: Option<Vec<_>> = related.into_iter().collect();
                related.map(|related| Arc::new(Joined::new(item, related)))
            });
            let items: Vec<_> = joined.collect();
            let error = targets.found.error.or(error).filter(|_| items.iter().any(Option::is_none));
            Ok(JoinedItems { items, error })
        })
    }

    /// The first page of the items, or of the links, that an item is related to; `None` where the
    /// relation leads nowhere.
    pub(crate) fn related_query(
        &self,
        include: &Include<'_>,
        item: &Item,
        reading: Reading,
    ) -> Option<Query> {
        let (listing, entity) = include.listing()?;
        let Partition { key, range } = include.partition(item)?;
        let index = listing.pattern.index.clone();
        Some(Query {
            partition: key,
            range: range.into(),
            filter: entity.kind().and(listing.pattern.filter.clone()),
            consistent: reading.consistent.filter(|_| index.is_none()),
            descending: listing.descending,
            limit: Some(listing.limit),
            max_bytes: Some(reading.max_bytes),
            index,
            ..Query::default()
        })
    }

    /// A page of related items by their query.
    pub(crate) async fn related_page(
        &self,
        query: &Query,
        include: &Include<'_>,
        reading: Reading,
    ) -> Result<JoinedPage, Error> {
        if include.link.is_none() {
            return self.list_joined(query, &include.nested, reading).await;
        }
        let links = self.list(query, reading.max_reads).await?;
        let keys: Vec<_> = links.items.iter().map(|link| include.key(link)).collect();
        let wanted = keys.iter().flatten().map(|key| key.primary.clone()).collect();
        let targets = self.targets(wanted, 1, reading).await?;
        let (rows, error) = self.joined_targets(&keys, include, &targets, reading).await?;
        let error = targets.found.error.or(error);
        self.page(query, links.items, links.cursor, rows, error, reading)
    }

    /// Returns the items of a relation to many. All the items lead to the same, as was made sure
    /// of; those that do not, since their attributes are not what their keys say, are left for a
    /// page of their own, and all of them if the budget is spent.
    async fn many(
        &self,
        items: &[Item],
        include: &Include<'_>,
        reading: Reading,
    ) -> Result<(ByPosition, Option<Error>), Error> {
        let queries: Vec<_> =
            items.iter().map(|item| self.related_query(include, item, reading)).collect();
        let Some(query) = queries.iter().flatten().next() else {
            return Ok((queries.iter().map(|_| Some(Related::nothing())).collect(), None));
        };
        let (page, error) = match self.related_page(query, include, reading).await {
            Ok(page) => (Some(page), None),
            Err(error) if error.is_over_budget() => {
                (None, Some(error.of_relation(&include.relation.name)))
            }
            Err(error) => return Err(error),
        };
        let related = queries.iter().map(|own| match own {
            None => Some(Related::nothing()),
            Some(own) => page.clone().filter(|_| own == query).map(Related::Many),
        });
        Ok((related.collect(), error))
    }

    /// Returns the items of a relation to one.
    async fn one(
        &self,
        items: &[Item],
        include: &Include<'_>,
        targets: &mut Targets,
        reading: Reading,
    ) -> Result<ByPosition, Error> {
        let keys: Vec<_> = items.iter().map(|item| include.key(item)).collect();
        let (rows, error) = self.joined_targets(&keys, include, targets, reading).await?;
        let error = targets.found.error.take().or(error);
        targets.found.error = error.map(|error| error.of_relation(&include.relation.name));
        let related = rows.into_iter().map(|row| match row {
            Row::Item(item) => Some(Related::One(Some(item))),
            Row::Nowhere => Some(Related::One(None)),
            Row::Unread => None,
        });
        Ok(related.collect())
    }

    /// Reads items by their keys, each once; the first keys, so many as are needed, in any case.
    async fn targets(
        &self,
        keys: Vec<PrimaryKey>,
        needed: usize,
        reading: Reading,
    ) -> Result<Targets, Error> {
        let mut positions = HashMap::new();
        let mut distinct = Vec::new();
        for key in keys {
            let next = distinct.len();
            positions.entry(key).or_insert_with_key(|key| {
                distinct.push(key.clone());
                next
            });
        }
        let is_strong = reading.consistent.unwrap_or(true);
        let found = self.read_many(&distinct, is_strong, reading.max_bytes, needed).await;
        match found.error {
            Some(error) if !error.leaves_unread() => Err(error),
            _ => Ok(Targets { positions, found }),
        }
    }

    /// Where keys lead to, with what is asked for of the items there.
    async fn joined_targets(
        &self,
        keys: &[Option<ItemKey>],
        include: &Include<'_>,
        targets: &Targets,
        reading: Reading,
    ) -> Result<(Vec<Row>, Option<Error>), Error> {
        let mut items = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        let target_of = |key: &ItemKey| targets.positions[&key.primary];
        let found = |key: &ItemKey| {
            let item = targets.found.items[target_of(key)].as_ref();
            item.filter(|item| key.names(include.to, item))
        };
        for key in keys.iter().flatten() {
            let (target, item) = (target_of(key), found(key));
            if let (Some(item), false) = (item, places.contains_key(&target)) {
                places.insert(target, items.len());
                items.push(item.clone());
            }
        }
        let joined = self.join(items, &include.nested, reading).await?;
        let row = |key: &Option<ItemKey>| {
            let Some(key) = key else { return Row::Nowhere };
            let target = target_of(key);
            // Several keys may be of one target, of which only some name the item.
            match places.get(&target).filter(|_| found(key).is_some()) {
                Some(place) => joined.items[*place].clone().map_or(Row::Unread, Row::Item),
                None if targets.found.unread.binary_search(&target).is_ok() => Row::Unread,
                None => Row::Nowhere,
            }
        };
        Ok((keys.iter().map(row).collect(), joined.error))
    }

    /// Ends a page before the first row that was not read or does not fit.
    fn page(
        &self,
        query: &Query,
        items: Vec<Item>,
        cursor: Option<String>,
        rows: Vec<Row>,
        error: Option<Error>,
        reading: Reading,
    ) -> Result<JoinedPage, Error> {
        let fitting = fitting(&rows, reading.max_bytes);
        let cursor = match fitting {
            all if all == rows.len() => cursor,
            0 => return Err(error.unwrap_or_else(|| Error::throttled(self.name()))),
            some => Some(self.cursor_behind(query, &items[some - 1])?),
        };
        let kept = rows.into_iter().take(fitting).filter_map(|row| match row {
            Row::Item(item) => Some(item),
            Row::Nowhere | Row::Unread => None,
        });
        Ok(JoinedPage { items: kept.collect(), cursor })
    }
}

impl Table {
    /// The same table, whose reads that can be left for a next page keep what the first item of a
    /// page needs for these relations: at most the half of what a request may read.
    pub(crate) fn keeping_for(&self, includes: &[Include<'_>]) -> Self {
        if self.kept != Reads::default() {
            // The related items of these items are among the kept ones.
            return self.clone();
        }
        let most = self.budget.limits().map(Reads::half).unwrap_or_default();
        self.keeping(needed(includes).at_most(most))
    }
}

impl From<SortKeys> for SortRange {
    fn from(keys: SortKeys) -> Self {
        match keys {
            SortKeys::Every => Self::Every,
            SortKeys::BeginsWith(text) => Self::BeginsWith(text),
            SortKeys::Is(text) => Self::Between(text.clone(), text),
        }
    }
}

/// The most that one item takes to be read with what it is related to, in the least number of
/// reads.
fn needed(includes: &[Include<'_>]) -> Reads {
    let mut needed = Reads::default();
    for include in includes {
        let of_list = include.listing().map(|(listing, _)| {
            PAGE_BYTES.min(u64::from(listing.limit).saturating_mul(ITEM_BYTES))
        });
        let of_item = (of_list.is_none() || include.link.is_some()).then_some(ITEM_BYTES);
        for bytes in of_list.into_iter().chain(of_item) {
            needed = needed.plus(Reads { reads: 1, bytes });
        }
        needed = needed.plus(self::needed(&include.nested));
    }
    needed
}

/// The keys that the items lead to, those of the first item first: what is not read then is of the
/// last.
fn wanted(items: &[Item], includes: &[Include<'_>]) -> Vec<PrimaryKey> {
    let ones = || includes.iter().filter(|include| !include.relation.is_many());
    items
        .iter()
        .flat_map(|item| ones().filter_map(|include| include.key(item)))
        .map(|key| key.primary)
        .collect()
}
