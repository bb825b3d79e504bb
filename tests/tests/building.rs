//! A base and the changes from its cut on are a recount, while items are written all the time.
//!
//! ```text
//! writes   ──────────────────────────────────────────────────────────────►
//! capture      ├──────────────────────────────────────┤
//! cut                │          scan ├──────┤
//! counted            ├───────────────────────────────────────────────────►
//! ```
//!
//! The changes are those of the whole stream, in batches of which some are applied before the base
//! and some after it, and all of them twice.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use weir_build::{
    BaseCounts, BaseUpdate, BuildTarget, Capture, CaptureEnd, CaptureError, CaptureSettings,
    CaptureStart, ImageRecorder, ScanSettings, Spool, base_shard, scan,
};
use weir_processor::Invocation;
use weir_processor::mapping::{Source, StreamReader};
use weir_rollups::{Change, fold};
use weir_table::{Applied, Outcome, SettledUpdate};
use weir_testing::http::Client;
use weir_testing::recount::{Rollup, Rows, assert_exact, stored};
use weir_testing::system::{Captured, System};

const DEFINITION: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
customer = { type = "string" }
amount = { type = "integer" }
at = { type = "timestamp", precision = "second" }
[rollups.sales]
of = "sale"
by = ["shop"]
time = "at"
buckets = ["day", "month", "all"]
measures = { sales = "count", revenue = "sum(amount)", customers = "distinct(customer)" }
"##;

const SALES: Rollup<'static> = Rollup {
    name: "sales",
    by: &["shop"],
    time: "at",
    buckets: &["day", "month", "all"],
    measured: &["amount"],
    admits: |item| item["_et"]["S"] == "sale",
};
/// The items that are written again and again.
const ITEMS: u32 = 60;
/// The time between two writes.
const WRITE_PAUSE: Duration = Duration::from_millis(8);
/// The margins of the cut and of the scan, and how long a record may take to be readable.
const MARGIN: Duration = Duration::from_secs(1);

fn now() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    u32::try_from(now.as_secs()).expect("a time before 2106")
}

/// Returns the first second of a cut at least the margin from now. The records of DynamoDB Local
/// have the minute in which they were written, so its cuts are at full minutes.
fn next_cut(system: &System) -> u32 {
    let unit = if system.dynamodb.is_embedded() { 1 } else { 60 };
    (now() + MARGIN.as_secs() as u32 + 1).next_multiple_of(unit)
}

async fn sleep_until(second: u32) {
    while now() < second {
        sleep(Duration::from_millis(50)).await;
    }
}

/// Puts or deletes one of the items.
async fn write(client: &Client, table: &str, rng: &mut Rng) {
    let id = rng.u32(0..ITEMS);
    let key = json!({ "PK": { "S": format!("SALE#{id}") }, "SK": { "S": "SALE" } });
    if rng.u8(0..4) == 0 {
        client.dynamodb("DeleteItem", &json!({ "TableName": table, "Key": key })).await;
        return;
    }
    let mut item = key;
    item["_et"] = json!({ "S": "sale" });
    item["id"] = json!({ "S": id.to_string() });
    let shop = if rng.bool() { "a" } else { "b#1" };
    item["shop"] = json!({ "S": shop });
    item["customer"] = json!({ "S": format!("c{}", rng.u8(0..9)) });
    item["amount"] = json!({ "N": rng.i32(-50..200).to_string() });
    item["at"] = json!({ "S": format!("2026-03-0{}T10:00:00Z", rng.u8(1..4)) });
    client.dynamodb("PutItem", &json!({ "TableName": table, "Item": item })).await;
}

