//! JSON from outside: complete, at most 128 levels deep, with each name of an object once.
//!
//! Most readers keep the last of two equal names, some the first. A gateway that looked at the one
//! would let the other through, so Weir takes neither.
//!
//! serde_json reserves the names that begin with [`RESERVED`]: it hands numbers over, and takes
//! text that is JSON already, as an object with one such name. In a text such a name would
//! therefore be obeyed, and what it holds would escape every other rule here. No text may have one.
//!
//! **Invariant:** what [`parse`] returns says everything that the text says, and nothing else;
//! numbers keep every digit.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::limits::MAX_JSON_VALUES;
use crate::shorten::quoted;

/// How the names begin that serde_json reserves for itself.
pub const RESERVED: &str = "$serde_json::private::";

/// Returns the value that a text is.
///
/// # Errors
/// With line and column: where and why it is not JSON, a name that an object has twice, a name that
/// begins with [`RESERVED`], more values than [`MAX_JSON_VALUES`].
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    parse_within(text, MAX_JSON_VALUES)
}

/// The same with another limit on the number of values, for answers of a service.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(text: &[u8], most: usize) -> Result<Value, serde_json::Error> {
    check_names(text)?;
    let room = Cell::new(most);
    let mut reader = serde_json::Deserializer::from_slice(text);
    Plain { room: &room, most }.deserialize(&mut reader)?;
    reader.end()?;
    serde_json::from_slice(text)
}

/// Returns whether serde_json would obey a name.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED)
}

/// Rejects every name that serde_json reserves, before anything is parsed. In JSON a string with a
/// colon behind it is a name; what is not JSON is for the parser to reject.
fn check_names(text: &[u8]) -> Result<(), serde_json::Error> {
    let mut position = 0;
    while let Some(quote) = text[position..].iter().position(|byte| *byte == b'"') {
        let start = position + quote;
        let Some(end) = end_of_string(text, start) else { return Ok(()) };
        position = end;
        let behind = text[end..].iter().find(|byte| !byte.is_ascii_whitespace());
        if behind == Some(&b':')
            && matches!(text[start + 1], b'$' | b'\\')
            && let Ok(name) = serde_json::from_slice::<String>(&text[start..end])
            && is_reserved(&name)
        {
            let (line, column) = place(&text[..end]);
            let what = format!("the name {} is reserved", quoted(&name));
            return Err(serde_json::Error::custom(format!(
                "{what} at line {line} column {column}"
            )));
        }
    }
    Ok(())
}

/// Returns where the string that opens at `start` ends, its closing quote included.
fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    let mut is_escaped = false;
    for (offset, byte) in text[start + 1..].iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(start + offset + 2),
            _ => {}
        }
    }
    None
}

/// Returns the line and column of the end of a text, as serde_json counts them.
fn place(before: &[u8]) -> (usize, usize) {
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    (lines + 1, column)
}

/// Any JSON in which no object has a name twice. Nothing of it is kept.
#[derive(Clone, Copy)]
struct Plain<'c> {
    /// How many more values there may be.
    room: &'c Cell<usize>,
    most: usize,
}

impl<'de> DeserializeSeed<'de> for Plain<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Some(room) = self.room.get().checked_sub(1) else {
            let message = format!("more than {} values, which is the most", self.most);
            return Err(D::Error::custom(message));
        };
        self.room.set(room);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    /// Objects, and numbers too: serde_json hands those over as an object of one reserved name, so
    /// that no digit is lost.
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = object.next_key::<String>()? {
            if names.contains(&name) {
                let name = quoted(&name);
                return Err(A::Error::custom(format!("the name {name} occurs twice")));
            }
            if is_reserved(&name) {
                object.next_value::<String>()?;
            } else {
                object.next_value_seed(self)?;
            }
            names.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
