//! The size of an item as DynamoDB counts it ("DynamoDB item sizes and formats" in the developer
//! guide).
//!
//! | type | bytes |
//! |---|---|
//! | text, binary | those of UTF-8, or of the value |
//! | number | one for two digits before the point, one for two after it, one more, one for a sign |
//! | boolean, null | 1 |
//! | list, map | 3, and for each element 1 more than its own |
//! | set | those of its members |
//!
//! Each attribute adds the bytes of its name. Zeros at the ends of a number are not stored. The
//! guide says "approximately" of numbers; the rule here is that of dynoxide, which measured it.

use std::collections::HashMap;

use weir_model::{AttributeValue, Item};

/// The bytes of an empty list or map.
const CONTAINER_BYTES: u64 = 3;
/// The bytes that an element of a list or map takes beside its own.
const ELEMENT_BYTES: u64 = 1;

/// Returns the size of an item in bytes.
pub fn item_bytes(item: &Item) -> u64 {
    attributes(item)
}

fn attributes(attributes: &HashMap<String, AttributeValue>) -> u64 {
    attributes.iter().map(|(name, value)| name.len() as u64 + bytes(value)).sum()
}

fn bytes(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => text.len() as u64,
        AttributeValue::N(number) => number_bytes(number),
        AttributeValue::B(binary) => binary.len() as u64,
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(members) => members.iter().map(|member| member.len() as u64).sum(),
        AttributeValue::Ns(members) => members.iter().map(|member| number_bytes(member)).sum(),
        AttributeValue::Bs(members) => members.iter().map(|member| member.len() as u64).sum(),
        AttributeValue::L(elements) => {
            let elements = elements.iter().map(|element| ELEMENT_BYTES + bytes(element));
            CONTAINER_BYTES + elements.sum::<u64>()
        }
        AttributeValue::M(members) => {
            CONTAINER_BYTES + ELEMENT_BYTES * members.len() as u64 + attributes(members)
        }
    }
}

/// Returns the size of a number in bytes.
fn number_bytes(number: &str) -> u64 {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let is_negative = mantissa.starts_with('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat().chars().filter(char::is_ascii_digit).collect();
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0').len();
    let point = whole.trim_start_matches(['-', '+']).len() as i64;
    let point = point + exponent.parse::<i64>().unwrap_or_default() - leading as i64;
    digits_bytes(significant as u64, point, is_negative)
}

/// Returns the size of a number in bytes, from units of the last of `scale` decimal places.
pub(crate) fn units_bytes(units: i128, scale: u32) -> u64 {
    let mut significant = units.unsigned_abs();
    let mut exponent = -i64::from(scale);
    while significant != 0 && significant.is_multiple_of(10) {
        significant /= 10;
        exponent += 1;
    }
    let digits = significant.checked_ilog10().map_or(0, |power| u64::from(power) + 1);
    digits_bytes(digits, digits as i64 + exponent, units < 0)
}

/// Returns the size of a number of so many significant digits, of which `point` are before the
/// decimal point.
fn digits_bytes(significant: u64, point: i64, is_negative: bool) -> u64 {
    let whole = significant.min(u64::try_from(point).unwrap_or_default());
    let sign = u64::from(is_negative && significant > 0);
    whole.div_ceil(2) + (significant - whole).div_ceil(2) + 1 + sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_count_as_the_guide_says() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: &str| AttributeValue::N(number.to_owned());
        let map = AttributeValue::M(HashMap::from([("ab".to_owned(), text("c"))]));
        for (value, expected) in [
            (text("Zürich"), 7),
            (number("0"), 1),
            (number("12345"), 4),
            (number("-1.5E+10"), 3),
            (number("1.5"), 3),
            (number("0.15"), 2),
            (number("-0.0"), 1),
            (number("100.5"), 4),
            (number("1E125"), 2),
            (number("1200000"), 2),
            (AttributeValue::B(vec![0; 9]), 9),
            (AttributeValue::Bool(true), 1),
            (AttributeValue::Null(true), 1),
            (AttributeValue::Ss(vec!["a".to_owned(), "bcd".to_owned()]), 4),
            (AttributeValue::L(vec![text("ab"), number("7")]), 3 + 3 + 3),
            (map, 3 + 1 + 2 + 1),
        ] {
            let item = Item::from(HashMap::from([("name".to_owned(), value.clone())]));
            assert_eq!(item_bytes(&item), 4 + expected, "{value:?}");
        }
    }

    #[test]
    fn units_take_the_bytes_of_the_number_that_they_are() {
        for units in [0, 1, -7, 10, 1_234, -120_000, 99_999_999_999, 10_i128.pow(30) + 1] {
            for scale in [0, 1, 2, 6, 20] {
                let text = weir_model::Number::from_units(units, scale).to_string();
                assert_eq!(units_bytes(units, scale), number_bytes(&text), "{text}");
            }
        }
    }
}
