//! The built functions as processes under a Lambda Runtime API, between an HTTP API and an event
//! source mapping: what is deployed, without the cloud.
//!
//! The binaries are built here, or taken from the folder that `WEIR_FUNCTIONS` names (see
//! `weir_testing::functions`).

#![cfg(unix)]

#[path = "functions/deadlines.rs"]
mod deadlines;
#[path = "functions/failing.rs"]
mod failing;
#[path = "functions/http.rs"]
mod http;
#[path = "functions/panicking.rs"]
mod panicking;
#[path = "functions/paths.rs"]
mod paths;
#[path = "functions/sizes.rs"]
mod sizes;
#[path = "functions/starting.rs"]
mod starting;
#[path = "functions/whole_path.rs"]
mod whole_path;
