//! The estimate of `weir cost`, compared with the units that DynamoDB reports: the units of random
//! histories in batches, and those of each kind of change of a sample.

use std::collections::HashMap;

use fastrand::Rng;
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::cost::{
    ChangeKind, CostEstimate, Ledger, Mix, SampledChanges, Watermarks, Workload,
};
use weir_rollups::{Change, Image, fold};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::{Fixture, fixture};

use super::{MeasuredRollup, SHARD};

/// The rest of a rollup of orders.
const ROLLUPS: [(&str, &str); 10] = [
    ("numbers", "by = [\"user\"]\nmeasures = { orders = \"count\", revenue = \"sum(total)\" }"),
    ("a set", "by = [\"tags\"]\nmeasures = { orders = \"count\", most = \"max(total)\" }"),
    (
        "a filter",
        "by = [\"user\"]\nwhere = { total = { gte = 20 } }\n\
         measures = { orders = \"count\", totals = \"distinct(total)\" }",
    ),
    (
        "ranks",
        "by = [\"user\"]\nrank_by = \"revenue\"\n\
         measures = { revenue = \"sum(total)\", usual = \"top(total, 3)\" }",
    ),
    (
        "a rank by different values",
        "by = [\"user\"]\nrank_by = \"totals\"\nmeasures = { totals = \"distinct(total)\" }",
    ),
    (
        "all detail items",
        "by = [\"user\"]\nmeasures = { first = \"first(total)\", last = \"last(total)\", \
         p95 = \"p95(total)\", totals = \"distinct(total)\", tags = \"distinct(tags)\" }",
    ),
    // Its detail items are below 1 KB: DynamoDB does not report the units of a failed condition,
    // and the test counts one.
    (
        "more than 1 KB",
        "by = [\"note\"]\nrank_by = \"orders\"\n\
         measures = { orders = \"count\", sizes = \"histogram(total, 0, 10, 20, 30, 40, 50)\", \
         totals = \"distinct(total)\" }",
    ),
    (
        "stripes and an expiry",
        "by = [\"user\"]\nstripes = 5\nkeep = { day = \"900w\" }\n\
         measures = { revenue = \"sum(total)\", least = \"min(total)\", usual = \"top(tags, 2)\" }",
    ),
    (
        "one group of detail items and decimals",
        "measures = { mean = \"avg(total)\", spread = \"stddev(total)\", \
         tags = \"distinct(tags)\", most = \"largest(total, 2)\" }",
    ),
    (
        "items beside the orders",
        "by = [\"user\"]\nkey = { PK = \"USER#{user}\", SK = \"STATS#{at:day}\" }\n\
         measures = { orders = \"count\", revenue = \"sum(total)\" }",
    ),
];
/// The batches of a history.
const BATCHES: usize = 12;
/// The most changes of a batch.
const MAX_CHANGES: usize = 9;
/// The items of a history, and the items of a sample.
const ITEMS: usize = 7;
const SAMPLED: usize = 4;

/// The orders with tags and a decimal, and one rollup.
fn definition(options: &str) -> Fixture {
    // A key in the table of items names one bucket.
    let buckets = if options.contains("key = ") { "\"day\"" } else { "\"day\", \"all\"" };
    fixture("orders")
        .replace("total = { type = \"integer\" }", "total = { type = \"decimal\", scale = 2 }")
        .replace(
            "note  = { type = \"string\" }",
            "note  = { type = \"string\" }\ntags = { type = \"set\", items = \"string\" }",
        )
        .with(&format!(
            "[rollups.sales]\nof = \"order\"\ntime = \"at\"\nbuckets = [{buckets}]\n{options}"
        ))
}

/// An order with random values of which there are few, so that groups and values are shared.
fn order(id: usize, random: &mut Rng) -> Item {
    let text = |text: String| AttributeValue::S(text);
    let tags: Vec<_> = ["new", "gift", "paid"].map(str::to_owned).to_vec();
    let tags = tags.into_iter().filter(|_| random.bool()).collect::<Vec<_>>();
    let mut attributes = HashMap::from([
        ("PK".to_owned(), text(format!("ORDER#{id}"))),
        ("SK".to_owned(), text("ORDER".to_owned())),
        ("_et".to_owned(), text("order".to_owned())),
        ("id".to_owned(), text(id.to_string())),
        ("user".to_owned(), text(format!("user{}", random.u32(0..2)))),
        ("at".to_owned(), text(format!("2026-11-2{}T06:00:0{id}Z", random.u32(0..2)))),
        ("note".to_owned(), text("n".repeat(250 * random.usize(1..4)))),
    ]);
    if !tags.is_empty() {
        attributes.insert("tags".to_owned(), AttributeValue::Ss(tags));
    }
    if random.u32(0..5) > 0 {
        let total = ["10", "-20.5", "30.25", "40", "1200"][random.usize(0..5)];
        attributes.insert("total".to_owned(), AttributeValue::N(total.to_owned()));
    }
    attributes.into()
}

