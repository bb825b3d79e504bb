//! Many items at once: each row is checked by itself, and written in chunks, several at a time.
//!
//! ```json
//! POST /batch/order   [{ "user": "ann", "number": 7 }, …]                            each is put
//! POST /batch         [{ "action": "put", "entity": "order", "item": { … } },     of any entities
//!                      { "action": "delete", "entity": "order", "key": { … } }, …]
//! ```
//!
//! ```text
//! rows ──encode──► one write per key ──► chunks of 25 ──► BatchWriteItem, 8 at once
//!        └► failed                                         └► unprocessed
//! ```
//!
//! Items whose writes depend on what is stored, such as those whose versions are counted, are
//! written one by one instead.
//!
//! **Invariant:** each row is counted once: written, failed or unprocessed. A report has at most
//! [`MAX_ERRORS`] errors, and one for each failed row at least; of the others it has the number. Of
//! rows of one item the last one is written, and the earlier ones share its fate: nothing that
//! happens between chunks can bring an earlier one back. Of rows with one key and different
//! attributes the first is written, and the others fail.

use std::collections::HashMap;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use futures::StreamExt;
use futures::stream;
use serde::Serialize;
use serde_json::Value;
use weir_http::{IdempotencyKey, JsonRows, Kind, Parameters, Preconditions, Problem};
use weir_model::limits::MAX_ERRORS;
use weir_model::{Entity, FieldError, Predicate, errors};
use weir_table::{BatchWrite, Error, MAX_BATCH_WRITES, Table, fresh};

use crate::action::Action;
use crate::audit::{Audit, failure_kind};
use crate::encode::encode;

/// The actions on an item of a batch, which have no conditions.
const ACTIONS: [&str; 2] = ["put", "delete"];
/// How many chunks are written at once.
const CHUNKS_AT_ONCE: usize = 8;

/// The outcomes of the rows of a batch.
#[derive(Debug, Default, Serialize)]
pub struct BatchReport {
    /// How many were written.
    pub written: usize,
    /// Those that cannot be stored, by position.
    pub failed: Vec<FailedRow>,
    /// The positions of those that DynamoDB did not take in time. Send them again.
    pub unprocessed: Vec<usize>,
    /// Why there are unprocessed rows: what DynamoDB said last, if it said anything.
    #[serde(skip)]
    pub error: Option<Error>,
}

/// A row that cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedRow {
    /// Its position, from 0.
    pub index: usize,
    /// The fields that are wrong; an empty field name stands for the row as a whole. The report has
    /// [`MAX_ERRORS`] of them, and one of each row at least.
    pub errors: Vec<FieldError>,
    /// How many more errors the row has.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_errors: usize,
}

/// A write, and the positions of the rows that it stands for.
struct Write<'a> {
    write: BatchWrite<'a>,
    rows: Vec<usize>,
}

/// The route of batches that are of any entities.
pub(crate) fn router(table: &Table) -> Router {
    Router::new().route(weir_http::routes::BATCH, post(write_any)).with_state(table.clone())
}

async fn write_any(
    State(table): State<Table>,
    parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonRows(rows): JsonRows,
) -> Result<Json<BatchReport>, Problem> {
    parameters.finish()?;
    preconditions.reject_any()?;
    key.reject_any()?;
    let model = table.model().clone();
    let mut batch = PendingBatch::default();
    for (index, row) in rows.into_iter().enumerate() {
        match planned(&model, row) {
            Ok(write) => batch.add(&table, index, write),
            Err(problem) => batch.report.fail(index, problem.errors().to_vec()),
        }
    }
    batch.write(&table, &audit).await.answered()
}

/// The write that a row asks for.
fn planned<'m>(model: &'m weir_model::Model, row: Value) -> Result<BatchWrite<'m>, Problem> {
    let mut action = Action::read(model, row, &ACTIONS)?;
    let write = match action.name {
        "put" => BatchWrite::Put(action.item()?.item),
        _ => BatchWrite::Delete(action.entity, action.key()?),
    };
    action.end()?;
    Ok(write)
}

