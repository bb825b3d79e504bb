//! The log of a batch: one line, and its metrics.
//!
//! ```json
//! {"level":"INFO","message":"a batch was handled","outcome":"done","records":3,
//!  "inserted":2,"modified":1,"removed":0,"whole":4,"refolded":0,"duplicate":0,"parked":0,
//!  "failed":0,"skipped":0,"write_units":4.0,"lag_ms":1500,
//!  "duration_ms":12,"shard":"shardId-…","lambda_request_id":"…","xray_trace_id":"…"}
//! ```
//!
//! The lag is the age of the newest record when the batch was handed over, which is what AWS calls
//! the iterator age; add the duration for when it was counted. DynamoDB gives the time of a record
//! in whole seconds, rounded down, so the lag is up to a second too large; a record of the future,
//! by a clock that is ahead, has none.
//!
//! **Invariant:** a batch with records has one such line, whether it was handled, handled in part,
//! or failed. Nothing in it is of an item.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use weir_model::Model;
use weir_rollups::watermark::UNKNOWN_SECONDS;
use weir_rollups::{Change, Image};
use weir_telemetry::metrics;

use crate::event::Response;
use crate::invocation::Invocation;
use crate::rollups::Tally;

/// The entity of an item that is of none.
const NO_ENTITY: &str = "none";

/// The log of a batch that is being handled.
#[derive(Debug)]
pub(crate) struct BatchLog<'a> {
    begun: Instant,
    records: usize,
    inserted: u64,
    modified: u64,
    removed: u64,
    /// Changes by entity.
    entities: BTreeMap<&'a str, u64>,
    lag_ms: Option<u64>,
}

impl<'a> BatchLog<'a> {
    /// Starts the log of an invocation, which was delivered at `now`.
    pub(crate) fn start(model: &'a Model, invocation: &Invocation, now: SystemTime) -> Self {
        let changes = || invocation.changes.iter().map(|record| &record.change);
        let mut batch = Self {
            begun: Instant::now(),
            records: invocation.changes.len(),
            inserted: 0,
            modified: 0,
            removed: 0,
            entities: BTreeMap::new(),
            lag_ms: lag_ms(changes(), now),
        };
        for Change { image, .. } in changes() {
            *match image {
                Image::Insert { .. } => &mut batch.inserted,
                Image::Modify { .. } => &mut batch.modified,
                Image::Remove { .. } => &mut batch.removed,
            } += 1;
            let item = image.new_image().or(image.old_image());
            let entity = item.and_then(|item| model.entity_of(item));
            let entity = entity.map_or(NO_ENTITY, |entity| entity.name.as_str());
            *batch.entities.entry(entity).or_default() += 1;
        }
        batch
    }

    /// Logs the outcome, and records the metrics.
    pub(crate) fn handled(&self, tally: &Tally, response: &Response) {
        self.measure(tally);
        let again_from = response.batch_item_failures.first();
        let outcome = match (&tally.unwritable, again_from) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "in part",
            (None, None) => "done",
        };
        tracing::info!(
            outcome,
            records = self.records,
            inserted = self.inserted,
            modified = self.modified,
            removed = self.removed,
            whole = tally.whole,
            refolded = tally.refolded,
            duplicate = tally.duplicate,
            parked = tally.parked.len(),
            failed = tally.failed.len(),
            skipped = tally.skipped.iter().map(|(_, images)| images).sum::<u64>(),
            write_units = tally.write_units,
            lag_ms = self.lag_ms,
            duration_ms = self.begun.elapsed().as_millis() as u64,
            again_from = again_from.and_then(|failure| failure.item_identifier.as_deref()),
            "a batch was handled"
        );
    }

    fn measure(&self, tally: &Tally) {
        metrics::PROCESSOR_RECORDS.add(self.records as u64);
        for (entity, changes) in &self.entities {
            metrics::PROCESSOR_CHANGES.add_by(&[entity], *changes);
        }
        if let Some(lag_ms) = self.lag_ms {
            metrics::PROCESSOR_ITERATOR_AGE.record(lag_ms as f64);
        }
        metrics::UPDATES_ABSORBED.add(tally.whole + tally.refolded);
        metrics::UPDATES_REFOLDED.add(tally.refolded);
        metrics::UPDATES_DUPLICATE.add(tally.duplicate);
        metrics::UPDATES_PARKED.add(tally.parked.len() as u64);
        metrics::UPDATES_FAILED.add(tally.failed.len() as u64);
        for (reason, images) in &tally.skipped {
            metrics::IMAGES_SKIPPED.add_by(&[reason], *images);
        }
        // Whole numbers, as writes outside transactions are billed.
        if let Some(units) = tally.write_units {
            metrics::WRITE_UNITS.add(units.round() as u64);
        }
    }
}

