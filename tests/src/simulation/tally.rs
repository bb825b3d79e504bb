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
    /// Records that could be read only some time after their writes.
    LateRecords,
    /// Records that named an earlier second than that of their writes.
    SteppedBack,
    /// Records that named a later second.
    Ahead,
    /// Reads of a shard that gave nothing though there was something.
    EmptyReads,
    /// Worlds whose tables had items before the rollups began.
    OldTables,
    /// Changes of the definition.
    DefinitionsChanged,
    /// Deployments of another definition.
    Deployments,
    /// Batches that an instance got that knows the definition before.
    OldInstances,
    /// Definitions that an old version of Weir did not understand.
    UnknownDefinitions,
    /// Records of rollup items beside the items.
    ColocatedRecords,
    /// Processes of the builder.
    Builders,
    /// Builders that were killed.
    BuildersKilled,
    /// Builders that were suspended.
    BuildersSuspended,
    /// Builders that were suspended between their join and the first write of a base.
    BuildersStopped,
    /// Builders that were suspended while time passed.
    BuildersAsleep,
    /// Builders that began beside another one.
    BuildersBeside,
    /// Builders that began with a definition that is not the last.
    OutdatedBuilds,
    /// Builders that ended with an error of DynamoDB or of the stream.
    BuildsFailed,
    /// Builders that found their builds aborted.
    BuildsOvertaken,
    /// Revisions that were announced too late, or aborted before they were confirmed.
    AnnouncementsGivenUp,
    /// Builders that rejected a second revision beside the items.
    ColocatedRejected,
    /// Revisions of which a build began.
    BuildsBegun,
    /// Builds that another process continued.
    BuildsContinued,
    /// Cuts that a capture rejected.
    CutsRejected,
    /// Revisions whose builds were aborted.
    BuildsAborted,
    /// Revisions that became ready.
    RevisionsReady,
    /// Revisions that another one replaced.
    RevisionsReplaced,
    /// Items that a base had from the scan.
    ImagesScanned,
    /// Items that a base had from the capture.
    ImagesCaptured,
    /// Scanned images that the capture had an earlier one of.
    ImagesSuperseded,
    /// Images that a build could not count.
    ImagesSkipped,
    /// Writes of a base, each of some rollup items.
    BasesApplied,
    /// Items of revisions that are over, deleted.
    Purged,
    /// Rollup items of built revisions compared with the recount.
    ComparedBuilt,
    /// Answers of the reader compared with the recount.
    Answers,
    /// Numbers that were changed by hand.
    DriftPlanted,
    /// Verifications that compared everything.
    Verifications,
    /// Verifications that ended before.
    VerificationsFailed,
    /// Items that verifications compared.
    VerifiedItems,
    /// Numbers of detail items that changed too often to be compared.
    UndecidedNumbers,
    /// Items that verifications found to differ, each time.
    DriftFound,
    /// Repairs that ended.
    DriftRepaired,
}

/// Every count, in the order in which they are printed.
pub const EVERY: [(Count, &str); 72] = [
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
    (Count::LateRecords, "records late"),
    (Count::SteppedBack, "records that name an earlier second"),
    (Count::Ahead, "records that name a later second"),
    (Count::EmptyReads, "reads that gave nothing"),
    (Count::OldTables, "tables with items before"),
    (Count::DefinitionsChanged, "changes of the definition"),
    (Count::Deployments, "deployments"),
    (Count::OldInstances, "  batches of an old instance"),
    (Count::UnknownDefinitions, "  definitions of a later version"),
    (Count::ColocatedRecords, "records of rollup items beside items"),
    (Count::Builders, "processes of the builder"),
    (Count::BuildersKilled, "  killed"),
    (Count::BuildersSuspended, "  suspended"),
    (Count::BuildersStopped, "  suspended before the base"),
    (Count::BuildersAsleep, "  asleep while hours passed"),
    (Count::BuildersBeside, "  beside another one"),
    (Count::OutdatedBuilds, "  of an outdated definition"),
    (Count::BuildsFailed, "  failed"),
    (Count::BuildsOvertaken, "  overtaken by an abort"),
    (Count::AnnouncementsGivenUp, "  announcements given up"),
    (Count::ColocatedRejected, "  rejected: beside the items"),
    (Count::BuildsBegun, "revisions begun"),
    (Count::BuildsContinued, "  builds continued"),
    (Count::CutsRejected, "  cuts rejected"),
    (Count::BuildsAborted, "  aborted"),
    (Count::RevisionsReady, "  ready"),
    (Count::RevisionsReplaced, "  replaced"),
    (Count::ImagesScanned, "images scanned"),
    (Count::ImagesCaptured, "images captured"),
    (Count::ImagesSuperseded, "  that were scanned, too"),
    (Count::ImagesSkipped, "  not counted"),
    (Count::BasesApplied, "bases applied, in parts"),
    (Count::Purged, "items purged"),
    (Count::ComparedBuilt, "built rollup items compared"),
    (Count::Answers, "answers compared"),
    (Count::DriftPlanted, "numbers changed by hand"),
    (Count::Verifications, "verifications"),
    (Count::VerificationsFailed, "  failed"),
    (Count::VerifiedItems, "  items compared"),
    (Count::UndecidedNumbers, "  numbers undecided"),
    (Count::DriftFound, "  items found to differ"),
    (Count::DriftRepaired, "  repairs"),
];

/// How often each thing was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally([u64; EVERY.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; EVERY.len()])
    }
}

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
