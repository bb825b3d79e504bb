//! The state item of a rollups table: which table and stream its rollups count, what they were
//! defined as, and whether they have counted every change.
//!
//! ```text
//! PK           SK           attributes
//! @definition  @definition  fingerprints      what each rollup was defined as
//!                           items_table       the name of the table of items
//!                           table_id          DynamoDB's id of that table
//!                           stream_label      the stream that is counted
//!                           counts_from       seconds since 1970; records before are not counted
//!                           unbuilt           existing-items or table-recreated: items are missing
//!                           incomplete_since  RFC 3339; changes after this time may be missing
//! ```
//!
//! | situation | state |
//! |---|---|
//! | the rollups began together with the table | complete |
//! | they began on an empty table | complete; records before `counts_from` are not counted |
//! | they began on a table that had items | `unbuilt`: questions are answered 503 |
//! | the stream was disabled and enabled again, or records were lost | `incomplete_since` |
//! | the table was deleted and created again | `unbuilt` |
//! | a rollup was added or changed | the processor does not start: [`Error::ChangedRollup`] |
//!
//! **Invariant:** rollups with neither `unbuilt` nor `incomplete_since` count every change since
//! `counts_from`, or since the table was created.

mod beginning;
mod fingerprint;
mod identity;
mod stored;

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use weir_model::Model;

pub use self::identity::ItemsTable;

use self::fingerprint::{changed, fingerprints};
use self::stored::StoredState;
use crate::budget::{Budget, ITEM_BYTES, READ_UNIT_BYTES};
use crate::checkpoints::{Checkpoints, StreamProgress};
use crate::clock;
use crate::error::Error;

/// How often the state is read and written again because another process wrote it at the same time.
const MAX_ATTEMPTS: u32 = 8;

/// The state of the rollups of a table: whether they count every change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollupsState {
    /// The stream that is counted.
    pub stream_label: Option<String>,
    /// Records before this time, in seconds since 1970, are not counted; `None` where every record
    /// is.
    pub counts_from: Option<i64>,
    /// Why the rollups lack items. Nothing may be answered from them.
    pub unbuilt: Option<Unbuilt>,
    /// The time, RFC 3339, after which changes may be missing.
    pub incomplete_since: Option<String>,
}

/// Why rollups lack items that are in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbuilt {
    /// The table had items when its rollups began.
    ExistingItems,
    /// The table was deleted and created again; the rollups count items of the table before.
    TableRecreated,
}

/// The state as a reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollupsStatus {
    /// No processor has registered the rollups yet.
    Unregistered,
    /// The rollups table belongs to another table of items.
    OtherTable {
        /// The name of that table.
        items_table: String,
    },
    /// A processor has registered them.
    Registered {
        /// Their state.
        state: RollupsState,
        /// The rollups that differ from those that were registered, each with `added` or `changed`.
        changed: BTreeMap<String, &'static str>,
        /// Whether the table or its stream is not the one that was registered.
        is_other_stream: bool,
    },
}

/// The state after a processor has opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedState {
    /// The state.
    pub state: RollupsState,
    /// Whether opening it found that changes were lost: the stream or the table is another one.
    pub found_gap: bool,
}

impl RollupsStatus {
    /// The stream that is counted.
    pub fn stream_label(&self) -> Option<&str> {
        match self {
            Self::Registered { state, .. } => state.stream_label.as_deref(),
            _ => None,
        }
    }
}

impl OpenedState {
    /// Logs what keeps the rollups from being answered, or from being complete.
    fn log(&self, items: &ItemsTable) {
        let RollupsState { stream_label, unbuilt, incomplete_since, .. } = &self.state;
        let table = &items.name;
        if let Some(reason) = unbuilt {
            tracing::error!(
                table,
                %reason,
                "the rollups are not built: questions to them are answered 503"
            );
        } else if let Some(since) = incomplete_since {
            tracing::error!(
                table,
                stream_label,
                since,
                found_now = self.found_gap,
                "the rollups are incomplete: changes after this time were lost"
            );
        }
    }
}

