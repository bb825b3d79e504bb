//! The `weir` command.
//!
//! | command | does | read |
//! |---|---|---|
//! | `weir init` | drafts a definition file of a table that exists | [`init`] |
//! | `weir check` | validates a definition file and says what it means | [`check`] |
//! | `weir cost` | prints what changes of items cost the rollups, and what would be cheaper | [`cost`] |
//! | `weir schema` | prints the JSON Schema of definition files | [`schema`] |
//! | `weir dev` | runs the whole system in one process | [`dev`] |
//! | `weir plan` | prints what a definition file changes for a table, and what the builds take | [`plan`] |
//! | `weir build` | builds rollups from the items that the table has | [`build`] |
//! | `weir verify` | compares the rollups with a recount of the items, and repairs them | [`verify`] |
//! | `weir parked` | lists rejected updates and discarded batches | [`parked`] |
//! | `weir load` | sends a file of items to the writer | [`load`] |
//! | `weir lease` | shows who polls the table's stream, or breaks the lease | [`lease`] |
//! | `weir query` | asks a rollup and prints the answer | [`query`] |
//! | `weir export` | writes all groups and time buckets of a rollup to a file | [`export`] |
//! | `weir synth` | prints the template that deploys a definition file | [`synth`] |
//! | `weir deploy` | builds and deploys it, with the AWS CLI and the SAM CLI | [`deploy`] |
//! | `weir destroy` | deletes it; the tables stay without `--delete-tables` | [`destroy`] |
//!
//! Each command is a module with its arguments, its `run`, and its tests; [`command`] lists them
//! once.
//!
//! **Invariant:** answers go to standard output, everything else to standard error.

mod account;
mod bar;
pub mod build;
pub mod check;
mod client;
pub mod command;
mod connect;
pub mod cost;
mod counted;
mod definition;
pub mod deploy;
pub mod destroy;
pub mod dev;
mod endpoint;
pub mod error;
pub mod export;
mod files;
mod grid;
pub mod init;
pub mod lease;
pub mod load;
pub mod parked;
pub mod plan;
mod prices;
pub mod query;
pub mod rows;
pub mod schema;
pub mod steps;
pub mod synth;
mod tables;
mod terminal;
mod time;
mod tools;
pub mod verify;
