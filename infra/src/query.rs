//! `weir query`: asks a rollup over HTTP and prints the answer.
//!
//! ```text
//! arguments ─► question ─┬─► answer: JSON over all pages ─► table, total, chart or JSON
//!                        └─► lines: CSV or NDJSON, as the reader writes it, page by page
//! ```
//!
//! **Invariant:** what is printed is what the reader answered, digit by digit, over all its pages.
//! Only bars and sparklines are drawn from rounded numbers.

mod answer;
mod cells;
mod chart;
mod lines;
mod question;
mod table;

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::client::{Client, DEFAULT_URL};
use crate::error::Error;
use crate::terminal;

/// Parameters that the command sends itself, which no dimension is named like, and what says them.
const OPTIONS: [(&str, &str); 4] = [
    ("after", "--after"),
    ("format", "--csv, --ndjson or --json"),
    ("limit", "--limit"),
    ("cursor", "none: the pages are asked for until there are all, or --limit"),
];

/// Ask a rollup.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir query delayed_by_origin origin=DFW
  weir query flights_by_origin origin=DFW origin=ATL --every month --from 2001 --to 2002
  weir query flights_by_origin origin=DFW --every month --from 2001 --to 2002 --chart sparkline
  weir query flights_by_route origin=DFW destination=LAX --every day --from 2001-02-01 \
--to 2001-03-01 --csv
  weir query sales --from 2026-11 --to 2026-12 --measures orders,revenue --compare previous_year
  weir query sales --ranks --every month --from 2026-11 country=DE --limit 3
  weir query sales country=DE user_id=ann --neighbours 2 --every month --from 2026-11
  weir query sales --after AUbcXhjijgGiKOSd6A

A dimension that is given several times asks for several groups at once. Times are those of the \
question's zone, as short
as a year; --to itself is not included. Without --every there is one total of the range.")]
pub struct Arguments {
    /// The rollup
    name: String,
    /// The group: a value for each dimension of the rollup, or several; with --ranks the dimensions
    /// that it is ranked within
    #[arg(value_name = "DIMENSION=VALUE", value_parser = dimension)]
    dimensions: Vec<(String, String)>,
    /// The beginning of the range, or of the bucket that is ranked
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The end of the range
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The length of a time bucket: minute, quarter_hour, hour, day, week, month, quarter, year,
    /// all
    #[arg(long, value_name = "BUCKET")]
    every: Option<String>,
    /// The zone whose calendar cuts time into buckets, such as Europe/Berlin [default: the
    /// rollup's]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The day that weeks begin on: monday … sunday [default: monday]
    #[arg(long, value_name = "DAY")]
    week_start: Option<String>,
    /// The month that years and quarters begin in: january … december [default: january]
    #[arg(long, value_name = "MONTH")]
    fiscal_year_start: Option<String>,
    /// Some of the measures, in this order
    #[arg(long, value_name = "NAME,…")]
    measures: Option<String>,
    /// What is answered for buckets in which nothing is counted: zero, null, previous [default: no
    /// point]
    #[arg(long, value_name = "WITH")]
    fill: Option<String>,
    /// Compare each point with an earlier one: previous_period, previous_month, previous_quarter,
    /// previous_year
    #[arg(long, value_name = "WITH")]
    compare: Option<String>,
    /// Wait until the write with this token is counted, and print whether it is: the `Weir-Token` of
    /// its answer
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// The most points, or ranks [default: all points, 10 ranks]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// The leaderboard of a bucket, by what the rollup is ranked by
    #[arg(
        long,
        conflicts_with_all = [
            "to", "time_zone", "week_start", "fiscal_year_start", "fill", "compare",
        ]
    )]
    ranks: bool,
    /// The order of a leaderboard: desc, asc [default: desc]
    #[arg(long, value_name = "ORDER", requires = "ranks")]
    order: Option<String>,
    /// The rank of one group, and this many before and behind it
    #[arg(
        long,
        value_name = "COUNT",
        conflicts_with_all = [
            "ranks", "limit", "to", "time_zone", "week_start", "fiscal_year_start", "fill",
            "compare",
        ]
    )]
    neighbours: Option<u32>,
    /// Draw the points [default: bars, where a terminal shows a series]
    #[arg(long, value_enum, conflicts_with = "form")]
    chart: Option<Chart>,
    /// The measure whose bars are drawn [default: the first that is a number]
    #[arg(long, value_name = "MEASURE", conflicts_with = "form")]
    chart_of: Option<String>,
    /// Where the reader is
    #[arg(long, default_value = DEFAULT_URL)]
    url: String,
    /// Print the answer as JSON
    #[arg(long, group = "form")]
    json: bool,
    /// Print the points as CSV
    #[arg(long, group = "form")]
    csv: bool,
    /// Print the points as NDJSON, one a line
    #[arg(long, group = "form")]
    ndjson: bool,
}

