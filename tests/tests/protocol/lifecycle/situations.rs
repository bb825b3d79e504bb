//! The situations that the protocol is made for, which must therefore happen: a model in which
//! nothing goes wrong proves nothing.
//!
//! **Invariant:** a world that lacks one of these says so in its test.

use stateright::Property;

use super::machine::Lifecycle;
use super::properties::is_end;
use super::state::{Invocation, Row, Run, Scan, Stage, State};
use crate::history::KEYS;

/// A scanned item was written after the scan read it.
pub(super) const WRITTEN_SINCE: &str = "an item is written after the scan read it";
/// A scan read an item whose record the stream has not brought.
pub(super) const AHEAD: &str = "a scan is ahead of the stream";
/// A record from the cut on is absorbed before the base is added.
pub(super) const DELTA_FIRST: &str = "a record is added before the base";
/// An invocation that read the state before the cut is at work after it.
pub(super) const OLD_STATE: &str = "an invocation does not know of the build";
/// An invocation writes to a revision that was replaced meanwhile.
pub(super) const OLD_REVISION: &str = "an invocation writes to a retired revision";
/// Two invocations of one shard are at work.
pub(super) const OVERLAP: &str = "two invocations of a shard overlap";
/// A builder was killed between two writes of the base.
pub(super) const HALF_A_BASE: &str = "a builder is killed within the base";
/// A builder comes to a base that another has added.
pub(super) const SECOND_BASE: &str = "a builder finds the base added";
/// A builder continues after its build was aborted.
pub(super) const GHOST: &str = "a builder survives its build";
/// A capture sees that times stepped back.
pub(super) const STEPPED_BACK: &str = "times step back across the cut";
/// A revision is purged.
pub(super) const PURGED: &str = "a revision is purged";
/// All is acknowledged, nobody is at work, and the new revision is served.
pub(super) const END: &str = "the end is reached with the revision that was built";

/// Returns the situations.
pub(super) fn situations() -> Vec<Property<Lifecycle>> {
    vec![
        Property::sometimes(WRITTEN_SINCE, an_item_is_written_after_its_scan),
        Property::sometimes(AHEAD, a_scan_is_ahead),
        Property::sometimes(DELTA_FIRST, a_record_is_added_first),
        Property::sometimes(OLD_STATE, an_invocation_has_an_old_state),
        Property::sometimes(OLD_REVISION, an_invocation_has_an_old_revision),
        Property::sometimes(OVERLAP, invocations_overlap),
        Property::sometimes(HALF_A_BASE, half_a_base_is_left),
        Property::sometimes(SECOND_BASE, a_base_is_there),
        Property::sometimes(GHOST, a_builder_survives),
        Property::sometimes(STEPPED_BACK, times_step_back),
        Property::sometimes(PURGED, |_, state: &State| state.stages.contains(&Stage::Purged)),
        Property::sometimes(END, |lifecycle, state: &State| {
            let is_built =
                state.stages.iter().any(|it| matches!(it, Stage::Ready(cut) if *cut > 0));
            is_built && is_end(lifecycle, state)
        }),
    ]
}

fn scans(state: &State) -> impl Iterator<Item = Scan> {
    state.runs.into_iter().filter_map(|run| match run {
        Run::Scanning(scan) => Some(scan),
        _ => None,
    })
}

fn an_item_is_written_after_its_scan(lifecycle: &Lifecycle, state: &State) -> bool {
    let items = lifecycle.history.items(|shard| state.shards[shard].written);
    let differs = |scan: Scan| {
        let mut images = scan.images.into_iter().zip(items);
        images.any(|(scanned, item)| scanned.is_some_and(|scanned| scanned != item))
    };
    scans(state).any(differs)
}

fn a_scan_is_ahead(lifecycle: &Lifecycle, state: &State) -> bool {
    let brought = lifecycle.history.items(|shard| state.shards[shard].readable);
    let written = lifecycle.history.items(|shard| state.shards[shard].written);
    let is_ahead = |scan: Scan| {
        let images = scan.images.into_iter().zip(brought.into_iter().zip(written));
        images
            .into_iter()
            .any(|(scanned, (brought, written))| scanned == Some(written) && brought != written)
    };
    scans(state).any(is_ahead)
}

fn a_record_is_added_first(_: &Lifecycle, state: &State) -> bool {
    state.stages.iter().zip(&state.rows).any(|(stage, rows)| {
        let is_first = |row: &Row| !row.has_base && row.watermarks != [0; 2];
        matches!(stage, Stage::Capturing(_)) && rows.iter().any(is_first)
    })
}

fn an_invocation_has_an_old_state(_: &Lifecycle, state: &State) -> bool {
    // It has written nothing: an invocation that has would look the same.
    let is_old = |revision: usize, cut: u8| {
        let knows_less = |it: &Invocation| {
            let others = (0..it.pending.len()).filter(|other| *other != revision);
            let mut others = others.map(|other| it.pending[other]);
            it.pending[revision].is_none() && others.any(|cut| cut.is_some())
        };
        state.now >= cut && state.invocations.iter().any(knows_less)
    };
    state.capturing().is_some_and(|(revision, cut)| is_old(revision, cut))
}

fn an_invocation_has_an_old_revision(_: &Lifecycle, state: &State) -> bool {
    let retired = (0..state.stages.len()).filter(|it| state.stages[*it] == Stage::Retired);
    let mut pending = retired.flat_map(|revision| {
        state.invocations.iter().map(move |invocation| invocation.pending[revision])
    });
    pending.any(|cut| cut.is_some())
}

fn invocations_overlap(_: &Lifecycle, state: &State) -> bool {
    state.invocations.windows(2).any(|pair| pair[0].shard == pair[1].shard)
}

fn half_a_base_is_left(_: &Lifecycle, state: &State) -> bool {
    let has_half = state.capturing().is_some_and(|(revision, _)| {
        let bases = state.rows[revision].map(|row| row.has_base);
        bases.contains(&true) && bases.contains(&false)
    });
    has_half && state.runs.iter().all(|run| *run == Run::Idle)
}

fn a_base_is_there(_: &Lifecycle, state: &State) -> bool {
    state.runs.iter().any(|run| match run {
        Run::Applying { revision, applied, base, .. } => (0..KEYS)
            .any(|key| !applied[key] && base[key] != 0 && state.rows[*revision][key].has_base),
        _ => false,
    })
}

fn a_builder_survives(_: &Lifecycle, state: &State) -> bool {
    let revisions = state.runs.iter().filter_map(|run| run.revision());
    revisions.into_iter().any(|revision| state.stages[revision] == Stage::Aborted)
}

fn times_step_back(lifecycle: &Lifecycle, state: &State) -> bool {
    state.capturing().is_some_and(|(_, cut)| lifecycle.stepped_back(state, cut))
}
