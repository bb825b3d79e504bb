//! What must hold in every state of rows and what counts them, and what must happen in some.
//!
//! **Invariant:** what is stored is compared with sums of the history's own definitions.

use stateright::Property;

use super::machine::{Crossings, Request, State, Write};
use super::writing::crossing;
use crate::history::{KEYS, Key};

/// The rollup item counts the rows that count something.
const DISTINCT: &str = "the rollup item counts the rows above zero";
/// A row holds each record up to its watermarks once, and no other.
const PREFIX: &str = "a row holds what its watermarks say";
/// An acknowledged record is absorbed by every row that it contributes to.
const CHECKPOINT: &str = "what is acknowledged is absorbed";
/// With everything acknowledged and nobody at work, as many rows are counted as a recount finds
/// values.
const RECOUNT: &str = "in the end a recount gives the same";

/// Two rows are to be sent together.
pub(crate) const TOGETHER: &str = "two rows cross in one transaction";
/// A row was written by another since its count was seen.
const OUTRUN: &str = "a transaction will be cancelled";
/// What is left of a refused update crosses.
const REST: &str = "a rest crosses";
/// A transaction will be made and nobody is at work.
const LATE: &str = "a transaction arrives after its invocation ended";
/// Of the rows of a batch, one could be written and another could not.
pub(crate) const PARTIAL: &str = "a row is written, another is given up";
/// All is acknowledged, nobody is at work.
const END: &str = "the end is reached";

/// What must always hold.
pub(crate) fn properties() -> Vec<Property<Crossings>> {
    vec![
        Property::always(DISTINCT, |_, state: &State| state.distinct == above_zero(state)),
        Property::always(PREFIX, rows_hold_what_their_watermarks_say),
        Property::always(CHECKPOINT, what_is_acknowledged_is_absorbed),
        Property::always(RECOUNT, in_the_end_a_recount_gives_the_same),
    ]
}

/// What must happen.
pub(crate) fn situations() -> Vec<Property<Crossings>> {
    vec![
        Property::sometimes(TOGETHER, two_rows_cross_together),
        Property::sometimes(OUTRUN, a_transaction_will_be_cancelled),
        Property::sometimes(REST, a_rest_crosses),
        Property::sometimes(LATE, a_transaction_arrives_late),
        Property::sometimes(PARTIAL, a_row_is_given_up),
        Property::sometimes(END, is_end),
    ]
}

fn above_zero(state: &State) -> i32 {
    state.rows.iter().map(|row| i32::from(row.amount > 0)).sum()
}

fn rows_hold_what_their_watermarks_say(machine: &Crossings, state: &State) -> bool {
    let holds = |key: Key| {
        state.rows[key].amount
            == machine.history.total(key, |shard| state.rows[key].watermarks[shard])
    };
    (0..KEYS).all(holds)
}

fn what_is_acknowledged_is_absorbed(machine: &Crossings, state: &State) -> bool {
    let is_absorbed = |shard: usize, key: Key| {
        let checkpoint = state.mapping.shards[shard].checkpoint;
        let last = machine.history.last_contributing(shard, key, checkpoint);
        state.rows[key].watermarks[shard] >= last
    };
    let mut shards = 0..machine.history.shards.len();
    shards.all(|shard| (0..KEYS).all(|key| is_absorbed(shard, key)))
}

fn in_the_end_a_recount_gives_the_same(machine: &Crossings, state: &State) -> bool {
    let everything = |_| machine.history.greatest();
    let values = (0..KEYS).filter(|key| machine.history.total(*key, everything) > 0).count();
    !is_end(machine, state) || usize::try_from(state.distinct) == Ok(values)
}

fn is_end(machine: &Crossings, state: &State) -> bool {
    state.mapping.is_end(&machine.history)
}

fn two_rows_cross_together(_: &Crossings, state: &State) -> bool {
    state
        .mapping
        .invocations
        .iter()
        .any(|at_work| crossing(&at_work.writes).iter().all(Option::is_some))
}

fn a_transaction_will_be_cancelled(machine: &Crossings, state: &State) -> bool {
    state
        .mapping
        .invocations
        .iter()
        .any(|at_work| !machine.may_cross(state, crossing(&at_work.writes)))
}

fn a_rest_crosses(machine: &Crossings, state: &State) -> bool {
    state.mapping.invocations.iter().any(|at_work| {
        let folded = machine.algebra.fold(at_work.batch);
        let crossing = crossing(&at_work.writes).into_iter().zip(folded);
        crossing
            .into_iter()
            .any(|(crossing, whole)| crossing.is_some_and(|it| Some(it.id) != whole))
    })
}

fn a_transaction_arrives_late(machine: &Crossings, state: &State) -> bool {
    let will_be_made = |request: &Request| match request {
        Request::Cross(crossing) => machine.may_cross(state, *crossing),
        Request::Try(_) => false,
    };
    state.mapping.invocations.is_empty() && state.requests.iter().any(will_be_made)
}

fn a_row_is_given_up(_: &Crossings, state: &State) -> bool {
    state.mapping.invocations.iter().any(|at_work| {
        let is_failed = |write: &Write| matches!(write, Write::Failed(_));
        at_work.writes.contains(&Write::Acknowledged) && at_work.writes.iter().any(is_failed)
    })
}
