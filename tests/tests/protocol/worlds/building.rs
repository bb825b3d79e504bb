//! The builders: the cut, the scan, the base, and its writes, by processes that may be killed.
//!
//! **Invariant:** a builder knows of the state item and of its own reads alone.

use std::rc::Rc;

use weir_model::Item;
use weir_rollups::{RollupKey, Watermark};

use super::base::{Base, Capture, sum};
use super::run::{Event, FUNCTION_TIMEOUT, Run, Stage};
use super::store::Addition;
use super::verify::plant;
use super::weakness::Weakness;
use super::world::since_1970;

/// The time from the writing of a cut to the cut, and from there to the scan.
pub(super) const MARGIN: f64 = 2.0;
/// The time from the end of the scan to the end of the capture.
pub(super) const CAPTURE_MARGIN: f64 = 4.0;
/// The most that a scan takes.
const SCAN: f64 = 15.0;
/// The virtual shard of the base.
const BASE: &str = "@base/sales@2";

impl Run<'_> {
    /// Writes the cut; one or two builders begin.
    pub(super) fn cut(&mut self) {
        self.stages[1] = Stage::Capturing(since_1970(self.now + MARGIN));
        for _ in 0..self.rng.usize(1..=2) {
            self.after(0.0, 5.0, Event::Begin);
        }
        if self.rng.u8(..8) == 0 {
            self.after(0.0, 30.0, Event::Abort);
        }
    }

    /// Begins a builder, with reads from the cut and a margin on. It may be killed as it reads.
    pub(super) fn begin(&mut self) {
        let Stage::Capturing(cut) = self.stages[1] else { return };
        let begins = f64::from(cut - since_1970(0.0)) + MARGIN;
        let begins = match self.weakness {
            Weakness::ScansEarly => self.now,
            _ => begins.max(self.now),
        };
        if self.rng.u8(..5) == 0 {
            self.report.killed = true;
            return self.after(0.0, SCAN, Event::Begin);
        }
        let (scanned, ends) = self.scan(begins);
        let margin = match self.weakness {
            Weakness::EndsCaptureAtOnce => 0.0,
            _ => CAPTURE_MARGIN,
        };
        self.at(ends + margin, Event::EndCapture { scanned });
    }

    /// Reads every item at a random time, or all at one time as an export has them; returns the
    /// time of the last read, too.
    pub(super) fn scan(&mut self, begins: f64) -> (Vec<Option<Item>>, f64) {
        let is_export = self.rng.u8(..4) == 0;
        let length = if is_export { 0.0 } else { self.rng.f64() * SCAN };
        let mut ends = begins;
        let items = 0..self.world.initial.len();
        let read = |item| {
            let at = begins + self.rng.f64() * length;
            ends = at.max(ends);
            self.world.read(item, at)
        };
        let scanned = items.map(read).collect();
        (scanned, ends)
    }

    /// Makes the base and sees to its writes. The builder may be killed between them.
    pub(super) fn end_capture(&mut self, scanned: &[Option<Item>]) {
        let Stage::Capturing(cut) = self.stages[1] else { return };
        let capture = Capture::new(self.world, cut, self.now);
        if capture.stepped_back {
            self.report.stepped_back = true;
            self.stages[1] = Stage::Aborted;
            return;
        }
        let images = capture.rewind(scanned, self.weakness);
        let base = Rc::new(sum(&self.models[1], BASE, &images, self.now));
        let is_killed = self.rng.u8(..4) == 0;
        for key in base.keys() {
            if !is_killed || self.rng.bool() {
                self.after(0.0, 2.0, Event::Apply { key: key.clone(), base: base.clone() });
            }
        }
        self.report.killed |= is_killed;
        let next = if is_killed { Event::Begin } else { Event::Ready { cut } };
        self.after(2.0, 3.0, next);
    }

    /// Adds the base to one row, under the watermark of a virtual shard.
    pub(super) fn apply(&mut self, key: &RollupKey, base: &Base) {
        let (bookkeeping, amounts) = &base[key];
        let addition = Addition { key, bookkeeping, amounts };
        if self.weakness == Weakness::BaseWithoutCondition {
            return self.stores[1].add_always(&addition);
        }
        let sequence = "1".parse().expect("a sequence number");
        let last = Watermark { sequence, seconds: since_1970(self.now) };
        self.stores[1].add(BASE, &addition, sequence, last);
    }

    /// Makes the revision ready if it is still capturing, and retires the one before it.
    pub(super) fn make_ready(&mut self, cut: u32) {
        if self.stages[1] != Stage::Capturing(cut) {
            return;
        }
        self.stages[1] = Stage::Ready(cut);
        if self.stages[0] == Stage::Ready(0) {
            self.stages[0] = Stage::Retired;
            let is_early = self.weakness == Weakness::PurgesAtOnce;
            self.after(if is_early { 0.0 } else { FUNCTION_TIMEOUT }, 0.1, Event::Purge);
        }
        if self.rng.bool() && !self.world.steps_back {
            let planted = plant(&mut self.stores[1], &mut self.rng);
            self.report.planted.extend(planted);
        }
        self.after(0.0, 3.0, Event::Verify);
    }
}
