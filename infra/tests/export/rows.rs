//! The rows: those of the reader, those of a recount, and the same in each format.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use weir_testing::http::Client;

use super::shop::{COUNTRIES, DEFINITION, Shop, cell, text};

/// The orders of most tests.
const ORDERS: usize = 60;

/// Returns a row without its group and its granularity: a point.
fn point(row: &Map<String, Value>) -> Value {
    let fields = row.iter().filter(|(name, _)| !["dimensions", "every"].contains(&name.as_str()));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}

/// Returns the number of items in each group and bucket of all time, as the items have them.
async fn recount(shop: &Shop, by: &[&str]) -> BTreeMap<Vec<String>, usize> {
    let mut counts = BTreeMap::new();
    let items = shop.system.stored().await;
    for item in items.iter().filter(|item| item["_et"]["S"] == "order") {
        let value = |name: &&str| {
            let value = item[*name].as_object().expect("a value").values().next();
            cell(value.expect("of a type"))
        };
        *counts.entry(by.iter().map(value).collect()).or_default() += 1;
    }
    counts
}

/// Returns the number of items in the rows of a bucket, by group.
fn counted(rows: &[Map<String, Value>], every: &str) -> BTreeMap<Vec<String>, usize> {
    let mut counts = BTreeMap::new();
    for row in rows.iter().filter(|row| row["every"] == every) {
        let group = row["dimensions"].as_object().expect("a group").values().map(cell).collect();
        let orders: usize = cell(&row["orders"]).parse().expect("a count");
        *counts.entry(group).or_default() += orders;
    }
    counts
}

