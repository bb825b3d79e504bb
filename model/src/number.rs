//! DynamoDB's number: a decimal of up to 38 significant digits, kept exactly.
//!
//! **Invariant:** a [`Number`] is one that DynamoDB accepts: at most 38 significant digits, zero or
//! a magnitude from 1E-130 up to 9.99…E+125.
//!
//! Source: "Supported data types and naming rules in Amazon DynamoDB", section Number.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Zero};
use thiserror::Error;

/// The most significant digits that DynamoDB keeps.
pub const MAX_DIGITS: u64 = 38;
/// The largest power of ten a first digit may stand for.
const MAX_EXPONENT: i64 = 125;
/// The smallest.
const MIN_EXPONENT: i64 = -130;
/// The longest text read as a number, in bytes: a longer one is refused before it is parsed.
const MAX_TEXT_BYTES: usize = 256;
/// Numbers with more places or trailing zeros than this are printed in scientific notation.
const MAX_PLAIN_ZEROS: i64 = 40;

/// An exact decimal that DynamoDB can store. Ordered and compared by value: `1.0` equals `1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(BigDecimal);

/// Why a text is not a DynamoDB number.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NumberError {
    /// Not a decimal at all.
    #[error("expected a decimal number")]
    Syntax,
    /// More than 38 significant digits.
    #[error("expected at most {MAX_DIGITS} significant digits, which is what DynamoDB keeps")]
    Digits,
    /// Too large or too close to zero.
    #[error("expected a magnitude from 1E-130 to 9.99E+125, which is what DynamoDB keeps")]
    Magnitude,
}

impl Number {
    /// Returns the number that is `units` of the last of `scale` decimal places: `(1234, 2)` is
    /// 12.34.
    pub fn from_units(units: i128, scale: u32) -> Self {
        Self(BigDecimal::new(BigInt::from(units), i64::from(scale)).normalized())
    }

    /// This number in units of the last of `scale` decimal places, rounded half to even.
    ///
    /// `None` when that does not fit an i128.
    pub fn to_units(&self, scale: u32) -> Option<i128> {
        let rounded = self.0.with_scale_round(i64::from(scale), RoundingMode::HalfEven);
        i128::try_from(rounded.into_bigint_and_scale().0).ok()
    }

    /// `self − other`, exactly; of two numbers of very different magnitude it may have more digits
    /// than DynamoDB takes.
    pub fn minus(&self, other: &Self) -> Self {
        Self((&self.0 - &other.0).normalized())
    }

    /// `self + other`, exactly; it may have more digits than DynamoDB takes.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self((&self.0 + &other.0).normalized())
    }

    /// `self · other`, exactly; it may have more digits than DynamoDB takes.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        Self((&self.0 * &other.0).normalized())
    }

    /// `self / divisor` rounded half to even to `scale` decimal places; `None` when the divisor is
    /// zero.
    pub fn over(&self, divisor: &Self, scale: u32) -> Option<Self> {
        if divisor.0.is_zero() {
            return None;
        }
        // As one fraction of integers, so that nothing is rounded before the end.
        let wanted = i64::from(scale);
        let (left, left_scale) = self.0.as_bigint_and_exponent();
        let (right, right_scale) = divisor.0.as_bigint_and_exponent();
        let shift = right_scale - left_scale + wanted;
        let ten = |power: i64| BigInt::from(10).pow(u32::try_from(power).unwrap_or(0));
        let (left, right) = (left * ten(shift.max(0)), right * ten((-shift).max(0)));
        Some(Self(BigDecimal::new(rounded(&left, &right), wanted).normalized()))
    }

    /// Returns the square root, rounded to `scale` decimal places; `None` of a number below zero.
    pub fn root(&self, scale: u32) -> Option<Self> {
        let root = self.0.sqrt()?;
        let rounded = root.with_scale_round(i64::from(scale), RoundingMode::HalfEven);
        Some(Self(rounded.normalized()))
    }

    /// Returns whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns the number with the other sign.
    pub fn negated(&self) -> Self {
        Self(-&self.0)
    }

    /// Returns whether it has no decimal places.
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }

    /// Returns how many decimal places it has; 0 for an integer.
    pub fn decimal_places(&self) -> u32 {
        u32::try_from(self.0.fractional_digit_count().max(0)).unwrap_or(u32::MAX)
    }
}

