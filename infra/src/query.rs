//! `weir query`: queries a rollup over HTTP and prints the answer.
//!
//! ```text
//! arguments ─► question ─┬─► answer: JSON over all pages ─► table, total, chart or JSON
//!                        └─► lines: CSV or NDJSON, as the reader writes it, page by page
//! ```
//!
//! **Invariant:** the output has the numbers of the reader, digit by digit, over all its pages.
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

/// Parameters that the command sends itself, so that no dimension has their name, and the option
/// that sets each.
const OPTIONS: [(&str, &str); 4] = [
    ("after", "--after"),
    ("format", "--csv, --ndjson or --json"),
    ("limit", "--limit"),
    ("cursor", "no cursor: the command reads all pages, or up to --limit"),
];

/// Query a rollup.
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

To query several groups, repeat a dimension. Times are in the time zone of the query, and can be as
short as a year. The range does not include --to. Without --every, the answer is one total of the
range.")]
pub struct Arguments {
    /// The name of the rollup
    name: String,
    /// The group: one or more values for each dimension of the rollup; with --ranks, only for the
    /// dimensions of `rank_within`
    #[arg(value_name = "DIMENSION=VALUE", value_parser = dimension)]
    dimensions: Vec<(String, String)>,
    /// The start of the range; with --ranks or --neighbours, the start of the time bucket
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The end of the range, which is not included
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The length of a time bucket: minute, quarter_hour, hour, day, week, month, quarter, year,
    /// all
    #[arg(long, value_name = "BUCKET")]
    every: Option<String>,
    /// The time zone of the time buckets, such as Europe/Berlin [default: that of the rollup]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// The first day of a week: monday … sunday [default: monday]
    #[arg(long, value_name = "DAY")]
    week_start: Option<String>,
    /// The first month of a year, also for quarters: january … december [default: january]
    #[arg(long, value_name = "MONTH")]
    fiscal_year_start: Option<String>,
    /// The measures to print, in this order [default: all]
    #[arg(long, value_name = "NAME,…")]
    measures: Option<String>,
    /// The value of time buckets without items: zero, null, previous [default: no point]
    #[arg(long, value_name = "WITH")]
    fill: Option<String>,
    /// Compare each point with an earlier one: previous_period, previous_month, previous_quarter,
    /// previous_year
    #[arg(long, value_name = "WITH")]
    compare: Option<String>,
    /// Wait until the rollup counts the write with this `Weir-Token`, and print whether it does
    #[arg(long, value_name = "TOKEN")]
    after: Option<String>,
    /// The most points or ranks [default: all points, 10 ranks]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Print the leaderboard of a time bucket, by the measure `rank_by` of the rollup
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
    /// Print the rank of one group, and this many groups before and after it
    #[arg(
        long,
        value_name = "COUNT",
        conflicts_with_all = [
            "ranks", "limit", "to", "time_zone", "week_start", "fiscal_year_start", "fill",
            "compare",
        ]
    )]
    neighbours: Option<u32>,
    /// Draw the points [default: bars for a series on a terminal, else none]
    #[arg(long, value_enum, conflicts_with = "form")]
    chart: Option<Chart>,
    /// The measure of the bars [default: the first that is a number]
    #[arg(long, value_name = "MEASURE", conflicts_with = "form")]
    chart_of: Option<String>,
    /// The URL of the reader
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
    /// Returns whether the output is data for another program.
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

/// Queries the rollup, and prints a table, a chart, JSON, CSV or NDJSON.
///
/// # Errors
/// An error of the reader, or the failure to connect to it.
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

/// Returns the chart to draw.
///
/// # Errors
/// A chart that does not go with the other options.
fn chart(arguments: &Arguments) -> Result<Chart, String> {
    let of_ranks = arguments.ranks || arguments.neighbours.is_some();
    match (arguments.chart, &arguments.chart_of) {
        (Some(Chart::Sparkline), _) if of_ranks => {
            Err("--chart is `sparkline`; expected `bars` or `none` for ranks".to_owned())
        }
        (Some(Chart::Sparkline | Chart::None), Some(measure)) => {
            Err(format!("--chart-of is `{measure}` without bars; expected --chart bars"))
        }
        (Some(chart), _) => Ok(chart),
        (None, Some(_)) => Ok(Chart::Bars),
        // Another program that reads the output needs no bars, unless the user asks for them.
        (None, None) if terminal::is_output_terminal() => Ok(Chart::Bars),
        (None, None) => Ok(Chart::None),
    }
}

fn dimension(text: &str) -> Result<(String, String), String> {
    let (name, value) = dimension_value(text)?;
    match OPTIONS.iter().find(|(parameter, _)| *parameter == name) {
        Some((_, option)) => Err(format!("`{name}` is not a dimension; expected {option}")),
        None => Ok((name, value)),
    }
}

/// Splits a dimension and its value.
///
/// # Errors
/// What is allowed.
pub(crate) fn dimension_value(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parted.ok_or("expected DIMENSION=VALUE, such as origin=DFW")?;
    Ok((name.to_owned(), value.to_owned()))
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
    fn a_chart_that_cannot_be_drawn_is_rejected() {
        let drawn = |text: &str| chart(&line(text).expect(text));
        let rejected = |text: &str| drawn(text).expect_err(text);
        insta::assert_snapshot!(rejected("s --ranks --chart sparkline"), @"--chart is `sparkline`; expected `bars` or `none` for ranks");
        insta::assert_snapshot!(rejected("s --neighbours 1 --chart sparkline"), @"--chart is `sparkline`; expected `bars` or `none` for ranks");
        insta::assert_snapshot!(rejected("s --chart sparkline --chart-of n"), @"--chart-of is `n` without bars; expected --chart bars");
        insta::assert_snapshot!(rejected("s --chart none --chart-of n"), @"--chart-of is `n` without bars; expected --chart bars");
        assert_eq!(drawn("s --chart-of n"), Ok(Chart::Bars));
        assert_eq!(drawn("s --chart sparkline"), Ok(Chart::Sparkline));
        assert_eq!(drawn("s --ranks --chart bars --chart-of n"), Ok(Chart::Bars));
    }

    #[test]
    fn a_parameter_of_an_option_is_not_a_dimension() {
        for (given, option) in [
            ("format=csv", "--csv"),
            ("limit=3", "--limit"),
            ("after=A", "--after"),
            ("cursor=A", "all"),
        ] {
            let error = line(&format!("s {given}")).expect_err(given).to_string();
            assert!(error.contains("is not a dimension") && error.contains(option), "{error}");
        }
        assert!(line("s formats=csv").is_ok());
    }
}
