//! One change of an entity or of the table, and the message about it.

use std::fmt;

use super::kind::EntityChangeKind;
use super::severity::Severity;

/// A change of an entity or of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityChange {
    /// The kind of the change.
    pub kind: EntityChangeKind,
    /// The entity by its name after the change, or before it if it is removed; `table` for the
    /// table.
    pub subject: String,
    /// The part that changes: a key, an attribute, an index; `None` for the whole.
    pub part: Option<String>,
    /// The text before, as the definition file has it; empty if there was none.
    pub from: String,
    /// The text after; empty if there is none.
    pub to: String,
    /// The severity.
    pub severity: Severity,
}

impl EntityChange {
    /// Returns a change of a whole entity, or of a whole index.
    pub(super) fn new(
        kind: EntityChangeKind,
        subject: &str,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        let (from, to, severity) = (from.into(), to.into(), kind.severity());
        Self { kind, subject: subject.to_owned(), part: None, from, to, severity }
    }

    /// Returns a change of a part of an entity or of the table.
    pub(super) fn new_of_part(
        kind: EntityChangeKind,
        subject: &str,
        part: &str,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> Self {
        Self { part: Some(part.to_owned()), ..Self::new(kind, subject, from, to) }
    }

    /// Returns the effect on the items that are stored, and the way out.
    pub fn message(&self) -> String {
        match self.kind.way_out() {
            "" => self.kind.effect().to_owned(),
            way_out => format!("{}; to avoid this, {way_out}", self.kind.effect()),
        }
    }
}

impl fmt::Display for EntityChange {
    /// Writes ``order: `PK` was `ORDER#{id}`, is `ORDER#{user}`: stored items stay …``.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.subject)?;
        if let Some(part) = &self.part {
            write!(formatter, "`{part}` ")?;
        }
        let quoted = |text: &str| match text {
            "" => "absent".to_owned(),
            text => format!("`{text}`"),
        };
        write!(formatter, "was {}, is {}: ", quoted(&self.from), quoted(&self.to))?;
        formatter.write_str(&self.message())
    }
}
