//! A stream for readers beside the mapping, such as the capture of a build: shards and changes,
//! without lease, checkpoints and handler.
//!
//! **Invariant:** a shard's changes come in order, and none is left out without a word: see
//! [`ShardPage::has_gap`].

use std::collections::HashSet;

use weir_rollups::SequenceNumber;
use weir_table::Connection;
use weir_table::error::chain;

use super::error::Error;
use super::lineage::{self, Shard};
use super::reader::{ShardReader, is_our_own};
use super::settings::Source;
use super::stream::{Listing, ReadError, Stream};
use crate::invocation::{InvocationError, StreamChange};

/// A stream that is read beside the mapping.
#[derive(Clone, Debug)]
pub struct StreamReader {
    stream: Stream,
}

/// The shards of a stream, and what DynamoDB says of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamListing {
    /// The shards that are left.
    pub shards: Vec<StreamShard>,
    /// Whether writes to the table still make records in the stream.
    pub is_enabled: bool,
    /// The images that its records have, in AWS's words; `None` where DynamoDB does not say.
    pub view_type: Option<String>,
}

/// A shard as DynamoDB lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamShard {
    /// Its id, `shardId-…`.
    pub id: String,
    /// The shard that it continues.
    pub parent: Option<String>,
    /// Whether it gets no more records.
    pub is_closed: bool,
}

/// A reader of the changes of one shard.
#[derive(Debug)]
pub struct ShardPages {
    reader: ShardReader,
}

/// The changes that one read has brought.
#[derive(Clone, Debug)]
pub struct ShardPage {
    /// The changes of items, in order. Records that the mapping keeps in the same table are left
    /// out.
    pub changes: Vec<StreamChange>,
    /// Whether DynamoDB returned no record at all.
    pub is_empty: bool,
    /// Whether the shard has ended, and everything in it was read.
    pub has_ended: bool,
    /// Whether records before these were trimmed unread.
    pub has_gap: bool,
}

/// A read that brought nothing, by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ShardReadError {
    /// Give the shard up.
    #[error("the shard does not exist any more")]
    Gone,
    /// Grant the permission to read the stream, or renew the credentials.
    #[error("DynamoDB denies access: {0}")]
    Denied(String),
    /// Read again later.
    #[error("{0}")]
    Passing(String),
    /// Change the stream.
    #[error(transparent)]
    Record(#[from] InvocationError),
}

impl StreamReader {
    /// Finds a stream.
    ///
    /// # Errors
    /// The table has no stream, or DynamoDB did not answer.
    pub async fn open(connection: &Connection, source: &Source) -> Result<Self, Error> {
        let stream = Stream::find(super::streams_client(connection), source).await?;
        Ok(Self { stream })
    }

    /// Returns the ARN of the stream.
    pub fn arn(&self) -> &str {
        self.stream.arn()
    }

    /// Returns the label of the stream: the last part of its ARN.
    pub fn label(&self) -> &str {
        self.stream.label()
    }

    /// Lists the shards.
    ///
    /// # Errors
    /// [`Error::Gone`] if the table has another stream or none; else DynamoDB did not answer.
    pub async fn list(&self) -> Result<StreamListing, Error> {
        let Listing { shards, closed, is_enabled, view_type } = self.stream.shards().await?;
        let shards = shards.into_iter().map(|Shard { id, parent }| {
            let is_closed = closed.contains(&id);
            StreamShard { id, parent, is_closed }
        });
        Ok(StreamListing { shards: shards.collect(), is_enabled, view_type })
    }

    /// Returns a reader of a shard from its oldest record on.
    pub fn open_at_oldest(&self, shard_id: &str) -> ShardPages {
        let reader = ShardReader::new(self.stream.clone(), shard_id.to_owned(), None);
        ShardPages { reader }
    }

    /// Returns a reader of a shard behind a record. If the stream has trimmed the record, the first
    /// page has a gap.
    pub fn open_after(&self, shard_id: &str, sequence: SequenceNumber) -> ShardPages {
        // The shortest that the API accepts: DynamoDB Local's numbers begin with zeros.
        let after = Some(format!("{:0>21}", sequence.to_string()));
        let reader = ShardReader::new(self.stream.clone(), shard_id.to_owned(), after);
        ShardPages { reader }
    }

    /// Returns a reader of what is written to a shard from now on.
    ///
    /// # Errors
    /// The shard is gone, or DynamoDB did not answer.
    pub async fn open_at_latest(&self, shard_id: &str) -> Result<ShardPages, ShardReadError> {
        let reader = ShardReader::from_latest(self.stream.clone(), shard_id.to_owned()).await;
        Ok(ShardPages { reader: reader.map_err(read_error)? })
    }
}

impl StreamListing {
    /// Returns the shards that may be read, given those that were read to their end and those that
    /// are being read: a shard waits for its parent.
    pub fn startable(
        &self,
        finished: &HashSet<String>,
        running: &HashSet<String>,
    ) -> Vec<&StreamShard> {
        let shard =
            |known: &StreamShard| Shard { id: known.id.clone(), parent: known.parent.clone() };
        let shards: Vec<_> = self.shards.iter().map(shard).collect();
        let startable = lineage::startable(&shards, finished, running);
        let startable: HashSet<_> = startable.into_iter().map(|shard| shard.id.as_str()).collect();
        self.shards.iter().filter(|shard| startable.contains(shard.id.as_str())).collect()
    }
}

impl ShardPages {
    /// Reads the next changes, perhaps none.
    ///
    /// # Errors
    /// DynamoDB did not answer, the shard is gone, or a record lacks an image.
    pub async fn read(&mut self) -> Result<ShardPage, ShardReadError> {
        let records = self.reader.read().await.map_err(read_error)?;
        let is_empty = records.is_empty();
        let of_items = records.into_iter().filter(|record| !is_our_own(record));
        let changes = of_items.map(StreamChange::try_from).collect::<Result<_, _>>()?;
        let (has_ended, has_gap) = (self.reader.has_ended(), self.reader.take_gap());
        Ok(ShardPage { changes, is_empty, has_ended, has_gap })
    }
}

fn read_error(error: ReadError) -> ShardReadError {
    match error {
        ReadError::Gone => ShardReadError::Gone,
        ReadError::Denied(reason) => ShardReadError::Denied(reason),
        passing => ShardReadError::Passing(chain(&passing)),
    }
}
