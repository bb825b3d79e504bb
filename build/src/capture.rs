//! The capture of a build: for each item that changes from the cut on, its image before.
//!
//! ```text
//! list shards ─► start the readable ones ─► read a page of each ─► first record of each item ─┐
//!     ▲                                                                                       │
//!     └── a shard has ended, or it is time ◄── pause ◄── is everything up to the end read? ◄──┘
//! ```
//!
//! A capture begins before the cut is chosen: [`Capture::begin`] takes its place in each shard. One
//! that continues an interrupted build begins with the oldest records, which the stream keeps for
//! 24 hours.
//!
//! | to see | read |
//! |---|---|
//! | what the records of a shard say about the assumptions | `shard` |
//! | how often DynamoDB is asked, and for how long | `settings` |
//! | why a capture cannot be used | `error` |
//!
//! **Invariant:** a capture that ends well has recorded every record of a time from the cut on that
//! could be read by its end, those of an item in the order of the stream.

mod error;
mod settings;
mod shard;

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::stream::{self, StreamExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weir_processor::mapping::{
    Error as StreamError, ShardPage, ShardPages, ShardReadError, StreamListing, StreamReader,
    StreamShard,
};
use weir_rollups::{Change, SequenceNumber};

pub use self::error::CaptureError;
pub use self::settings::{CaptureEnd, CaptureSettings, CaptureStart};

pub(crate) use self::settings::check_age;

use self::shard::CapturedShard;
use crate::backoff::retried;
use crate::spool::SpoolError;

/// The shards that are read at the same time.
const SHARDS_AT_A_TIME: usize = 32;
/// The view type that a stream must have.
const VIEW_TYPE: &str = "NEW_AND_OLD_IMAGES";

/// A capture that has its place in the stream.
#[derive(Debug)]
pub struct Capture {
    stream: StreamReader,
    settings: CaptureSettings,
    /// The shards that are being read, in the order in which they are asked.
    open: BTreeMap<String, CapturedShard>,
    /// The shards that were read to their end, and whether they had records from the cut on.
    finished: HashMap<String, bool>,
    listed_at: Instant,
    /// Until when no record may have a time from the cut on.
    cut_ahead_until: Option<Instant>,
    /// The records behind which shards are read.
    after: HashMap<String, SequenceNumber>,
    counts: CaptureCounts,
}

/// A change that was captured.
#[derive(Clone, Copy, Debug)]
pub struct CapturedChange<'a> {
    /// The id of its shard.
    pub shard_id: &'a str,
    /// The change.
    pub change: &'a Change,
    /// Whether its time is the cut or later.
    pub is_since_cut: bool,
}

/// The number of records of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureCounts {
    /// The records that were read.
    pub read: u64,
    /// Those of a time from the cut on.
    pub since_cut: u64,
    /// The shards that were read.
    pub shards: u64,
}

impl Capture {
    /// Takes the place in each shard from which the capture reads. The cut must be at a later time,
    /// or for [`CaptureStart::TrimHorizon`] within the last 24 hours.
    ///
    /// # Errors
    /// The stream cannot be read, or does not have the old images.
    pub async fn begin(
        stream: StreamReader,
        start: CaptureStart,
        settings: CaptureSettings,
    ) -> Result<Self, CaptureError> {
        let mut capture = Self {
            stream,
            settings,
            open: BTreeMap::new(),
            finished: HashMap::new(),
            listed_at: Instant::now(),
            cut_ahead_until: None,
            after: HashMap::new(),
            counts: CaptureCounts::default(),
        };
        let listing = capture.list().await?;
        match start {
            CaptureStart::Latest => capture.begin_at_latest(&listing).await?,
            CaptureStart::TrimHorizon => {}
            CaptureStart::After(after) => capture.after = after,
        }
        capture.start_readable(&listing);
        Ok(capture)
    }

