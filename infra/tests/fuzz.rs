//! Hostile requests against `weir dev`: none of them exceeds its budget of CPU time, reads, memory
//! or answer, and the rollups are what a recount of the items gives afterwards.
//!
//! | variable | meaning |
//! |---|---|
//! | `WEIR_FUZZ_REQUESTS` | how many requests are sent, 120 if unset |
//! | `WEIR_FUZZ_LANES` | how many servers share them, 1 if unset |
//! | `WEIR_FUZZ_SEED` | the seed that the first lane draws from; the next seeds are the others' |
//! | `WEIR_FUZZ_BINARY` | the `weir` that is attacked, the one of this build if unset |
//!
//! Each lane has a server of its own and sends it one request at a time, so the CPU time of a
//! request is that of its process, whatever the other lanes do.
#![cfg(target_os = "linux")]

#[path = "fuzz/process.rs"]
mod process;
#[path = "fuzz/requests.rs"]
mod requests;
#[path = "fuzz/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::Served;
use crate::requests::Attacker;
use crate::wire::{HttpResponse, Request};

const DEFINITION: &str = include_str!("fuzz/weir.toml");
/// Requests that are sent unless the environment says otherwise.
const REQUESTS: u64 = 120;
const LANES: u64 = 1;
const SEED: u64 = 0x5EED;

/// The CPU time of one request, as a multiple of that of the most expensive valid one. It includes
/// that of the embedded DynamoDB. A request that exceeds it is sent again once the processor has
/// counted what earlier requests wrote, which takes CPU time of the same process.
const CPU_RATIO: u64 = 8;
/// The reads of DynamoDB of one request: the default of `WEIR_REQUEST_MAX_READS`.
const MAX_READS: u64 = 1_000;
/// The bytes that DynamoDB reads for one request: the default of `WEIR_REQUEST_MAX_READ_MB`.
const MAX_READ_BYTES: u64 = 20 * 1024 * 1024;
/// The memory that one request may add while it is answered, in KB: less than half of a function's.
const MAX_MEMORY_KB: u64 = 112 * 1024;
/// The largest answer that Lambda returns, in bytes ("Lambda quotas").
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;
/// The largest problem, in bytes.
const MAX_PROBLEM_BYTES: usize = 256 * 1024;
/// How long the rollups may take to count the last change.
const COUNTED_TIMEOUT: Duration = Duration::from_secs(120);

/// The most that a request of one kind needed.
#[derive(Debug, Default)]
struct Peak {
    requests: u64,
    statuses: BTreeMap<u16, u64>,
    cpu_ms: u64,
    reads: u64,
    read_bytes: u64,
    memory_kb: u64,
    answer_bytes: usize,
}

fn variable(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// A valid batch as large as the services take.
fn largest_valid() -> Request {
    let row = |n: usize| {
        let (hour, minute) = (n / 60, n % 60);
        json!({ "account": "calibration", "order": format!("o{n}"), "total": n, "product": "p",
            "placed": format!("2026-11-20T{hour:02}:{minute:02}:00Z"), "free": "x".repeat(7_500) })
    };
    let rows: Vec<Value> = (0..500).map(row).collect();
    Request::new("calibration", "POST", "/batch/order").json(Value::from(rows).to_string())
}

/// A valid question of about as many reads as a request may make: 15 groups of 64 stripes.
fn most_reads() -> Request {
    let groups: Vec<_> = (0..15).map(|group| format!("account=nobody{group}")).collect();
    let range = "every=day&from=2026-11-20&to=2026-11-21";
    Request::new("calibration", "GET", format!("/rollups/spend?{}&{range}", groups.join("&")))
}

fn get(address: &str, path: &str) -> Value {
    let answer = Request::new("check", "GET", path).send("check", address);
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("JSON")
}

/// Requests that one server answers, one after the other.
struct Lane {
    /// Its position among the lanes.
    number: u64,
    requests: u64,
    served: Served,
}

/// The results of a lane, or of several.
#[derive(Debug, Default)]
struct Findings {
    cpu_budgets_ms: Vec<u64>,
    peaks: BTreeMap<&'static str, Peak>,
    faults: Vec<String>,
}

impl Peak {
    /// Adds the requests of another lane.
    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.cpu_ms = self.cpu_ms.max(other.cpu_ms);
        self.reads = self.reads.max(other.reads);
        self.read_bytes = self.read_bytes.max(other.read_bytes);
        self.memory_kb = self.memory_kb.max(other.memory_kb);
        self.answer_bytes = self.answer_bytes.max(other.answer_bytes);
    }
}

