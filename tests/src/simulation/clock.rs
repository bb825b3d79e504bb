//! The wall clock of a world, in the requests that name one.
//!
//! Virtual time does not move the clock of the machine, by which the product's mapping judges its lease, and rows of nothing go. So the network puts
//! the world's time in place of the machine's, and a lease expires when it would have.
//!
//! ```text
//! UpdateItem of @mapping#…   :now, :expires_at (0 stays), :updated_at
//! UpdateItem of a row        :ttl
//! ```
//!
//! **Invariant:** no time of the machine's clock reaches DynamoDB, or two runs of a seed would differ.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;

/// How long every lease of a world lives. Not ten seconds: leases would be renewed at the very moment at which shards are
/// listed, and which of two things happens first in one moment is tokio's to choose, not the seed's.
pub(crate) const LEASE_LIFE: Duration = Duration::from_secs(13);
/// How long a row of nothing stays: longer than the retention and the life of a shard together.
const EMPTY_ROW_LIFE: Duration = Duration::from_secs(96 * 60 * 60);
/// How the partitions of leases and checkpoints begin.
pub(crate) const CHECKPOINTS: &str = "@mapping#";

/// Puts the world's time into a request. Returns whether it names one.
pub(crate) fn translate(request: &mut Value, world: &World) -> bool {
    let partition = request["Key"]["PK"]["S"].as_str().unwrap_or_default();
    let is_checkpoint = partition.starts_with(CHECKPOINTS);
    let now_ms = world.now_ms();
    let values = &mut request["ExpressionAttributeValues"];
    if !is_checkpoint {
        let expires = values[":ttl"].is_object();
        if expires {
            let expires_at = now_ms / 1000 + EMPTY_ROW_LIFE.as_secs();
            values[":ttl"] = json!({ "N": expires_at.to_string() });
        }
        return expires;
    }
    if values[":now"].is_object() {
        values[":now"] = json!({ "N": now_ms.to_string() });
    }
    if values[":expires_at"]["N"].as_str().is_some_and(|released| released != "0") {
        let expires_at = now_ms + LEASE_LIFE.as_millis() as u64;
        values[":expires_at"] = json!({ "N": expires_at.to_string() });
    }
    if values[":updated_at"].is_object() {
        values[":updated_at"] = json!({ "S": format!("{now_ms} ms") });
    }
    true
}
