//! The things that all builders of a world share: the network, the settings, and the events that
//! they report.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use weir_build::{BuildError, BuildEvent, BuildSettings, CaptureSettings, Margins, ScanSettings};
use weir_table::error::chain;

use super::drift::Drift;
use crate::simulation::dice::Dice;
use crate::simulation::network::Network;
use crate::simulation::source::Lag;
use crate::simulation::tally::Count;
use crate::simulation::world::{World, wall_clock};

/// How long a build waits, in seconds: small, so that writes come at every step.
const CUT_SECS: [u64; 3] = [4, 6, 10];
const SCAN_SECS: [u64; 3] = [2, 3, 6];
const DELTA_SECS: [u64; 3] = [4, 7, 12];
/// How often a capture reads, in milliseconds.
const READ_INTERVAL_MS: [u64; 3] = [700, 1_500, 3_000];
/// How often it looks for shards.
const LISTING_INTERVAL: Duration = Duration::from_secs(7);
/// The segments of a scan, and its read units in a second, of which a page takes half of one.
const SEGMENTS: [u32; 3] = [1, 2, 3];
const READ_UNITS: [Option<f64>; 3] = [None, Some(1.0), Some(0.5)];
/// How much sooner than at the end of its margin the last record can be read.
const LAG_MARGIN_MS: u64 = 500;
/// How often records are late, or name an earlier second, in a world.
const LATE_PER_MILLE: [u32; 3] = [0, 100, 500];
const BACK_PER_MILLE: [u32; 4] = [0, 0, 0, 60];
const AHEAD_PER_MILLE: [u32; 4] = [0, 0, 0, 200];
/// By how many seconds a record is earlier at most: no more than the margin of a scan.
const MOST_BACK_SECS: u64 = 2;
/// By how many it is later: less than what a build allows for.
const MOST_AHEAD_SECS: u64 = 1;

/// The place at which the builders of a world run.
pub(crate) struct Site {
    pub(super) world: Arc<World>,
    pub(super) network: Network,
    pub(super) settings: BuildSettings,
    /// What was changed by hand.
    pub(super) drift: Drift,
    /// The rollup that cannot be built because of its key.
    rejected: Mutex<Option<String>>,
}

/// Returns how long the builds of a world wait, and how late its records are.
pub(crate) fn margins(dice: &mut Dice) -> (Margins, Lag) {
    let delta_secs = dice.pick(&DELTA_SECS);
    let margins = Margins {
        cut: Duration::from_secs(dice.pick(&CUT_SECS)),
        scan: Duration::from_secs(dice.pick(&SCAN_SECS)),
        delta: Duration::from_secs(delta_secs),
    };
    let lag = Lag {
        late_per_mille: dice.pick(&LATE_PER_MILLE),
        latest_ms: delta_secs * 1000 - LAG_MARGIN_MS,
        back_per_mille: dice.pick(&BACK_PER_MILLE),
        most_back_secs: MOST_BACK_SECS,
        ahead_per_mille: dice.pick(&AHEAD_PER_MILLE),
        most_ahead_secs: MOST_AHEAD_SECS,
    };
    (margins, lag)
}

impl Site {
    /// Returns the site of a world, whose builders write their spools in a folder.
    pub(crate) fn new(
        world: &Arc<World>,
        network: Network,
        margins: Margins,
        folder: PathBuf,
        dice: &mut Dice,
    ) -> Arc<Self> {
        let settings = BuildSettings {
            margins,
            scan: ScanSettings {
                segments: dice.pick(&SEGMENTS),
                read_units_per_second: dice.pick(&READ_UNITS),
            },
            capture: CaptureSettings {
                read_interval: Duration::from_millis(dice.pick(&READ_INTERVAL_MS)),
                listing_interval: LISTING_INTERVAL,
                wall_clock,
            },
            ..BuildSettings::new(folder)
        };
        let world = Arc::clone(world);
        let drift = Drift::new(network.dynamodb());
        Arc::new(Self { world, network, settings, drift, rejected: Mutex::default() })
    }

    /// Takes the rollup that a build has rejected.
    pub(super) fn take_rejected(&self) -> Option<String> {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Counts an event of a build, and records it.
    pub(super) fn note(&self, name: &str, event: &BuildEvent) {
        let journal = &self.world.journal;
        journal.record(format_args!("{name}: {event:?}"));
        match event {
            BuildEvent::Continued { .. } => journal.count(Count::BuildsContinued, 1),
            BuildEvent::Begun { revisions } => journal.count(Count::BuildsBegun, revisions.len()),
            BuildEvent::Skipped(skipped) => {
                journal.count(Count::ImagesSkipped, skipped.images as usize);
            }
            BuildEvent::Joined(counts) => {
                journal.count(Count::ImagesScanned, counts.scanned as usize);
                journal.count(Count::ImagesCaptured, counts.captured as usize);
                journal.count(Count::ImagesSuperseded, counts.superseded as usize);
            }
            BuildEvent::Applied { .. } => journal.count(Count::BasesApplied, 1),
            BuildEvent::CutRejected { .. } => journal.count(Count::CutsRejected, 1),
            BuildEvent::Ready { revisions, retired } => {
                journal.count(Count::RevisionsReady, revisions.len());
                journal.count(Count::RevisionsReplaced, retired.len());
            }
            BuildEvent::GivenUp(_)
            | BuildEvent::Retired { .. }
            | BuildEvent::Purging { .. }
            | BuildEvent::Purged { .. }
            | BuildEvent::Waiting { .. }
            | BuildEvent::Scanned { .. }
            | BuildEvent::Exported(_)
            | BuildEvent::Capturing { .. }
            | BuildEvent::Joining => {}
        }
    }

    /// Counts the end of a build that failed, and records it.
    pub(super) fn note_failure(&self, name: &str, error: &BuildError) {
        let journal = &self.world.journal;
        journal.record(format_args!("{name} failed: {}", chain(error)));
        let count = match error {
            BuildError::Colocated(rollup) => {
                *self.rejected.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(rollup.clone());
                Count::ColocatedRejected
            }
            BuildError::Aborted(_) => Count::BuildsOvertaken,
            _ => Count::BuildsFailed,
        };
        journal.count(count, 1);
    }
}