/// Puts rows as items of an entity, each replacing the item that has its key.
pub async fn write_batch(table: &Table, entity: &Entity, rows: &[Value]) -> BatchReport {
    put_all(table, entity, rows, &Audit::off()).await
}

/// As [`write_batch`], with an audit log.
pub(crate) async fn put_all(
    table: &Table,
    entity: &Entity,
    rows: &[Value],
    audit: &Audit,
) -> BatchReport {
    let mut batch = PendingBatch::default();
    for (index, row) in rows.iter().enumerate() {
        let encoded = match row {
            Value::Object(row) => encode(entity, row, fresh()),
            other => {
                let found = weir_model::value::shown(other);
                Err(vec![whole_row(format!("expected an object, found {found}"))])
            }
        };
        match encoded {
            Ok(encoded) => batch.add(table, index, BatchWrite::Put(encoded.item)),
            Err(errors) => batch.report.fail(index, errors),
        }
    }
    batch.write(table, audit).await
}

/// The writes of a batch, one for each key, and the report so far.
#[derive(Default)]
struct PendingBatch<'a> {
    writes: Vec<Write<'a>>,
    positions: HashMap<weir_model::PrimaryKey, usize>,
    report: BatchReport,
}

impl<'a> PendingBatch<'a> {
    fn add(&mut self, table: &Table, index: usize, write: BatchWrite<'a>) {
        let key = write.key(table).expect("an encoded item has its keys");
        match self.positions.get(&key) {
            Some(position) => {
                let earlier = &mut self.writes[*position];
                if earlier.write.named(table) != write.named(table) {
                    let other = earlier.rows[0];
                    let message = format!(
                        "makes the same key as row {other}, which has other attributes; \
                         expected attributes that make another key"
                    );
                    return self.report.fail(index, vec![whole_row(message)]);
                }
                earlier.write = write;
                earlier.rows.push(index);
            }
            None => {
                self.positions.insert(key, self.writes.len());
                self.writes.push(Write { write, rows: vec![index] });
            }
        }
    }

    async fn write(self, table: &Table, audit: &Audit) -> BatchReport {
        let chunks = self.writes.chunks(MAX_BATCH_WRITES);
        let chunks = chunks.map(|chunk| write_chunk(table, chunk, audit));
        let reports = stream::iter(chunks.collect::<Vec<_>>()).buffer_unordered(CHUNKS_AT_ONCE);
        let mut report = reports.fold(self.report, async |sum, part| sum.merged(part)).await;
        report.failed.sort_by_key(|failed| failed.index);
        let mut room = MAX_ERRORS;
        report.failed.iter_mut().for_each(|failed| failed.keep(&mut room));
        report.unprocessed.sort_unstable();
        report
    }
}

impl BatchReport {
    /// The answer to the batch's request.
    pub(crate) fn answered(mut self) -> Result<Json<Self>, Problem> {
        match self.error.take() {
            // Nothing was done, and DynamoDB said why: a problem says more than a list of
            // positions.
            Some(error) if self.written == 0 && self.failed.is_empty() => Err(error.into()),
            Some(error) => {
                let (cause, rows) = (weir_table::error::chain(&error), self.unprocessed.len());
                tracing::warn!(cause, rows, "a part of a batch was not written");
                Ok(Json(self))
            }
            None => Ok(Json(self)),
        }
    }

    fn fail(&mut self, index: usize, errors: Vec<FieldError>) {
        let kept: usize = self.failed.iter().map(|failed| failed.errors.len()).sum();
        let mut failed = FailedRow { index, errors, more_errors: 0 };
        failed.keep(&mut MAX_ERRORS.saturating_sub(kept));
        self.failed.push(failed);
    }

    fn merged(mut self, other: Self) -> Self {
        self.written += other.written;
        self.failed.extend(other.failed);
        self.unprocessed.extend(other.unprocessed);
        self.error = self.error.or(other.error);
        self
    }

