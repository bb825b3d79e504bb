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
//! The second row: DynamoDB's own clock is read from the answer to a strongly consistent read that
//! found nothing. Records of earlier seconds are not counted, since the items that they removed
//! never were. The table is read again after that second. Both reads miss an item that was inserted
//! in an earlier second and removed in the second of the first read, before that read: its removal
//! would count −1. So do not write to a table in the second in which its rollups begin.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use tokio::time::sleep;

use weir_rollups::Unbuilt;

use super::STREAM_RETENTION_SECS;
use super::date::ResponseDate;
use super::identity::ItemsTable;
use crate::clock;
use crate::error::Error;

/// How much younger than the retention of its stream a table must be for all its records to be
/// there.
const MARGIN_SECS: i64 = 60 * 60;
/// The pause between two reads of a table that is empty: the second is in a later second.
const PAUSE: Duration = Duration::from_millis(1_100);

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
    let unbuilt = Beginning { unbuilt: Some(Unbuilt::ExistingItems), counts_from: None };
    let Some(now) = empty_at(client, &items.name).await? else { return Ok(unbuilt) };
    let (from, pause) = begin_after(now, items.record_time_secs());
    sleep(pause).await;
    let is_still_empty = empty_at(client, &items.name).await?.is_some();
    let from_now_on = Beginning { counts_from: Some(from), unbuilt: None };
    Ok(if is_still_empty { from_now_on } else { unbuilt })
}

/// From when on records count, of a table that was empty now, and how long to wait until it is read
/// again. Times of records that are rounded down to the minute are those of the next minute.
fn begin_after(now: i64, record_time_secs: i64) -> (i64, Duration) {
    if record_time_secs == 1 {
        return (now, PAUSE);
    }
    let from = (now / record_time_secs + 1) * record_time_secs;
    tracing::info!(from, "rollups begin at the next minute, as exact as the times of records are");
    (from, PAUSE + Duration::from_secs(from.abs_diff(now)))
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
        assert_eq!(begin_after(CREATED + 7, 1), (CREATED + 7, PAUSE));
        let pause = PAUSE + Duration::from_secs(53);
        assert_eq!(begin_after(CREATED + 7, 60), (CREATED + 60, pause));
        assert_eq!(begin_after(CREATED, 60).0, CREATED + 60, "the minute has begun already");
    }
}
