//! Filter criteria: which records are handed over at all.
//!
//! As on Lambda: up to five filters, of which one has to match, each an EventBridge pattern over
//! the record as it is in the event.
//!
//! ```json
//! { "Filters": [ { "Pattern": "{\"dynamodb\":{\"NewImage\":{\"_et\":{\"S\":[\"order\"]}}}}" } ] }
//! ```
//!
//! | to see                                           | read      |
//! |--------------------------------------------------|-----------|
//! | how fields, alternatives and lists are matched   | `pattern` |
//! | what a single value is compared with             | `rule`    |
//!
//! What Lambda takes and can never match is refused here, for it would silently drop every record:
//! a rule where a record has an object, and a numeric comparison of an attribute, whose numbers are
//! text.
//!
//! **Invariant:** matching is a function of the filters and the record; no filters match
//! everything.

mod pattern;
mod rule;

use serde::Deserialize;
use serde_json::Value;
use weir_model::json;

use self::pattern::Pattern;
use crate::event::Record;

/// The most filters, as on Lambda.
pub const MAX_FILTERS: usize = 5;
/// The longest pattern, in characters.
pub const MAX_PATTERN_CHARS: usize = 4096;

/// The filters of a mapping.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterCriteria {
    filters: Vec<Pattern>,
}

/// Why filters are refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// They are not as Lambda's API has them.
    #[error("the filter criteria are {found}, expected {{\"Filters\":[{{\"Pattern\":\"…\"}}]}}")]
    Criteria {
        /// The value that was found.
        found: String,
    },
    /// There are too many.
    #[error("there are {0} filters, expected at most {MAX_FILTERS}")]
    TooMany(usize),
    /// One is too long.
    #[error("filter {number} has {chars} characters, expected at most {MAX_PATTERN_CHARS}")]
    TooLong {
        /// Which, from 1.
        number: usize,
        /// Its length.
        chars: usize,
    },
    /// One is not a pattern.
    #[error("filter {number}: {path} is {found}, expected {expected}")]
    Pattern {
        /// Which, from 1.
        number: usize,
        /// Where in it.
        path: String,
        /// The value that was found.
        found: String,
        /// The allowed values.
        expected: &'static str,
    },
}

/// A mistake in a pattern, and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Mistake {
    path: Vec<String>,
    found: String,
    expected: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Criteria {
    #[serde(rename = "Filters", default)]
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    #[serde(rename = "Pattern")]
    pattern: String,
}

impl FilterCriteria {
    /// Filters of these patterns, which are JSON.
    ///
    /// # Errors
    /// The first mistake.
    pub fn new<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, FilterError> {
        let patterns: Vec<P> = patterns.into_iter().collect();
        if patterns.len() > MAX_FILTERS {
            return Err(FilterError::TooMany(patterns.len()));
        }
        let numbered = patterns.iter().enumerate();
        let filters = numbered.map(|(index, pattern)| parse(index + 1, pattern.as_ref()));
        Ok(FilterCriteria { filters: filters.collect::<Result<_, _>>()? })
    }

    /// Filters as Lambda's API has them.
    ///
    /// # Errors
    /// The first mistake.
    pub fn from_json(text: &str) -> Result<Self, FilterError> {
        let criteria: Criteria = serde_json::from_str(text)
            .map_err(|error| FilterError::Criteria { found: format!("`{text}` ({error})") })?;
        Self::new(criteria.filters.iter().map(|filter| &filter.pattern))
    }

    /// Whether a record is to be handed over.
    pub fn admits(&self, record: &Record) -> bool {
        if self.filters.is_empty() {
            return true;
        }
        let record = serde_json::to_value(record).expect("a record is JSON: its keys are text");
        self.filters.iter().any(|filter| filter.matches(&record))
    }
}

