//! The errors of a value: each mistake in it, with its place.
//!
//! A value may have a mistake in every few bytes, so the first [`MAX_ERRORS`] are kept and the
//! others are counted.

use thiserror::Error;

use crate::field_error::FieldError;
use crate::limits::MAX_ERRORS;
use crate::step::Step;
use crate::step::joined;

/// A value that does not fit: says what was expected, at every place in it where it does not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", shown(self))]
pub struct Invalid {
    mistakes: Vec<Mistake>,
    /// How many more there are.
    others: usize,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    /// The steps that lead to it, the last first; none where the value as a whole is wrong.
    steps: Vec<Step>,
    /// The expectation.
    message: String,
}

/// The mistakes in the parts of a value, while they are found.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: Vec<Mistake>,
    others: usize,
}

impl Mistakes {
    /// Adds what is wrong with a part. It is not made where there are enough mistakes already.
    pub(crate) fn note(&mut self, invalid: impl FnOnce() -> Invalid) {
        if self.found.len() < MAX_ERRORS {
            self.add(invalid());
        } else {
            self.others += 1;
        }
    }

    /// Adds all that is wrong with a part, found by that step.
    pub(crate) fn add_within(&mut self, invalid: Invalid, step: impl FnOnce() -> Step) {
        if self.found.len() < MAX_ERRORS {
            self.add(invalid.within(&step()));
        } else {
            self.others += invalid.count();
        }
    }

    /// Returns all mistakes as one error, if there are any.
    pub(crate) fn end(self) -> Result<(), Invalid> {
        let Self { found: mistakes, others } = self;
        if mistakes.is_empty() { Ok(()) } else { Err(Invalid { mistakes, others }) }
    }

    fn add(&mut self, invalid: Invalid) {
        let count = invalid.count();
        let room = MAX_ERRORS - self.found.len();
        let before = self.found.len();
        self.found.extend(invalid.mistakes.into_iter().take(room));
        self.others += count - (self.found.len() - before);
    }
}

impl Invalid {
    /// Returns a mistake of the value as a whole.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let mistakes = vec![Mistake { steps: Vec::new(), message: message.into() }];
        Self { mistakes, others: 0 }
    }

    /// The same mistakes, of a value in which this one is found by that step.
    #[must_use]
    pub(crate) fn within(mut self, step: &Step) -> Self {
        self.mistakes.iter_mut().for_each(|mistake| mistake.steps.push(step.clone()));
        self
    }

    /// Returns the mistakes as errors of the field that the value is of, each with the path that
    /// leads to it.
    pub fn at(self, field: &str) -> Vec<FieldError> {
        self.within(&Step::Name(field.to_owned())).fields()
    }

    /// Returns the mistakes of an object as errors of its fields.
    pub(crate) fn fields(self) -> Vec<FieldError> {
        let mistakes = self.mistakes.into_iter();
        let mut errors: Vec<_> =
            mistakes.map(|mistake| FieldError::new(&mistake.place(), mistake.message)).collect();
        if let Some(last) = errors.last_mut() {
            last.others = self.others;
        }
        errors
    }

    fn count(&self) -> usize {
        self.mistakes.len() + self.others
    }
}

impl Mistake {
    fn place(&self) -> String {
        joined(self.steps.iter().rev())
    }
}

fn shown(invalid: &Invalid) -> String {
    let texts = invalid.mistakes.iter().map(|mistake| match mistake.steps.as_slice() {
        [] => mistake.message.clone(),
        _ => format!("`{}`: {}", mistake.place(), mistake.message),
    });
    let text = texts.collect::<Vec<_>>().join("; ");
    if invalid.others == 0 { text } else { format!("{text}; and {} more", invalid.others) }
}
