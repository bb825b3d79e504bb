//! A builder: it reads items and records, makes the base, adds it, and makes the revision ready.
//!
//! ```text
//!            ┌─ reads each item, from the cut and a margin on
//! Idle ─► Scanning ── the last read and Δ have passed ──► Applying ──► ready
//!  ▲         │ └─ times stepped back: aborted ──► Idle       │
//!  └─ killed ┴───────────────────────────────────────────────┘
//! ```
//!
//! The capture needs no step of its own: at its end it has the records that the stream has brought
//! by then, also in a builder that was started after another was killed.
//!
//! **Invariant:** a builder writes by conditions alone, to the rows and to the state item.

use super::history::{ITEMS, Image, Sums, sums};
use super::machine::{Action, CAPTURE_MARGIN, Lifecycle, SCAN_MARGIN};
use super::state::{Run, Scan, Seconds, Stage, State};
use super::variant::Variant;
use crate::history::{KEYS, Key, SHARDS};

impl Lifecycle {
    /// Returns the ways on of a builder.
    pub(super) fn built(&self, state: &State, builder: usize, actions: &mut Vec<Action>) {
        match state.runs[builder] {
            Run::Idle => {
                let items = self.begin(state).into_iter().flat_map(|_| 0..ITEMS);
                actions.extend(items.map(|item| Action::Scan { builder, item }));
            }
            Run::Scanning(scan) => {
                let unread = (0..ITEMS).filter(|item| scan.images[*item].is_none());
                actions.extend(unread.map(|item| Action::Scan { builder, item }));
                if self.may_end_capture(state, &scan) {
                    actions.push(Action::EndCapture { builder });
                }
            }
            Run::Applying { applied, .. } => {
                let left = (0..KEYS).filter(|key| !applied[*key]);
                actions.extend(left.map(|key| Action::Apply { builder, key }));
                let is_early = self.variant == Variant::ReadyBeforeBase;
                if is_early || applied == [true; KEYS] {
                    actions.push(Action::Ready { builder });
                }
            }
        }
        let is_at_work = state.runs[builder] != Run::Idle;
        if is_at_work && state.kills < self.bounds.kills {
            actions.push(Action::Kill { builder });
        }
    }

    /// Returns the scan that a builder may begin: of the revision that the state item names as
    /// capturing.
    fn begin(&self, state: &State) -> Option<Scan> {
        let (revision, cut) = state.capturing()?;
        let earliest = if self.variant == Variant::ScansEarly { 0 } else { cut + SCAN_MARGIN };
        let missed: [u8; SHARDS] = match self.variant {
            Variant::BeginsCaptureLate => state.shards.map(|shard| shard.readable),
            _ => [0; SHARDS],
        };
        let images = [None; ITEMS];
        let scan = Scan { revision, cut, images, last_read: state.now, missed };
        (state.now >= earliest).then_some(scan)
    }

    fn may_end_capture(&self, state: &State, scan: &Scan) -> bool {
        let is_early = self.variant == Variant::EndsCaptureAtOnce;
        let is_read = scan.images.iter().all(Option::is_some);
        is_read && (is_early || state.now >= scan.last_read + CAPTURE_MARGIN)
    }

    /// Reads an item, strongly consistent.
    pub(super) fn scan(&self, state: &mut State, builder: usize, item: usize) {
        let begun = match state.runs[builder] {
            Run::Scanning(scan) => Some(scan),
            _ => self.begin(state),
        };
        let mut scan = begun.expect("a scan begins while a revision is capturing");
        let items = self.history.items(|shard| state.shards[shard].written);
        scan.images[item] = Some(items[item]);
        scan.last_read = state.now;
        state.runs[builder] = Run::Scanning(scan);
    }