/// Writes until it is stopped. Returns the number of writes.
fn write_all_the_time(system: &System) -> (watch::Sender<bool>, tokio::task::JoinHandle<u32>) {
    let (stop, stopped) = watch::channel(false);
    let (client, table) = (Client::new(&system.dynamodb.url), system.model.table.name.clone());
    let writing = async move {
        let mut rng = Rng::with_seed(16);
        let mut writes = 0;
        while !*stopped.borrow() {
            write(&client, &table, &mut rng).await;
            writes += 1;
            sleep(WRITE_PAUSE).await;
        }
        writes
    };
    (stop, tokio::spawn(writing))
}

/// Captures and scans from a cut on. Returns the updates of the base by key.
async fn build(system: &System, capture: Capture, cut: u32) -> (Vec<BaseUpdate>, BaseCounts) {
    let folder = tempfile::tempdir().expect("a folder");
    let rollup = &system.model.rollups[0];
    let target = BuildTarget { model: &system.model, rollup };
    let spool = Spool::create(folder.path()).expect("a spool");
    let recorder = ImageRecorder::new(&system.model.table, &[target], cut, spool);
    let (send_end, end) = watch::channel(None);
    let capturing = capture.run(cut, end, |captured| match captured.is_since_cut {
        true => recorder.record_captured(captured.change),
        false => Ok(()),
    });
    let scanning = async {
        sleep_until(cut + MARGIN.as_secs() as u32).await;
        let settings = ScanSettings { segments: 3, ..ScanSettings::default() };
        let record = |item: &weir_model::Item| recorder.record_scanned(item);
        let scanned = scan(&system.table, &settings, record, |_| {}).await.expect("scanned");
        let seconds = now() + MARGIN.as_secs() as u32;
        send_end.send_replace(Some(CaptureEnd { not_before: Instant::now() + MARGIN, seconds }));
        scanned
    };
    let (captured, scanned) = futures::join!(capturing, scanning);
    assert!(captured.expect("captured").since_cut > 0, "nothing was written meanwhile");
    assert_eq!(scanned.segments_done, 3);
    assert!(recorder.skipped().is_empty());

    let mut base = recorder.into_base().expect("joined");
    let mut updates = Vec::new();
    loop {
        let next = base.next_updates().expect("read");
        if next.is_empty() {
            break;
        }
        updates.extend(next);
    }
    updates.sort_by(|left, right| left.update.key.cmp(&right.update.key));
    (updates, base.counts())
}

async fn begin(system: &System, start: CaptureStart) -> Capture {
    let source = Source::Stream(system.stream_arn.clone());
    let stream = StreamReader::open(&system.connection, &source).await.expect("a stream");
    let settings = CaptureSettings {
        read_interval: Duration::from_millis(50),
        listing_interval: Duration::from_millis(500),
        ..CaptureSettings::default()
    };
    Capture::begin(stream, start, settings).await.expect("a place in the stream")
}

fn applied(settled: Vec<SettledUpdate>) -> Vec<Applied> {
    let applied = settled.into_iter().map(|settled| match settled.result.expect("applied") {
        Outcome::Applied(applied) => applied,
        Outcome::Parked(error) => panic!("parked: {error}"),
    });
    applied.collect()
}

/// Applies a base. Returns the number of updates that added something.
async fn apply_base(system: &System, base: &[BaseUpdate], cut: u32) -> usize {
    let updates = base.iter().map(|known| known.update.clone()).collect();
    let settled = system.rollups.apply_all(&base_shard("sales", 1, cut), updates).await;
    applied(settled).into_iter().filter(|applied| *applied != Applied::Nothing).count()
}

/// Counts the changes of a batch from the cut on.
async fn apply_changes(system: &System, batch: &Invocation, cut: u32) {
    let changes = batch.changes.iter().map(|known| &known.change);
    let changes: Vec<&Change> = changes.filter(|change| change.seconds >= cut).collect();
    let updates = fold(&system.model, &batch.shard.id, changes).updates;
    applied(system.rollups.apply_all(&batch.shard, updates).await);
}

