//! `weir lease`: shows which poller holds the lease of the table's stream, and breaks it.
//!
//! A lease expires by itself when its holder does not renew it. Breaking it is for a holder that
//! renews it and does not do its work.
//!
//! **Invariant:** only the lease that was shown is broken: one that changed in between stays.

mod error;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::{SpanRound, Timestamp, Unit};
use weir_startup::Environment;
use weir_table::Table;
use weir_table::checkpoints::{self, HeldLease};

pub use self::error::Error;
use crate::account::Account;
use crate::connect::connect;
use crate::definition;
use crate::endpoint::endpoint_url;

/// Show who polls the table's stream outside Lambda, or break its lease.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir lease shop.toml
  weir lease shop.toml --endpoint http://127.0.0.1:8000
  weir lease shop.toml --break

A lease that is not renewed expires by itself. Break the lease of a poller that renews it and does
not do its work: that poller stops reading at its next renewal, and another one takes over. If the
poller still runs, it waits for the lease again, so stop it first.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// Use the DynamoDB at this URL [default: as the environment and the AWS profile say]
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint: Option<String>,
    /// Break the lease that is shown
    #[arg(long = "break")]
    breaks: bool,
}

/// Prints the lease, and breaks it with `--break`.
///
/// # Errors
/// Why there is no stream, or why the lease was not read or broken.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let environment = Environment::from_process();
    let named = environment.name_tables(definition::read(&path)?);
    let model = Arc::new(named.map_err(Error::from)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection =
            connect(arguments.endpoint.as_deref(), &Account::default(), &environment).await;
        let table = Table::new(&connection, model);
        let checkpoints = table.checkpoints();
        let label = stream_label(&table).await?;
        let held = checkpoints.held_lease(&label).await.map_err(Error::Checkpoints)?;
        let Some(held) = held else {
            writeln!(out, "no poller holds the lease of stream {label}")?;
            return Ok(ExitCode::SUCCESS);
        };
        write!(out, "{}", shown(&held, Timestamp::now()))?;
        if arguments.breaks {
            checkpoints.break_lease(&held).await.map_err(|error| match error {
                changed @ checkpoints::Error::Held(_) => Error::Changed(changed),
                error => Error::Checkpoints(error),
            })?;
            writeln!(out, "the lease is broken: any poller may take it now")?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn stream_label(table: &Table) -> Result<String, Error> {
    let name = || table.name().to_owned();
    let described = table.describe().await;
    let described = described.map_err(|source| Error::Table { table: name(), source })?;
    described.stream_label().map(str::to_owned).ok_or_else(|| Error::NoStream(name()))
}

/// Returns the lease in lines. The holder's clock set the time of the last renewal, so its age is
/// wrong by as much as the two clocks differ.
fn shown(held: &HeldLease, now: Timestamp) -> String {
    let HeldLease { label, owner, fence, updated_at, .. } = held;
    let age = updated_at.parse::<Timestamp>().ok().and_then(|renewed_at| {
        let age = now.since(renewed_at).ok()?;
        let round = SpanRound::new().smallest(Unit::Second).largest(Unit::Hour);
        Some(format!(" ({:#} ago by the clock of this machine)", age.round(round).ok()?))
    });
    let lasts = match held.time_to_live {
        Some(time_to_live) => format!("{time_to_live:?}"),
        None => "unknown: an earlier version of Weir holds it".to_owned(),
    };
    format!(
        "stream        {label}\nholder        {owner}\nlast renewed  {updated_at}{}\n\
         time to live  {lasts}\nfence         {fence}\n",
        age.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_lease_is_shown_with_its_holder_and_the_age_of_its_last_renewal() {
        let held = HeldLease {
            label: "2026-01-01T00:00:00.000".to_owned(),
            owner: "processor 1 on web-7 0000beef".to_owned(),
            fence: 3,
            renewals: Some(7),
            expires_at_ms: 1,
            time_to_live: Some(Duration::from_secs(10)),
            updated_at: "2026-11-20T06:40:00Z".to_owned(),
        };
        let now = "2026-11-20T06:50:12Z".parse().expect("a time");
        insta::assert_snapshot!(shown(&held, now), @r"
        stream        2026-01-01T00:00:00.000
        holder        processor 1 on web-7 0000beef
        last renewed  2026-11-20T06:40:00Z (10m 12s ago by the clock of this machine)
        time to live  10s
        fence         3
        ");
        let earlier = HeldLease { time_to_live: None, updated_at: String::new(), ..held };
        insta::assert_snapshot!(shown(&earlier, now), @r"
        stream        2026-01-01T00:00:00.000
        holder        processor 1 on web-7 0000beef
        last renewed  
        time to live  unknown: an earlier version of Weir holds it
        fence         3
        ");
    }
}
