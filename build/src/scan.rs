//! The scan of a build: every item of the table, in parallel segments, at a limited rate.
//!
//! ```text
//! segments ─► pages, several at a time ─► items, one after the other ─► progress
//!                └── wait for read units ◄── what DynamoDB billed
//! ```
//!
//! A scan keeps no place on disk. A process that is started again scans from the beginning, with
//! the same result: see [`weir_rollups::base`].
//!
//! Items are whole: a rollup's filter may name any attribute, and DynamoDB bills a projection as
//! the whole item anyway.
//!
//! **Invariant:** a page is handed over once, whatever was retried.

mod read_limit;

use futures::stream::{FuturesUnordered, StreamExt};
use thiserror::Error;
use tokio::time::sleep;
use weir_model::Item;
use weir_table::{ScanPage, ScanPosition, Segment, Table};

use self::read_limit::ReadLimit;
use crate::backoff::Backoff;
use crate::spool::SpoolError;

/// The segments that are read at the same time, unless the settings say otherwise.
const DEFAULT_SEGMENTS: u32 = 8;
/// The bytes of a read unit.
const READ_UNIT_BYTES: f64 = 4096.0;
/// How often a page is tried: with the pauses of `backoff`, for five minutes.
const ATTEMPTS: u32 = 16;

/// The settings of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanSettings {
    /// The number of segments, which are read at the same time.
    pub segments: u32,
    /// The read units that the scan may consume in a second; `None` for no limit. One page may
    /// consume 256 units at once, after which the scan pauses.
    pub read_units_per_second: Option<f64>,
}

/// How far a scan has got.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ScanProgress {
    /// The items that were read.
    pub items: u64,
    /// The read units that DynamoDB billed.
    pub read_units: f64,
    /// About how many bytes were read: 4 KB for each unit.
    pub bytes: u64,
    /// The number of segments.
    pub segments: u32,
    /// The segments that were read to their end.
    pub segments_done: u32,
}

/// A scan that did not reach the end.
#[derive(Debug, Error)]
pub enum ScanError {
    /// Do what the error of DynamoDB asks, then build again.
    #[error("could not scan the table after {items} items: {source}")]
    Table {
        /// The items that were read.
        items: u64,
        /// The error of DynamoDB.
        source: weir_table::Error,
    },
    /// Do what the error of the spool asks.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

/// A segment that is being read.
#[derive(Clone, Debug)]
struct OpenSegment {
    segment: Segment,
    position: Option<ScanPosition>,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self { segments: DEFAULT_SEGMENTS, read_units_per_second: None }
    }
}

/// Scans a table. Calls `record` for each item, and `report` after each page.
///
/// # Errors
/// DynamoDB does not let the table be read, or the spool cannot be written.
pub async fn scan(
    table: &Table,
    settings: &ScanSettings,
    record: impl FnMut(&Item) -> Result<(), SpoolError>,
    report: impl FnMut(ScanProgress),
) -> Result<ScanProgress, ScanError> {
    let read = |PageRequest { segment, position, limit }| async move {
        table.scan_segment(segment, position.as_ref(), limit).await
    };
    scan_pages(read, settings, record, report).await
}

/// A request of a page of a segment.
pub(crate) struct PageRequest {
    pub(crate) segment: Segment,
    pub(crate) position: Option<ScanPosition>,
    /// The most items of the page.
    pub(crate) limit: Option<u32>,
}

/// Scans the table of which `read` reads pages, as [`scan`] does.
///
/// # Errors
/// As [`scan`].
pub(crate) async fn scan_pages<I, F>(
    read: impl Fn(PageRequest) -> F,
    settings: &ScanSettings,
    mut record: impl FnMut(&I) -> Result<(), SpoolError>,
    mut report: impl FnMut(ScanProgress),
) -> Result<ScanProgress, ScanError>
where
    F: Future<Output = Result<ScanPage<I>, weir_table::Error>>,
{
    let segments = settings.segments.max(1);
    let limit = ReadLimit::new(settings.read_units_per_second);
    let mut progress = ScanProgress { segments, ..ScanProgress::default() };
    let open = |index| OpenSegment { segment: Segment { index, total: segments }, position: None };
    let mut reads: FuturesUnordered<_> =
        (0..segments).map(|index| read_page(&read, &limit, open(index))).collect();
    while let Some((mut segment, page)) = reads.next().await {
        let page = page.map_err(|source| ScanError::Table { items: progress.items, source })?;
        for item in &page.items {
            record(item)?;
        }
        progress.items += page.items.len() as u64;
        progress.read_units += page.read_units;
        progress.bytes = (progress.read_units * READ_UNIT_BYTES) as u64;
        segment.position = page.next;
        match segment.position {
            Some(_) => reads.push(read_page(&read, &limit, segment)),
            None => progress.segments_done += 1,
        }
        report(progress);
    }
    Ok(progress)
}

/// Reads the next page of a segment, and retries while that may help.
async fn read_page<I, F>(
    read: &impl Fn(PageRequest) -> F,
    limit: &ReadLimit,
    open: OpenSegment,
) -> (OpenSegment, Result<ScanPage<I>, weir_table::Error>)
where
    F: Future<Output = Result<ScanPage<I>, weir_table::Error>>,
{
    let mut backoff = Backoff::default();
    loop {
        let reservation = limit.reserve().await;
        let OpenSegment { segment, position } = open.clone();
        let page = read(PageRequest { segment, position, limit: limit.page_items() }).await;
        limit.settle(reservation, page.as_ref().map_or(0.0, |page| page.read_units));
        match page {
            Err(error) if error.is_retryable() && backoff.failures() + 1 < ATTEMPTS => {
                let pause = backoff.pause();
                let (segment, error) = (open.segment.index, weir_table::error::chain(&error));
                tracing::warn!(segment, error, ?pause, "a page was not read, trying again");
                sleep(pause).await;
            }
            page => return (open, page),
        }
    }
}