async fn put(shop: &Shop, item: Value) {
    let request = json!({ "TableName": shop.system.model.table.rollups_table, "Item": item });
    Client::new(&shop.system.dynamodb.url).dynamodb("PutItem", &request).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_a_point_of_the_reader_and_all_rows_are_a_recount() {
    let shop = Shop::with_orders(ORDERS).await;
    let kept = shop.system.stored_rollups().await;
    let partitions = kept.iter().filter_map(|item| item["PK"]["S"].as_str());
    let stripes = ["sales/00#", "sales/01#", "sales/02#", "sales/03#"];
    let has = |stripe: &&str| partitions.clone().any(|key| key.starts_with(*stripe));
    assert!(stripes.iter().filter(|stripe| has(stripe)).count() > 1, "stripes are added up");
    for (rollup, by) in [
        ("sales", &["country", "paid"][..]),
        ("stats", &["user"]),
        ("recent", &["country"]),
        ("minutes", &[]),
    ] {
        let rows = shop.rows(rollup);
        assert!(!rows.is_empty());
        for row in &rows {
            assert_eq!(point(row), shop.point(rollup, row).await, "{rollup}: {row:?}");
        }
        let recounted = recount(&shop, by).await;
        let kept = &shop.system.model.rollup(rollup).expect("a rollup").granularities;
        for bucket in kept.iter().map(|granularity| granularity.name()) {
            // The old days of `recent` are gone.
            if (rollup, bucket) != ("recent", "day") {
                assert_eq!(counted(&rows, bucket), recounted, "{rollup}: {bucket}");
            }
        }
    }
    let first = &shop.rows("sales --bucket all --where country=DE --where paid=true")[0];
    let columns = first.keys().map(String::as_str);
    let named = ["dimensions", "every", "start", "end", "orders", "revenue", "average", "spread"];
    assert!(columns.take(named.len()).eq(named), "{first:?}");
    assert_eq!(first["dimensions"], json!({ "country": "DE", "paid": true }), "typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_in_the_order_of_groups_granularities_and_time() {
    let shop = Shop::with_orders(ORDERS).await;
    let rows = shop.rows("sales");
    let order = |row: &Map<String, Value>| {
        let dimensions = row["dimensions"].as_object().expect("a group").values().map(cell);
        let group: Vec<_> =
            dimensions.map(|text| text.replace('%', "%25").replace('#', "%23")).collect();
        (group, cell(&row["every"]), cell(&row["start"]))
    };
    assert!(rows.is_sorted_by_key(order), "{rows:#?}");
    assert_eq!(rows, shop.rows("sales --segments 1"), "whatever is scanned at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_the_rows_of_ndjson_and_no_formula() {
    let shop = Shop::with_orders(ORDERS).await;
    let rows = shop.rows("sales");
    let output = shop.export("sales --output sales.csv");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), "");
    let told = text(&output.stderr);
    let expected = format!("exported {} rows of 6 groups to sales.csv\n", rows.len());
    assert!(told.starts_with(&expected), "{told}");
    assert!(told.contains("estimates: usual within 1 %\n"), "{told}");
    let written = std::fs::read(shop.folder.path().join("sales.csv")).expect("written");
    assert_eq!(written, shop.export("sales").stdout, "the same on standard output");
    let mut records = csv::Reader::from_reader(written.as_slice());
    let names = records.headers().expect("names").clone();
    let expected = "country,paid,every,start,end,orders,revenue,average,spread,share,least,latest,\
                    users,best,dearest,newest,statuses.placed,statuses.sent,sizes.<10,\
                    sizes.10..100,sizes.>=100,usual,parked";
    assert_eq!(names.iter().collect::<Vec<_>>().join(","), expected);
    let mut count = 0;
    for (record, row) in records.records().zip(&rows) {
        let record = record.expect("a record");
        let written = |name: &str| {
            let position = names.iter().position(|known| known == name).expect(name);
            record[position].to_owned()
        };
        for name in ["every", "start", "end", "revenue", "average", "best", "dearest", "newest"] {
            assert_eq!(written(name), cell(&row[name]), "{name}: {row:?}");
        }
        assert_eq!(written("statuses.sent"), cell(&row["statuses"]["sent"]));
        assert_eq!(written("sizes.10..100"), cell(&row["sizes"][1]["count"]));
        let country = cell(&row["dimensions"]["country"]);
        let guard = if country.starts_with('=') { "'" } else { "" };
        assert_eq!(written("country"), format!("{guard}{country}"));
        count += 1;
    }
    assert_eq!(count, rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_many_buckets_is_read_in_windows() {
    let shop = Shop::empty().await;
    // More items of each stripe than a window has: of every minute, and of every third one.
    const ITEMS: usize = 800;
    for (stripe, step) in [(0, 1), (1, 3)] {
        for minute in (0..ITEMS).map(|position| step * position) {
            let (day, hour, minute) = (1 + minute / 1_440, minute / 60 % 24, minute % 60);
            let item = json!({
                "PK": { "S": format!("minutes/{stripe:02}") },
                "SK": { "S": format!("minute#2026-10-{day:02}T{hour:02}:{minute:02}Z") },
                "count": { "N": "1" },
                "sum(total)": { "N": "0.25" },
            });
            put(&shop, item).await;
        }
    }
    let rows = shop.rows("minutes");
    let both = rows.iter().filter(|row| row["orders"] == json!(2)).count();
    assert_eq!(both, ITEMS.div_ceil(3), "stripes of one minute are one row");
    assert_eq!(rows.len() + both, 2 * ITEMS);
    assert!(rows.is_sorted_by(|one, next| cell(&one["start"]) < cell(&next["start"])));
    let early = shop.rows("minutes --to 2026-10-01T11:30");
    let late = shop.rows("minutes --from 2026-10-01T11:30");
    assert!(!early.is_empty() && !late.is_empty());
    assert_eq!([early, late].concat(), rows, "each bucket is in one of two ranges");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_may_be_of_some_groups_buckets_and_measures() {
    let shop = Shop::with_orders(ORDERS).await;
    let all = shop.rows("sales");
    let some = |is_such: &dyn Fn(&Map<String, Value>) -> bool| -> Vec<_> {
        all.iter().filter(|row| is_such(row)).cloned().collect()
    };
    let country = |row: &Map<String, Value>| cell(&row["dimensions"]["country"]);
    let rows = shop.rows("sales --where country=DE --where country=a#b%c");
    assert_eq!(rows, some(&|row| country(row) != COUNTRIES[1]));
    let rows = shop.rows("sales --where country=DE --where paid=false");
    assert_eq!(rows, some(&|row| country(row) == "DE" && row["dimensions"]["paid"] == false));
    let rows = shop.rows("sales --bucket month --bucket all");
    assert_eq!(rows, some(&|row| row["every"] != "day"));
    // The midnight of Berlin is two hours before that of UTC.
    let rows = shop.rows("sales --bucket day --from 2026-10-02 --to 2026-10-29");
    let is_within = |row: &Map<String, Value>| {
        let start = cell(&row["start"]);
        row["every"] == "day" && ("2026-10-02".."2026-10-29").contains(&start.as_str())
    };
    assert!(!rows.is_empty());
    assert_eq!(rows, some(&is_within));
    let rows = shop.rows("sales --bucket all --measures least,orders");
    let names: Vec<_> = rows[0].keys().map(String::as_str).collect();
    assert_eq!(names, ["dimensions", "every", "start", "end", "least", "orders"]);
    let nobody = shop.rows("sales --where country=XX --where paid=true");
    assert!(nobody.is_empty(), "nothing is counted");
    let rows = shop.rows("stats --from 2026-11");
    assert!(rows.is_empty(), "no month is in the range");
    assert_eq!(shop.rows("stats --to 2026-11"), shop.rows("stats"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_bucket_is_left_out_and_a_parked_one_is_marked() {
    let shop = Shop::with_orders(3).await;
    let item = |sort: &str, other: (&str, Value)| {
        let mut item = json!({
            "PK": { "S": "recent#XX" }, "SK": { "S": sort }, "count": { "N": "1" },
        });
        item[other.0] = other.1;
        item
    };
    put(&shop, item("day#2020-02-03", ("expires_at", json!({ "N": "1581379200" })))).await;
    put(&shop, item("all", ("@parked", json!({ "N": "1" })))).await;
    let rows = shop.rows("recent --where country=XX");
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((&row["every"], &row["parked"]), (&json!("all"), &json!(true)));
    assert_eq!(point(row), shop.point("recent", row).await);
    let output = shop.export("recent --where country=XX");
    assert!(text(&output.stdout).ends_with(",1,true\r\n"), "{}", text(&output.stdout));
    let told = text(&output.stderr);
    assert!(told.contains("1 row parked: the values may be wrong"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rollup_is_exported_under_its_previous_definition_until_it_is_built() {
    let shop = Shop::with_orders(10).await;
    let before = shop.rows("recent");
    let changed = DEFINITION.replace("keep = {", "where = { paid = true }\nkeep = {");
    std::fs::write(shop.folder.path().join("weir.toml"), changed).expect("written");
    assert_eq!(shop.rows("recent"), before);
    let told = text(&shop.export("recent").stderr);
    assert!(
        told.contains("is counted under its previous definition until it is built\n"),
        "{told}"
    );
}
