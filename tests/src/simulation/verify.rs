//! What must hold at the end of a world.
//!
//! * Every rollup item is what a recount of the items gives, and there is no other.
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
pub(crate) fn compare(world: &World, dynamodb: &DynamoDb, seen: &Seen) {
    let (journal, source) = (&world.journal, world.source());
    let items = dynamodb.items();
    for item in &items {
        let partition = item["PK"]["S"].as_str().unwrap_or_default();
        if partition.starts_with(PARKED) {
            journal.violate(format!("an update was parked: {item}"));
        }
    }
    let recounted = oracle::recount(source.items().values());
    journal.count(Count::Compared, recounted.len());
    if let Some(differences) = recount::differences(&recount::stored(&items), &recounted) {
        journal.violate(differences);
    }
    for shard in source.shards() {
        for record in shard.records.iter().filter(|record| !seen.has(&record.event_id)) {
            let number = &record.sequence_number;
            journal.violate(format!("no reactor saw the record {number} of {}", shard.id));
        }
    }
}
