//! The number of detail items that an answer may still read.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The detail items that an answer may still read. Concurrent reads share it.
#[derive(Debug)]
pub(crate) struct DetailBudget {
    /// The number that it may read in total.
    pub(crate) most: usize,
    left: AtomicUsize,
}

impl DetailBudget {
    /// Returns a budget of which nothing is spent.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, left: AtomicUsize::new(most) }
    }

    /// Takes one detail item. Returns whether one was left.
    pub(super) fn take(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}
