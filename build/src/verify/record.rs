//! The records of a verification, which are sorted by the rollup item that they are about.
//!
//! ```text
//! rollup item ─ readings
//!             ─ detail item, each:         stored ─ recount ─ changes, by shard and sequence
//!             ─ rollup item, each stripe:  stored ─ recount ─ changes, by shard and sequence
//! ```
//!
//! The detail items of a rollup item come before it, since its `distinct` is compared with them.
//! A rollup item is named by the key of its first stripe.
//!
//! **Invariant:** the bytes of a record begin with what it is about, so records about one thing are
//! neighbours when the bytes are in order.

use weir_rollups::{Accumulator, Amounts, RollupKey, Watermark};

use crate::encoding::{
    read_byte, read_bytes, read_number, read_signed, read_size, read_text, take, write_number,
    write_signed, write_text,
};
use crate::spool::{AccumulatorTable, read_amounts, read_key, write_amounts, write_key};

/// The bytes of a watermark.
const WATERMARK_BYTES: usize = weir_rollups::watermark::WATERMARK_BYTES;

/// What the records of a rollup item are about, in their order.
const READING: u8 = 0;
const DETAIL: u8 = 1;
const ITEM: u8 = 2;
/// The kinds of records, in their order.
const STORED: u8 = 0;
const RECOUNT: u8 = 1;
const DELTA: u8 = 2;

/// A rollup item, over all of its stripes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ItemId {
    /// The position of the rollup among those that are verified.
    pub(super) rollup: usize,
    /// The key of its first stripe.
    pub(super) key: RollupKey,
}

/// A stored item that a rollup item consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) item: ItemId,
    /// The position of the kind of a detail item among those that the rollup keeps; `None` for a
    /// stripe of the rollup item.
    pub(super) kind: Option<usize>,
    /// Its key.
    pub(super) key: RollupKey,
}

/// A record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Record {
    /// A rollup item was read together with some of its detail items.
    Reading(ItemId, Reading),
    /// A stored item.
    Stored(Subject, StoredItem),
    /// What the items of the table contribute at the cut.
    Recount(Subject, Amounts),
    /// What a captured change contributes.
    Delta(Subject, Delta),
}

/// A rollup item that counts its detail items, as it was at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The number of the positions of the shards that were known before the moment.
    pub(super) positions: usize,
    /// No record of a later second was counted at the moment, in seconds since 1970.
    pub(super) latest: u32,
    /// The numbers that count detail items.
    pub(super) numbers: Amounts,
    /// Detail items that were read at the same moment, each with its count.
    pub(super) counts: Vec<(RollupKey, i128)>,
}

/// A stored item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StoredItem {
    pub(super) amounts: Amounts,
    /// The accumulators whose attribute is not a number of their scale, with the number that it is.
    pub(super) unreadable: Vec<(Accumulator, Option<String>)>,
    /// The attributes that have the form of a watermark.
    pub(super) watermarks: Vec<(String, Watermark)>,
    /// The mark of an item that DynamoDB rejected an update of: since when.
    pub(super) parked: Option<String>,
    /// The ranking that it is in.
    pub(super) rank: Option<String>,
}

/// What a captured change contributes to one stored item.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delta {
    /// The number of the shard.
    pub(super) shard: usize,
    /// The record.
    pub(super) record: Watermark,
    /// Whether the change is of the time of the cut or later.
    pub(super) is_since_cut: bool,
    pub(super) amounts: Amounts,
}

impl Record {
    /// Returns the rollup item that it is about.
    pub(super) fn item(&self) -> &ItemId {
        match self {
            Self::Reading(item, _) => item,
            Self::Stored(subject, _) | Self::Recount(subject, _) | Self::Delta(subject, _) => {
                &subject.item
            }
        }
    }

