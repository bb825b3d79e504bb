//! A lease that another poller holds, and how a waiting poller judges that it has expired.
//!
//! The waiting poller reads the lease again and again. As long as the holder lives, it renews the
//! lease several times within the time to live, and each renewal changes the item. The lease has
//! expired when the item stayed the same for its whole time to live. That time is measured by the
//! waiting poller alone, on its monotonic clock, so it does not matter what the wall clock of
//! either machine says.
//!
//! The holder gives up one time to live after it *began* its last renewal. A waiting poller counts
//! from the moment at which it *saw* that renewal, which is later. So it never takes over too
//! early.
//!
//! **Invariant:** times of different machines are never compared.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::Instant;

use super::{text, whole};

/// A lease as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeldLease {
    /// The stream.
    pub label: String,
    /// Its holder.
    pub owner: String,
    /// Greater for every holder than for all before.
    pub fence: u64,
    /// How often it was renewed, by all holders; none in an item of an earlier version.
    pub renewals: Option<u64>,
    /// When it expires by the clock of its holder, in milliseconds since the epoch.
    pub expires_at_ms: u64,
    /// How long it lasts after it was taken or renewed; none in an item of an earlier version.
    pub time_to_live: Option<Duration>,
    /// When it was taken or renewed by the clock of its holder, RFC 3339.
    pub updated_at: String,
}

/// The last version of a lease that a waiting poller has seen, and since when it has not changed.
#[derive(Clone, Debug, Default)]
pub struct LeaseWatch {
    seen: Option<(HeldLease, Instant)>,
}

impl HeldLease {
    pub(super) fn from_item(label: &str, item: &HashMap<String, AttributeValue>) -> Self {
        HeldLease {
            label: label.to_owned(),
            owner: text(item, "owner").unwrap_or_default(),
            fence: whole(item.get("fence")).unwrap_or_default(),
            renewals: whole(item.get("renewals")),
            expires_at_ms: whole(item.get("expires_at_ms")).unwrap_or_default(),
            time_to_live: whole(item.get("time_to_live_ms")).map(Duration::from_millis),
            updated_at: text(item, "updated_at").unwrap_or_default(),
        }
    }

    /// Whether neither the holder nor a renewal changed between the two reads.
    fn is_same_as(&self, other: &Self) -> bool {
        let parts = |held: &Self| (held.fence, held.renewals, held.expires_at_ms);
        parts(self) == parts(other)
    }
}

impl LeaseWatch {
    /// Returns how long the lease still has to stay as it is to have expired, given that it was
    /// read at `now`; zero if it has expired.
    ///
    /// An item of an earlier version does not name its time to live; `usual` stands in for it.
    pub fn remaining(&mut self, held: &HeldLease, usual: Duration, now: Instant) -> Duration {
        let since = match &self.seen {
            Some((seen, since)) if seen.is_same_as(held) => *since,
            _ => {
                self.seen = Some((held.clone(), now));
                now
            }
        };
        let time_to_live = held.time_to_live.unwrap_or(usual);
        time_to_live.saturating_sub(now.saturating_duration_since(since))
    }
}
