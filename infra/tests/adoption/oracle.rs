//! A recount of the items, in which none of the product's algebra is used.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir_testing::recount::{DAY_MONTH_ALL, Rollup, Rows, assert_exact, ordered, scan, stored};

use super::world::World;

/// The first revision was given up when the rollup was changed, or never began.
const BY_STATUS: Rollup<'static> = Rollup {
    name: "by_status",
    by: &["status"],
    time: "placed",
    buckets: DAY_MONTH_ALL,
    measured: &["amount"],
    admits: |item| amount(item) >= 100,
};
const BEST: Rollup<'static> = Rollup {
    name: "best",
    by: &["customer"],
    time: "",
    buckets: &["all"],
    measured: &["amount"],
    admits: |item| matches!(text(item, "status"), "paid" | "sent"),
};

/// Compares every number of the rollups with a recount of the items. Returns how many there are.
pub(crate) async fn assert_recount(world: &World) -> usize {
    let items = scan(&world.dynamodb.url, world.name()).await;
    let kept = scan(&world.dynamodb.url, &world.model.table.rollups_table).await;
    let mut recounted = BY_STATUS.recount(&items);
    recounted.extend(scored(BEST.recount(&items)));
    recounted.extend(customers(&items));
    recounted.extend(extremes(&items));
    let stored = named(stored(&kept));
    assert_exact(&stored, &recounted);
    recounted.values().map(BTreeMap::len).sum()
}

/// Returns the rows under the name of their rollup, whichever its revision is. There is one
/// revision of each: the items of those that were given up are deleted.
fn named(rows: Rows) -> Rows {
    let mut revisions = BTreeMap::<String, BTreeSet<String>>::new();
    let mut renamed = Rows::new();
    for ((partition, sort), row) in rows {
        let end = partition.find(['#', '.', '/']).unwrap_or(partition.len());
        let (revision, rest) = partition.split_at(end);
        let rollup = revision.split('@').next().expect("a name");
        revisions.entry(rollup.to_owned()).or_default().insert(revision.to_owned());
        renamed.insert((format!("{rollup}{rest}"), sort), row);
    }
    assert!(revisions.values().all(|known| known.len() == 1), "{revisions:?}");
    renamed
}

/// Rollup items with the score of their ranking, the revenue.
fn scored(mut rows: Rows) -> Rows {
    for row in rows.values_mut() {
        if let Some(revenue) = row.get("sum(amount)").cloned() {
            row.insert("score".to_owned(), revenue);
        }
    }
    rows
}

/// The number of different customers of each region, and a row for each customer.
fn customers(items: &[Value]) -> Rows {
    let mut rows = Rows::new();
    for item in items {
        let (region, customer) = (escaped(text(item, "region")), text(item, "customer"));
        let row = (format!("customers.values(customer)#{region}"), format!("all#{customer}"));
        let row = rows.entry(row).or_default().entry("count".to_owned()).or_default();
        *row += 1;
        let is_new = *row == 1;
        let whole = rows.entry((format!("customers#{region}"), "all".to_owned())).or_default();
        *whole.entry("count".to_owned()).or_default() += 1;
        if is_new {
            *whole.entry("distinct(customer)".to_owned()).or_default() += 1;
        }
    }
    rows
}

/// A row for each amount of each region.
fn extremes(items: &[Value]) -> Rows {
    let mut rows = Rows::new();
    for item in items {
        let region = escaped(text(item, "region"));
        let whole = (format!("extremes#{region}"), "all".to_owned());
        let amount = ordered(amount(item).into());
        let row = (format!("extremes.values(amount)#{region}"), format!("all#{amount}"));
        for key in [whole, row] {
            *rows.entry(key).or_default().entry("count".to_owned()).or_default() += 1;
        }
    }
    rows
}

fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().expect(name)
}

fn amount(item: &Value) -> i64 {
    item["amount"]["N"].as_str().expect("a number").parse().expect("a whole number")
}

/// A value as it is in a key.
fn escaped(value: &str) -> String {
    value.replace('%', "%25").replace('#', "%23")
}
