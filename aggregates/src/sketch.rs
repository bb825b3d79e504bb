//! Quantile sketches: DDSketch bins, stored as counters that grow and shrink.
//!
//! A value's bin is a fiftieth of its octave (from a power of two to the next), which is DDSketch's
//! mapping by linear interpolation: every value of a bin is within 1 % of one estimate. Values are
//! integers (units of the attribute's last decimal place) and so is the arithmetic: a value is in
//! one bin on every machine, and leaves the bin that it came to. An estimate lies in its bin, and
//! has the fewest digits with which it is within 1 % of every value of it: three as a rule, four or
//! five where a bin is as wide as 1 % allows.
//!
//! ```text
//! value 1250 = 2^10 · 1.22…   octave +10, cell 11      day#2026-11-20#+10, counter `11`
//! ```
//!
//! Sketches of several buckets are merged by adding their counters.
//!
//! Source: Masson, Rim, Lee, "DDSketch: A fast and fully-mergeable quantile sketch with
//! relative-error guarantees", 2019.
//!
//! **Invariant:** `|estimate − value| ≤ 0.01 · |value|` for the value whose rank a quantile has,
//! and the estimate is in its bin.

use std::collections::BTreeMap;

use weir_model::Number;
use weir_model::rollup::Quantile;

/// Cells of an octave: the fewest that keep the error below 1 %.
pub const CELLS: u8 = 50;
/// The greatest error of a quantile, as a part of its value.
pub const RELATIVE_ERROR: &str = "0.01";
/// Decimal places that an estimate may have beyond those of the attribute.
const ESTIMATE_PLACES: u32 = 6;
/// Units of an estimate's last decimal place in a unit of the attribute's.
const FINE: u128 = 10_u128.pow(ESTIMATE_PLACES);

/// Values of one sign between a power of two and the next, or zero. Ordered as the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Octave {
    /// Below zero; the power of two of the magnitude, its order turned round.
    Negative(std::cmp::Reverse<u8>),
    /// Zero itself.
    Zero,
    /// Above zero; the power of two.
    Positive(u8),
}

/// The bin of a sketch in which a value is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bin {
    /// The octave.
    pub octave: Octave,
    /// The cell of it, from the least magnitude up.
    pub cell: u8,
}

/// Counts by bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch(BTreeMap<Octave, BTreeMap<u8, i128>>);

impl Octave {
    /// Returns its text in a key.
    pub fn text(self) -> String {
        match self {
            Self::Negative(std::cmp::Reverse(power)) => format!("-{power:02}"),
            Self::Zero => "0".to_owned(),
            Self::Positive(power) => format!("+{power:02}"),
        }
    }

    /// Returns the octave of a text; `None` for one that is none's.
    pub fn parse(text: &str) -> Option<Self> {
        let octave = match text.split_at_checked(1)? {
            ("0", "") => Self::Zero,
            ("-", power) => Self::Negative(std::cmp::Reverse(power.parse().ok()?)),
            ("+", power) => Self::Positive(power.parse().ok()?),
            _ => return None,
        };
        let is_bounded = match octave {
            Self::Negative(std::cmp::Reverse(power)) | Self::Positive(power) => power < 127,
            Self::Zero => true,
        };
        (is_bounded && octave.text() == text).then_some(octave)
    }
}

impl Bin {
    /// Returns the bin of a value, in units. Magnitudes are below 10^29.
    pub fn for_value(units: i128) -> Self {
        let magnitude = units.unsigned_abs();
        let Some(power) = magnitude.checked_ilog2() else {
            return Self { octave: Octave::Zero, cell: 0 };
        };
        let beyond = magnitude - (1 << power);
        let cell = u8::try_from((beyond * u128::from(CELLS)) >> power).expect("below CELLS");
        let power = u8::try_from(power).expect("below 128");
        let octave = match units > 0 {
            true => Octave::Positive(power),
            false => Octave::Negative(std::cmp::Reverse(power)),
        };
        Self { octave, cell }
    }

