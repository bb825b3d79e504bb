//! An attribute of an entity: its type, its options, and the checks a value passes before it is stored.

mod default;
mod kind;
mod rules;

pub use default::{DefaultValue, Kept};
pub(crate) use kind::NoMember;
pub use kind::{AttributeType, Members, SetItems};
pub use rules::{Case, Rules};

use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use crate::encoding::Encoding;
use crate::entity::Fresh;
use crate::invalid::Invalid;
use crate::value;

/// The most decimal places a `decimal` may declare, so that its unit still fits the rollups' fixed-point integers.
pub const MAX_SCALE: u32 = 18;

/// One attribute, as the definition file declares it: of an item, or of a map in it. What is said of the members of a list is one
/// too, which has the list's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name in the definition, in requests and in answers.
    pub name: String,
    /// Its name in the stored item; the same unless `field` says otherwise.
    pub field: String,
    /// What its values are.
    pub kind: AttributeType,
    /// Whether an item must have it.
    pub required: bool,
    /// What an item gets when it is absent.
    pub default: Option<DefaultValue>,
    /// Whether it can be set when the item is written whole only, never by an update.
    pub read_only: bool,
    /// What the library does with it by itself; no request gives it a value then.
    pub kept: Option<Kept>,
    /// Whether answers leave it out.
    pub hidden: bool,
    /// What its values must satisfy.
    pub rules: Rules,
}

/// Decimal places at which a number without a declared scale is measured.
pub const DEFAULT_SCALE: u32 = 9;

impl Attribute {
    /// The decimal places at which it is measured by rollups.
    pub fn scale(&self) -> u32 {
        match self.kind {
            AttributeType::Integer => 0,
            AttributeType::Decimal { scale } => scale,
            _ => DEFAULT_SCALE,
        }
    }

    /// An attribute of a type, without any option.
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

    /// The attribute as it is asked about one value of it: of a set, about a member.
    #[must_use]
    pub fn of_one(&self) -> Self {
        Self { kind: self.kind.of_one(), ..self.clone() }
    }

    /// The attribute's value in a stored item.
    pub fn of<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        item.get(&self.field).filter(|value| !matches!(value, AttributeValue::Null(_)))
    }

    /// Whether every item that is written through this definition has the attribute.
    pub fn is_always_present(&self) -> bool {
        self.required || self.default.is_some() || self.kept.is_some()
    }

    /// Whether its values are hidden, or something in them is.
    pub fn hides(&self) -> bool {
        self.hidden || self.hides_parts()
    }

    /// Whether something in its values is hidden.
    pub fn hides_parts(&self) -> bool {
        self.kind.inside().iter().any(|part| part.hides())
    }

    /// What is said where it is absent and must not be.
    pub(crate) fn required_message(&self) -> String {
        format!("expected {}, it is required", self.kind.noun())
    }

    /// Encodes a JSON value: cleaned, checked against the type and the rules, and what is in it against theirs. What a map in it
    /// lacks gets its default.
    ///
    /// # Errors
    /// What was expected instead, at every place where something is wrong.
    pub fn encode(&self, json: &Value, fresh: Fresh) -> Result<AttributeValue, Invalid> {
        self.encode_as(json, Encoding::to_store(fresh))
    }

    /// Encodes a JSON value as [`Self::encode`] does but for the rules: what is compared with stored values need not be
    /// one that could be stored.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn normalise(&self, json: &Value) -> Result<AttributeValue, Invalid> {
        self.encode_as(json, Encoding::to_compare())
    }

    /// Encodes a value given as text as [`Self::normalise`] does.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn normalise_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.normalise(&value::text_to_json(&self.kind, text)?)
    }

    /// Encodes a value given as text, in a path or a query: one in which nothing has a default of its own.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn encode_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.encode(&value::text_to_json(&self.kind, text)?, Fresh::NONE)
    }

    /// The JSON of a value given as text, as in a row of CSV. It can be encoded.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn json_of_text(&self, text: &str) -> Result<Value, Invalid> {
        let json = value::text_to_json(&self.kind, text)?;
        let encoded = self.encode(&json, Fresh::NONE)?;
        // What is in it gets its defaults when it is written.
        Ok(if self.kind.inside().is_empty() { value::decode(&encoded) } else { json })
    }

    pub(crate) fn encode_as(
        &self,
        json: &Value,
        encoding: Encoding,
    ) -> Result<AttributeValue, Invalid> {
        let encoded = value::encode_as(&self.kind, &self.rules.clean(json), encoding)?;
        if encoding.stored_with().is_some() {
            self.rules.check(&encoded)?;
        }
        Ok(encoded)
    }
}
