//! The options that a build has in `weir build` and in `weir deploy`.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};
use weir_build::{BuildSettings, Margins, ScanSettings};

/// The number of segments that a scan reads at a time.
const DEFAULT_SEGMENTS: u32 = 8;
/// The numbers of segments that are allowed. Each is a task; DynamoDB allows a million.
const SEGMENTS: RangeInclusive<i64> = 1..=1_024;
/// The margins that are allowed, in seconds: a build must end while the stream keeps the records of
/// its cut, which is 24 hours.
const MARGINS: RangeInclusive<u64> = 0..=6 * 60 * 60;

/// How a build or a verification reads the tables and the stream.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReadOptions {
    /// The most read units of the scan in a second [default: no limit]
    #[arg(long, value_name = "UNITS", value_parser = value_parser!(u32).range(1..))]
    read_units: Option<u32>,
    /// The number of segments to scan at a time
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_SEGMENTS,
          value_parser = value_parser!(u32).range(SEGMENTS))]
    segments: u32,
    /// The folder of the temporary files [default: the system's]
    #[arg(long, value_name = "FOLDER")]
    spool: Option<PathBuf>,
    /// The seconds from the cut to the scan [default: 120, 1 on a local DynamoDB]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(MARGINS))]
    scan_margin: Option<u64>,
    /// The seconds from the end of the scan until every record can be read [default: 900, 1 on a
    /// local DynamoDB]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(MARGINS))]
    delta: Option<u64>,
}

/// The options of a build: how it reads, and how long it waits.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Builds of rollups")]
pub(crate) struct BuildOptions {
    #[command(flatten)]
    reading: ReadOptions,
    /// The seconds from the choice of the cut to the cut [default: 120, 1 on a local DynamoDB]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(MARGINS))]
    cut_margin: Option<u64>,
    /// The seconds from a change of the mapping's filters until they are in effect [default: 900, 1
    /// on a local DynamoDB]
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(MARGINS))]
    pub(super) filter_margin: Option<u64>,
    /// Do not delete the items of replaced revisions
    #[arg(long)]
    no_purge: bool,
}

impl ReadOptions {
    /// Returns the settings of a verification.
    pub(crate) fn settings(&self, is_local: bool) -> BuildSettings {
        let defaults = Margins::new(is_local);
        BuildSettings {
            margins: Margins {
                cut: defaults.cut,
                scan: margin(self.scan_margin, defaults.scan),
                delta: margin(self.delta, defaults.delta),
            },
            scan: ScanSettings {
                segments: self.segments,
                read_units_per_second: self.read_units.map(f64::from),
            },
            ..BuildSettings::new(self.spool.clone().unwrap_or_else(std::env::temp_dir))
        }
    }
}

fn margin(given: Option<u64>, default: Duration) -> Duration {
    given.map_or(default, Duration::from_secs)
}

impl BuildOptions {
    /// Returns the settings of a build.
    pub(crate) fn settings(&self, is_local: bool) -> BuildSettings {
        let settings = self.reading.settings(is_local);
        let cut = margin(self.cut_margin, settings.margins.cut);
        BuildSettings { margins: Margins { cut, ..settings.margins }, ..settings }
    }

    /// Returns whether the items of replaced revisions are deleted.
    pub(super) fn is_purged(&self) -> bool {
        !self.no_purge
    }

    /// Returns the read units that a build may consume in a second, if there is a limit.
    pub(crate) fn read_units(&self) -> Option<u32> {
        self.reading.read_units
    }

    /// Returns the options as arguments of `weir build`.
    pub(crate) fn words(&self) -> Vec<String> {
        let ReadOptions { read_units, segments, spool, scan_margin, delta } = &self.reading;
        let numbers = [
            ("--read-units", read_units.map(u64::from)),
            ("--cut-margin", self.cut_margin),
            ("--scan-margin", *scan_margin),
            ("--delta", *delta),
            ("--filter-margin", self.filter_margin),
        ];
        let numbers = numbers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut words: Vec<_> =
            numbers.flat_map(|(name, value)| [name.to_owned(), value.to_string()]).collect();
        if *segments != DEFAULT_SEGMENTS {
            words.extend(["--segments".to_owned(), segments.to_string()]);
        }
        if let Some(folder) = spool {
            words.extend(["--spool".to_owned(), folder.display().to_string()]);
        }
        words
    }
}
