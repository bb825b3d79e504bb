//! Hostile requests against `weir dev`: none of them exceeds its budget of CPU time, reads, memory
//! or answer, and the rollups are what a recount of the items gives afterwards.
//!
//! | variable | meaning |
//! |---|---|
//! | `WEIR_FUZZ_REQUESTS` | how many requests are sent, 120 if unset |
//! | `WEIR_FUZZ_SEED` | the seed that they are drawn from |
//! | `WEIR_FUZZ_BINARY` | the `weir` that is attacked, the one of this build if unset |
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
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::process::Served;
use crate::requests::Attacker;
use crate::wire::{HttpResponse, Request};

const DEFINITION: &str = include_str!("fuzz/weir.toml");
/// Requests that are sent unless the environment says otherwise.
const REQUESTS: u64 = 120;
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

/// What the requests of one kind needed at most.
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

#[tokio::test]
async fn no_hostile_request_exceeds_its_budget() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("weir.toml"), DEFINITION).expect("written");
    let mut served = Served::start(folder.path()).await;
    let address = served.address.clone();
    let mut attacker =
        Attacker::new(variable("WEIR_FUZZ_SEED", SEED), &get(&address, "/openapi.json"));

    let largest = [largest_valid(), most_reads()].into_iter().map(|request| {
        let before = served.used();
        let answer = request.send("calibration", &address);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let used_ms = served.used().cpu_ms - before.cpu_ms;
        counted(&address, "calibration");
        used_ms
    });
    let cpu_budget_ms = CPU_RATIO * largest.max().expect("requests");

    let mut peaks: BTreeMap<&str, Peak> = BTreeMap::new();
    let mut faults = Vec::new();
    for number in 0..variable("WEIR_FUZZ_REQUESTS", REQUESTS) {
        let (id, request) = (format!("fuzz-{number}"), attacker.next());
        served.reset_peak();
        let (cpu, resident) = (served.used(), served.memory_kb("VmRSS"));
        let answer = request.send(&id, &address);
        assert!(served.is_running(), "request {number} ended the server: {request:?}");
        let mut cpu_ms = served.used().cpu_ms - cpu.cpu_ms;
        let memory_kb = served.memory_kb("VmHWM").saturating_sub(resident);
        let reads =
            if answer.is_from_application { served.reads_of(&id) } else { Default::default() };
        attacker.learn(&request, &answer.body);
        if cpu_ms > cpu_budget_ms {
            served.wait_until_idle();
            let cpu = served.used();
            request.send(&format!("{id}-again"), &address);
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
            faults.push(format!("{number}, {}, {sent}: {fault}: {body}", request.kind));
        }
        let peak = peaks.entry(request.kind).or_default();
        peak.requests += 1;
        *peak.statuses.entry(answer.status).or_default() += 1;
        peak.cpu_ms = peak.cpu_ms.max(cpu_ms);
        peak.reads = peak.reads.max(reads.requests);
        peak.read_bytes = peak.read_bytes.max(reads.bytes);
        peak.memory_kb = peak.memory_kb.max(memory_kb);
        peak.answer_bytes = peak.answer_bytes.max(answer.bytes);
    }
    println!("CPU budget: {cpu_budget_ms} ms");
    for (kind, peak) in &peaks {
        println!("{kind}: {peak:?}");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let log = served.log();
    assert!(!log.contains("panicked"), "{log}");
    for customer in 0..20 {
        counted(&address, &format!("c{customer}"));
    }
    assert_eq!(get(&address, "/health"), json!({ "status": "ok" }));
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
