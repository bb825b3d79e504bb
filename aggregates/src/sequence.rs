//! Sequence numbers of stream records, and the watermarks that remember them.
//!
//! A sequence number is a decimal of up to 40 digits, too long for a u128 or a DynamoDB number, and its text does not
//! sort as it counts. A watermark stores it so that DynamoDB's comparison of binary values, byte by byte, is the
//! comparison of the numbers:
//!
//! ```text
//! | 20 bytes: 40 digits, packed two to a byte | 4 bytes: seconds since 1970 of the record |
//! ```
//!
//! **Invariant:** watermarks compare as their sequence numbers do; the time never decides between different numbers.
//!
//! Source: DynamoDB Streams API reference, `StreamRecord.SequenceNumber` (21 to 40 digits).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The most digits that a sequence number has.
const MAX_DIGITS: usize = 40;
/// Bytes of the packed digits.
const PACKED_BYTES: usize = MAX_DIGITS / 2;
/// Bytes of a stored watermark.
const WATERMARK_BYTES: usize = PACKED_BYTES + 4;

/// The sequence number of a stream record; ordered as a number. Comparable within one shard only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber([u8; PACKED_BYTES]);

/// How far a rollup item has absorbed a shard: the last sequence number, and the time of that record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The last record absorbed.
    pub sequence: SequenceNumber,
    /// When that record was written, in seconds since 1970.
    pub seconds: u32,
}

/// A text that is no sequence number.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no sequence number; expected 1 to {MAX_DIGITS} decimal digits")]
pub struct NotASequenceNumber(String);

impl FromStr for SequenceNumber {
    type Err = NotASequenceNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit)
        {
            return Err(NotASequenceNumber(text.chars().take(MAX_DIGITS + 1).collect()));
        }
        let mut packed = [0; PACKED_BYTES];
        for (position, digit) in digits.iter().rev().enumerate() {
            packed[PACKED_BYTES - 1 - position / 2] |= (digit - b'0') << (4 * (position % 2));
        }
        Ok(Self(packed))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self
            .0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0xF])
            .map(|digit| char::from(b'0' + digit))
            .collect();
        let significant = digits.trim_start_matches('0');
        formatter.write_str(if significant.is_empty() { "0" } else { significant })
    }
}

impl fmt::Debug for SequenceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SequenceNumber({self})")
    }
}

impl SequenceNumber {
    /// The smallest watermark of this number: an absorbed record's watermark is less than it exactly when the record's
    /// number is less.
    pub fn lower_bound(self) -> Vec<u8> {
        Watermark { sequence: self, seconds: 0 }.to_bytes()
    }
}

impl Watermark {
    /// The stored form.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.sequence.0[..], &self.seconds.to_be_bytes()].concat()
    }

    /// Reads the stored form; `None` for bytes that are none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != WATERMARK_BYTES {
            return None;
        }
        let (packed, seconds) = bytes.split_at(PACKED_BYTES);
        let digits = packed.iter().flat_map(|byte| [byte >> 4, byte & 0xF]).all(|digit| digit < 10);
        let sequence = SequenceNumber(packed.try_into().ok()?);
        digits.then_some(Self { sequence, seconds: u32::from_be_bytes(seconds.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> SequenceNumber {
        text.parse().expect(text)
    }

    #[test]
    fn numbers_compare_as_numbers_not_as_text() {
        assert!(number("9") < number("10"));
        assert!(number("999999999999999999999") < number("1000000000000000000000"));
        assert_eq!(number("000123").to_string(), "123");
        assert_eq!(number("0").to_string(), "0");
    }

    #[test]
    fn what_is_no_sequence_number_is_refused() {
        for text in ["", "-1", "1a", " 1", &"1".repeat(41)] {
            assert!(text.parse::<SequenceNumber>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_absorbed_record_is_not_below_its_own_bound() {
        let sequence = number("100000000000000000005");
        let absorbed = Watermark { sequence, seconds: 0 }.to_bytes();
        assert!(absorbed >= sequence.lower_bound(), "or a redelivered record would count twice");
    }

    /// The integer of a decimal text as bytes of base 256, by long division: an implementation with nothing in common.
    fn as_integer(text: &str) -> Vec<u8> {
        let mut bytes = vec![0_u8; 24];
        for digit in text.bytes() {
            let mut carry = u32::from(digit - b'0');
            for byte in bytes.iter_mut().rev() {
                let value = u32::from(*byte) * 10 + carry;
                *byte = (value & 0xFF) as u8;
                carry = value >> 8;
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn stored_order_is_the_order_of_the_integers(
            left in "[0-9]{1,40}", right in "[0-9]{1,40}", before in any::<u32>(),
        ) {
            let stored = Watermark { sequence: number(&left), seconds: before }.to_bytes();
            let bound = number(&right).lower_bound();
            prop_assert_eq!(stored < bound, as_integer(&left) < as_integer(&right));
            prop_assert_eq!(number(&left).cmp(&number(&right)), as_integer(&left).cmp(&as_integer(&right)));
        }

        #[test]
        fn watermarks_round_trip(text in "[1-9][0-9]{20,39}", seconds in any::<u32>()) {
            let watermark = Watermark { sequence: number(&text), seconds };
            prop_assert_eq!(Watermark::from_bytes(&watermark.to_bytes()), Some(watermark));
            prop_assert_eq!(watermark.sequence.to_string(), text);
        }
    }
}
