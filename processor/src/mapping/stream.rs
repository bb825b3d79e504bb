//! The stream as DynamoDB serves it: its shards, iterators and records, as values of our own.

use std::fmt::Debug;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::{self, OperationType, ShardIteratorType};

use super::Error;
use super::lineage::Shard;
use super::settings::Source;
use crate::event::{Record, StreamRecord, UserIdentity};

/// The most records that DynamoDB gives at once; it stops at 1 MB as well.
const MAX_READ_RECORDS: i32 = 1_000;
/// The most shards in one page of a description.
const MAX_PAGE_SHARDS: i32 = 100;
/// What DynamoDB Local calls the removal of an item whose time to live has passed. It leaves out who removed it.
const LOCAL_EXPIRY: &str = "UNKNOWN_TO_SDK_VERSION";

/// A stream and the client that reads it.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    client: Client,
    arn: String,
}

/// Where in a shard to start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Position {
    /// At the oldest record there is.
    TrimHorizon,
    /// After the record of this sequence number.
    After(String),
}

/// Some records, and how to read on: without an iterator, the shard has ended.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) records: Vec<Record>,
    pub(super) next: Option<String>,
}

/// Why records could not be read, by what to do next.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// Take a new iterator.
    #[error("the shard iterator expired")]
    Expired,
    /// Go to the oldest record left.
    #[error("the records at the shard iterator were trimmed")]
    Trimmed,
    /// Give the shard up.
    #[error("the shard does not exist any more")]
    Gone,
    /// Try again later.
    #[error("{0}")]
    Passing(String),
}

impl Stream {
    /// Finds the stream. Of several of one table, the newest: labels are times.
    pub(super) async fn find(client: Client, source: &Source) -> Result<Self, Error> {
        let table = match source {
            Source::Stream(arn) => {
                return Ok(Stream { client, arn: arn.clone() });
            }
            Source::Table(table) => table,
        };
        let mut newest: Option<(String, String)> = None;
        let mut start = None;
        loop {
            let page = client
                .list_streams()
                .table_name(table)
                .set_exclusive_start_stream_arn(start)
                .send()
                .await
                .map_err(|error| failure("listing streams", error))?;
            let streams = page.streams.unwrap_or_default().into_iter();
            let found =
                streams.filter_map(|stream| Some((stream.stream_label?, stream.stream_arn?)));
            newest = newest.into_iter().chain(found).max();
            start = page.last_evaluated_stream_arn;
            if start.is_none() {
                break;
            }
        }
        let (_label, arn) = newest.ok_or_else(|| Error::NoStream { table: table.clone() })?;
        Ok(Stream { client, arn })
    }

    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// The label: the last segment of the ARN.
    pub(super) fn label(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// All shards that are left, over all pages.
    pub(super) async fn shards(&self) -> Result<Vec<Shard>, Error> {
        let mut shards = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .describe_stream()
                .stream_arn(&self.arn)
                .limit(MAX_PAGE_SHARDS)
                .set_exclusive_start_shard_id(start)
                .send()
                .await
                .map_err(|error| match error.code() {
                    Some("ResourceNotFoundException") => Error::Gone { arn: self.arn.clone() },
                    _ => failure("listing shards", error),
                })?;
            let description = page
                .stream_description
                .unwrap_or_else(|| types::StreamDescription::builder().build());
            let page = description.shards.unwrap_or_default().into_iter();
            shards.extend(page.filter_map(|shard| {
                Some(Shard { id: shard.shard_id?, parent: shard.parent_shard_id })
            }));
            start = description.last_evaluated_shard_id;
            if start.is_none() {
                return Ok(shards);
            }
        }
    }

    /// An iterator at a position of a shard.
    pub(super) async fn iterator(
        &self,
        shard_id: &str,
        position: &Position,
    ) -> Result<String, ReadError> {
        let request = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(shard_id);
        let request = match position {
            Position::TrimHorizon => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Position::After(sequence_number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .sequence_number(sequence_number),
        };
        let output = request.send().await.map_err(read_error)?;
        let missing = || ReadError::Passing("DynamoDB gave no shard iterator".to_owned());
        output.shard_iterator.ok_or_else(missing)
    }

    /// The records at an iterator.
    pub(super) async fn records(&self, iterator: &str) -> Result<Page, ReadError> {
        let request = self.client.get_records().shard_iterator(iterator).limit(MAX_READ_RECORDS);
        let output = request.send().await.map_err(read_error)?;
        let records = output.records.unwrap_or_default().into_iter();
        let records = records.map(|record| self.record(record)).collect::<Result<_, _>>()?;
        Ok(Page { records, next: output.next_shard_iterator })
    }

    /// A record as Lambda would write it into the event.
    fn record(&self, record: types::Record) -> Result<Record, ReadError> {
        let incomplete = |field: &str| ReadError::Passing(format!("a record has no {field}"));
        let change = record.dynamodb.ok_or_else(|| incomplete("change"))?;
        let event_name = record.event_name.ok_or_else(|| incomplete("event name"))?;
        let is_local_expiry = event_name.as_str() == LOCAL_EXPIRY
            && change.old_image.is_some()
            && change.new_image.is_none();
        let (event_name, user_identity) = match is_local_expiry {
            true => (OperationType::Remove, Some(UserIdentity::time_to_live())),
            false => (event_name, record.user_identity.map(user_identity)),
        };
        let dynamodb = StreamRecord {
            approximate_creation_date_time: change
                .approximate_creation_date_time
                .map(|created| created.secs()),
            keys: change.keys.unwrap_or_default().into(),
            new_image: change.new_image.map(Into::into),
            old_image: change.old_image.map(Into::into),
            sequence_number: change.sequence_number.ok_or_else(|| incomplete("sequence number"))?,
            size_bytes: change.size_bytes,
            stream_view_type: change.stream_view_type.map(|view| view.as_str().to_owned()),
        };
        Ok(Record {
            event_id: record.event_id.ok_or_else(|| incomplete("event id"))?,
            event_name: event_name.as_str().to_owned(),
            event_version: record.event_version,
            event_source: record.event_source,
            aws_region: record.aws_region,
            dynamodb,
            user_identity,
            event_source_arn: Some(self.arn.clone()),
        })
    }
}

fn user_identity(identity: types::Identity) -> UserIdentity {
    UserIdentity { identity_type: identity.r#type, principal_id: identity.principal_id }
}

fn read_error<E>(error: SdkError<E>) -> ReadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ExpiredIteratorException") => ReadError::Expired,
        Some("TrimmedDataAccessException") => ReadError::Trimmed,
        Some("ResourceNotFoundException") => ReadError::Gone,
        _ => ReadError::Passing(DisplayErrorContext(error).to_string()),
    }
}

fn failure<E>(action: &'static str, error: SdkError<E>) -> Error
where
    E: std::error::Error + Debug + 'static,
{
    Error::Streams { action, reason: DisplayErrorContext(error).to_string() }
}
