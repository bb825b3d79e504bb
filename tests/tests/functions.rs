//! The built functions as processes under a Lambda Runtime API, between an HTTP API and an event
//! source mapping: what is deployed, without the cloud.
//!
//! The binaries are built here, or taken from the folder that `WEIR_FUNCTIONS` names (see
//! `weir_testing::functions`).

mod deadlines;
mod failing;
mod http;
mod panicking;
mod paths;
mod sizes;
mod starting;
mod whole_path;
