//! Whether rollups that begin now will have counted every item of their table.
//!
//! | the table of items | the rollups |
//! |---|---|
//! | is not older than its rollups, and its stream has every record | complete |
//! | is empty | complete: they count every later write |
//! | has items | unbuilt |
//!
//! The first row needs no look at the items. A stream keeps records for a day, so it holds for
//! tables that are younger.
//!
//! The second row: records from a second on are counted, and earlier ones are not. An item that was
//! there when that second began would be removed without having been counted. So the table is read
//! all the time, strongly consistent, from before that second until after it:
//!
//! ```text
//! read  read  read  read  read  read       every read finds nothing
//! ──────────────┬────────────────────► DynamoDB's time, of the answers
//!               └ the first second that counts
//!      ├────────┴────────┤                 how far the times of records may be from it
//! ```
//!
//! Only an item that lives for less than the time between two reads, around that second, is missed.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use tokio::time::{Instant, sleep};

use weir_rollups::Unbuilt;

use super::STREAM_RETENTION_SECS;
use super::date::ResponseDate;
use super::identity::ItemsTable;
use crate::clock;
use crate::error::Error;

/// How much younger than the retention of its stream a table must be for all its records to be
/// there.
const MARGIN_SECS: i64 = 60 * 60;
/// The pause between two reads of a table that is empty.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest time between two reads: later, another second is chosen.
const LONGEST_GAP: Duration = Duration::from_millis(500);
/// How often another second is chosen before the table counts as one that may have items.
const MAX_ATTEMPTS: u32 = 20;

/// How rollups begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) counts_from: Option<i64>,
    pub(super) unbuilt: Option<Unbuilt>,
}

/// Finds out how rollups begin, in a table of rollups that was created at `rollups_created_at`.
///
/// # Errors
/// The error of DynamoDB, but where it denies to look for items: then there may be some.
pub(super) async fn find(
    client: &Client,
    items: &ItemsTable,
    rollups_created_at: Option<i64>,
) -> Result<Beginning, Error> {
    if has_every_record(items, rollups_created_at, clock::seconds()) {
        return Ok(Beginning::default());
    }
    for _ in 0..MAX_ATTEMPTS {
        match watch(client, items).await? {
            Watched::Empty { from } => {
                return Ok(Beginning { counts_from: Some(from), unbuilt: None });
            }
            Watched::HasItems => break,
            Watched::TooSlowly => {}
        }
    }
    Ok(Beginning { unbuilt: Some(Unbuilt::ExistingItems), counts_from: None })
}

/// What the reads of a table have found.
enum Watched {
    /// Nothing was there when this second began.
    Empty { from: i64 },
    /// It has items, or may have.
    HasItems,
    /// An item may have been there between two reads.
    TooSlowly,
}

/// Reads a table from before the first second that counts until after it.
async fn watch(client: &Client, items: &ItemsTable) -> Result<Watched, Error> {
    let uncertainty = items.clock_uncertainty_secs();
    let mut read_at = Instant::now();
    let Some(now) = empty_at(client, &items.name).await? else { return Ok(Watched::HasItems) };
    let from = counts_from(now, items.record_time_secs(), uncertainty);
    let early = from - uncertainty - 1 - now;
    if early > 0 {
        tracing::info!(from, "rollups begin at the next minute, as exact as the times of records");
        sleep(Duration::from_secs(early.unsigned_abs())).await;
        read_at = Instant::now();
        match empty_at(client, &items.name).await? {
            None => return Ok(Watched::HasItems),
            Some(now) if now >= from - uncertainty => return Ok(Watched::TooSlowly),
            Some(_) => {}
        }
    }
    loop {
        sleep(PAUSE).await;
        let next_read_at = Instant::now();
        let Some(now) = empty_at(client, &items.name).await? else { return Ok(Watched::HasItems) };
        if read_at.elapsed() > LONGEST_GAP {
            return Ok(Watched::TooSlowly);
        }
        if now >= from + uncertainty {
            return Ok(Watched::Empty { from });
        }
        read_at = next_read_at;
    }
}

/// Returns the first second that counts, of a table that was empty at a time. Times of records that
/// are rounded down to the minute allow the first second of a minute.
fn counts_from(now: i64, record_time_secs: i64, uncertainty: i64) -> i64 {
    let earliest = now + uncertainty + 1;
    (earliest + record_time_secs - 1) / record_time_secs * record_time_secs
}

/// Whether the stream has every record since the table was created, and the rollups table was there
/// to count them.
pub(super) fn has_every_record(
    items: &ItemsTable,
    rollups_created_at: Option<i64>,
    now: i64,
) -> bool {
    let Some((created_at, rollups)) = items.created_at.zip(rollups_created_at) else {
        return false;
    };
    let is_young = now - created_at < STREAM_RETENTION_SECS - MARGIN_SECS;
    items.has_stream_from_birth() && rollups <= created_at && is_young
}

/// When the table was found to be empty, in seconds since 1970 by DynamoDB's clock; `None` if it
/// has items or may have.
async fn empty_at(client: &Client, table: &str) -> Result<Option<i64>, Error> {
    let date = ResponseDate::default();
    let found = client
        .scan()
        .table_name(table)
        .limit(1)
        .consistent_read(true)
        .customize()
        .interceptor(date.clone())
        .send()
        .await
        .map_err(|error| Error::from_sdk(table, error));
    match found {
        Ok(found) if found.count > 0 || found.last_evaluated_key.is_some() => Ok(None),
        Ok(_) => Ok(Some(date.seconds().unwrap_or_else(clock::seconds))),
        Err(Error::Denied { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: i64 = 1_795_982_400;
    const HOUR: i64 = 60 * 60;

    fn items(label: &str) -> ItemsTable {
        ItemsTable {
            name: "shop".to_owned(),
            created_at: Some(CREATED),
            stream_label: Some(label.to_owned()),
            ..ItemsTable::default()
        }
    }

    #[test]
    fn every_record_is_there_only_where_stream_and_rollups_are_as_old_as_the_table() {
        let (born, later) = ("2026-11-29T20:00:01.000", "2026-11-29T21:00:00.000");
        let cases = [
            ("all of it", born, CREATED - 1, HOUR, true),
            ("created in the same second", born, CREATED, HOUR, true),
            ("a stream that was enabled later", later, CREATED, HOUR, false),
            ("a rollups table that was created later", born, CREATED + 1, HOUR, false),
            ("records that are trimmed", born, CREATED, 24 * HOUR, false),
        ];
        for (case, label, rollups, age, expected) in cases {
            let found = has_every_record(&items(label), Some(rollups), CREATED + age);
            assert_eq!(found, expected, "{case}");
        }
        assert!(!has_every_record(&items(born), None, CREATED), "an unknown age");
    }

    #[test]
    fn rollups_begin_where_the_times_of_records_tell_before_from_after() {
        assert_eq!(counts_from(CREATED + 7, 1, 0), CREATED + 8);
        assert_eq!(counts_from(CREATED + 7, 1, 2), CREATED + 10);
        assert_eq!(counts_from(CREATED + 7, 60, 0), CREATED + 60);
        assert_eq!(counts_from(CREATED, 60, 0), CREATED + 60, "the minute has begun already");
        assert_eq!(counts_from(CREATED + 59, 60, 0), CREATED + 60);
    }
}
