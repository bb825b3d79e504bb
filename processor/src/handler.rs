//! The handler: the same on Lambda and behind the local event source mapping.
//!
//! | what failed | answer |
//! |---|---|
//! | nothing | success |
//! | an update that DynamoDB rejects for good | it is parked, and that is success |
//! | some rollup items, or a reactor on a record | the lowest of their records, to retry from there |
//! | the event itself | the invocation fails, and all of it is retried |
//! | a rollups table that is missing, denied or has other keys | the same |
//!
//! A rollup item's record is the first that contributes to what could not be written, a reactor's
//! the first that it had begun with and not ended well with.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use futures::future::join_all;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use tracing::{Instrument, info_span};
use weir_model::Model;
use weir_rollups::SequenceNumber;
use weir_table::error::chain;
use weir_table::{Error, OpenedState, Rollups, Table};
use weir_telemetry::metrics::embedded;
use weir_telemetry::{Call, Invocations};

use crate::batch_log::BatchLog;
use crate::changes::Changes;
use crate::event::{Event, Response};
use crate::failure::Failure;
use crate::host::Host;
use crate::invocation::{Invocation, InvocationError};
use crate::mapping::{self, EventSourceMapping};
use crate::reactor::Reactor;
use crate::rollups::{self, CountedRollups, Tally};
use crate::shard_progress::{self, ProgressStore};
use crate::tracking::{self, Tracking};

/// The processing of a table's changes: it maintains rollups, and runs reactors.
pub struct Processor {
    model: Arc<Model>,
    rollups: Option<Rollups>,
    tracking: Option<Tracking>,
    /// The store of how far each shard was handled, if this processor writes it.
    progress: Option<ProgressStore>,
    reactors: Vec<Reactor>,
    host: Option<Host>,
}

/// Why an invocation failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The bytes are not an event.
    #[error("the payload is no event of a DynamoDB stream")]
    Payload(#[source] serde_json::Error),
    /// The event cannot be handled.
    #[error(transparent)]
    Event(#[from] InvocationError),
    /// The rollups cannot be written at all.
    #[error("the rollups cannot be written")]
    Rollups(#[source] Error),
}

impl HandlerError {
    /// The name that the kind of error has in Lambda's answer.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Payload(_) => "Payload",
            Self::Event(_) => "Event",
            Self::Rollups(_) => "Rollups",
        }
    }
}

impl Processor {
    /// Creates a processor without rollups and reactors.
    pub fn new(model: impl Into<Arc<Model>>) -> Self {
        Self {
            model: model.into(),
            rollups: None,
            tracking: None,
            progress: None,
            reactors: Vec::new(),
            host: None,
        }
    }

    /// Returns the definition.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Sets the means to poll the stream outside Lambda.
    pub(crate) fn with_host(mut self, host: Host) -> Self {
        self.host = Some(host);
        self
    }

    /// Takes the means to poll the stream outside Lambda.
    pub(crate) fn take_host(&mut self) -> Option<Host> {
        self.host.take()
    }

    /// Keeps the rollups of the model.
    #[must_use]
    pub fn rollups(mut self, rollups: Rollups) -> Self {
        self.rollups = Some(rollups);
        self
    }

    /// Counts the revisions that the state of the rollups names, each from its cut on. The state
    /// was just opened by [`Table::open_rollups`]; it is read again before each batch, and opened
    /// again when the stream is another one. How far each shard was handled is stored beside it. A
    /// processor without it counts every record in the rollups of its definition.
    #[must_use]
    pub fn state(mut self, table: Table, opened: &OpenedState) -> Self {
        tracking::note(opened);
        self.progress = Some(ProgressStore::new(table.checkpoints()));
        self.tracking = Some(Tracking::new(table));
        self
    }

