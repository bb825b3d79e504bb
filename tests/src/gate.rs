//! A gate on the way to a DynamoDB: chosen writes wait before it until it is opened, while others
//! pass.

use futures::FutureExt;
use tokio::sync::watch;
use weir_table::Connection;

use crate::interception::{Fate, intercepted, is};
use crate::running::PATIENCE;

/// A gate that is closed until it is opened.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The operation that waits.
    operation: &'static str,
    /// A text in the body of the requests that wait.
    text: &'static str,
    is_reached: watch::Sender<bool>,
    is_open: watch::Sender<bool>,
}

impl Gate {
    /// Returns a gate for the updates whose body holds this text.
    pub fn for_updates_with(text: &'static str) -> Self {
        Self::closed("UpdateItem", text)
    }

    /// Creates a gate for the transactions that write an item of this partition.
    pub fn for_transactions_with(partition: &'static str) -> Self {
        Self::closed("TransactWriteItems", partition)
    }

    fn closed(operation: &'static str, text: &'static str) -> Self {
        let (is_reached, is_open) = (watch::Sender::new(false), watch::Sender::new(false));
        Self { operation, text, is_reached, is_open }
    }

    /// Returns the connection, with this gate on it.
    pub fn before(&self, connection: Connection) -> Connection {
        let gate = self.clone();
        intercepted(connection, move |request| {
            if !is(request, gate.operation, gate.text) {
                return Fate::Pass;
            }
            gate.is_reached.send_replace(true);
            let mut is_open = gate.is_open.subscribe();
            let opened = async move {
                is_open.wait_for(|is_open| *is_open).await.expect("the gate is there");
            };
            Fate::After(opened.boxed())
        })
    }

    /// Waits until a write waits before it.
    ///
    /// # Panics
    /// When patience ends before.
    pub async fn reached(&self) {
        let mut is_reached = self.is_reached.subscribe();
        let reached = is_reached.wait_for(|is_reached| *is_reached);
        let reached = tokio::time::timeout(PATIENCE, reached).await.expect("patience");
        reached.expect("the gate is there");
    }

    /// Lets through what waits, and all that comes.
    pub fn open(&self) {
        self.is_open.send_replace(true);
    }
}
