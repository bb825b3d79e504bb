//! On whose behalf a request is sent, and whether that invocation dies of it.
//!
//! **Invariant:** a caller that is to die sends no request after the one it dies of.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

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

/// An invocation as the network sees it.
#[derive(Debug)]
pub(crate) struct Caller {
    name: String,
    requests: AtomicU32,
    death: Option<(u32, Death)>,
    killer: Mutex<Option<oneshot::Sender<()>>>,
}

impl Caller {
    /// A caller that dies of the request of that number, counted from zero, and how to learn of it.
    pub(crate) fn new(
        name: String,
        death: Option<(u32, Death)>,
    ) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (killer, killed) = oneshot::channel();
        let killer = Mutex::new(Some(killer));
        (Arc::new(Self { name, requests: AtomicU32::new(0), death, killer }), killed)
    }

    /// Runs a future on behalf of this caller.
    pub(crate) async fn scope<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        CALLER.scope(self, future).await
    }

    /// The name of whoever sends a request now.
    pub(crate) fn name() -> String {
        CALLER.try_with(|caller| caller.name.clone()).unwrap_or_default()
    }

    /// Counts a request of whoever sends it now, and says whether it is the death of it.
    pub(crate) fn next_request() -> Option<Death> {
        CALLER.try_with(|caller| caller.next()).ok().flatten()
    }

    fn next(&self) -> Option<Death> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        let (_, death) = self.death.filter(|(last, _)| *last == request)?;
        let killer = self.killer.lock().expect("no panic").take();
        if let Some(killer) = killer {
            // Nobody listens any more: it has ended already.
            let _ = killer.send(());
        }
        Some(death)
    }
}