impl fmt::Display for Unbuilt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ExistingItems => "the table had items before its rollups began",
            Self::TableRecreated => {
                "the table was deleted and created again after its rollups began"
            }
        })
    }
}

/// Compares the state with the model and with the table that there is, writes what has changed, and
/// returns it.
///
/// `is_created` is whether the table of items was created by this process just now.
///
/// # Errors
/// [`Error::ChangedRollup`] for a rollup that was added or changed; [`Error::OtherTable`] if the
/// rollups table belongs to another table of items; else the error of DynamoDB.
pub(crate) async fn open(
    client: &Client,
    model: &Model,
    is_created: bool,
) -> Result<OpenedState, Error> {
    let rollups_table = &model.table.rollups_table;
    let mut found_gap = false;
    let budget = Budget::unlimited();
    for attempt in 0..MAX_ATTEMPTS {
        let known = stored::load(client, &budget, rollups_table).await?;
        if let Some(known) = &known {
            // What a later attempt finds may be what the first has written.
            check_owner(model, known, is_created && attempt == 0)?;
            check_definitions(model, known)?;
        }
        let items = ItemsTable::find(client, &model.table.name).await?;
        let mut opened = match &known {
            None => begin(client, model, &items, is_created).await?,
            Some(known) => follow(client, &budget, model, known, &items).await?,
        };
        found_gap |= opened.found_gap;
        opened.found_gap = found_gap;
        let wanted = StoredState::new(model, &items, &opened.state);
        if known.as_ref() == Some(&wanted)
            || stored::save(client, rollups_table, known.as_ref(), &wanted).await?
        {
            opened.log(&items);
            return Ok(opened);
        }
    }
    Err(Error::Conflict { source: format!("the state item of `{rollups_table}`").into() })
}

/// Reads the state for a reader, and compares it with the table of items as it was described.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn status(
    client: &Client,
    budget: &Budget,
    model: &Model,
    items: &ItemsTable,
) -> Result<RollupsStatus, Error> {
    let Some(known) = stored::load(client, budget, &model.table.rollups_table).await? else {
        return Ok(RollupsStatus::Unregistered);
    };
    if let Some(items_table) = known.items_table.clone().filter(|name| *name != model.table.name) {
        return Ok(RollupsStatus::OtherTable { items_table });
    }
    let changed = changed(&known.fingerprints, &fingerprints(model));
    let OpenedState { state, found_gap } = follow(client, budget, model, &known, items).await?;
    Ok(RollupsStatus::Registered { state, changed, is_other_stream: found_gap })
}

/// Notes that changes after a time may be missing from the rollups; an earlier time that is noted
/// already stays.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn note_gap(client: &Client, model: &Model, since: &str) -> Result<(), Error> {
    stored::note_gap(client, &model.table.rollups_table, since).await
}

/// The state of rollups that begin now.
async fn begin(
    client: &Client,
    model: &Model,
    items: &ItemsTable,
    is_created: bool,
) -> Result<OpenedState, Error> {
    let mut state = RollupsState { stream_label: items.stream_label.clone(), ..Default::default() };
    if !is_created {
        let rollups = describe(client, &model.table.rollups_table).await?;
        let beginning = beginning::find(client, items, identity::created_at(&rollups)).await?;
        state.counts_from = beginning.counts_from;
        state.unbuilt = beginning.unbuilt;
    }
    Ok(OpenedState { state, found_gap: false })
}