    /// Returns the bytes of the record.
    pub(super) fn encode(&self, accumulators: &mut AccumulatorTable) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(192);
        let to = &mut bytes;
        match self {
            Self::Reading(item, reading) => {
                write_item(item, to);
                to.push(READING);
                write_number(reading.positions as u128, to);
                write_number(u128::from(reading.latest), to);
                encode_amounts(&reading.numbers, accumulators, to);
                write_number(reading.counts.len() as u128, to);
                for (key, count) in &reading.counts {
                    write_key(key, to);
                    write_signed(*count, to);
                }
            }
            Self::Stored(subject, stored) => {
                write_subject(subject, to);
                to.push(STORED);
                write_stored(stored, accumulators, to);
            }
            Self::Recount(subject, amounts) => {
                write_subject(subject, to);
                to.push(RECOUNT);
                encode_amounts(amounts, accumulators, to);
            }
            Self::Delta(subject, delta) => {
                write_subject(subject, to);
                to.push(DELTA);
                let shard = u32::try_from(delta.shard).expect("a stream has fewer shards");
                to.extend_from_slice(&shard.to_be_bytes());
                to.extend_from_slice(&delta.record.to_bytes());
                to.push(u8::from(delta.is_since_cut));
                encode_amounts(&delta.amounts, accumulators, to);
            }
        }
        bytes
    }

    /// Reads the bytes of a record; `None` for any others.
    pub(super) fn decode(mut bytes: &[u8], accumulators: &AccumulatorTable) -> Option<Self> {
        let bytes = &mut bytes;
        let item = ItemId { rollup: read_size(bytes)?, key: read_key(bytes)? };
        let kind = match read_byte(bytes)? {
            READING => {
                let reading = read_reading(bytes, accumulators)?;
                return bytes.is_empty().then_some(Self::Reading(item, reading));
            }
            DETAIL => Some(read_size(bytes)?),
            ITEM => None,
            _ => return None,
        };
        let subject = Subject { item, kind, key: read_key(bytes)? };
        let record = match read_byte(bytes)? {
            STORED => Self::Stored(subject, read_stored(bytes, accumulators)?),
            RECOUNT => Self::Recount(subject, read_amounts(bytes, accumulators)?),
            DELTA => {
                let shard = u32::from_be_bytes(take(bytes, size_of::<u32>())?.try_into().ok()?);
                let record = Watermark::from_bytes(take(bytes, WATERMARK_BYTES)?)?;
                let is_since_cut = read_byte(bytes)? != 0;
                let amounts = read_amounts(bytes, accumulators)?;
                Self::Delta(subject, Delta { shard: shard as usize, record, is_since_cut, amounts })
            }
            _ => return None,
        };
        bytes.is_empty().then_some(record)
    }
}

fn write_item(item: &ItemId, to: &mut Vec<u8>) {
    write_number(item.rollup as u128, to);
    write_key(&item.key, to);
}

fn write_subject(subject: &Subject, to: &mut Vec<u8>) {
    write_item(&subject.item, to);
    match subject.kind {
        Some(kind) => {
            to.push(DETAIL);
            write_number(kind as u128, to);
        }
        None => to.push(ITEM),
    }
    write_key(&subject.key, to);
}

fn encode_amounts(amounts: &Amounts, accumulators: &mut AccumulatorTable, to: &mut Vec<u8>) {
    write_amounts(amounts.iter(), amounts.len(), accumulators, to);
}

fn read_reading(bytes: &mut &[u8], accumulators: &AccumulatorTable) -> Option<Reading> {
    let positions = read_size(bytes)?;
    let latest = u32::try_from(read_number(bytes)?).ok()?;
    let numbers = read_amounts(bytes, accumulators)?;
    let mut counts = Vec::new();
    for _ in 0..read_size(bytes)? {
        counts.push((read_key(bytes)?, read_signed(bytes)?));
    }
    Some(Reading { positions, latest, numbers, counts })
}

fn write_stored(stored: &StoredItem, accumulators: &mut AccumulatorTable, to: &mut Vec<u8>) {
    encode_amounts(&stored.amounts, accumulators, to);
    write_number(stored.unreadable.len() as u128, to);
    for (accumulator, number) in &stored.unreadable {
        write_number(accumulators.number(accumulator) as u128, to);
        write_option(number.as_deref(), to);
    }
    write_number(stored.watermarks.len() as u128, to);
    for (name, watermark) in &stored.watermarks {
        write_text(name, to);
        to.extend_from_slice(&watermark.to_bytes());
    }
    write_option(stored.parked.as_deref(), to);
    write_option(stored.rank.as_deref(), to);
}

