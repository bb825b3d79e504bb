//! The counts that a detail item may have had at the moment of a reading.
//!
//! The detail item was read at another moment. The captured changes between both are known, and
//! not which of them it had absorbed: for each shard a number of the first ones.
//!
//! **Invariant:** the count at the moment of the reading is in the range.

/// The range, while the changes of a detail item come by shard and in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CountRange {
    /// The sums of the shards that are done.
    low: i128,
    high: i128,
    /// The shard whose changes come, and the sum of the changes so far.
    shard: Option<usize>,
    sum: i128,
    /// The least and the greatest sum that the shard may have contributed.
    shard_low: i128,
    shard_high: i128,
    /// Whether a change of the shard was too late.
    is_past: bool,
}

/// Whether a detail item had absorbed a change at the moment of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absorbed {
    Yes,
    Maybe,
    No,
}

impl CountRange {
    /// Adds the next change of a shard.
    pub(super) fn add(&mut self, shard: usize, amount: i128, absorbed: Absorbed) {
        if self.shard != Some(shard) {
            self.finish_shard();
            self.shard = Some(shard);
        }
        self.is_past |= absorbed == Absorbed::No;
        if self.is_past {
            return;
        }
        self.sum += amount;
        if absorbed == Absorbed::Yes {
            // Everything before it was absorbed as well.
            (self.shard_low, self.shard_high) = (self.sum, self.sum);
        } else {
            self.shard_low = self.shard_low.min(self.sum);
            self.shard_high = self.shard_high.max(self.sum);
        }
    }

    /// Returns the least and the greatest count of a detail item that had this count before all
    /// captured changes.
    pub(super) fn bounds(mut self, count: i128) -> (i128, i128) {
        self.finish_shard();
        (count + self.low, count + self.high)
    }

    fn finish_shard(&mut self) {
        self.low += self.shard_low;
        self.high += self.shard_high;
        (self.sum, self.shard_low, self.shard_high, self.is_past) = (0, 0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::Absorbed::{Maybe, No, Yes};
    use super::*;

    fn bounds(count: i128, changes: &[(usize, i128, Absorbed)]) -> (i128, i128) {
        let mut range = CountRange::default();
        for (shard, amount, absorbed) in changes {
            range.add(*shard, *amount, *absorbed);
        }
        range.bounds(count)
    }

    #[test]
    fn a_count_is_between_the_sums_of_what_may_have_been_absorbed() {
        assert_eq!(bounds(3, &[]), (3, 3));
        assert_eq!(bounds(0, &[(0, 1, Yes), (0, -1, Maybe), (0, 1, Maybe)]), (0, 1));
        assert_eq!(bounds(0, &[(0, 5, Maybe), (0, -1, Yes), (0, 9, No)]), (4, 4));
        assert_eq!(bounds(1, &[(0, 1, No), (0, 7, Maybe)]), (1, 1), "records come in order");
        assert_eq!(bounds(1, &[(0, 1, Maybe), (2, -1, Maybe)]), (0, 2), "two shards");
    }
}
