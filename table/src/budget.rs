//! The budget of a request: how many reads of DynamoDB it may make, and how many bytes they may
//! read.
//!
//! ```text
//! Budget::new(limits) ─► Table::with_budget, Rollups::with_budget
//!                          └─► each read: reserve ─► send ─► settle
//! ```
//!
//! A read reserves the most bytes that it can read before it is sent, and gives back those that it
//! did not read. A read that was sent and is dropped before its answer keeps its reservation
//! charged, for DynamoDB reads it all the same. If too little is left, it waits for the reads under
//! way to give theirs back. If none is under way, it fails with [`Error::OverBudget`].
//!
//! Bytes are what DynamoDB bills: the units that it reports as consumed, each of which is 4 KB of a
//! strongly consistent read, 8 KB of another one, and 2 KB of a transaction. They include what a
//! filter drops. A DynamoDB that reports no units is limited by the number of reads alone.
//!
//! **Invariant:** the reads of a budget never exceed its limits, however many are under way at
//! once.

use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use tokio::sync::Notify;
use weir_model::limits;

use crate::error::Error;
use crate::reads::{MB, Reads};

/// The most bytes of an item.
pub(crate) const ITEM_BYTES: u64 = limits::MAX_ITEM_BYTES as u64;
/// The most bytes that one Query reads.
pub(crate) const PAGE_BYTES: u64 = MB;
/// The most bytes that one BatchGetItem reads, apart from what its items are rounded up by.
const BATCH_BYTES: u64 = 16 * MB;
/// The most bytes that one TransactGetItems reads, apart from the same.
const TRANSACTION_BYTES: u64 = limits::MAX_TRANSACTION_BYTES as u64;
/// The bytes of a unit of a strongly consistent read; those of an item are rounded up to them.
pub(crate) const READ_UNIT_BYTES: u64 = 4 * 1024;

/// A budget, spent by every read that is made within it. Clones share what is spent.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    /// The part that the reads of this handle leave for others.
    kept: Reads,
}

#[derive(Debug)]
struct Shared {
    limits: Option<Reads>,
    spent: Mutex<Spent>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Spent {
    total: Reads,
    /// The bytes that the reads under way may read.
    reserved: u64,
}

/// How many bytes a unit of consumed capacity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Strong,
    Eventual,
    Transaction,
}

