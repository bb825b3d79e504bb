//! `weir query`: asks a rollup over HTTP and prints the answer.
//!
//! **Invariant:** what is printed is what the reader answered, digit by digit, over all its pages.

mod answer;
mod print;

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::client::{Client, DEFAULT_URL};
use crate::command::Error;

/// Ask a rollup.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir query delayed_by_origin origin=DFW
  weir query flights_by_origin origin=DFW --every month --from 2001 --to 2002
  weir query flights_by_route origin=DFW destination=LAX --every day --from 2001-02-01 --to 2001-03-01 --csv

Times are those of the rollup's zone, as short as a year; --to itself is not included.")]
pub struct Arguments {
    /// The rollup
    name: String,
    /// The group: a value for each dimension of the rollup
    #[arg(value_name = "DIMENSION=VALUE", value_parser = dimension)]
    dimensions: Vec<(String, String)>,
    /// The beginning of the range
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The end of the range
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The length of a time bucket: minute, hour, day, week, month, quarter, year, all
    #[arg(long, value_name = "BUCKET")]
    every: Option<String>,
    /// The most points
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Where the reader is
    #[arg(long, default_value = DEFAULT_URL)]
    url: String,
    /// Print the answer as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print the points as CSV
    #[arg(long)]
    csv: bool,
}

/// Asks, and prints a table, JSON, or CSV.
///
/// # Errors
/// What the reader says of the question, or that it cannot be reached.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let client = Client::new(&arguments.url)?;
    let answer = answer::ask(&client, arguments)?;
    let text = if arguments.json {
        print::json(&answer)
    } else if arguments.csv {
        print::csv(&answer)
    } else {
        print::table(&answer)
    };
    write!(out, "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn dimension(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parted.ok_or("expected dimension=value, such as origin=DFW")?;
    Ok((name.to_owned(), value.to_owned()))
}
