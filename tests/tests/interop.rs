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

#[path = "interop/electrodb.rs"]
mod electrodb;
#[path = "interop/rollups.rs"]
mod rollups;
#[path = "interop/texts.rs"]
mod texts;
#[path = "interop/toolbox.rs"]
mod toolbox;
#[path = "interop/world.rs"]
mod world;
