//! The host that brings a world's records to the function: Lambda's event source mapping, or the
//! product's own.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::lambda::Lambda;
use super::pollers::Pollers;

/// A host.
pub(crate) enum Host {
    Lambda(Arc<Lambda>),
    Pollers(Arc<Pollers>),
}

impl Host {
    /// Begins to deliver.
    pub(crate) fn start(&self) -> JoinHandle<()> {
        match self {
            Self::Lambda(lambda) => tokio::spawn(Arc::clone(lambda).run()),
            Self::Pollers(pollers) => tokio::spawn(Arc::clone(pollers).run()),
        }
    }

    /// Returns whether every record was handled.
    pub(crate) fn has_drained(&self) -> bool {
        match self {
            Self::Lambda(lambda) => lambda.has_drained(),
            Self::Pollers(pollers) => pollers.has_drained(),
        }
    }

    /// Delivers again what is still kept: from the oldest record on, or from any where the host
    /// can.
    pub(crate) async fn replay(&self, from_oldest: bool) {
        match self {
            Self::Lambda(lambda) => lambda.replay(from_oldest),
            Self::Pollers(pollers) => pollers.replay().await,
        }
    }
}
