//! An attribute of an entity: its type, its options, and the checks a value passes before it is
//! stored.

mod default;
mod kind;
mod managed;
mod named;
mod rules;

pub use default::DefaultValue;
pub(crate) use kind::NoMember;
pub use kind::{AttributeType, Members, SetItems};
pub use managed::ManagedBy;
pub(crate) use managed::{MANAGED, write_time};
pub(crate) use named::{find, no_such_attribute};
pub use rules::{Case, Rules};

use serde_dynamo::{AttributeValue, Item};

/// The most decimal places a `decimal` may declare, so that its unit still fits the rollups'
/// fixed-point integers.
pub const MAX_SCALE: u32 = 18;

/// One attribute, as the definition file declares it: of an item, or of a map in it. What is said
/// of the members of a list is one too, which has the list's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name in the definition, in requests and in answers.
    pub name: String,
    /// Its name in the stored item; the same unless `field` says otherwise.
    pub field: String,
    /// The type of its values.
    pub kind: AttributeType,
    /// Whether an item must have it.
    pub required: bool,
    /// The value that an item gets if it is absent.
    pub default: Option<DefaultValue>,
    /// Whether it can be set when the item is written whole only, never by an update.
    pub read_only: bool,
    /// The rule by which the library writes it; no request gives it a value then. The name of the
    /// field is part of stored fingerprints of rollups.
    pub kept: Option<ManagedBy>,
    /// Whether answers leave it out.
    pub hidden: bool,
    /// The rules for its values.
    pub rules: Rules,
}

/// Decimal places at which a number without a declared scale is measured.
pub const DEFAULT_SCALE: u32 = 9;

impl Attribute {
    /// Returns the decimal places at which it is measured by rollups.
    pub fn scale(&self) -> u32 {
        match self.kind {
            AttributeType::Integer => 0,
            AttributeType::Decimal { scale } => scale,
            _ => DEFAULT_SCALE,
        }
    }

    /// Returns an attribute of a type, without any option.
    pub(crate) fn plain(name: &str, kind: AttributeType) -> Self {
        Self {
            name: name.to_owned(),
            field: name.to_owned(),
            kind,
            required: false,
            default: None,
            read_only: false,
            kept: None,
            hidden: false,
            rules: Rules::default(),
        }
    }

    /// Returns the attribute as it is asked about one value of it: of a set, about a member.
    #[must_use]
    pub fn of_one(&self) -> Self {
        Self { kind: self.kind.of_one(), ..self.clone() }
    }

    /// Returns the attribute's value in a stored item; `None` for null.
    pub fn value_in<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        item.get(&self.field).filter(|value| !matches!(value, AttributeValue::Null(_)))
    }

    /// Returns whether every item that is written through this definition has the attribute.
    pub fn is_always_present(&self) -> bool {
        self.required || self.default.is_some() || self.kept.is_some()
    }

    /// Returns whether its values are hidden, or something in them is.
    pub fn hides(&self) -> bool {
        self.hidden || self.hides_parts()
    }

    /// Returns whether something in its values is hidden.
    pub fn hides_parts(&self) -> bool {
        self.kind.inside().iter().any(|part| part.hides())
    }

    /// Returns the message about an item that lacks it.
    pub(crate) fn required_message(&self) -> String {
        format!("expected {}, it is required", self.kind.noun())
    }
}
