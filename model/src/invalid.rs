//! What is wrong with a value: each mistake in it, with its place.

use thiserror::Error;

use crate::entity::FieldError;
use crate::path::{Step, joined};

/// A value that does not fit: says what was expected, at every place in it where it does not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", shown(.0))]
pub struct Invalid(Vec<Mistake>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    /// The steps that lead to it, the last first; none where the value as a whole is wrong.
    steps: Vec<Step>,
    /// What was expected.
    message: String,
}

impl Invalid {
    /// A mistake of the value as a whole.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(vec![Mistake { steps: Vec::new(), message: message.into() }])
    }

    /// What is wrong in several places together.
    ///
    /// # Errors
    /// All of it, where there is any.
    pub(crate) fn none_of(found: Vec<Self>) -> Result<(), Self> {
        let mistakes: Vec<_> = found.into_iter().flat_map(|invalid| invalid.0).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(Self(mistakes)) }
    }

    /// The same mistakes, of a value in which this one is found by that step.
    #[must_use]
    pub(crate) fn within(mut self, step: &Step) -> Self {
        self.0.iter_mut().for_each(|mistake| mistake.steps.push(step.clone()));
        self
    }

    /// The mistakes as errors of the field that the value is of, each with the path that leads to it.
    pub fn at(self, field: &str) -> Vec<FieldError> {
        self.within(&Step::Name(field.to_owned())).fields()
    }

    /// The mistakes of an object as errors of its fields.
    pub(crate) fn fields(self) -> Vec<FieldError> {
        let fields = self.0.into_iter();
        fields.map(|mistake| FieldError::new(&mistake.place(), mistake.message)).collect()
    }
}

impl Mistake {
    fn place(&self) -> String {
        joined(self.steps.iter().rev())
    }
}

fn shown(mistakes: &[Mistake]) -> String {
    let texts = mistakes.iter().map(|mistake| match mistake.steps.as_slice() {
        [] => mistake.message.clone(),
        _ => format!("`{}`: {}", mistake.place(), mistake.message),
    });
    texts.collect::<Vec<_>>().join("; ")
}
