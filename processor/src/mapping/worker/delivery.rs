//! Delivering: invoke the handler, judge its answer, and see to what it did not handle.

use std::future::Future;
use std::sync::Arc;

use weir_table::checkpoints::{
    BatchInfo, Condition, OnFailureRecord, OpenWindow, RequestContext, ResponseContext,
};
use weir_telemetry::metrics;

use super::super::batch::Passed;
use super::super::retry::{self, Policy, RetryDecision, SubBatch};
use super::super::verdict::{Verdict, verdict};
use super::super::window::{self, rfc3339};
use super::{Context, Ended, Worker, epoch_secs};
use crate::event::{Event, Record, State};

impl<H, F> Worker<H>
where
    H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
{
    /// Invokes the handler with the first records and keeps those that it did not handle. Records
    /// that are too old are discarded before.
    pub(super) async fn deliver(&mut self, count: usize) -> Result<(), Ended> {
        let (policy, sub_batch) = (self.context.policy, self.buffer.sub_batch(count));
        let too_old = retry::too_old(self.buffer.first(sub_batch.records), policy, epoch_secs());
        let too_old = if too_old > 0 { too_old } else { self.trimmed(sub_batch).await };
        if too_old > 0 {
            return self.discard_old(sub_batch, too_old).await;
        }
        let window = self.buffer.window(self.checkpoint.open_window);
        let records = self.buffer.take(sub_batch.records);
        let mut event = self.event(records, window);
        let verdict = verdict(self.invoke(&event).await, &event.records);
        let handled = match &verdict {
            Verdict::Handled => sub_batch.records,
            Verdict::RetryFrom(index) => *index,
            Verdict::RetryAll(_) => 0,
        };
        let left = event.records.split_off(handled);
        if let Some(last) = event.records.pop() {
            self.invoking.reset();
            self.checkpoint.open_window = window;
            let passed = left.is_empty().then(|| self.buffer.take_passed()).flatten();
            let Passed { sequence_number, second } = passed.unwrap_or_else(|| Passed::new(last));
            self.checkpoint.sequence_number = Some(sequence_number);
            self.save(None).await?;
            self.context.tracker.handled(&self.checkpoint, handled as u64, second);
        }
        if verdict == Verdict::Handled {
            self.failure = None;
            return Ok(());
        }
        self.buffer.put_back(left);
        self.context.tracker.failed();
        self.failure = Some(ResponseContext::new(matches!(verdict, Verdict::RetryAll(_))));
        let shard_id = &self.checkpoint.shard_id;
        match retry::after_failure(sub_batch, handled, policy) {
            RetryDecision::Discard(sub_batch) => {
                tracing::warn!(shard_id, count, handled, ?verdict, "an invocation failed");
                self.discard(sub_batch, Condition::RetryAttemptsExhausted).await
            }
            RetryDecision::Retry(sub_batches) => {
                self.buffer.cut_as(sub_batches);
                metrics::RETRIES.add(1);
                let pause = self.invoking.pause();
                tracing::warn!(
                    shard_id,
                    count,
                    handled,
                    ?verdict,
                    ?pause,
                    "delivering the rest again"
                );
                self.pause(pause).await
            }
        }
    }

    /// Returns how many of the first records of a failed sub-batch the stream has trimmed.
    async fn trimmed(&self, sub_batch: SubBatch) -> usize {
        if sub_batch.invocations == 0 {
            return 0;
        }
        let kept = Policy { maximum_record_age: Some(retry::RETENTION), ..Policy::default() };
        let old = retry::too_old(self.buffer.first(sub_batch.records), kept, epoch_secs());
        let Some(first) = self.buffer.first(old).next() else { return 0 };
        if self.reader.is_trimmed(&first.dynamodb.sequence_number).await { old } else { 0 }
    }

    /// Makes the final invocation for the open window. One that fails is made again, and holds the
    /// shard.
    pub(super) async fn close(&mut self) -> Result<(), Ended> {
        let mut event = self.event(Vec::new(), self.checkpoint.open_window);
        event.is_final_invoke_for_window = true;
        let verdict = verdict(self.invoke(&event).await, &[]);
        if verdict == Verdict::Handled {
            self.invoking.reset();
            self.checkpoint.open_window = None;
            return self.save(None).await;
        }
        self.context.tracker.failed();
        metrics::RETRIES.add(1);
        let (shard_id, pause) = (&self.checkpoint.shard_id, self.invoking.pause());
        let window = &event.window;
        tracing::warn!(shard_id, ?window, ?verdict, ?pause, "closing the window again");
        self.pause(pause).await
    }

    /// Discards the first records of a sub-batch, which are too old, and keeps the others.
    async fn discard_old(&mut self, sub_batch: SubBatch, too_old: usize) -> Result<(), Ended> {
        let rest = SubBatch { records: sub_batch.records - too_old, ..sub_batch };
        self.discard(SubBatch { records: too_old, ..sub_batch }, Condition::RecordAgeExceeded)
            .await?;
        // A batch that was never handed over may still grow.
        if rest.records > 0 && rest.invocations > 0 {
            self.buffer.cut_as([rest].into());
        }
        Ok(())
    }

    /// Moves the checkpoint past records without their being handled, and says so durably.
    async fn discard(&mut self, sub_batch: SubBatch, condition: Condition) -> Result<(), Ended> {
        let window = self.buffer.window(self.checkpoint.open_window);
        let records = self.buffer.take(sub_batch.records);
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(()) };
        let arrival = |record: &Record| record.dynamodb.approximate_creation_date_time;
        let batch = BatchInfo {
            shard_id: self.checkpoint.shard_id.clone(),
            start_sequence_number: first.dynamodb.sequence_number.clone(),
            end_sequence_number: last.dynamodb.sequence_number.clone(),
            approximate_arrival_of_first_record: arrival(first).and_then(rfc3339),
            approximate_arrival_of_last_record: arrival(last).and_then(rfc3339),
            batch_size: records.len(),
            stream_arn: self.context.stream.arn().to_owned(),
        };
        let approximate_invoke_count = sub_batch.invocations;
        let request = RequestContext { condition, approximate_invoke_count };
        let response = self.failure.clone().filter(|_| sub_batch.invocations > 0);
        let record = OnFailureRecord::new(request, response, batch);
        if sub_batch.invocations > 0 {
            self.checkpoint.open_window = window;
        }
        let passed = self.buffer.take_passed().unwrap_or_else(|| Passed::new(last.clone()));
        self.checkpoint.sequence_number = Some(passed.sequence_number);
        let since = arrival(first).map_or(self.context.complete_until, |second| second - 1);
        self.context.gaps.note_lost(since).await;
        self.save(Some(&record)).await?;
        let OnFailureRecord { batch, .. } = record;
        tracing::error!(
            shard_id = batch.shard_id,
            first = batch.start_sequence_number,
            last = batch.end_sequence_number,
            records = batch.batch_size,
            invocations = approximate_invoke_count,
            ?condition,
            "records were discarded without being handled"
        );
        let discarded = batch.batch_size as u64;
        self.context.tracker.discarded(&self.checkpoint, discarded, passed.second);
        self.invoking.reset();
        Ok(())
    }

    fn event(&self, records: Vec<Record>, window: Option<OpenWindow>) -> Event {
        Event {
            records,
            window: window.and_then(window::named),
            shard_id: Some(self.checkpoint.shard_id.clone()),
            event_source_arn: Some(self.context.stream.arn().to_owned()),
            state: State,
            is_final_invoke_for_window: false,
            is_window_terminated_early: false,
        }
    }

    /// A task of its own, so that a panic is a failed invocation and not the end of the worker.
    async fn invoke(&self, event: &Event) -> Result<Vec<u8>, String> {
        let (records, last) = (event.records.len(), event.records.last());
        let last = last.and_then(|record| record.dynamodb.approximate_creation_date_time);
        self.context.tracker.invoked(&self.checkpoint.shard_id, last);
        let event = serde_json::to_vec(event).expect("an event is JSON: its keys are text");
        let Context { handler, in_flight, .. } = &*self.context;
        let handler = Arc::clone(handler);
        let invocation = tokio::spawn(async move { handler(event).await });
        in_flight.begin(&self.checkpoint.shard_id, records, invocation.abort_handle());
        let ended = invocation.await;
        in_flight.end(&self.checkpoint.shard_id);
        ended.unwrap_or_else(|error| Err(error.to_string()))
    }
}
