//! The `weir` command: reads its arguments, runs what they say, and ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use infra::command::Weir;

fn main() -> ExitCode {
    infra::command::run(Weir::parse())
}
