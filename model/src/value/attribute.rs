//! Encodes values of an attribute: by its type, its rules, and those of its members.

use serde_dynamo::AttributeValue;
use serde_json::Value;

use crate::attribute::Attribute;
use crate::encoding::Encoding;
use crate::invalid::Invalid;
use crate::write_context::WriteContext;

impl Attribute {
    /// Encodes a JSON value: cleaned, checked against the type and the rules, and what is in it
    /// against theirs. What a map in it lacks gets its default.
    ///
    /// # Errors
    /// The expectation, at every place with a mistake.
    pub fn encode(&self, json: &Value, context: WriteContext) -> Result<AttributeValue, Invalid> {
        self.encode_as(json, Encoding::to_store(context))
    }

    /// Encodes a JSON value as [`Self::encode`] does but for the rules: what is compared with
    /// stored values need not be one that could be stored.
    ///
    /// # Errors
    /// The expectation.
    pub fn normalise(&self, json: &Value) -> Result<AttributeValue, Invalid> {
        self.encode_as(json, Encoding::to_compare())
    }

    /// Encodes a value given as text as [`Self::normalise`] does.
    ///
    /// # Errors
    /// The expectation.
    pub fn normalise_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.normalise(&super::text_to_json(&self.kind, text)?)
    }

    /// Encodes a value given as text, in a path or a query: one in which nothing has a default of
    /// its own.
    ///
    /// # Errors
    /// The expectation.
    pub fn encode_text(&self, text: &str) -> Result<AttributeValue, Invalid> {
        self.encode(&super::text_to_json(&self.kind, text)?, WriteContext::NONE)
    }

    /// Returns the JSON of a value given as text, as in a row of CSV. It can be encoded.
    ///
    /// # Errors
    /// The expectation.
    pub fn json_of_text(&self, text: &str) -> Result<Value, Invalid> {
        let json = super::text_to_json(&self.kind, text)?;
        let encoded = self.encode(&json, WriteContext::NONE)?;
        // What is in it gets its defaults when it is written.
        Ok(if self.kind.inside().is_empty() { super::decode(&encoded) } else { json })
    }

    pub(crate) fn encode_as(
        &self,
        json: &Value,
        encoding: Encoding,
    ) -> Result<AttributeValue, Invalid> {
        let encoded = super::encode_as(&self.kind, &self.rules.clean(json), encoding)?;
        if encoding.stored_with().is_some() {
            self.rules.check(&encoded)?;
        }
        Ok(encoded)
    }
}
