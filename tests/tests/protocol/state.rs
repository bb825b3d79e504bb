//! All that the protocol rests on at one moment: what is stored, what is acknowledged, who is at
//! work.
//!
//! ```text
//! rollup items       amount, a watermark for each shard
//! mapping            how many records of each shard are acknowledged; the batch of each
//!                    invocation, and how far the write of each rollup item has got
//! requests           on their way to DynamoDB though their sender waits for them no more
//! ```
//!
//! **Invariant:** invocations and requests are kept sorted. Two of a kind cannot be distinguished,
//! so states that differ in their order alone are one state.

use crate::algebra::UpdateId;
use crate::history::{KEYS, Number, SHARDS};
use crate::mapping::{self, Mapping};

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) items: [RollupItem; KEYS],
    pub(crate) mapping: Mapping<Write>,
    pub(crate) requests: Vec<UpdateId>,
    /// How many requests were given up so far.
    pub(crate) lost: u8,
}

/// A rollup item, as DynamoDB holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RollupItem {
    pub(crate) amount: i32,
    /// By shard: the last record absorbed; 0 for an attribute that is absent.
    pub(crate) watermarks: [Number; SHARDS],
}

/// An invocation at work on rollup items.
pub(crate) type Invocation = mapping::Invocation<Write>;

/// How far the write of one rollup item has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Write {
    /// The batch adds nothing to this rollup item.
    Untouched,
    /// To be sent, for the first time or again.
    Sending(UpdateId),
    /// The condition failed; the watermark is to be learnt.
    Refused(UpdateId),
    /// Admitted, and half done: only in variants.
    Admitted(UpdateId),
    /// Acknowledged: it was added, or what was left of it was, or nothing was left.
    Acknowledged,
    /// Given up.
    Failed,
}

impl State {
    /// The same state in its one order.
    pub(crate) fn sorted(mut self) -> Self {
        self.mapping.invocations.sort_unstable();
        self.requests.sort_unstable();
        self
    }
}

impl Write {
    /// Whether the invocation has still to do something about it.
    pub(crate) fn is_pending(self) -> bool {
        matches!(self, Self::Sending(_) | Self::Refused(_) | Self::Admitted(_))
    }
}
