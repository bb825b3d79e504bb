//! The events that are counted in worlds, each with the words in which it is printed.

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Stream records that the table's writes made.
    Records,
    /// Records handed to the function, every time.
    Deliveries,
    /// Records handed over that were handed over before.
    Duplicates,
    /// Invocations begun.
    Invocations,
    /// Invocations that answered with a record to go on from.
    PartialResponses,
    /// Invocations that ended with an error.
    FailedInvocations,
    /// Invocations that ended between two requests.
    Crashes,
    /// Invocations that the service gave up, some of which went on.
    Timeouts,
    /// Invocations beside another one of the same shard, or of records handled before.
    Overlaps,
    /// Deliveries of a shard that began again further back.
    Rewinds,
    /// Times at which shards were read again from an old record on.
    Replays,
    /// Invocations that close a window, without records.
    FinalInvocations,
    /// Pollers that were killed and replaced.
    Pollers,
    /// Shards that ended and went on in one child.
    Rollovers,
    /// Shards that ended and went on in two children.
    Splits,
    /// Failures and panics of a reactor.
    ReactorFailures,
    /// Requests sent by the SDK, every attempt.
    Requests,
    /// Requests that were throttled.
    Throttles,
    /// Requests that met a transaction.
    Conflicts,
    /// Requests answered with a 5xx.
    ServerErrors,
    /// Requests that were denied.
    Denials,
    /// Connections that broke before the request arrived.
    BrokenConnections,
    /// Requests that took effect and whose answer was lost.
    LostResponses,
    /// Requests that took effect after their senders had stopped waiting.
    LateEffects,
    /// Rollup items whose condition did not hold, so that the rest was folded again.
    Refolds,
    /// Transactions of rows and of what counts them that took effect.
    Crossings,
    /// Transactions that were cancelled as a condition did not hold.
    CancelledCrossings,
    /// Rows of nothing that went away.
    Swept,
    /// Shard iterators that expired.
    ExpiredIterators,
    /// Rollup items compared with the recount at the end.
    Compared,
}

/// Every count, in the order in which they are printed.
pub const EVERY: [(Count, &str); 30] = [
    (Count::Records, "records"),
    (Count::Deliveries, "deliveries of a record"),
    (Count::Duplicates, "  of them again"),
    (Count::Invocations, "invocations"),
    (Count::PartialResponses, "  partial responses"),
    (Count::FailedInvocations, "  failed"),
    (Count::Crashes, "  crashed"),
    (Count::Timeouts, "  timed out"),
    (Count::Overlaps, "  overlapping or stray"),
    (Count::FinalInvocations, "  final, without records"),
    (Count::Rewinds, "rewinds of a shard"),
    (Count::Replays, "replays of a stream"),
    (Count::Pollers, "pollers killed"),
    (Count::Rollovers, "shards rolled over"),
    (Count::Splits, "shards split"),
    (Count::ReactorFailures, "reactor failures and panics"),
    (Count::Requests, "requests"),
    (Count::Throttles, "  throttled"),
    (Count::Conflicts, "  conflicts"),
    (Count::ServerErrors, "  5xx"),
    (Count::Denials, "  denied"),
    (Count::BrokenConnections, "  never arrived"),
    (Count::LostResponses, "  responses lost"),
    (Count::LateEffects, "  in effect when nobody waited"),
    (Count::Refolds, "  conditions that failed"),
    (Count::Crossings, "  transactions"),
    (Count::CancelledCrossings, "  transactions cancelled"),
    (Count::Swept, "rows of nothing gone"),
    (Count::ExpiredIterators, "  iterators expired"),
    (Count::Compared, "rollup items compared"),
];

/// How often each thing was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; EVERY.len()]);

impl Tally {
    /// Counts something.
    pub(crate) fn add(&mut self, what: Count, how_many: u64) {
        self.0[what as usize] += how_many;
    }

    /// Returns how often it was counted.
    pub fn get(&self, what: Count) -> u64 {
        self.0[what as usize]
    }

    /// Adds what other worlds counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, others) in self.0.iter_mut().zip(other.0) {
            *mine += others;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_counted_is_told_once() {
        let mut counts: Vec<_> = EVERY.iter().map(|(count, _)| *count as usize).collect();
        counts.sort_unstable();
        assert_eq!(counts, (0..EVERY.len()).collect::<Vec<_>>());
    }
}
