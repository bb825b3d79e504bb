//! The items of which the cost is estimated: rows of files, or a sample of the table.
//!
//! ```text
//! --data FILE        rows ─► some at even distances ─► items, as the writer would store them
//! --table, …         Scan of 2,000 items             ─► items of each entity
//! neither            no items: sizes are assumed
//! ```
//!
//! **Invariant:** a row or an entity that is left out is counted, and its reason is kept.

use std::collections::BTreeMap;
use std::path::Path;

use weir_model::{Entity, Item, Model};
use weir_table::sample::sample;
use weir_table::{Connection, Table};

use super::error::Error;
use crate::load::target;
use crate::rows::{Row, Source};

/// The most items of an entity.
const MAX_ITEMS: usize = 2_000;

/// The items of each entity with rollups.
#[derive(Debug)]
pub(super) struct Samples {
    /// The source of the items.
    pub(super) source: SampleSource,
    /// The entities with rollups that have items, in the definition's order. Without a source, all
    /// of them, without items.
    pub(super) entities: Vec<EntitySample>,
}

/// The source of sampled items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SampleSource {
    /// There is none: sizes are assumed.
    Definition,
    /// Files, by their names.
    Files(Vec<String>),
    /// A table, by its name.
    Table(String),
}

/// The sampled items of an entity.
#[derive(Debug)]
pub(super) struct EntitySample {
    /// The entity.
    pub(super) entity: String,
    /// The items.
    pub(super) items: Vec<Item>,
    /// How often its items change, compared with others.
    pub(super) weight: u64,
    /// The rows that could not be stored, of those that are in the sample.
    pub(super) rejected: u64,
    /// The first of them, with the reason.
    pub(super) rejection: Option<String>,
}

/// Rows of a file at even distances: whenever there are too many, every second one is dropped.
#[derive(Debug)]
struct EvenRows {
    kept: Vec<Row>,
    distance: u64,
    rows: u64,
}

impl Samples {
    /// Returns no items.
    pub(super) fn without_items(model: &Model) -> Self {
        let entities = with_rollups(model).into_iter().map(|entity| EntitySample {
            entity: entity.name.clone(),
            items: Vec::new(),
            weight: 1,
            rejected: 0,
            rejection: None,
        });
        Self { source: SampleSource::Definition, entities: entities.collect() }
    }

    /// Reads rows of files.
    pub(super) fn from_files(model: &Model, given: &[String]) -> Result<Self, crate::error::Error> {
        let mut files = Vec::new();
        let mut found: BTreeMap<String, EntitySample> = BTreeMap::new();
        for given in given {
            let (name, path) = target(model, given)
                .map_err(|problem| Error::Data { given: given.clone(), problem })?;
            let entity = model.entity(&name).expect("the entity of a target is there");
            if !model.rollups.iter().any(|rollup| rollup.entity == name) {
                let entities = names(model);
                let problem =
                    format!("no rollup counts `{name}`; expected rows of one of {entities}");
                return Err(Error::Data { given: given.clone(), problem }.into());
            }
            let sample = read(entity, &path)?;
            files.push(path.display().to_string());
            match found.get_mut(&name) {
                Some(known) => known.add(sample),
                None => drop(found.insert(name, sample)),
            }
        }
        let entities = with_rollups(model).into_iter();
        let entities = entities.filter_map(|entity| found.remove(&entity.name)).collect();
        Ok(Self { source: SampleSource::Files(files), entities })
    }

