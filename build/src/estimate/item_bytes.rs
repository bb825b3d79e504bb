//! The size of an item as DynamoDB counts it ("DynamoDB item sizes and formats" in the developer
//! guide).
//!
//! | type | bytes |
//! |---|---|
//! | text, binary | those of UTF-8, or of the value |
//! | number | about one for two significant digits, and one more |
//! | boolean, null | 1 |
//! | list, map | 3, and for each element 1 more than its own |
//! | set | those of its members |
//!
//! Each attribute adds the bytes of its name.

use std::collections::HashMap;

use weir_model::{AttributeValue, Item};

/// The bytes of an empty list or map.
const CONTAINER_BYTES: u64 = 3;
/// The bytes that an element of a list or map takes beside its own.
const ELEMENT_BYTES: u64 = 1;

/// Returns the size of an item in bytes. The size of a number is the guide's approximation.
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

/// Leading and trailing zeros are not stored.
fn number_bytes(number: &str) -> u64 {
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len() as u64;
    significant.div_ceil(2) + 1
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
            (number("-1.5E+10"), 2),
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
}
