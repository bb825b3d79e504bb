//! The `weir` command: reads its arguments, runs what they say, and ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use weir_cli::command::Weir;

fn main() -> ExitCode {
    weir_cli::command::run(Weir::parse())
}
