//! What the test suite does besides testing: reads its arguments, runs what they say, and ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use tests::simulation::command::{Tests, execute};

fn main() -> ExitCode {
    execute(Tests::parse())
}
