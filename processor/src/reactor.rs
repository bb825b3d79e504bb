//! Reactors: code of the user's that sees the changes of each invocation.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures::FutureExt;
use weir_model::Model;
use weir_rollups::SequenceNumber;

use crate::changes::Changes;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::unfinished::UnfinishedRecords;

type Outcome = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A reactor and its name.
pub(crate) struct Reactor {
    name: String,
    run: Box<dyn Fn(Changes) -> Outcome + Send + Sync>,
}

impl Reactor {
    pub(crate) fn new<F, R>(name: &str, reactor: F) -> Self
    where
        F: Fn(Changes) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self { name: name.to_owned(), run: Box::new(move |changes| Box::pin(reactor(changes))) }
    }

    /// Runs on an invocation's changes. Returns the lowest record that must be retried.
    ///
    /// That is the lowest record it had begun with and not ended well with; the first of all when
    /// it failed outside any record.
    pub(crate) async fn run(
        &self,
        model: &Arc<Model>,
        invocation: &Arc<Invocation>,
    ) -> Option<SequenceNumber> {
        let unfinished = UnfinishedRecords::default();
        let changes = Changes::new(model.clone(), invocation.clone(), unfinished.clone());
        let outcome = AssertUnwindSafe(async { (self.run)(changes).await }).catch_unwind().await;
        let reason = match outcome {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => weir_table::error::chain(failure.source()),
            Err(panic) => format!("it panicked: {}", panic_text(panic.as_ref())),
        };
        let first = invocation.changes.iter().map(|record| record.change.sequence).min();
        let lowest = unfinished.lowest().or(first);
        let record = lowest.map(|lowest| lowest.to_string());
        tracing::error!(
            reactor = self.name,
            record,
            reason,
            "a reactor failed, its record comes again"
        );
        lowest
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
