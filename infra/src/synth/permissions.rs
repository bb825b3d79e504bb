//! The permissions of each function, derived from one list of the calls that its code makes.
//!
//! ```text
//! USES: action, by which function, on what, in which code
//!   └──► granted(function, definition) ──► statements of its role
//! ```
//!
//! A use that a definition has no need of is not granted: a table whose entities have no lists is
//! never queried. `tests/tests/permissions.rs` records what the functions ask of a DynamoDB, route
//! by route, and compares; the tests below compare the list with the calls in the source of
//! `table`.
//!
//! **Invariant:** a role names exact actions on exact ARNs, but for those of [`WILDCARDS`], of
//! which AWS knows no other.

use serde_json::{Value, json};
use weir_model::table::RANKS_INDEX;
use weir_model::{Entity, Model, Pattern};

use super::function::Function::{self, Processor, Reader, Writer};
use super::intrinsics::{attribute, only_if, reference, substituted};
use super::logical_ids::{QUEUE, ROLLUPS, TABLE};
use super::parameters::{KMS_KEY, when};

/// An action of a function, for which it needs a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The action, as IAM names it.
    pub action: &'static str,
    /// The function that makes the call.
    pub by: Function,
    /// The resource that it acts on.
    pub on: Target,
    /// When it does it.
    pub when: Need,
    /// Where: a file of the workspace, or the service of AWS that acts with the function's role;
    /// then what in it.
    pub source: (&'static str, &'static str),
}

/// A resource that functions act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The table of items.
    Table,
    /// The indexes of the table that an entity is read by.
    Indexes,
    /// The table of rollups.
    Rollups,
    /// The index of the rollups' table that orders its items.
    Ranks,
    /// The table's stream.
    Stream,
    /// All streams of the account.
    Streams,
    /// The queue of what the mapping gave up.
    Queue,
    /// The function's log group.
    Logs,
    /// X-Ray.
    Traces,
    /// The key of the account that encrypts what is stored, where there is one.
    Key,
}

/// The part of a definition that a use depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is always done.
    Nothing,
    /// An entity of which a partition can hold several items, or entities that share one.
    Lists,
    /// An entity that is in an index.
    Indexes,
    /// An entity whose items a batch may write without conditions.
    Batches,
    /// A rollup.
    Rollups,
    /// A rollup whose items are read in the order of a measure.
    Ranks,
    /// A rollup whose groups are ranked.
    Leaderboards,
    /// A rollup whose items are kept in the table of items.
    Colocated,
}

/// The actions of which AWS knows no resource but all, and why they are needed.
pub const WILDCARDS: [(&str, &str); 3] = [
    (
        "dynamodb:ListStreams",
        "Lambda demands it of whoever reads a stream; it takes no resource but *",
    ),
    ("xray:PutTraceSegments", "it takes no resource but *; granted where traces are sent"),
    ("xray:PutTelemetryRecords", "it takes no resource but *; granted where traces are sent"),
];

const ITEMS: &str = "table/src/items/table.rs";
const BATCH_GET: &str = "table/src/items/batch_get.rs";
const TRANSACT_GET: &str = "table/src/items/transact_get.rs";
const BATCH: &str = "table/src/items/batch.rs";
const COMMIT: &str = "table/src/items/commit/attempt.rs";
const WRITE: &str = "table/src/items/write.rs";
const QUERY: &str = "table/src/query.rs";
const APPLY: &str = "table/src/rollups.rs";
const STATE: &str = "table/src/state.rs";
const STORED: &str = "table/src/state/stored.rs";
const DEFINITIONS: &str = "table/src/state/definitions.rs";
const BUILDS: &str = "table/src/state/build_progress.rs";
const PROGRESS: &str = "table/src/checkpoints/progress.rs";
const SHARD_PROGRESS: &str = "table/src/checkpoints/shard_progress.rs";
const EXPRESSION: &str = "table/src/rollups/expression.rs";
const CROSSING: &str = "table/src/rollups/crossing.rs";
const EXPIRY: &str = "table/src/rollups/expiry.rs";
const PARK: &str = "table/src/rollups/park.rs";
const READ: &str = "table/src/rollups/read.rs";
const STALE: &str = "table/src/rollups/stale.rs";
const POLLER: &str = "Lambda's event source mapping";
const RUNTIME: &str = "Lambda's runtime";
/// DynamoDB and SQS decrypt and encrypt with the permissions of the caller ("DynamoDB encryption at
/// rest: How it works"; "Amazon SQS key management"), Lambda the environment with those of the
/// role.
const ENCRYPTION: &str = "encryption of tables, queue and environment";

