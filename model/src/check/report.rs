//! The problems of a definition file, while it is checked.

use crate::error::Problem;
use crate::limits::MAX_ERRORS;
use crate::spans::{Part, Spans};

/// The problems found so far: the first [`MAX_ERRORS`], and the number of the others.
pub(super) struct Report<'a> {
    spans: Spans<'a>,
    problems: Vec<Problem>,
    others: usize,
}

impl<'a> Report<'a> {
    /// Returns a report without problems on the text of a file.
    pub(super) fn new(text: &'a str) -> Self {
        Self { spans: Spans::parse(text), problems: Vec::new(), others: 0 }
    }

    /// Returns the number of problems so far.
    pub(super) fn found(&self) -> usize {
        self.problems.len() + self.others
    }

    /// Returns the problems, and the number of those that were only counted.
    pub(super) fn into_problems(self) -> (Vec<Problem>, usize) {
        (self.problems, self.others)
    }

    /// Adds a problem of the key or the value at a path.
    pub(super) fn at(
        &mut self,
        path: &[&str],
        part: Part,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.problems.len() >= MAX_ERRORS {
            self.others += 1;
            return;
        }
        let span = self.spans.find(path, part);
        self.problems.push(Problem {
            message: message.into(),
            span: (span.start, span.len()).into(),
            help: Some(help.into()),
        });
    }

    /// Adds a problem of the key at a path.
    pub(super) fn key(
        &mut self,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.at(path, Part::Key, message, help);
    }

    /// Adds a problem of the value at a path.
    pub(super) fn value(
        &mut self,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.at(path, Part::Value, message, help);
    }

    /// Checks a name that keys, paths and answers contain.
    pub(super) fn name(&mut self, path: &[&str], kind: &str, name: &str) {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !plain {
            let message = format!("`{name}` cannot name {kind}");
            self.key(path, message, "expected a letter, then letters, digits, `_` and `-`");
        }
    }
}
