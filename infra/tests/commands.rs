//! The commands as their users meet them: processes of `weir`, with their output and exit codes,
//! and a DynamoDB that they share.
//!
//! One program links once, and its suites, which mostly wait for processes, run beside one another.
//! `cargo test --workspace --test commands plan::` runs one suite. `deploy.rs` writes programs that
//! it then executes, which allows no fork of another suite meanwhile; `fuzz.rs` measures the cost
//! of requests.

#![cfg(unix)]

mod adoption;
mod cost;
mod data_file;
mod export;
mod filter;
mod init;
mod pages;
mod plan;
mod process_death;
mod query;
mod reload;
mod verification;
mod weir;
