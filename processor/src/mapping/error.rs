//! Why a mapping cannot start, or ends.

use weir_startup::InvalidVariable;
use weir_table::checkpoints;

use super::filter::FilterError;

/// Why a mapping could not start, or had to end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Change the settings.
    #[error("{setting} is {value}, expected {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The value.
        value: String,
        /// The allowed values.
        expected: String,
    },
    /// Change the variable.
    #[error(transparent)]
    Environment(#[from] InvalidVariable),
    /// Change the filters.
    #[error("{setting} is invalid: {source}")]
    FilterCriteria {
        /// The setting.
        setting: &'static str,
        /// The mistake.
        source: FilterError,
    },
    /// Enable the stream.
    #[error("table {table} has no stream, expected one with NEW_AND_OLD_IMAGES")]
    NoStream {
        /// The table.
        table: String,
    },
    /// The table or its stream was deleted: start the mapping again.
    #[error("stream {arn} no longer exists")]
    Gone {
        /// The stream.
        arn: String,
    },
    /// DynamoDB Streams did not answer as it should: see to endpoint and permissions.
    #[error("{action} failed: {reason}")]
    Streams {
        /// The call that failed.
        action: &'static str,
        /// The error of DynamoDB or of the SDK.
        reason: String,
        /// Whether DynamoDB denies access: the permissions or the credentials must change.
        is_denied: bool,
    },
    /// The checkpoints could not be read or the lease not be taken.
    #[error(transparent)]
    Checkpoints(#[from] checkpoints::Error),
    /// The mapping itself is broken.
    #[error("the worker of shard {shard_id} broke: {reason}")]
    Worker {
        /// The shard.
        shard_id: String,
        /// The message of the panic.
        reason: String,
    },
}
