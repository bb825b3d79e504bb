//! The rollups that the definition wants and the table lacks are built at the start, and when the
//! definition file is saved.
//!
//! **Invariant:** items and the rollups that are ready are served meanwhile.

use std::io::Write;
use std::time::Duration;

use weir_build::{
    BuildError, BuildEvent, BuildReport, BuildSettings, Builder, CaptureSettings, Margins,
    PurgeSettings, ScanSettings, Wanted,
};

use super::Error;
use super::system::View;
use crate::plan;

/// The time between two reads of a shard of an emulator.
const READ_INTERVAL: Duration = Duration::from_millis(50);
/// The segments that are read at a time: the embedded DynamoDB reads one at a time anyway.
const SEGMENTS: u32 = 2;

/// The builds of the rollups of a definition.
pub(super) struct Builds {
    builder: Builder,
    purging: PurgeSettings,
}

impl Builds {
    /// Returns the builds of the definition of a view.
    pub(super) fn new(view: &View) -> Self {
        let is_local = view.connection.is_local();
        let defaults = BuildSettings {
            margins: Margins::new(is_local),
            ..BuildSettings::new(std::env::temp_dir())
        };
        let settings = match is_local {
            false => defaults,
            true => {
                let scan = ScanSettings { segments: SEGMENTS, read_units_per_second: None };
                let capture =
                    CaptureSettings { read_interval: READ_INTERVAL, ..CaptureSettings::default() };
                BuildSettings { scan, capture, ..defaults }
            }
        };
        let purging = PurgeSettings::new(is_local);
        Self { builder: Builder::new(&view.connection, &view.table, settings), purging }
    }

    /// Compares the definition with the state of the rollups.
    pub(super) async fn wanted(&self) -> Result<Wanted, BuildError> {
        self.builder.compare(&[]).await
    }

    /// Builds what is wanted. `begun` is called when every rollup of the definition is ready, was
    /// changed and is answered as it was, or is being built.
    pub(super) async fn run(&self, begun: &(dyn Fn() + Sync)) -> Result<BuildReport, BuildError> {
        let wanted = self.wanted().await?;
        let report = |event: BuildEvent| {
            tracing::debug!(?event, "a step of the build");
            if matches!(event, BuildEvent::Begun { .. }) {
                begun();
            }
        };
        if wanted.begun.is_empty() {
            begun();
            return self.builder.run(&[], &report).await;
        }
        let built = self.builder.run(&wanted.begun, &report).await?;
        // Builds that were interrupted, and the rollups that the definition lacks.
        let rest = self.builder.run(&[], &report).await?;
        Ok(BuildReport {
            ready: [built.ready, rest.ready].concat(),
            items: built.items + rest.items,
            records: built.records + rest.records,
            updates: built.updates + rest.updates,
        })
    }

    /// Deletes the items of old revisions. The next purge continues one that has failed.
    pub(super) async fn purge(&self) {
        if let Err(error) = self.builder.purge(self.purging, &|_| ()).await {
            tracing::warn!(%error, "could not delete the items of old revisions");
        }
    }
}

/// Returns the rollups that are built, in the order of their names.
pub(super) fn names(wanted: &Wanted) -> Vec<&str> {
    let continued = wanted.continued.iter().map(|revision| revision.rollup.as_str());
    let mut names: Vec<_> = wanted.begun.iter().map(String::as_str).chain(continued).collect();
    names.sort_unstable();
    names
}

/// Builds at the start what is to be built, and prints which rollups.
///
/// # Errors
/// The definition would lose stored items or count them twice, or a build has ended.
pub(super) async fn run(view: &View, out: &mut impl Write) -> Result<(), Error> {
    plan::check_items(&view.connection, &view.table).await.map_err(Box::new)?;
    let builds = Builds::new(view);
    let wanted = builds.wanted().await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let names = names(&wanted);
    if !names.is_empty() {
        writeln!(out, "building from the items of the table: {}", names.join(", "))?;
        out.flush()?;
    }
    let built = builds.run(&|| ()).await?;
    if !built.ready.is_empty() {
        writeln!(out, "built: {} items are counted\n", built.items)?;
        out.flush()?;
    }
    Ok(())
}