/// `left / right`, rounded half to even.
fn rounded(left: &BigInt, right: &BigInt) -> BigInt {
    let (left, right) =
        if right.sign() == Sign::Minus { (-left, -right) } else { (left.clone(), right.clone()) };
    // Rounded down, so that what is left is not below zero.
    let mut quotient = &left / &right;
    let mut rest = &left - &quotient * &right;
    if rest.sign() == Sign::Minus {
        quotient -= 1;
        rest += &right;
    }
    let is_odd = (&quotient % 2_i32) != BigInt::zero();
    match (rest * 2_i32).cmp(&right) {
        Ordering::Greater => quotient + 1,
        Ordering::Equal if is_odd => quotient + 1,
        _ => quotient,
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits_only = text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
        if !digits_only || text.len() > MAX_TEXT_BYTES {
            return Err(NumberError::Syntax);
        }
        let number = text.parse::<BigDecimal>().map_err(|_| NumberError::Syntax)?.normalized();
        if number.is_zero() {
            return Ok(Self(BigDecimal::zero()));
        }
        if number.digits() > MAX_DIGITS {
            return Err(NumberError::Digits);
        }
        if !(MIN_EXPONENT..=MAX_EXPONENT).contains(&number.order_of_magnitude()) {
            return Err(NumberError::Magnitude);
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.fractional_digit_count().abs() > MAX_PLAIN_ZEROS {
            self.0.write_scientific_notation(formatter)
        } else {
            self.0.write_plain_string(formatter)
        }
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Self::from_units(i128::from(integer), 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().expect(text)
    }

    #[test]
    fn thirty_eight_digits_are_kept_and_thirty_nine_refused() {
        let most = "99999999999999999999999999999999999999";
        assert_eq!(number(most).to_string(), most);
        assert_eq!(format!("{most}1").parse::<Number>(), Err(NumberError::Digits));
        assert_eq!(number(&format!("{most}0")).to_string(), format!("{most}0"));
    }

    #[test]
    fn magnitudes_are_those_of_dynamodb() {
        assert!("1E-130".parse::<Number>().is_ok());
        assert!("9.99E+125".parse::<Number>().is_ok());
        assert_eq!("1E+126".parse::<Number>(), Err(NumberError::Magnitude));
        assert_eq!("1E-131".parse::<Number>(), Err(NumberError::Magnitude));
        assert_eq!("1E+99999999".parse::<Number>(), Err(NumberError::Magnitude));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", " 1", "1_000", "NaN", "inf", "0x10", "1,5", "--1", "1e", "."] {
            assert_eq!(text.parse::<Number>(), Err(NumberError::Syntax), "{text:?}");
        }
    }

    #[test]
    fn rounding_is_half_to_even_and_the_same_for_both_signs() {
        let cases = [
            ("0.5", 0),
            ("1.5", 2),
            ("2.5", 2),
            ("-0.5", 0),
            ("-1.5", -2),
            ("-2.5", -2),
            ("2.51", 3),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text).to_units(0), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_average_is_rounded_once() {
        assert_eq!(number("10").over(&number("3"), 4), Some(number("3.3333")));
        assert_eq!(number("-10").over(&number("4"), 0), Some(number("-2")));
        assert_eq!(number("10").over(&number("0"), 4), None);
    }

    proptest! {
        #[test]
        fn units_round_trip(units in any::<i64>(), scale in 0u32..19) {
            let there = Number::from_units(i128::from(units), scale);
            prop_assert_eq!(there.to_units(scale), Some(i128::from(units)));
            prop_assert_eq!(number(&there.to_string()), there);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[-+0-9.eE]{0,40}") {
            let _ = text.parse::<Number>();
        }
    }
}
