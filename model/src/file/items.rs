//! What each member of a list, a set or a map is: `items = "string"`, or `items = { type =
//! "integer", min = 0 }`.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{AttributeFile, TypeName};

/// The members of a list, a set or a map.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ItemsFile {
    /// Their type, when nothing else is said of them.
    Type(TypeName),
    /// Their type and options. What is about a name, such as `required` and `default`, no member
    /// takes.
    Rule(Box<AttributeFile>),
}

impl ItemsFile {
    /// Type and options, whichever way they are written.
    pub fn rule(&self) -> Cow<'_, AttributeFile> {
        match self {
            Self::Type(kind) => Cow::Owned(AttributeFile::of_type(*kind)),
            Self::Rule(rule) => Cow::Borrowed(rule),
        }
    }
}

/// By hand, for a derived one would say of a mistake only that no variant matches.
impl<'de> Deserialize<'de> for ItemsFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TypeOrRule)
    }
}

struct TypeOrRule;

impl<'de> Visitor<'de> for TypeOrRule {
    type Value = ItemsFile;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a type, or a table such as { type = \"integer\", min = 0 }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ItemsFile, E> {
        TypeName::deserialize(StrDeserializer::new(text)).map(ItemsFile::Type)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ItemsFile, A::Error> {
        let rule = AttributeFile::deserialize(MapAccessDeserializer::new(members))?;
        Ok(ItemsFile::Rule(Box::new(rule)))
    }
}
