//! A way to a DynamoDB in which another transaction holds an item: each write to it is
//! a conflict.
//!
//! The conflict is answered below the SDK, where DynamoDB would answer it; everything else goes on
//! to DynamoDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use weir_table::Connection;

use crate::interception::{Fate, intercepted, is};

const ANSWER: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"held"}"#;

/// A transaction that holds the items of a partition until it is ended.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// The text in the bodies of the requests that conflict.
    text: String,
    /// The operation that conflicts.
    operation: &'static str,
    is_open: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Transaction {
    /// Holds the items with this partition key.
    pub fn on(partition: &str) -> Self {
        Self::on_updates_with(format!("{{\"S\":\"{partition}\"}}"))
    }

    /// Holds the rollup items that refused an update, as soon as they are to be marked as parked.
    pub fn on_parked_marks() -> Self {
        Self::on_updates_with("\"#parked\":\"@parked\"".to_owned())
    }

    fn on_updates_with(text: String) -> Self {
        Self {
            text,
            operation: "UpdateItem",
            is_open: Arc::new(AtomicBool::new(true)),
            refused: Arc::default(),
        }
    }

    /// Holds them against other transactions.
    #[must_use]
    pub fn against_transactions(self) -> Self {
        Self { operation: "TransactWriteItems", ..self }
    }

    /// Returns the connection, through which no such write of such an item comes while this is
    /// open.
    pub fn before(&self, connection: Connection) -> Connection {
        let transaction = self.clone();
        intercepted(connection, move |request| {
            let conflicts = transaction.conflicts_with(request);
            transaction.refused.fetch_add(usize::from(conflicts), Ordering::SeqCst);
            if conflicts { Fate::Refuse(ANSWER) } else { Fate::Pass }
        })
    }

    /// Lets go.
    pub fn end(self) {
        self.is_open.store(false, Ordering::SeqCst);
    }

    /// Returns how many writes have conflicted.
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    fn conflicts_with(&self, request: &HttpRequest) -> bool {
        self.is_open.load(Ordering::SeqCst) && is(request, self.operation, &self.text)
    }
}
