//! The phases of a build, for the progress bar.

use weir_build::BuildEvent;

use crate::bar::Phase;

/// Returns the phase that an event is of, and how far it is.
pub(super) fn phase(event: &BuildEvent) -> Phase {
    let counted = |name, done, total| Phase::Counted { name, done, total };
    match event {
        BuildEvent::Waiting { until } => {
            Phase::Waiting { name: "waiting for the cut", until: *until }
        }
        BuildEvent::Scanned { progress, of_items } => {
            counted("scan", progress.items, (*of_items > 0).then_some(*of_items))
        }
        BuildEvent::Exported(progress) => {
            counted("export", progress.items, Some(progress.of_items))
        }
        BuildEvent::Capturing { until } => {
            Phase::Waiting { name: "capturing changes", until: *until }
        }
        BuildEvent::Applied { updates } => counted("rollup items", *updates, None),
        BuildEvent::Purging { from, .. } => {
            Phase::Waiting { name: "waiting for the last readers", until: *from }
        }
        _ => Phase::Step,
    }
}

#[cfg(test)]
mod tests {
    use weir_build::{ExportProgress, ScanProgress};

    use super::*;

    #[test]
    fn events_say_which_phase_they_are_of_and_how_far_it_is() {
        let progress = ScanProgress { items: 7, ..ScanProgress::default() };
        let counted = |name, done, total| Phase::Counted { name, done, total };
        for (event, expected) in [
            (BuildEvent::Scanned { progress, of_items: 9 }, counted("scan", 7, Some(9))),
            // DynamoDB counts a table's items every six hours.
            (BuildEvent::Scanned { progress, of_items: 0 }, counted("scan", 7, None)),
            (
                BuildEvent::Exported(ExportProgress {
                    items: 3,
                    of_items: 4,
                    ..Default::default()
                }),
                counted("export", 3, Some(4)),
            ),
            (BuildEvent::Applied { updates: 5 }, counted("rollup items", 5, None)),
            (BuildEvent::Joining, Phase::Step),
        ] {
            assert_eq!(phase(&event), expected, "{event:?}");
        }
        let waiting = phase(&BuildEvent::Capturing { until: 1_795_153_254 });
        assert_eq!(waiting, Phase::Waiting { name: "capturing changes", until: 1_795_153_254 });
    }
}
