//! An invocation's writes: one conditional update for each rollup item, in any order, with any of
//! them lost on the way.
//!
//! ```text
//!             ┌────────── what is left ──────────┐
//!             ▼                                  │
//! batch ─► Sending ── condition failed ─────► Refused ── nothing is left ──► Acknowledged
//!           │  │ └─── added ─► Acknowledged      │
//!           │  └───── error ─► Failed ◄─ error ──┘
//!           └── no response: sent again or Failed, and the request may arrive whenever it likes
//! ```
//!
//! **Invariant:** condition, amount and watermark are one atomic step. The watermark that a refused
//! writer learns is read in a later step, so it may have moved on since.

use crate::algebra::{PlannedUpdate, UpdateId};
use crate::history::Key;
use crate::machine::{AfterSilence, Protocol};
use crate::state::{Invocation, RollupItem, State, Write};
use crate::variant::Variant;

impl Protocol {
    /// The write with which an update begins.
    pub(crate) fn begin(&self, update: Option<UpdateId>) -> Write {
        match update {
            None => Write::Untouched,
            Some(id) if self.is_skipped(id) => Write::Acknowledged,
            Some(id) => Write::Sending(id),
        }
    }

    /// Takes a write one step on, with DynamoDB answering.
    pub(crate) fn step(&self, state: &mut State, invocation: usize, key: Key) {
        let at_work = state.mapping.invocations[invocation];
        let item = &mut state.items[key];
        let write = match at_work.writes[key] {
            Write::Sending(id) => self.send(item, &at_work, id),
            Write::Admitted(id) => self.finish(item, id),
            Write::Refused(id) => self.fold_again(item, id),
            done => done,
        };
        state.mapping.invocations[invocation].writes[key] = write;
    }

    /// DynamoDB answers that it did not do what was asked; nothing was changed.
    pub(crate) fn fail(&self, state: &mut State, invocation: usize, key: Key) {
        state.mapping.invocations[invocation].writes[key] = Write::Failed;
    }

    /// DynamoDB does not answer in time.
    pub(crate) fn lose(&self, state: &mut State, invocation: usize, key: Key, then: AfterSilence) {
        let write = &mut state.mapping.invocations[invocation].writes[key];
        if let Write::Sending(id) = *write {
            state.requests.push(id);
            state.lost += 1;
        }
        if then == AfterSilence::Fail {
            *write = Write::Failed;
        }
    }

    /// A request that nobody waits for reaches its rollup item.
    pub(crate) fn arrive(&self, state: &mut State, request: usize) {
        let update = self.algebra.update(state.requests.remove(request));
        let item = &mut state.items[update.key];
        if self.is_admitted(item, update) {
            self.put(item, update, update.amount);
        }
    }

    /// The watermark of a shard that a rollup item has, by the shard whose attribute it is.
    pub(crate) fn watermark_of(&self, shard: usize) -> usize {
        if self.variant == Variant::OneWatermark { 0 } else { shard }
    }

    fn send(&self, item: &mut RollupItem, at_work: &Invocation, id: UpdateId) -> Write {
        let update = self.algebra.update(id);
        if !self.is_admitted(item, update) {
            return Write::Refused(id);
        }
        match self.variant {
            Variant::ChecksBeforehand => return Write::Admitted(id),
            Variant::WritesTwice => {
                item.amount += update.amount;
                return Write::Admitted(id);
            }
            Variant::SendsTheWholeAgain => self.put(item, update, self.whole(at_work, update)),
            _ => self.put(item, update, update.amount),
        }
        Write::Acknowledged
    }

    /// The other half of a write that a variant makes in two.
    fn finish(&self, item: &mut RollupItem, id: UpdateId) -> Write {
        let update = self.algebra.update(id);
        let amount = if self.variant == Variant::WritesTwice { 0 } else { update.amount };
        self.put(item, update, amount);
        Write::Acknowledged
    }

    /// The amount of the whole update that this is, or is the rest of.
    fn whole(&self, at_work: &Invocation, update: &PlannedUpdate) -> i32 {
        let whole =
            self.algebra.fold(at_work.batch)[update.key].expect("a write is that of an update");
        self.algebra.update(whole).amount
    }

    /// `SET watermark = :last ADD …`.
    fn put(&self, item: &mut RollupItem, update: &PlannedUpdate, amount: i32) {
        item.amount += amount;
        item.watermarks[self.watermark_of(update.shard)] = match self.variant {
            Variant::WatermarkAtFirst => update.first,
            _ => update.last,
        };
    }

    /// What a refused writer does when it has learnt the watermark.
    fn fold_again(&self, item: &RollupItem, id: UpdateId) -> Write {
        let update = self.algebra.update(id);
        let watermark = item.watermarks[self.watermark_of(update.shard)];
        match update.rest(watermark) {
            Some(rest) if self.variant != Variant::DropsTheRest => self.begin(Some(rest)),
            _ => Write::Acknowledged,
        }
    }

    fn is_admitted(&self, item: &RollupItem, update: &PlannedUpdate) -> bool {
        let watermark = item.watermarks[self.watermark_of(update.shard)];
        match self.variant {
            Variant::NoCondition => true,
            Variant::ComparesWithLast => watermark < update.last,
            Variant::AdmitsTheFirstAgain => watermark <= update.first,
            _ => update.is_admitted(watermark),
        }
    }

    fn is_skipped(&self, id: UpdateId) -> bool {
        self.variant == Variant::SkipsZero && self.algebra.update(id).amount == 0
    }
}
