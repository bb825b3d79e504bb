//! The properties that hold in every state.
//!
//! | property | because |
//! |---|---|
//! | [`EXACT`] | a revision that breaks it is wrong for ever: records only add to what is there |
//! | [`CHECKPOINT`] | an acknowledged record is not delivered again |
//! | [`RECOUNT`] | a user sees the number |
//! | [`CLEAN`] | nobody removes the rows that are left |
//!
//! **Invariant:** rows are compared with sums of the history's own definitions.

use stateright::Property;

use super::history::{Sums, sums};
use super::machine::Lifecycle;
use super::state::{Row, Run, Seconds, Shard, Stage, State};
use crate::history::{KEYS, Key};

/// A ready revision holds the items at its cut and the records up to its watermarks, each once.
pub(super) const EXACT: &str = "a ready revision holds what its cut and watermarks say";
/// A maintained revision has absorbed every acknowledged record from its cut on.
pub(super) const CHECKPOINT: &str = "what is acknowledged is absorbed";
/// With everything acknowledged and no invocation at work, the revision that is served has the
/// numbers of a recount.
pub(super) const RECOUNT: &str = "in the end a recount gives the same";
/// A purged revision has no rows once no invocation is at work.
pub(super) const CLEAN: &str = "a purged revision has no rows";

/// Returns the properties that always hold.
pub(super) fn properties() -> Vec<Property<Lifecycle>> {
    vec![
        Property::always(EXACT, is_exact),
        Property::always(CHECKPOINT, is_absorbed),
        Property::always(RECOUNT, |lifecycle, state| {
            !is_end(lifecycle, state) || has_recount(lifecycle, state)
        }),
        Property::always(CLEAN, is_clean),
    ]
}

/// Whether everything is written and acknowledged, and nobody is at work.
pub(super) fn is_end(lifecycle: &Lifecycle, state: &State) -> bool {
    lifecycle.shards().all(|shard| lifecycle.is_acknowledged(state, shard))
        && state.invocations.is_empty()
        && state.runs.iter().all(|run| *run == Run::Idle || is_served(state, *run))
}

/// Whether a builder is at work on the revision that is served.
fn is_served(state: &State, run: Run) -> bool {
    run.revision() == state.served()
}

fn is_exact(lifecycle: &Lifecycle, state: &State) -> bool {
    state.stages.iter().zip(&state.rows).all(|(stage, rows)| match stage {
        Stage::Ready(cut) => (0..KEYS)
            .all(|key| rows[key].amount == expected(lifecycle, state, &rows[key], key, *cut)),
        _ => true,
    })
}

/// Returns the amount of a row: that of all items at the beginning, of the records before the cut,
/// and of those after it that the row has absorbed.
fn expected(lifecycle: &Lifecycle, state: &State, row: &Row, key: Key, cut: Seconds) -> i16 {
    let initial: Sums = sums(&lifecycle.history.initial);
    let mut amount = initial[key];
    for shard in lifecycle.shards() {
        let Shard { seconds, written, .. } = state.shards[shard];
        let written = seconds.into_iter().take(usize::from(written)).enumerate();
        for (index, second) in written {
            let is_absorbed = index < usize::from(row.watermarks[shard]);
            if is_absorbed || second < cut {
                amount += lifecycle.history.shards[shard][index].delta(key);
            }
        }
    }
    amount
}

fn is_absorbed(lifecycle: &Lifecycle, state: &State) -> bool {
    let maintained = state.stages.iter().zip(&state.rows);
    let mut maintained = maintained.filter_map(|(stage, rows)| Some((stage.maintained()?, rows)));
    maintained.all(|(cut, rows)| {
        lifecycle.shards().all(|shard| {
            (0..KEYS).all(|key| {
                let last = lifecycle.last_acknowledged(state, shard, key, cut);
                rows[key].watermarks[shard] >= last
            })
        })
    })
}

fn has_recount(lifecycle: &Lifecycle, state: &State) -> bool {
    let recount = lifecycle.history.recount();
    state.served().is_none_or(|served| state.rows[served].map(|row| row.amount) == recount)
}

fn is_clean(_: &Lifecycle, state: &State) -> bool {
    let purged = state.stages.iter().zip(&state.rows);
    let mut purged = purged.filter(|(stage, _)| **stage == Stage::Purged);
    !state.invocations.is_empty() || purged.all(|(_, rows)| *rows == [Row::default(); KEYS])
}
