//! What must hold in every state.
//!
//! | property | because |
//! |---|---|
//! | [`PREFIX`] | a watermark that lies makes the next decision wrong |
//! | [`CHECKPOINT`] | what is acknowledged does not come again |
//! | [`RECOUNT`] | that is what it is for |
//!
//! **Invariant:** what is stored is compared with sums of the history's own definitions.

use stateright::Property;

use crate::history::{KEYS, Key};
use crate::machine::Protocol;
use crate::state::State;

/// A rollup item holds each record up to its watermarks once, and no other.
pub(crate) const PREFIX: &str = "an item holds what its watermarks say";
/// An acknowledged record is absorbed by every rollup item that it contributes to.
pub(crate) const CHECKPOINT: &str = "what is acknowledged is absorbed";
/// With everything acknowledged and nobody at work, the rollup items are what a recount gives.
/// Requests that nobody waits for may still be on their way: they change nothing any more.
pub(crate) const RECOUNT: &str = "in the end a recount gives the same";

/// What must always hold.
pub(crate) fn properties() -> Vec<Property<Protocol>> {
    vec![
        Property::always(PREFIX, items_hold_what_their_watermarks_say),
        Property::always(CHECKPOINT, what_is_acknowledged_is_absorbed),
        Property::always(RECOUNT, in_the_end_a_recount_gives_the_same),
    ]
}

/// Whether everything is acknowledged and nobody is at work.
pub(crate) fn is_end(protocol: &Protocol, state: &State) -> bool {
    state.mapping.is_end(&protocol.history)
}

fn items_hold_what_their_watermarks_say(protocol: &Protocol, state: &State) -> bool {
    state.items.iter().enumerate().all(|(key, item)| {
        let up_to = |shard: usize| item.watermarks[protocol.watermark_of(shard)];
        item.amount == protocol.history.total(key, up_to)
    })
}

fn what_is_acknowledged_is_absorbed(protocol: &Protocol, state: &State) -> bool {
    let is_absorbed = |shard: usize, key: Key| {
        let checkpoint = state.mapping.shards[shard].checkpoint;
        let watermark = state.items[key].watermarks[protocol.watermark_of(shard)];
        watermark >= protocol.history.last_contributing(shard, key, checkpoint)
    };
    let mut shards = 0..protocol.history.shards.len();
    shards.all(|shard| (0..KEYS).all(|key| is_absorbed(shard, key)))
}

fn in_the_end_a_recount_gives_the_same(protocol: &Protocol, state: &State) -> bool {
    let everything = |_| protocol.history.greatest();
    let mut items = state.items.iter().enumerate();
    !is_end(protocol, state)
        || items.all(|(key, item)| item.amount == protocol.history.total(key, everything))
}
