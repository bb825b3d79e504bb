//! Reading one shard on and on: a position, and an iterator that may expire or fall behind the trim
//! horizon.
//!
//! **Invariant:** the position is the last record that was read, so that a new iterator skips
//! nothing and repeats nothing.

use serde_dynamo::AttributeValue;
use weir_model::table::ROLLUPS_PARTITION_KEY;
use weir_table::checkpoints::PARTITION_PREFIX;

use super::stream::{ReadError, ReadPosition, Stream};
use crate::event::Record;

/// How often one read may change its iterator before it pauses.
const ITERATORS_PER_READ: usize = 3;

/// A reader of one shard.
#[derive(Debug)]
pub(super) struct ShardReader {
    stream: Stream,
    shard_id: String,
    position: ReadPosition,
    iterator: Option<String>,
    ended: bool,
    /// Whether records were trimmed unread since it was last asked.
    has_gap: bool,
}

impl ShardReader {
    /// Reads after a record, or from the oldest on.
    pub(super) fn new(stream: Stream, shard_id: String, after: Option<String>) -> Self {
        let position = after.map_or(ReadPosition::TrimHorizon, ReadPosition::After);
        ShardReader { stream, shard_id, position, iterator: None, ended: false, has_gap: false }
    }

    /// Reads what is written from now on. If its first iterator expires before it brings a record,
    /// the reader begins with the oldest record there is, so that nothing is left out.
    pub(super) async fn from_latest(stream: Stream, shard_id: String) -> Result<Self, ReadError> {
        let iterator = stream.iterator(&shard_id, &ReadPosition::Latest).await?;
        let iterator = Some(iterator);
        Ok(ShardReader { iterator, ..Self::new(stream, shard_id, None) })
    }

    /// Whether the shard has ended and everything in it was read.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns once whether records were trimmed before they were read.
    pub(super) fn take_gap(&mut self) -> bool {
        std::mem::take(&mut self.has_gap)
    }

    /// Returns the position of the last read.
    pub(super) fn position(&self) -> &ReadPosition {
        &self.position
    }

    /// Reads the next records, perhaps none.
    pub(super) async fn read(&mut self) -> Result<Vec<Record>, ReadError> {
        for _ in 0..ITERATORS_PER_READ {
            match self.try_read().await {
                Err(ReadError::Expired) => self.iterator = None,
                Err(ReadError::Trimmed) => self.skip_to_trim_horizon(),
                read => return read,
            }
        }
        Err(ReadError::Passing("iterators expire as fast as they are taken".to_owned()))
    }

    /// Whether the stream says that it has a record no more.
    pub(super) async fn is_trimmed(&self, sequence_number: &str) -> bool {
        let position = ReadPosition::After(sequence_number.to_owned());
        let iterator = self.stream.iterator(&self.shard_id, &position).await;
        matches!(iterator, Err(ReadError::Trimmed | ReadError::Gone))
    }

    async fn try_read(&mut self) -> Result<Vec<Record>, ReadError> {
        let iterator = match &self.iterator {
            Some(iterator) => iterator.clone(),
            None => self.stream.iterator(&self.shard_id, &self.position).await?,
        };
        let page = self.stream.records(&iterator).await?;
        if let Some(last) = page.records.last() {
            self.position = ReadPosition::After(last.dynamodb.sequence_number.clone());
        }
        self.ended = page.next.is_none();
        self.iterator = page.next;
        Ok(page.records)
    }

    fn skip_to_trim_horizon(&mut self) {
        if let ReadPosition::After(sequence_number) = &self.position {
            self.has_gap = true;
            tracing::warn!(
                shard_id = self.shard_id,
                after = sequence_number,
                "records after this one were trimmed unread; going on from the oldest that is left"
            );
        }
        self.position = ReadPosition::TrimHorizon;
        self.iterator = None;
    }
}

/// Whether a record of a table that holds the rollups as well is about an item that the mapping
/// itself wrote. Handing it over would save a checkpoint, which would make another record, and so
/// on for ever.
pub(super) fn is_our_own(record: &Record) -> bool {
    record.dynamodb.keys.get(ROLLUPS_PARTITION_KEY).is_some_and(
        |value| matches!(value, AttributeValue::S(key) if key.starts_with(PARTITION_PREFIX)),
    )
}
