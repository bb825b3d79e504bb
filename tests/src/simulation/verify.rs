//! The conditions that must hold at the end of a world.
//!
//! * Every rollup item is what a recount of the items gives, and there is no other.
//! * No row expires that counts something.
//! * No update was parked: nothing that a world does is refused by DynamoDB for good.
//! * The reactor saw every record.

use super::dynamodb::DynamoDb;
use super::oracle;
use super::subscriber::Seen;
use super::tally::Count;
use super::world::World;
use crate::recount;

/// How the partitions of updates begin that DynamoDB refused for good.
const PARKED: &str = "@parked";

/// Tells what does not hold.
pub(crate) fn compare(world: &World, dynamodb: &DynamoDb, rollups: &[String], seen: &Seen) {
    let (journal, source) = (&world.journal, world.source());
    let items = dynamodb.items();
    for item in &items {
        let partition = item["PK"]["S"].as_str().unwrap_or_default();
        if partition.starts_with(PARKED) {
            journal.violate(format!("an update was parked: {item}"));
        }
        let counts = item["count"]["N"].as_str().is_some_and(|count| count != "0");
        if counts && item["expires_at"].is_object() {
            journal.violate(format!("a row expires that counts something: {item}"));
        }
    }
    let recounted = oracle::recount(rollups, source.items().values());
    journal.count(Count::Compared, recounted.len());
    if let Some(differences) = recount::differences(&recount::stored(&items), &recounted) {
        journal.violate(differences);
    }
    let records = source.shards().iter().flat_map(|shard| &shard.records);
    let unseen: Vec<_> = records.filter(|record| !seen.has(&record.event_id)).collect();
    if let Some(first) = unseen.first() {
        let (count, first) = (unseen.len(), &first.sequence_number);
        journal.violate(format!("no reactor saw {count} records, of which the first is {first}"));
    }
}
