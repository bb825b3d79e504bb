//! The environment as a value, and the one parser of its variables.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::time::Duration;

use weir_model::nearest;

use crate::error::{InvalidVariable, StartError};
use crate::variables;

/// The variables of a process.
///
/// ```
/// # use weir_startup::Environment;
/// let environment = Environment::from_pairs([("WEIR_BATCH_SIZE", "many")]);
/// let error = environment.number("WEIR_BATCH_SIZE", 1..=10_000).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "WEIR_BATCH_SIZE is `many`, expected a whole number from 1 to 10000"
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn from_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// Creates an environment from names and values.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: pairs.collect() }
    }

    /// Returns the value of a variable as the system has it.
    pub fn os_text(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Returns the value of a variable as text; bytes that are not text become `U+FFFD`.
    pub fn text(&self, name: &str) -> Option<String> {
        self.os_text(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// Parses the value of a variable; `expected` names the values that are allowed.
    ///
    /// # Errors
    /// A value for which `parse` returns `None`.
    pub fn parse<T>(
        &self,
        name: &'static str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, InvalidVariable> {
        let Some(value) = self.text(name) else { return Ok(None) };
        match parse(&value) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(InvalidVariable { name, value, expected: expected.to_owned() }),
        }
    }

    /// Parses a whole number within a range.
    ///
    /// # Errors
    /// A value that is not such a number.
    pub fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, InvalidVariable> {
        self.parse(name, &whole_number(&range), |value| number_within(value, &range))
    }

    /// Parses a whole number of seconds within a range.
    ///
    /// # Errors
    /// A value that is not such a number.
    pub fn seconds(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Duration>, InvalidVariable> {
        Ok(self.number(name, range)?.map(Duration::from_secs))
    }

    /// Parses a whole number within a range, or `-1`, which stands for no limit: `Some(None)`.
    ///
    /// # Errors
    /// A value that is neither.
    pub fn limit(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<Option<u64>>, InvalidVariable> {
        let expected = format!("{}, or -1 for none", whole_number(&range));
        self.parse(name, &expected, |value| match value {
            "-1" => Some(None),
            value => number_within(value, &range).map(Some),
        })
    }

    /// Parses a choice of two words, the first of which means yes.
    ///
    /// # Errors
    /// Another word.
    pub fn choice(
        &self,
        name: &'static str,
        [yes, no]: [&str; 2],
    ) -> Result<Option<bool>, InvalidVariable> {
        self.parse(name, &format!("{yes} or {no}"), |value| match value {
            value if value == yes => Some(true),
            value if value == no => Some(false),
            _ => None,
        })
    }

    /// Checks that every variable with Weir's prefix is one that a program reads.
    ///
    /// # Errors
    /// The first that none reads.
    pub(crate) fn check_names(&self) -> Result<(), StartError> {
        let set = self.variables.keys().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = variables::unknown(set).into_iter().next() else { return Ok(()) };
        let known = variables::ALL.iter().map(|variable| variable.name);
        let expected = match nearest(&name, known.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => {
                let ours: Vec<_> =
                    known.filter(|name| name.starts_with(variables::PREFIX)).collect();
                format!("expected one of {}", ours.join(", "))
            }
        };
        Err(StartError::Unknown { name, expected })
    }
}

fn whole_number(range: &RangeInclusive<u64>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

fn number_within(value: &str, range: &RangeInclusive<u64>) -> Option<u64> {
    value.parse().ok().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        Environment::from_pairs([("NAME", value)])
    }

    #[test]
    fn a_variable_that_is_not_set_has_no_value() {
        let empty = Environment::default();
        assert_eq!(empty.text("NAME"), None);
        assert_eq!(empty.number("NAME", 1..=2), Ok(None));
        assert_eq!(empty.choice("NAME", ["on", "off"]), Ok(None));
    }

    #[test]
    fn a_value_that_is_not_allowed_is_rejected_with_its_variable() {
        let number = |value: &str| environment(value).number("NAME", 100..=200);
        assert_eq!(number("100"), Ok(Some(100)));
        for value in ["", "0", "99", "-1", "1e3", "201", "many", "1.5"] {
            let error = number(value).expect_err(value).to_string();
            let expected = "a whole number from 100 to 200";
            assert_eq!(error, format!("NAME is `{value}`, expected {expected}"));
        }
        let choice = |value: &str| environment(value).choice("NAME", ["on", "off"]);
        assert_eq!((choice("on"), choice("off")), (Ok(Some(true)), Ok(Some(false))));
        let error = choice("yes").expect_err("another word").to_string();
        assert_eq!(error, "NAME is `yes`, expected on or off");
    }

    #[test]
    fn minus_one_is_no_limit() {
        let limit = |value: &str| environment(value).limit("NAME", 0..=9);
        assert_eq!((limit("9"), limit("-1")), (Ok(Some(Some(9))), Ok(Some(None))));
        let error = limit("-2").expect_err("below").to_string();
        assert_eq!(error, "NAME is `-2`, expected a whole number from 0 to 9, or -1 for none");
    }
}