    /// Passes closed shards, and takes the place behind the newest record of the open ones.
    async fn begin_at_latest(&mut self, listing: &StreamListing) -> Result<(), CaptureError> {
        // Some implementations give the last sequence number of an open shard as its end. A shard
        // without children may still get records, or ends as soon as it is read.
        let parents: HashSet<_> =
            listing.shards.iter().filter_map(|shard| shard.parent.as_deref()).collect();
        let is_passed = |shard: &&StreamShard| shard.is_closed && parents.contains(&*shard.id);
        let closed = listing.shards.iter().filter(is_passed);
        self.finished.extend(closed.map(|shard| (shard.id.clone(), false)));
        // A shard whose parent is open has only records of later times, and waits for it.
        let roots: Vec<_> = self.startable(listing).into_iter().cloned().collect();
        for StreamShard { id, .. } in roots {
            let is_passing = |error: &ShardReadError| matches!(error, ShardReadError::Passing(_));
            match retried(is_passing, || self.stream.open_at_latest(&id)).await {
                Ok(pages) => self.insert(id, pages, false),
                Err(ShardReadError::Gone) => return Err(CaptureError::Gap { shard_id: id }),
                Err(error) => return Err(CaptureError::Shard { shard_id: id, source: error }),
            }
        }
        Ok(())
    }

    /// Demands that no record that is read before this moment has a time from the cut on. A
    /// processor that read the state before the cut was chosen does not know of it, so a record of
    /// that time must not belong behind it.
    #[must_use]
    pub fn with_cut_ahead_until(mut self, moment: Instant) -> Self {
        self.cut_ahead_until = Some(moment);
        self
    }

