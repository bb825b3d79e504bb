//! Reads document paths, which begin with an attribute of an entity.

use super::{Path, Place};
use crate::entity::Entity;
use crate::field_error::FieldError;
use crate::json;
use crate::limits::MAX_DEPTH;
use crate::shorten::quoted;
use crate::step::{Step, joined};

impl Path {
    /// Reads a path in an item of an entity. An attribute whose name has dots in it is found by its
    /// whole name.
    ///
    /// # Errors
    /// The mistake, as an error of the field that the text is.
    pub fn parse<'a>(entity: &'a Entity, text: &str) -> Result<Place<'a>, FieldError> {
        if let Some(attribute) = entity.attribute(text) {
            return Ok(Place { path: Self::from_attribute(attribute), rules: vec![attribute] });
        }
        let steps = steps(text).ok_or_else(|| {
            let expected = "expected names with a dot between, and positions such as [0]";
            FieldError::new(text, format!("is not a path; {expected}"))
        })?;
        let Some((Step::Name(first), nested)) = steps.split_first() else {
            return Err(FieldError::new(
                text,
                "is not a path; expected an attribute before the rest",
            ));
        };
        if steps.len() > MAX_DEPTH {
            let message = format!("has {} steps; expected at most {MAX_DEPTH}", steps.len());
            return Err(FieldError::new(text, message));
        }
        let is_reserved =
            |step: &&Step| matches!(step, Step::Name(name) if json::is_reserved(name));
        if let Some(step) = nested.iter().find(is_reserved) {
            let name = quoted(&joined(std::iter::once(step)));
            return Err(FieldError::new(text, format!("the name {name} is reserved")));
        }
        let attribute = entity
            .attribute(first)
            .ok_or_else(|| FieldError::new(text, entity.no_such_attribute(first)))?;
        let mut place = Place { path: Self::from_attribute(attribute), rules: vec![attribute] };
        for step in nested {
            place.enter(step).map_err(|message| FieldError::new(text, message))?;
        }
        Ok(place)
    }
}

/// Returns the steps of `a.b[0][1].c`; `None` if a name is empty or a position is not a number.
fn steps(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for part in text.split('.') {
        let (name, positions) = match part.split_once('[') {
            Some((name, rest)) => (name, Some(rest.strip_suffix(']')?)),
            None => (part, None),
        };
        if name.is_empty() || name.contains(']') {
            return None;
        }
        steps.push(Step::Name(name.to_owned()));
        for position in positions.into_iter().flat_map(|positions| positions.split("][")) {
            let is_number = position.bytes().all(|byte| byte.is_ascii_digit());
            steps.push(Step::Position(position.parse().ok().filter(|_| is_number)?));
        }
    }
    Some(steps)
}
