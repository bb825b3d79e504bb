//! `weir dev` as a process whose use of the machine is read from `/proc`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use weir_testing::process::Process;

/// Clock ticks of `/proc/<pid>/stat` in a second, as Linux shows them to programs ("proc(5)").
const TICKS_PER_SECOND: u64 = 100;
/// The process is idle if it uses no more than this in such an interval: it polls the stream.
const IDLE_INTERVAL: Duration = Duration::from_millis(500);
const IDLE_CPU_MS: u64 = 150;
/// How long the changes of earlier requests may take to be counted.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the line of an answered request may take to reach the log.
const LOG_TIMEOUT: Duration = Duration::from_secs(20);

/// The process.
pub(crate) struct Served {
    process: Process,
    pub(crate) address: String,
    /// How many lines of the log were read.
    read: usize,
}

/// What the process used since it started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    pub(crate) cpu_ms: u64,
}

/// DynamoDB reads of one request, as the log states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl From<(u64, u64)> for Reads {
    fn from((requests, bytes): (u64, u64)) -> Self {
        Self { requests, bytes }
    }
}

impl Served {
    /// Starts `weir dev` over a definition and waits until it serves.
    pub(crate) async fn start(folder: &Path) -> Self {
        let binary = env::var_os("WEIR_FUZZ_BINARY");
        let binary = binary.unwrap_or_else(|| env!("CARGO_BIN_EXE_weir").into());
        let mut command = Command::new(binary);
        command
            .current_dir(folder)
            .args(["dev", "--port", "0", "--dynamodb-port", "0"])
            .env("RUST_LOG", "warn,weir_http::requests=info,dynoxide=error")
            .env("NO_COLOR", "1");
        let process = Process::start(command);
        process.says("Ctrl-C stops.").await;
        let line = process.says("Serving on http://").await;
        let (_, url) = line.split_once("http://").expect("a URL");
        let address = url.split(',').next().expect("a URL").to_owned();
        Self { process, address, read: 0 }
    }

    pub(crate) fn is_running(&self) -> bool {
        !self.process.has_ended()
    }

    fn proc_file(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.process.id()))
    }

    /// The CPU time that all threads used so far.
    pub(crate) fn used(&self) -> Used {
        let stat = fs::read_to_string(self.proc_file("stat")).expect("a process that runs");
        // The name of the program, in parentheses, may contain blanks.
        let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|field| field.parse::<u64>().expect("a number")).sum();
        Used { cpu_ms: ticks * 1000 / TICKS_PER_SECOND }
    }

    /// Waits until the process uses next to no CPU time: nothing is left to be counted.
    pub(crate) fn wait_until_idle(&self) {
        let begun = Instant::now();
        loop {
            let before = self.used().cpu_ms;
            std::thread::sleep(IDLE_INTERVAL);
            if self.used().cpu_ms - before <= IDLE_CPU_MS {
                return;
            }
            assert!(begun.elapsed() < IDLE_TIMEOUT, "the process does not become idle");
        }
    }

    /// Sets the peak of the resident memory to what is resident now ("proc(5)", `clear_refs`).
    pub(crate) fn reset_peak(&self) {
        fs::write(self.proc_file("clear_refs"), "5").expect("a process of this user");
    }

    /// A line of `/proc/<pid>/status`, in KB: `VmRSS` or `VmHWM`.
    pub(crate) fn memory_kb(&self, name: &str) -> u64 {
        let status = fs::read_to_string(self.proc_file("status")).expect("a process that runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
        number.and_then(|number| number.parse().ok()).expect("a size in KB")
    }

    /// Waits for the log line of a request and returns its reads.
    pub(crate) fn reads_of(&mut self, id: &str) -> Reads {
        let marker = format!("request_id=\"{id}\"");
        let is_wanted =
            |line: &str| line.contains(&marker) && line.contains("a request was answered");
        let begun = Instant::now();
        let line = loop {
            if let Some((position, line)) = self.process.log.find_from(self.read, is_wanted) {
                self.read = position + 1;
                break line;
            }
            assert!(begun.elapsed() < LOG_TIMEOUT, "no line of {id} in the log");
            std::thread::sleep(Duration::from_millis(1));
        };
        let field = |name: &str| {
            let (_, rest) = line.split_once(&format!(" {name}="))?;
            rest.split_whitespace().next()?.parse().ok()
        };
        // The writer reads nothing, and its lines have no such fields.
        field("reads").zip(field("read_bytes")).map(Reads::from).unwrap_or_default()
    }

    /// The log from its beginning.
    pub(crate) fn log(&self) -> String {
        self.process.log.text()
    }
}