impl Findings {
    /// Adds the results of another lane.
    fn merge(&mut self, other: Self) {
        self.cpu_budgets_ms.extend(other.cpu_budgets_ms);
        self.faults.extend(other.faults);
        for (kind, peak) in other.peaks {
            self.peaks.entry(kind).or_default().merge(peak);
        }
    }
}

impl Lane {
    /// Measures the most expensive valid requests and returns the CPU budget of one request, in ms.
    fn calibrate(&self) -> u64 {
        let largest = [largest_valid(), most_reads()].into_iter().map(|request| {
            let before = self.served.used();
            let answer = request.send("calibration", &self.served.address);
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            let used_ms = self.served.used().cpu_ms - before.cpu_ms;
            counted(&self.served.address, "calibration");
            used_ms
        });
        CPU_RATIO * largest.max().expect("requests")
    }

    /// Sends all requests of the lane, checks each, and if all are well the server afterwards.
    fn attack(mut self) -> Findings {
        let address = self.served.address.clone();
        let seed = variable("WEIR_FUZZ_SEED", SEED) + self.number;
        let mut attacker = Attacker::new(seed, &get(&address, "/openapi.json"));
        let budget_ms = self.calibrate();
        let mut findings = Findings { cpu_budgets_ms: vec![budget_ms], ..Findings::default() };
        for number in 0..self.requests {
            self.send(number, &mut attacker, budget_ms, &mut findings);
        }
        if !findings.faults.is_empty() {
            return findings;
        }
        let log = self.served.log();
        assert!(!log.contains("panicked"), "{log}");
        for customer in 0..20 {
            counted(&address, &format!("c{customer}"));
        }
        assert_eq!(get(&address, "/health"), json!({ "status": "ok" }));
        findings
    }

    /// Sends the next request and compares with the budgets.
    fn send(
        &mut self,
        number: u64,
        attacker: &mut Attacker,
        cpu_budget_ms: u64,
        findings: &mut Findings,
    ) {
        let (served, lane) = (&mut self.served, self.number);
        let (id, request) = (format!("fuzz-{number}"), attacker.next());
        served.reset_peak();
        let (cpu, resident) = (served.used(), served.memory_kb("VmRSS"));
        let answer = request.send(&id, &served.address);
        let is_running = served.is_running();
        assert!(is_running, "request {number} of lane {lane} ended the server: {request:?}");
        let mut cpu_ms = served.used().cpu_ms - cpu.cpu_ms;
        let memory_kb = served.memory_kb("VmHWM").saturating_sub(resident);
        let reads =
            if answer.is_from_application { served.reads_of(&id) } else { Default::default() };
        attacker.learn(&request, &answer.body);
        if cpu_ms > cpu_budget_ms {
            served.wait_until_idle();
            let cpu = served.used();
            request.send(&format!("{id}-again"), &served.address);
            cpu_ms = cpu_ms.min(served.used().cpu_ms - cpu.cpu_ms);
        }

        let checks = [
            (cpu_ms <= cpu_budget_ms, format!("{cpu_ms} ms of CPU, budget {cpu_budget_ms}")),
            (reads.requests <= MAX_READS, format!("{} reads", reads.requests)),
            (reads.bytes <= MAX_READ_BYTES, format!("{} bytes read", reads.bytes)),
            (memory_kb <= MAX_MEMORY_KB, format!("{memory_kb} KB of memory")),
            (answer.bytes <= MAX_ANSWER_BYTES, format!("an answer of {} bytes", answer.bytes)),
            (answer.status < 500, format!("status {}", answer.status)),
            (is_clear(&request, &answer), "a problem that is not one, or is too long".to_owned()),
        ];
        for (_, fault) in checks.into_iter().filter(|(holds, _)| !holds) {
            let sent = format!("{} {}", request.method, request.shown());
            let body: String = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
            let place = format!("{number} of lane {lane}, {}", request.kind);
            findings.faults.push(format!("{place}, {sent}: {fault}: {body}"));
        }
        findings.peaks.entry(request.kind).or_default().merge(Peak {
            requests: 1,
            statuses: BTreeMap::from([(answer.status, 1)]),
            cpu_ms,
            reads: reads.requests,
            read_bytes: reads.bytes,
            memory_kb,
            answer_bytes: answer.bytes,
        });
    }
}

