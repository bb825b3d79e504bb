//! The mean of a number of units over changes, as a fraction.
//!
//! **Invariant:** it is exact until its denominator exceeds [`MAX_DENOMINATOR`], and within a
//! millionth of a millionth from then on. No sum or product overflows.

use std::ops::Add;

/// The greatest denominator.
const MAX_DENOMINATOR: u128 = 1_000_000_000_000;

/// The mean units of a change.
#[derive(Clone, Copy, Debug)]
pub struct MeanUnits {
    units: u128,
    changes: u128,
}

impl MeanUnits {
    /// No units.
    pub const ZERO: Self = Self { units: 0, changes: 1 };

    /// Returns the mean of units over changes, of which there is at least one.
    pub fn new(units: u128, changes: u128) -> Self {
        assert!(changes > 0, "a mean is over changes");
        let divisor = greatest_common_divisor(units, changes);
        let (units, changes) = (units / divisor, changes / divisor);
        let excess = changes.div_ceil(MAX_DENOMINATOR);
        let rounded = |number: u128| (number + excess / 2) / excess;
        Self { units: rounded(units), changes: rounded(changes).max(1) }
    }

    /// Returns the mean times a fraction, such as the share of the changes that have these units.
    #[must_use]
    pub fn times(self, part: u64, whole: u64) -> Self {
        Self::new(self.units * u128::from(part), self.changes * u128::from(whole))
    }

    /// Returns the units of so many changes, rounded to the nearest, half up.
    pub fn units_of(self, changes: u128) -> u128 {
        (2 * self.units * changes + self.changes) / (2 * self.changes)
    }

    /// Returns the difference; zero if the other is greater.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        let [own, others] = [self.units * other.changes, other.units * self.changes];
        Self::new(own.saturating_sub(others), self.changes * other.changes)
    }

    /// Whether there are no units.
    pub fn is_zero(self) -> bool {
        self.units == 0
    }
}

impl PartialEq for MeanUnits {
    fn eq(&self, other: &Self) -> bool {
        self.units * other.changes == other.units * self.changes
    }
}

impl Eq for MeanUnits {}

impl Add for MeanUnits {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let units = self.units * other.changes + other.units * self.changes;
        Self::new(units, self.changes * other.changes)
    }
}

impl std::iter::Sum for MeanUnits {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::add)
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_add_exactly_and_are_rounded_once() {
        let third = MeanUnits::new(1, 3);
        assert_eq!(third + third + third, MeanUnits::new(5, 5));
        assert_eq!([third.units_of(100), third.units_of(5)], [33, 2]);
        assert_eq!(MeanUnits::new(1, 2).units_of(1), 1);
        assert_eq!(MeanUnits::new(3, 1).times(1, 4), MeanUnits::new(3, 4));
        assert_eq!(MeanUnits::new(3, 1).less(third), MeanUnits::new(8, 3));
        assert!(third.less(MeanUnits::new(1, 2)).is_zero());
        assert!([MeanUnits::ZERO; 3].into_iter().sum::<MeanUnits>().is_zero());
    }

    #[test]
    fn large_denominators_are_rounded() {
        let primes = [999_983_u128, 999_979, 999_961, 999_959, 999_953];
        let sum: MeanUnits = primes.iter().map(|prime| MeanUnits::new(2 * prime + 1, *prime)).sum();
        assert_eq!(sum.units_of(1_000_000_000), 10_000_005_000);
        assert!(sum.changes <= MAX_DENOMINATOR);
    }
}
