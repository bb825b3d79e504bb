//! One difference between two definitions of a rollup, and the line that shows it.

use std::fmt;

use super::change::DefinitionChange;
use super::class::ChangeClass;

/// A difference between two definitions of a rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field of the rollup, or `match` and `attributes` of its entity.
    pub field: &'static str,
    /// The part of the field that differs, such as the name of a measure; `None` for the whole.
    pub part: Option<String>,
    /// The kind of the change.
    pub change: DefinitionChange,
    /// The text before, as the definition file has it; empty if there was none.
    pub from: String,
    /// The text after; empty if there is none.
    pub to: String,
    /// The effect on the stored numbers.
    pub class: ChangeClass,
}

impl Difference {
    /// Returns a difference of a whole field.
    pub(super) fn new(
        change: DefinitionChange,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        let (field, class) = (change.field(), change.class());
        Self { field, part: None, change, from: from.into(), to: to.into(), class }
    }

    /// Returns a difference of a part of a field.
    pub(super) fn new_of_part(
        change: DefinitionChange,
        part: &str,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Self { part: Some(part.to_owned()), ..Self::new(change, from, to) }
    }
}

impl fmt::Display for Difference {
    /// Writes ``measures: `revenue` was `sum(total)`, is `sum(net)` ``.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.field)?;
        if let Some(part) = &self.part {
            write!(formatter, "`{part}` ")?;
        }
        let quoted = |text: &str| match text {
            "" => "absent".to_owned(),
            text => format!("`{text}`"),
        };
        write!(formatter, "was {}, is {}", quoted(&self.from), quoted(&self.to))
    }
}