/// Returns a random change of one of the items.
fn image(items: &mut [Option<Item>], random: &mut Rng) -> Option<Image> {
    let id = random.usize(0..items.len());
    let new = (random.u32(0..3) > 0).then(|| order(id, random));
    let old = std::mem::replace(&mut items[id], new.clone());
    match (old, new) {
        (None, None) => None,
        (None, Some(new)) => Some(Image::Insert { new }),
        (Some(old), Some(new)) => Some(Image::Modify { old, new }),
        (Some(old), None) => Some(Image::Remove { old, expired: false }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_units_of_batches_are_those_that_dynamodb_reports() {
    if !TestDynamo::start().await.is_embedded() {
        println!("skipped: DynamoDB Local bills a transaction as the writes in it");
        return;
    }
    for (name, options) in ROLLUPS {
        let definition = definition(options);
        let model: Model = definition.parse().expect("valid");
        let mut random = Rng::with_seed(7);
        let mut measured = MeasuredRollup::start(&definition).await;
        let mut ledger = Ledger::new(&model.table, &model.rollups[0], Watermarks::ONE);
        let mut items = vec![None; ITEMS];
        let mut all = 0.0;
        for batch in 0..BATCHES {
            let images = (0..random.usize(1..=MAX_CHANGES)).filter_map(|_| {
                let image = image(&mut items, &mut random)?;
                Some(measured.change(image))
            });
            let changes: Vec<Change> = images.collect();
            let units: u64 = ledger.bill(fold(&model, SHARD, &changes).updates).iter().sum();
            let reported = measured.units_of_batch(&changes).await;
            assert_eq!(units as f64, reported, "{name}: batch {batch} of {changes:?}");
            all += reported;
        }
        assert!(all > 0.0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_estimate_of_a_sample_is_what_dynamodb_reports_for_each_of_its_changes() {
    if !TestDynamo::start().await.is_embedded() {
        println!("skipped: DynamoDB Local bills a transaction as the writes in it");
        return;
    }
    let mix: Mix = "insert=1,update=1,move=1,delete=1,other=1".parse().expect("a mix");
    let workload = Workload { mix, batch: 1, watermarks: Watermarks::ONE };
    for (name, options) in ROLLUPS {
        let definition = definition(options);
        let model: Model = definition.parse().expect("valid");
        let mut random = Rng::with_seed(3);
        let items: Vec<_> = (0..SAMPLED).map(|id| order(id, &mut random)).collect();
        let changes = SampledChanges::new(&model, "order", &items);
        let estimate = CostEstimate::from_sample(&model, &model.rollups[0], &changes, &workload);
        for kind in ChangeKind::EVERY {
            let mut reported = 0.0;
            for position in 0..items.len() {
                let mut measured = MeasuredRollup::start(&definition).await;
                for (other, item) in items.iter().enumerate() {
                    if kind != ChangeKind::Insert || other != position {
                        measured.units(Image::Insert { new: item.clone() }).await;
                    }
                }
                reported += measured.units(changes.image(kind, position)).await;
            }
            let estimated = estimate.of_kind(kind).units_of(items.len() as u128);
            assert_eq!(estimated as f64, reported, "{name}: {kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_new_values_of_one_group_take_several_transactions() {
    if !TestDynamo::start().await.is_embedded() {
        println!("skipped: DynamoDB Local bills a transaction as the writes in it");
        return;
    }
    let definition = definition("measures = { totals = \"distinct(total)\" }");
    let model: Model = definition.parse().expect("valid");
    let mut measured = MeasuredRollup::start(&definition).await;
    let mut ledger = Ledger::new(&model.table, &model.rollups[0], Watermarks::ONE);
    let with_total = |id: usize| {
        let mut values: HashMap<_, _> = order(0, &mut Rng::with_seed(1)).into();
        values.insert("id".to_owned(), AttributeValue::S(id.to_string()));
        values.insert("total".to_owned(), AttributeValue::N(id.to_string()));
        Item::from(values)
    };
    // Where values come and go at once, the order in which answers arrive says which share a
    // transaction.
    for is_inserted in [true, false] {
        let image = |id: usize| match is_inserted {
            true => Image::Insert { new: with_total(id) },
            false => Image::Remove { old: with_total(id), expired: false },
        };
        let changes: Vec<_> = (0..60).map(|id| measured.change(image(id))).collect();
        let units: u64 = ledger.bill(fold(&model, SHARD, &changes).updates).iter().sum();
        assert_eq!(units as f64, measured.units_of_batch(&changes).await, "{is_inserted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_many_shards_write_costs_what_its_watermarks_weigh() {
    let definition = definition("by = [\"user\"]\nmeasures = { revenue = \"sum(total)\" }");
    let model: Model = definition.parse().expect("valid");
    let mut measured = MeasuredRollup::start(&definition).await;
    // As many shards as one is in three days, with the stale ones that stay.
    let watermarks = Watermarks { shards: 1, scale: 1 };
    let mut ledger = Ledger::new(&model.table, &model.rollups[0], watermarks);
    let item = |user: &str, day: usize, total: usize| {
        let mut values: HashMap<_, _> = order(0, &mut Rng::with_seed(1)).into();
        let at = format!("2026-11-{day:02}T06:00:00Z");
        for (name, text) in [("user", user), ("at", &at)] {
            values.insert(name.to_owned(), AttributeValue::S(text.to_owned()));
        }
        values.insert("total".to_owned(), AttributeValue::N(total.to_string()));
        Item::from(values)
    };
    let user = "a".repeat(20);
    let shard = |number: usize| format!("shardId-0000000179513280{number:04}-00000000");
    for number in 1..=22 {
        let change = measured.change(Image::Insert { new: item(&user, number, number) });
        ledger.load(fold(&model, SHARD, [&change]).updates);
        measured.units_of_batch_in(&shard(number), &[change]).await;
    }
    let (old, new) = (item(&user, 22, 22), item(&user, 22, 30));
    let change = measured.change(Image::Modify { old, new });
    let units: u64 = ledger.bill(fold(&model, SHARD, [&change]).updates).iter().sum();
    let reported = measured.units_of_batch_in(&shard(22), &[change]).await;
    assert_eq!(units as f64, reported);
    assert_eq!(reported, 3.0, "1 for the day of one shard, 2 for the bucket of all");
}
