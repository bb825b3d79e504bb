//! Sequence numbers as awkward as DynamoDB's may be.
//!
//! ```text
//! 99…9999 990     21 to 39 digits, with gaps
//! 99…9999 997
//! 10…0000 002     one digit more, in the middle of the shard: greater as a number, less as text
//! ```
//!
//! **Invariant:** the numbers of a shard grow, and no two are equal. Nothing is promised between
//! shards.

use super::dice::Dice;

/// The digits in which the numbers of a shard differ.
const TAIL_DIGITS: usize = 6;
/// Ten to that power.
const TAIL: usize = 1_000_000;
/// The fewest digits of a sequence number.
const MIN_DIGITS: usize = 21;
/// The most, one less than DynamoDB's 40, for it grows by one.
const MAX_DIGITS: usize = 39;
/// The widest gap between two numbers.
const MAX_GAP: usize = 9;
/// The latest place at which the numbers grow by a digit; far beyond the records of many shards, so
/// that some never do.
const LATEST_TURN: usize = 150;

/// The numbers of one shard.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    digits: usize,
    turn: usize,
    place: usize,
}

impl Numbers {
    /// Returns the numbers of a new shard.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let digits = dice.within(MIN_DIGITS..=MAX_DIGITS);
        Self { digits, turn: dice.within(0..=LATEST_TURN), place: 0 }
    }

    /// Returns the next one.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> String {
        self.place += dice.within(1..=MAX_GAP);
        let head = self.digits - TAIL_DIGITS;
        if self.place < self.turn {
            format!("{}{:06}", "9".repeat(head), TAIL - self.turn + self.place)
        } else {
            format!("1{}{:06}", "0".repeat(head), self.place - self.turn)
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_rollups::SequenceNumber;

    use super::*;

    #[test]
    fn the_numbers_of_a_shard_grow_across_the_change_of_their_length() {
        let mut dice = Dice::new(1, "numbers");
        let mut numbers = Numbers::new(&mut dice);
        let texts: Vec<_> = (0..LATEST_TURN).map(|_| numbers.next(&mut dice)).collect();
        let parsed: Vec<SequenceNumber> =
            texts.iter().map(|text| text.parse().expect(text)).collect();
        assert!(parsed.is_sorted_by(|one, next| one < next));
        assert!(!texts.is_sorted(), "their texts are out of order");
    }
}
