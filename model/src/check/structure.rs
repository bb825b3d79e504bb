//! Text that is not TOML, or has not the shape of a definition file: the reader's own message, with
//! a suggestion.

use crate::error::Problem;
use crate::nearest::suggestion;

/// Returns the one problem that serde stops at.
pub(super) fn problem(error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let (message, help) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what.to_owned(), Some(help(what, expected))),
        None => (error.message().lines().collect::<Vec<_>>().join(", "), None),
    };
    Problem { message, span: (span.start, span.len()).into(), help }
}

/// "expected …", with the nearest of the names that stand between backticks.
fn help(what: &str, expected: &str) -> String {
    let names =
        |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let valid = names(expected);
    let unknown = names(what).first().cloned().unwrap_or_default();
    let near = suggestion(&unknown, valid.iter().map(String::as_str));
    format!("{near}expected {expected}")
}