/// Returns the rows of customers that the items have, and their number in each rollup item.
fn with_customers(items: &[Value], mut rows: Rows) -> Rows {
    let mut values: BTreeMap<(String, String), i64> = BTreeMap::new();
    for item in items {
        let text = |name: &str| item[name]["S"].as_str().expect(name);
        let (shop, customer, at) = (text("shop").replace('#', "%23"), text("customer"), text("at"));
        for bucket in [format!("day#{}", &at[..10]), format!("month#{}", &at[..7]), "all".into()] {
            let partition = format!("sales.values(customer)#{shop}");
            let count = values.entry((partition, format!("{bucket}#{customer}"))).or_default();
            *count += 1;
            if *count == 1 {
                let item = rows.get_mut(&(format!("sales#{shop}"), bucket)).expect("the item");
                *item.entry("distinct(customer)".to_owned()).or_default() += 1;
            }
        }
    }
    for (key, count) in values {
        rows.entry(key).or_default().insert("count".to_owned(), count.into());
    }
    rows
}

async fn assert_recount(system: &System) {
    let (items, kept) = (system.stored().await, system.stored_rollups().await);
    assert!(items.len() > 10, "{} items", items.len());
    assert_exact(&stored(&kept), &with_customers(&items, SALES.recount(&items)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_and_the_changes_from_its_cut_on_are_a_recount() {
    let system = System::open(DEFINITION).await;
    let client = Client::new(&system.dynamodb.url);
    let mut rng = Rng::with_seed(1);
    for _ in 0..2 * ITEMS {
        write(&client, &system.model.table.name, &mut rng).await;
    }
    let (stop, writing) = write_all_the_time(&system);
    let capture = begin(&system, CaptureStart::Latest).await;
    let cut = next_cut(&system);
    let (base, counts) = build(&system, capture, cut).await;
    assert!(counts.captured > 0 && counts.superseded > 0, "{counts:?}");
    assert_eq!(counts.repeated, 0);

    // Another process builds from the same cut, and the first one may be dead.
    let resumed = begin(&system, CaptureStart::TrimHorizon).await;
    let (again, _) = build(&system, resumed, cut).await;
    assert_eq!(again, base, "the base depends on the cut alone");
    stop.send_replace(true);
    let writes = writing.await.expect("no panic");
    assert!(writes > 20, "{writes} writes");

    let batches: Vec<Invocation> = Captured::read(&system)
        .await
        .cut(9)
        .into_iter()
        .map(|event| event.try_into().expect("an invocation"))
        .collect();
    let (early, late) = batches.split_at(batches.len() * 3 / 4);
    for batch in early {
        apply_changes(&system, batch, cut).await;
    }
    assert_eq!(apply_base(&system, &base, cut).await, base.len());
    assert_eq!(apply_base(&system, &again, cut).await, 0, "the same base adds nothing");
    for batch in late.iter().chain(&batches) {
        apply_changes(&system, batch, cut).await;
    }
    assert_recount(&system).await;
}

/// A record that has a time from the cut on, before the cut has come: one from before the cut was
/// chosen, which nobody counts, may have such a time, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_capture_rejects_a_cut_that_the_clock_of_records_is_ahead_of() {
    let system = System::open(DEFINITION).await;
    let capture = begin(&system, CaptureStart::Latest).await;
    let unit = if system.dynamodb.is_embedded() { 1 } else { 60 };
    let cut = now() / unit * unit;
    let client = Client::new(&system.dynamodb.url);
    for _ in 0..9 {
        write(&client, &system.model.table.name, &mut Rng::with_seed(2)).await;
    }
    let capture = capture.with_cut_ahead_until(Instant::now() + Duration::from_secs(600));
    let (_end, end) = watch::channel(None);
    let error =
        capture.run(cut, end, |_| panic!("it is not recorded")).await.expect_err("rejected");
    assert!(matches!(error, CaptureError::ClockAhead { .. }) && error.needs_new_cut(), "{error}");
}
