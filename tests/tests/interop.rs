//! Tables of others: ElectroDB and dynamodb-toolbox, the packages themselves, and Weir on one
//! table.
//!
//! ```text
//! definition of examples/electrodb ─► Weir ─► table ◄─ ElectroDB ◄─ entities, tests/interop/models
//! ```
//!
//! What either writes the other reads, finds, updates and deletes; what both could have written is
//! the same, attribute for attribute; and rollups count what both have done. Without the packages
//! (`scripts/interop fetch`) the tests skip themselves.

mod electrodb;
mod rollups;
mod texts;
mod toolbox;
mod world;
