//! Conditions on an item that is written or read: a tree of tests with `and`, `or` and `not`.
//!
//! ```json
//! { "status": "placed", "total": { "gte": 10, "lt": 100 },
//!   "or": [{ "note": { "exists": false } }, { "tags": { "contains": "gift" } }] }
//! ```
//!
//! An object's members must all hold. What can be said of a value:
//!
//! | operator | holds when the value |
//! |---|---|
//! | a value, `eq` | equals it |
//! | a list, `in` | equals one of them |
//! | `ne` | differs from it, or is absent |
//! | `gt`, `gte`, `lt`, `lte`, `between` | lies there, in DynamoDB's order for its type |
//! | `begins_with`, `contains` | begins with a text; has it in it, or as a member |
//! | `exists` | is there (`true`), or is not |
//! | `size` | has this length (see below): a number, or an object of `eq` to `between` |
//! | `type` | is stored as this: `string`, `number`, `boolean`, `list`, `map`, `string_set`, … |
//!
//! The length of a text is in characters, that of binary in bytes, that of a collection in members.
//!
//! **Invariant:** [`Predicate::holds`] says of an item what DynamoDB says of it, but for
//! timestamps, which `time` is about; a test in `tests/` compares the two.

mod hidden;
mod parse;
mod time;

pub(crate) use parse::operands;
pub use parse::{Mistake, parse};

use serde_dynamo::{AttributeValue, Item};

use crate::attribute::{Attribute, AttributeType};
use crate::filter::Test;
use crate::instant::TimestampFormat;
use crate::path::Path;
use crate::step::Step;

/// A condition on an item.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Each of these holds; so an empty list holds always.
    All(Vec<Predicate>),
    /// One of these holds at least.
    Any(Vec<Predicate>),
    /// This does not hold.
    Not(Box<Predicate>),
    /// A test of the value at a place.
    Test(Path, Test),
    /// A test of the timestamp at a place, which is stored as text: instants are compared, however
    /// they are written. What is not a timestamp has no instant.
    Time(Path, Test, TimestampFormat),
    /// A test of how long the value at a place is.
    Size(Path, Test),
    /// The value at a place is stored as this type.
    Type(Path, StoredType),
    /// Nothing is stored at a place, not even null, or a value of this type. No condition says it:
    /// updates bring it with them.
    AbsentOr(Path, StoredType),
}

/// How DynamoDB stores a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredType {
    /// `S`
    String,
    /// `N`
    Number,
    /// `B`
    Binary,
    /// `BOOL`
    Boolean,
    /// `NULL`
    Null,
    /// `SS`
    StringSet,
    /// `NS`
    NumberSet,
    /// `BS`
    BinarySet,
    /// `L`
    List,
    /// `M`
    Map,
}

impl Predicate {
    /// Returns a test of the value at a place. If the value is a timestamp that is stored as text,
    /// the test compares instants.
    pub(crate) fn comparing(path: &Path, rule: &Attribute, test: Test) -> Self {
        let is_of_text = matches!(test, Test::BeginsWith(_) | Test::Contains(_) | Test::Exists(_));
        match rule.kind {
            AttributeType::Timestamp(format @ TimestampFormat::Rfc3339 { .. }) if !is_of_text => {
                Self::Time(path.clone(), test, format)
            }
            _ => Self::Test(path.clone(), test),
        }
    }