/// The state of rollups that began before, over the table and the stream that there are now.
async fn follow(
    client: &Client,
    budget: &Budget,
    model: &Model,
    known: &StoredState,
    items: &ItemsTable,
) -> Result<OpenedState, Error> {
    let mut state = known.state.clone();
    let is_recreated = differ(known.table_id.as_ref(), items.id.as_ref());
    let is_other_stream = differ(state.stream_label.as_ref(), items.stream_label.as_ref());
    if items.stream_label.is_some() {
        state.stream_label.clone_from(&items.stream_label);
    }
    if is_recreated {
        state.unbuilt = Some(Unbuilt::TableRecreated);
    } else if is_other_stream {
        let before = known.state.stream_label.as_deref().unwrap_or_default();
        let until = complete_until(client, budget, model, before).await?;
        let since = state.incomplete_since.map_or(until.clone(), |since| since.min(until));
        state.incomplete_since = Some(since);
    }
    Ok(OpenedState { state, found_gap: is_recreated || is_other_stream })
}

/// Until when every change of a stream was counted, as far as it is known: its progress, else its
/// beginning.
async fn complete_until(
    client: &Client,
    budget: &Budget,
    model: &Model,
    label: &str,
) -> Result<String, Error> {
    let progress = progress(client, budget, model, label).await?;
    let counted = progress.map(|progress| progress.complete_through_ms / 1_000);
    let seconds = counted.or_else(|| identity::label_seconds(label));
    Ok(clock::rfc_3339(seconds.unwrap_or_else(|| clock::seconds() - STREAM_RETENTION_SECS)))
}

/// Reads how far the stream of a label was handled; `None` where that is not known.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn progress(
    client: &Client,
    budget: &Budget,
    model: &Model,
    label: &str,
) -> Result<Option<StreamProgress>, Error> {
    let table = &model.table.rollups_table;
    let reservation = budget.reserve(ITEM_BYTES).await?;
    let progress = Checkpoints::new(client.clone(), table).progress(label).await;
    // Its item is far smaller than what one unit reads.
    reservation.settle_bytes(READ_UNIT_BYTES);
    progress.map_err(|error| Error::Unavailable { table: table.clone(), source: error.into() })
}

/// How long DynamoDB keeps the records of a stream, in seconds.
pub const STREAM_RETENTION_SECS: i64 = 24 * 60 * 60;

/// Rejects a rollups table that has outlived its table of items: its numbers are of items that do
/// not exist.
///
/// # Errors
/// [`Error::OtherTable`]; else the error of DynamoDB.
pub(crate) async fn check_unused(client: &Client, model: &Model) -> Result<(), Error> {
    match stored::load(client, &Budget::unlimited(), &model.table.rollups_table).await {
        Ok(Some(known)) => check_owner(model, &known, true),
        Ok(None) | Err(Error::MissingTable { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn check_owner(model: &Model, known: &StoredState, is_created: bool) -> Result<(), Error> {
    let (table, items) = (model.table.rollups_table.clone(), &model.table.name);
    let mismatch = match &known.items_table {
        Some(other) if other != items => {
            format!("it holds the rollups of the table `{other}`; expected those of `{items}`")
        }
        _ if is_created => format!(
            "it holds the rollups of a table `{items}` that does not exist; delete `{table}` too, \
             or restore `{items}`"
        ),
        _ => return Ok(()),
    };
    Err(Error::OtherTable { table, mismatch })
}

fn check_definitions(model: &Model, known: &StoredState) -> Result<(), Error> {
    match changed(&known.fingerprints, &fingerprints(model)).into_iter().next() {
        Some((rollup, change)) => {
            Err(Error::ChangedRollup { rollup, table: model.table.name.clone(), change })
        }
        None => Ok(()),
    }
}

/// Whether both are known and differ.
fn differ(known: Option<&String>, current: Option<&String>) -> bool {
    known.zip(current).is_some_and(|(known, current)| known != current)
}

/// Returns when a stream began, in seconds since 1970, as its label says; `None` for a label that
/// is not a time.
pub fn stream_began_at(label: &str) -> Option<i64> {
    identity::label_seconds(label)
}

async fn describe(client: &Client, table: &str) -> Result<TableDescription, Error> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| Error::from_sdk(table, error))?;
    described.table.ok_or_else(|| Error::Unreadable(format!("the description of `{table}`")))
}
