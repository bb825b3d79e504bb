//! Histories at random: what happens to a few items, as the records of two shards.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use weir_model::{AttributeValue, Item};
use weir_rollups::watermark::UNKNOWN_SECONDS;
use weir_rollups::{Change, Image};

use crate::values::{Values, change, s, values};

pub(crate) const SHARDS: usize = 2;
/// When the first record may be written: 2026-03-28T12:00:00Z.
const BEGINNING: u32 = 1_774_699_200;
/// After so many writes an item goes on in the other shard, as when a shard ends.
const WRITES_PER_SHARD: usize = 12;
/// Longer than what is no longer needed stays.
const PAUSE_SECS: u32 = 10 * 86_400;
/// One write to one of a few items, so many seconds after the one before.
#[derive(Clone)]
pub(crate) struct Write {
    item: usize,
    seconds: u32,
    /// Whether the record says when it was.
    is_timed: bool,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Put(Values),
    /// One value of an item that is there.
    Change(&'static str, Option<AttributeValue>),
    Delete,
    /// DynamoDB deletes it, as its time to live has passed.
    Expire,
}

impl std::fmt::Debug for Write {
    /// On one line, however a history is printed.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { item, seconds, is_timed, action } = self;
        write!(formatter, "item {item} after {seconds} s (told: {is_timed}): {action:?}")
    }
}

/// What became of the items.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// The records of each shard.
    pub(crate) shards: Vec<Vec<Change>>,
    /// The items that are there.
    pub(crate) items: Vec<Values>,
    /// What the items were that have expired.
    pub(crate) expired: Vec<Values>,
    /// All that any item ever was.
    pub(crate) images: Vec<Values>,
    /// The time of the newest record.
    pub(crate) newest: u32,
}

pub(crate) fn writes() -> impl Strategy<Value = Vec<Write>> {
    let action = prop_oneof![
        4 => values().prop_map(Action::Put),
        4 => change().prop_map(|(place, value)| Action::Change(place, value)),
        1 => Just(Action::Delete),
        1 => Just(Action::Expire),
    ];
    let seconds = prop_oneof![4 => 0_u32..30_000, 1 => 0_u32..400_000];
    let is_timed = prop::bool::weighted(0.95);
    let write = (0_usize..5, seconds, is_timed, action)
        .prop_map(|(item, seconds, is_timed, action)| Write { item, seconds, is_timed, action });
    prop::collection::vec(write, 0..40)
}

fn item(id: usize, values: &Values) -> Item {
    let mut attributes =
        HashMap::from([("_et".to_owned(), s("sale")), ("id".to_owned(), s(&id.to_string()))]);
    let mut info = HashMap::new();
    for (place, value) in values {
        match place.strip_prefix("info.") {
            Some(name) => drop(info.insert(name.to_owned(), value.clone())),
            None => drop(attributes.insert((*place).to_owned(), value.clone())),
        }
    }
    if !info.is_empty() {
        attributes.entry("info".to_owned()).or_insert(AttributeValue::M(info));
    }
    attributes.into()
}

impl History {
    /// Two histories, so long after each other that the stream has lost the first when the second
    /// begins; how many records of each shard are the first's, and the time of the second's first
    /// record.
    pub(crate) fn of_two(
        earlier: &[Write],
        later: &[Write],
    ) -> (Self, [usize; SHARDS], Option<u32>) {
        let mut later = later.to_vec();
        later.iter_mut().take(1).for_each(|write| write.seconds += PAUSE_SECS);
        let (before, whole) = (Self::new(earlier), Self::new(&[earlier, &later].concat()));
        let lengths = std::array::from_fn(|shard| before.shards[shard].len());
        let newer =
            whole.shards.iter().zip(lengths).flat_map(|(records, length)| &records[length..]);
        let known =
            newer.map(|record| record.seconds).filter(|seconds| *seconds != UNKNOWN_SECONDS);
        let beginning = known.min();
        (whole, lengths, beginning)
    }

    pub(crate) fn new(writes: &[Write]) -> Self {
        let mut history = Self { shards: vec![Vec::new(); SHARDS], ..Self::default() };
        let mut items: BTreeMap<usize, Values> = BTreeMap::new();
        let mut seconds = BEGINNING;
        for (position, write) in writes.iter().enumerate() {
            seconds += write.seconds;
            let old = items.get(&write.item).cloned();
            let new = match (&write.action, &old) {
                (Action::Put(values), _) => Some(values.clone()),
                (Action::Change(place, value), Some(old)) => Some(with(old, place, value)),
                (Action::Delete | Action::Expire, Some(_)) => None,
                (_, None) => continue,
            };
            let is_expiry = matches!(write.action, Action::Expire);
            history.expired.extend(old.clone().filter(|_| is_expiry));
            history.images.extend(new.clone());
            match &new {
                Some(new) => drop(items.insert(write.item, new.clone())),
                None => drop(items.remove(&write.item)),
            }
            let [old, new] =
                [old, new].map(|values| values.map(|values| item(write.item, &values)));
            let image = match (old, new) {
                (None, Some(new)) => Image::Insert { new },
                (Some(old), Some(new)) => Image::Modify { old, new },
                (Some(old), None) => Image::Remove { old, expired: is_expiry },
                (None, None) => continue,
            };
            let sequence = format!("99999999999999999999{}", position * 7 + 3);
            let told = if write.is_timed { seconds } else { UNKNOWN_SECONDS };
            history.newest = history.newest.max(if write.is_timed { seconds } else { 0 });
            history.shards[(write.item + position / WRITES_PER_SHARD) % SHARDS].push(Change {
                sequence: sequence.parse().expect("a sequence number"),
                seconds: told,
                image,
            });
        }
        history.items = items.into_values().collect();
        history
    }
}

fn with(old: &Values, place: &'static str, value: &Option<AttributeValue>) -> Values {
    let mut new = old.clone();
    match value {
        Some(value) => drop(new.insert(place, value.clone())),
        None => drop(new.remove(place)),
    }
    new
}