    /// Returns the predicate that always holds.
    pub fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Returns the attributes that it is about, by their names in the definition.
    pub fn attributes(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::attributes).collect()
            }
            Self::Not(part) => part.attributes(),
            Self::Test(path, _)
            | Self::Size(path, _)
            | Self::Type(path, _)
            | Self::AbsentOr(path, _)
            | Self::Time(path, ..) => vec![path.attribute()],
        }
    }

    /// This and another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut one), Self::All(other)) => {
                one.extend(other);
                Self::All(one)
            }
            (Self::All(mut all), other) => {
                all.push(other);
                Self::All(all)
            }
            (one, Self::All(mut all)) => {
                all.insert(0, one);
                Self::All(all)
            }
            (one, other) => Self::All(vec![one, other]),
        }
    }

    /// Splits off the tests of whole attributes that `is_key` names: returns the rest, and those
    /// tests. DynamoDB rejects a filter on the keys that a query reads by.
    ///
    /// Only tests that must all hold are split off. No others are about keys.
    #[must_use]
    pub fn split_keys(&self, is_key: impl Fn(&str) -> bool) -> (Self, Self) {
        let Self::All(parts) = self else { return (self.clone(), Self::always()) };
        let is_of_key = |part: &Self| match part {
            Self::Test(path, _) => match path.steps.as_slice() {
                [Step::Name(name)] => is_key(name),
                _ => false,
            },
            _ => false,
        };
        let (keys, others) = parts.iter().cloned().partition(is_of_key);
        (Self::All(others), Self::All(keys))
    }

    /// Returns whether it says nothing.
    pub fn is_always(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_always))
    }

    /// Returns whether it holds of an item; of one that is not there, of an empty one.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Test(path, test) => test.holds(path.value_in(item), false),
            Self::Time(path, test, format) => {
                let is_instant = |value: &&AttributeValue| format.read(value).is_some();
                test.holds(path.value_in(item).filter(is_instant), true)
            }
            Self::Size(path, test) => {
                let size = path.value_in(item).and_then(size);
                size.is_some_and(|size| {
                    test.holds(Some(&AttributeValue::N(size.to_string())), false)
                })
            }
            Self::Type(path, expected) => {
                path.stored_in(item).map(StoredType::from_value) == Some(*expected)
            }
            Self::AbsentOr(path, expected) => {
                path.stored_in(item).is_none_or(|value| StoredType::from_value(value) == *expected)
            }
        }
    }

    /// Returns the value that a whole attribute is known to have wherever this holds.
    pub fn known(&self, field: &str) -> Option<&AttributeValue> {
        match self {
            Self::All(parts) => parts.iter().find_map(|part| part.known(field)),
            Self::Test(path, Test::In(operands)) | Self::Time(path, Test::In(operands), _) => {
                match operands.as_slice() {
                    [only] if path.is_field(field) => Some(only),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns whether a whole attribute is known to be absent wherever this holds.
    pub fn excludes(&self, field: &str) -> bool {
        match self {
            Self::All(parts) => parts.iter().any(|part| part.excludes(field)),
            Self::Test(path, Test::Exists(false)) => path.is_field(field),
            _ => false,
        }
    }
}

impl Default for Predicate {
    fn default() -> Self {
        Self::always()
    }
}

impl StoredType {
    /// Each with its name and DynamoDB's letters.
    pub const EVERY: [(&'static str, &'static str, Self); 10] = [
        ("string", "S", Self::String),
        ("number", "N", Self::Number),
        ("binary", "B", Self::Binary),
        ("boolean", "BOOL", Self::Boolean),
        ("null", "NULL", Self::Null),
        ("string_set", "SS", Self::StringSet),
        ("number_set", "NS", Self::NumberSet),
        ("binary_set", "BS", Self::BinarySet),
        ("list", "L", Self::List),
        ("map", "M", Self::Map),
    ];

    /// DynamoDB's letters for it.
    pub fn letters(self) -> &'static str {
        let (_, letters, _) = Self::EVERY
            .into_iter()
            .find(|(_, _, stored)| *stored == self)
            .expect("every type is listed");
        letters
    }

    /// Returns its name with the article: `a number set`.
    pub fn noun(self) -> String {
        let (name, _, _) = Self::EVERY
            .into_iter()
            .find(|(_, _, stored)| *stored == self)
            .expect("every type is listed");
        format!("a {}", name.replace('_', " "))
    }

    /// Returns the type that DynamoDB stores a value as.
    pub fn from_value(value: &AttributeValue) -> Self {
        match value {
            AttributeValue::S(_) => Self::String,
            AttributeValue::N(_) => Self::Number,
            AttributeValue::B(_) => Self::Binary,
            AttributeValue::Bool(_) => Self::Boolean,
            AttributeValue::Null(_) => Self::Null,
            AttributeValue::Ss(_) => Self::StringSet,
            AttributeValue::Ns(_) => Self::NumberSet,
            AttributeValue::Bs(_) => Self::BinarySet,
            AttributeValue::L(_) => Self::List,
            AttributeValue::M(_) => Self::Map,
        }
    }
}

/// Returns how long a value is, as DynamoDB's `size` has it: text in bytes of UTF-8 there, too.
fn size(value: &AttributeValue) -> Option<usize> {
    match value {
        AttributeValue::S(text) => Some(text.len()),
        AttributeValue::B(bytes) => Some(bytes.len()),
        AttributeValue::Ss(members) | AttributeValue::Ns(members) => Some(members.len()),
        AttributeValue::Bs(members) => Some(members.len()),
        AttributeValue::L(members) => Some(members.len()),
        AttributeValue::M(members) => Some(members.len()),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null(_) => None,
    }
}
