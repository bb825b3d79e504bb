//! The errors of a definition file: every problem at once, each pointing at its place.

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// All the problems of one definition file; with miette's reporter it prints the lines they are on.
#[derive(Debug, Error, Diagnostic)]
#[error("{name} has {}", count(problems.len(), *others))]
pub struct DefinitionError {
    /// The file's name.
    pub name: Box<str>,
    #[source_code]
    source_code: NamedSource<String>,
    /// The problems, in the order of the file: at most [`crate::limits::MAX_ERRORS`].
    #[related]
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub others: usize,
}

/// One problem: what is wrong and where, with what was expected as its help.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq)]
#[error("{message}")]
pub struct Problem {
    /// The message: names the thing and its value.
    pub message: String,
    /// The bytes of the file that it is about.
    #[label("here")]
    pub span: SourceSpan,
    /// The expectation, and the nearest valid name if there is one.
    #[help]
    pub help: Option<String>,
}

impl DefinitionError {
    pub(crate) fn new(name: &str, text: &str, mut problems: Vec<Problem>, others: usize) -> Self {
        problems.sort_by_key(|problem| problem.span.offset());
        Self {
            name: name.into(),
            source_code: NamedSource::new(name, text.to_owned()).with_language("TOML"),
            problems,
            others,
        }
    }
}

fn count(told: usize, others: usize) -> String {
    match (told, others) {
        (1, 0) => "a problem".to_owned(),
        (all, 0) => format!("{all} problems"),
        (first, others) => format!("{} problems, of which these are {first}", first + others),
    }
}
