//! The life of a revision, checked exhaustively: a rollup that begins over a table with items, or
//! that replaces another, while the items are written and the processor is at work.
//!
//! | step | here |
//! |---|---|
//! | the processor reads the state item once it has a batch (R1) | `processing.rs` `deliver` |
//! | it counts a record from the cut of a revision on (R2) | `machine.rs` `is_counted` |
//! | batches again, overlapping, and from a process that dies | `processing.rs` |
//! | the cut, written ahead of its time | `machine.rs` `cut` |
//! | the scan, item by item, at any time from the cut and a margin on | `building.rs` `scan` |
//! | the capture: the first record of each key from the cut on | `building.rs` `captured` |
//! | the base, and its conditional write | `building.rs` `base`, `apply` |
//! | ready, retired, aborted | `building.rs` `make_ready`, `abort` |
//! | the purge of the rows of a retired revision | `machine.rs` `may_purge` |
//!
//! The conditional write of a batch is one step: the rest of `protocol` checks it in every detail.
//! The algebra is a few sums here; `worlds.rs` runs the same on the product's own.
//!
//! # Bounds
//!
//! Two items, two groups, at most four records of a shard, two shards at most, two builders. A
//! margin is one second, and no step takes longer than its margin.
//!
//! # The files
//!
//! | to see | read |
//! |---|---|
//! | the state and the actions | `state.rs`, `machine.rs`, `transitions.rs` |
//! | the processor, a builder | `processing.rs`, `building.rs` |
//! | the properties that always hold, and what must happen | `properties.rs`, `situations.rs` |
//! | the worlds, and the mutants | `exact.rs`, `mutants.rs`, `variant.rs` |
//!
//! **Invariant:** the protocol as decided breaks no property in any state within the bounds, and
//! each mutant breaks one.

#[path = "lifecycle/building.rs"]
mod building;
#[path = "lifecycle/exact.rs"]
mod exact;
#[path = "lifecycle/history.rs"]
mod history;
#[path = "lifecycle/machine.rs"]
mod machine;
#[path = "lifecycle/mutants.rs"]
mod mutants;
#[path = "lifecycle/processing.rs"]
mod processing;
#[path = "lifecycle/properties.rs"]
mod properties;
#[path = "lifecycle/situations.rs"]
mod situations;
#[path = "lifecycle/state.rs"]
mod state;
#[path = "lifecycle/trace.rs"]
mod trace;
#[path = "lifecycle/transitions.rs"]
mod transitions;
#[path = "lifecycle/variant.rs"]
mod variant;
