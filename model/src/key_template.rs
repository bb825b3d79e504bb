//! The template of one key attribute of an entity.

use crate::template::Template;

/// The template of one key attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyTemplate {
    /// The key attribute.
    pub key: String,
    /// The template of its value.
    pub template: Template,
    /// The longest value DynamoDB takes, in bytes.
    pub max_bytes: usize,
    /// The other key attributes of the indexes that it is a key of.
    pub beside: Vec<String>,
}