    /// Reads until the end that is sent, and calls `record` for each change. The cut is in seconds
    /// since 1970. The changes of an item come in their order.
    ///
    /// # Errors
    /// The records do not allow an exact base, or the spool cannot be written. See
    /// [`CaptureError`] for what to do.
    pub async fn run(
        mut self,
        cut: u32,
        end: watch::Receiver<Option<CaptureEnd>>,
        mut record: impl FnMut(CapturedChange<'_>) -> Result<(), SpoolError>,
    ) -> Result<CaptureCounts, CaptureError> {
        check_age(cut, (self.settings.wall_clock)())?;
        loop {
            let end = *end.borrow();
            let began_at = Instant::now();
            if self.read_all(cut, end, &mut record).await? || self.is_listing_due() {
                let listing = self.list().await?;
                self.check_left(&listing)?;
                self.start_readable(&listing);
                continue;
            }
            let is_listed = end.is_some_and(|end| self.listed_at >= end.not_before);
            if is_listed && self.open.values().all(CapturedShard::is_complete) {
                return Ok(self.counts);
            }
            let elapsed = began_at.elapsed();
            sleep(self.settings.read_interval.saturating_sub(elapsed)).await;
        }
    }

    /// Reads one page of each open shard. Returns whether the shards must be listed again.
    async fn read_all(
        &mut self,
        cut: u32,
        end: Option<CaptureEnd>,
        record: &mut impl FnMut(CapturedChange<'_>) -> Result<(), SpoolError>,
    ) -> Result<bool, CaptureError> {
        let reads = self
            .open
            .iter_mut()
            .map(|(id, shard)| async move { (id.clone(), Instant::now(), shard.read().await) });
        let reads: Vec<_> = reads.collect();
        let pages: Vec<_> = stream::iter(reads).buffer_unordered(SHARDS_AT_A_TIME).collect().await;
        let mut has_ended = false;
        for (id, asked_at, page) in pages {
            let page = match page {
                Ok(page) => page,
                Err(ShardReadError::Gone) => return Err(CaptureError::Gap { shard_id: id }),
                Err(ShardReadError::Passing(error)) => {
                    tracing::warn!(shard_id = id, error, "a shard was not read, trying again");
                    let shard = self.open.get_mut(&id).expect("it was read");
                    if shard.is_unreadable() {
                        let source = ShardReadError::Passing(error);
                        return Err(CaptureError::Shard { shard_id: id, source });
                    }
                    continue;
                }
                Err(error) => return Err(CaptureError::Shard { shard_id: id, source: error }),
            };
            has_ended |= page.has_ended;
            self.take_page(&id, asked_at, &page, cut, end, record)?;
        }
        Ok(has_ended || end.is_some_and(|end| self.must_list(end)))
    }

    fn take_page(
        &mut self,
        id: &str,
        asked_at: Instant,
        page: &ShardPage,
        cut: u32,
        end: Option<CaptureEnd>,
        record: &mut impl FnMut(CapturedChange<'_>) -> Result<(), SpoolError>,
    ) -> Result<(), CaptureError> {
        let shard = self.open.get_mut(id).expect("it was read");
        // The stream no longer has the record behind which the shard is read, so nobody can read
        // those that were trimmed with it.
        let is_first_gap = self.after.remove(id).is_some();
        if page.has_gap && !is_first_gap {
            return Err(CaptureError::Gap { shard_id: id.to_owned() });
        }
        let is_cut_ahead = self.cut_ahead_until.is_some_and(|moment| asked_at < moment);
        for known in &page.changes {
            self.counts.read += 1;
            let is_since_cut = shard.admits(id, &known.change, cut)?;
            if is_since_cut {
                if is_cut_ahead {
                    return Err(CaptureError::ClockAhead {
                        shard_id: id.to_owned(),
                        sequence: known.change.sequence.to_string(),
                        seconds: known.change.seconds,
                        cut,
                    });
                }
                self.counts.since_cut += 1;
            }
            record(CapturedChange { shard_id: id, change: &known.change, is_since_cut })?;
        }
        shard.note_end(page, asked_at, end);
        if page.has_ended {
            let has_reached_cut = shard.has_reached_cut();
            self.open.remove(id);
            self.finished.insert(id.to_owned(), has_reached_cut);
        }
        Ok(())
    }

    /// Returns whether the end has come, and new shards were not looked for since.
    fn must_list(&self, end: CaptureEnd) -> bool {
        Instant::now() >= end.not_before && self.listed_at < end.not_before
    }

    fn is_listing_due(&self) -> bool {
        self.listed_at.elapsed() >= self.settings.listing_interval
    }

    /// Lists the shards of a stream that can be used.
    async fn list(&mut self) -> Result<StreamListing, CaptureError> {
        let began_at = Instant::now();
        let listing = retried(may_pass, || self.stream.list()).await?;
        if !listing.is_enabled {
            return Err(CaptureError::Disabled { arn: self.stream.arn().to_owned() });
        }
        match listing.view_type.as_deref() {
            None | Some(VIEW_TYPE) => {}
            Some(other) => return Err(CaptureError::ViewType { view_type: other.to_owned() }),
        }
        self.listed_at = began_at;
        Ok(listing)
    }

    /// Checks that no shard that is being read was trimmed.
    fn check_left(&self, listing: &StreamListing) -> Result<(), CaptureError> {
        let listed: HashSet<_> = listing.shards.iter().map(|shard| shard.id.as_str()).collect();
        match self.open.keys().find(|id| !listed.contains(id.as_str())) {
            Some(id) => Err(CaptureError::Gap { shard_id: id.clone() }),
            None => Ok(()),
        }
    }

    fn startable<'a>(&self, listing: &'a StreamListing) -> Vec<&'a StreamShard> {
        let finished = self.finished.keys().cloned().collect();
        listing.startable(&finished, &self.open.keys().cloned().collect())
    }

    /// Opens the shards that may be read.
    fn start_readable(&mut self, listing: &StreamListing) {
        let startable: Vec<_> = self.startable(listing).into_iter().cloned().collect();
        for StreamShard { id, parent, .. } in startable {
            // A child continues its parent: what holds of the order of times holds across both.
            let has_reached_cut = parent.and_then(|parent| self.finished.get(&parent).copied());
            let pages = match self.after.get(&id) {
                Some(sequence) => self.stream.open_after(&id, *sequence),
                None => self.stream.open_at_oldest(&id),
            };
            self.insert(id, pages, has_reached_cut.unwrap_or(false));
        }
    }

    fn insert(&mut self, id: String, pages: ShardPages, has_reached_cut: bool) {
        self.counts.shards += 1;
        let shard = CapturedShard::new(pages, has_reached_cut, self.settings.wall_clock);
        self.open.insert(id, shard);
    }
}

/// Runs a capture while the table is read. `reading` sends the end of the capture before it ends.
/// If either fails, the other one is given up.
///
/// # Errors
/// The first error of both.
pub(crate) async fn capture_while<T, E: From<CaptureError>>(
    capturing: impl Future<Output = Result<CaptureCounts, CaptureError>>,
    reading: impl Future<Output = Result<T, E>>,
) -> Result<(CaptureCounts, T), E> {
    tokio::pin!(capturing);
    tokio::pin!(reading);
    tokio::select! {
        biased;
        captured = &mut capturing => match captured {
            Err(error) => Err(error.into()),
            Ok(_) => unreachable!("its end is sent when the reading ends"),
        },
        read = &mut reading => {
            let read = read?;
            Ok((capturing.await?, read))
        }
    }
}

/// Returns whether the same request to the stream may succeed later.
fn may_pass(error: &StreamError) -> bool {
    matches!(error, StreamError::Streams { is_denied: false, .. })
}