impl Arguments {
    /// Returns whether the answer is printed for another program.
    pub(crate) fn prints_data(&self) -> bool {
        self.json || self.csv || self.ndjson
    }
}

/// The chart of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Chart {
    /// A bar for each point of one measure, beside the table.
    Bars,
    /// A line for each measure and group, instead of the table.
    Sparkline,
    /// Nothing.
    None,
}

/// Asks, and prints a table, a chart, JSON, CSV or NDJSON.
///
/// # Errors
/// An error of the reader, or the failure to reach it.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let client = Client::new(&arguments.url)?;
    let chart = chart(arguments).map_err(Error::Argument)?;
    let question = question::Question::new(arguments);
    if arguments.csv || arguments.ndjson {
        lines::copy(&client, &question, arguments.csv, out)?;
        return Ok(ExitCode::SUCCESS);
    }
    let answer = answer::ask(&client, &question)?;
    if arguments.json {
        write!(out, "{}", answer.json())?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = table::text(&answer, chart, arguments.chart_of.as_deref());
    write!(out, "{}", text.map_err(Error::Argument)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the chart to draw: the one asked for, if it can be drawn.
fn chart(arguments: &Arguments) -> Result<Chart, String> {
    let of_ranks = arguments.ranks || arguments.neighbours.is_some();
    match (arguments.chart, &arguments.chart_of) {
        (Some(Chart::Sparkline), _) if of_ranks => {
            Err("--chart is sparkline, expected bars or none of ranks".to_owned())
        }
        (Some(Chart::Sparkline | Chart::None), Some(measure)) => {
            Err(format!("--chart-of is `{measure}` without bars, expected --chart bars beside it"))
        }
        (Some(chart), _) => Ok(chart),
        (None, Some(_)) => Ok(Chart::Bars),
        // Bars are for the eye: what another program reads has none unless it asks.
        (None, None) if terminal::is_output_terminal() => Ok(Chart::Bars),
        (None, None) => Ok(Chart::None),
    }
}

fn dimension(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parted.ok_or("expected dimension=value, such as origin=DFW")?;
    match OPTIONS.iter().find(|(parameter, _)| *parameter == name) {
        Some((_, option)) => Err(format!("`{name}` is no dimension, expected {option}")),
        None => Ok((name.to_owned(), value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn line(line: &str) -> Result<Arguments, clap::Error> {
        let words = std::iter::once("query").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.arguments)
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let drawn = |text: &str| chart(&line(text).expect(text));
        let refused = |text: &str| drawn(text).expect_err(text);
        insta::assert_snapshot!(refused("s --ranks --chart sparkline"), @"--chart is sparkline, expected bars or none of ranks");
        insta::assert_snapshot!(refused("s --neighbours 1 --chart sparkline"), @"--chart is sparkline, expected bars or none of ranks");
        insta::assert_snapshot!(refused("s --chart sparkline --chart-of n"), @"--chart-of is `n` without bars, expected --chart bars beside it");
        insta::assert_snapshot!(refused("s --chart none --chart-of n"), @"--chart-of is `n` without bars, expected --chart bars beside it");
        assert_eq!(drawn("s --chart-of n"), Ok(Chart::Bars));
        assert_eq!(drawn("s --chart sparkline"), Ok(Chart::Sparkline));
        assert_eq!(drawn("s --ranks --chart bars --chart-of n"), Ok(Chart::Bars));
    }

    #[test]
    fn what_an_option_says_is_no_dimension() {
        for (given, option) in [
            ("format=csv", "--csv"),
            ("limit=3", "--limit"),
            ("after=A", "--after"),
            ("cursor=A", "all"),
        ] {
            let error = line(&format!("s {given}")).expect_err(given).to_string();
            assert!(error.contains("is no dimension") && error.contains(option), "{error}");
        }
        assert!(line("s formats=csv").is_ok());
    }
}
