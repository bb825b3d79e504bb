//! Types of attributes, and what a definition says of the members of maps and lists.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_dynamo::AttributeValue;

use super::{Attribute, find};
use crate::instant::TimestampFormat;
use crate::step::Step;

/// The attribute of a value without a rule: it may be anything.
static ANYTHING: LazyLock<Attribute> = LazyLock::new(|| Attribute::plain("", AttributeType::Any));

/// The type of an attribute's values.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeType {
    /// Text.
    String,
    /// Any number DynamoDB stores: a decimal of up to 38 digits.
    Number,
    /// A number without decimal places.
    Integer,
    /// A number with at most `scale` decimal places.
    Decimal {
        /// Decimal places.
        scale: u32,
    },
    /// True or false.
    Boolean,
    /// One of the listed texts.
    Enum {
        /// The texts.
        values: Vec<String>,
    },
    /// An instant.
    Timestamp(TimestampFormat),
    /// Bytes; base64 in JSON.
    Binary,
    /// A set of texts, numbers or byte strings.
    Set(SetItems),
    /// A list, and what each of its members is; of anything where that is not said.
    List(Option<Box<Attribute>>),
    /// A map.
    Map(Members),
    /// Anything.
    Any,
}

/// The type of the members of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetItems {
    /// Texts (`SS`).
    String,
    /// Numbers (`NS`).
    Number,
    /// Byte strings (`BS`).
    Binary,
}

/// The members of a map.
#[derive(Clone, Debug, PartialEq)]
pub enum Members {
    /// Anything under any name.
    Any,
    /// Any names, each with a value that follows this rule.
    Each(Box<Attribute>),
    /// These attributes and no others.
    Named(Vec<Attribute>),
}

/// Why a step leads to no member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoMember<'a> {
    /// A value of the type has none of that kind: a map was expected, or a list.
    Expected(&'static str),
    /// The name is that of none of these.
    Unknown(&'a [Attribute]),
}

impl AttributeType {
    /// Returns the type's name in the definition file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Decimal { .. } => "decimal",
            Self::Boolean => "boolean",
            Self::Enum { .. } => "enum",
            Self::Timestamp(_) => "timestamp",
            Self::Binary => "binary",
            Self::Set(_) => "set",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Any => "any",
        }
    }

    /// Returns the name with its article, for messages: `an enum`.
    pub fn noun(&self) -> String {
        let name = self.name();
        let article = if name.starts_with(['a', 'e', 'i']) { "an" } else { "a" };
        format!("{article} {name}")
    }

    /// Returns the instant that a stored value is; `None` for what is none, and for any other type
    /// than a timestamp.
    pub fn instant(&self, value: &AttributeValue) -> Option<Timestamp> {
        match self {
            Self::Timestamp(format) => format.read(value),
            _ => None,
        }
    }

    /// Returns whether values are numbers that can be measured.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Number | Self::Integer | Self::Decimal { .. })
    }

    /// Returns whether values have one text form, as keys and dimensions need.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Binary | Self::Set(_) | Self::List(_) | Self::Map(_) | Self::Any)
    }

    /// Returns the type of one value: the member of a set, else the whole value.
    #[must_use]
    pub fn of_one(&self) -> Self {
        match self {
            Self::Set(SetItems::String) => Self::String,
            Self::Set(SetItems::Number) => Self::Number,
            Self::Set(SetItems::Binary) => Self::Binary,
            other => other.clone(),
        }
    }

    /// Returns the values that an enum or a boolean may have, in the definition's order; none of
    /// other types, which may have many.
    pub fn values_of_few(&self) -> Vec<&str> {
        match self {
            Self::Enum { values } => values.iter().map(String::as_str).collect(),
            Self::Boolean => vec!["false", "true"],
            _ => Vec::new(),
        }
    }

    /// Returns the rules of what is in a value: of each member, or of each attribute. None where
    /// anything may be in it.
    pub fn inside(&self) -> &[Attribute] {
        match self {
            Self::List(Some(rule)) | Self::Map(Members::Each(rule)) => std::slice::from_ref(rule),
            Self::Map(Members::Named(attributes)) => attributes,
            _ => &[],
        }
    }

    /// Returns the rule of the member to which a step by declared names leads.
    pub(crate) fn member(&self, step: &Step) -> Result<&Attribute, NoMember<'_>> {
        match (self, step) {
            (Self::Any, _)
            | (Self::List(None), Step::Position(_))
            | (Self::Map(Members::Any), Step::Name(_)) => Ok(&ANYTHING),
            (Self::List(Some(rule)), Step::Position(_))
            | (Self::Map(Members::Each(rule)), Step::Name(_)) => Ok(rule),
            (Self::Map(Members::Named(attributes)), Step::Name(name)) => {
                find(attributes, name).ok_or(NoMember::Unknown(attributes))
            }
            (_, Step::Name(_)) => Err(NoMember::Expected("a map before the dot")),
            (_, Step::Position(_)) => Err(NoMember::Expected("a list before the position")),
        }
    }
}
