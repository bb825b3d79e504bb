//! The rank of a score: one more than the number of better scores, so that equal scores have equal
//! ranks.
//!
//! ```text
//! score  9  7  7  4
//! rank   1  2  2  4
//! ```

use std::cmp::Ordering;
use std::collections::HashMap;

use weir_model::Number;

/// A counter of the ranks of a list, score by score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RankCounter {
    /// The number of groups that were listed.
    pub(super) seen: u32,
    /// The score and the rank of the last one.
    pub(super) last: Option<(Number, u32)>,
}

impl RankCounter {
    /// Returns the rank of the next score.
    pub(super) fn next(&mut self, score: &Number) -> u32 {
        self.seen = self.seen.saturating_add(1);
        let rank = match &self.last {
            Some((last, rank)) if last == score => *rank,
            _ => self.seen,
        };
        self.last = Some((score.clone(), rank));
        rank
    }
}

/// Compares two scores in the order of a list: `Less` if the left one is listed first.
pub(super) fn compare(descending: bool, left: &Number, right: &Number) -> Ordering {
    if descending { right.cmp(left) } else { left.cmp(right) }
}

/// The scores of all groups of a ranking, in order.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    sorted: Vec<Number>,
    descending: bool,
}

impl Scores {
    /// Sorts the scores of groups.
    pub(super) fn new(descending: bool, by_group: HashMap<String, Number>) -> Self {
        let mut sorted: Vec<_> = by_group.into_values().collect();
        sorted.sort_unstable_by(|left, right| compare(descending, left, right));
        Self { sorted, descending }
    }

    /// Returns the rank of a score.
    pub(super) fn rank_of(&self, score: &Number) -> u32 {
        let is_before = |other: &Number| compare(self.descending, other, score) == Ordering::Less;
        let before = self.sorted.partition_point(is_before);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[i128]) -> Vec<Number> {
        numbers.iter().map(|number| Number::from_units(*number, 1)).collect()
    }

    #[test]
    fn equal_scores_have_equal_ranks_and_the_next_is_behind_all_of_them() {
        let mut counter = RankCounter::default();
        let scores = numbers(&[90, 70, 70, 40]);
        let ranks: Vec<_> = scores.iter().map(|score| counter.next(score)).collect();
        assert_eq!(ranks, [1, 2, 2, 4]);
        for descending in [true, false] {
            let named = scores.iter().enumerate();
            let named = named.map(|(name, score)| (name.to_string(), score.clone())).collect();
            let all = Scores::new(descending, named);
            let ranks: Vec<_> = scores.iter().map(|score| all.rank_of(score)).collect();
            assert_eq!(ranks, if descending { [1, 2, 2, 4] } else { [4, 2, 2, 1] });
        }
    }
}
