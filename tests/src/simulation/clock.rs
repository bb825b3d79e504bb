//! The wall clock of a world, in the requests that name one.
//!
//! Virtual time does not move the clock of the machine, by which rows of nothing go. So the network
//! puts the world's time in place of the machine's. The clocks of pollers are wrong by up to ten
//! minutes, each by another amount: a lease must expire when it would have nevertheless, for no
//! poller may judge by a wall clock.
//!
//! ```text
//! UpdateItem of @mapping#…   :expires_at (0 stays), :updated_at     by the poller's wrong clock
//! UpdateItem of a row        :ttl, where it counts nothing          by the world's
//! UpdateItem of @progress    :expires_at, :now                      by the world's
//! PutItem of @build          updated_at                             by the world's
//! ```
//!
//! DynamoDB's own time is in its answers: see [`http_date`].
//!
//! **Invariant:** no time of the machine's clock reaches DynamoDB, or two runs of a seed would
//! differ.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use weir_rollups::fnv::fnv1a;

use super::world::World;

/// How long every lease of a world lives.
pub(crate) const LEASE_LIFE: Duration = Duration::from_secs(13);
/// By how much the clock of a poller is wrong at most, either way.
const MOST_SKEW_MS: u64 = 10 * 60 * 1000;
/// How long a row of nothing stays: longer than the retention and the life of a shard together.
const EMPTY_ROW_LIFE: Duration = Duration::from_secs(96 * 60 * 60);
/// How the partitions of leases and checkpoints begin.
pub(crate) const CHECKPOINTS: &str = "@mapping#";
/// The partitions of what was handled of each shard, and of how far each build is.
const PROGRESS: &str = "@progress";
const BUILDS: &str = "@build";
/// The condition under which a row is let go.
const COUNTS_NOTHING: &str = "#count = :zero";

/// Puts the world's time into a request. Returns whether it names one.
pub(crate) fn translate(request: &mut Value, world: &World) -> bool {
    let partition = request["Key"]["PK"]["S"].as_str().unwrap_or_default();
    let is_checkpoint = partition.starts_with(CHECKPOINTS);
    let is_progress = partition == PROGRESS;
    let now_ms = world.now_ms();
    if request["Item"]["PK"]["S"] == BUILDS {
        request["Item"]["updated_at"] = json!({ "S": format!("{now_ms} ms") });
        return true;
    }
    let is_let_go = request["ConditionExpression"] == COUNTS_NOTHING;
    let values = &mut request["ExpressionAttributeValues"];
    if is_progress {
        values[":now"] = json!({ "S": format!("{now_ms} ms") });
        values[":expires_at"] = json!({ "N": (now_ms / 1000).to_string() });
        return true;
    }
    if !is_checkpoint {
        let expires = is_let_go && values[":ttl"].is_object();
        if expires {
            let expires_at = now_ms / 1000 + EMPTY_ROW_LIFE.as_secs();
            values[":ttl"] = json!({ "N": expires_at.to_string() });
        }
        return expires;
    }
    let now_ms = now_ms + MOST_SKEW_MS - behind_ms(values);
    if values[":expires_at"]["N"].as_str().is_some_and(|released| released != "0") {
        let expires_at = now_ms + LEASE_LIFE.as_millis() as u64;
        values[":expires_at"] = json!({ "N": expires_at.to_string() });
    }
    if values[":updated_at"].is_object() {
        values[":updated_at"] = json!({ "S": format!("{now_ms} ms") });
    }
    true
}

/// Returns a time in milliseconds since 1970 as the header `Date` has it.
pub(crate) fn http_date(now_ms: u64) -> String {
    let time = Timestamp::from_millisecond(now_ms as i64).expect("a time of this century");
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Returns how far the clock of the poller that sends these values is behind one that is fast by
/// the most: it follows from the name with which the poller takes the lease, and from the fence
/// with which it renews it.
fn behind_ms(values: &Value) -> u64 {
    let owner = values[":owner"]["S"].as_str();
    let poller = owner.or_else(|| values[":fence"]["N"].as_str()).unwrap_or_default();
    fnv1a(poller.bytes()) % (2 * MOST_SKEW_MS + 1)
}
