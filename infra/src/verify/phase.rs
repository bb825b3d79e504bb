//! The phases of a verification, for the progress bar.

use weir_build::VerifyEvent;

use crate::bar::Phase;

/// Returns the phase that an event is of, and how far it is.
pub(super) fn phase(event: &VerifyEvent) -> Phase {
    let counted = |name, done, total| Phase::Counted { name, done, total };
    match event {
        VerifyEvent::Waiting { until } => {
            Phase::Waiting { name: "waiting for the cut", until: *until }
        }
        VerifyEvent::ScannedItems { progress, of_items } => {
            counted("items", progress.items, (*of_items > 0).then_some(*of_items))
        }
        VerifyEvent::ScannedRollups { progress } => counted("rollup items", progress.items, None),
        VerifyEvent::ReadTogether { left } => {
            counted("rollup items that change", *left as u64, None)
        }
        VerifyEvent::Capturing { until } => {
            Phase::Waiting { name: "capturing changes", until: *until }
        }
        VerifyEvent::Compared { items } => counted("compared", *items, None),
        _ => Phase::Step,
    }
}
