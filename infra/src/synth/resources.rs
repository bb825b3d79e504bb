//! The resources of a template while it is made, and the choices that it depends on.

use serde_json::{Map, Value};

/// The choices that a template depends on beside the definition.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder that holds a folder for each function, with its `bootstrap`; as the template
    /// names it.
    pub code: String,
    /// The folder that holds the definition file, and nothing else; as the template names it.
    pub definition: String,
    /// Whether records that concern no rollup are kept from the processor.
    pub filters: bool,
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
