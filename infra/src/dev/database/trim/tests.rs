//! Which records a trimming removes, and what becomes of the file.

use proptest::prelude::*;

use super::*;

const TABLE: &str = "t";
const SHARD: &str = "s";

fn storage(folder: &tempfile::TempDir) -> Storage {
    let path = folder.path().join("x.db");
    Storage::new(path.to_str().expect("text")).expect("a storage")
}

fn write(storage: &Storage, table: &str, sequence: i64, created_at: i64, image: &str) {
    let sequence = sequence.to_string();
    let written = storage.insert_stream_record(
        table,
        "INSERT",
        "{}",
        Some(image),
        None,
        &sequence,
        SHARD,
        created_at,
    );
    written.expect("a record");
}

fn checkpoint(read_to: Option<i64>) -> Checkpoint {
    let public = |stored: i64| {
        let stored = u128::try_from(stored).expect("a positive number");
        (SEQUENCE_NUMBER_OFFSET + stored).to_string()
    };
    let sequence_number = read_to.map(public);
    Checkpoint { shard_id: SHARD.to_owned(), sequence_number, ..Checkpoint::default() }
}

/// Returns the sequence numbers that are left, in order.
fn left(storage: &Storage, table: &str) -> Vec<i64> {
    let records = storage.get_stream_records(table, SHARD, 0, usize::MAX >> 1).expect("records");
    records.iter().map(|record| record.sequence_number.parse().expect("a number")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn only_records_that_were_read_and_are_old_are_removed(
        ages in prop::collection::vec(0_i64..10, 0..30),
        read_to in prop::option::of(0_i64..40),
        oldest in 0_i64..11,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = storage(&folder);
        for (number, age) in (1..).zip(&ages) {
            write(&storage, TABLE, number, *age, "{}");
            write(&storage, "other", number, *age, "{}");
        }
        let last = i64::try_from(ages.len()).expect("few");
        let next = storage.next_stream_sequence_number(TABLE).expect("a number");
        let removed = trim_shard(&storage, TABLE, &checkpoint(read_to), oldest);
        let is_kept = |(number, age): &(i64, &i64)| {
            read_to.is_none_or(|read_to| *number > read_to) || **age >= oldest || *number == last
        };
        let kept: Vec<_> = (1..).zip(&ages).filter(is_kept).map(|(number, _)| number).collect();
        prop_assert_eq!(removed, Ok(ages.len() - kept.len()));
        prop_assert_eq!(left(&storage, TABLE), kept);
        prop_assert_eq!(left(&storage, "other").len(), ages.len());
        prop_assert!(storage.next_stream_sequence_number(TABLE).expect("a number") >= next);
    }
}

#[test]
fn a_file_that_is_mostly_free_is_compacted() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = storage(&folder);
    let (image, count) = ("x".repeat(2_000), 10 * BATCH_RECORDS);
    let count = i64::try_from(count).expect("few");
    storage.conn().execute_batch("BEGIN").expect("begun");
    for number in 1..=count {
        write(&storage, TABLE, number, 0, &image);
    }
    storage.conn().execute_batch("COMMIT").expect("committed");
    let pages = || -> i64 {
        let pages = storage.conn().query_row("PRAGMA page_count", [], |row| row.get(0));
        pages.expect("a number")
    };
    let full = pages();
    compact(&storage).expect("nothing to do");
    assert_eq!(pages(), full);
    while trim_shard(&storage, TABLE, &checkpoint(Some(count)), 1).expect("trimmed") > 0 {}
    assert_eq!(left(&storage, TABLE), [count]);
    assert_eq!(pages(), full, "free pages stay in the file until it is compacted");
    compact(&storage).expect("compacted");
    assert!(pages() * 10 < full, "{} of {full} pages", pages());
}