#[tokio::test]
async fn no_hostile_request_exceeds_its_budget() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("weir.toml"), DEFINITION).expect("written");
    let (requests, lanes) = (variable("WEIR_FUZZ_REQUESTS", REQUESTS), lanes());
    let mut running = Vec::new();
    for number in 0..lanes {
        let share = requests / lanes + u64::from(number < requests % lanes);
        let served = Served::start(folder.path()).await;
        let lane = Lane { number, requests: share, served };
        running.push(thread::spawn(move || lane.attack()));
    }
    let mut findings = Findings::default();
    for lane in running {
        findings.merge(lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    }

    println!("CPU budgets: {:?} ms", findings.cpu_budgets_ms);
    for (kind, peak) in &findings.peaks {
        println!("{kind}: {peak:?}");
    }
    assert_eq!(findings.peaks.values().map(|peak| peak.requests).sum::<u64>(), requests);
    let faults = findings.faults;
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn lanes() -> u64 {
    let lanes = variable("WEIR_FUZZ_LANES", LANES);
    assert!(lanes > 0, "WEIR_FUZZ_LANES is 0, expected 1 or more");
    lanes
}

/// Whether an answer that is not a success is a problem of a size that a client can take.
fn is_clear(request: &Request, answer: &HttpResponse) -> bool {
    if answer.status < 400 || !answer.is_from_application || request.method == "HEAD" {
        return true;
    }
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    // A batch reports on each row.
    let is_report = problem.get("results").is_some() || problem.get("refused").is_some();
    (problem["type"].is_string() || is_report) && answer.bytes <= MAX_PROBLEM_BYTES
}

/// Waits until the rollup of an account is what a recount of its orders gives.
fn counted(address: &str, account: &str) {
    let begun = Instant::now();
    loop {
        let items = orders(address, account);
        let count = items.len() as u64;
        let revenue: i128 = items.iter().map(|order| hundredths(&order["total"])).sum();
        let answer = get(address, &format!("/rollups/spend?account={account}&every=all"));
        let point = &answer["points"][0];
        let counted = (point["orders"].as_u64().unwrap_or(0), hundredths(&point["revenue"]));
        if counted == (count, revenue) {
            return;
        }
        assert!(begun.elapsed() < COUNTED_TIMEOUT, "{account}: {count} {revenue}: {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A number of at most two decimal places, in hundredths; zero if there is none.
fn hundredths(number: &Value) -> i128 {
    if number.is_null() {
        return 0;
    }
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction:0<2}");
    assert!(fraction.len() <= 2, "{text}");
    digits.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// All orders of an account, page by page.
fn orders(address: &str, account: &str) -> Vec<Value> {
    let mut orders = Vec::new();
    let mut next = format!("/order/{account}?select=total");
    loop {
        let page = get(address, &next);
        orders.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["cursor"].as_str() {
            Some(cursor) => next = format!("/order/{account}?select=total&cursor={cursor}"),
            None => return orders,
        }
    }
}
