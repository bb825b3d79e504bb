//! Many items by their keys, whatever their number.
//!
//! **Invariant:** a key is asked for once however often it is given, and each position is answered:
//! by an item, by its absence, or as unread.

use std::collections::{HashMap, HashSet, VecDeque};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use weir_model::{Item, PrimaryKey, limits};

use super::batch::{BATCH_ATTEMPTS, BATCH_RETRY_DELAY};
use super::table::Table;
use crate::budget::{Reservation, Unit};
use crate::error::Error;
use crate::pages::encoded_bytes;

/// The most keys that one BatchGetItem takes.
pub const MAX_BATCH_KEYS: usize = limits::MAX_BATCH_KEYS;

/// The items of many keys.
#[derive(Debug, Default)]
pub struct Found {
    /// The item of each key, in the order of the keys; `None` where there is no item, and where
    /// it was not read.
    pub items: Vec<Option<Item>>,
    /// The positions of the keys that were not read.
    pub unread: Vec<usize>,
    /// Why they were not, when DynamoDB said so; throttling when it said nothing.
    pub error: Option<Error>,
}

/// The items of one request, and the keys that it left.
type Read = (HashMap<PrimaryKey, Item>, Vec<PrimaryKey>);

impl Table {
    /// Reads the items with these keys, [`MAX_BATCH_KEYS`] at a time, strongly consistent. What
    /// DynamoDB leaves unprocessed is asked for again, for a while.
    ///
    /// ```
    /// # weir_testing::shop::run(async |table| {
    /// let order = table.model().entity("order").expect("it is defined");
    /// let keys = [("ann", "1"), ("bob", "7")].map(|(user, number)| {
    ///     let key = order.key_from_text(&[("user", user), ("number", number)]);
    ///     key.expect("values of their attributes").primary
    /// });
    /// let found = table.batch_get(&keys).await;
    /// if let Some(error) = found.error {
    ///     return Err(error);
    /// }
    /// assert_eq!(found.items.iter().flatten().count(), 0, "nobody has ordered yet");
    /// # Ok(()) });
    /// ```
    pub async fn batch_get(&self, keys: &[PrimaryKey]) -> Found {
        self.read_many(keys, true, usize::MAX, 1).await
    }

    /// The same, strongly consistent or not; reads no further once the items that were read have
    /// more bytes as JSON, or the budget is spent. The first of the different keys, so many as are
    /// needed, are read in any case: a page that ends before what was not read has its first item.
    pub(crate) async fn read_many(
        &self,
        keys: &[PrimaryKey],
        is_strong: bool,
        max_bytes: usize,
        needed: usize,
    ) -> Found {
        let mut positions: HashMap<&PrimaryKey, Vec<usize>> = HashMap::new();
        let mut pending = VecDeque::new();
        for (position, key) in keys.iter().enumerate() {
            let of_key = positions.entry(key).or_default();
            if of_key.is_empty() {
                pending.push_back(key.clone());
            }
            of_key.push(position);
        }
        let mut found = Found { items: vec![None; keys.len()], ..Found::default() };
        let (mut attempts, mut delay) = (0, BATCH_RETRY_DELAY);
        let mut bytes = 0;
        let needed: HashSet<_> = pending.iter().take(needed).cloned().collect();
        while !pending.is_empty() {
            let leading = pending.iter().take_while(|key| needed.contains(*key)).count();
            if bytes > max_bytes && leading == 0 {
                break;
            }
            let wanted = pending.len().min(MAX_BATCH_KEYS);
            let (count, reservation) = match self.reserve_keys(wanted, leading).await {
                Ok(reserved) => reserved,
                Err(error) => {
                    found.error = Some(error);
                    break;
                }
            };
            let asked: Vec<_> = pending.drain(..count).collect();
            let (items, left) = match self.read_once(&asked, is_strong, reservation).await {
                Ok(read) => read,
                Err(error) => {
                    let is_over = !error.is_retryable();
                    found.error = Some(error);
                    if is_over {
                        put_back(&mut pending, &asked, &asked);
                        break;
                    }
                    (HashMap::new(), asked.clone())
                }
            };
            for (key, item) in items {
                bytes += if max_bytes < usize::MAX { encoded_bytes(&item) } else { 0 };
                for position in positions.get(&key).into_iter().flatten() {
                    found.items[*position] = Some(item.clone());
                }
            }
            let has_read = left.len() < asked.len();
            let is_whole = left.is_empty();
            put_back(&mut pending, &asked, &left);
            if has_read {
                (attempts, delay) = (0, BATCH_RETRY_DELAY);
            } else {
                attempts += 1;
            }
            if attempts == BATCH_ATTEMPTS {
                break;
            }
            if !is_whole {
                tokio::time::sleep(delay).await;
                delay *= 2;
            }
        }
        if pending.is_empty() {
            found.error = None;
        }
        found.unread = pending.iter().flat_map(|key| positions[key].clone()).collect();
        found.unread.sort_unstable();
        found
    }

