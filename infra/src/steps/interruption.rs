//! A signal that asks the command to end while a step is under way.
//!
//! Weir waits for a program that it has started, and begins no other step. A signal from a terminal
//! reaches that program too. Work of Weir's own that can be continued later ends at once. Between
//! steps, as at a question, the signal ends Weir as it ends any program, and so does a second
//! signal at any time.

use std::io::{self, Write};
use std::process::exit;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::terminal;

/// How often work of our own looks for a signal.
const PAUSE: Duration = Duration::from_millis(100);

/// The exit code that a shell reports for a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

static LISTENS: Once = Once::new();
static IS_BUSY: AtomicBool = AtomicBool::new(false);
static IS_WANTED: AtomicBool = AtomicBool::new(false);

/// A step that is under way until this is dropped.
pub(super) struct Busy;

/// Says that a step is under way. The first time, waits until signals are heard.
pub(super) fn busy() -> Busy {
    LISTENS.call_once(|| {
        let (heard, hears) = channel();
        thread::spawn(move || listen(&heard));
        // A listener that cannot hear says nothing, and signals do what they always do.
        let _ = hears.recv();
    });
    IS_BUSY.store(true, Ordering::SeqCst);
    Busy
}

/// Does some work, unless a signal asks for the end before it is done.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = T>) -> Option<T> {
    let _busy = busy();
    let interrupted = async {
        while !is_wanted() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        done = work => Some(done),
        () = interrupted => None,
    }
}

/// Returns whether a signal asked for the end.
pub(super) fn is_wanted() -> bool {
    IS_WANTED.load(Ordering::SeqCst)
}

impl Drop for Busy {
    fn drop(&mut self) {
        IS_BUSY.store(false, Ordering::SeqCst);
    }
}

fn listen(heard: &Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return;
    };
    runtime.block_on(async {
        let Ok(mut signals) = Signals::new() else { return };
        // The receiver may be gone.
        let _ = heard.send(());
        while signals.next().await {
            let is_second = IS_WANTED.swap(true, Ordering::SeqCst);
            if is_second || !IS_BUSY.load(Ordering::SeqCst) {
                exit(INTERRUPTED);
            }
            // If standard error is closed, there is no reader.
            let _ = writeln!(
                terminal::messages(),
                "weir: received a signal; the command ends after the step under way, or at once \
                 after a second signal"
            );
        }
    });
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        Ok(Self { interrupt: interrupt?, terminate: terminate? })
    }

    /// Waits for one of them; false if there will be none.
    async fn next(&mut self) -> bool {
        tokio::select! {
            heard = self.interrupt.recv() => heard.is_some(),
            heard = self.terminate.recv() => heard.is_some(),
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}
