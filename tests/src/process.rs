//! A process of a test: its log is read line by line, and it does not outlive the test.
//!
//! **Invariant:** a process is killed, and waited for, when its value is dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::running::PATIENCE;

/// How often to look again.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A process, and what it says on standard output and standard error.
#[derive(Debug)]
pub struct Process {
    child: Mutex<Child>,
    /// Its output so far.
    pub log: Log,
    ended: watch::Receiver<bool>,
}

/// The lines that a process writes; a clone is the same log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Process {
    /// Starts it, with both its outputs in one log.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn start(mut command: Command) -> Self {
        let (output, input) = std::io::pipe().expect("a pipe");
        let errors = input.try_clone().expect("a pipe");
        let child = command.stdin(Stdio::null()).stdout(input).stderr(errors).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // It holds the pipe's other end, which would never end.
        drop(command);
        let (log, (end, ended)) = (Log::default(), watch::channel(false));
        let lines = log.clone();
        std::thread::spawn(move || {
            let said = BufReader::new(output).lines().map_while(Result::ok);
            said.for_each(|line| lines.push(line));
            end.send_replace(true);
        });
        Self { child: Mutex::new(child), log, ended }
    }

    /// Returns its id.
    pub fn id(&self) -> u32 {
        self.lock().id()
    }

    /// Waits until it has said a line that holds this, and returns the first such line.
    ///
    /// # Panics
    /// When it ends before, or patience does.
    pub async fn says(&self, wanted: &str) -> String {
        let asked = Instant::now();
        loop {
            // In this order: nothing is said after the end.
            let has_ended = self.has_ended();
            if let Some(line) = self.log.find(wanted) {
                return line;
            }
            let is_patient = !has_ended && asked.elapsed() < PATIENCE;
            assert!(is_patient, "it does not say `{wanted}`:\n{}", self.log.text());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When patience ends before.
    pub async fn ended(&self) -> ExitStatus {
        self.ended_within(PATIENCE).await
    }

    /// The same for a process that takes longer.
    ///
    /// # Panics
    /// When this time ends before.
    pub async fn ended_within(&self, limit: Duration) -> ExitStatus {
        let mut ended = self.ended.clone();
        let waited = tokio::time::timeout(limit, ended.wait_for(|ended| *ended)).await;
        let has_ended = waited.map(|ended| *ended.expect("its reader has not gone"));
        assert!(has_ended == Ok(true), "it does not end:\n{}", self.log.text());
        self.lock().wait().expect("a child")
    }

    /// Returns whether it has ended.
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// SIGTERM, as `docker stop` sends it.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// SIGKILL. Whether it was alive until then.
    pub fn kill(&self) -> bool {
        let mut child = self.lock();
        let was_alive = child.try_wait().expect("a child").is_none();
        child.kill().expect("a child");
        child.wait().expect("a process that ended");
        was_alive
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Log {
    /// Returns the first line that holds this.
    pub fn find(&self, wanted: &str) -> Option<String> {
        self.lock().iter().find(|line| line.contains(wanted)).cloned()
    }

    /// Returns the first line from a position on that is wanted, with its position.
    pub fn find_from(
        &self,
        position: usize,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<(usize, String)> {
        let lines = self.lock();
        let mut rest = lines.iter().enumerate().skip(position);
        rest.find(|(_, line)| is_wanted(line)).map(|(position, line)| (position, line.clone()))
    }

    /// Returns all of it.
    pub fn text(&self) -> String {
        self.lock().join("\n")
    }

    fn push(&self, line: String) {
        self.lock().push(line);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