    /// Reads a sample of the table.
    pub(super) async fn from_table(connection: &Connection, table: &Table) -> Result<Self, Error> {
        let model = table.model();
        let what = "a sample of the table of items";
        let sampled = sample(connection, table.name(), MAX_ITEMS).await;
        let sampled = sampled.map_err(|source| Error::Read { what, source })?;
        let what = "the description of the table of items";
        let inspected = table.inspect().await.map_err(|source| Error::Read { what, source })?;
        let sampled_items = sampled.items.len() as u64;
        let stored = inspected.map_or(0, |table| table.items).max(sampled_items);
        let entities = with_rollups(model).into_iter().filter_map(|entity| {
            let items = sampled.items.iter().filter(|item| entity.matches(item));
            let items: Vec<_> = items.cloned().collect();
            let scale = stored.div_ceil(sampled_items.max(1));
            (!items.is_empty()).then(|| EntitySample {
                entity: entity.name.clone(),
                weight: items.len() as u64 * scale,
                items,
                rejected: 0,
                rejection: None,
            })
        });
        let entities: Vec<_> = entities.collect();
        if entities.is_empty() {
            return Err(Error::NoItems { table: table.name().to_owned(), entities: names(model) });
        }
        Ok(Self { source: SampleSource::Table(table.name().to_owned()), entities })
    }

    /// Returns the number of items that each sampled one stands for, and their sum of weights.
    pub(super) fn weight(&self) -> u64 {
        self.entities.iter().map(|sample| sample.weight).sum()
    }
}

impl EntitySample {
    /// Returns the number of stored items that a sampled one stands for.
    pub(super) fn scale(&self) -> u64 {
        self.weight.div_ceil((self.items.len() as u64).max(1))
    }

    fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        self.weight += other.weight;
        self.rejected += other.rejected;
        self.rejection = self.rejection.take().or(other.rejection);
    }
}

impl EvenRows {
    fn new() -> Self {
        Self { kept: Vec::new(), distance: 1, rows: 0 }
    }

    fn push(&mut self, row: Row) {
        if self.rows.is_multiple_of(self.distance) {
            if self.kept.len() == MAX_ITEMS {
                let mut position = 0;
                self.kept.retain(|_| {
                    position += 1;
                    position % 2 == 1
                });
                self.distance *= 2;
            }
            if self.rows.is_multiple_of(self.distance) {
                self.kept.push(row);
            }
        }
        self.rows += 1;
    }
}

/// Reads the rows of a file as items.
fn read(entity: &Entity, path: &Path) -> Result<EntitySample, crate::error::Error> {
    let source = Source::open(path, None)?;
    let name = source.name().to_owned();
    let mut rows = EvenRows::new();
    source.rows(Some(entity))?.for_each(|row| rows.push(row));
    let mut sample = EntitySample {
        entity: entity.name.clone(),
        items: Vec::new(),
        weight: rows.rows,
        rejected: 0,
        rejection: None,
    };
    for row in rows.kept {
        let line = row.line;
        let encoded = row.values.and_then(|values| {
            entity.encode(&values, weir_writer::fresh()).map_err(|errors| {
                errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })
        });
        match encoded {
            Ok(item) => sample.items.push(item),
            Err(reason) => {
                sample.rejected += 1;
                sample.rejection.get_or_insert_with(|| format!("{name}:{line}: {reason}"));
            }
        }
    }
    if sample.items.is_empty() {
        return Err(Error::NoRows { file: name, problem: sample.rejection }.into());
    }
    Ok(sample)
}

/// Returns the entities with rollups.
fn with_rollups(model: &Model) -> Vec<&Entity> {
    let has_rollups =
        |entity: &&Entity| model.rollups.iter().any(|rollup| rollup.entity == entity.name);
    model.entities.iter().filter(has_rollups).collect()
}

fn names(model: &Model) -> String {
    weir_model::shorten::listed(with_rollups(model).iter().map(|entity| &entity.name))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn rows_are_kept_at_even_distances_over_the_whole_file() {
        for rows in [1, 1_999, 2_000, 2_001, 4_001, 50_000] {
            let mut even = EvenRows::new();
            for line in 0..rows {
                even.push(Row { line, bytes: 0, values: Ok(Map::new()) });
            }
            assert_eq!(even.rows, rows);
            let lines: Vec<_> = even.kept.iter().map(|row| row.line).collect();
            assert!(lines.windows(2).all(|pair| pair[1] - pair[0] == even.distance), "{rows}");
            assert_eq!(lines.len() as u64, rows.div_ceil(even.distance), "{rows}");
            assert!(lines.len() <= MAX_ITEMS && lines.len() as u64 >= rows.min(1_000), "{rows}");
        }
    }
}
