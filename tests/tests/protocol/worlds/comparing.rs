//! A verification beside the processor, and the repair behind it.
//!
//! **Invariant:** rows are read one after another while records are counted.

use super::building::{CAPTURE_MARGIN, MARGIN};
use super::run::{Event, Run};
use super::verify::{Verification, repair};
use super::world::since_1970;

impl Run<'_> {
    /// Begins a verification, with a capture and a scan.
    pub(super) fn verify(&mut self) {
        let cut = since_1970(self.now + MARGIN);
        let (scanned, ends) = self.scan(self.now + 2.0 * MARGIN);
        self.verification = Some(Verification::new(cut, scanned));
        self.at(ends + CAPTURE_MARGIN, Event::ListRows);
    }

    /// Sees to a read of every row, once the processor has passed the cut of the verification.
    pub(super) fn list_rows(&mut self) {
        let verification = self.verification.as_mut().expect("a verification has begun");
        let mut shards = self.world.shards.iter().zip(&self.checkpoints);
        let is_behind = shards.any(|(shard, checkpoint)| {
            let mut left = shard.writes[*checkpoint..].iter();
            left.any(|write| write.change.seconds < verification.cut)
        });
        if is_behind {
            return self.after(1.0, 0.0, Event::ListRows);
        }
        let (model, store) = (&self.models[1], &self.stores[1]);
        let keys = verification.keys(self.world, model, store, self.now);
        for key in keys {
            self.after(0.0, 5.0, Event::ReadRow { key });
        }
        self.after(5.0, 0.1, Event::EndVerification);
    }

    /// Compares, and repairs the differences.
    pub(super) fn end_verification(&mut self) {
        let verification = self.verification.as_ref().expect("a verification has begun");
        assert!(verification.is_complete(), "the last row was read before");
        let drift = verification.drift(self.world, &self.models[1], self.now);
        if let Some(drift) = &drift {
            repair(&mut self.stores[1], drift);
        }
        self.report.found = drift;
    }
}
