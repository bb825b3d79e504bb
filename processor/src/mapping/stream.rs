//! The stream as DynamoDB serves it: its shards, iterators and records, as values of our own.

use std::collections::HashSet;

use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::types::{self, OperationType, ShardIteratorType, StreamStatus};

use weir_table::error::chain;

use super::error::Error;
use super::lineage::Shard;
use super::settings::Source;
use crate::event::{Record, StreamRecord, UserIdentity};

/// The most records that DynamoDB gives at once; it stops at 1 MB as well.
const MAX_READ_RECORDS: i32 = 1_000;
/// The most shards in one page of a description.
const MAX_PAGE_SHARDS: i32 = 100;
/// The name that DynamoDB Local has for the removal of an item whose time to live has passed.
const LOCAL_EXPIRY: &str = "UNKNOWN_TO_SDK_VERSION";

/// A stream and the client that reads it.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    client: Client,
    arn: String,
}

/// Where in a shard to start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ReadPosition {
    /// Behind the newest record there is.
    Latest,
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

/// The shards of a stream.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) shards: Vec<Shard>,
    /// The ids of the shards that get no more records.
    pub(super) closed: HashSet<String>,
    /// Whether writes to the table still make records in it.
    pub(super) is_enabled: bool,
    /// The images that its records have, in AWS's words; `None` where DynamoDB does not say.
    pub(super) view_type: Option<String>,
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
    /// Grant the permission, or renew the credentials.
    #[error("{0}")]
    Denied(String),
    /// Try again later.
    #[error("{0}")]
    Passing(String),
}

/// The codes of errors after which the permissions or the credentials must change ("Common
/// errors", DynamoDB Streams API reference).
const DENIALS: [&str; 7] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "InvalidSignatureException",
    "KMSAccessDeniedException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];

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

    /// Another stream, read by the same client.
    pub(super) fn with_arn(&self, arn: String) -> Self {
        Stream { client: self.client.clone(), arn }
    }

    /// When it began, in seconds since the epoch: no record of it is older.
    pub(super) fn began_at(&self) -> i64 {
        weir_table::stream_began_at(self.label()).unwrap_or_default()
    }

    pub(super) fn arn(&self) -> &str {
        &self.arn
    }

    /// The table's name, where the ARN is as AWS writes it.
    pub(super) fn table(&self) -> Option<&str> {
        self.arn.split_once("/stream/")?.0.rsplit('/').next()
    }

    /// The label: the last segment of the ARN.
    pub(super) fn label(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// All shards that are left, over all pages.
    pub(super) async fn shards(&self) -> Result<Listing, Error> {
        let (mut shards, mut closed) = (Vec::new(), HashSet::new());
        let mut is_enabled = true;
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
            // dynoxide answers for whatever stream the table has.
            if description.stream_label().is_some_and(|label| label != self.label()) {
                return Err(Error::Gone { arn: self.arn.clone() });
            }
            is_enabled &= !matches!(
                description.stream_status,
                Some(StreamStatus::Disabled | StreamStatus::Disabling)
            );
            let view_type = description.stream_view_type.map(|view| view.as_str().to_owned());
            for shard in description.shards.unwrap_or_default() {
                let Some(id) = shard.shard_id else { continue };
                let range = shard.sequence_number_range;
                if range.is_some_and(|range| range.ending_sequence_number.is_some()) {
                    closed.insert(id.clone());
                }
                shards.push(Shard { id, parent: shard.parent_shard_id });
            }
            start = description.last_evaluated_shard_id;
            if start.is_none() {
                return Ok(Listing { shards, closed, is_enabled, view_type });
            }
        }
    }

    /// An iterator at a position of a shard.
    pub(super) async fn iterator(
        &self,
        shard_id: &str,
        position: &ReadPosition,
    ) -> Result<String, ReadError> {
        let request = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(shard_id);
        let request = match position {
            ReadPosition::Latest => request.shard_iterator_type(ShardIteratorType::Latest),
            ReadPosition::TrimHorizon => {
                request.shard_iterator_type(ShardIteratorType::TrimHorizon)
            }
            ReadPosition::After(sequence_number) => request
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .sequence_number(sequence_number),
        };
        let output = request.send().await.map_err(read_error)?;
        let missing = || ReadError::Passing("DynamoDB gave no shard iterator".to_owned());
        output.shard_iterator.ok_or_else(missing)
    }

    /// Whether DynamoDB knows a shard no more, whatever the list of shards says.
    pub(super) async fn has_lost(&self, shard_id: &str) -> bool {
        matches!(self.iterator(shard_id, &ReadPosition::TrimHorizon).await, Err(ReadError::Gone))
    }

    /// The records at an iterator.
    pub(super) async fn records(&self, iterator: &str) -> Result<Page, ReadError> {
        let request = self.client.get_records().shard_iterator(iterator).limit(MAX_READ_RECORDS);
        let output = request.send().await.map_err(read_error)?;
        let records = output.records.unwrap_or_default().into_iter();
        let records: Vec<_> =
            records.map(|record| self.record(record)).collect::<Result<_, _>>()?;
        if !records.is_empty() && self.is_shared() && !self.is_current().await? {
            return Err(ReadError::Gone);
        }
        Ok(Page { records, next: output.next_shard_iterator })
    }

    /// Whether its shards may hold records of another stream of the table: those of dynoxide do,
    /// whose labels are seconds with nanoseconds, after the stream was disabled and enabled again.
    fn is_shared(&self) -> bool {
        self.label().parse::<f64>().is_ok()
    }

    /// Whether writes to the table still make records in it. On AWS the shards of a disabled stream
    /// end; dynoxide answers with empty pages, so it is asked.
    pub(super) async fn is_still_written(&self) -> bool {
        !self.is_shared() || self.is_current().await.unwrap_or(false)
    }

    /// Whether it is the stream that the table has. Labels only grow, so what was read before is of
    /// this stream.
    async fn is_current(&self) -> Result<bool, ReadError> {
        let described = self.client.describe_stream().stream_arn(&self.arn).limit(1).send().await;
        let described = described.map_err(read_error)?;
        let label = described.stream_description.and_then(|stream| stream.stream_label);
        Ok(label.is_none_or(|label| label == self.label()))
    }

    /// A record as Lambda would write it into the event.
    fn record(&self, record: types::Record) -> Result<Record, ReadError> {
        let incomplete = |field: &str| ReadError::Passing(format!("a record has no {field}"));
        let change = record.dynamodb.ok_or_else(|| incomplete("change"))?;
        let event_name = record.event_name.ok_or_else(|| incomplete("event name"))?;
        let (event_name, user_identity) = kind(event_name, record.user_identity, &change);
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

/// Returns the kind of the change and its principal, in AWS's words.
///
/// Emulators say otherwise that an item has expired: DynamoDB Local has a name of its own for it
/// and no author, dynoxide an author whose fields are written as in a Lambda event, where the API's
/// are not, so that the SDK reads none of them.
fn kind(
    name: OperationType,
    author: Option<types::Identity>,
    change: &types::StreamRecord,
) -> (OperationType, Option<UserIdentity>) {
    let is_removal = change.old_image.is_some() && change.new_image.is_none();
    let author = author.map(|author| UserIdentity {
        identity_type: author.r#type,
        principal_id: author.principal_id,
    });
    let is_nameless = author == Some(UserIdentity { identity_type: None, principal_id: None });
    if is_removal && (is_nameless || name.as_str() == LOCAL_EXPIRY) {
        return (OperationType::Remove, Some(UserIdentity::time_to_live()));
    }
    (name, author)
}

fn read_error<E>(error: SdkError<E>) -> ReadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some("ExpiredIteratorException") => ReadError::Expired,
        Some("TrimmedDataAccessException") => ReadError::Trimmed,
        Some("ResourceNotFoundException") => ReadError::Gone,
        code if is_denial(code) => ReadError::Denied(chain(&error)),
        _ => ReadError::Passing(chain(&error)),
    }
}

