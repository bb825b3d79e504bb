//! `cargo run -p weir-testing --release -- simulate`: many seeds with a progress bar, or one with
//! everything that happens in it.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::many::run_many;
use super::tally::{EVERY, Tally};
use super::{Run, run};

/// How many failed seeds are printed; the rest is counted.
const MAX_PRINTED: u64 = 10;
/// How wide a number of the totals is.
const COLUMN: usize = 14;

/// Which worlds.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Run this seed alone, and print everything that happens in it.
    #[arg(long, conflicts_with_all = ["seeds", "first_seed"])]
    seed: Option<u64>,
}

/// Runs what the arguments say; the exit code is 1 when a seed failed.
pub fn execute(arguments: &Arguments) -> ExitCode {
    let mut out = io::stdout().lock();
    let ended = match arguments.seed {
        Some(seed) => one(seed, &mut out),
        None => many(arguments, &mut out),
    };
    match ended {
        Ok(failed) => ExitCode::from(u8::from(failed > 0)),
        // The reader of the output has closed it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn one(seed: u64, out: &mut impl Write) -> io::Result<u64> {
    let began = Instant::now();
    let run = run(seed, true);
    for line in &run.lines {
        writeln!(out, "{line}")?;
    }
    if run.failure.is_some() {
        print(&run, out)?;
    }
    let failed = u64::from(run.failure.is_some());
    totals(1, failed, &run.tally, began, out)?;
    Ok(failed)
}

fn many(arguments: &Arguments, out: &mut impl Write) -> io::Result<u64> {
    let (began, first) = (Instant::now(), arguments.first_seed);
    let bar = ProgressBar::new(arguments.seeds);
    let template = "{bar:30} {pos} of {len} seeds, {per_sec}, {eta} left {msg}";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is constant"));
    let (mut tally, mut failed, mut printed) = (Tally::default(), 0, Ok(()));
    run_many(first..first.saturating_add(arguments.seeds), |run| {
        bar.inc(1);
        tally.merge(&run.tally);
        if run.failure.is_none() {
            return;
        }
        failed += 1;
        bar.set_message(format!("{failed} failed"));
        if failed <= MAX_PRINTED && printed.is_ok() {
            printed = bar.suspend(|| print(&run, out));
        }
    });
    bar.finish_and_clear();
    printed?;
    totals(arguments.seeds, failed, &tally, began, out)?;
    Ok(failed)
}

/// Tells a seed that failed, and how to live it again.
fn print(run: &Run, out: &mut impl Write) -> io::Result<()> {
    let Run { seed, failure, .. } = run;
    writeln!(out, "seed {seed} failed: {}", failure.as_deref().unwrap_or_default())?;
    writeln!(out, "again, with everything that happens:")?;
    writeln!(out, "    cargo run -p weir-testing --release -- simulate --seed {seed}\n")
}

fn totals(
    seeds: u64,
    failed: u64,
    tally: &Tally,
    began: Instant,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = |number: &dyn Display, what: &str| writeln!(out, "{number:>COLUMN$}  {what}");
    line(&seeds, "seeds")?;
    for (count, what) in EVERY {
        line(&tally.get(count), what)?;
    }
    line(&failed, "seeds with mismatches")?;
    let elapsed = began.elapsed();
    let per_second = seeds as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
    line(&format!("{:.1} s", elapsed.as_secs_f64()), &format!("elapsed, {per_second:.1} seeds/s"))
}
