//! Conditions on timestamps that are stored as text, as they are sent to DynamoDB.
//!
//! DynamoDB compares the text, which is in the order of time only where all of it is written in one
//! form. Other programs may write another form (`+00:00` for `Z`, more decimal places). Whether a
//! value is written in the declared form can be asked: by its length, its `T` and its offset.
//!
//! | a condition | is sent so that values in another form | and then |
//! |---|---|---|
//! | on items that are read | are returned | the items are compared again, as instants |
//! | on an item that is written | are rejected | the returned item is compared (see below) |
//!
//! The returned item is compared as instants. If it is admitted, it is written on the condition
//! that it still has that text.
//!
//! **Invariant:** what is decided is what [`Predicate::holds`] says, whatever form a value has.

use serde_dynamo::{AttributeValue, Item};

use super::Predicate;
use crate::filter::Test;
use crate::instant::TimestampFormat;
use crate::path::Path;
use crate::step::Step;
use crate::value::count;

/// The result of DynamoDB for values that are not written in the declared form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OtherForms {
    /// The condition holds of them.
    Admitted,
    /// It does not.
    Rejected,
}

impl OtherForms {
    fn opposite(self) -> Self {
        match self {
            Self::Admitted => Self::Rejected,
            Self::Rejected => Self::Admitted,
        }
    }
}

impl Predicate {
    /// Returns whether it compares timestamps that are stored as text.
    pub fn is_timed(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::is_timed),
            Self::Not(part) => part.is_timed(),
            Self::Time(..) => true,
            _ => false,
        }
    }

    /// Returns the stored names of the attributes that it is about.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(part) => part.fields(),
            Self::Test(path, _)
            | Self::Time(path, ..)
            | Self::Size(path, _)
            | Self::Type(path, _)
            | Self::AbsentOr(path, _) => match path.steps.first() {
                Some(Step::Name(name)) => vec![name.as_str()],
                _ => Vec::new(),
            },
        }
    }

    /// Returns the condition for items that DynamoDB reads: it holds of every item that this holds
    /// of, and of more of those with timestamps in another form.
    #[must_use]
    pub fn for_reading(&self) -> Self {
        self.sent(OtherForms::Admitted)
    }

    /// Returns the condition for an item that is written and not known: it does not hold of an item
    /// with timestamps in another form.
    #[must_use]
    pub fn for_writing(&self) -> Self {
        self.sent(OtherForms::Rejected)
    }

    /// Returns the condition for an item that is written, as it is now: what has been found out of
    /// timestamps in another form, as long as they are the same text.
    #[must_use]
    pub fn for_writing_of(&self, item: &Item) -> Self {
        let mut same = Vec::new();
        let known = self.known_of(item, &mut same);
        Self::All(same).and(known.for_writing())
    }

    fn sent(&self, others: OtherForms) -> Self {
        let each = |parts: &[Self]| parts.iter().map(|part| part.sent(others)).collect();
        match self {
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
            Self::Not(part) => Self::Not(Box::new(part.sent(others.opposite()))),
            Self::Time(path, test, format) => timed(path, test, *format, others),
            other => other.clone(),
        }
    }

    fn known_of(&self, item: &Item, same: &mut Vec<Self>) -> Self {
        let mut each = |parts: &[Self]| -> Vec<Self> {
            parts.iter().map(|part| part.known_of(item, same)).collect()
        };
        match self {
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
            Self::Not(part) => Self::Not(Box::new(part.known_of(item, same))),
            Self::Time(path, _, format) => match path.value_in(item) {
                Some(value) if !format.is_written(value) => {
                    same.push(Self::Test(path.clone(), Test::In(vec![value.clone()])));
                    if self.holds(item) { Self::always() } else { Self::Any(Vec::new()) }
                }
                _ => self.clone(),
            },
            other => other.clone(),
        }
    }
}

/// Returns a test of text, with what is to be said of text in another form.
fn timed(path: &Path, test: &Test, format: TimestampFormat, others: OtherForms) -> Predicate {
    let compared = Predicate::Test(path.clone(), test.clone());
    let is_there = |expected| Predicate::Test(path.clone(), Test::Exists(expected));
    // `ne` holds of what is absent; every other test does not.
    let may_be_absent = matches!(test, Test::Ne(_));
    let written = written(path, format);
    match (others, may_be_absent) {
        (OtherForms::Admitted, _) => {
            let other = is_there(true).and(Predicate::Not(Box::new(written)));
            Predicate::Any(vec![compared, other])
        }
        (OtherForms::Rejected, false) => compared.and(written),
        (OtherForms::Rejected, true) => {
            compared.and(Predicate::Any(vec![is_there(false), written]))
        }
    }
}

/// That text is written as the format writes it: other text of a timestamp has another length, no
/// `T`, or another offset.
fn written(path: &Path, format: TimestampFormat) -> Predicate {
    let TimestampFormat::Rfc3339 { offset, .. } = format else { return Predicate::always() };
    let length = format.length().map(count);
    let has = |text: &str| {
        let text = AttributeValue::S(text.to_owned());
        Predicate::Test(path.clone(), Test::Contains(text))
    };
    Predicate::All(vec![
        Predicate::Size(path.clone(), Test::In(length.into_iter().collect())),
        has("T"),
        // Not the basic form without them, which may be as long.
        has("-"),
        has(":"),
        has(offset.text()),
    ])
}

#[cfg(test)]
mod tests;
