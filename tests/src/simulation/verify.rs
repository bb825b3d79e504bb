//! The conditions that must hold at the end of a world.
//!
//! * Every rollup item is what a recount of the items gives, and there is no other.
//! * No row expires that counts something.
//! * No update was parked: nothing that a world does is refused by DynamoDB for good.
//! * The reactor saw every record of an item.

use super::definition::{Counted, KEPT};
use super::dynamodb::DynamoDb;
use super::oracle;
use super::subscriber::Seen;
use super::tally::Count;
use super::world::World;
use crate::recount;

/// How the partitions of updates begin that DynamoDB refused for good.
const PARKED: &str = "@parked";

/// Reports what does not hold of rollups that count every record.
pub(crate) fn compare(world: &World, dynamodb: &DynamoDb, rollups: &[Counted]) {
    let (journal, source) = (&world.journal, world.source());
    let items = dynamodb.items();
    let recounted = oracle::recount(rollups, source.items().values());
    journal.count(Count::Compared, recounted.len());
    if let Some(differences) = recount::differences(&recount::stored(&items), &recounted) {
        journal.violate(differences);
    }
}

/// Reports what does not hold whatever the rollups count.
pub(crate) fn check(world: &World, dynamodb: &DynamoDb, seen: &Seen) {
    let (journal, source) = (&world.journal, world.source());
    let items = dynamodb.items();
    for item in &items {
        let partition = item["PK"]["S"].as_str().unwrap_or_default();
        if partition.starts_with(PARKED) {
            journal.violate(format!("an update was parked: {item}"));
        }
        let counts = item["count"]["N"].as_str().is_some_and(|count| count != "0");
        let is_kept = partition.starts_with(KEPT);
        if counts && item["expires_at"].is_object() && !is_kept {
            journal.violate(format!("a row expires that counts something: {item}"));
        }
    }
    let records = source.shards().iter().flat_map(|shard| &shard.records);
    let records = records.filter(|record| !record.is_rollup_item);
    let unseen: Vec<_> = records.filter(|record| !seen.has(&record.event_id)).collect();
    if let Some(first) = unseen.first() {
        let (count, first) = (unseen.len(), &first.sequence_number);
        journal.violate(format!("no reactor saw {count} records, of which the first is {first}"));
    }
}
