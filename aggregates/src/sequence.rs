//! Sequence numbers of stream records.
//!
//! A sequence number is a decimal of up to 40 digits, too long for a u128 or a DynamoDB number, and
//! its text does not sort as it counts. So its digits are packed two to a byte, zeros in front.
//!
//! **Invariant:** packed numbers compare, byte by byte, as the numbers do.
//!
//! Source: DynamoDB Streams API reference, `StreamRecord.SequenceNumber` (21 to 40 digits).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The most digits that a sequence number has.
const MAX_DIGITS: usize = 40;
/// Bytes of the packed digits.
pub(crate) const PACKED_BYTES: usize = MAX_DIGITS / 2;
/// The sequence number of a stream record; ordered as a number. Comparable within one shard only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber([u8; PACKED_BYTES]);

/// A text that is not a sequence number.
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
    /// The sequence number of the only record of a virtual shard.
    pub(crate) const ONE: Self = {
        let mut packed = [0; PACKED_BYTES];
        packed[PACKED_BYTES - 1] = 1;
        Self(packed)
    };

    /// Returns its digits, packed.
    pub(crate) fn packed(self) -> [u8; PACKED_BYTES] {
        self.0
    }

    /// Reads packed digits; `None` for bytes that are none.
    pub(crate) fn from_packed(packed: [u8; PACKED_BYTES]) -> Option<Self> {
        let digits = packed.iter().flat_map(|byte| [byte >> 4, byte & 0xF]).all(|digit| digit < 10);
        digits.then_some(Self(packed))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::watermark::Watermark;

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

    /// Returns the integer of a decimal text as bytes of base 256, by long division: an
    /// implementation with nothing in common.
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
            let bound = Watermark::lower_bound(number(&right));
            prop_assert_eq!(stored < bound, as_integer(&left) < as_integer(&right));
            prop_assert_eq!(
                number(&left).cmp(&number(&right)),
                as_integer(&left).cmp(&as_integer(&right))
            );
        }
    }
}
