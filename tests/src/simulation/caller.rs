//! On whose behalf a request is sent, and whether that invocation dies of it.
//!
//! **Invariant:** a caller that is to die sends no request after the one it dies of.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::dice::Dice;
use super::world::World;

/// The latest request that an invocation dies of.
const LATEST_DEATH: usize = 60;
/// An invocation that dies leaves its last request undone so often.
const UNDONE_PER_MILLE: u32 = 400;

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// How an invocation dies of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Before the request has arrived.
    BeforeEffect,
    /// After it has taken effect, or while it is on its way.
    AfterEffect,
}

impl Death {
    /// Returns whether an invocation of a world dies, of which request, counted from zero, and how.
    pub(crate) fn by_chance(dice: &mut Dice, world: &World) -> Option<(u32, Self)> {
        let dies = dice.happens(world.weather.crash) && !world.is_calm();
        let request = dice.within(0..=LATEST_DEATH) as u32;
        let death = Self::new(dice);
        dies.then_some((request, death))
    }

    /// Returns a way to die.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let is_undone = dice.happens(UNDONE_PER_MILLE);
        if is_undone { Self::BeforeEffect } else { Self::AfterEffect }
    }
}

/// An invocation as the network sees it.
#[derive(Debug)]
pub(crate) struct Caller {
    name: String,
    requests: AtomicU32,
    death: Option<(u32, Death)>,
    is_of_old_version: bool,
    killer: Mutex<Option<oneshot::Sender<()>>>,
}

impl Caller {
    /// Returns a caller that dies of the request of that number, counted from zero, and how to
    /// learn of it.
    pub(crate) fn new(name: String, death: Option<(u32, Death)>) -> (Self, oneshot::Receiver<()>) {
        let (killer, killed) = oneshot::channel();
        let killer = Mutex::new(Some(killer));
        let requests = AtomicU32::new(0);
        (Self { name, requests, death, is_of_old_version: false, killer }, killed)
    }

    /// Returns the caller as one that is an old version of Weir, or not.
    pub(crate) fn of_old_version(self, is_of_old_version: bool) -> Self {
        Self { is_of_old_version, ..self }
    }

    /// Runs a future on behalf of this caller.
    pub(crate) async fn scope<F: Future>(self, future: F) -> F::Output {
        CALLER.scope(Arc::new(self), future).await
    }

    /// Returns the name of the current caller.
    pub(crate) fn name() -> String {
        CALLER.try_with(|caller| caller.name.clone()).unwrap_or_default()
    }

    /// Returns whether the current caller is an old version of Weir.
    pub(crate) fn is_of_old_version() -> bool {
        CALLER.try_with(|caller| caller.is_of_old_version).unwrap_or_default()
    }

    /// Counts a request of the current caller, and returns whether the caller dies at it.
    pub(crate) fn next_request() -> Option<Death> {
        CALLER.try_with(|caller| caller.next()).ok().flatten()
    }

    fn next(&self) -> Option<Death> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let (_, death) = self.death.filter(|(last, _)| *last == request)?;
        let killer = self.killer.lock().expect("no panic").take();
        if let Some(killer) = killer {
            // The receiver is gone: it has ended already.
            let _ = killer.send(());
        }
        Some(death)
    }
}
