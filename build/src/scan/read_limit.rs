//! The limit of a scan in read units per second: a token bucket that is settled by what DynamoDB
//! billed.
//!
//! A page may begin while the bucket is above zero. It takes the units of a usual page at once, and
//! gives back the difference when its answer says what it consumed. The bucket holds the units of
//! one second.
//!
//! **Invariant:** over any time of t seconds, pages begin for at most (t + 1) · rate units and what
//! one page of each segment exceeds the usual page by.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The units of the first pages, before it is known what a page consumes: those of a megabyte.
const PAGE_UNITS: f64 = 256.0;
/// The weight of the newest page in the size of a usual one.
const NEWEST_WEIGHT: f64 = 0.2;

/// The limit that the segments of a scan share.
#[derive(Debug)]
pub(super) struct ReadLimit {
    per_second: Option<f64>,
    bucket: Mutex<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    units: f64,
    filled_at: Instant,
    /// The units of a usual page.
    page_units: f64,
}

/// The units that a page has taken before it was read.
#[derive(Debug)]
#[must_use]
pub(super) struct Reserved(f64);

impl ReadLimit {
    /// Returns a limit whose bucket is full.
    pub(super) fn new(per_second: Option<f64>) -> Self {
        let per_second = per_second.map(|units| units.max(1.0));
        let units = per_second.unwrap_or_default();
        let page_units = PAGE_UNITS.min(per_second.unwrap_or(PAGE_UNITS));
        let bucket = Bucket { units, filled_at: Instant::now(), page_units };
        Self { per_second, bucket: Mutex::new(bucket) }
    }

    /// Returns the items that a page may have. A limit below the units of a megabyte would be
    /// exceeded by one page, so a page has no more items than a second has units.
    pub(super) fn page_items(&self) -> Option<u32> {
        self.per_second.filter(|units| *units < PAGE_UNITS).map(|units| units.ceil() as u32)
    }

    /// Waits until a page may be read, and takes its units.
    pub(super) async fn reserve(&self) -> Reserved {
        let Some(per_second) = self.per_second else { return Reserved(0.0) };
        loop {
            let missing = {
                let mut bucket = self.lock();
                bucket.fill(per_second);
                if bucket.units > 0.0 {
                    let taken = bucket.page_units;
                    bucket.units -= taken;
                    return Reserved(taken);
                }
                -bucket.units
            };
            // A millisecond more, so that the bucket is above zero then.
            sleep(Duration::from_secs_f64(missing / per_second + 0.001)).await;
        }
    }

    /// Gives back what a page has not consumed, or takes what it has consumed beyond that.
    pub(super) fn settle(&self, Reserved(taken): Reserved, consumed: f64) {
        if self.per_second.is_none() {
            return;
        }
        let mut bucket = self.lock();
        bucket.units += taken - consumed;
        if consumed > 0.0 {
            bucket.page_units += NEWEST_WEIGHT * (consumed - bucket.page_units);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn fill(&mut self, per_second: f64) {
        let now = Instant::now();
        let filled = now.duration_since(self.filled_at).as_secs_f64() * per_second;
        self.units = (self.units + filled).min(per_second);
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads pages of so many units in a row. Returns the seconds that this takes.
    async fn seconds_for(per_second: Option<f64>, pages: u32, units: f64) -> f64 {
        let limit = ReadLimit::new(per_second);
        let started = Instant::now();
        for _ in 0..pages {
            let reserved = limit.reserve().await;
            limit.settle(reserved, units);
        }
        started.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn pages_take_the_time_of_their_units() {
        for (per_second, pages, units) in
            [(100.0, 50, 128.0), (1_000.0, 100, 256.0), (25.0, 60, 2.0)]
        {
            let seconds = seconds_for(Some(per_second), pages, units).await;
            let all = f64::from(pages) * units;
            // The bucket was full, and the last page is not waited for.
            let least = (all - per_second - units) / per_second;
            assert!(
                (least..=least + 2.0).contains(&seconds),
                "{pages} pages of {units} units at {per_second} a second take {seconds} s"
            );
        }
        assert!(seconds_for(None, 1_000, 256.0).await < 0.001);
    }

    #[tokio::test(start_paused = true)]
    async fn segments_share_the_limit() {
        let limit = ReadLimit::new(Some(100.0));
        let started = Instant::now();
        let read = async || {
            for _ in 0..25 {
                let reserved = limit.reserve().await;
                sleep(Duration::from_millis(20)).await;
                limit.settle(reserved, 50.0);
            }
        };
        futures::join!(read(), read(), read(), read());
        let seconds = started.elapsed().as_secs_f64();
        assert!((47.0..52.0).contains(&seconds), "5,000 units at 100 a second take {seconds} s");
    }

    #[test]
    fn a_low_limit_makes_small_pages() {
        assert_eq!(ReadLimit::new(None).page_items(), None);
        assert_eq!(ReadLimit::new(Some(500.0)).page_items(), None);
        assert_eq!(ReadLimit::new(Some(24.5)).page_items(), Some(25));
        assert_eq!(ReadLimit::new(Some(0.1)).page_items(), Some(1));
    }
}