fn write_option(text: Option<&str>, to: &mut Vec<u8>) {
    to.push(u8::from(text.is_some()));
    write_text(text.unwrap_or_default(), to);
}

fn read_stored(bytes: &mut &[u8], accumulators: &AccumulatorTable) -> Option<StoredItem> {
    let mut stored =
        StoredItem { amounts: read_amounts(bytes, accumulators)?, ..Default::default() };
    for _ in 0..read_size(bytes)? {
        let accumulator = accumulators.get(read_size(bytes)?)?.clone();
        stored.unreadable.push((accumulator, read_option(bytes)?));
    }
    for _ in 0..read_size(bytes)? {
        let name = read_text(bytes)?;
        stored.watermarks.push((name, Watermark::from_bytes(take(bytes, WATERMARK_BYTES)?)?));
    }
    stored.parked = read_option(bytes)?;
    stored.rank = read_option(bytes)?;
    Some(stored)
}

/// Reads a text that may be absent: `Some(None)` if it is.
fn read_option(bytes: &mut &[u8]) -> Option<Option<String>> {
    let is_there = read_byte(bytes)? != 0;
    let text = String::from_utf8(read_bytes(bytes)?.to_owned()).ok()?;
    Some(is_there.then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(partition: &str, sort: &str) -> RollupKey {
        RollupKey::new(partition, sort)
    }

    fn amounts(amount: i128) -> Amounts {
        let mut amounts = Amounts::default();
        amounts.add(Accumulator::Items, amount);
        amounts
    }

    fn record(sequence: &str) -> Watermark {
        Watermark { sequence: sequence.parse().expect("a number"), seconds: 1_795_153_254 }
    }

    #[test]
    fn records_are_read_as_they_were_written_and_sort_by_what_they_are_about() {
        let item = ItemId { rollup: 1, key: key("sales#DE", "all") };
        let of_item = Subject { item: item.clone(), kind: None, key: item.key.clone() };
        let detail = key("sales.values(user)#DE", "all#ann");
        let of_detail = Subject { item: item.clone(), kind: Some(2), key: detail.clone() };
        let stored = StoredItem {
            amounts: amounts(-7),
            unreadable: vec![(Accumulator::Items, Some("0.5".to_owned()))],
            watermarks: vec![("@a/b".to_owned(), record("12"))],
            parked: Some("2026-11-20T06:40:00Z".to_owned()),
            rank: None,
        };
        let delta = |shard, sequence, amount| Delta {
            shard,
            record: record(sequence),
            is_since_cut: amount > 0,
            amounts: amounts(amount),
        };
        let reading = Reading {
            positions: 3,
            latest: 1_795_153_260,
            numbers: amounts(5),
            counts: vec![(detail, 0)],
        };
        let other = ItemId { rollup: 1, key: key("sales#FR", "all") };
        let other = Subject { key: other.key.clone(), item: other, kind: None };
        let in_order = [
            Record::Reading(item, reading),
            Record::Stored(of_detail.clone(), stored.clone()),
            Record::Recount(of_detail.clone(), amounts(2)),
            Record::Delta(of_detail.clone(), delta(0, "9", 1)),
            Record::Delta(of_detail.clone(), delta(0, "10", -1)),
            Record::Delta(of_detail, delta(256, "1", 1)),
            Record::Stored(of_item.clone(), stored),
            Record::Delta(of_item, delta(0, "9", 1)),
            Record::Recount(other, amounts(1)),
        ];
        let mut accumulators = AccumulatorTable::default();
        let mut encoded: Vec<_> =
            in_order.iter().map(|record| record.encode(&mut accumulators)).collect();
        encoded.reverse();
        encoded.sort();
        let read = encoded.iter().map(|bytes| Record::decode(bytes, &accumulators));
        let read: Vec<_> = read.collect::<Option<_>>().expect("they were written");
        assert_eq!(read, in_order);
        for bytes in &encoded {
            assert_eq!(Record::decode(&bytes[..bytes.len() - 1], &accumulators), None);
        }
    }
}
