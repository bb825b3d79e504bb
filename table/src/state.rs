//! The state item of a rollups table: which table and stream its rollups count, and which revisions
//! of them there are.
//!
//! ```text
//! PK           SK           attributes
//! @definition  @definition  version       grows by one with each write
//!                           items_table   the name of the table of items
//!                           table_id      DynamoDB's id of that table
//!                           stream_label  the stream that is counted
//!                           revisions     by name, such as `sales@1`, each a map of
//!                             definition        the id of the definition that it is counted under
//!                             state             see `weir_rollups::RevisionState`
//!                             cut               seconds since 1970; records before do not count
//!                             incomplete_since  RFC 3339; changes after this may be missing
//!                         gaps          how often it was noted that changes may be missing
//! @definition  <id>         text          a definition file
//! ```
//!
//! | situation | state of the first revisions |
//! |---|---|
//! | the rollups began together with the table | ready |
//! | they began on an empty table | ready, with a cut |
//! | they began on a table that had items | unbuilt: questions are answered 503 |
//! | the stream was disabled and enabled again, or records were lost | `incomplete_since` |
//! | the table was deleted and created again | unbuilt |
//! | a rollup was added or changed in the definition file | as it was: a build makes a revision |
//!
//! A processor reads the state item before each batch, so it must stay small: definitions are items
//! of their own.
//!
//! **Invariant:** a revision that is ready counts every change since its cut, or since the table
//! was created, but for those that `incomplete_since` names.

mod beginning;
mod build_progress;
mod date;
mod definitions;
mod identity;
mod rollups_state;
mod stored;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TableDescription;
use tokio::time::{Instant, sleep};
use weir_model::{Model, Rollup};
use weir_rollups::{Revision, RevisionState};

pub use self::build_progress::BuildProgress;
pub(crate) use self::definitions::Definitions;
pub use self::identity::ItemsTable;
pub use self::rollups_state::{OpenedState, RollupsState, RollupsStatus};

use self::stored::StoredState;
use crate::budget::{Budget, ITEM_BYTES, READ_UNIT_BYTES};
use crate::checkpoints::{Checkpoints, StreamProgress};
use crate::clock;
use crate::error::Error;

/// The pause between two looks at the progress of a stream that is waited for.
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);
/// How often the state is read and written again because another process wrote it at the same time.
const MAX_ATTEMPTS: u32 = 8;

/// Compares the state with the table that there is, writes what has changed, and returns it.
///
/// `is_created` is whether the table of items was created by this process just now.
///
/// # Errors
/// [`Error::OtherTable`] if the rollups table belongs to another table of items; else the error of
/// DynamoDB.
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
        }
        let items = ItemsTable::find(client, &model.table.name).await?;
        let mut opened = match &known {
            None => begin(client, model, &items, is_created).await?,
            Some(known) => follow(client, &budget, model, known, &items).await?,
        };
        found_gap |= opened.found_gap;
        opened.found_gap = found_gap;
        let wanted = match &known {
            None => StoredState::first(model, &items, opened.state.clone()),
            Some(known) => {
                let table_id = items.id.clone().or_else(|| known.table_id.clone());
                known.next(table_id, opened.state.clone())
            }
        };
        if known.as_ref().is_some_and(|known| known.says_the_same(&wanted))
            || stored::save(client, rollups_table, known.as_ref(), &wanted).await?
        {
            opened.log(&items.name);
            return Ok(opened);
        }
    }
    Err(conflict(rollups_table))
}

/// Reads the state before a batch: strongly consistent, one item. `None` where there is none.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn read(client: &Client, model: &Model) -> Result<Option<RollupsState>, Error> {
    let known = stored::load(client, &Budget::unlimited(), &model.table.rollups_table).await?;
    Ok(known.map(|known| known.state))
}

/// Changes the state: `change` is given the state as it is and DynamoDB's time in seconds since
/// 1970, and is called again if another process has written meanwhile. Returns the value of the
/// last call once the state is stored.
///
/// # Errors
/// The error of `change`; [`Error::Conflict`] if other processes never stop writing;
/// [`Error::Unreadable`] where there is no state; else the error of DynamoDB.
pub(crate) async fn change<T, E: From<Error>>(
    client: &Client,
    model: &Model,
    mut change: impl FnMut(&mut RollupsState, i64) -> Result<T, E>,
) -> Result<T, E> {
    let rollups_table = &model.table.rollups_table;
    for _ in 0..MAX_ATTEMPTS {
        let loaded = stored::load_dated(client, &Budget::unlimited(), rollups_table).await?;
        let missing = || Error::Unreadable(format!("`{rollups_table}`: it has no state item"));
        let known = loaded.stored.ok_or_else(missing)?;
        let mut state = known.state.clone();
        let outcome = change(&mut state, loaded.answered_at.unwrap_or_else(clock::seconds))?;
        state.sort();
        let wanted = known.next(known.table_id.clone(), state);
        if known.says_the_same(&wanted)
            || stored::save(client, rollups_table, Some(&known), &wanted).await?
        {
            return Ok(outcome);
        }
    }
    Err(conflict(rollups_table).into())
}

/// Returns DynamoDB's time, in seconds since 1970.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn dynamodb_time(client: &Client, model: &Model) -> Result<i64, Error> {
    let table = &model.table.rollups_table;
    let loaded = stored::load_dated(client, &Budget::unlimited(), table).await?;
    Ok(loaded.answered_at.unwrap_or_else(clock::seconds))
}

