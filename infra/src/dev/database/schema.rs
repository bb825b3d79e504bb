//! The index and the triggers that Weir adds to the storage of the embedded DynamoDB, so that its
//! stream is that of AWS.
//!
//! | name | effect |
//! |---|---|
//! | `weir_stream_records` | a write finds the last sequence number by an index: without it, 20,000 writes take half a minute |
//! | `weir_unchanged` | a write that leaves the item as it was makes no record |
//! | `weir_expired` | the removal of an expired item has DynamoDB as its author |
//! | `weir_deleted` | the records of a deleted table go with it: a new table of that name starts with an empty stream |
//! | `weir_restarted` | the same for a stream that was disabled and enabled again |
//! | `weir_retained` | in memory, records older than a day go; a file has [`Trimmer`](super::trim::Trimmer), which knows what was read |
//!
//! **Invariant:** the newest record of a table stays, because the next sequence number is greater
//! than its own, and watermarks rely on that.

use dynoxide::storage::Storage;

use super::sweep::OLDEST_EXPIRY_SECS;

/// How long a stream record is kept, as on AWS ("DynamoDB Streams", data retention limit).
pub(super) const RETENTION_SECS: i64 = 24 * 60 * 60;

/// The author of a removal by time to live ("DynamoDB Streams and Time to Live").
const TIME_TO_LIVE: &str = r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;

const INDEX: &str = "CREATE INDEX IF NOT EXISTS weir_stream_records \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER));";

/// Returns the rows of an image: the place of each value, its JSON type and its text. The members
/// of a set have the place of the set, because their order means nothing.
fn places(image: &str) -> String {
    format!(
        "SELECT CASE WHEN typeof(key) = 'integer' AND substr(path, -3) IN ('.SS', '.NS', '.BS') \
         THEN path ELSE fullkey END, type, atom FROM json_tree({image})"
    )
}

/// Returns the triggers of every database.
fn triggers() -> String {
    let (new, old) = (places("NEW.new_image"), places("NEW.old_image"));
    format!(
        "DROP TRIGGER IF EXISTS weir_unchanged;
         CREATE TRIGGER weir_unchanged BEFORE INSERT ON _stream_records
         WHEN NEW.event_name = 'MODIFY' AND length(NEW.new_image) = length(NEW.old_image)
         BEGIN
             -- Images of one length are equal when one holds nothing that the other does not.
             SELECT RAISE(IGNORE) WHERE NOT EXISTS ({new} EXCEPT {old});
         END;
         DROP TRIGGER IF EXISTS weir_expired;
         CREATE TRIGGER weir_expired AFTER INSERT ON _stream_records
         WHEN NEW.event_name = 'REMOVE' AND NEW.user_identity IS NULL AND EXISTS (
             SELECT 1 FROM _tables, json_each(NEW.old_image) AS attribute
             WHERE table_name = NEW.table_name AND ttl_enabled = 1
                 AND attribute.key = ttl_attribute
                 AND CAST(json_extract(attribute.value, '$.N') AS INTEGER)
                     BETWEEN NEW.created_at - {OLDEST_EXPIRY_SECS} AND NEW.created_at - 1)
         BEGIN
             UPDATE _stream_records SET user_identity = '{TIME_TO_LIVE}' WHERE id = NEW.id;
         END;
         DROP TRIGGER IF EXISTS weir_deleted;
         CREATE TRIGGER weir_deleted AFTER DELETE ON _tables
         BEGIN
             DELETE FROM _stream_records WHERE table_name = OLD.table_name;
         END;
         DROP TRIGGER IF EXISTS weir_restarted;
         CREATE TRIGGER weir_restarted AFTER UPDATE OF stream_label ON _tables
         WHEN NEW.stream_label IS NOT OLD.stream_label
         BEGIN
             DELETE FROM _stream_records WHERE table_name = OLD.table_name;
         END;"
    )
}

/// Removes the records of tables that do not exist.
const ORPHANS: &str = "DELETE FROM _stream_records \
     WHERE table_name NOT IN (SELECT table_name FROM _tables);";

/// Adds what every database has, and removes what an older version left.
pub(super) fn prepare(storage: &Storage) -> Result<(), String> {
    let sql = format!("BEGIN IMMEDIATE; {INDEX} {} {ORPHANS} COMMIT;", triggers());
    storage.conn().execute_batch(&sql).map_err(|error| error.to_string())
}

/// Adds the trigger of a database in memory. Sequence numbers are microseconds since 1970 or more,
/// so the index finds the old records.
pub(super) fn retain_a_day(storage: &Storage) -> Result<(), String> {
    let sql = format!(
        "CREATE TRIGGER weir_retained AFTER INSERT ON _stream_records
         BEGIN
             DELETE FROM _stream_records WHERE table_name = NEW.table_name
                 AND CAST(sequence_number AS INTEGER)
                     < (NEW.created_at - {RETENTION_SECS}) * 1000000;
         END;"
    );
    storage.conn().execute_batch(&sql).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
