//! What the protocol is made for, and must therefore happen: a model in which nothing goes wrong
//! proves nothing.
//!
//! Each is recognised from one state alone, so some are narrower than their name: a lost response,
//! say, is looked for where a single batch was ever delivered, for there nobody else can have made
//! the write.
//!
//! **Invariant:** a history that lacks one of these says so in its test.

use stateright::Property;

use crate::algebra::UpdateId;
use crate::history::KEYS;
use crate::machine::Protocol;
use crate::properties::is_end;
use crate::state::{Invocation, State, Write};

/// What was left of a refused update is sent.
pub(crate) const REST_SENT: &str = "a rest is sent";
/// A refused update was absorbed before, all of it.
pub(crate) const ABSORBED_BEFORE: &str = "nothing is left of an update";
/// One item has absorbed a record, another to which it contributes too has not, and nobody is at
/// work.
pub(crate) const ENDED_BETWEEN: &str = "an invocation ended between two writes";
/// A write was made and its invocation takes it for failed.
pub(crate) const RESPONSE_LOST: &str = "a response is lost";
/// A write will be made and nobody is at work.
pub(crate) const LATE: &str = "a request arrives after its invocation ended";
/// Two invocations share records, are cut differently, and have both still to write.
pub(crate) const OVERLAP: &str = "invocations of other cuts overlap";
/// An answer is due that names a record behind the first of its batch.
pub(crate) const PARTIAL: &str = "a batch is acknowledged in part";
/// Records are delivered again though all are acknowledged.
pub(crate) const REPLAY: &str = "acknowledged records are replayed";
/// All is acknowledged, nobody is at work.
pub(crate) const END: &str = "the end is reached";

/// What must happen.
pub(crate) fn situations() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes(REST_SENT, a_rest_is_sent),
        Property::sometimes(ABSORBED_BEFORE, nothing_is_left),
        Property::sometimes(ENDED_BETWEEN, an_invocation_ended_between_two_writes),
        Property::sometimes(RESPONSE_LOST, a_response_is_lost),
        Property::sometimes(LATE, a_request_arrives_late),
        Property::sometimes(OVERLAP, invocations_overlap),
        Property::sometimes(PARTIAL, a_part_is_acknowledged),
        Property::sometimes(REPLAY, records_are_replayed),
        Property::sometimes(END, is_end),
    ]
}

fn a_rest_is_sent(protocol: &Protocol, state: &State) -> bool {
    let is_rest = |write, whole| matches!(write, Write::Sending(id) if id != whole);
    writes(protocol, state).any(|(write, whole)| is_rest(write, whole))
}

fn nothing_is_left(protocol: &Protocol, state: &State) -> bool {
    let is_absorbed =
        |write| matches!(write, Write::Refused(id) if is_absorbed(protocol, state, id));
    writes(protocol, state).any(|(write, _)| is_absorbed(write))
}

fn an_invocation_ended_between_two_writes(protocol: &Protocol, state: &State) -> bool {
    let is_split = |shard: usize, index: usize| {
        let number = protocol.history.number(shard, index);
        let record = protocol.history.shards[shard][index];
        let absorbed = state.items.map(|item| item.watermarks[shard] >= number);
        (0..KEYS).all(|key| record.contribution(key) != 0)
            && absorbed.contains(&true)
            && absorbed.contains(&false)
    };
    let mut shards = protocol.history.shards.iter().enumerate();
    state.mapping.invocations.is_empty()
        && shards.any(|(shard, records)| (0..records.len()).any(|index| is_split(shard, index)))
}

fn a_response_is_lost(protocol: &Protocol, state: &State) -> bool {
    let deliveries: u8 = state.mapping.shards.iter().map(|shard| shard.deliveries).sum();
    let is_made = |write, whole| write == Write::Failed && is_absorbed(protocol, state, whole);
    deliveries == 1 && writes(protocol, state).any(|(write, whole)| is_made(write, whole))
}

fn a_request_arrives_late(protocol: &Protocol, state: &State) -> bool {
    let mut updates = state.requests.iter().map(|id| protocol.algebra.update(*id));
    let will_be_made =
        updates.any(|update| update.is_admitted(state.items[update.key].watermarks[update.shard]));
    state.mapping.invocations.is_empty() && will_be_made
}

fn invocations_overlap(_: &Protocol, state: &State) -> bool {
    let has_to_write = |at_work: &Invocation| at_work.writes.iter().any(|write| write.is_pending());
    state.mapping.invocations.windows(2).any(|pair| {
        let [one, other] = pair else { return false };
        let shares_records =
            one.batch.from.max(other.batch.from) < one.batch.to.min(other.batch.to);
        one.batch.shard == other.batch.shard
            && one.batch != other.batch
            && shares_records
            && has_to_write(one)
            && has_to_write(other)
    })
}

fn a_part_is_acknowledged(protocol: &Protocol, state: &State) -> bool {
    state.mapping.invocations.iter().any(|at_work| {
        let failed = protocol.reported(at_work).map(|failed| protocol.history.index(failed));
        protocol.may_answer(state, at_work)
            && failed.is_some_and(|failed| failed > at_work.batch.from)
    })
}

fn records_are_replayed(protocol: &Protocol, state: &State) -> bool {
    state.mapping.is_all_acknowledged(&protocol.history) && !state.mapping.invocations.is_empty()
}

/// The writes of all invocations, each with the update as which it began.
fn writes<'a>(protocol: &'a Protocol, state: &'a State) -> impl Iterator<Item = (Write, UpdateId)> {
    state.mapping.invocations.iter().flat_map(|at_work| {
        let writes = at_work.writes.iter().zip(protocol.algebra.fold(at_work.batch));
        writes.filter_map(|(write, whole)| Some((*write, whole?)))
    })
}

/// Whether nothing is left of an update.
fn is_absorbed(protocol: &Protocol, state: &State, id: UpdateId) -> bool {
    let update = protocol.algebra.update(id);
    state.items[update.key].watermarks[update.shard] >= update.last
}
