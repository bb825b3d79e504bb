//! The protocol with one thing wrong: that each thing it does, and each thing it assumes, is
//! needed.
//!
//! | with | a shortest way to a wrong number, records by number |
//! |---|---|
//! | no condition | 1–3 counted and acknowledged; 2–3 come again and count again |
//! | `watermark < :last` | 1–2 counted; 2–3 come, 2 < 3, and 2 counts again |
//! | `watermark <= :first` | 1–3 counted; 3 comes again, 3 ≤ 3, and counts again |
//! | the condition checked before the write | 1–3 are delivered twice at a time; both are admitted, then both written |
//! | the watermark in a second write | 1–3 are delivered twice at a time; both are added before either sets the watermark |
//! | the watermark at `:first` | 1–3 counted, the watermark at 1; 3 comes again and counts again |
//! | one watermark for all shards | 1 and 3 of a shard counted; of the other's 2 and 4, 2 looks absorbed |
//! | zero updates skipped | 1–2 cancel and are acknowledged without a trace; 2–3 come, and 2 counts alone |
//! | the rest dropped | 1–2 counted; 1–3, delivered before, are refused, and 3 is lost |
//! | the rest sent whole | 1–2 counted; of 2–3 only 3 is left, and goes out with the amounts of both |
//! | success at once | 1–3 delivered and acknowledged; nothing was written |
//! | success after one write | of 1–3, B is written and all acknowledged; A was not |
//! | success in spite of failures | of 1–3, A fails and all is acknowledged |
//! | the highest failure reported | of 1–2, A fails at 1 and B at 2; from 2 on they come again, 1 is lost |
//! | batches in parallel | 2–3 counted while 1 is at work; 1 is refused and looks absorbed |
//! | batches given up | 1–3 delivered, the invocation dies, nothing comes again |
//! | watermarks forgotten | 1–3 counted, the watermark removed; 2–3 come again and count again |
//!
//! **Invariant:** a mutant is caught by what a user would see: with everything acknowledged and
//! nobody at work, a number that is not what a recount gives.

use std::collections::BTreeSet;

use stateright::{Checker, HasDiscoveries, Model};

use crate::history::{self, History};
use crate::machine::Protocol;
use crate::mapping::Bounds;
use crate::properties::{CHECKPOINT, PREFIX, RECOUNT, properties};
use crate::trace;
use crate::variant::Variant;

/// The most steps after which a mutant must have been caught.
const LONGEST_WAY: usize = 12;

#[test]
fn without_a_condition_a_batch_that_comes_again_counts_again() {
    is_wrong(Variant::NoCondition, history::cancelling(), PREFIX);
}

#[test]
fn a_condition_against_the_last_record_counts_the_first_again() {
    is_wrong(Variant::ComparesWithLast, history::cancelling(), PREFIX);
}

#[test]
fn a_condition_that_admits_the_first_record_counts_it_again() {
    is_wrong(Variant::AdmitsTheFirstAgain, history::cancelling(), PREFIX);
}

#[test]
fn a_condition_checked_before_the_write_is_outrun_by_another_invocation() {
    is_wrong(Variant::ChecksBeforehand, history::cancelling(), PREFIX);
}

#[test]
fn a_watermark_in_a_write_of_its_own_comes_too_late() {
    is_wrong(Variant::WritesTwice, history::cancelling(), PREFIX);
}

#[test]
fn a_watermark_at_the_first_record_counts_the_others_again() {
    is_wrong(Variant::WatermarkAtFirst, history::cancelling(), PREFIX);
}

#[test]
fn one_watermark_for_two_shards_takes_one_for_the_other() {
    is_wrong(Variant::OneWatermark, history::of_siblings(), PREFIX);
}

#[test]
fn an_update_of_zero_that_is_not_written_lets_its_second_half_count_alone() {
    is_wrong(Variant::SkipsZero, history::cancelling(), CHECKPOINT);
}

#[test]
fn a_rest_that_is_dropped_is_lost() {
    is_wrong(Variant::DropsTheRest, history::cancelling(), CHECKPOINT);
}

#[test]
fn a_rest_that_is_sent_whole_counts_what_was_absorbed_again() {
    is_wrong(Variant::SendsTheWholeAgain, history::cancelling(), PREFIX);
}

#[test]
fn success_before_any_write_loses_the_batch() {
    is_wrong(Variant::SucceedsAtOnce, history::cancelling(), CHECKPOINT);
}

#[test]
fn success_after_one_write_loses_the_others() {
    is_wrong(Variant::SucceedsAfterOneWrite, history::of_two_items(), CHECKPOINT);
}

#[test]
fn success_in_spite_of_a_failure_loses_it() {
    is_wrong(Variant::IgnoresFailures, history::cancelling(), CHECKPOINT);
}

#[test]
fn reporting_the_highest_failure_loses_the_lower_ones() {
    is_wrong(Variant::ReportsTheHighest, history::of_two_items(), CHECKPOINT);
}

#[test]
fn a_batch_that_begins_behind_one_at_work_makes_its_records_look_absorbed() {
    is_wrong(Variant::ParallelBatches, history::cancelling(), PREFIX);
}

#[test]
fn a_batch_that_is_given_up_is_lost() {
    is_wrong(Variant::GivesUp, history::cancelling(), CHECKPOINT);
}

#[test]
fn a_watermark_that_does_not_outlive_its_records_lets_them_count_again() {
    is_wrong(Variant::ForgetsWatermarks, history::cancelling(), PREFIX);
}

/// Watermarks are one for each shard, and amounts add up in any order. Children wait for the sake
/// of reactors, and so that nobody reads a number from which an item was taken before it was added.
#[test]
fn a_child_shard_begun_early_breaks_no_number() {
    let (variant, history) = (Variant::BeginsChildrenEarly, history::of_parent_and_child());
    let checker =
        Protocol::new(variant, history, Bounds::NOTHING_LOST).checker().spawn_bfs().join();
    for always in properties() {
        if let Some(path) = checker.discovery(always.name) {
            panic!("not always: {}\n{}", always.name, trace::lines(checker.model(), path));
        }
    }
}

/// Checks that the end can be reached with a wrong number, that what was to hold on the way did
/// not, and tells a shortest way.
fn is_wrong(variant: Variant, history: History, lie: &'static str) {
    let protocol = Protocol::new(variant, history, Bounds::NOTHING_LOST);
    let mut ways = (1..=LONGEST_WAY).filter_map(|steps| wrong_in_the_end(&protocol, steps, lie));
    let Some(way) = ways.next() else {
        panic!("{variant:?}: `{lie}` or `{RECOUNT}` whatever happens in {LONGEST_WAY} steps");
    };
    trace::print(&format!("{variant:?}: not always `{lie}`, not `{RECOUNT}`\n{way}"));
}

/// A way of at most so many steps to an end with a wrong number. The first that a checker finds may
/// be any; what it finds when it is allowed no more steps than it needs is a shortest.
fn wrong_in_the_end(protocol: &Protocol, steps: usize, lie: &'static str) -> Option<String> {
    let both = HasDiscoveries::AllOf(BTreeSet::from([lie, RECOUNT]));
    let builder = protocol.clone().checker().target_max_depth(steps + 1).finish_when(both);
    let checker = builder.spawn_bfs().join();
    checker.discovery(lie)?;
    Some(trace::lines(protocol, checker.discovery(RECOUNT)?))
}