/// A reservation of the most that a read in progress may read. One that is dropped was sent and not
/// answered: DynamoDB may read all of it, and so all of it stays charged.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reservation {
    shared: Arc<Shared>,
    bytes: u64,
    /// The charge when it ends.
    charged: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl Budget {
    /// A budget with limits, of which nothing is spent.
    pub fn new(limits: Reads) -> Self {
        Self::with_limits(Some(limits))
    }

    /// A budget without limits: reads are counted and never fail.
    pub fn unlimited() -> Self {
        Self::with_limits(None)
    }

    fn with_limits(limits: Option<Reads>) -> Self {
        let shared = Shared { limits, spent: Mutex::default(), settled: Notify::new() };
        Self { shared: Arc::new(shared), kept: Reads::default() }
    }

    /// Its limits; `None` where it has none.
    pub fn limits(&self) -> Option<Reads> {
        self.shared.limits
    }

    /// Returns what was read.
    pub fn spent(&self) -> Reads {
        self.shared.lock().total
    }

    /// Returns what may still be read; `None` where that has no limit. What reads under way reserve
    /// counts as left.
    pub fn left(&self) -> Option<Reads> {
        let total = self.shared.lock().total;
        self.limits().map(|limits| limits.without(self.kept).without(total))
    }

    /// The same budget, whose reads leave so much more of it for others.
    #[must_use]
    pub fn keeping(&self, kept: Reads) -> Self {
        Self { shared: Arc::clone(&self.shared), kept: self.kept.plus(kept) }
    }

    /// Takes one read of so many bytes at most.
    pub(crate) async fn reserve(&self, most_bytes: u64) -> Result<Reservation, Error> {
        let take = |free: Option<u64>| (free.is_none_or(|free| most_bytes <= free)).then_some(1);
        self.reserve_some(1, |_| most_bytes, take).await.map(|(_, reservation)| reservation)
    }

    /// Takes one read of a page with so many items at most.
    pub(crate) async fn reserve_page(&self, limit: Option<u32>) -> Result<Reservation, Error> {
        let of_items =
            limit.map_or(PAGE_BYTES, |limit| u64::from(limit).saturating_mul(ITEM_BYTES));
        self.reserve(of_items.min(PAGE_BYTES)).await
    }

    /// Takes one read of items by their keys: as many of those wanted as the budget lasts for.
    pub(crate) async fn reserve_items(&self, wanted: usize) -> Result<(usize, Reservation), Error> {
        let take = |free: Option<u64>| {
            let fitting = free.map_or(wanted, |free| match batch_bytes(wanted) <= free {
                true => wanted,
                false => usize::try_from(free / ITEM_BYTES).unwrap_or(wanted).min(wanted),
            });
            (fitting > 0).then_some(fitting)
        };
        self.reserve_some(wanted, batch_bytes, take).await
    }

    /// Takes one read of so many items by their keys, all of them.
    pub(crate) async fn reserve_batch(&self, keys: usize) -> Result<Reservation, Error> {
        self.reserve(batch_bytes(keys)).await
    }

    /// Takes one read of so many items as they are at one moment.
    pub(crate) async fn reserve_transaction(&self, items: usize) -> Result<Reservation, Error> {
        self.reserve(capped_bytes(items, TRANSACTION_BYTES)).await
    }

    /// Takes one read of as many as fit, all that are wanted if others give back what they do not
    /// read.
    async fn reserve_some(
        &self,
        wanted: usize,
        bytes_of: impl Fn(usize) -> u64,
        take: impl Fn(Option<u64>) -> Option<usize>,
    ) -> Result<(usize, Reservation), Error> {
        loop {
            // Made before anything is compared, so that nothing that is given back since is missed.
            let settled = self.shared.settled.notified();
            {
                let mut spent = self.shared.lock();
                let left = self.limits().map(|limits| limits.without(self.kept));
                if left.is_some_and(|left| spent.total.reads >= left.reads) {
                    return Err(self.over());
                }
                let free = left.map(|left| {
                    left.bytes.saturating_sub(spent.total.bytes).saturating_sub(spent.reserved)
                });
                let fitting = take(free);
                if spent.reserved == 0 || fitting == Some(wanted) {
                    let count = fitting.ok_or_else(|| self.over())?;
                    let bytes = bytes_of(count);
                    spent.total.reads += 1;
                    spent.reserved += bytes;
                    let shared = Arc::clone(&self.shared);
                    return Ok((count, Reservation { shared, bytes, charged: bytes }));
                }
            }
            settled.await;
        }
    }

    fn over(&self) -> Error {
        let limits = self.limits().unwrap_or_default();
        Error::OverBudget { limits, relation: None }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().expect("no holder panics")
    }
}

impl Reservation {
    /// Gives back what was not read, of an answer that consumed so many units.
    pub(crate) fn settle<'a>(
        self,
        consumed: impl IntoIterator<Item = &'a ConsumedCapacity>,
        unit: Unit,
    ) {
        let units = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units);
        self.settle_bytes((units.sum::<f64>() * unit.bytes()).ceil() as u64);
    }

    /// Gives back what was not read, of so many bytes that were.
    pub(crate) fn settle_bytes(mut self, bytes: u64) {
        self.charged = bytes;
    }

    /// Gives back everything if DynamoDB answered with an error. One that is tried again without an
    /// answer stays charged.
    pub(crate) fn fail<E, R>(self, error: &SdkError<E, R>) {
        if matches!(error, SdkError::ServiceError(_) | SdkError::ConstructionFailure(_)) {
            self.settle_bytes(0);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut spent = self.shared.lock();
        spent.reserved -= self.bytes;
        spent.total.bytes += self.charged;
        drop(spent);
        self.shared.settled.notify_waiters();
    }
}

impl Unit {
    pub(crate) fn for_read(is_strong: bool) -> Self {
        if is_strong { Self::Strong } else { Self::Eventual }
    }

    fn bytes(self) -> f64 {
        match self {
            Self::Strong => 4096.0,
            Self::Eventual => 8192.0,
            Self::Transaction => 2048.0,
        }
    }
}

/// The most bytes that one BatchGetItem of so many keys reads.
fn batch_bytes(keys: usize) -> u64 {
    capped_bytes(keys, BATCH_BYTES)
}

