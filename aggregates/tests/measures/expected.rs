//! What a measure of some items is, by arithmetic of its own, and whether an answer is that.

use std::collections::BTreeMap;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, Signed};
use weir_model::{AttributeValue, Number};
use weir_rollups::MeasuredValue;

use crate::definition::{Definition, Kind, STATUSES, kind};
use crate::measure::Measured;
use crate::oracle::{Scalar, decimal, members, scalar};
use crate::values::{Values, given};

/// How many decimal places a quotient has beyond those of its attribute.
const QUOTIENT_PLACES: u32 = 6;

/// What an answer should be.
#[derive(Debug)]
pub(crate) enum Expected {
    Nothing,
    Exactly(BigDecimal),
    /// The root of a fraction, rounded to so many places.
    Root(BigInt, BigInt, u32),
    /// To one percent.
    Near(BigDecimal),
    Value(Scalar),
    Values(Vec<(Scalar, i128)>),
    Counts(Vec<(String, i128)>),
    Stretches(Vec<i128>),
    /// Two answers' quotient.
    Quotient(Option<Number>, Option<Number>),
}

/// What a measure of some items is. Parts of a ratio are known already.
pub(crate) fn expected(
    definition: &Definition,
    measure: &Measured,
    items: &[&Values],
    part: impl Fn(usize) -> Option<Number>,
) -> Expected {
    let of = measure.source().unwrap_or_default();
    let counts = counts(of, items);
    let ordered = || counts.iter().map(|(value, count)| (value.clone(), *count));
    let nth = |value: Option<&Scalar>| value.cloned().map_or(Expected::Nothing, Expected::Value);
    match measure {
        Measured::Count => whole(items.len()),
        Measured::Present(_) => {
            whole(items.iter().filter(|item| given(item, of).is_some()).count())
        }
        Measured::Sum(_) => Expected::Exactly(of_units(numbers(of, items).iter().sum(), scale(of))),
        Measured::Avg(_) => {
            let numbers = numbers(of, items);
            match numbers.len() {
                0 => Expected::Nothing,
                count => Expected::Exactly(rounded(
                    numbers.iter().sum(),
                    BigInt::from(count) * ten(scale(of)),
                    scale(of) + QUOTIENT_PLACES,
                )),
            }
        }
        Measured::Variance(_, is_population) => match variance(of, items, *is_population) {
            None => Expected::Nothing,
            Some((over, under)) => {
                Expected::Exactly(rounded(over, under, 2 * scale(of) + QUOTIENT_PLACES))
            }
        },
        Measured::StdDev(_, is_population) => match variance(of, items, *is_population) {
            None => Expected::Nothing,
            Some((over, under)) => Expected::Root(over, under, scale(of) + QUOTIENT_PLACES),
        },
        Measured::Min(_) => nth(counts.keys().next()),
        Measured::Max(_) => nth(counts.keys().next_back()),
        Measured::Smallest(_, limit) => Expected::Values(ordered().take(*limit).collect()),
        Measured::Largest(_, limit) => Expected::Values(ordered().rev().take(*limit).collect()),
        Measured::Distinct(_) => whole(counts.len()),
        Measured::Top(_, limit) => {
            let mut values: Vec<_> = ordered().collect();
            values.sort_by(|(left, more), (right, other)| other.cmp(more).then(left.cmp(right)));
            values.truncate(*limit);
            Expected::Values(values)
        }
        Measured::CountBy(_) => Expected::Counts(count_by(of, &counts)),
        Measured::First(_, by) => nth(timed(definition, of, *by, items).first()),
        Measured::Last(_, by) => nth(timed(definition, of, *by, items).last()),
        Measured::Quantile(_, millionths, _) => {
            let mut numbers = numbers(of, items);
            numbers.sort();
            let nearest = (numbers.len() as u64 * u64::from(*millionths)).div_ceil(1_000_000);
            let number = numbers.get(usize::try_from(nearest.saturating_sub(1)).expect("few"));
            number.map_or(Expected::Nothing, |units| {
                Expected::Near(of_units(units.clone(), scale(of)))
            })
        }
        Measured::Histogram(_, edges) => {
            let mut stretches = vec![0; edges.len() + 1];
            for units in numbers(of, items) {
                let number = of_units(units, scale(of));
                stretches[edges.iter().filter(|edge| decimal(edge) <= number).count()] += 1;
            }
            Expected::Stretches(stretches)
        }
        Measured::Ratio(over, under) => Expected::Quotient(part(*over), part(*under)),
    }
}

