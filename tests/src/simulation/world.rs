//! The state that the parts of a world share: its journal, its source, its weather, and what is
//! still on its way.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::journal::Journal;
use super::source::Source;
use super::weather::Weather;

/// How often to look whether everything has landed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

thread_local! {
    /// The world that this thread lives.
    static CURRENT: RefCell<Weak<World>> = const { RefCell::new(Weak::new()) };
}

/// Returns the wall clock's time in the world that this thread lives.
pub(crate) fn wall_clock() -> SystemTime {
    let world = CURRENT.with_borrow(Weak::upgrade).expect("a thread that lives a world");
    SystemTime::UNIX_EPOCH + Duration::from_millis(world.now_ms())
}

/// One world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) journal: Journal,
    pub(crate) weather: Weather,
    source: Mutex<Source>,
    is_calm: AtomicBool,
    in_flight: AtomicUsize,
    changed: Notify,
}

/// Something on its way: a request, an invocation whose caller has gone.
#[derive(Debug)]
pub(crate) struct Flight(Arc<World>);

impl World {
    /// Returns a world in which nothing has happened yet.
    pub(crate) fn new(journal: Journal, weather: Weather, source: Source) -> Arc<Self> {
        let world = Arc::new(Self {
            journal,
            weather,
            source: Mutex::new(source),
            is_calm: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            changed: Notify::new(),
        });
        CURRENT.set(Arc::downgrade(&world));
        world
    }

    /// Returns the table and its stream.
    pub(crate) fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().expect("no panic at the source")
    }

    /// Returns the time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.source().now_ms()
    }

    /// Returns whether nothing goes wrong any more.
    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// Lets things go wrong, or not.
    pub(crate) fn set_calm(&self, is_calm: bool) {
        self.is_calm.store(is_calm, Ordering::Relaxed);
        self.journal.record(format_args!("calm: {is_calm}"));
        self.notify();
    }

    /// Wakes the tasks that wait for a change.
    pub(crate) fn notify(&self) {
        self.changed.notify_waiters();
    }

    /// Wakes them some time later.
    pub(crate) fn notify_in(self: &Arc<Self>, time: Duration) {
        let world = Arc::clone(self);
        tokio::spawn(async move {
            sleep(time).await;
            world.notify();
        });
    }

    /// Waits for a change.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Something is on its way until the flight is dropped.
    pub(crate) fn fly(self: &Arc<Self>) -> Flight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Flight(Arc::clone(self))
    }

    /// Waits until nothing is on its way.
    pub(crate) async fn landed(&self) {
        while self.in_flight.load(Ordering::Relaxed) > 0 {
            sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
