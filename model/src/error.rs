//! What is wrong with a definition file: every problem at once, each pointing at its place.

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// All the problems of one definition file; with miette's reporter it prints the lines they are on.
#[derive(Debug, Error, Diagnostic)]
#[error("{name} has {}", count(problems.len()))]
pub struct DefinitionError {
    /// The file's name.
    pub name: String,
    #[source_code]
    source_code: NamedSource<String>,
    /// The problems, in the order of the file.
    #[related]
    pub problems: Vec<Problem>,
}

/// One problem: what is wrong and where, with what was expected as its help.
#[derive(Clone, Debug, Error, Diagnostic, PartialEq)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong: names the thing and its value.
    pub message: String,
    /// The bytes of the file that it is about.
    #[label("here")]
    pub span: SourceSpan,
    /// What was expected, and the nearest valid name where there is one.
    #[help]
    pub help: Option<String>,
}

impl DefinitionError {
    pub(crate) fn new(name: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.offset());
        Self {
            name: name.to_owned(),
            source_code: NamedSource::new(name, text.to_owned()).with_language("TOML"),
            problems,
        }
    }
}

fn count(problems: usize) -> String {
    match problems {
        1 => "a problem".to_owned(),
        many => format!("{many} problems"),
    }
}
