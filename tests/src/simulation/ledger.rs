//! The records that were delivered and acknowledged, shard by shard, by either mapping.
//!
//! ```text
//!     acknowledged            delivered
//!          ▼                      ▼
//! ─────────┼──────────────────────┼──────────► records of the shard
//!     ▲                                ▲
//!     an invocation may begin here     and end anywhere
//! ```
//!
//! **Invariant:** every invocation begins at or before the first record of its shard that no answer
//! has acknowledged. Lambda promises no less, and exactly once rests on it. One that does not has
//! failed the seed.

use std::ops::Range;

use super::event::{Verdict, verdict};
use super::invocation::Outcome;
use super::source::{Record, Shard};
use super::tally::Count;
use super::world::World;

/// The ledger of one world.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    invocations: usize,
}

/// Places among the records of a shard.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// All before it were acknowledged.
    acknowledged: usize,
    /// All before it were handed over.
    delivered: usize,
}

impl Ledger {
    /// All records before this place of a shard were acknowledged.
    pub(crate) fn acknowledged(&self, shard: usize) -> usize {
        self.entries.get(shard).map_or(0, |entry| entry.acknowledged)
    }

    /// An invocation begins. Returns its name.
    pub(crate) fn begin(
        &mut self,
        world: &World,
        shards: &[Shard],
        shard: usize,
        batch: &Range<usize>,
    ) -> String {
        self.entries.resize(shards.len(), Entry::default());
        self.invocations += 1;
        let (journal, name) = (&world.journal, format!("[{}]", self.invocations));
        let records = &shards[shard].records[batch.clone()];
        let number = |record: Option<&Record>| record.map(|record| record.sequence_number.clone());
        let (first, last) = (number(records.first()), number(records.last()));
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        journal.record(format_args!("{name} shard {shard} {batch:?}: {first} to {last}"));
        let entry = self.entries[shard];
        if batch.start > entry.acknowledged {
            let place = entry.acknowledged;
            journal.violate(format!("{name} leaves out records of shard {shard} from {place} on"));
        }
        if let Some(parent) = shards[shard].parent
            && self.entries[parent].acknowledged < shards[parent].records.len()
        {
            journal
                .violate(format!("{name} is of shard {shard} before all of {parent} is handled"));
        }
        journal.count(Count::Deliveries, records.len());
        let again = entry.delivered.min(batch.end).saturating_sub(batch.start);
        journal.count(Count::Duplicates, again);
        self.entries[shard].delivered = entry.delivered.max(batch.end);
        name
    }

    /// An invocation has ended, or was given up. Returns what it says was handled.
    pub(crate) fn end(
        &mut self,
        world: &World,
        name: &str,
        shard: usize,
        batch: &Range<usize>,
        outcome: Option<&Outcome>,
    ) -> Verdict {
        let judged = match outcome {
            Some(Outcome::Answered(answer)) => {
                verdict(answer, &world.source().shards()[shard].records[batch.clone()])
            }
            Some(Outcome::Failed(_) | Outcome::Crashed) | None => Ok(Verdict::Before(0)),
        };
        let judged = judged.unwrap_or_else(|broken| {
            world.journal.violate(format!("{name}: {broken}"));
            Verdict::Before(0)
        });
        let acknowledged = match judged {
            Verdict::Handled => batch.end,
            Verdict::Before(place) => batch.start + place,
        };
        if matches!((outcome, judged), (Some(Outcome::Answered(_)), Verdict::Before(_))) {
            world.journal.count(Count::PartialResponses, 1);
        }
        let entry = &mut self.entries[shard];
        entry.acknowledged = entry.acknowledged.max(acknowledged);
        judged
    }
}
