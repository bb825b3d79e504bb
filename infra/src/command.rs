//! The command line: every command once, and how an error is printed.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::definition::DEFAULT_FILES;
use crate::error::Error;
use crate::{
    build, check, cost, deploy, destroy, dev, export, init, lease, load, parked, plan, query,
    schema, synth, terminal, verify,
};

/// Exact, precomputed answers about a DynamoDB table.
///
/// Without a command it is `weir dev` on ./weir.toml, or on examples/flights/weir.toml.
#[derive(Debug, Parser)]
#[command(name = "weir", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Weir {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Arguments),
    Check(check::Arguments),
    Cost(cost::Arguments),
    Schema(schema::Arguments),
    Dev(dev::Arguments),
    Plan(plan::Arguments),
    Build(build::Arguments),
    Verify(verify::Arguments),
    Parked(parked::Arguments),
    Load(load::Arguments),
    Lease(lease::Arguments),
    Query(query::Arguments),
    Export(export::Arguments),
    Synth(synth::Arguments),
    Deploy(deploy::Arguments),
    Destroy(destroy::Arguments),
}

impl Weir {
    /// Returns whether the output is data for another program rather than text for a reader.
    fn prints_data(&self) -> bool {
        match &self.command {
            Some(Command::Query(arguments)) => arguments.prints_data(),
            Some(Command::Plan(arguments)) => arguments.json,
            Some(Command::Cost(arguments)) => arguments.json,
            Some(Command::Build(arguments)) => arguments.json,
            Some(Command::Verify(arguments)) => arguments.json,
            Some(Command::Parked(arguments)) => arguments.json,
            Some(Command::Deploy(arguments)) => arguments.dry_run,
            Some(Command::Destroy(arguments)) => arguments.dry_run,
            Some(
                Command::Init(_) | Command::Schema(_) | Command::Synth(_) | Command::Export(_),
            ) => true,
            _ => false,
        }
    }
}

/// Runs the command of a command line. Prints an error on standard error.
pub fn run(weir: Weir) -> ExitCode {
    let mut out = terminal::output(weir.prints_data());
    let ended = dispatch(weir, &mut out).and_then(|code| {
        out.flush()?;
        Ok(code)
    });
    match ended {
        Ok(code) => code,
        // The reader of the output has closed it.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            print(error);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(weir: Weir, out: &mut (impl Write + Send)) -> Result<ExitCode, Error> {
    match weir.command {
        Some(Command::Init(arguments)) => init::run(&arguments, out),
        Some(Command::Check(arguments)) => check::run(&arguments, out),
        Some(Command::Cost(arguments)) => cost::run(&arguments, out),
        Some(Command::Schema(_)) => schema::run(out),
        Some(Command::Dev(arguments)) => dev::run(&arguments, out),
        Some(Command::Plan(arguments)) => plan::run(&arguments, out),
        Some(Command::Build(arguments)) => build::run(&arguments, out),
        Some(Command::Verify(arguments)) => verify::run(&arguments, out),
        Some(Command::Parked(arguments)) => parked::run(&arguments, out),
        Some(Command::Load(arguments)) => load::run(&arguments, out),
        Some(Command::Lease(arguments)) => lease::run(&arguments, out),
        Some(Command::Query(arguments)) => query::run(&arguments, out),
        Some(Command::Export(arguments)) => export::run(&arguments, out),
        Some(Command::Synth(arguments)) => synth::run(&arguments, out),
        Some(Command::Deploy(arguments)) => deploy::run(&arguments, out),
        Some(Command::Destroy(arguments)) => destroy::run(&arguments, out),
        None if DEFAULT_FILES.iter().any(|file| Path::new(file).exists()) => {
            dispatch(Weir::parse_from(["weir", "dev"]), out)
        }
        None => {
            write!(out, "{}", Weir::command().render_help())?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints an error: the problems of a definition file with their lines, others in one line.
fn print(error: Error) {
    match error {
        Error::Definition(error) => error.print(),
        other => {
            // If standard error is closed, there is no reader.
            let _ = terminal::print_error(&other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Weir, clap::Error> {
        Weir::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Weir::command().debug_assert();
    }

    #[test]
    fn no_command_at_all_is_a_command() {
        assert!(parse("weir").expect("parsed").command.is_none());
    }

    #[test]
    fn what_the_help_shows_is_accepted() {
        let mut help = String::new();
        for command in Weir::command().get_subcommands() {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains("weir"), "{} has no examples", command.get_name());
            help.push_str(&examples);
        }
        let lines = help.lines().map(str::trim).filter(|line| line.starts_with("weir "));
        for line in lines {
            let line = line.split(" >").next().unwrap_or(line);
            if let Err(error) = parse(line) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn a_wrong_argument_is_refused_with_what_was_expected() {
        let cases = [
            ("weir load flights.csv", "--entity <ENTITY>"),
            ("weir dev --port 70000", "70000 is not in 0..=65535"),
            ("weir query spend user_id", "expected DIMENSION=VALUE"),
            ("weir query spend --json --csv", "cannot be used with"),
            ("weir query spend --ndjson --chart bars", "cannot be used with"),
            ("weir query spend --ranks --fill zero", "cannot be used with"),
            ("weir query spend --order asc", "--ranks"),
            ("weir query spend --chart pie", "bars, sparkline, none"),
            ("weir export sales --format json", "csv, ndjson, parquet"),
            ("weir export sales --where country", "expected DIMENSION=VALUE"),
            ("weir chek", "unrecognized subcommand 'chek'"),
        ];
        for (line, expected) in cases {
            let error = parse(line).expect_err(line).to_string();
            assert!(error.contains(expected), "{line}: {error}");
        }
    }
}
