//! The resources of a template while it is made, and the choices that it depends on.

use std::sync::Arc;

use serde_json::{Map, Value};
use weir_model::Model;

use super::function::Function;
use super::intrinsics::{attribute, reference, substituted};
use super::logical_ids::TABLE;
use super::parameters::{STREAM_ARN, TABLE_NAME};

/// The choices that a template depends on beside the definition.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that holds a folder for each function, with its `bootstrap`; as the template
    /// names it.
    pub code: String,
    /// The folder that holds the definition file, and nothing else; as the template names it.
    pub definition: String,
    /// The records that the processor gets.
    pub filters: Filters,
    /// Whether the table of items exists already and is not the stack's: the stack reads it and its
    /// stream, and has no writer.
    pub existing_table: bool,
}

/// The records that the mapping hands to the processor.
#[derive(Clone, Debug)]
pub enum Filters {
    /// Those that the rollups of the definition may count.
    Definition,
    /// Those, and those that the rollups of these stored definitions may count.
    Widened(Vec<Arc<Model>>),
    /// All records, except those of rollup items.
    None,
}

impl Options {
    /// Returns the functions of the stack.
    pub(crate) fn functions(&self) -> &'static [Function] {
        if self.existing_table { &Function::READING } else { &Function::EVERY }
    }

    /// Returns the name of the table of items.
    pub(super) fn table_name(&self) -> Value {
        reference(self.table_id())
    }

    /// Returns the reference to the name of the table of items in a text.
    pub(super) fn table_placeholder(&self) -> String {
        format!("${{{}}}", self.table_id())
    }

    /// Returns the ARN of the table of items, or of something of it: `/index/by_status`.
    pub(super) fn table_arn(&self, path: &str) -> Value {
        if self.existing_table {
            let account = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}";
            return substituted(format!("{account}:table/${{{TABLE_NAME}}}{path}"));
        }
        match path {
            "" => attribute(TABLE, "Arn"),
            path => substituted(format!("${{{TABLE}.Arn}}{path}")),
        }
    }

    /// Returns the ARN of the stream of the table of items.
    pub(super) fn stream_arn(&self) -> Value {
        if self.existing_table { reference(STREAM_ARN) } else { attribute(TABLE, "StreamArn") }
    }

    fn table_id(&self) -> &'static str {
        if self.existing_table { TABLE_NAME } else { TABLE }
    }
}

/// The resources of a template, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Resources(Map<String, Value>);

impl Resources {
    /// Adds a resource under its logical id.
    pub(super) fn add(&mut self, name: &str, resource: Value) {
        let before = self.0.insert(name.to_owned(), resource);
        assert!(before.is_none(), "the resource {name} is added once");
    }

    /// Returns the resources as the section of the template.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