/// How long ago the newest change was made, where one says when.
fn lag_ms<'a>(changes: impl Iterator<Item = &'a Change>, now: SystemTime) -> Option<u64> {
    let times = changes.map(|change| change.seconds).filter(|time| *time != UNKNOWN_SECONDS);
    let newest_ms = u64::from(times.max()?) * 1_000;
    let now_ms = now.duration_since(UNIX_EPOCH).ok()?.as_millis() as u64;
    Some(now_ms.saturating_sub(newest_ms))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::event::Event;

    fn invocation(records: &[(&str, Option<u32>, &str)]) -> Invocation {
        let record = |(number, (kind, seconds, entity)): (usize, &(&str, Option<u32>, &str))| {
            let image = json!({ "_et": { "S": entity } });
            json!({ "eventID": "1", "eventName": kind, "dynamodb": {
                "ApproximateCreationDateTime": seconds, "SequenceNumber": format!("{}", number + 1),
                "NewImage": image, "OldImage": image,
            }})
        };
        let records: Vec<_> = records.iter().enumerate().map(record).collect();
        let event = json!({ "shardId": "s", "eventSourceARN": "a/stream/b", "Records": records });
        serde_json::from_value::<Event>(event).expect("an event").try_into().expect("settled")
    }

    fn model() -> Model {
        let text = r##"
            [table]
            name = "shop"
            [entities.order]
            PK = "USER#{user}"
            SK = "ORDER#{number}"
            [entities.order.attributes]
            user = { type = "string", required = true }
            number = { type = "string", required = true }
        "##;
        text.parse().expect("a definition")
    }

    #[test]
    fn changes_are_counted_by_kind_and_by_entity() {
        let model = model();
        let records = [
            ("INSERT", Some(100), "order"),
            ("INSERT", Some(100), "order"),
            ("MODIFY", Some(101), "else"),
            ("REMOVE", Some(99), "order"),
        ];
        let now = UNIX_EPOCH + Duration::from_millis(102_345);
        let invocation = invocation(&records);
        let batch = BatchLog::start(&model, &invocation, now);
        let BatchLog { records, inserted, modified, removed, entities, lag_ms, .. } = batch;
        assert_eq!((records, inserted, modified, removed), (4, 2, 1, 1));
        assert_eq!(entities, BTreeMap::from([("none", 1), ("order", 3)]));
        assert_eq!(lag_ms, Some(1_345), "since the newest, wherever it is in the batch");
    }

    #[test]
    fn the_lag_is_not_below_zero_and_not_known_without_a_time() {
        let lag = |seconds: &[Option<u32>], now_ms| {
            let records: Vec<_> =
                seconds.iter().map(|seconds| ("INSERT", *seconds, "order")).collect();
            let invocation = invocation(&records);
            let changes = invocation.changes.iter().map(|record| &record.change);
            lag_ms(changes, UNIX_EPOCH + Duration::from_millis(now_ms))
        };
        assert_eq!(lag(&[Some(200)], 199_999), Some(0));
        assert_eq!(lag(&[None, Some(200)], 200_001), Some(1));
        assert_eq!(lag(&[None], 200_001), None);
    }
}
