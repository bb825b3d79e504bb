//! The suites that speak to a DynamoDB, as one program: the embedded DynamoDB, or the one that
//! `WEIR_TEST_ENDPOINT` names.
//!
//! One program links once, and compiles what the suites share once. `cargo test --workspace --test
//! dynamodb http::` runs one suite. A suite that has a program of its own sets something that a
//! process has once (`batches.rs`, the recorder of metrics) or measures time (`limits.rs`).

mod building;
mod colocated;
mod conditions;
mod cookbook;
mod costs;
mod definitions;
mod examples;
mod extension;
mod foreign_values;
#[cfg(unix)]
mod functions;
mod generated;
mod http;
mod indexed;
mod interop;
mod key_patterns;
mod links;
mod listing;
mod mapping;
mod nested;
mod parking;
mod permissions;
mod query_library;
mod questions;
mod reactors;
mod retries;
mod rollups_state;
mod rows;
mod servers;
mod shapes;
mod stripes;
mod typed;
mod uniqueness;
mod watermarks;
mod whole_path;
