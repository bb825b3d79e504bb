//! The rollups that the definition wants and the table lacks are built at the start: the file was
//! changed, or the table had items before.
//!
//! **Invariant:** items and the rollups that are ready are served meanwhile.

use std::io::Write;
use std::time::Duration;

use weir_build::{
    BuildEvent, BuildSettings, Builder, CaptureSettings, Margins, PurgeSettings, ScanSettings,
};

use super::Error;
use super::system::View;

/// The time between two reads of a shard: the stream is on this machine.
const READ_INTERVAL: Duration = Duration::from_millis(50);
/// The segments that are read at a time: the embedded DynamoDB reads one at a time anyway.
const SEGMENTS: u32 = 2;

/// Builds what is to be built, and prints which rollups.
pub(super) async fn run(view: &View, out: &mut impl Write) -> Result<(), Error> {
    let settings = BuildSettings {
        margins: Margins::LOCAL,
        scan: ScanSettings { segments: SEGMENTS, read_units_per_second: None },
        capture: CaptureSettings { read_interval: READ_INTERVAL, ..CaptureSettings::default() },
        ..BuildSettings::new(std::env::temp_dir())
    };
    let builder = Builder::new(&view.connection, &view.table, settings);
    let wanted = builder.compare(&[]).await?;
    if wanted.is_empty() {
        return Ok(());
    }
    let continued = wanted.continued.iter().map(|revision| revision.rollup.as_str());
    let names: Vec<_> = wanted.begun.iter().map(String::as_str).chain(continued).collect();
    if !names.is_empty() {
        writeln!(out, "building from the items of the table: {}", names.join(", "))?;
        out.flush()?;
    }
    let report = |event: BuildEvent| tracing::debug!(?event, "a step of the build");
    let built = builder.run(&[], &report).await?;
    if !built.ready.is_empty() {
        writeln!(out, "built: {} items are counted\n", built.items)?;
        out.flush()?;
    }
    tokio::spawn(async move {
        if let Err(error) = builder.purge(PurgeSettings::LOCAL).await {
            tracing::warn!(%error, "the items of old revisions are not deleted");
        }
    });
    Ok(())
}
