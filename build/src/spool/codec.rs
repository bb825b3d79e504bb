//! The form of a contribution in a spool.
//!
//! ```text
//! length of the head ─ head ─ number of amounts ─ (accumulator, amount) …
//! head: rollup ─ key ─ bookkeeping
//! ```
//!
//! Numbers are LEB128, signed ones zigzag; a text is its length and its bytes. All contributions to
//! one rollup item have the same head, byte by byte, so heads are compared and never decoded until
//! the update is made.
//!
//! **Invariant:** what is read is what was written, and anything else is `None`.

use weir_rollups::{Accumulator, Amounts, Bookkeeping, Contribution, RollupKey, ZeroCrossing};

use super::accumulators::AccumulatorTable;
use super::rollup_contribution::RollupContribution;
use crate::encoding::{
    read_byte, read_bytes, read_number, read_signed, read_size, read_text, take, write_number,
    write_signed, write_text,
};

/// The flags of a bookkeeping: which of its fields follow.
const HAS_EXPIRY: u8 = 1;
const HAS_RANK: u8 = 2;
const HAS_ITEM: u8 = 4;
const HAS_CROSSING: u8 = 8;

/// A contribution as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoded<'a> {
    /// The rollup, the key and the bookkeeping.
    pub(super) head: &'a [u8],
    /// The number of amounts, and the amounts.
    pub(super) amounts: &'a [u8],
}

/// Amounts by the numbers of their accumulators.
pub(super) type NumberedAmounts = Vec<(usize, i128)>;

/// Appends a contribution.
pub(super) fn write(
    contribution: &RollupContribution,
    accumulators: &mut AccumulatorTable,
    to: &mut Vec<u8>,
) {
    let Contribution { key, bookkeeping, amounts } = &contribution.contribution;
    let mut head = Vec::with_capacity(128);
    write_number(contribution.rollup as u128, &mut head);
    write_key(key, &mut head);
    write_bookkeeping(bookkeeping, accumulators, &mut head);
    write_number(head.len() as u128, to);
    to.extend_from_slice(&head);
    write_amounts(amounts.iter(), amounts.len(), accumulators, to);
}

/// Appends a contribution with amounts that are numbered already.
pub(super) fn write_numbered(head: &[u8], amounts: &[(usize, i128)], to: &mut Vec<u8>) {
    write_number(head.len() as u128, to);
    to.extend_from_slice(head);
    write_number(amounts.len() as u128, to);
    for (accumulator, amount) in amounts {
        write_number(*accumulator as u128, to);
        write_signed(*amount, to);
    }
}

/// Reads a contribution from the front of some bytes.
pub(super) fn read<'a>(bytes: &mut &'a [u8]) -> Option<Encoded<'a>> {
    let length = read_size(bytes)?;
    let head = take(bytes, length)?;
    let start = *bytes;
    for _ in 0..read_size(bytes)? {
        read_number(bytes)?;
        read_number(bytes)?;
    }
    Some(Encoded { head, amounts: &start[..start.len() - bytes.len()] })
}

/// Adds encoded amounts to others.
pub(super) fn add_amounts(mut encoded: &[u8], to: &mut NumberedAmounts) -> Option<()> {
    let bytes = &mut encoded;
    for _ in 0..read_size(bytes)? {
        let (accumulator, amount) = (read_size(bytes)?, read_signed(bytes)?);
        match to.iter_mut().find(|(known, _)| *known == accumulator) {
            Some((_, sum)) => *sum += amount,
            None => to.push((accumulator, amount)),
        }
    }
    Some(())
}

/// Returns the contribution of a head and amounts.
pub(super) fn decode(
    mut head: &[u8],
    amounts: &[(usize, i128)],
    accumulators: &AccumulatorTable,
) -> Option<RollupContribution> {
    let bytes = &mut head;
    let rollup = read_size(bytes)?;
    let key = read_key(bytes)?;
    let bookkeeping = read_bookkeeping(bytes, accumulators)?;
    let amounts = named_amounts(amounts, accumulators)?;
    let contribution = Contribution { key, bookkeeping, amounts };
    bytes.is_empty().then_some(RollupContribution { rollup, contribution })
}