fn whole(count: usize) -> Expected {
    Expected::Exactly(BigDecimal::from(count as u64))
}

fn scale(of: &str) -> u32 {
    match kind(of) {
        Kind::Number(scale) => scale,
        _ => 0,
    }
}

fn ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

fn of_units(units: BigInt, scale: u32) -> BigDecimal {
    BigDecimal::new(units, i64::from(scale))
}

/// How many items have each value, in the order of the values.
fn counts(of: &str, items: &[&Values]) -> BTreeMap<Scalar, i128> {
    let mut counts = BTreeMap::new();
    for item in items {
        let members = members(kind(of), given(item, of)).unwrap_or_default();
        let mut scalars: Vec<_> =
            members.iter().filter_map(|member| scalar(kind(of).of_one(), member)).collect();
        scalars.sort();
        scalars.dedup();
        for scalar in scalars {
            *counts.entry(scalar).or_insert(0) += 1;
        }
    }
    counts
}

/// The numbers of the items that have one, in units.
fn numbers(of: &str, items: &[&Values]) -> Vec<BigInt> {
    let number = |item: &&Values| match scalar(kind(of), given(item, of)?)? {
        Scalar::Number(units) => Some(units),
        _ => None,
    };
    items.iter().filter_map(number).collect()
}

/// The values of the items that have one and a time, in the order of the times and, of one time, of
/// the values.
fn timed(definition: &Definition, of: &str, by: Option<&str>, items: &[&Values]) -> Vec<Scalar> {
    let by = by.unwrap_or(definition.time);
    let timed = |item: &&Values| {
        Some((scalar(kind(by), given(item, by)?)?, scalar(kind(of), given(item, of)?)?))
    };
    let mut values: Vec<_> = items.iter().filter_map(timed).collect();
    values.sort();
    values.into_iter().map(|(_, value)| value).collect()
}

fn count_by(of: &str, counts: &BTreeMap<Scalar, i128>) -> Vec<(String, i128)> {
    let count = |value: Scalar| counts.get(&value).copied().unwrap_or(0);
    match kind(of) {
        Kind::Flag => {
            [false, true].map(|flag| (flag.to_string(), count(Scalar::Flag(flag)))).to_vec()
        }
        _ => STATUSES.map(|text| (text.to_owned(), count(Scalar::Text(text.to_owned())))).to_vec(),
    }
}

/// The mean of the squares of the distances from the mean, as a fraction.
fn variance(of: &str, items: &[&Values], is_population: bool) -> Option<(BigInt, BigInt)> {
    let numbers = numbers(of, items);
    let count = numbers.len();
    let others = if is_population { count } else { count.checked_sub(1)? };
    if others == 0 {
        return None;
    }
    // Each distance times the count, so that it is whole.
    let sum: BigInt = numbers.iter().sum();
    let distance = |number: &BigInt| (number * BigInt::from(count) - &sum).pow(2);
    let squares: BigInt = numbers.iter().map(distance).sum();
    Some((squares, BigInt::from(count).pow(2) * BigInt::from(others) * ten(2 * scale(of))))
}