    /// Returns the estimate for all values of the bin, at a scale.
    fn estimate(self, scale: u32) -> Number {
        let (power, is_negative) = match self.octave {
            Octave::Zero => return Number::from_units(0, 0),
            Octave::Positive(power) => (power, false),
            Octave::Negative(std::cmp::Reverse(power)) => (power, true),
        };
        // The least and the greatest integer of the bin; the power is below 97 as units are below
        // 10^29.
        let edge = |cell: u8| (u128::from(CELLS) + u128::from(cell)) << power;
        let low = edge(self.cell).div_ceil(u128::from(CELLS));
        let high = edge(self.cell + 1).div_ceil(u128::from(CELLS)) - 1;
        let magnitude = match low == high {
            true => Number::from_units(units(low), scale),
            false => Number::from_units(units(short(low, high)), scale + ESTIMATE_PLACES),
        };
        if is_negative { magnitude.negated() } else { magnitude }
    }
}

/// Returns the number with the fewest digits that is from `low` to `high` and within 1 % of both,
/// in units of an estimate's last place.
///
/// There is one: `high` is below `low · 51 / 50`, so `0.99 · high` is below `1.01 · low`. All fits:
/// `high` is at most 10^29.
fn short(low: u128, high: u128) -> u128 {
    let least = (low * FINE).max(high * FINE / 100 * 99);
    let most = (high * FINE).min(low * FINE / 100 * 101);
    let middle = u128::midpoint(least, most);
    let nearest = |step: u128| (middle + step / 2) / step * step;
    let steps = std::iter::successors(Some(1_u128), |step| step.checked_mul(10));
    let steps = steps.take_while(|step| *step <= most);
    let rounded = steps.map(nearest).filter(|number| (least..=most).contains(number));
    rounded.last().unwrap_or(middle)
}

fn units(magnitude: u128) -> i128 {
    i128::try_from(magnitude)
        .expect("units are below 10^29, and 10^35 with the places of an estimate")
}

impl Sketch {
    /// Adds to a bin.
    pub fn add(&mut self, octave: Octave, cell: u8, count: i128) {
        *self.0.entry(octave).or_default().entry(cell).or_insert(0) += count;
    }

    /// Returns the estimate of the least value that a part of the values does not exceed; `None`
    /// where nothing is counted.
    pub fn quantile(&self, quantile: Quantile, scale: u32) -> Option<Number> {
        let bins: Vec<(Bin, u128)> = self.ascending();
        let count: u128 = bins.iter().map(|(_, count)| count).sum();
        let rank = quantile.rank(count);
        let mut before = 0;
        let found = bins.into_iter().find(|(_, count)| {
            before += count;
            before > rank
        });
        found.map(|(bin, _)| bin.estimate(scale))
    }

