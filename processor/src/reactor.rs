//! Reactors: code of the user's that sees the changes of each invocation.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use aggregates::SequenceNumber;
use futures::FutureExt;
use model::Model;

use crate::changes::Changes;
use crate::invocation::Invocation;

/// Why a reactor failed: any error, by `?`.
#[derive(Debug)]
pub struct Failure(Box<dyn std::error::Error + Send + Sync>);

/// The records that a reactor has begun with and has not ended well with.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<BTreeSet<SequenceNumber>>>);

type Outcome = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A reactor and its name.
pub(crate) struct Reactor {
    name: String,
    run: Box<dyn Fn(Changes) -> Outcome + Send + Sync>,
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl InFlight {
    pub(crate) fn begin(&self, record: SequenceNumber) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(record);
    }

    pub(crate) fn end_well(&self, record: SequenceNumber) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&record);
    }

    fn lowest(&self) -> Option<SequenceNumber> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }
}

impl Reactor {
    pub(crate) fn new<F, R>(name: &str, reactor: F) -> Self
    where
        F: Fn(Changes) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self { name: name.to_owned(), run: Box::new(move |changes| Box::pin(reactor(changes))) }
    }

    /// Runs on an invocation's changes. Returns the lowest record that must come again.
    ///
    /// That is the lowest record it had begun with and not ended well with; the first of all when it failed outside any
    /// record.
    pub(crate) async fn run(
        &self,
        model: &Arc<Model>,
        invocation: &Arc<Invocation>,
    ) -> Option<SequenceNumber> {
        let in_flight = InFlight::default();
        let changes = Changes::new(model.clone(), invocation.clone(), in_flight.clone());
        let outcome = AssertUnwindSafe(async { (self.run)(changes).await }).catch_unwind().await;
        let reason = match outcome {
            Ok(Ok(())) => return None,
            Ok(Err(failure)) => table::error::chain(failure.0.as_ref()),
            Err(panic) => format!("it panicked: {}", panic_text(panic.as_ref())),
        };
        let first = invocation.changes.iter().map(|record| record.change.sequence).min();
        let lowest = in_flight.lowest().or(first);
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