/// A fraction above zero or below, rounded half to even to so many places.
fn rounded(over: BigInt, under: BigInt, places: u32) -> BigDecimal {
    let is_negative = (over.sign() == Sign::Minus) != (under.sign() == Sign::Minus);
    let (over, under) = (over.abs() * ten(places), under.abs());
    let (quotient, twice) = (&over / &under, (&over % &under) * 2);
    let is_odd = &quotient % 2 == BigInt::from(1);
    let is_up = twice > under || (twice == under && is_odd);
    let units = if is_up { quotient + 1 } else { quotient };
    of_units(if is_negative { -units } else { units }, places)
}

/// Whether a number of so many places is the nearest to the root of a fraction.
fn is_root(number: &BigDecimal, over: &BigInt, under: &BigInt, places: u32) -> bool {
    let (units, exponent) = number.with_scale(i64::from(places)).into_bigint_and_exponent();
    let is_exact = exponent == i64::from(places) && number.with_scale(exponent) == *number;
    // (2u − 1)² ≤ 4 · 10^2p · over / under ≤ (2u + 1)²
    let four = over * ten(2 * places) * 4;
    let (low, high) = (&units * 2_i32 - 1_i32, &units * 2_i32 + 1_i32);
    let low = if low.is_negative() { BigInt::from(0) } else { low };
    is_exact && low.pow(2) * under <= four && four <= high.pow(2) * under
}

fn exact(number: &Number) -> BigDecimal {
    decimal(&number.to_string())
}

impl Expected {
    /// Whether an answer about a place is this one.
    pub(crate) fn is(&self, of: Option<&str>, edges: &[&str], answer: &MeasuredValue) -> bool {
        let one = kind(of.unwrap_or_default()).of_one();
        let is_value = |value: &AttributeValue, expected: &Scalar| {
            scalar(one, value).as_ref() == Some(expected)
        };
        match (self, answer) {
            (Self::Nothing, MeasuredValue::Nothing) => true,
            (Self::Exactly(number), MeasuredValue::Number(found)) => *number == exact(found),
            (Self::Root(over, under, places), MeasuredValue::Number(found)) => {
                is_root(&exact(found), over, under, *places)
            }
            (Self::Near(number), MeasuredValue::Number(found)) => {
                (exact(found) - number).abs() * BigDecimal::from(100) <= number.abs()
            }
            (Self::Value(value), MeasuredValue::Value(found)) => is_value(found, value),
            (Self::Values(values), MeasuredValue::Values(found)) => {
                let mut pairs = values.iter().zip(found);
                let is_same = pairs
                    .all(|((value, count), (found, of))| count == of && is_value(found, value));
                is_same && values.len() == found.len()
            }
            (Self::Counts(counts), MeasuredValue::Counts(found)) => counts == found,
            (Self::Stretches(counts), MeasuredValue::Bins(found)) => {
                let edge = |number: &Option<Number>| number.as_ref().map(exact);
                let below =
                    std::iter::once(None).chain(edges.iter().map(|edge| Some(decimal(edge))));
                let above = edges.iter().map(|edge| Some(decimal(edge))).chain([None]);
                let stretches =
                    below.zip(above).zip(counts).map(|((from, to), count)| (from, to, *count));
                found.iter().map(|(from, to, count)| (edge(from), edge(to), *count)).eq(stretches)
            }
            (Self::Quotient(over, under), answer) => match (over, under, answer) {
                (Some(over), Some(under), answer) if !under.is_zero() => {
                    let (over, over_scale) = exact(over).into_bigint_and_exponent();
                    let (under, under_scale) = exact(under).into_bigint_and_exponent();
                    let shift = |power: i64| ten(u32::try_from(power.max(0)).expect("few places"));
                    let quotient = rounded(
                        over * shift(under_scale - over_scale),
                        under * shift(over_scale - under_scale),
                        QUOTIENT_PLACES,
                    );
                    matches!(answer, MeasuredValue::Number(found) if exact(found) == quotient)
                }
                (_, _, answer) => *answer == MeasuredValue::Nothing,
            },
            _ => false,
        }
    }
}
