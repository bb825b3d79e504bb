//! `weir init --from-table`: drafts a definition file of a table that exists.
//!
//! ```text
//! table ─sample─► SampledTable ─draft─► weir.toml, which `weir check` accepts
//! ```
//!
//! This module reads the table and writes the file; [`weir_model::draft`] decides what is in it.
//!
//! **Invariant:** the table is only read, and a file that exists is not replaced.

mod error;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use weir_model::draft::draft;
use weir_startup::Environment;
use weir_table::sample::sample;

pub use self::error::Error;
use crate::account::Account;
use crate::connect::connect;
use crate::endpoint::endpoint_url;

/// The items of a sample, unless `--sample` says how many.
const DEFAULT_SAMPLE: u32 = 2_000;
/// The most items of a sample.
const MAX_SAMPLE: i64 = 100_000;

/// Draft a definition file of a table that exists.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir init --from-table shop
  weir init --from-table shop --output weir.toml
  weir init --from-table shop --endpoint http://127.0.0.1:8000 --sample 500

The command reads the table and changes nothing: it calls DescribeTable and DescribeTimeToLive, and
scans a sample of the items with eventually consistent reads of 1,000 read units at most. Values
of attributes that look personal are not printed. `weir check` accepts the draft; read it line by
line before you use it.")]
pub struct Arguments {
    /// The table
    #[arg(long, value_name = "NAME")]
    from_table: String,
    /// Use the DynamoDB at this URL [default: as the environment and the AWS profile say]
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint: Option<String>,
    /// Read so many items at most
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SAMPLE,
          value_parser = clap::value_parser!(u32).range(1..=MAX_SAMPLE))]
    sample: u32,
    /// Write the draft to this file, which must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints the draft, or writes it to a file.
///
/// # Errors
/// [`Error`].
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, crate::error::Error> {
    let name = &arguments.from_table;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sampled = runtime.block_on(async {
        let connection = connect(
            arguments.endpoint.as_deref(),
            &Account::default(),
            &Environment::from_process(),
        )
        .await;
        let items = usize::try_from(arguments.sample).unwrap_or(usize::MAX);
        let sampled = sample(&connection, name, items).await;
        sampled.map_err(|source| Error::Table { table: name.clone(), source })
    })?;
    let text = draft(&sampled).map_err(Error::from)?;
    let Some(path) = &arguments.output else {
        write!(out, "{text}")?;
        return Ok(ExitCode::SUCCESS);
    };
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|source| Error::File { path: path.clone(), source })?;
    writeln!(
        out,
        "wrote a draft of {} items to {}; next: weir check {}",
        sampled.items.len(),
        path.display(),
        path.display()
    )?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use weir_table::sample::MAX_SAMPLE_UNITS;

    use super::*;

    #[test]
    fn the_help_says_how_much_is_read() {
        let help = Arguments::augment_args(clap::Command::new("init")).render_long_help();
        let units =
            format!("{},{:03} read units", MAX_SAMPLE_UNITS / 1_000, MAX_SAMPLE_UNITS % 1_000);
        let help = help.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.contains(&units), "{help}");
    }
}
