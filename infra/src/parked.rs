//! `weir parked`: lists the rollup items that DynamoDB refused to update, the batches that the
//! local event source mapping discarded, and the rollups that are marked as incomplete.
//!
//! **Invariant:** it writes nothing. [`verify`](crate::verify) repairs what it lists.

mod error;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use weir_rollups::Revision;
use weir_table::checkpoints::OnFailureRecord;
use weir_table::{Parked, Rollups, Table};

pub use self::error::Error;
use crate::definition;
use crate::tables::TableOptions;

/// The exit code if something is listed.
const FOUND: u8 = 3;

/// List rejected updates and discarded batches.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir parked shop.toml
  weir parked shop.toml --json

It lists the rollup items that DynamoDB refused to update, the batches that a processor outside
Lambda discarded, and the rollups from which changes may be missing. `weir verify --repair` corrects
them. On Lambda, discarded batches are in the queue of the stack.

Exit codes: 0 if there is nothing to list, 3 if there is.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    #[command(flatten)]
    tables: TableOptions,
    /// Print each entry as a line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The things that are listed.
struct Listing {
    parked: Vec<Parked>,
    discarded: Vec<OnFailureRecord>,
    incomplete: Vec<Revision>,
}

/// Prints the list.
///
/// # Errors
/// The error of DynamoDB.
pub fn run(
    arguments: &Arguments,
    out: &mut (impl Write + Send),
) -> Result<ExitCode, crate::error::Error> {
    let path = definition::find(arguments.file.as_deref())?;
    let model = Arc::new(arguments.tables.name_tables(definition::read(&path)?)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listing = runtime.block_on(async {
        let connection = arguments.tables.connect().await;
        let rollups = Rollups::new(&connection, &model.table);
        read(&Table::new(&connection, model), &rollups).await
    })?;
    match arguments.json {
        true => print_json(&listing, out)?,
        false => print_text(&listing, out)?,
    }
    Ok(match listing.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(FOUND),
    })
}

async fn read(table: &Table, rollups: &Rollups) -> Result<Listing, Error> {
    let parked = rollups.parked().await.map_err(Error::Table)?;
    let state = table.read_rollups_state().await.map_err(Error::Table)?.unwrap_or_default();
    let discarded = match &state.stream_label {
        Some(label) => {
            let records = table.checkpoints().on_failure_records(label).await;
            records.map_err(Error::Checkpoints)?
        }
        None => Vec::new(),
    };
    let is_incomplete =
        |revision: &Revision| revision.is_counted() && revision.incomplete_since.is_some();
    let incomplete = state.revisions.into_iter().filter(is_incomplete).collect();
    Ok(Listing { parked, discarded, incomplete })
}

impl Listing {
    fn is_empty(&self) -> bool {
        self.parked.is_empty() && self.discarded.is_empty() && self.incomplete.is_empty()
    }
}

fn print_text(listing: &Listing, out: &mut impl Write) -> io::Result<()> {
    if listing.is_empty() {
        return writeln!(out, "no update was rejected, no batch was discarded");
    }
    for Parked { key, reason, refusals, since, latest, amounts, .. } in &listing.parked {
        writeln!(out, "parked: {key}")?;
        writeln!(out, "  DynamoDB: {reason}")?;
        writeln!(out, "  rejected updates: {refusals}, from {since} to {latest}")?;
        let amounts: Vec<_> =
            amounts.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
        writeln!(out, "  the last one adds {}", amounts.join(", "))?;
    }
    for record in &listing.discarded {
        let batch = &record.batch;
        writeln!(
            out,
            "discarded: {} records of {}, {} to {}, at {}",
            batch.batch_size,
            batch.shard_id,
            batch.start_sequence_number,
            batch.end_sequence_number,
            record.timestamp
        )?;
    }
    for revision in &listing.incomplete {
        let since = revision.incomplete_since.as_deref().unwrap_or_default();
        writeln!(out, "incomplete: {}: changes after {since} may be missing", revision.rollup)?;
    }
    writeln!(out, "remove the cause, then run `weir verify --repair`")
}

fn print_json(listing: &Listing, out: &mut impl Write) -> io::Result<()> {
    for Parked { key, reason, refusals, since, latest, shard, records, amounts } in &listing.parked
    {
        let amounts: serde_json::Map<String, Value> =
            amounts.iter().map(|(name, amount)| (name.clone(), amount.clone().into())).collect();
        let line = json!({
            "kind": "parked", "PK": key.partition, "SK": key.sort, "reason": reason,
            "refusals": refusals, "since": since, "latest": latest, "shard": shard.id,
            "first_sequence_number": records[0], "last_sequence_number": records[1],
            "amounts": amounts,
        });
        writeln!(out, "{line}")?;
    }
    for record in &listing.discarded {
        writeln!(out, "{}", json!({ "kind": "discarded", "record": record }))?;
    }
    for revision in &listing.incomplete {
        let line = json!({
            "kind": "incomplete", "rollup": revision.rollup, "since": revision.incomplete_since,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weir_rollups::RollupKey;
    use weir_table::ShardId;

    use super::*;

    #[test]
    fn a_parked_item_is_listed_with_its_reason_and_what_to_do() {
        let parked = Parked {
            key: RollupKey::new("sales#DE", "all"),
            reason: "An operand in the update expression has an incorrect data type".to_owned(),
            refusals: 2,
            since: "2026-11-20T06:40:00Z".to_owned(),
            latest: "2026-11-20T06:41:00Z".to_owned(),
            shard: ShardId::new("2026", "shardId-1"),
            records: ["7".to_owned(), "9".to_owned()],
            amounts: vec![("count".to_owned(), "1".to_owned())],
        };
        let listing =
            Listing { parked: vec![parked], discarded: Vec::new(), incomplete: Vec::new() };
        let mut text = Vec::new();
        print_text(&listing, &mut text).expect("written");
        insta::assert_snapshot!(String::from_utf8(text).expect("text"), @r"
        parked: sales#DE all
          DynamoDB: An operand in the update expression has an incorrect data type
          rejected updates: 2, from 2026-11-20T06:40:00Z to 2026-11-20T06:41:00Z
          the last one adds count 1
        remove the cause, then run `weir verify --repair`
        ");
        let mut lines = Vec::new();
        print_json(&listing, &mut lines).expect("written");
        let line: Value = serde_json::from_slice(&lines).expect("a line of JSON");
        assert_eq!((&line["kind"], &line["refusals"]), (&json!("parked"), &json!(2)));
    }
}
