//! The rules for values of an attribute beyond their type, and the cleaning of text before.

use std::borrow::Cow;

use regex::Regex;
use serde_dynamo::AttributeValue;
use serde_json::Value;

use crate::invalid::Invalid;
use crate::number::Number;
use crate::value;

/// The rules for values of an attribute, and the cleaning of text before.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// A regular expression the text must match.
    pub pattern: Option<Regex>,
    /// The least value.
    pub min: Option<Number>,
    /// The greatest value.
    pub max: Option<Number>,
    /// The least length: characters of text, bytes of binary, members of a set, list or map.
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

impl PartialEq for Rules {
    /// By what is written in the definition: a pattern is the same as one of the same text.
    fn eq(&self, other: &Self) -> bool {
        let parts = |rules: &Self| {
            let pattern = rules.pattern.as_ref().map(|pattern| pattern.as_str().to_owned());
            let bounds = (rules.min.clone(), rules.max.clone());
            (pattern, bounds, rules.min_length, rules.max_length, rules.trim, rules.case)
        };
        parts(self) == parts(other)
    }
}

impl Rules {
    /// Returns whether a value may be too small, too great, too short or too long.
    pub fn has_limits(&self) -> bool {
        let lengths = self.min_length.or(self.max_length);
        self.min.is_some() || self.max.is_some() || lengths.is_some()
    }

    /// Text as it is stored; anything else as it is.
    pub(crate) fn clean<'a>(&self, json: &'a Value) -> Cow<'a, Value> {
        let Value::String(text) = json else { return Cow::Borrowed(json) };
        let trimmed = if self.trim { text.trim() } else { text };
        let cleaned = match self.case {
            Some(Case::Lower) => trimmed.to_lowercase(),
            Some(Case::Upper) => trimmed.to_uppercase(),
            None if trimmed == text => return Cow::Borrowed(json),
            None => trimmed.to_owned(),
        };
        Cow::Owned(Value::String(cleaned))
    }

    /// Checks an encoded value.
    pub(crate) fn check(&self, value: &AttributeValue) -> Result<(), Invalid> {
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
