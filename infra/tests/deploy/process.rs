//! Processes that a test runs to their end, and what they printed.

use std::io::Write;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held while a process is started and while a program is written: a process that starts meanwhile
/// inherits the open file, and nothing can execute a file that is open for writing.
static FORKS: Mutex<()> = Mutex::new(());

/// Keeps all processes from starting until the guard is dropped.
pub(crate) fn hold_forks() -> MutexGuard<'static, ()> {
    FORKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Returns the last error on standard error. The process must have failed with it.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.status.code(), Some(1), "{}", self.stdout);
        &self.stderr[self.stderr.rfind("weir: ").expect("an error")..]
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status.success()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// Starts a command whose standard input and outputs are pipes.
pub(crate) fn start(mut command: Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let _alone = hold_forks();
    command.spawn().expect("started")
}

/// Runs a command to its end, with this text on its standard input.
pub(crate) fn run(command: Command, typed: &str) -> Ended {
    let mut process = start(command);
    // A program that reads nothing may have ended before.
    let _ = process.stdin.take().expect("piped").write_all(typed.as_bytes());
    process.wait_with_output().expect("ended").into()
}
