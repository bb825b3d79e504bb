//! How a row is written: on its own while its count does not cross zero, together with its rollup
//! item where it does.
//!
//! **Invariant:** a step changes rows and rollup item as one request to DynamoDB would, all of it
//! or nothing.

use super::machine::{Crossing, Crossings, Request, State, Variant, Write};
use crate::algebra::UpdateId;
use crate::history::{KEYS, Key};
use crate::machine::AfterSilence;

impl Crossings {
    /// Takes a row's write one step on.
    pub(crate) fn step(&self, state: &mut State, invocation: usize, key: Key) {
        let write = match state.mapping.invocations[invocation].writes[key] {
            Write::Trying(id) => self.attempt(state, id),
            Write::Refused(id) => self.learn(state, id),
            Write::Half(counted) => {
                state.distinct += counted;
                Write::Acknowledged
            }
            other => other,
        };
        state.mapping.invocations[invocation].writes[key] = write;
    }

    /// One write, if the row has not absorbed it and goes on to count something, or nothing.
    fn attempt(&self, state: &mut State, id: UpdateId) -> Write {
        let update = self.algebra.update(id);
        let count = state.rows[update.key].amount;
        let stays = !update.crosses(count) || self.variant == Variant::TriesAnyCount;
        if !stays || !self.is_unabsorbed(state, id) {
            return Write::Refused(id);
        }
        self.put(state, id);
        Write::Acknowledged
    }

    /// What a refused writer does when it has learnt the row's watermark and count.
    fn learn(&self, state: &State, id: UpdateId) -> Write {
        let update = self.algebra.update(id);
        let row = state.rows[update.key];
        match update.rest(row.watermarks[update.shard]) {
            None => Write::Acknowledged,
            Some(rest) if rest == id => Write::Crossing(Crossing { id, seen: row.amount }),
            Some(rest) => Write::Trying(rest),
        }
    }

    /// One transaction of all rows that cross. Where it is cancelled, those that cancelled it are
    /// looked at again.
    pub(crate) fn cross(&self, state: &mut State, invocation: usize) {
        let crossing = crossing(&state.mapping.invocations[invocation].writes);
        let is_made = self.transact(state, crossing);
        for (key, crossing) in crossing.into_iter().enumerate() {
            let Some(Crossing { id, seen }) = crossing else { continue };
            let write = match is_made {
                true if self.variant == Variant::WritesTwice => {
                    Write::Half(self.algebra.update(id).counted(seen))
                }
                true => Write::Acknowledged,
                false if self.admits(state, Crossing { id, seen }) => continue,
                false => Write::Refused(id),
            };
            state.mapping.invocations[invocation].writes[key] = write;
        }
    }

    /// DynamoDB answers that it did not do what was asked; nothing was changed.
    pub(crate) fn fail(&self, state: &mut State, invocation: usize, key: Key) {
        let write = &mut state.mapping.invocations[invocation].writes[key];
        if let Write::Trying(id) | Write::Refused(id) | Write::Crossing(Crossing { id, .. }) =
            *write
        {
            *write = Write::Failed(id);
        }
    }

    /// DynamoDB does not answer a row's write in time.
    pub(crate) fn lose_step(
        &self,
        state: &mut State,
        invocation: usize,
        key: Key,
        then: AfterSilence,
    ) {
        let Write::Trying(id) = state.mapping.invocations[invocation].writes[key] else { return };
        state.requests.push(Request::Try(id));
        state.lost += 1;
        if then == AfterSilence::Fail {
            state.mapping.invocations[invocation].writes[key] = Write::Failed(id);
        }
    }

    /// DynamoDB does not answer a transaction in time.
    pub(crate) fn lose_cross(&self, state: &mut State, invocation: usize, then: AfterSilence) {
        let crossing = crossing(&state.mapping.invocations[invocation].writes);
        state.requests.push(Request::Cross(crossing));
        state.lost += 1;
        if then == AfterSilence::Fail {
            for key in (0..KEYS).filter(|key| crossing[*key].is_some()) {
                self.fail(state, invocation, key);
            }
        }
    }

    /// A request that nobody waits for reaches DynamoDB.
    pub(crate) fn arrive(&self, state: &mut State, request: usize) {
        match state.requests.remove(request) {
            Request::Try(id) => {
                self.attempt(state, id);
            }
            Request::Cross(crossing) => {
                self.transact(state, crossing);
            }
        }
    }

    /// Whether a transaction would be made now.
    pub(crate) fn may_cross(&self, state: &State, crossing: [Option<Crossing>; KEYS]) -> bool {
        crossing.into_iter().flatten().all(|crossing| self.admits(state, crossing))
    }

    fn transact(&self, state: &mut State, crossing: [Option<Crossing>; KEYS]) -> bool {
        let is_made = self.may_cross(state, crossing);
        if is_made {
            for Crossing { id, seen } in crossing.into_iter().flatten() {
                self.put(state, id);
                if self.variant != Variant::WritesTwice {
                    state.distinct += self.algebra.update(id).counted(seen);
                }
            }
        }
        is_made
    }

    /// Whether the row's conditions in a transaction hold.
    fn admits(&self, state: &State, Crossing { id, seen }: Crossing) -> bool {
        let count = state.rows[self.algebra.update(id).key].amount;
        (count == seen || self.variant == Variant::CrossesAnyCount)
            && (self.variant == Variant::CrossesAnyWatermark || self.is_unabsorbed(state, id))
    }

    fn is_unabsorbed(&self, state: &State, id: UpdateId) -> bool {
        let update = self.algebra.update(id);
        update.is_admitted(state.rows[update.key].watermarks[update.shard])
    }

    /// `SET watermark = :last ADD count :n`.
    fn put(&self, state: &mut State, id: UpdateId) {
        let update = self.algebra.update(id);
        let row = &mut state.rows[update.key];
        row.amount += update.amount;
        row.watermarks[update.shard] = update.last;
    }
}

/// The rows that are to be sent together.
pub(crate) fn crossing(writes: &[Write; KEYS]) -> [Option<Crossing>; KEYS] {
    writes.map(|write| match write {
        Write::Crossing(crossing) => Some(crossing),
        _ => None,
    })
}
