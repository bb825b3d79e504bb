//! The readings of rollup items together with the detail items that they count.
//!
//! Rollup items whose detail items are being changed are read in rounds, until no change may have
//! been missed by the last reading.

use futures::{StreamExt, stream};
use tokio::time::sleep;
use weir_table::ItemsTable;

use super::record::ItemId;
use super::recorder::{ReadingRequest, Recorder};
use super::{Report, Verifier, VerifyError, VerifyEvent};
use crate::requests::wait_until;

/// How often rollup items are read together with their detail items.
const MAX_READINGS: u32 = 15;
/// The rollup items that are read at the same positions of the shards.
const READINGS_AT_A_TIME: usize = 200;
const READINGS_IN_FLIGHT: usize = 16;
/// The most items of a transaction.
const MAX_TOGETHER: usize = weir_table::MAX_ACTIONS;

impl Verifier {
    /// Reads the rollup items whose detail items are being changed together with these.
    pub(super) async fn read_together(
        &self,
        recorder: &Recorder<'_>,
        described: &ItemsTable,
        report: Report<'_>,
    ) -> Result<(), VerifyError> {
        let mut left = recorder.touched();
        for _ in 0..MAX_READINGS {
            if left.is_empty() {
                break;
            }
            report(VerifyEvent::ReadTogether { left: left.len() });
            recorder.forget_acknowledged();
            let mut read: Vec<(ReadingRequest, Option<u32>)> = Vec::new();
            for items in left.chunks(READINGS_AT_A_TIME) {
                let requests = self.read_chunk(recorder, items, described).await?;
                read.extend(requests);
            }
            // Records of these seconds are captured by then, unless they are late.
            let last = read.iter().filter_map(|(_, latest)| *latest).max().unwrap_or_default();
            wait_until(&self.table, i64::from(last) + 1).await?;
            sleep(self.settings.capture.read_interval * 2).await;
            let is_left = |(request, latest): &(ReadingRequest, Option<u32>)| {
                latest.is_none_or(|latest| recorder.is_undecided(request, latest))
            };
            left = read.into_iter().filter(is_left).map(|(request, _)| request.item).collect();
        }
        Ok(())
    }

    /// Reads some rollup items, each with its detail items at one moment. Returns the requests,
    /// each with the second after which no record can have been absorbed at its moment; `None` if
    /// it could not be read.
    async fn read_chunk(
        &self,
        recorder: &Recorder<'_>,
        items: &[ItemId],
        described: &ItemsTable,
    ) -> Result<Vec<(ReadingRequest, Option<u32>)>, VerifyError> {
        let known =
            self.checkpoints.shard_progress(described.stream_label().unwrap_or_default()).await?;
        let known = known.iter().map(|known| (known.shard_id.as_str(), known.last.sequence));
        let positions = recorder.note_positions(known);
        let requests: Vec<_> =
            items.iter().map(|item| recorder.reading_request(item, MAX_TOGETHER)).collect();
        let reads: Vec<_> = requests
            .into_iter()
            .map(|request| async move {
                let keys = [&request.stripes[..], &request.details[..]].concat();
                match self.rollups.get_together(&keys).await {
                    Ok(items) => Ok((Some(items), request)),
                    // Writes keep coming, or the items are too large: another round may read them.
                    Err(error) if error.is_retryable() || error.is_refusal() => Ok((None, request)),
                    Err(error) => Err(VerifyError::from(error)),
                }
            })
            .collect();
        let reads: Vec<_> =
            stream::iter(reads).buffer_unordered(READINGS_IN_FLIGHT).collect().await;
        let latest = self.latest_record(described).await?;
        let mut done = Vec::new();
        for read in reads {
            let (items, request) = read?;
            let Some(items) = items else {
                done.push((request, None));
                continue;
            };
            recorder.record_reading(&request, positions, latest, &items)?;
            done.push((request, Some(latest)));
        }
        Ok(done)
    }
}