/// Returns the bytes by which the rollup items of one partition are found: the key of the rollup
/// item that a detail item is of, or its own.
pub(super) fn item_of_head(mut head: &[u8]) -> Option<&[u8]> {
    let bytes = &mut head;
    read_size(bytes)?;
    let own = key_bytes(bytes)?;
    let flags = read_byte(bytes)?;
    if flags & HAS_EXPIRY != 0 {
        read_number(bytes)?;
    }
    if flags & HAS_RANK != 0 {
        read_bytes(bytes)?;
    }
    if flags & HAS_ITEM != 0 { key_bytes(bytes) } else { Some(own) }
}

/// Appends a key.
pub(crate) fn write_key(key: &RollupKey, to: &mut Vec<u8>) {
    to.push(u8::from(key.is_colocated));
    write_text(&key.partition, to);
    write_text(&key.sort, to);
}

/// Reads a key.
pub(crate) fn read_key(bytes: &mut &[u8]) -> Option<RollupKey> {
    let is_colocated = read_byte(bytes)? != 0;
    Some(RollupKey { is_colocated, partition: read_text(bytes)?, sort: read_text(bytes)? })
}

/// Returns the bytes of a key, without decoding them.
fn key_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = *bytes;
    read_byte(bytes)?;
    read_bytes(bytes)?;
    read_bytes(bytes)?;
    Some(&start[..start.len() - bytes.len()])
}

fn write_bookkeeping(known: &Bookkeeping, accumulators: &mut AccumulatorTable, to: &mut Vec<u8>) {
    let Bookkeeping { expires_at, rank, item, crossing } = known;
    let flag = |is_there, flag| if is_there { flag } else { 0 };
    to.push(
        flag(expires_at.is_some(), HAS_EXPIRY)
            | flag(rank.is_some(), HAS_RANK)
            | flag(item.is_some(), HAS_ITEM)
            | flag(crossing.is_some(), HAS_CROSSING),
    );
    if let Some(seconds) = expires_at {
        write_signed(i128::from(*seconds), to);
    }
    if let Some(rank) = rank {
        write_text(rank, to);
    }
    if let Some(item) = item {
        write_key(item, to);
    }
    if let Some(ZeroCrossing { bookkeeping, one }) = crossing {
        write_bookkeeping(bookkeeping, accumulators, to);
        write_amounts(one.iter(), one.len(), accumulators, to);
    }
}

fn read_bookkeeping(bytes: &mut &[u8], accumulators: &AccumulatorTable) -> Option<Bookkeeping> {
    let flags = read_byte(bytes)?;
    let mut known = Bookkeeping::default();
    if flags & HAS_EXPIRY != 0 {
        known.expires_at = Some(i64::try_from(read_signed(bytes)?).ok()?);
    }
    if flags & HAS_RANK != 0 {
        known.rank = Some(read_text(bytes)?);
    }
    if flags & HAS_ITEM != 0 {
        known.item = Some(read_key(bytes)?);
    }
    if flags & HAS_CROSSING != 0 {
        let bookkeeping = Box::new(read_bookkeeping(bytes, accumulators)?);
        let one = read_amounts(bytes, accumulators)?;
        known.crossing = Some(ZeroCrossing { bookkeeping, one });
    }
    Some(known)
}

/// Appends amounts: their number, then the number of each accumulator with its amount.
pub(crate) fn write_amounts<'a>(
    amounts: impl Iterator<Item = (&'a Accumulator, i128)>,
    count: usize,
    accumulators: &mut AccumulatorTable,
    to: &mut Vec<u8>,
) {
    write_number(count as u128, to);
    for (accumulator, amount) in amounts {
        write_number(accumulators.number(accumulator) as u128, to);
        write_signed(amount, to);
    }
}

