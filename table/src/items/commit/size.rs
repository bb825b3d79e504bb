//! How many bytes an item takes in DynamoDB ("DynamoDB item sizes and formats", Amazon DynamoDB
//! Developer Guide).
//!
//! **Invariant:** it is never more than DynamoDB counts.

use weir_model::{AttributeValue, Item};

/// The bytes of a list or a map beside its members, and of each member beside its value.
const CONTAINER_BYTES: usize = 3;
const MEMBER_BYTES: usize = 1;

/// How many bytes an item takes: its names and its values.
pub(super) fn stored_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number_bytes(number),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| number_bytes(number)).sum(),
        AttributeValue::Bs(all) => all.iter().map(Vec::len).sum(),
        AttributeValue::L(members) => {
            let members = members.iter().map(|member| MEMBER_BYTES + value_bytes(member));
            CONTAINER_BYTES + members.sum::<usize>()
        }
        AttributeValue::M(members) => {
            let members = members
                .iter()
                .map(|(name, member)| MEMBER_BYTES + name.len() + value_bytes(member));
            CONTAINER_BYTES + members.sum::<usize>()
        }
    }
}

/// A byte, and one for every two significant digits.
fn number_bytes(number: &str) -> usize {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    1 + digits.trim_matches('0').len().div_ceil(2)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn names_and_values_count_and_of_numbers_the_significant_digits() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |text: &str| AttributeValue::N(text.to_owned());
        let cases = [
            (text("é"), 2),
            (number("0"), 1),
            (number("-120.50"), 3),
            (number("0.001"), 2),
            (number("100000"), 2),
            (number("1.23E+40"), 3),
            (AttributeValue::Null(true), 1),
            (AttributeValue::B(vec![0; 5]), 5),
            (AttributeValue::Ns(vec!["1".to_owned(), "22".to_owned()]), 4),
            (AttributeValue::L(vec![text("ab"), AttributeValue::Bool(true)]), 8),
            (AttributeValue::M(HashMap::from([("key".to_owned(), text("ab"))])), 9),
        ];
        for (value, bytes) in cases {
            let item = HashMap::from([("name".to_owned(), value.clone())]);
            assert_eq!(stored_bytes(&item.into()), 4 + bytes, "{value:?}");
        }
    }
}