fn is_denial(code: Option<&str>) -> bool {
    code.is_some_and(|code| DENIALS.contains(&code))
}

fn failure<E>(action: &'static str, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    Error::Streams { action, reason: chain(&error), is_denied: is_denial(error.code()) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn an_expiry_is_the_same_on_aws_and_on_emulators() {
        let removal = types::StreamRecord::builder().set_old_image(Some(HashMap::new())).build();
        let aws = types::Identity::builder().r#type("Service");
        let aws = aws.principal_id("dynamodb.amazonaws.com").build();
        let dynoxide = types::Identity::builder().build();
        let expiries = [
            (OperationType::Remove, Some(aws)),
            (OperationType::from(LOCAL_EXPIRY), None),
            (OperationType::Remove, Some(dynoxide)),
        ];
        for (name, author) in expiries {
            let expiry = (OperationType::Remove, Some(UserIdentity::time_to_live()));
            assert_eq!(kind(name, author, &removal), expiry);
        }
    }

    #[test]
    fn a_deletion_and_a_removal_by_somebody_else_are_no_expiry() {
        let removal = types::StreamRecord::builder().set_old_image(Some(HashMap::new())).build();
        assert_eq!(kind(OperationType::Remove, None, &removal), (OperationType::Remove, None));
        let other = types::Identity::builder().principal_id("somebody").build();
        let (_, author) = kind(OperationType::Remove, Some(other), &removal);
        assert_eq!(author.and_then(|author| author.principal_id).as_deref(), Some("somebody"));
    }

    #[test]
    fn a_kind_of_change_that_is_not_known_stays_unknown() {
        let put = types::StreamRecord::builder().set_new_image(Some(HashMap::new())).build();
        let unknown = OperationType::from(LOCAL_EXPIRY);
        assert_eq!(kind(unknown.clone(), None, &put), (unknown, None));
    }
}
