//! The model of a definition file: the items a table holds, their keys, and the rollups kept about
//! them.
//!
//! ```text
//! weir.toml ──file──► FileDefinition ──check──► Model
//!                        (its shape)             (what every other crate asks)
//! ```
//!
//! A [`Model`] is a checked value: code that holds one may rely on every name in it resolving,
//! every key template rendering, and every measure reading a number. The crate is pure: it names no
//! SDK, clock, randomness or environment; [`WriteContext`] carries the time and the random bytes
//! that defaults need.
//!
//! **Invariant:** an item encoded by an [`Entity`] decodes to what was given, digit by digit.

pub mod attribute;
mod check;
pub mod condition;
mod decimal;
pub mod draft;
mod encoding;
pub mod entity;
pub mod error;
pub mod errors;
mod field_error;
pub mod file;
pub mod filter;
pub mod foreign;
pub mod instant;
mod invalid;
mod item_key;
pub mod json;
mod key_template;
pub mod limits;
mod model;
mod nearest;
pub mod number;
pub mod overlap;
pub mod path;
pub mod pattern;
pub mod relation;
pub mod rollup;
pub mod schema;
pub mod shorten;
pub mod spans;
mod step;
pub mod surface;
pub mod table;
pub mod template;
mod text_test;
mod typed;
pub mod unique;
pub mod update;
pub mod value;
mod write_context;

pub use attribute::{Attribute, AttributeType, Members};
pub use condition::Predicate;
pub use decimal::Decimal;
pub use entity::Entity;
pub use error::{DefinitionError, Problem};
pub use field_error::FieldError;
pub use filter::Filter;
pub use invalid::Invalid;
pub use item_key::{ItemKey, PrimaryKey};
pub use key_template::KeyTemplate;
pub use model::Model;
pub use nearest::{nearest, suggestion};
pub use number::Number;
pub use path::Path;
pub use pattern::{Partition, Pattern, SortKeys};
pub use relation::{Include, Relation};
pub use rollup::{ColocatedKey, Granularity, Measure, ROLLUP_MARK, Rollup};
pub use serde_dynamo::{AttributeValue, Item};
pub use step::Step;
pub use table::{Index, TableDefinition};
pub use template::Template;
pub use text_test::{ExpectedText, TextTest};
pub use typed::{InvalidItem, ItemType, TypeError, epoch, to_object};
pub use unique::Unique;
pub use update::{Update, UpdatePlan, Verb};
pub use write_context::WriteContext;
