//! A draft of a definition file from a table that exists: its description and a sample of its
//! items in, a commented `weir.toml` out.
//!
//! ```text
//! SampledTable ─groups─► items of one kind ─entity, rollups─► Document ─► valid text
//! ```
//!
//! The draft says no more than the sample shows: what is uncertain is a comment.
//!
//! **Invariant:** the text is a definition that [`Model::parse`] accepts. What it would reject is
//! commented out, with the reason.

mod attributes;
mod document;
mod entity;
mod groups;
mod keys;
mod names;
mod rollups;
mod table;

use serde_dynamo::Item;
use thiserror::Error;

use self::document::Document;
use crate::model::Model;

/// A table that exists, and a sample of its items.
#[derive(Clone, Debug, Default)]
pub struct SampledTable {
    /// The table's name.
    pub name: String,
    /// Its partition key.
    pub partition_key: SampledKey,
    /// Its sort key, if it has one.
    pub sort_key: Option<SampledKey>,
    /// Its global secondary indexes.
    pub indexes: Vec<SampledIndex>,
    /// The attribute by which its items expire.
    pub ttl: Option<String>,
    /// What its stream records of a change, such as `NEW_AND_OLD_IMAGES`; `None` without a stream.
    pub stream_view: Option<String>,
    /// The items of the sample.
    pub items: Vec<Item>,
    /// Whether the sample has all items of the table.
    pub is_complete: bool,
}

/// A key attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledKey {
    /// Its name.
    pub name: String,
    /// DynamoDB's letter for its type: `S`, `N` or `B`.
    pub letter: String,
}

/// A global secondary index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampledIndex {
    /// Its name.
    pub name: String,
    /// Its partition key.
    pub partition_key: SampledKey,
    /// Its sort key, if it has one.
    pub sort_key: Option<SampledKey>,
}

/// The reason why a table has no draft.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DraftError {
    /// The sample has no items.
    #[error("the table `{0}` has no items to draft a definition from; expected one item or more")]
    Empty(String),
    /// A key of the table is not text.
    #[error(
        "the key `{key}` of the table `{table}` is of type {letter}; Weir describes tables whose \
         keys are of type S"
    )]
    Key {
        /// The table.
        table: String,
        /// The key attribute.
        key: String,
        /// DynamoDB's letter for its type.
        letter: String,
    },
    /// The table itself cannot be described.
    #[error("could not draft a definition of the table `{table}`: {message}")]
    Unsupported {
        /// The table.
        table: String,
        /// Why.
        message: String,
    },
}

impl SampledKey {
    /// Returns whether it is text.
    fn is_text(&self) -> bool {
        self.letter == "S"
    }
}

impl SampledTable {
    /// Returns the names of the table's own keys.
    fn primary_keys(&self) -> Vec<&str> {
        let keys = std::iter::once(&self.partition_key).chain(&self.sort_key);
        keys.map(|key| key.name.as_str()).collect()
    }

    /// Returns the indexes whose keys are text, the only ones that a definition describes.
    fn text_indexes(&self) -> impl Iterator<Item = &SampledIndex> {
        self.indexes.iter().filter(|index| index.is_text())
    }

    /// Returns the names of the keys of those indexes that are not the table's own, each once.
    fn index_keys(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for key in self.text_indexes().flat_map(SampledIndex::keys) {
            if !names.contains(&key.name.as_str()) && !self.primary_keys().contains(&&*key.name) {
                names.push(&key.name);
            }
        }
        names
    }
}

impl SampledIndex {
    fn keys(&self) -> impl Iterator<Item = &SampledKey> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }

    fn is_text(&self) -> bool {
        self.keys().all(SampledKey::is_text)
    }
}

/// Returns the text of a definition file for a table.
///
/// # Errors
/// [`DraftError`] for an empty sample, and for a table that no definition describes.
pub fn draft(table: &SampledTable) -> Result<String, DraftError> {
    if table.items.is_empty() {
        return Err(DraftError::Empty(table.name.clone()));
    }
    let mut keys = std::iter::once(&table.partition_key).chain(&table.sort_key);
    if let Some(key) = keys.find(|key| !key.is_text()) {
        return Err(DraftError::Key {
            table: table.name.clone(),
            key: key.name.clone(),
            letter: key.letter.clone(),
        });
    }
    let mut document = Document::default();
    table::write(table, &mut document);
    let grouping = groups::group(table);
    for group in &grouping.groups {
        entity::write(table, group, &mut document);
    }
    document.comments(&grouping.remarks);
    document
        .into_valid()
        .map_err(|message| DraftError::Unsupported { table: table.name.clone(), message })
}

/// Returns the first problem of a definition: its place in the text, and its message.
fn first_problem(text: &str) -> Option<(usize, String)> {
    let error = Model::parse("weir.toml", text).err()?;
    let problem = error.problems.first()?;
    Some((problem.span.offset(), problem.message.clone()))
}
