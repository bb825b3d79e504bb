//! The protocol as it is built, and ways to get it wrong: one for each thing it does that could be
//! thought superfluous.
//!
//! **Invariant:** a variant differs from the protocol as built in one place, where it is named.

/// A protocol to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// What the product does, behind what its event source mapping does.
    AsBuilt,

    // The conditional write.
    /// The update is added whatever the watermark.
    NoCondition,
    /// `watermark < :last`.
    ComparesWithLast,
    /// `watermark <= :first`.
    AdmitsTheFirstAgain,
    /// The watermark is read, and the update then written without a condition.
    ChecksBeforehand,
    /// The amounts are added in one write and the watermark is set in the next.
    WritesTwice,
    /// `SET watermark = :first`.
    WatermarkAtFirst,
    /// One watermark for all shards.
    OneWatermark,
    /// Updates whose amounts cancel are not written.
    SkipsZero,

    // After a condition that failed.
    /// Nothing more is sent.
    DropsTheRest,
    /// The rest is sent with the amounts of the whole.
    SendsTheWholeAgain,

    // The answer.
    /// Success, with writes still to be made.
    SucceedsAtOnce,
    /// Success, as soon as one write was acknowledged.
    SucceedsAfterOneWrite,
    /// Success, though writes failed.
    IgnoresFailures,
    /// The highest record that failed is reported.
    ReportsTheHighest,

    // The mapping. These are assumptions: the product cannot enforce them.
    /// A batch may begin behind a batch that is still at work, as with a parallelization factor
    /// above 1.
    ParallelBatches,
    /// A batch whose invocation failed is passed over, as with a bound on retries.
    GivesUp,
    /// A watermark may be removed while its records can still be delivered.
    ForgetsWatermarks,
    /// A child shard is begun before its parent has ended.
    BeginsChildrenEarly,
}
