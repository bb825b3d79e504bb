//! The rows of an export: the groups in their order, several of them read ahead.
//!
//! ```text
//! groups ─► the first rows of some groups, at the same time ─► writer
//!                                     └─ further rows of a large group, one window at a time ─┘
//! ```
//!
//! **Invariant:** rows are written in the order of their groups. At most [`READ_AHEAD`] windows of
//! rows are in memory.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;
use std::sync::Arc;

use tokio::task::JoinHandle;
use weir_query::export::{ExportGroup, ExportPosition, ExportRows};
use weir_query::{Export, QueryError};

use super::error::{Error, is_passing};
use super::progress::Progress;
use super::summary::Counts;
use super::writer::RowWriter;

/// The number of groups whose first rows are read at the same time.
const READ_AHEAD: usize = 16;

/// The first rows of a group, which are being read.
struct FirstRows {
    group: ExportGroup,
    rows: JoinHandle<Result<ExportRows, QueryError>>,
}

/// Reads the rows of these groups, and writes them.
///
/// # Errors
/// A row that cannot be read or written.
pub(super) async fn write(
    export: &Arc<Export>,
    groups: BTreeSet<ExportGroup>,
    writer: &mut RowWriter<impl Write + Send>,
    progress: &mut Progress,
) -> Result<Counts, Error> {
    let of_groups = groups.len();
    let mut counts = Counts::default();
    let mut groups = groups.into_iter();
    let mut ahead: VecDeque<FirstRows> = VecDeque::new();
    let mut groups_read = 0;
    loop {
        while ahead.len() < READ_AHEAD
            && let Some(group) = groups.next()
        {
            ahead.push_back(FirstRows::read(export, group));
        }
        let Some(FirstRows { group, rows }) = ahead.pop_front() else { return Ok(counts) };
        let mut rows = rows.await.expect("the task does not panic").map_err(Error::Query)?;
        let mut has_rows = false;
        loop {
            has_rows |= !rows.rows.is_empty();
            for row in &rows.rows {
                counts.rows += 1;
                counts.parked += u64::from(row.contains_key("parked"));
                writer.write(&rows.dimensions, row)?;
            }
            let shown = counts.rows;
            progress.line(|| format!("{groups_read} of {of_groups} groups, {shown} rows"));
            let Some(next) = rows.next else { break };
            rows = read(export, &group, &next).await.map_err(Error::Query)?;
        }
        groups_read += 1;
        counts.groups += u64::from(has_rows);
    }
}

impl FirstRows {
    /// Begins to read the first rows of a group. A task of its own goes on while others are
    /// written, so that no request times out meanwhile.
    fn read(export: &Arc<Export>, group: ExportGroup) -> Self {
        let (export, read_group) = (Arc::clone(export), group.clone());
        let rows =
            tokio::spawn(
                async move { read(&export, &read_group, &ExportPosition::default()).await },
            );
        Self { group, rows }
    }
}

async fn read(
    export: &Export,
    group: &ExportGroup,
    position: &ExportPosition,
) -> Result<ExportRows, QueryError> {
    weir_build::retried(is_passing, || export.read(group, position.clone())).await
}
