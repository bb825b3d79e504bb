//! The open connections of a plain server, at most so many.
//!
//! At the limit, the connection that has been quiet for the longest time makes room: an idle one,
//! or one that is slow to send its request. If each has a request that is being answered, there is
//! no room.
//!
//! **Invariant:** a request that has arrived is answered; idle and slow clients cannot keep others
//! out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::Activity;

/// The open connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    most: usize,
    open: Arc<Mutex<Open>>,
    /// Wakes when the last place is given up.
    closed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    /// How many places are not given up yet, those of closed and evicted connections included.
    places: usize,
    by_id: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    activity: Arc<Activity>,
    evicted: Arc<Notify>,
}

/// The place of one connection and of the request that it has in progress; it is given up when this
/// is dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Connections,
    id: u64,
    /// The state of the connection.
    pub(super) activity: Arc<Activity>,
    /// Wakes when the connection is to make room for another.
    pub(super) evicted: Arc<Notify>,
}

impl Connections {
    /// Makes places for at most so many connections.
    pub(super) fn new(most: usize) -> Self {
        Self { most, open: Arc::default(), closed: Arc::default() }
    }

    /// Takes a place for a new connection, if need be that of the quietest one; `None` if a request
    /// of each is being answered.
    pub(super) fn enter(&self) -> Option<Place> {
        let mut open = self.lock();
        if open.by_id.len() >= self.most && !open.evict() {
            return None;
        }
        let (activity, evicted) = (Arc::new(Activity::new()), Arc::new(Notify::new()));
        let id = open.next_id;
        open.next_id += 1;
        open.places += 1;
        let entry = Entry { activity: Arc::clone(&activity), evicted: Arc::clone(&evicted) };
        open.by_id.insert(id, entry);
        drop(open);
        Some(Place { connections: self.clone(), id, activity, evicted })
    }

    /// Closes the quietest connection, if there is one.
    pub(super) fn evict(&self) -> bool {
        self.lock().evict()
    }

    /// Waits until there is none, and no request of one that was closed.
    pub(super) async fn none_left(&self) {
        loop {
            let closed = self.closed.notified();
            if self.lock().places == 0 {
                return;
            }
            closed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn evict(&mut self) -> bool {
        let quiet = self.by_id.iter().filter_map(|(id, entry)| {
            let since = entry.activity.quiet_since()?;
            Some((since, *id))
        });
        let Some((_, id)) = quiet.min() else { return false };
        if let Some(entry) = self.by_id.remove(&id) {
            entry.evicted.notify_one();
        }
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.by_id.remove(&self.id);
        open.places -= 1;
        if open.places == 0 {
            self.connections.closed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_quietest_connection_makes_room_and_one_that_is_being_answered_does_not() {
        let connections = Connections::new(2);
        let first = connections.enter().expect("room");
        let second = connections.enter().expect("room");
        first.activity.received();
        let third = connections.enter().expect("room");
        second.evicted.notified().await;
        for place in [&first, &third] {
            place.activity.began_body();
            place.activity.ended_body();
        }
        assert!(connections.enter().is_none());
        third.activity.answered();
        let fourth = connections.enter().expect("room");
        third.evicted.notified().await;
        drop((first, second, third, fourth));
        connections.none_left().await;
    }
}