    /// Ends a capture: the base follows, or the end of the build.
    pub(super) fn end_capture(&self, state: &mut State, builder: usize) {
        let Run::Scanning(scan) = state.runs[builder] else { return };
        let Scan { revision, cut, .. } = scan;
        let is_seen = self.variant != Variant::IgnoresClock;
        if is_seen && self.stepped_back(state, cut) {
            if state.stages[revision] == Stage::Capturing(cut) {
                state.stages[revision] = Stage::Aborted;
            }
            state.runs[builder] = Run::Idle;
            return;
        }
        let base = self.base(state, &scan);
        state.runs[builder] = Run::Applying { revision, cut, base, applied: [false; KEYS] };
    }

    /// Whether the stream has brought a record before the cut behind one at or after it, in one
    /// shard or its parent.
    pub(super) fn stepped_back(&self, state: &State, cut: Seconds) -> bool {
        let is_late = |shard: usize| {
            let of_shard = |shard: usize| {
                let shard = &state.shards[shard];
                shard.seconds[..usize::from(shard.readable)].iter()
            };
            let parent = self.history.parent(shard).into_iter().flat_map(of_shard);
            let mut seconds = parent.chain(of_shard(shard)).skip_while(|second| **second < cut);
            seconds.any(|second| *second < cut)
        };
        self.shards().any(is_late)
    }

    /// Returns the sums at the cut: of the images before the first captured record of each key,
    /// and of the scanned images of the other keys.
    fn base(&self, state: &State, scan: &Scan) -> Sums {
        let mut images: Vec<Image> = Vec::new();
        for item in 0..ITEMS {
            let scanned = scan.images[item].expect("the scan has read every item");
            let captured = self.captured(state, scan, item);
            images.push(match (self.variant, captured) {
                (_, None) | (Variant::ScannedImageFirst, Some(_)) => scanned,
                (Variant::OnlyScannedKeys, Some(_)) if scanned.is_none() => None,
                (Variant::NoRewind, Some(_)) => None,
                (_, Some(old)) => old,
            });
        }
        sums(&images)
    }

    /// Returns the image of an item before the first record that the capture has of it.
    fn captured(&self, state: &State, scan: &Scan, item: usize) -> Option<Image> {
        let captured = self.shards().flat_map(|shard| {
            let indexes = scan.missed[shard]..state.shards[shard].readable;
            let since = indexes
                .map(usize::from)
                .filter(move |index| state.shards[shard].seconds[*index] >= scan.cut);
            since.map(move |index| self.history.shards[shard][index])
        });
        let mut old = captured.filter(|record| record.item == item).map(|record| record.old);
        if self.variant == Variant::LastOldImage { old.next_back() } else { old.next() }
    }

    /// Adds the base to a rollup item, unless it has it.
    pub(super) fn apply(&self, state: &mut State, builder: usize, key: Key) {
        let Run::Applying { revision, base, applied, .. } = &mut state.runs[builder] else {
            return;
        };
        let row = &mut state.rows[*revision][key];
        if !row.has_base || self.variant == Variant::BaseWithoutCondition {
            row.amount += base[key];
            row.has_base = true;
        }
        applied[key] = true;
    }

    /// Makes the revision ready and retires the one before it, in one conditional write.
    pub(super) fn make_ready(&self, state: &mut State, builder: usize) {
        let Run::Applying { revision, cut, .. } = state.runs[builder] else { return };
        let is_free = self.variant == Variant::ReadyWithoutCondition;
        if is_free || state.stages[revision] == Stage::Capturing(cut) {
            state.stages[revision] = Stage::Ready(cut);
            for before in &mut state.stages[..revision] {
                if matches!(before, Stage::Ready(_)) {
                    *before = Stage::Retired;
                }
            }
        }
        if self.variant != Variant::ReadyBeforeBase {
            state.runs[builder] = Run::Idle;
        }
    }

    /// Kills a builder: nothing is left of it but its writes.
    pub(super) fn kill(&self, state: &mut State, builder: usize) {
        state.runs[builder] = Run::Idle;
        state.kills += 1;
    }

    /// Aborts the build that is at work.
    pub(super) fn abort(&self, state: &mut State) {
        if let Some((revision, _)) = state.capturing() {
            state.stages[revision] = Stage::Aborted;
            state.aborts += 1;
        }
    }
}
