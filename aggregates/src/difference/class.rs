//! The classes of changes of a definition.

/// The effect of a change of a definition on the numbers that are stored. The greater class asks
/// for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeClass {
    /// No effect: the stored numbers are those of the new definition too.
    None,
    /// Accumulators, detail items or buckets are added, which a new revision builds. The old
    /// revision answers everything that it had.
    NewAccumulators,
    /// The stored numbers are not those of the new definition. A new revision builds them.
    NewRevision,
}

impl ChangeClass {
    /// Every class, the least first.
    pub const EVERY: [Self; 3] = [Self::None, Self::NewAccumulators, Self::NewRevision];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NewAccumulators => "new accumulators",
            Self::NewRevision => "new revision",
        }
    }
}
