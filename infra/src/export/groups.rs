//! The groups of an export: those that the question names, or all that parallel segments of a scan
//! find.
//!
//! **Invariant:** each group is there once, and groups are in the order of their texts, whatever
//! segment found them first. Their keys are the only part of a rollup that is held in memory as a
//! whole.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use weir_query::Export;
use weir_query::export::{ExportGroup, GroupsPage};
use weir_table::{ScanPosition, Segment};

use super::error::{Error, is_passing};
use super::progress::Progress;

/// Finds the groups of an export.
///
/// # Errors
/// The error of DynamoDB.
pub(super) async fn find(
    export: &Arc<Export>,
    segments: u32,
    progress: &mut Progress,
) -> Result<BTreeSet<ExportGroup>, Error> {
    if let Some(groups) = export.named_groups() {
        return Ok(groups.into_iter().collect());
    }
    let groups = Arc::new(Mutex::new(BTreeSet::new()));
    // One page of each segment waits at most.
    let (pages, mut read) = mpsc::channel(1);
    for index in 0..segments {
        let (export, groups, pages) = (Arc::clone(export), Arc::clone(&groups), pages.clone());
        tokio::spawn(async move {
            let segment = Segment { index, total: segments };
            let ended = scan(&export, segment, &groups, &pages).await;
            // Without a receiver, the export has failed already.
            if let Err(error) = ended {
                let _ = pages.send(Err(error)).await;
            }
        });
    }
    drop(pages);
    let mut items = 0;
    while let Some(page) = read.recv().await {
        items += page?;
        let count = groups.lock().expect("no holder panics").len();
        progress.line(|| format!("scanned {items} items, found {count} groups"));
    }
    let mut groups = groups.lock().expect("no holder panics");
    Ok(std::mem::take(&mut *groups))
}

/// Scans a segment, and reports the number of items of each page.
async fn scan(
    export: &Export,
    segment: Segment,
    groups: &Mutex<BTreeSet<ExportGroup>>,
    pages: &mpsc::Sender<Result<u64, Error>>,
) -> Result<(), Error> {
    let mut position: Option<ScanPosition> = None;
    loop {
        let page = weir_build::retried(is_passing, || export.scan(segment, position.as_ref()));
        let GroupsPage { groups: found, items_read, next } = page.await.map_err(Error::Query)?;
        groups.lock().expect("no holder panics").extend(found);
        if pages.send(Ok(items_read)).await.is_err() || next.is_none() {
            return Ok(());
        }
        position = next;
    }
}