fn parse(number: usize, text: &str) -> Result<Pattern, FilterError> {
    let chars = text.chars().count();
    if chars > MAX_PATTERN_CHARS {
        return Err(FilterError::TooLong { number, chars });
    }
    let refusal = |mistake: Mistake| FilterError::Pattern {
        number,
        path: match &mistake.path[..] {
            [] => "the pattern".to_owned(),
            path => format!("`{}`", path.join(".")),
        },
        found: mistake.found,
        expected: mistake.expected,
    };
    let json: Value = json::parse(text.as_bytes()).map_err(|error| {
        refusal(Mistake {
            path: Vec::new(),
            found: format!("`{text}` ({error})"),
            expected: "JSON",
        })
    })?;
    Pattern::parse(&json, &[]).map_err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(name: &str, status: &str) -> Record {
        serde_json::from_value(json!({
            "eventID": "1",
            "eventName": name,
            "dynamodb": {
                "Keys": { "PK": { "S": "ORDER#1" } },
                "NewImage": { "status": { "S": status }, "total": { "N": "100" } },
                "SequenceNumber": "111",
            },
        }))
        .expect("a record")
    }

    fn refusal(patterns: &[&str]) -> String {
        FilterCriteria::new(patterns).expect_err("a refusal").to_string()
    }

    #[test]
    fn one_filter_has_to_match() {
        let criteria = FilterCriteria::from_json(
            r#"{"Filters":[
                {"Pattern":"{\"eventName\":[\"REMOVE\"]}"},
                {"Pattern":"{\"dynamodb\":{\"NewImage\":{\"status\":{\"S\":[\"paid\"]},\"total\":{\"N\":[\"100\"]}}}}"}
            ]}"#,
        )
        .expect("filters");
        assert!(criteria.admits(&record("REMOVE", "placed")));
        assert!(criteria.admits(&record("INSERT", "paid")));
        assert!(!criteria.admits(&record("INSERT", "placed")));
    }

    #[test]
    fn no_filters_match_everything() {
        for none in ["{}", r#"{"Filters":[]}"#] {
            let criteria = FilterCriteria::from_json(none).expect(none);
            assert_eq!(criteria, FilterCriteria::default());
            assert!(criteria.admits(&record("INSERT", "placed")));
        }
    }

    #[test]
    fn a_refusal_names_the_filter_the_place_what_was_found_and_what_may_be_there() {
        let good = r#"{"eventName":["INSERT"]}"#;
        assert_eq!(
            refusal(&[good, r#"{"eventName":"REMOVE"}"#]),
            "filter 2: `eventName` is \"REMOVE\", expected a list of values and rules, or an \
             object of fields"
        );
        assert_eq!(refusal(&[good; 6]), "there are 6 filters, expected at most 5");
        let long = format!(r#"{{"eventName":["{}"]}}"#, "x".repeat(4090));
        assert_eq!(refusal(&[&long]), "filter 1 has 4108 characters, expected at most 4096");
        assert_eq!(
            refusal(&["{"]),
            "filter 1: the pattern is `{` (EOF while parsing an object at line 1 column 1), \
             expected JSON"
        );
        assert_eq!(
            refusal(&["[]"]),
            "filter 1: the pattern is [], expected an object of fields, with one at least"
        );
        assert!(refusal(&[r#"{"eventname":["INSERT"]}"#]).starts_with(
            "filter 1: `eventname` is eventname, expected a field of a record: eventID, eventName,"
        ));
        for (path, pattern) in [
            ("dynamodb.NewImag", r#"{"dynamodb":{"NewImag":{"a":{"S":["x"]}}}}"#),
            ("dynamodb.NewImage.a.s", r#"{"dynamodb":{"NewImage":{"a":{"s":["x"]}}}}"#),
            (
                "dynamodb.NewImage.a.M.b.Text",
                r#"{"dynamodb":{"NewImage":{"a":{"M":{"b":{"Text":["x"]}}}}}}"#,
            ),
            ("userIdentity.Type", r#"{"userIdentity":{"Type":["Service"]}}"#),
        ] {
            let refusal = refusal(&[pattern]);
            assert!(refusal.starts_with(&format!("filter 1: `{path}` is ")), "{refusal}");
        }
        let wrong = FilterCriteria::from_json(r#"{"Filters":[{"Pattern":{}}]}"#);
        let error = wrong.expect_err("no text").to_string();
        assert!(error.ends_with(r#"expected {"Filters":[{"Pattern":"…"}]}"#), "{error}");
    }
}