/// Every call that the functions make.
#[rustfmt::skip]
pub const USES: &[Use] = &[
    uses(Writer, "dynamodb:PutItem", Target::Table, Need::Nothing, (WRITE, "Table::send_put")),
    uses(Writer, "dynamodb:UpdateItem", Target::Table, Need::Nothing,
         (WRITE, "Table::send_update")),
    uses(Writer, "dynamodb:DeleteItem", Target::Table, Need::Nothing,
         (WRITE, "Table::send_delete")),
    uses(Writer, "dynamodb:PutItem", Target::Table, Need::Nothing, (COMMIT, "Table::transact")),
    uses(Writer, "dynamodb:UpdateItem", Target::Table, Need::Nothing, (COMMIT, "Table::transact")),
    uses(Writer, "dynamodb:DeleteItem", Target::Table, Need::Nothing, (COMMIT, "Table::transact")),
    uses(Writer, "dynamodb:ConditionCheckItem", Target::Table, Need::Nothing,
         (COMMIT, "Table::transact")),
    uses(Writer, "dynamodb:BatchWriteItem", Target::Table, Need::Batches,
         (BATCH, "Table::write_batch")),
    uses(Reader, "dynamodb:GetItem", Target::Table, Need::Nothing, (ITEMS, "Table::get")),
    uses(Reader, "dynamodb:BatchGetItem", Target::Table, Need::Nothing,
         (BATCH_GET, "Table::batch_get")),
    uses(Reader, "dynamodb:GetItem", Target::Table, Need::Nothing,
         (TRANSACT_GET, "Table::get_at_once")),
    uses(Reader, "dynamodb:Query", Target::Table, Need::Lists, (QUERY, "read")),
    uses(Reader, "dynamodb:Query", Target::Table, Need::Colocated, (QUERY, "read")),
    uses(Reader, "dynamodb:Query", Target::Indexes, Need::Indexes, (QUERY, "read")),
    uses(Reader, "dynamodb:Query", Target::Rollups, Need::Rollups, (QUERY, "read")),
    uses(Reader, "dynamodb:Query", Target::Ranks, Need::Ranks, (READ, "Rollups::walk_ranks")),
    uses(Reader, "dynamodb:BatchGetItem", Target::Rollups, Need::Leaderboards,
         (READ, "Rollups::get_all")),
    uses(Reader, "dynamodb:GetItem", Target::Rollups, Need::Rollups, (STORED, "load")),
    uses(Reader, "dynamodb:GetItem", Target::Rollups, Need::Rollups, (DEFINITIONS, "read")),
    uses(Reader, "dynamodb:GetItem", Target::Rollups, Need::Rollups, (BUILDS, "load")),
    uses(Reader, "dynamodb:GetItem", Target::Rollups, Need::Rollups,
         (PROGRESS, "Checkpoints::progress")),
    uses(Reader, "dynamodb:DescribeTable", Target::Table, Need::Rollups, (STATE, "describe")),
    uses(Processor, "dynamodb:DescribeTable", Target::Table, Need::Nothing, (STATE, "describe")),
    uses(Processor, "dynamodb:DescribeTable", Target::Rollups, Need::Nothing, (STATE, "describe")),
    uses(Processor, "dynamodb:GetItem", Target::Rollups, Need::Nothing, (STORED, "load")),
    uses(Processor, "dynamodb:GetItem", Target::Rollups, Need::Nothing, (DEFINITIONS, "read")),
    uses(Processor, "dynamodb:GetItem", Target::Rollups, Need::Nothing,
         (PROGRESS, "Checkpoints::progress")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Nothing, (STORED, "save")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Nothing, (DEFINITIONS, "store")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Nothing,
         (SHARD_PROGRESS, "Checkpoints::save_shard_progress")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Rollups,
         (EXPRESSION, "Expression::request")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Rollups,
         (CROSSING, "Rollups::cross")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Rollups,
         (EXPIRY, "Rollups::expire")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Rollups, (PARK, "Rollups::park")),
    uses(Processor, "dynamodb:UpdateItem", Target::Rollups, Need::Rollups,
         (STALE, "Rollups::remove_stale")),
    uses(Processor, "dynamodb:GetItem", Target::Rollups, Need::Rollups, (APPLY, "Rollups::get")),
    uses(Processor, "dynamodb:UpdateItem", Target::Table, Need::Colocated,
         (EXPRESSION, "Expression::request")),
    uses(Processor, "dynamodb:GetItem", Target::Table, Need::Colocated, (APPLY, "Rollups::get")),
    uses(Processor, "dynamodb:DescribeStream", Target::Stream, Need::Nothing,
         (POLLER, "finds the shards")),
    uses(Processor, "dynamodb:GetShardIterator", Target::Stream, Need::Nothing,
         (POLLER, "starts to read")),
    uses(Processor, "dynamodb:GetRecords", Target::Stream, Need::Nothing, (POLLER, "reads")),
    uses(Processor, "dynamodb:ListStreams", Target::Streams, Need::Nothing, (POLLER, "is made")),
    uses(Processor, "sqs:SendMessage", Target::Queue, Need::Nothing, (POLLER, "gives up")),
    uses(Writer, "logs:CreateLogStream", Target::Logs, Need::Nothing, (RUNTIME, "starts")),
    uses(Writer, "logs:PutLogEvents", Target::Logs, Need::Nothing, (RUNTIME, "logs")),
    uses(Reader, "logs:CreateLogStream", Target::Logs, Need::Nothing, (RUNTIME, "starts")),
    uses(Reader, "logs:PutLogEvents", Target::Logs, Need::Nothing, (RUNTIME, "logs")),
    uses(Processor, "logs:CreateLogStream", Target::Logs, Need::Nothing, (RUNTIME, "starts")),
    uses(Processor, "logs:PutLogEvents", Target::Logs, Need::Nothing, (RUNTIME, "logs")),
    uses(Reader, "kms:Decrypt", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Reader, "kms:DescribeKey", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Writer, "kms:Decrypt", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Writer, "kms:DescribeKey", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Writer, "kms:Encrypt", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Writer, "kms:GenerateDataKey", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Writer, "kms:ReEncryptFrom", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Writer, "kms:ReEncryptTo", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Processor, "kms:Decrypt", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Processor, "kms:DescribeKey", Target::Key, Need::Nothing, (ENCRYPTION, "reads")),
    uses(Processor, "kms:Encrypt", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Processor, "kms:GenerateDataKey", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Processor, "kms:ReEncryptFrom", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Processor, "kms:ReEncryptTo", Target::Key, Need::Nothing, (ENCRYPTION, "writes")),
    uses(Writer, "xray:PutTraceSegments", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
    uses(Writer, "xray:PutTelemetryRecords", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
    uses(Reader, "xray:PutTraceSegments", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
    uses(Reader, "xray:PutTelemetryRecords", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
    uses(Processor, "xray:PutTraceSegments", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
    uses(Processor, "xray:PutTelemetryRecords", Target::Traces, Need::Nothing, (RUNTIME, "traces")),
];

const fn uses(
    by: Function,
    action: &'static str,
    on: Target,
    when: Need,
    source: (&'static str, &'static str),
) -> Use {
    Use { action, by, on, when, source }
}

/// Returns the grants of a function for a definition: each use that the definition needs, each
/// action on a target once.
pub fn granted(function: Function, model: &Model) -> Vec<Use> {
    let mut granted: Vec<Use> = Vec::new();
    for used in USES.iter().filter(|used| used.by == function && used.when.is_met(model)) {
        if !granted.iter().any(|known| (known.action, known.on) == (used.action, used.on)) {
            granted.push(*used);
        }
    }
    granted
}

/// Returns the statements of a function's role: one for each target.
pub(super) fn statements(function: Function, model: &Model) -> Vec<Value> {
    let granted = granted(function, model);
    let mut targets: Vec<Target> = Vec::new();
    for used in &granted {
        if !targets.contains(&used.on) {
            targets.push(used.on);
        }
    }
    let actions = |target: Target| -> Vec<&str> {
        granted.iter().filter(|used| used.on == target).map(|used| used.action).collect()
    };
    targets.into_iter().map(|target| target.statement(function, model, &actions(target))).collect()
}

impl Need {
    fn is_met(self, model: &Model) -> bool {
        match self {
            Self::Nothing => true,
            Self::Lists => {
                let has_list = |entity: &Entity| weir_http::EntityPaths::new(entity).has_list();
                let of_table = |pattern: &Pattern| pattern.index.is_none();
                let is_listed = |entity: &Entity| {
                    has_list(entity)
                        || !entity.collections.is_empty()
                        || entity.patterns.iter().any(of_table)
                };
                model.entities.iter().any(is_listed)
            }
            Self::Indexes => !indexes(model).is_empty(),
            Self::Batches => model.entities.iter().any(|entity| !entity.is_written_alone()),
            Self::Rollups => !model.rollups.is_empty(),
            Self::Ranks => model.needs_ranks(),
            Self::Leaderboards => model.rollups.iter().any(|rollup| rollup.rank.is_some()),
            Self::Colocated => model.has_colocated_rollups(),
        }
    }
}

/// Returns the indexes that some entity is read by, in the file's order.
fn indexes(model: &Model) -> Vec<&str> {
    let patterns = || model.entities.iter().flat_map(|entity| &entity.patterns);
    let names = model.table.indexes.iter().map(|index| index.name.as_str());
    names.filter(|name| patterns().any(|known| known.index.as_deref() == Some(*name))).collect()
}

impl Target {
    fn statement(self, function: Function, model: &Model, actions: &[&str]) -> Value {
        let statement = json!({
            "Sid": format!("{self:?}"),
            "Effect": "Allow",
            "Action": actions,
            "Resource": self.arn(function, model),
        });
        match self {
            Self::Traces => only_if(when::TRACING, statement),
            Self::Key => only_if(when::KEY, statement),
            _ => statement,
        }
    }

    fn arn(self, function: Function, model: &Model) -> Value {
        match self {
            Self::Table => attribute(TABLE, "Arn"),
            Self::Indexes => indexes(model)
                .iter()
                .map(|name| substituted(format!("${{{TABLE}.Arn}}/index/{name}")))
                .collect(),
            Self::Rollups => attribute(ROLLUPS, "Arn"),
            Self::Ranks => substituted(format!("${{{ROLLUPS}.Arn}}/index/{RANKS_INDEX}")),
            Self::Stream => attribute(TABLE, "StreamArn"),
            Self::Queue => attribute(QUEUE, "Arn"),
            Self::Logs => attribute(&function.logs(), "Arn"),
            Self::Key => reference(KMS_KEY),
            Self::Streams | Self::Traces => json!("*"),
        }
    }
}

#[cfg(test)]
mod tests;