/// Reads amounts.
pub(crate) fn read_amounts(bytes: &mut &[u8], accumulators: &AccumulatorTable) -> Option<Amounts> {
    let mut numbered = NumberedAmounts::new();
    for _ in 0..read_size(bytes)? {
        numbered.push((read_size(bytes)?, read_signed(bytes)?));
    }
    named_amounts(&numbered, accumulators)
}

fn named_amounts(numbered: &[(usize, i128)], accumulators: &AccumulatorTable) -> Option<Amounts> {
    let mut amounts = Amounts::default();
    for (accumulator, amount) in numbered {
        amounts.add(accumulators.get(*accumulator)?.clone(), *amount);
    }
    Some(amounts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = RollupKey> {
        let parts = (any::<bool>(), ".{0,12}", ".{0,12}");
        parts.prop_map(|(is_colocated, partition, sort)| RollupKey {
            is_colocated,
            partition,
            sort,
        })
    }

    fn amounts() -> impl Strategy<Value = Amounts> {
        let accumulator = prop_oneof![
            Just(Accumulator::Items),
            "[a-z]{1,3}".prop_map(|attribute| Accumulator::Sum { attribute, scale: 2 }),
            any::<u8>().prop_map(|cell| Accumulator::Cell { cell }),
        ];
        prop::collection::vec((accumulator, any::<i64>(), any::<bool>()), 0..5).prop_map(|all| {
            let mut amounts = Amounts::default();
            for (accumulator, amount, is_large) in all {
                let factor = if is_large { 10_i128.pow(12) } else { 1 };
                amounts.add(accumulator, i128::from(amount) * factor);
            }
            amounts
        })
    }

    fn bookkeeping() -> impl Strategy<Value = Bookkeeping> {
        let plain = (prop::option::of(any::<i64>()), prop::option::of(".{0,9}"));
        let plain = plain.prop_map(|(expires_at, rank)| Bookkeeping {
            expires_at,
            rank,
            ..Default::default()
        });
        let crossing = prop::option::of((plain.clone(), amounts()));
        (plain, prop::option::of(key()), crossing).prop_map(|(plain, item, crossing)| {
            let crossing = crossing
                .map(|(bookkeeping, one)| ZeroCrossing { bookkeeping: Box::new(bookkeeping), one });
            Bookkeeping { item, crossing, ..plain }
        })
    }

    proptest! {
        #[test]
        fn a_contribution_is_read_as_it_was_written(
            rollup in 0_usize..300,
            key in key(),
            bookkeeping in bookkeeping(),
            amounts in amounts(),
        ) {
            let contribution = Contribution { key, bookkeeping, amounts };
            let written = RollupContribution { rollup, contribution };
            let mut accumulators = AccumulatorTable::default();
            let mut record = Vec::new();
            write(&written, &mut accumulators, &mut record);
            let length = record.len();
            record.extend_from_slice(b"next");

            let mut rest = &record[..];
            let encoded = read(&mut rest).expect("a contribution");
            prop_assert_eq!(rest, b"next");
            let mut numbered = NumberedAmounts::new();
            add_amounts(encoded.amounts, &mut numbered).expect("amounts");
            prop_assert_eq!(decode(encoded.head, &numbered, &accumulators), Some(written.clone()));

            let mut again = Vec::new();
            write_numbered(encoded.head, &numbered, &mut again);
            prop_assert_eq!(&again[..], &record[..length]);

            let known = written.contribution;
            let mut item = Vec::new();
            write_key(known.bookkeeping.item.as_ref().unwrap_or(&known.key), &mut item);
            prop_assert_eq!(item_of_head(encoded.head), Some(&item[..]));

            for end in 0..length {
                prop_assert!(read(&mut &record[..end]).is_none(), "{} of {} bytes", end, length);
            }
        }

    }
}
