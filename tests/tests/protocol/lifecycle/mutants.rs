//! The protocol with one thing wrong: each step and each margin is needed.
//!
//! X is deleted, and the cut is 2. Without the mutation, base and deltas cancel.
//!
//! | with | a way to a wrong number |
//! |---|---|
//! | a scan before the cut | X is read at 1 and deleted at 1: the base has it |
//! | no Δ | the scan misses X, the stream has not brought the deletion: only the processor counts it |
//! | a capture that begins with the scan | the stream brought the deletion before: only the processor counts it |
//! | children read early | X is captured from the child, and its older image follows from the parent too late |
//! | only scanned keys | the scan misses X, the base ignores the captured deletion |
//! | the last old image | X is deleted and inserted from 2 on: the base has nothing of it |
//! | the scanned image | the scan misses X: only the processor counts the deletion |
//! | no rewind | X is captured, the base has nothing of it |
//! | a base without a condition | a builder is killed after it, another adds it again |
//! | no cut in the processor | the deletion is of second 1, and counted |
//! | a state that is read once | a process that took the deletion of 1 does not know of the build, and acknowledges the insertion of 2 |
//! | a cut without a margin | the deletion is of the second in which the cut is written, and already acknowledged |
//! | ready before the base | the deletion is counted, and half of the base |
//! | ready without a condition | an operator aborts, the deletion passes, the builder makes the revision ready |
//! | a number used again | the aborted revision has counted the deletion, which is before the next cut |
//! | a purge at once | an invocation writes a row of the purged revision |
//! | times that step back, ignored | the deletion of 2 is counted, the insertion of 1 behind it is not |
//!
//! **Invariant:** a mutant is caught by what a user sees: with everything acknowledged, a number
//! that differs from a recount; or rows that nobody removes.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use super::history::{self, History};
use super::machine::{Bounds, Lifecycle};
use super::properties::{CLEAN, RECOUNT};
use super::trace::lines;
use super::variant::Variant;
use crate::trace::print;

#[test]
fn a_scan_before_the_cut_misses_the_last_records_before_it() {
    is_wrong(Variant::ScansEarly, Bounds::UNBUILT);
}

#[test]
fn a_capture_that_ends_with_the_scan_misses_records_that_the_scan_saw() {
    is_wrong(Variant::EndsCaptureAtOnce, Bounds::UNBUILT);
}

#[test]
fn a_capture_that_begins_with_the_scan_misses_records_before_it() {
    is_wrong(Variant::BeginsCaptureLate, Bounds::UNBUILT);
}

#[test]
fn a_capture_that_reads_a_child_first_takes_a_later_image_for_the_first() {
    let history = history::with_parent_and_child();
    breaks(Variant::ReadsChildrenEarly, history, Bounds::UNBUILT, RECOUNT);
}

#[test]
fn a_base_of_scanned_keys_alone_lacks_deleted_items() {
    is_wrong(Variant::OnlyScannedKeys, Bounds::UNBUILT);
}

#[test]
fn a_base_of_last_old_images_has_counted_records() {
    let history = history::with_a_new_life();
    breaks(Variant::LastOldImage, history, Bounds::UNBUILT, RECOUNT);
}

#[test]
fn a_base_of_scanned_images_has_counted_records() {
    is_wrong(Variant::ScannedImageFirst, Bounds::UNBUILT);
}

#[test]
fn a_base_without_captured_keys_lacks_their_items() {
    is_wrong(Variant::NoRewind, Bounds::UNBUILT);
}

#[test]
fn a_base_without_a_condition_is_added_twice() {
    is_wrong(Variant::BaseWithoutCondition, Bounds::KILLED);
}

#[test]
fn a_processor_without_the_cut_counts_what_the_base_has() {
    is_wrong(Variant::CountsWithoutCut, Bounds::UNBUILT);
}

#[test]
fn a_process_that_reads_the_state_once_acknowledges_records_uncounted() {
    let history = history::with_a_new_life();
    breaks(Variant::ReadsStateOnce, history, Bounds::UNBUILT, RECOUNT);
}

#[test]
fn a_cut_without_a_margin_is_passed_by_a_batch_that_does_not_know_it() {
    is_wrong(Variant::CutAtOnce, Bounds::UNBUILT);
}

#[test]
fn a_revision_that_is_ready_before_its_base_lacks_items() {
    is_wrong(Variant::ReadyBeforeBase, Bounds::UNBUILT);
}

#[test]
fn a_builder_that_revives_an_aborted_revision_has_missed_records() {
    is_wrong(Variant::ReadyWithoutCondition, Bounds::ABORTED);
}

#[test]
fn a_number_that_is_used_again_has_rows_of_the_aborted_build() {
    is_wrong(Variant::ReusesRevision, Bounds::ABORTED);
}

#[test]
fn a_purge_before_the_last_invocation_leaves_rows() {
    let history = history::with_a_deletion();
    breaks(Variant::PurgesAtOnce, history, Bounds::REPLACED, CLEAN);
}

#[test]
fn a_build_that_ignores_times_that_step_back_is_wrong() {
    let history = history::with_a_new_life();
    breaks(Variant::IgnoresClock, history, Bounds::STEPS_BACK, RECOUNT);
}

/// Checks that a number is wrong in the end, with an item that is deleted.
fn is_wrong(variant: Variant, bounds: Bounds) {
    breaks(variant, history::with_a_deletion(), bounds, RECOUNT);
}

/// Checks that a property which must always hold does not, and prints a way there.
fn breaks(variant: Variant, history: History, bounds: Bounds, property: &'static str) {
    let lifecycle = Lifecycle::new(variant, history, bounds);
    let found = HasDiscoveries::AllOf(BTreeSet::from([property]));
    let checker = lifecycle.checker().finish_when(found).spawn_bfs().join();
    let Some(path) = checker.discovery(property) else {
        panic!("{variant:?}: `{property}` whatever happens");
    };
    let states = checker.unique_state_count();
    print(&format!("{variant:?}: not always `{property}`, {states} states\n{}", lines(path)));
}
