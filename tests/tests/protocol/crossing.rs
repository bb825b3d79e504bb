//! Rows that a rollup item counts, checked exhaustively: what the rest of the protocol is for one
//! write, this is for the two that `distinct` takes where a row comes to count something or stops
//! to.
//!
//! | step | in the product | here |
//! |---|---|---|
//! | a row is written if that does not take its count across zero | `table/src/rollups/attempt.rs` `attempt`, `expression.rs` `without_crossing` | `writing.rs` `attempt` |
//! | a refused writer learns watermark and count | the old item that comes back, or a read after it | `writing.rs` `learn`, a step later |
//! | rows and their rollup item are written together, each row under the count that was seen | `table/src/rollups/crossing.rs` `cross_once` | `writing.rs` `cross` |
//! | what the rollup item gains | `aggregates/src/bookkeeping.rs` `ZeroCrossing::amounts` | `algebra.rs`: that very function |
//! | a cancelled transaction: the rows that cancelled it are looked at again | `crossing.rs` `again` | `writing.rs` `cross` |
//! | a transaction that is not answered: sent again, without a token, or given up; made late, or never | the SDK's retries | `writing.rs` `lose`, `arrive` |
//!
//! Of rows of one partition all shards write each, so the histories have two shards that disagree
//! on the same row.
//!
//! | to see | read |
//! |---|---|
//! | what there is and what may happen | `machine.rs` |
//! | how a row is written | `writing.rs` |
//! | what must always hold, and what must happen | `properties.rs` |
//!
//! **Invariant:** a rollup item counts the rows whose count is above zero, in every state; and each
//! weakening below breaks that.

#[path = "crossing/machine.rs"]
mod machine;
#[path = "crossing/properties.rs"]
mod properties;
#[path = "crossing/writing.rs"]
mod writing;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model, Path};

use self::machine::{Action, Crossings, State, Variant};
use self::properties::{PARTIAL, TOGETHER, properties, situations};
use crate::history::{self, History};
use crate::mapping::Bounds;
use crate::trace::print;

/// Three invocations of a shard at a time, and two requests that are not answered.
const ONE_SHARD: Bounds = Bounds { deliveries: 3, overlapping: 3, lost: 2 };
/// Two invocations of each shard at a time, and one request that is not answered.
const TWO_SHARDS: Bounds = Bounds { deliveries: 2, overlapping: 2, lost: 1 };

#[test]
fn a_row_that_comes_and_goes_is_counted_whichever_cuts_overlap() {
    holds(history::of_a_row(), ONE_SHARD, &[TOGETHER, PARTIAL]);
}

#[test]
fn a_row_that_two_shards_are_at_is_counted_once() {
    holds(history::of_a_shared_row(), TWO_SHARDS, &[TOGETHER, PARTIAL]);
}

#[test]
fn rows_that_come_and_go_together_are_counted_each() {
    holds(history::of_two_rows(), TWO_SHARDS, &[]);
}

/// The row comes to count something, and its rollup item does not learn of it.
#[test]
fn a_write_that_does_not_look_at_the_count_leaves_rows_uncounted() {
    is_wrong(Variant::TriesAnyCount, history::of_a_row());
}

/// Both shards see a row of nothing, and each counts it as it comes.
#[test]
fn a_transaction_that_does_not_demand_the_count_counts_a_row_twice() {
    is_wrong(Variant::CrossesAnyCount, history::of_a_shared_row());
}

/// Two invocations see a row of nothing; one adds to it and takes away again, and then the other's
/// transaction is made as well.
#[test]
fn a_transaction_without_the_watermark_adds_a_record_again() {
    is_wrong(Variant::CrossesAnyWatermark, history::of_a_row());
}

/// The row is written, the invocation dies, and who comes next finds the row's watermark.
#[test]
fn two_writes_in_place_of_a_transaction_lose_the_second() {
    is_wrong(Variant::WritesTwice, history::of_a_row());
}

/// Checks that nothing that must always hold fails, and that everything happens but what cannot.
fn holds(history: History, bounds: Bounds, cannot_happen: &[&str]) {
    let begun = Instant::now();
    let machine = Crossings::new(Variant::AsBuilt, history, bounds);
    let checker = machine.checker().spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    print(&format!("{states} states, {depth} deep, in {:?}", begun.elapsed()));
    for always in properties() {
        if let Some(path) = checker.discovery(always.name) {
            panic!("not always: {}\n{}", always.name, lines(path));
        }
    }
    for sometimes in situations() {
        let happens = checker.discovery(sometimes.name).is_some();
        assert_ne!(happens, cannot_happen.contains(&sometimes.name), "{}", sometimes.name);
    }
}

/// Checks that something which must always hold does not, and tells the way there.
fn is_wrong(variant: Variant, history: History) {
    let machine = Crossings::new(variant, history, ONE_SHARD);
    let checker = machine.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let mut broken = properties().into_iter().filter_map(|always| {
        let way = lines(checker.discovery(always.name)?);
        Some(format!("{variant:?}: not always `{}`\n{way}", always.name))
    });
    print(&broken.next().unwrap_or_else(|| panic!("{variant:?} breaks nothing")));
    assert_ne!(variant, Variant::AsBuilt);
}

fn lines(path: Path<State, Action>) -> String {
    let steps = path.into_vec().into_iter().filter_map(|(_, action)| action);
    steps.map(|action| format!("  {action:?}\n")).collect()
}