    /// Takes a read of so many keys at most, the first of which are needed even if the rest of the
    /// budget is kept for others.
    async fn reserve_keys(
        &self,
        wanted: usize,
        needed: usize,
    ) -> Result<(usize, Reservation), Error> {
        match self.further().reserve_items(wanted).await {
            Err(Error::OverBudget { .. }) if needed > 0 => {
                self.budget.reserve_items(needed.min(wanted)).await
            }
            reserved => reserved,
        }
    }

    /// Asks for up to [`MAX_BATCH_KEYS`] different keys.
    async fn read_once(
        &self,
        keys: &[PrimaryKey],
        is_strong: bool,
        reservation: Reservation,
    ) -> Result<Read, Error> {
        let table = &self.model.table;
        let keys = keys.iter().map(|key| table.key_item(key).into()).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(is_strong);
        let wanted = wanted.build().expect("keys are set");
        let request = self
            .client
            .batch_get_item()
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .request_items(self.name(), wanted);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                reservation.fail(&error);
                return Err(Error::from_sdk(self.name(), error));
            }
        };
        reservation.settle(answer.consumed_capacity(), Unit::for_read(is_strong));
        let items = answer.responses.and_then(|mut tables| tables.remove(self.name()));
        let items = items.unwrap_or_default().into_iter().map(Item::from);
        let items = items.map(|item| Ok((self.primary_key(&item)?, item)));
        let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(self.name()));
        let left = left.map(|left| left.keys).unwrap_or_default().into_iter().map(Item::from);
        let left = left.map(|key| self.primary_key(&key));
        Ok((items.collect::<Result<_, Error>>()?, left.collect::<Result<_, Error>>()?))
    }

    fn primary_key(&self, item: &Item) -> Result<PrimaryKey, Error> {
        self.model.table.primary_key(item).ok_or_else(|| {
            let key = super::table::shown_key(&self.model, item);
            Error::Unreadable(format!("a key without text: {key}"))
        })
    }
}

/// Puts what is left of the keys that were asked for before the others, in their order: DynamoDB
/// leaves any of them.
fn put_back(pending: &mut VecDeque<PrimaryKey>, asked: &[PrimaryKey], left: &[PrimaryKey]) {
    let left: HashSet<_> = left.iter().collect();
    for key in asked.iter().rev().filter(|key| left.contains(key)) {
        pending.push_front(key.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_asked_for_again_before_the_others_and_in_order() {
        let key = |text: &str| PrimaryKey { partition: text.to_owned(), sort: None };
        let keys = |texts: &str| texts.split(' ').map(key).collect::<Vec<_>>();
        let mut pending: VecDeque<_> = keys("d e").into();
        put_back(&mut pending, &keys("a b c"), &keys("c a"));
        assert_eq!(Vec::from(pending), keys("a c d e"));
    }
}
