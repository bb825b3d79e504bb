//! The protocol as decided: whatever happens within the bounds, a revision that is served is exact.
//!
//! | history | world | tests |
//! |---|---|---|
//! | with a return | unbuilt | records and reads in every order, also of an item that returns to an earlier value |
//! | with a new life | two builders, one killed | a base that is added by halves, twice, and by a builder that began again |
//! | with a new life | a revision replaced, overlapping invocations | invocations that do not know of the build, or of its end |
//! | with a new life | a build aborted | builders that survive their build, a second cut |
//! | with a new life | times that step back | builds that see it, and abort |
//! | with siblings, with parent and child | unbuilt | items in two shards, an item that moves to a child |
//!
//! **Invariant:** every state within the bounds is visited, and the situations that the protocol is
//! made for are among them.

use std::time::Instant;

use stateright::{Checker, Model};

use super::history::{self, History};
use super::machine::{Bounds, Lifecycle};
use super::properties::properties;
use super::situations::{
    AHEAD, DELTA_FIRST, END, GHOST, HALF_A_BASE, OLD_REVISION, OLD_STATE, OVERLAP, PURGED,
    SECOND_BASE, STEPPED_BACK, WRITTEN_SINCE, situations,
};
use super::trace::lines;
use super::variant::Variant;
use crate::trace::print;

/// The situations of every world.
const COMMON: [&str; 4] = [WRITTEN_SINCE, AHEAD, DELTA_FIRST, END];

#[test]
fn a_build_is_exact_in_every_order_of_writes_reads_and_records() {
    holds(history::with_a_return(), Bounds::UNBUILT, &[]);
}

#[test]
fn a_base_counts_once_whoever_adds_it() {
    holds(history::with_a_new_life(), Bounds::TWO_BUILDERS, &[HALF_A_BASE, SECOND_BASE]);
}

#[test]
fn a_revision_replaces_another_while_invocations_know_the_old_one_alone() {
    let situations = [OLD_STATE, OLD_REVISION, OVERLAP, PURGED];
    holds(history::with_a_new_life(), Bounds::REPLACED, &situations);
}

#[test]
fn a_build_is_exact_after_another_was_aborted() {
    holds(history::with_a_new_life(), Bounds::ABORTED, &[OLD_STATE, GHOST]);
}

#[test]
fn a_build_that_sees_times_step_back_is_not_made_ready() {
    holds(history::with_a_new_life(), Bounds::STEPS_BACK, &[STEPPED_BACK]);
}

#[test]
fn two_shards_of_one_rollup_item_have_one_base() {
    holds(history::with_siblings(), Bounds::UNBUILT, &[]);
}

#[test]
fn an_item_that_moves_to_a_child_shard_has_the_image_of_the_parent() {
    holds(history::with_parent_and_child(), Bounds::UNBUILT, &[]);
}

/// Checks that nothing that must always hold fails, and that exactly the situations of every world
/// and these happen.
fn holds(history: History, bounds: Bounds, also: &[&str]) {
    let begun = Instant::now();
    let lifecycle = Lifecycle::new(Variant::AsDecided, history, bounds);
    let checker = lifecycle.checker().spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    print(&format!("{states} states, {depth} deep, in {:?}", begun.elapsed()));
    for always in properties() {
        if let Some(path) = checker.discovery(always.name) {
            panic!("not always: {}\n{}", always.name, lines(path));
        }
    }
    for sometimes in situations() {
        let happens = checker.discovery(sometimes.name).is_some();
        let is_expected = COMMON.contains(&sometimes.name) || also.contains(&sometimes.name);
        assert_eq!(happens, is_expected, "{}", sometimes.name);
    }
}
