//! Many items at once: each row is checked by itself, and written in chunks, several at a time.
//!
//! ```text
//! rows ──encode──► one write per key ──► chunks of 25 ──► BatchWriteItem, 8 at once
//!        └► failed                                         └► unprocessed
//! ```
//!
//! Items whose put depends on what is stored, such as those whose versions are counted, are put one by one instead.
//!
//! **Invariant:** each row is counted once: written, failed or unprocessed. Of rows with the same key the last one is
//! written, and the earlier ones share its fate: nothing that happens between chunks can bring an earlier one back.

use std::collections::HashMap;

use futures::StreamExt;
use futures::stream;
use model::{Entity, FieldError, Item, Predicate};
use serde::Serialize;
use serde_json::{Map, Value};
use table::{Error, MAX_BATCH_ITEMS, Table, fresh};

use crate::encode::encode;

/// How many chunks are written at once.
const CHUNKS_AT_ONCE: usize = 8;

/// What became of the rows of a batch.
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
    /// Every field that is wrong; an empty field name stands for the row as a whole.
    pub errors: Vec<FieldError>,
}

/// An item to be written, and the positions of the rows that it stands for.
struct Write {
    item: Item,
    rows: Vec<usize>,
}

/// Puts rows as items of an entity, each replacing the item that has its key.
pub async fn write_batch(
    table: &Table,
    entity: &Entity,
    rows: &[Map<String, Value>],
) -> BatchReport {
    let mut batch = Batch::default();
    for (index, row) in rows.iter().enumerate() {
        batch.add(table, entity, index, row);
    }
    batch.write(table).await
}

/// As [`write_batch`], for rows that may not be objects.
pub(crate) async fn write_values(table: &Table, entity: &Entity, rows: Vec<Value>) -> BatchReport {
    let mut batch = Batch::default();
    for (index, row) in rows.iter().enumerate() {
        match row {
            Value::Object(row) => batch.add(table, entity, index, row),
            other => {
                let found = model::value::shown(other);
                batch
                    .report
                    .fail(index, vec![whole_row(format!("expected an object, found {found}"))]);
            }
        }
    }
    batch.write(table).await
}

/// The writes of a batch, one for each key, and the report so far.
#[derive(Default)]
struct Batch {
    writes: Vec<Write>,
    positions: HashMap<model::PrimaryKey, usize>,
    report: BatchReport,
}

impl Batch {
    fn add(&mut self, table: &Table, entity: &Entity, index: usize, row: &Map<String, Value>) {
        let item = match encode(entity, row, fresh()) {
            Ok(encoded) => encoded.item,
            Err(errors) => return self.report.fail(index, errors),
        };
        let key = table.model().table.primary_key(&item).expect("an encoded item has its keys");
        match self.positions.get(&key) {
            Some(position) => {
                let earlier = &mut self.writes[*position];
                earlier.item = item;
                earlier.rows.push(index);
            }
            None => {
                self.positions.insert(key, self.writes.len());
                self.writes.push(Write { item, rows: vec![index] });
            }
        }
    }

    async fn write(self, table: &Table) -> BatchReport {
        let chunks = self.writes.chunks(MAX_BATCH_ITEMS).map(|chunk| write_chunk(table, chunk));
        let reports = stream::iter(chunks.collect::<Vec<_>>()).buffer_unordered(CHUNKS_AT_ONCE);
        let mut report = reports.fold(self.report, async |sum, part| sum.merged(part)).await;
        report.failed.sort_by_key(|failed| failed.index);
        report.unprocessed.sort_unstable();
        report
    }
}

impl BatchReport {
    fn fail(&mut self, index: usize, errors: Vec<FieldError>) {
        self.failed.push(FailedRow { index, errors });
    }

    fn merged(mut self, other: Self) -> Self {
        self.written += other.written;
        self.failed.extend(other.failed);
        self.unprocessed.extend(other.unprocessed);
        self.error = self.error.or(other.error);
        self
    }

    /// Counts the rows of a write that DynamoDB answered.
    fn count(&mut self, write: &Write, outcome: Result<(), Error>) {
        match outcome {
            Ok(()) => self.written += write.rows.len(),
            Err(
                refused @ (Error::Refused { .. } | Error::OtherKind(_) | Error::Duplicate { .. }),
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

/// Writes one chunk. DynamoDB refuses a chunk whole when it refuses one of its items: then each is put by itself.
async fn write_chunk(table: &Table, chunk: &[Write]) -> BatchReport {
    let is_alone =
        |write: &Write| table.model().entity_of(&write.item).is_some_and(Entity::is_written_alone);
    if chunk.iter().any(is_alone) {
        return write_each(table, chunk).await;
    }
    let items: Vec<Item> = chunk.iter().map(|write| write.item.clone()).collect();
    let outcome = table.put_batch(&items).await;
    let mut report = BatchReport::default();
    for (position, write) in chunk.iter().enumerate() {
        if !outcome.unwritten.contains(&position) {
            report.written += write.rows.len();
        } else if matches!(outcome.error, Some(Error::Refused { .. })) {
            report.count(write, put(table, write).await);
        } else {
            report.unprocessed.extend(&write.rows);
        }
    }
    if !matches!(outcome.error, Some(Error::Refused { .. })) {
        report.error = outcome.error;
    }
    report
}

/// Puts each by itself, one after another: chunks are written several at a time already.
async fn write_each(table: &Table, chunk: &[Write]) -> BatchReport {
    let mut report = BatchReport::default();
    for write in chunk {
        report.count(write, put(table, write).await);
    }
    report
}

async fn put(table: &Table, write: &Write) -> Result<(), Error> {
    table.put(write.item.clone(), &Predicate::always()).await.map(drop)
}

fn whole_row(message: String) -> FieldError {
    FieldError { field: String::new(), message }
}
