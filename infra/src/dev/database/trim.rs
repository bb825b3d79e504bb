//! Trimming: stream records that were read and are older than a day are removed from the file.
//!
//! DynamoDB trims a record after a day, read or not, and its change is lost for who had not read
//! it. A file may lie for weeks with changes that are not in the rollups yet, so here a record also
//! waits until the local mapping has a checkpoint behind it. Receipts of transactions, which are
//! needed for ten minutes, go with them.
//!
//! **Invariant:** a record after the checkpoint of its shard stays, however old it is.

use std::time::Duration;

use dynoxide::storage::Storage;
use weir_table::Table;
use weir_table::checkpoints::{Checkpoint, Checkpoints};

use super::now_secs;
use super::schema::RETENTION_SECS;
use crate::dev::part::Part;

/// The pause between two looks for records to trim.
const PAUSE: Duration = Duration::from_secs(60);
/// The records removed in one transaction: a write waits for no more than these.
const BATCH_RECORDS: usize = 1_000;
/// A sequence number of the API is the stored one plus this.
const SEQUENCE_NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;
/// A file is compacted at the start when at least this many pages are free, and half of all.
const MIN_FREE_PAGES: i64 = 4_096;

const TRIM: &str = "DELETE FROM _stream_records WHERE id IN (
    SELECT id FROM _stream_records
    WHERE table_name = ?1 AND shard_id = ?2 AND created_at < ?3
        AND CAST(sequence_number AS INTEGER) <= ?4
        AND CAST(sequence_number AS INTEGER) < (
            SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records
            WHERE table_name = ?1)
    ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?5)";

/// The trimming of one table's stream, on a connection of its own, and of the table's receipts.
pub(in crate::dev) struct Trimmer {
    storage: Storage,
    table: Table,
    checkpoints: Checkpoints,
    label: String,
}

impl Trimmer {
    /// Returns a trimmer of the stream that has this ARN.
    pub(in crate::dev) fn new(
        storage: Storage,
        table: Table,
        checkpoints: Checkpoints,
        stream_arn: &str,
    ) -> Self {
        let label = stream_arn.rsplit('/').next().unwrap_or_default().to_owned();
        Self { storage, table, checkpoints, label }
    }

    /// Trims until it is asked to stop.
    pub(in crate::dev) fn start(self) -> Part {
        Part::start("trimming of the stream", |stop| async move {
            tokio::select! {
                () = self.run() => Ok(()),
                () = stop.requested() => Ok(()),
            }
        })
    }

    async fn run(mut self) {
        loop {
            if let Err(error) = self.trim().await {
                tracing::warn!(error, "could not trim the stream; Weir will retry");
            }
            if let Err(error) = self.table.remove_expired_receipts().await {
                tracing::warn!(%error, "could not remove expired receipts; Weir will retry");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Removes the records that have been read and are older than a day.
    async fn trim(&mut self) -> Result<(), String> {
        let checkpoints = self.checkpoints.load(&self.label).await;
        let checkpoints = checkpoints.map_err(|error| error.to_string())?;
        let oldest = now_secs() - RETENTION_SECS;
        for checkpoint in &checkpoints {
            while trim_shard(&self.storage, self.table.name(), checkpoint, oldest)? == BATCH_RECORDS
            {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

/// Removes some of the records of a shard up to its checkpoint that were made before a time.
/// Returns their number, at most [`BATCH_RECORDS`].
fn trim_shard(
    storage: &Storage,
    table: &str,
    checkpoint: &Checkpoint,
    oldest_secs: i64,
) -> Result<usize, String> {
    let Some(read_to) = checkpoint.sequence_number.as_deref().and_then(stored) else {
        return Ok(0);
    };
    let parameters = (table, &checkpoint.shard_id, oldest_secs, read_to, BATCH_RECORDS as i64);
    storage.conn().execute(TRIM, parameters).map_err(|error| error.to_string())
}

/// Returns the stored form of a sequence number of the API.
fn stored(sequence_number: &str) -> Option<i64> {
    let number: u128 = sequence_number.parse().ok()?;
    i64::try_from(number.checked_sub(SEQUENCE_NUMBER_OFFSET)?).ok()
}

/// Gives the space of removed records back to the file system where it is most of the file.
pub(super) fn compact(storage: &Storage) -> Result<(), String> {
    let pragma = |sql: &str| storage.conn().query_row(sql, [], |row| row.get::<_, i64>(0));
    let free = pragma("PRAGMA freelist_count").map_err(|error| error.to_string())?;
    let all = pragma("PRAGMA page_count").map_err(|error| error.to_string())?;
    if free < MIN_FREE_PAGES || free * 2 < all {
        return Ok(());
    }
    storage.conn().execute_batch("VACUUM").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
