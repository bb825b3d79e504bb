//! What a change costs, measured: the write units of each kind of measure, as docs/rollups.md has
//! them; how many calls a batch makes; and how many reads a question takes, by the formula of that
//! document.
//!
//! `weir check` computes the same units from a definition: [`Cost`] is compared with what is
//! measured. `weir cost` computes them from a sample of items, which `estimated` compares.
//!
//! **Invariant:** a failure prints the table that the document should have.

mod estimated;

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use weir_model::{AttributeValue, Item, Model};
use weir_processor::Processor;
use weir_query::{QueryEngine, RollupQuery};
use weir_rollups::cost::CHANGES as KINDS_OF_CHANGES;
use weir_rollups::{Change, Cost, Image, Question, fold};
use weir_table::{Budget, Outcome, Reads, Rollups, ShardId, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::failed_updates::FailedUpdates;
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::recorder::Recorder;
use weir_testing::system::{Captured, System};

const LABEL: &str = "2026-11-20T00:00:00.000";
const SHARD: &str = "shardId-00000001795132800000-00000000";

/// A kind of measure as the document names it, the rest of a definition that has one, and whether
/// its cost is that of the rollup item's own write, or what comes besides.
const KINDS: [(&str, &str, bool); 7] = [
    (
        "the rollup item, with all its numbers",
        "measures = { orders = \"count\", revenue = \"sum(total)\" }",
        true,
    ),
    ("`rank_by`", "rank_by = \"revenue\"\nmeasures = { revenue = \"sum(total)\" }", false),
    (
        "`min`, `max`, `smallest`, `largest`",
        "measures = { revenue = \"sum(total)\", most = \"max(total)\" }",
        false,
    ),
    ("`first`, `last`", "measures = { revenue = \"sum(total)\", latest = \"last(total)\" }", false),
    ("`distinct`", "measures = { revenue = \"sum(total)\", totals = \"distinct(total)\" }", false),
    ("`top`", "measures = { revenue = \"sum(total)\", usual = \"top(total, 3)\" }", false),
    ("quantiles", "measures = { revenue = \"sum(total)\", p95 = \"p95(total)\" }", false),
];

/// Definitions whose cost is no sum of those above.
const COMBINED: [&str; 7] = [
    "rank_by = \"orders\"\nmeasures = { orders = \"count\" }",
    "rank_by = \"totals\"\nmeasures = { totals = \"distinct(total)\" }",
    "measures = { totals = \"distinct(total)\", usual = \"top(total, 3)\" }",
    "measures = { most = \"max(total)\", usual = \"top(total, 3)\" }",
    "measures = \
     { least = \"min(total)\", most = \"max(total)\", p95 = \"p95(total)\", \
     p50 = \"median(total)\" }",
    "rank_by = \"totals\"\nmeasures = \
     { revenue = \"sum(total)\", totals = \"distinct(total)\", usual = \"top(total, 3)\", \
     latest = \"last(total)\" }",
    "rank_by = \"revenue\"\nmeasures = \
     { revenue = \"sum(total)\", totals = \"distinct(total)\", p95 = \"p95(total)\" }",
];

/// What is done to an order, by its total before and after. Two others of the day have 10, two
/// have 90.
const CHANGES: [(Option<i64>, Option<i64>); 7] = [
    (None, Some(10)),
    (None, Some(50)),
    (Some(10), None),
    (Some(50), None),
    (Some(10), Some(90)),
    (Some(50), Some(70)),
    (Some(10), Some(10)),
];

/// The orders with the rollup whose costs are measured; the options are the rest of it.
fn definition(buckets: &str, options: &str) -> Fixture {
    fixture("orders").with(&format!(
        "[rollups.sales]\nof = \"order\"\nby = [\"user\"]\ntime = \"at\"\n\
         buckets = [{buckets}]\n{options}"
    ))
}

/// An order, placed at a second of its own.
fn order(second: u8, total: i64, note: &str) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let attributes = [
        ("PK", AttributeValue::S(format!("ORDER#{second}"))),
        ("SK", text("ORDER")),
        ("_et", text("order")),
        ("id", AttributeValue::S(second.to_string())),
        ("user", text("ann")),
        ("total", AttributeValue::N(total.to_string())),
        ("at", AttributeValue::S(format!("2026-11-20T06:00:{second:02}Z"))),
        ("note", text(note)),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    attributes.collect::<HashMap<_, _>>().into()
}

/// A rollup to which changes are written one by one, to measure the write units of each.
struct MeasuredRollup {
    system: System,
    rollups: Rollups,
    failed: FailedUpdates,
    changes: u32,
}

impl MeasuredRollup {
    async fn start(definition: &str) -> Self {
        let system = System::open(definition).await;
        let failed = FailedUpdates::default();
        let connection = failed.before(system.dynamodb.connect().await);
        let rollups = Rollups::new(&connection, &system.model.table);
        Self { system, rollups, failed, changes: 0 }
    }

    /// The next change of the shard.
    fn change(&mut self, image: Image) -> Change {
        self.changes += 1;
        let sequence = self.changes.to_string().parse().expect("a sequence number");
        Change { sequence, seconds: 1_795_132_800, image }
    }

    /// The units of a change that is alone in its batch.
    async fn units(&mut self, image: Image) -> f64 {
        let change = self.change(image);
        self.units_of_batch(&[change]).await
    }

    /// The units of a batch; of a write whose condition fails DynamoDB tells nothing, and takes
    /// one.
    async fn units_of_batch(&self, changes: &[Change]) -> f64 {
        self.units_of_batch_in(SHARD, changes).await
    }

    /// The same for a batch of another shard.
    async fn units_of_batch_in(&self, shard: &str, changes: &[Change]) -> f64 {
        let metered = self.rollups.metered();
        let updates = fold(&self.system.model, shard, changes).updates;
        let settled = metered.apply_all(&ShardId::new(LABEL, shard), updates).await;
        let is_applied = |result: &Result<_, _>| matches!(result, Ok(Outcome::Applied(_)));
        assert!(settled.iter().all(|settled| is_applied(&settled.result)), "{settled:?}");
        let failed = f64::from(self.failed.take());
        metered.write_units().unwrap_or_default() + failed
    }

    /// The units of each of the changes, each from the same beginning.
    async fn of_changes(definition: &str) -> Vec<f64> {
        let mut units = Vec::new();
        for (before, after) in CHANGES {
            let mut kept = Self::start(definition).await;
            for (second, total) in [(1, 10), (2, 90), (3, 10), (4, 90)] {
                kept.units(Image::Insert { new: order(second, total, "") }).await;
            }
            let old = before.map(|total| order(30, total, ""));
            let new = after.map(|total| order(30, total, "changed"));
            if let Some(new) = old.clone() {
                kept.units(Image::Insert { new }).await;
            }
            let image = match (old, new) {
                (None, Some(new)) => Image::Insert { new },
                (Some(old), Some(new)) => Image::Modify { old, new },
                (Some(old), None) => Image::Remove { old, expired: false },
                (None, None) => unreachable!("something changes"),
            };
            units.push(kept.units(image).await);
        }
        units
    }
}

/// The units that `weir check` computes.
fn computed(definition: &str) -> Vec<f64> {
    let model: Model = definition.parse().expect("valid");
    let cost = Cost::for_rollup(model.rollup("sales").expect("there"));
    cost.units.map(f64::from).to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_costs_a_rollup_of_several_kinds_is_what_is_computed() {
    if !TestDynamo::start().await.is_embedded() {
        println!(
            "skipped: DynamoDB Local bills a transaction as the writes in it, AWS as twice those"
        );
        return;
    }
    let mut wrong = Vec::new();
    for options in COMBINED {
        let definition = definition("\"day\"", options);
        let (measured, computed) =
            (MeasuredRollup::of_changes(&definition).await, computed(&definition));
        if measured != computed {
            wrong.push(format!("{options}\n  measured {measured:?}\n  computed {computed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let definition = definition("\"day\", \"month\"", KINDS[1].1);
    assert_eq!(
        MeasuredRollup::of_changes(&definition).await,
        computed(&definition),
        "each bucket costs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_costs_is_what_the_document_says() {
    if !TestDynamo::start().await.is_embedded() {
        println!(
            "skipped: DynamoDB Local bills a transaction as the writes in it, AWS as twice those"
        );
        return;
    }
    let mut table = format!("| | {} |\n|---|", KINDS_OF_CHANGES.join(" | "));
    table += &format!("{}\n", "---|".repeat(CHANGES.len()));
    let mut own = Vec::new();
    for (name, options, is_own) in KINDS {
        let definition = definition("\"day\"", options);
        let mut units = MeasuredRollup::of_changes(&definition).await;
        assert_eq!(units, computed(&definition), "{name}");
        if is_own {
            own.clone_from(&units);
        } else {
            units.iter_mut().zip(&own).for_each(|(units, own)| *units -= own);
        }
        let cells: Vec<_> = units.iter().map(f64::to_string).collect();
        table += &format!("| {name} | {} |\n", cells.join(" | "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rollups.md");
    let document = std::fs::read_to_string(&path).expect("docs/rollups.md");
    assert!(document.contains(&table), "docs/rollups.md should have\n\n{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_question_reads_is_what_the_document_computes() {
    // A period of one bucket, two such periods, and days before a month.
    let ranges = [
        ("2026-11-20", "2026-11-21", None, 1),
        ("2026-11-20", "2026-11-21", Some("previous_period"), 2),
        ("2026-11-20", "2027-01-01", None, 2),
    ];
    for stripes in [1, 5] {
        let options = format!("stripes = {stripes}\nmeasures = {{ orders = \"count\" }}");
        let definition = definition("\"day\", \"month\"", &options);
        let kept = MeasuredRollup::start(&definition).await;
        for groups in [1, 7] {
            for (from, to, compare, ranges) in ranges {
                let user = |number| ("user".to_owned(), format!("c{number}"));
                let question = Question {
                    dimensions: (0..groups).map(user).collect(),
                    from: Some(from.to_owned()),
                    to: Some(to.to_owned()),
                    compare: compare.map(str::to_owned),
                    ..Question::default()
                };
                let query = RollupQuery::new("sales", question).limit(10);
                // The reads of the state, which an engine makes in addition, are those of the
                // table.
                let table = &kept.system.table;
                let budget = Budget::new(Reads::DEFAULT_LIMITS);
                let engine = QueryEngine::new(table, &kept.rollups.with_budget(&budget));
                engine.answer(&query).await.expect("an answer");
                let computed = groups * stripes * ranges;
                assert_eq!(budget.spent().reads, computed, "{groups} × {stripes} × {ranges}");
                // One that is smaller by a read rejects the question before it is read.
                let limits = Reads { reads: computed + 5, ..Reads::DEFAULT_LIMITS };
                let budget = Budget::new(limits);
                let engine = QueryEngine::new(table, &kept.rollups.with_budget(&budget));
                let error = engine.answer(&query).await.expect_err("too much").to_string();
                assert!(error.contains(&format!("are {computed} reads")), "{error}");
                assert_eq!(budget.spent().reads, 0, "{error}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_reads_the_state_and_stores_its_progress_at_most_once_a_second() {
    let definition = definition("\"day\"", "measures = { orders = \"count\" }");
    let system = System::open(&definition).await;
    for second in 1..=20_u8 {
        let order = json!({
            "id": second.to_string(),
            "user": "ann",
            "total": 1,
            "at": format!("2026-11-20T06:00:{second:02}Z"),
        });
        let (status, answer) = system.http.send("POST", "/order", Some(&order)).await;
        assert_eq!(status, 201, "{answer}");
    }
    let captured = Captured::read(&system).await;
    let recorder = Recorder::default();
    let connection = recorder.before(system.connection.clone());
    let table = Table::new(&connection, system.model.clone());
    let opened = table.open_rollups().await.expect("a state");
    let rollups = Rollups::new(&connection, &system.model.table);
    let processor = Processor::new(system.model.clone()).rollups(rollups).state(table, &opened);

    let (begun, mut written) = (Instant::now(), 0);
    for event in captured.cut(2) {
        recorder.requests();
        recorder.updated_partitions();
        processor.handle(event).await.expect("a response");
        let mut requests = recorder.requests();
        let updated = recorder.updated_partitions();
        let of_progress = updated.iter().filter(|name| *name == "@progress").count();
        let of_rollups = updated.iter().filter(|name| name.starts_with("sales#")).count();
        assert_eq!((of_rollups, updated.len()), (1, 1 + of_progress), "{updated:?}");
        requests.retain(|(operation, _)| operation != "UpdateItem");
        assert_eq!(requests, [("GetItem".to_owned(), true)], "the state");
        written += of_progress as u64;
    }
    assert!((1..=1 + begun.elapsed().as_secs()).contains(&written), "{written} writes");
}
