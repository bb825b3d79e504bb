//! The prices of DynamoDB's request units, and amounts of dollars.
//!
//! **Invariant:** amounts are whole millionths of a dollar, rounded once from an exact fraction.

use std::fmt;

use weir_model::Decimal;
use weir_rollups::cost::MeanUnits;

/// Millionths of a dollar for a million write and read request units, on demand, standard table
/// class, in US East (N. Virginia). Source: "Amazon DynamoDB pricing for on-demand capacity".
const WRITE_MICRODOLLARS: u64 = 625_000;
const READ_MICRODOLLARS: u64 = 125_000;
/// The region of these prices.
pub(crate) const REGION: &str = "us-east-1";
/// The month in which they were read.
pub(crate) const DATE: &str = "November 2026";
/// The decimal places of a price.
const PLACES: u32 = 6;
/// The millionths of one.
pub(crate) const MILLION: u64 = 1_000_000;
/// The millionths of a dollar that are a cent.
const CENT: u128 = 10_000;

/// The prices of a million request units, in millionths of a dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    pub(crate) write: u64,
    pub(crate) read: u64,
}

/// An amount, in millionths of a dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dollars(pub(crate) u128);

impl Prices {
    /// The prices on demand.
    pub(crate) const ON_DEMAND: Self = Self { write: WRITE_MICRODOLLARS, read: READ_MICRODOLLARS };

    /// Returns the dollars for a million changes of so many write units each.
    pub(crate) fn per_million(self, write_units: MeanUnits) -> Dollars {
        Dollars(write_units.units_of(u128::from(self.write)))
    }

    /// Returns the dollars for a million changes of so many read units each.
    pub(crate) fn reads_per_million(self, read_units: MeanUnits) -> Dollars {
        Dollars(read_units.units_of(u128::from(self.read)))
    }
}

impl Dollars {
    /// Returns the amount that a number of dollars is, which is not negative.
    pub(crate) fn from_f64(dollars: f64) -> Self {
        Self((dollars * MILLION as f64).round() as u128)
    }

    /// Returns the number of dollars.
    pub(crate) fn to_f64(self) -> f64 {
        self.0 as f64 / MILLION as f64
    }
}

impl fmt::Display for Dollars {
    /// Writes whole cents, and of less than one the first that it is below.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0 && self.0 < CENT {
            return formatter.write_str("<$0.01");
        }
        let cents = (self.0 + CENT / 2) / CENT;
        write!(formatter, "${}.{:02}", cents / 100, cents % 100)
    }
}

/// Reads a number of at least zero with at most six decimal places, in millionths.
pub(crate) fn millionths(text: &str) -> Result<u64, String> {
    let number: Option<Decimal> = text.parse().ok();
    let number = number.filter(|number| !number.is_negative());
    let units = number.filter(|number| number.decimal_places() <= PLACES);
    let units = units.and_then(|number| u64::try_from(number.to_units(PLACES)?).ok());
    units.filter(|units| *units <= MILLION * MILLION).ok_or_else(|| {
        format!("expected a number from 0 to {MILLION} with at most {PLACES} decimal places")
    })
}

/// Returns millionths as a decimal number without zeros at its end.
pub(crate) fn decimal(millionths: u64) -> String {
    Decimal::from_units(i128::from(millionths), PLACES).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_to_cents_and_never_to_nothing() {
        for (amount, expected) in [
            (0, "$0.00"),
            (1, "<$0.01"),
            (9_999, "<$0.01"),
            (14_999, "$0.01"),
            (15_000, "$0.02"),
            (1_875_000, "$1.88"),
            (123_456_789_000_000, "$123456789.00"),
        ] {
            assert_eq!(Dollars(amount).to_string(), expected);
        }
    }

    #[test]
    fn prices_are_exact_decimals() {
        assert_eq!(millionths("0.625"), Ok(WRITE_MICRODOLLARS));
        assert_eq!(millionths("0"), Ok(0));
        assert_eq!(decimal(WRITE_MICRODOLLARS), "0.625");
        assert_eq!(decimal(2_000_000), "2");
        for wrong in ["", "-1", "x", "0.0000001", "1000001", "1e40", "NaN"] {
            let error = millionths(wrong).expect_err(wrong);
            assert!(error.starts_with("expected a number from 0 to 1000000"), "{error}");
        }
    }

    #[test]
    fn a_million_changes_of_three_units_cost_three_prices() {
        assert_eq!(Prices::ON_DEMAND.per_million(MeanUnits::new(3, 1)), Dollars(1_875_000));
        assert_eq!(Prices::ON_DEMAND.per_million(MeanUnits::new(1, 3)), Dollars(208_333));
        assert_eq!(Prices::ON_DEMAND.reads_per_million(MeanUnits::new(1, 100)), Dollars(1_250));
    }
}
