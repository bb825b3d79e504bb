//! The protocol as built: whatever happens within the bounds, every record counts once.
//!
//! | history | at a time | what it is the test of |
//! |---|---|---|
//! | cancelling | 3 invocations, 1 lost request | replays from between two records that cancel, cuts ahead of one another |
//! | with a gap | 2 invocations, 2 lost requests | batches that begin, end or consist of what contributes nothing |
//! | of two items | 2 invocations, 1 lost request | deaths between two writes, answers that name the lowest failure |
//! | of siblings | 2 invocations a shard, 1 lost request | one rollup item written from two shards |
//! | of parent and child | 2 invocations a shard, 1 lost request | a child begun while the parent's last are still at work |
//!
//! **Invariant:** every state within the bounds is visited, and the situations that the protocol is
//! made for are among them.

use std::time::Instant;

use stateright::{Checker, Model};

use crate::history::{self, History};
use crate::machine::Protocol;
use crate::mapping::Bounds;
use crate::properties::properties;
use crate::situations::{ENDED_BETWEEN, PARTIAL, situations};
use crate::trace;
use crate::variant::Variant;

#[test]
fn records_that_cancel_count_once_whichever_cuts_overlap() {
    holds(history::cancelling(), Bounds::CROWDED, &[ENDED_BETWEEN, PARTIAL]);
}

#[test]
fn a_record_that_contributes_nothing_moves_nothing() {
    holds(history::with_a_gap(), Bounds::LOSSY, &[ENDED_BETWEEN]);
}

#[test]
fn a_record_of_two_items_counts_once_in_each() {
    holds(history::of_two_items(), Bounds::TWO_ITEMS, &[]);
}

#[test]
fn two_shards_of_one_item_do_not_disturb_each_other() {
    holds(history::of_siblings(), Bounds::TWO_SHARDS, &[]);
}

#[test]
fn a_child_shard_counts_on_where_its_parent_ended() {
    holds(history::of_parent_and_child(), Bounds::TWO_SHARDS, &[PARTIAL]);
}

/// Checks that nothing that must always hold fails, and that everything happens but what cannot.
fn holds(history: History, bounds: Bounds, cannot_happen: &[&str]) {
    let begun = Instant::now();
    let checker = Protocol::new(Variant::AsBuilt, history, bounds).checker().spawn_bfs().join();
    let states = checker.unique_state_count();
    trace::print(&format!(
        "{states} states, {} deep, in {:?}",
        checker.max_depth(),
        begun.elapsed()
    ));
    for always in properties() {
        if let Some(path) = checker.discovery(always.name) {
            panic!("not always: {}\n{}", always.name, trace::lines(checker.model(), path));
        }
    }
    for sometimes in situations() {
        let happens = checker.discovery(sometimes.name).is_some();
        assert_ne!(happens, cannot_happen.contains(&sometimes.name), "{}", sometimes.name);
    }
}
