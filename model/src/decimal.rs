//! The decimal numbers of programs: exact arithmetic on the numbers that items store.
//!
//! ```
//! use weir_model::Decimal;
//!
//! let price: Decimal = "12.50".parse()?;
//! let total = &price * 3 + Decimal::from_units(99, 2);
//! assert_eq!(total.to_string(), "38.49");
//! assert_eq!(total.checked_div(&Decimal::from(4), 2), Some("9.62".parse()?));
//! # Ok::<_, weir_model::number::NumberError>(())
//! ```
//!
//! **Invariant:** addition, subtraction and multiplication are exact. A result may have more digits
//! than DynamoDB stores (38); then the write is rejected, and nothing is rounded.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::number::{Number, NumberError};

/// An exact decimal number: the value of attributes of the types `number` and `decimal`.
///
/// Decimals compare by value: `1.0` equals `1`. In JSON a decimal is a number with all its digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(Number);

impl Decimal {
    /// Returns `units` of the last of `scale` decimal places: `(1234, 2)` is 12.34.
    pub fn from_units(units: i128, scale: u32) -> Self {
        Self(Number::from_units(units, scale))
    }

    /// Returns the number in units of the last of `scale` decimal places, rounded half to even.
    ///
    /// Returns `None` if that exceeds an i128.
    pub fn to_units(&self, scale: u32) -> Option<i128> {
        self.0.to_units(scale)
    }

    /// Returns the quotient, rounded half to even to `scale` decimal places.
    ///
    /// Returns `None` if the divisor is zero.
    pub fn checked_div(&self, divisor: &Self, scale: u32) -> Option<Self> {
        self.0.over(&divisor.0, scale).map(Self)
    }

    /// Returns the number rounded half to even to `scale` decimal places.
    #[must_use]
    pub fn round(&self, scale: u32) -> Self {
        let one = Number::from_units(1, 0);
        Self(self.0.over(&one, scale).expect("one is not zero"))
    }

    /// Returns the distance from zero.
    #[must_use]
    pub fn abs(&self) -> Self {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// Returns whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.0 < Number::from_units(0, 0)
    }

    /// Returns the number of decimal places; 0 for an integer.
    pub fn decimal_places(&self) -> u32 {
        self.0.decimal_places()
    }

    /// Returns the nearest binary floating-point number.
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().expect("the text of a decimal is that of a float")
    }

    /// Returns the JSON number with the same digits.
    fn to_json(&self) -> serde_json::Number {
        serde_json::from_str(&self.to_string()).expect("the text of a decimal is a JSON number")
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::from_units(0, 0)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for Decimal {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<Number> for Decimal {
    fn from(number: Number) -> Self {
        Self(number)
    }
}

macro_rules! from_integers {
    ($($integer:ty)*) => {
        $(impl From<$integer> for Decimal {
            fn from(integer: $integer) -> Self {
                Self::from_units(i128::from(integer), 0)
            }
        })*
    };
}

from_integers!(i8 i16 i32 i64 u8 u16 u32 u64);

/// Converts the shortest decimal that denotes the float: `0.1` becomes 0.1.
impl TryFrom<f64> for Decimal {
    type Error = NumberError;

    fn try_from(float: f64) -> Result<Self, Self::Error> {
        format!("{float:e}").parse()
    }
}

impl From<Decimal> for Value {
    fn from(decimal: Decimal) -> Self {
        Self::Number(decimal.to_json())
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// Reads a number. A text is an error, so that a field of another type is noticed.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number
            .to_string()
            .parse()
            .map_err(|error| D::Error::custom(format_args!("invalid number `{number}`: {error}")))
    }
}

/// Implements an operator for decimals, references to them, and integers on the right.
macro_rules! operator {
    ($operator:ident $method:ident, $assign:ident $assign_method:ident, $number_method:ident) => {
        impl $operator<&Decimal> for &Decimal {
            type Output = Decimal;

            fn $method(self, right: &Decimal) -> Decimal {
                Decimal(self.0.$number_method(&right.0))
            }
        }

        impl<R: Into<Decimal>> $operator<R> for Decimal {
            type Output = Decimal;

            fn $method(self, right: R) -> Decimal {
                $operator::$method(&self, &right.into())
            }
        }

        impl<R: Into<Decimal>> $operator<R> for &Decimal {
            type Output = Decimal;

            fn $method(self, right: R) -> Decimal {
                $operator::$method(self, &right.into())
            }
        }

        impl<R: Into<Decimal>> $assign<R> for Decimal {
            fn $assign_method(&mut self, right: R) {
                *self = $operator::$method(&*self, &right.into());
            }
        }
    };
}

operator!(Add add, AddAssign add_assign, plus);
operator!(Sub sub, SubAssign sub_assign, minus);
operator!(Mul mul, MulAssign mul_assign, times);

impl Neg for &Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal(self.0.negated())
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        -&self
    }
}

impl<D: Into<Self>> Sum<D> for Decimal {
    fn sum<I: Iterator<Item = D>>(numbers: I) -> Self {
        numbers.fold(Self::default(), |sum, number| sum + number)
    }
}

#[cfg(feature = "bigdecimal")]
mod bigdecimal {
    //! Conversions of `bigdecimal::BigDecimal`.

    use ::bigdecimal::BigDecimal;

    use super::Decimal;
    use crate::number::NumberError;

