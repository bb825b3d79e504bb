//! An attribute of an entity: its type, its options, and the checks a value passes before it is stored.

use regex::Regex;
use serde_dynamo::{AttributeValue, Item};
use serde_json::Value;

use crate::instant::TimestampFormat;
use crate::number::Number;
use crate::value::{self, Invalid};

/// The most decimal places a `decimal` may declare, so that its unit still fits the rollups' fixed-point integers.
pub const MAX_SCALE: u32 = 18;

/// One attribute, as the definition file declares it.
#[derive(Clone, Debug)]
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

/// What an attribute's values are.
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
    /// A list of anything.
    List,
    /// A map from text to anything.
    Map,
    /// Anything.
    Any,
}

/// What a set holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetItems {
    /// Texts (`SS`).
    String,
    /// Numbers (`NS`).
    Number,
    /// Byte strings (`BS`).
    Binary,
}

/// What an absent attribute becomes when an item is written.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A given value, encoded.
    Value(AttributeValue),
    /// A new random UUID (version 4).
    Uuid,
    /// A new ULID, which sorts by the time it was made.
    Ulid,
    /// The time of the write.
    Now,
}

/// What the library keeps in an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// When the item was last written.
    WrittenAt,
    /// How often the item was written: 1 when it is created, one more with each write.
    Version,
}

/// What values of an attribute must satisfy, and how text is cleaned first.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// A regular expression the text must match.
    pub pattern: Option<Regex>,
    /// The least value.
    pub min: Option<Number>,
    /// The greatest value.
    pub max: Option<Number>,
    /// The least length: characters of text, bytes of binary, members of a set or list.
    pub min_length: Option<usize>,
    /// The greatest length.
    pub max_length: Option<usize>,
    /// White space at both ends is removed.
    pub trim: bool,
    /// Letters are made lower or upper case.
    pub case: Option<Case>,
}

/// Which case letters are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Lower.
    Lower,
    /// Upper.
    Upper,
}

impl AttributeType {
    /// The type's name in the definition file.
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
            Self::List => "list",
            Self::Map => "map",
            Self::Any => "any",
        }
    }

    /// The name with its article, for messages: `an enum`.
    pub fn noun(&self) -> String {
        let name = self.name();
        let article = if name.starts_with(['a', 'e', 'i']) { "an" } else { "a" };
        format!("{article} {name}")
    }

    /// Whether values are numbers that can be measured.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Number | Self::Integer | Self::Decimal { .. })
    }

    /// Whether values have one text form, as keys and dimensions need.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Binary | Self::Set(_) | Self::List | Self::Map | Self::Any)
    }

    /// What one value is: of a set a member, of anything else the whole.
    #[must_use]
    pub fn of_one(&self) -> Self {
        match self {
            Self::Set(SetItems::String) => Self::String,
            Self::Set(SetItems::Number) => Self::Number,
            Self::Set(SetItems::Binary) => Self::Binary,
            other => other.clone(),
        }
    }
}

impl Attribute {
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

    /// Encodes a JSON value: cleaned, checked against the type and the rules.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn encode(&self, json: &Value) -> Result<AttributeValue, Invalid> {
        let encoded = self.normalise(json)?;
        self.rules.check(&encoded)?;
        Ok(encoded)
    }

    /// Encodes a JSON value as [`Self::encode`] does but for the rules: what is compared with stored values need not be
    /// one that could be stored.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn normalise(&self, json: &Value) -> Result<AttributeValue, Invalid> {
        match json {
            Value::String(text) => {
                value::encode(&self.kind, &Value::String(self.rules.clean(text)))
            }
            other => value::encode(&self.kind, other),
        }
    }

    /// Encodes a value given as text as [`Self::normalise`] does.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn normalise_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.normalise(&value::text_to_json(&self.kind, text)?)
    }

    /// Encodes a value given as text: in a path, a query, or a row of CSV.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn encode_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.encode(&value::text_to_json(&self.kind, text)?)
    }
}

impl Rules {
    fn clean(&self, text: &str) -> String {
        let text = if self.trim { text.trim() } else { text };
        match self.case {
            Some(Case::Lower) => text.to_lowercase(),
            Some(Case::Upper) => text.to_uppercase(),
            None => text.to_owned(),
        }
    }

    fn check(&self, value: &AttributeValue) -> Result<(), Invalid> {
        if let AttributeValue::S(text) = value
            && let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            return Err(Invalid::new(format!("expected text that matches {pattern}")));
        }
        if let Some(length) = value::length(value) {
            self.check_length(length)?;
        }
        if let AttributeValue::N(text) = value
            && (self.min.is_some() || self.max.is_some())
            && let Ok(number) = text.parse::<Number>()
        {
            self.check_bounds(&number)?;
        }
        Ok(())
    }

    fn check_length(&self, length: usize) -> Result<(), Invalid> {
        if let Some(min) = self.min_length.filter(|min| length < *min) {
            return Err(Invalid::new(format!(
                "expected a length of at least {min}, it is {length}"
            )));
        }
        if let Some(max) = self.max_length.filter(|max| length > *max) {
            return Err(Invalid::new(format!(
                "expected a length of at most {max}, it is {length}"
            )));
        }
        Ok(())
    }

    fn check_bounds(&self, number: &Number) -> Result<(), Invalid> {
        if let Some(min) = self.min.as_ref().filter(|min| number < *min) {
            return Err(Invalid::new(format!("expected at least {min}")));
        }
        if let Some(max) = self.max.as_ref().filter(|max| number > *max) {
            return Err(Invalid::new(format!("expected at most {max}")));
        }
        Ok(())
    }
}