fn capped_bytes(items: usize, most: u64) -> u64 {
    let items = items as u64;
    (items * ITEM_BYTES).min(most + items * READ_UNIT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reads::MIN_READ_MB;

    fn budget(reads: u64, bytes: u64) -> Budget {
        Budget::new(Reads { reads, bytes })
    }

    #[tokio::test]
    async fn a_read_fails_once_the_reads_or_the_bytes_are_spent() {
        let two = budget(2, 10);
        two.reserve(10).await.expect("the first").settle_bytes(1);
        two.reserve(9).await.expect("the second").settle_bytes(0);
        assert!(matches!(two.reserve(0).await, Err(Error::OverBudget { .. })));
        assert_eq!(two.spent(), Reads { reads: 2, bytes: 1 });
        let ten = budget(9, 10);
        ten.reserve(10).await.expect("all bytes").settle_bytes(7);
        assert!(matches!(ten.reserve(4).await, Err(Error::OverBudget { .. })));
        assert_eq!(ten.left(), Some(Reads { reads: 8, bytes: 3 }));
    }

    #[tokio::test]
    async fn a_read_waits_for_bytes_that_another_gives_back() {
        let budget = budget(9, 10);
        let first = budget.reserve(10).await.expect("nothing is spent");
        let second = tokio::spawn({
            let budget = budget.clone();
            async move { budget.reserve(6).await.map(|read| read.settle_bytes(6)) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        first.settle_bytes(4);
        second.await.expect("no panic").expect("six are left");
        assert_eq!(budget.spent(), Reads { reads: 2, bytes: 10 });
    }

    #[tokio::test]
    async fn what_is_kept_is_left_for_others() {
        let budget = budget(3, 10);
        let further = budget.keeping(Reads { reads: 1, bytes: 4 });
        further.reserve(6).await.expect("six are not kept").settle_bytes(6);
        assert!(further.reserve(1).await.is_err());
        budget.reserve(4).await.expect("what was kept").settle_bytes(4);
    }

    #[tokio::test]
    async fn as_many_items_are_taken_as_the_bytes_last_for() {
        let budget = budget(9, 20 * MB);
        let (all, read) = budget.reserve_items(100).await.expect("most of a batch is left");
        assert_eq!(all, 100);
        read.settle_bytes(18 * MB);
        let (five, read) = budget.reserve_items(100).await.expect("two megabytes are left");
        assert_eq!(five, 5);
        read.settle_bytes(0);
        assert_eq!(budget.spent(), Reads { reads: 2, bytes: 18 * MB });
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_in_flight_stays_charged() {
        let budget = budget(9, 10);
        let (sent, is_sent) = tokio::sync::oneshot::channel();
        let read = tokio::spawn({
            let budget = budget.clone();
            async move {
                let read = budget.reserve(6).await.expect("nothing is spent");
                sent.send(()).expect("the test waits");
                std::future::pending::<()>().await;
                read.settle_bytes(1);
            }
        });
        is_sent.await.expect("it is reserved");
        let waiting = tokio::spawn({
            let budget = budget.clone();
            async move { budget.reserve(5).await.map(|read| read.settle_bytes(5)) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        read.abort();
        read.await.expect_err("it never ends by itself");
        assert!(matches!(waiting.await.expect("no panic"), Err(Error::OverBudget { .. })));
        assert_eq!(budget.spent(), Reads { reads: 1, bytes: 6 });
        budget.reserve(4).await.expect("four are left").settle_bytes(4);
    }

    #[tokio::test]
    async fn an_error_that_dynamodb_answers_charges_nothing_and_a_lost_answer_does() {
        let budget = budget(9, 10);
        let throttled: SdkError<&str, ()> = SdkError::service_error("throttled", ());
        budget.reserve(10).await.expect("nothing is spent").fail(&throttled);
        assert_eq!(budget.spent(), Reads { reads: 1, bytes: 0 });
        let lost: SdkError<&str, ()> = SdkError::timeout_error("no answer");
        budget.reserve(10).await.expect("nothing is spent").fail(&lost);
        assert_eq!(budget.spent(), Reads { reads: 2, bytes: 10 });
    }

    #[tokio::test]
    async fn the_least_megabytes_are_enough_for_the_largest_transaction() {
        let budget = Budget::new(Reads { reads: 1, bytes: MIN_READ_MB * MB });
        budget.reserve_transaction(100).await.expect("enough").settle_bytes(0);
    }
}
