//! Values as text in their order: the keys of value detail items.
//!
//! | value | text |
//! |---|---|
//! | 12.50 at two places, 1250 units | `041250`: how many digits, then the digits |
//! | 0 | `00` |
//! | -12.50 | `-958749`: the digits of the number without its sign, each taken from 9 |
//! | an instant | its nanoseconds since 1970 in the same way |
//! | text, an enum, a boolean | as it is |
//!
//! **Invariant:** texts of one attribute compare, byte by byte, as its values do. A number's text
//! tells where it ends.

use jiff::Timestamp;
use weir_model::attribute::{Attribute, AttributeType};
use weir_model::{AttributeValue, Number};

use crate::amounts::units;

/// Digits that say how many digits follow.
const LENGTH_DIGITS: usize = 2;

/// Returns the text of a value; `None` for one that is not of the attribute's type, or a number too
/// large to be measured.
pub fn encode(attribute: &Attribute, value: &AttributeValue) -> Option<String> {
    match &attribute.kind {
        kind if kind.is_numeric() => units(attribute, value).map(number),
        kind @ AttributeType::Timestamp(_) => kind.instant(value).map(instant),
        kind => weir_model::template::scalar_text(kind, value),
    }
}

/// Returns the text of an instant.
pub fn instant(instant: Timestamp) -> String {
    number(instant.as_nanosecond())
}

/// Returns the value of a text; `None` for any other text.
pub fn decode(attribute: &Attribute, text: &str) -> Option<AttributeValue> {
    match &attribute.kind {
        kind if kind.is_numeric() => {
            let (units, rest) = read_number(text)?;
            let number = Number::from_units(units, attribute.scale());
            rest.is_empty().then(|| AttributeValue::N(number.to_string()))
        }
        AttributeType::Timestamp(_) => {
            let (nanoseconds, rest) = read_number(text)?;
            let instant = Timestamp::from_nanosecond(nanoseconds).ok()?;
            // In text, whatever the attribute is stored as.
            rest.is_empty().then(|| AttributeValue::S(instant.to_string()))
        }
        AttributeType::Boolean => text.parse().ok().map(AttributeValue::Bool),
        _ => Some(AttributeValue::S(text.to_owned())),
    }
}

/// Returns the text of an integer.
pub fn number(units: i128) -> String {
    if units == 0 {
        return "00".to_owned();
    }
    let digits = units.unsigned_abs().to_string();
    let text = format!("{:02}{digits}", digits.len());
    if units > 0 { text } else { format!("-{}", complement(&text)) }
}

/// Reads the text of an integer at the beginning of a text; what stands behind it.
pub fn read_number(text: &str) -> Option<(i128, &str)> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let own = |digits: &str| if is_negative { complement(digits) } else { digits.to_owned() };
    is_digits(text.get(..LENGTH_DIGITS)?).then_some(())?;
    let length: usize = own(text.get(..LENGTH_DIGITS)?).parse().ok()?;
    let digits = text.get(LENGTH_DIGITS..LENGTH_DIGITS + length)?;
    is_digits(digits).then_some(())?;
    let rest = &text[LENGTH_DIGITS + length..];
    if length == 0 {
        return (!is_negative).then_some((0, rest));
    }
    let magnitude: i128 = own(digits).parse().ok()?;
    Some((if is_negative { -magnitude } else { magnitude }, rest))
}

/// Each digit taken from 9, so that what is greater comes first.
fn complement(digits: &str) -> String {
    let of = |digit: char| match digit.to_digit(10) {
        Some(value) => char::from_digit(9 - value, 10).expect("a digit"),
        None => digit,
    };
    digits.chars().map(of).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_read_as_the_table_has_them() {
        assert_eq!([number(1250), number(0), number(-1250)], ["041250", "00", "-958749"]);
        for garbage in ["", "0", "-", "-0", "-99", "041", "0x12", "+11"] {
            assert_eq!(read_number(garbage), None, "{garbage}");
        }
    }

    proptest! {
        #[test]
        fn texts_of_numbers_are_in_the_order_of_the_numbers(
            left in prop_oneof![-2000_i128..2000, -(10_i128.pow(30))..10_i128.pow(30)],
            right in prop_oneof![-2000_i128..2000, -(10_i128.pow(30))..10_i128.pow(30)],
            rest in "(#.*)?",
        ) {
            prop_assert_eq!(number(left).cmp(&number(right)), left.cmp(&right));
            let text = number(left) + &rest;
            prop_assert_eq!(read_number(&text), Some((left, rest.as_str())));
        }
    }
}
