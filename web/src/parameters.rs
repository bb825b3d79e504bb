//! The query string of a request: parameters taken by name, and every mistake at once.
//!
//! ```
//! # fn read(mut parameters: weir_http::Parameters) -> Result<(), weir_http::Problem> {
//! let limit = parameters.number("limit", 1..=1000, 100);
//! let order = parameters.choice("order", &["asc", "desc"]);
//! parameters.finish()?;
//! # Ok(()) }
//! ```
//!
//! **Invariant:** a parameter that nobody takes is refused, never ignored.

use std::ops::RangeInclusive;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use weir_model::shorten::{listed, quoted};
use weir_model::{Entity, FieldError, Predicate, errors, suggestion};

use crate::conditions;
use crate::paths::check_encoding;
use crate::problem::{Kind, Problem};

/// How many items a page of a list may have.
pub const LIST_LIMIT: RangeInclusive<u32> = 1..=1000;
/// How many it has unless asked otherwise.
pub const LIST_DEFAULT: u32 = 100;
/// How many points a page of an answer may have.
pub const POINTS_LIMIT: RangeInclusive<u32> = 1..=10_000;
/// How many it has unless asked otherwise.
pub const POINTS_DEFAULT: u32 = 1000;
/// How many ranks a page of a leaderboard may have.
pub const RANKS_LIMIT: RangeInclusive<u32> = 1..=100;
/// How many it has unless asked otherwise.
pub const RANKS_DEFAULT: u32 = 10;

/// The parameters of a query string, until they are taken.
#[derive(Debug, Default)]
pub struct Parameters {
    given: Vec<(String, String)>,
    /// All of them, also those that were taken.
    whole: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Parameters {
    /// Returns every parameter of the request, also those that were taken.
    pub(crate) fn whole(&self) -> &[(String, String)] {
        &self.whole
    }

    /// Returns the text of a parameter.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let named = self.given.extract_if(.., |(given, _)| given == name);
        let mut values: Vec<_> = named.map(|(_, value)| value).collect();
        if values.len() > 1 {
            let times =
                if values.len() == 2 { "twice" } else { &format!("{} times", values.len()) };
            self.error(name, format!("given {times}, expected one value"));
        }
        values.pop()
    }

    /// Returns a whole number within a range; `default` when it is absent.
    pub fn number(&mut self, name: &'static str, range: RangeInclusive<u32>, default: u32) -> u32 {
        let Some(text) = self.text(name) else { return default };
        match text.parse().ok().filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let (least, most) = (range.start(), range.end());
                self.error(
                    name,
                    format!("{}, expected a whole number from {least} to {most}", quoted(&text)),
                );
                default
            }
        }
    }

    /// One of some texts; the first when it is absent.
    pub fn choice(&mut self, name: &'static str, choices: &[&'static str]) -> &'static str {
        let default = choices[0];
        let Some(text) = self.text(name) else { return default };
        choices.iter().copied().find(|choice| *choice == text).unwrap_or_else(|| {
            self.error(name, format!("{}, expected {}", quoted(&text), choices.join(" or ")));
            default
        })
    }

    /// `true` or `false`; `None` when it is absent.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        let text = self.text(name)?;
        match text.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.error(name, format!("{}, expected true or false", quoted(&text)));
                None
            }
        }
    }

    /// Returns a condition on an item of an entity, as JSON; what holds always when it is absent.
    pub fn condition(&mut self, name: &'static str, entity: &Entity) -> Predicate {
        let Some(text) = self.text(name) else { return Predicate::always() };
        let parsed = crate::json::parse(text.as_bytes()).map_err(|error| {
            let expected = "expected JSON such as {\"status\":\"paid\"}";
            vec![FieldError::new(name, format!("{error}, {expected}"))]
        });
        parsed.and_then(|json| conditions::parse(entity, &json)).unwrap_or_else(|errors| {
            for error in errors {
                let is_whole = error.field == name;
                let message = if is_whole { error.message.clone() } else { error.to_string() };
                let error = FieldError { others: error.others, ..FieldError::new(name, message) };
                errors::append(&mut self.errors, [error]);
            }
            Predicate::always()
        })
    }

    /// Returns everything that was not taken by name.
    pub fn rest(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.given)
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// Every parameter that was not as expected, and every one that was not taken.
    pub fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.given) {
            let unknown = || FieldError::new(&name, no_such(&self.known, &name));
            errors::note(&mut self.errors, unknown);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::parameters(self.errors)) }
    }

    /// Adds a mistake to those that [`Self::finish`] tells.
    pub fn error(&mut self, name: &str, message: impl Into<String>) {
        errors::note(&mut self.errors, || FieldError::new(name, message.into()));
    }
}

/// Returns the message about a parameter that no handler has taken.
fn no_such(known: &[&str], name: &str) -> String {
    if known.is_empty() {
        return "no such parameter; this path takes none".to_owned();
    }
    let (near, valid) = (suggestion(name, known.iter().copied()), listed(known));
    format!("no such parameter; {near}expected one of {valid}")
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        check_encoding(Kind::BadQuery, parts.uri.query().unwrap_or_default())?;
        let Query(given) =
            Query::<Vec<(String, String)>>::from_request_parts(parts, state)
                .await
                .map_err(|rejection| Problem::new(Kind::BadQuery, rejection.body_text()))?;
        Ok(Self { whole: given.clone(), given, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(given: &[(&str, &str)]) -> Parameters {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Parameters { given: given.collect(), ..Parameters::default() }
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let mut none = parameters(&[]);
        assert_eq!(none.number("limit", 1..=10, 5), 5);
        assert_eq!(none.choice("order", &["asc", "desc"]), "asc");
        assert_eq!(none.text("cursor"), None);
        assert!(none.finish().is_ok());
    }

    #[test]
    fn every_mistake_is_told_at_once_with_what_was_expected() {
        let mut wrong =
            parameters(&[("limit", "0"), ("order", "up"), ("cursr", "x"), ("limit", "1")]);
        wrong.number("limit", 1..=10, 5);
        wrong.choice("order", &["asc", "desc"]);
        wrong.text("cursor");
        let problem = wrong.finish().expect_err("four mistakes");
        let messages: Vec<_> = problem.errors().iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "`limit`: given twice, expected one value",
                "`order`: `up`, expected asc or desc",
                "`cursr`: no such parameter; did you mean `cursor`? expected one of limit, order, \
                 cursor",
            ]
        );
    }
}