    /// Runs a reactor on the changes of each invocation.
    ///
    /// A reactor is at-least-once: a change may be delivered again, with the same event id. An
    /// error or a panic makes the record it happened on be delivered again, and all after it; other
    /// reactors and the rollups are not held up by it within the invocation, but see those records
    /// again too.
    #[must_use]
    pub fn react<F, R>(mut self, name: &str, reactor: F) -> Self
    where
        F: Fn(Changes) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.reactors.push(Reactor::new(name, reactor));
        self
    }

    /// Handles the JSON of a Lambda event and answers with the JSON of its response.
    ///
    /// # Errors
    /// Why the invocation failed as a whole.
    pub async fn handle_json(&self, payload: &[u8]) -> Result<Vec<u8>, HandlerError> {
        let event = serde_json::from_slice(payload).map_err(HandlerError::Payload)?;
        let response = self.handle(event).await?;
        Ok(serde_json::to_vec(&response).expect("a response is plain JSON"))
    }

    /// Handles an event.
    ///
    /// # Errors
    /// Why the invocation failed as a whole.
    pub async fn handle(&self, event: Event) -> Result<Response, HandlerError> {
        let invocation = Invocation::try_from(event)?;
        let delivered = self.progress.as_ref().map(|_| invocation.watermarks());
        let invocation = Arc::new(invocation.without_rollup_items(&self.model));
        let batch = info_span!("batch", shard = invocation.shard.id);
        let response = if invocation.changes.is_empty() {
            Response::success()
        } else {
            self.handle_batch(&invocation).instrument(batch).await?
        };
        if let Some((progress, delivered)) = self.progress.as_ref().zip(delivered) {
            let last = shard_progress::acknowledged(&delivered, &response);
            progress.acknowledge(&invocation.shard, last).await;
        }
        Ok(response)
    }

    async fn handle_batch(&self, invocation: &Arc<Invocation>) -> Result<Response, HandlerError> {
        let batch = BatchLog::start(&self.model, invocation, SystemTime::now());
        let counted = self.counted(invocation).await.map_err(HandlerError::Rollups)?;
        let rollups = async {
            match &self.rollups {
                Some(rollups) => rollups::absorb(&counted, rollups, invocation).await,
                None => Tally::default(),
            }
        };
        let reactors = self.reactors.iter().map(|reactor| reactor.run(&self.model, invocation));
        let (tally, reacted) = futures::join!(rollups, join_all(reactors));
        let failures = reacted.into_iter().flatten().chain(tally.lowest_failed()).collect();
        let response = response(invocation, &failures);
        batch.handled(&tally, &response);
        match tally.unwritable {
            Some(error) => Err(HandlerError::Rollups(error)),
            None => Ok(response),
        }
    }

    /// Returns the rollups that the records of an invocation are counted in: those that the state
    /// of the rollups names, or those of the definition for a processor without a state.
    async fn counted(&self, invocation: &Invocation) -> Result<Arc<[CountedRollups]>, Error> {
        match &self.tracking {
            Some(tracking) => tracking.counted(&invocation.shard.stream_label).await,
            None => Ok([CountedRollups { model: self.model.clone(), cut: None }].into()),
        }
    }

    /// Runs behind a local event source mapping until `shutdown` resolves; then the batch in flight
    /// is finished.
    ///
    /// # Errors
    /// The failure that ended the mapping before.
    pub async fn poll(
        mut self,
        mapping: EventSourceMapping,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), mapping::Error> {
        if mapping.stores_progress() {
            // It does so beside the batches, which do not wait for it.
            self.progress = None;
        }
        let processor = Arc::new(self);
        let handler = move |event: Vec<u8>| {
            let processor = processor.clone();
            async move { processor.handle_json(&event).await.map_err(|error| chain(&error)) }
        };
        mapping.run(handler, shutdown).await
    }

    /// Runs as a Lambda function until Lambda ends it. Metrics are written to its log, unless a
    /// recorder is installed already.
    ///
    /// # Errors
    /// Lambda's runtime API cannot be reached.
    pub(crate) async fn run_on_lambda(self) -> Result<(), lambda_runtime::Error> {
        if let Err(error) = embedded::install_on_lambda(&self.model.table.name) {
            tracing::warn!(error = chain(&error), "metrics do not go to the log");
        }
        let processor = Arc::new(self);
        let handler = service_fn(move |event: LambdaEvent<Event>| {
            let processor = processor.clone();
            async move { processor.handle(event.payload).await.map_err(diagnostic) }
        });
        weir_telemetry::ready();
        Runtime::new(handler).layer(Invocations::new(call)).run().await
    }
}

fn call(invocation: &LambdaInvocation) -> Call {
    let Context { request_id, xray_trace_id, .. } = &invocation.context;
    Call { request_id: request_id.clone(), xray_header: xray_trace_id.clone() }
}

fn diagnostic(error: HandlerError) -> Diagnostic {
    let error_message = chain(&error);
    tracing::error!(error = error_message, "the invocation failed, all of it comes again");
    Diagnostic { error_type: error.kind().to_owned(), error_message }
}

/// Returns success, or the lowest record that must be retried.
fn response(invocation: &Invocation, failures: &BTreeSet<SequenceNumber>) -> Response {
    let Some(lowest) = failures.first() else {
        return Response::success();
    };
    let record = invocation.changes.iter().find(|record| record.change.sequence == *lowest);
    Response::retry_from(&record.expect("a failure is that of a record of the batch").sequence_text)
}