fn conflict(rollups_table: &str) -> Error {
    Error::Conflict { source: format!("the state item of `{rollups_table}`").into() }
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
    if known.items_table != model.table.name {
        return Ok(RollupsStatus::OtherTable { items_table: known.items_table });
    }
    let OpenedState { state, found_gap } = follow(client, budget, model, &known, items).await?;
    Ok(RollupsStatus::Registered { state, is_other_stream: found_gap })
}

/// Reads the progress of the builds that are under way, by the stored names of their revisions.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn build_progress(
    client: &Client,
    budget: &Budget,
    model: &Model,
    state: &RollupsState,
) -> Result<HashMap<String, BuildProgress>, Error> {
    let mut found = HashMap::new();
    for revision in state.revisions.iter().filter(|revision| revision.is_under_way()) {
        let table = &model.table.rollups_table;
        if let Some(known) = build_progress::load(client, budget, table, revision).await? {
            found.insert(revision.stored_name().into_owned(), known);
        }
    }
    Ok(found)
}

/// Stores the progress of the build of a revision.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn save_build_progress(
    client: &Client,
    model: &Model,
    revision: &Revision,
    progress: &BuildProgress,
) -> Result<(), Error> {
    build_progress::save(client, &model.table.rollups_table, revision, progress).await
}

/// Stores the definition of a model, and returns its id.
///
/// # Errors
/// [`Error::Definition`] for one that is too large; else the error of DynamoDB.
pub(crate) async fn store_definition(client: &Client, model: &Model) -> Result<String, Error> {
    definitions::store(client, model).await
}

/// Notes that changes after a time may be missing from the rollups; an earlier time that is noted
/// already stays. Without a state item there is nothing to note.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn note_gap(client: &Client, model: &Model, since: &str) -> Result<(), Error> {
    if read(client, model).await?.is_none() {
        return Ok(());
    }
    change(client, model, |state, _| {
        state.note_gap(since);
        Ok(())
    })
    .await
}

/// The state of rollups that begin now.
async fn begin(
    client: &Client,
    model: &Model,
    items: &ItemsTable,
    is_created: bool,
) -> Result<OpenedState, Error> {
    let beginning = if is_created {
        beginning::Beginning::default()
    } else {
        let rollups = describe(client, &model.table.rollups_table).await?;
        beginning::find(client, items, identity::created_at(&rollups)).await?
    };
    let definition = store_definition(client, model).await?;
    let revision = |rollup: &Rollup| Revision {
        rollup: rollup.name.clone(),
        number: Rollup::FIRST_REVISION,
        definition: definition.clone(),
        state: beginning.unbuilt.map_or(RevisionState::Ready, RevisionState::Unbuilt),
        cut: beginning.counts_from,
        incomplete_since: None,
    };
    let revisions = model.rollups.iter().map(revision).collect();
    let mut state = RollupsState { stream_label: items.stream_label.clone(), revisions, gaps: 0 };
    state.sort();
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
        state.note_recreated();
    } else if is_other_stream {
        let before = known.state.stream_label.as_deref().unwrap_or_default();
        state.note_gap(&complete_until(client, budget, model, before).await?);
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

/// Returns whether the stream of a table of items has every record since the table was created, and
/// the rollups table was there to count them. `rollups_created_at` is in seconds since 1970.
pub(crate) fn has_every_record(items: &ItemsTable, rollups_created_at: Option<i64>) -> bool {
    beginning::has_every_record(items, rollups_created_at, clock::seconds())
}

/// Waits until every change of a stream up to a time was handled, for at most `limit`, and returns
/// how far it was handled then; `None` where that is not known.
///
/// # Errors
/// The error of DynamoDB.
pub(crate) async fn wait_for_progress(
    client: &Client,
    model: &Model,
    label: &str,
    through_ms: i64,
    limit: Duration,
) -> Result<Option<StreamProgress>, Error> {
    let (begun, budget) = (Instant::now(), Budget::unlimited());
    loop {
        let progress = progress(client, &budget, model, label).await?;
        let left = limit.saturating_sub(begun.elapsed());
        match progress {
            Some(known) if known.complete_through_ms < through_ms && !left.is_zero() => {
                sleep(left.min(PROGRESS_PAUSE)).await;
            }
            _ => return Ok(progress),
        }
    }
}

/// How long DynamoDB keeps the records of a stream, in seconds.
pub const STREAM_RETENTION_SECS: i64 = 24 * 60 * 60;
/// How far the time of a record may be from DynamoDB's time of the same moment, in seconds.
pub const CLOCK_UNCERTAINTY_SECS: i64 = 2;

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

/// Rejects a rollups table that holds the rollups of another table.
///
/// # Errors
/// [`Error::OtherTable`]; else the error of DynamoDB.
pub(crate) async fn check_owned(client: &Client, model: &Model) -> Result<(), Error> {
    let table = &model.table.rollups_table;
    match stored::load(client, &Budget::unlimited(), table).await? {
        Some(known) => check_owner(model, &known, false),
        None => Ok(()),
    }
}

fn check_owner(model: &Model, known: &StoredState, is_created: bool) -> Result<(), Error> {
    let (table, items) = (model.table.rollups_table.clone(), &model.table.name);
    let mismatch = if known.items_table != *items {
        let other = &known.items_table;
        format!("it holds the rollups of the table `{other}`; expected those of `{items}`")
    } else if is_created {
        format!(
            "it holds the rollups of a table `{items}` that does not exist; delete `{table}` too, \
             or restore `{items}`"
        )
    } else {
        return Ok(());
    };
    Err(Error::OtherTable { table, mismatch })
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
