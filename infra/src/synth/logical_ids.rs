//! The logical ids of the resources that others refer to.
//!
//! **Invariant:** CloudFormation replaces a resource whose logical id changes; those of the tables
//! would leave the data behind.

/// The HTTP API.
pub(super) const API: &str = "Api";
/// The layer that holds the definition file.
pub(super) const DEFINITION: &str = "Definition";
/// The event source mapping between the table's stream and the processor.
pub(super) const MAPPING: &str = "StreamMapping";
/// The queue of the batches that the mapping discarded.
pub(super) const QUEUE: &str = "OnFailureQueue";
/// The table of rollups.
pub(super) const ROLLUPS: &str = "RollupsTable";
/// The table of items.
pub(super) const TABLE: &str = "Table";