    /// Counts the rows of a write that DynamoDB answered.
    fn count(&mut self, write: &Write<'_>, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.written += write.rows.len(),
            Err(duplicate @ Error::Duplicate { .. }) => {
                let Error::Duplicate { attributes, .. } = &duplicate else { return };
                let error = |name: &String| FieldError::new(name, &duplicate);
                let errors: Vec<_> = attributes.iter().map(error).collect();
                for index in &write.rows {
                    self.fail(*index, errors.clone());
                }
            }
            Err(
                refused @ (Error::Refused { .. } | Error::OtherKind(_) | Error::OtherItem { .. }),
            ) => {
                for index in &write.rows {
                    self.fail(*index, vec![whole_row(refused.to_string())]);
                }
            }
            Err(Error::Invalid(errors)) => {
                for index in &write.rows {
                    self.fail(*index, errors.clone());
                }
            }
            Err(error) => {
                self.unprocessed.extend(&write.rows);
                self.error = Some(error);
            }
        }
    }
}

impl FailedRow {
    /// Keeps as many errors as there is room for in the report, and counts the others.
    fn keep(&mut self, room: &mut usize) {
        let total = errors::total(&self.errors) + self.more_errors;
        self.errors.truncate((*room).max(1));
        self.errors.iter_mut().for_each(|error| error.others = 0);
        self.more_errors = total - self.errors.len();
        *room = room.saturating_sub(self.errors.len());
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Writes one chunk. DynamoDB refuses a chunk whole when it refuses one of its writes: then each is
/// done by itself.
async fn write_chunk(table: &Table, chunk: &[Write<'_>], audit: &Audit) -> BatchReport {
    let is_alone = |one: &Write<'_>| one.write.entity(table).is_some_and(Entity::is_written_alone);
    if chunk.iter().any(is_alone) {
        return write_each(table, chunk, audit).await;
    }
    let writes: Vec<_> = chunk.iter().map(|one| one.write.clone()).collect();
    let outcome = table.write_batch(&writes).await;
    let mut report = BatchReport::default();
    for (position, write) in chunk.iter().enumerate() {
        if !outcome.unwritten.contains(&position) {
            report.written += write.rows.len();
            write.log(table, audit, Ok(()));
        } else if matches!(outcome.error, Some(Error::Refused { .. })) {
            report.count(write, write_one(table, write, audit).await);
        } else {
            report.unprocessed.extend(&write.rows);
            let kind = outcome.error.as_ref().map_or(Kind::Throttled, Kind::from);
            write.log(table, audit, Err(kind));
        }
    }
    if !matches!(outcome.error, Some(Error::Refused { .. })) {
        report.error = outcome.error;
    }
    report
}

/// Does each by itself, one after another: chunks are written several at a time already.
async fn write_each(table: &Table, chunk: &[Write<'_>], audit: &Audit) -> BatchReport {
    let mut report = BatchReport::default();
    for write in chunk {
        report.count(write, write_one(table, write, audit).await);
    }
    report
}

async fn write_one(table: &Table, write: &Write<'_>, audit: &Audit) -> Result<(), Error> {
    let always = Predicate::always();
    let written = match &write.write {
        BatchWrite::Put(item) => table.put(item.clone(), &always).await.map(drop),
        BatchWrite::Delete(entity, key) => table.delete(entity, key, &always).await.map(drop),
    };
    write.log(table, audit, failure_kind(&written));
    written
}

impl Write<'_> {
    /// Logs the change and its outcome.
    fn log(&self, table: &Table, audit: &Audit, outcome: Result<(), Kind>) {
        let Some(entity) = self.write.entity(table) else { return };
        let change = match &self.write {
            BatchWrite::Put(item) => audit.change("put", entity, item),
            BatchWrite::Delete(_, key) => audit.change("delete", entity, &key.attributes),
        };
        change.ended(outcome);
    }
}

fn whole_row(message: String) -> FieldError {
    FieldError::new("", message)
}
