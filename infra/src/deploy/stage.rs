//! The last completed stage of a deployment, for the advice after a failure.

/// The last stage that a deployment has completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was changed. The plan may change rollups.
    Planned { changes_rollups: bool },
    /// The stack has the new definition; the filters may be wide.
    Updated { is_widened: bool },
    /// The rollups are built; the filters may be wide.
    Built { is_widened: bool },
    /// The filters are those of the definition.
    Narrowed,
}
