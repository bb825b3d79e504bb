//! The settings of a build: its waiting times, its limits and its folders.

use std::path::PathBuf;
use std::time::Duration;

use crate::capture::CaptureSettings;
use crate::scan::ScanSettings;

/// The settings of a build.
#[derive(Clone, Debug)]
pub struct BuildSettings {
    /// How long it waits.
    pub margins: Margins,
    /// How the table is read.
    pub scan: ScanSettings,
    /// How the stream is read.
    pub capture: CaptureSettings,
    /// The folder in which the spool is made; it needs about 100 bytes for each item.
    pub spool_folder: PathBuf,
    /// The folder of a point-in-time export that takes the place of the scan.
    pub export: Option<PathBuf>,
}

/// How long a build waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margins {
    /// The time from the choice of the cut to the cut. Every processor reads the state within it.
    pub cut: Duration,
    /// The time from the cut to the scan. A write before the cut is visible to it by then.
    pub scan: Duration,
    /// The time from the end of the scan to the end of the capture. A record can be read by then.
    pub delta: Duration,
}

impl Margins {
    /// Returns the margins for an emulator, or for AWS.
    pub fn new(is_local: bool) -> Self {
        if is_local { Self::LOCAL } else { Self::AWS }
    }

    /// The margins for AWS.
    pub const AWS: Self = Self {
        cut: Duration::from_secs(120),
        scan: Duration::from_secs(120),
        delta: Duration::from_secs(15 * 60),
    };
    /// The margins for a DynamoDB on this machine, which shares the clock and delays nothing.
    pub const LOCAL: Self = Self {
        cut: Duration::from_secs(1),
        scan: Duration::from_secs(1),
        delta: Duration::from_secs(1),
    };
}

impl BuildSettings {
    /// Returns the settings for AWS, with the spool in a folder.
    pub fn new(spool_folder: impl Into<PathBuf>) -> Self {
        Self {
            margins: Margins::AWS,
            scan: ScanSettings::default(),
            capture: CaptureSettings::default(),
            spool_folder: spool_folder.into(),
            export: None,
        }
    }
}
