//! Which rank a score has: one more than there are better ones, so that equal scores have equal ranks.
//!
//! ```text
//! score  9  7  7  4
//! rank   1  2  2  4
//! ```

use std::cmp::Ordering;
use std::collections::HashMap;

use model::Number;

/// How far a list of ranks has come, score by score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// How many groups were listed.
    pub(super) seen: u32,
    /// The last one's score and rank.
    pub(super) last: Option<(Number, u32)>,
}

impl Standing {
    /// The rank of the next score.
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

/// How a score compares with another where the greatest is first, or the least: `Less` is before it.
pub(super) fn compare(descending: bool, left: &Number, right: &Number) -> Ordering {
    if descending { right.cmp(left) } else { left.cmp(right) }
}

/// Scores by group, of which ranks are counted.
#[derive(Clone, Debug)]
pub(super) struct Scores(Vec<Number>, bool);

impl Scores {
    pub(super) fn of(descending: bool, by_group: HashMap<String, Number>) -> Self {
        let mut scores: Vec<_> = by_group.into_values().collect();
        scores.sort_unstable_by(|left, right| compare(descending, left, right));
        Self(scores, descending)
    }

    /// The rank of a score.
    pub(super) fn rank(&self, score: &Number) -> u32 {
        let is_before = |other: &Number| compare(self.1, other, score) == Ordering::Less;
        let before = self.0.partition_point(is_before);
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
        let mut standing = Standing::default();
        let scores = numbers(&[90, 70, 70, 40]);
        let ranks: Vec<_> = scores.iter().map(|score| standing.next(score)).collect();
        assert_eq!(ranks, [1, 2, 2, 4]);
        for descending in [true, false] {
            let named = scores.iter().enumerate();
            let named = named.map(|(name, score)| (name.to_string(), score.clone())).collect();
            let all = Scores::of(descending, named);
            let ranks: Vec<_> = scores.iter().map(|score| all.rank(score)).collect();
            assert_eq!(ranks, if descending { [1, 2, 2, 4] } else { [4, 2, 2, 1] });
        }
    }
}
