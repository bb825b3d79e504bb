//! One shard of a capture: what its records say about the assumptions, and whether it is complete.
//!
//! **Invariant:** once a shard has had a record of the cut or later, it and its children have no
//! earlier one, or the capture fails. So the records from the cut on are the last ones of each
//! item.

use std::time::SystemTime;

use tokio::time::Instant;
use weir_processor::mapping::{ShardPage, ShardPages, ShardReadError};
use weir_rollups::Change;
use weir_rollups::watermark::UNKNOWN_SECONDS;

use super::error::CaptureError;
use super::settings::{CaptureEnd, is_trimmed};
use crate::backoff::Patience;

/// The reads in a row after the end of the capture that bring nothing until a shard counts as read.
/// DynamoDB may return nothing several times before it gets to the next record: see `GetRecords` in
/// the DynamoDB Streams API reference.
const EMPTY_READS: u32 = 3;

/// A shard that is being read.
#[derive(Debug)]
pub(super) struct CapturedShard {
    pages: ShardPages,
    /// The clock that continues while the machine sleeps.
    wall_clock: fn() -> SystemTime,
    /// When it was read the last time, by this clock.
    read_at: SystemTime,
    order: TimeOrder,
    /// The reads in a row after the end that brought nothing.
    empty_reads: u32,
    /// The reads in a row that failed.
    patience: Patience,
    is_complete: bool,
}

/// The order of the times of a shard's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TimeOrder {
    /// Whether there was a record of the cut or later.
    has_reached_cut: bool,
    /// The time of the last record.
    last: Option<u32>,
}

impl CapturedShard {
    /// Returns a shard that nothing was read of, whose parent may have reached the cut.
    pub(super) fn new(
        pages: ShardPages,
        has_reached_cut: bool,
        wall_clock: fn() -> SystemTime,
    ) -> Self {
        let order = TimeOrder { has_reached_cut, last: None };
        let read_at = wall_clock();
        let patience = Patience::default();
        Self { pages, wall_clock, read_at, order, empty_reads: 0, patience, is_complete: false }
    }

    /// Reads the next page. A reader that slept for longer than the stream keeps records may have
    /// missed some.
    pub(super) async fn read(&mut self) -> Result<ShardPage, ShardReadError> {
        let mut page = self.pages.read().await?;
        self.patience.restore();
        let now = (self.wall_clock)();
        let read_at = std::mem::replace(&mut self.read_at, now);
        let seconds = read_at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        page.has_gap |= is_trimmed(i64::try_from(seconds).unwrap_or(i64::MAX), now);
        Ok(page)
    }

    /// Counts a read that has failed. Returns whether too many have.
    pub(super) fn is_unreadable(&mut self) -> bool {
        self.patience.is_exhausted()
    }

    /// Returns whether a record is of the cut or later.
    pub(super) fn admits(
        &mut self,
        shard_id: &str,
        change: &Change,
        cut: u32,
    ) -> Result<bool, CaptureError> {
        self.order.admits(shard_id, change, cut)
    }

    /// Returns whether it, or its parent, has had a record of the cut or later.
    pub(super) fn has_reached_cut(&self) -> bool {
        self.order.has_reached_cut
    }

    /// Returns whether all records up to the end of the capture were read.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Notes whether a page, which was asked for at a time, reaches the end of the capture.
    pub(super) fn note_end(
        &mut self,
        page: &ShardPage,
        asked_at: Instant,
        end: Option<CaptureEnd>,
    ) {
        let Some(end) = end else { return };
        let is_behind = self.order.last.is_some_and(|last| last >= end.seconds);
        let is_empty = page.is_empty && asked_at >= end.not_before;
        self.empty_reads = if is_empty { self.empty_reads + 1 } else { 0 };
        self.is_complete |= self.empty_reads >= EMPTY_READS || is_behind;
    }
}

impl TimeOrder {
    fn admits(&mut self, shard_id: &str, change: &Change, cut: u32) -> Result<bool, CaptureError> {
        let Change { sequence, seconds, .. } = *change;
        let (shard_id, sequence) = (|| shard_id.to_owned(), || sequence.to_string());
        if seconds == UNKNOWN_SECONDS {
            return Err(CaptureError::NoTime { shard_id: shard_id(), sequence: sequence() });
        }
        self.last = Some(seconds);
        if seconds >= cut {
            self.has_reached_cut = true;
            return Ok(true);
        }
        if self.has_reached_cut {
            let (shard_id, sequence) = (shard_id(), sequence());
            return Err(CaptureError::ClockStepped { shard_id, sequence, seconds, cut });
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use weir_model::AttributeValue;
    use weir_rollups::Image;

    use super::*;

    const CUT: u32 = 1_795_153_254;

    fn change(seconds: u32) -> Change {
        let new = HashMap::<String, AttributeValue>::new().into();
        let sequence = "100000000000000000005".parse().expect("a sequence number");
        Change { sequence, seconds, image: Image::Insert { new } }
    }

    /// Returns which records of these times are admitted, as far as there is no error.
    fn admitted(order: &mut TimeOrder, times: &[u32]) -> (Vec<bool>, Option<CaptureError>) {
        let mut admitted = Vec::new();
        for seconds in times {
            match order.admits("shardId-1", &change(*seconds), CUT) {
                Ok(is_admitted) => admitted.push(is_admitted),
                Err(error) => return (admitted, Some(error)),
            }
        }
        (admitted, None)
    }

    #[test]
    fn records_from_the_cut_on_are_admitted() {
        let mut order = TimeOrder::default();
        let (found, error) = admitted(&mut order, &[CUT - 9, CUT - 1, CUT, CUT, CUT + 3, CUT + 1]);
        assert_eq!(found, [false, false, true, true, true, true]);
        assert!(error.is_none(), "a step back behind the cut changes nothing");
        assert!(order.has_reached_cut);
    }

    #[test]
    fn a_record_before_the_cut_behind_one_at_the_cut_is_an_error_across_shards_too() {
        for (mut order, times) in [
            (TimeOrder::default(), vec![CUT, CUT - 1]),
            (TimeOrder { has_reached_cut: true, last: None }, vec![CUT - 1]),
        ] {
            let (_, error) = admitted(&mut order, &times);
            let error = error.expect("the clock stepped back");
            assert!(error.needs_new_cut());
            let text = error.to_string();
            for part in ["shardId-1", "100000000000000000005", "1795153253", "stepped back"] {
                assert!(text.contains(part), "{text}");
            }
        }
    }

    #[test]
    fn a_record_without_a_time_is_an_error() {
        let (_, error) = admitted(&mut TimeOrder::default(), &[UNKNOWN_SECONDS]);
        assert!(matches!(error, Some(CaptureError::NoTime { .. })), "{error:?}");
    }
}
