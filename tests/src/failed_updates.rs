//! A counter on the way to a DynamoDB: the updates whose condition failed, which DynamoDB bills and
//! does not report.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use weir_table::Connection;

use crate::interception::{Fate, intercepted, is};

/// The status of a request that DynamoDB rejects.
const REJECTED: u16 = 400;

/// A counter of failed updates. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct FailedUpdates(Arc<AtomicU32>);

impl FailedUpdates {
    /// Returns the connection, each failed update through which is counted.
    pub fn before(&self, connection: Connection) -> Connection {
        let counter = self.clone();
        intercepted(connection, move |request| {
            if !is(request, "UpdateItem", "ConditionExpression") {
                return Fate::Pass;
            }
            let counter = counter.clone();
            Fate::Observe(Box::new(move |response| {
                let failed = response.status().as_u16() == REJECTED;
                counter.0.fetch_add(u32::from(failed), Ordering::SeqCst);
            }))
        })
    }

    /// Returns the number of updates that have failed since the last call.
    pub fn take(&self) -> u32 {
        self.0.swap(0, Ordering::SeqCst)
    }
}