    impl From<Decimal> for BigDecimal {
        fn from(decimal: Decimal) -> Self {
            decimal.to_string().parse().expect("the text of a decimal is that of a `BigDecimal`")
        }
    }

    /// Fails if DynamoDB cannot store the number.
    impl TryFrom<BigDecimal> for Decimal {
        type Error = NumberError;

        fn try_from(decimal: BigDecimal) -> Result<Self, Self::Error> {
            decimal.normalized().to_scientific_notation().parse()
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod rust_decimal {
    //! Conversions of `rust_decimal::Decimal`, which holds 28 digits.

    use super::Decimal;
    use crate::number::NumberError;

    /// Fails if the number has more digits than the type holds: nothing is rounded.
    impl TryFrom<Decimal> for rust_decimal::Decimal {
        type Error = rust_decimal::Error;

        fn try_from(decimal: Decimal) -> Result<Self, Self::Error> {
            Self::from_str_exact(&decimal.to_string())
        }
    }

    impl From<rust_decimal::Decimal> for Decimal {
        fn from(decimal: rust_decimal::Decimal) -> Self {
            let parsed: Result<Self, NumberError> = decimal.to_string().parse();
            parsed.expect("28 digits are fewer than 38")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect(text)
    }

    #[test]
    fn results_are_exact_whatever_their_length() {
        let mut sum = decimal("0.1") + decimal("0.2");
        assert_eq!(sum, decimal("0.3"));
        sum += 1;
        sum -= decimal("0.3");
        sum *= 7_u8;
        assert_eq!((sum, -decimal("7") + 14), (decimal("7"), decimal("7")));
        let long = decimal("99999999999999999999999999999999999999");
        let square = &long * &long;
        let digits = "9999999999999999999999999999999999999800000000000000000000000000000000000001";
        assert_eq!(square.to_string(), digits);
        let terms = ["0.1", "0.2", "-0.3"].map(decimal);
        assert!(terms.into_iter().sum::<Decimal>().is_zero());
    }

    #[test]
    fn quotients_and_roundings_are_half_to_even() {
        let (ten, four) = (decimal("10"), decimal("4"));
        assert_eq!(ten.checked_div(&four, 0), Some(decimal("2")));
        assert_eq!(ten.checked_div(&Decimal::default(), 0), None);
        let rounded = ["2.345", "2.355", "-2.345", "7"].map(|text| decimal(text).round(2));
        assert_eq!(rounded, ["2.34", "2.36", "-2.34", "7"].map(decimal));
        assert_eq!(decimal("-1.5").abs(), decimal("1.5"));
    }

    #[test]
    fn json_has_all_digits_and_texts_are_no_numbers() {
        let text = "12345678901234567890123456789012345.678";
        let json = serde_json::to_string(&decimal(text)).expect("JSON");
        assert_eq!(json, text);
        assert_eq!(serde_json::from_str::<Decimal>(&json).expect("a number"), decimal(text));
        assert_eq!(Value::from(decimal("1.50")), json!(1.5));
        let error = serde_json::from_value::<Decimal>(json!("1")).expect_err("a text");
        assert!(error.to_string().starts_with("invalid type"), "{error}");
        let error = serde_json::from_str::<Decimal>("1e200").expect_err("too large");
        assert!(error.to_string().starts_with("invalid number `1e+200`: expected"), "{error}");
    }

    #[test]
    fn floats_become_the_decimal_that_they_are_written_as() {
        for (float, text) in [(0.1, "0.1"), (-2.5e-7, "-0.00000025"), (1e20, "1e20"), (0.0, "0")] {
            assert_eq!(Decimal::try_from(float), Ok(decimal(text)), "{float}");
        }
        assert!(Decimal::try_from(f64::NAN).is_err() && Decimal::try_from(f64::INFINITY).is_err());
        assert!((decimal("0.1").to_f64() - 0.1).abs() < f64::EPSILON);
    }

    #[cfg(all(feature = "bigdecimal", feature = "rust_decimal"))]
    #[test]
    fn other_decimals_convert_without_loss_or_not_at_all() {
        let text = "-1234567890.0123456789";
        let big = ::bigdecimal::BigDecimal::from(decimal(text));
        assert_eq!(Decimal::try_from(big), Ok(decimal(text)));
        let tiny: ::bigdecimal::BigDecimal = "1e-200".parse().expect("a number");
        assert!(Decimal::try_from(tiny).is_err());
        let rust = ::rust_decimal::Decimal::try_from(decimal(text)).expect("20 digits");
        assert_eq!(Decimal::from(rust), decimal(text));
        let long = decimal("99999999999999999999999999999999999999");
        assert!(::rust_decimal::Decimal::try_from(long).is_err());
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_that_of_integers(
            left in any::<i64>(), right in any::<i64>(), scale in 0u32..10,
        ) {
            let (wide_left, wide_right) = (i128::from(left), i128::from(right));
            let scaled = |units| Decimal::from_units(units, scale);
            let (a, b) = (scaled(wide_left), scaled(wide_right));
            prop_assert_eq!(&a + &b, scaled(wide_left + wide_right));
            prop_assert_eq!(&a - &b, scaled(wide_left - wide_right));
            prop_assert_eq!(&a * &b, Decimal::from_units(wide_left * wide_right, 2 * scale));
            prop_assert_eq!(a < b, left < right);
        }
    }
}
