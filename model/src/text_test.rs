//! Tests by which an item is recognised by the text of an attribute, such as a key that begins with
//! `ORDER#`.
//!
//! **Invariant:** every item that Weir makes of an entity passes the entity's text tests:
//! [`crate::Model::parse`] rejects a test that its key templates and attributes do not ensure.

use serde_dynamo::{AttributeValue, Item};

use crate::filter::Test;

/// A test of the text that is stored in an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTest {
    /// The stored name of the attribute.
    pub attribute: String,
    /// The texts that pass.
    pub expected: ExpectedText,
}

/// The texts that pass a [`TextTest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedText {
    /// This text.
    Equal(String),
    /// The texts that begin with this one: all texts if it is empty.
    Prefix(String),
}

impl TextTest {
    /// Returns whether a stored item passes.
    pub fn passes(&self, item: &Item) -> bool {
        match item.get(&self.attribute) {
            Some(AttributeValue::S(text)) => self.expected.admits(text),
            _ => false,
        }
    }

    /// Returns the test in the form that conditions have.
    pub(crate) fn test(&self) -> Test {
        match &self.expected {
            ExpectedText::Equal(text) => Test::In(vec![AttributeValue::S(text.clone())]),
            ExpectedText::Prefix(prefix) if prefix.is_empty() => Test::Exists(true),
            ExpectedText::Prefix(prefix) => Test::BeginsWith(AttributeValue::S(prefix.clone())),
        }
    }
}

impl ExpectedText {
    /// Returns whether a text passes.
    pub fn admits(&self, text: &str) -> bool {
        match self {
            Self::Equal(expected) => text == expected,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
        }
    }

    /// Returns whether some text passes both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (expected, Self::Equal(text)) | (Self::Equal(text), expected) => expected.admits(text),
            (Self::Prefix(left), Self::Prefix(right)) => {
                left.starts_with(right.as_str()) || right.starts_with(left.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tests_meet_where_one_text_passes_both() {
        let equal = |text: &str| ExpectedText::Equal(text.to_owned());
        let prefix = |text: &str| ExpectedText::Prefix(text.to_owned());
        let cases = [
            (equal("A"), equal("A"), true),
            (equal("A"), equal("B"), false),
            (prefix("ORDER#"), equal("ORDER#1"), true),
            (prefix("ORDER#"), equal("ORDER"), false),
            (prefix("ORDER#"), prefix("ORDER#LINE#"), true),
            (prefix("ORDER#"), prefix("ORDERS#"), false),
        ];
        for (left, right, expected) in cases {
            assert_eq!(left.meets(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.meets(&left), expected, "{right:?} {left:?}");
        }
    }
}
