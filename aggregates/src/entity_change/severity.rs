//! Severities of changes of entities.

/// The severity of a change for the items that are stored. The greater asks for more attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Stored items are served and counted as before.
    Safe,
    /// Stored items differ from new ones until they are written again.
    Note,
    /// Stored items would be lost to Weir, or counted twice.
    Rejected,
}

impl Severity {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Note => "note",
            Self::Rejected => "rejected",
        }
    }
}