    /// Returns the bins in which something is counted, in the order of their values.
    fn ascending(&self) -> Vec<(Bin, u128)> {
        let mut bins = Vec::new();
        for (octave, cells) in &self.0 {
            let counted = cells.iter().filter_map(|(cell, count)| {
                let count = u128::try_from(*count).ok().filter(|count| *count > 0)?;
                Some((Bin { octave: *octave, cell: *cell }, count))
            });
            let mut counted: Vec<_> = counted.collect();
            if matches!(octave, Octave::Negative(_)) {
                counted.reverse();
            }
            bins.extend(counted);
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quantile(part: &str) -> Quantile {
        Quantile::from_number(&part.parse().expect("a number")).expect("a part")
    }

    /// Returns the significant digits of a number.
    fn digits(number: &Number) -> usize {
        let text = number.to_string().replace(['-', '.'], "");
        text.trim_matches('0').len()
    }

    /// Returns the least and the greatest integer of a bin, found by trying the neighbours of one
    /// of its values.
    fn bounds(units: i128) -> (i128, i128) {
        let furthest = |sign: i128| {
            let is_in =
                |distance: &i128| Bin::for_value(units + sign * distance) == Bin::for_value(units);
            let mut distance = 0;
            let steps: Vec<i128> =
                std::iter::successors(Some(1_i128), |step| step.checked_mul(2)).take(94).collect();
            for step in steps.into_iter().rev() {
                if is_in(&(distance + step)) {
                    distance += step;
                }
            }
            units + sign * distance
        };
        (furthest(-1), furthest(1))
    }

    #[test]
    fn a_quantile_is_the_value_of_the_nearest_rank() {
        let mut sketch = Sketch::default();
        for units in [10_i128; 9].into_iter().chain([5000]) {
            let bin = Bin::for_value(units);
            sketch.add(bin.octave, bin.cell, 1);
        }
        let of = |part: &str| sketch.quantile(quantile(part), 0).map(|number| number.to_string());
        for (part, expected) in [
            ("0", "10"),
            ("0.5", "10"),
            ("0.9", "10"),
            ("0.900001", "5040"),
            ("0.95", "5040"),
            ("1", "5040"),
        ] {
            assert_eq!(of(part).as_deref(), Some(expected), "{part}");
        }
    }

    #[test]
    fn estimates_have_no_more_digits_than_one_percent_takes() {
        let estimates = [5000, 1250, 999, 1030, 123_456_789, -123_456_789];
        let shown = estimates.map(|units| Bin::for_value(units).estimate(2).to_string());
        assert_eq!(shown.join(" "), "50.4 12.6 10 10.34 1230000 -1230000");
    }

    #[test]
    fn octaves_are_read_as_they_are_written() {
        for units in [1, -1, 0, 50, -1250, 10_i128.pow(29) - 1] {
            let octave = Bin::for_value(units).octave;
            assert_eq!(Octave::parse(&octave.text()), Some(octave));
        }
        for garbage in ["", "+", "00", "+7", "+200", "x07", "é"] {
            assert_eq!(Octave::parse(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn small_integers_are_exact() {
        for units in -63..=63_i128 {
            assert_eq!(Bin::for_value(units).estimate(0), Number::from_units(units, 0));
        }
    }

    #[test]
    fn nothing_has_no_quantile() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantile(quantile("0.5"), 0), None);
        sketch.add(Octave::Zero, 0, 1);
        sketch.add(Octave::Zero, 0, -1);
        assert_eq!(sketch.quantile(quantile("0.5"), 0), None);
    }

    proptest! {
        #[test]
        fn bins_are_in_the_order_of_values(
            left in -10_i128.pow(20)..10_i128.pow(20),
            step in 0_i128..1_000_000,
        ) {
            let place = |units: i128| {
                let bin = Bin::for_value(units);
                let cell = i16::from(bin.cell);
                (bin.octave, if units < 0 { -cell } else { cell })
            };
            prop_assert!(place(left) <= place(left + step));
        }

        #[test]
        fn quantiles_are_within_one_percent_after_deletions(
            kept in prop::collection::vec(
                prop_oneof![-2000_i128..2000, -10_i128.pow(29)..10_i128.pow(29)],
                1..60,
            ),
            gone in prop::collection::vec(-100_000_i128..100_000, 0..60),
            millionths in 0_i128..=1_000_000,
        ) {
            let mut sketch = Sketch::default();
            for (units, count) in kept
                .iter()
                .chain(&gone)
                .map(|units| (units, 1))
                .chain(gone.iter().map(|units| (units, -1)))
            {
                let bin = Bin::for_value(*units);
                sketch.add(bin.octave, bin.cell, count);
            }
            let mut sorted = kept.clone();
            sorted.sort_unstable();
            let part = Quantile::from_number(&Number::from_units(millionths, 6)).expect("a part");
            let nearest =
                (kept.len() * usize::try_from(millionths).expect("small")).div_ceil(1_000_000);
            let exact = sorted[nearest.saturating_sub(1)];
            let estimate = sketch.quantile(part, 3).expect("something");
            prop_assert!(
                digits(&estimate) <= 5 || estimate == Number::from_units(exact, 3),
                "{estimate}"
            );
            let estimate = estimate.to_units(9).expect("fits");
            let (exact, least, greatest) =
                (exact * 1_000_000, bounds(sorted[0]).0, bounds(sorted[sorted.len() - 1]).1);
            prop_assert!(
                (estimate - exact).unsigned_abs() * 100 <= exact.unsigned_abs(),
                "{estimate} of {exact}"
            );
            prop_assert!(
                least * 1_000_000 <= estimate && estimate <= greatest * 1_000_000,
                "{estimate} from {least} to {greatest}"
            );
        }
    }
}
