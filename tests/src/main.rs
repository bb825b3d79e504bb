//! The commands of the test suite: reads its arguments, runs what they say, and ends with
//! its exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use weir_testing::{functions, simulation};

/// The commands of the test suite.
#[derive(Debug, Parser)]
#[command(name = "tests", disable_help_subcommand = true)]
struct Tests {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Live whole worlds of faults and compare their rollups with a recount.
    Simulate(simulation::command::Arguments),
    /// Measure how long the functions take from nothing to their first answer.
    StartUp(functions::start_up::Arguments),
}

fn main() -> ExitCode {
    match Tests::parse().command {
        Command::Simulate(arguments) => simulation::command::execute(&arguments),
        Command::StartUp(arguments) => functions::start_up::execute(&arguments),
    }
}
