//! A contribution, with the rollup that it is to.

use weir_rollups::Contribution;

/// The contribution of one image to a rollup item of one rollup.
#[derive(Clone, Debug, PartialEq)]
pub struct RollupContribution {
    /// The position of the rollup among those that are built.
    pub rollup: usize,
    /// The contribution.
    pub contribution: Contribution,
}
