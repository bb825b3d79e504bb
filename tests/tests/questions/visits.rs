//! A site whose visits come, change and go, and what the rollups of them are after records were
//! delivered anyhow.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};
use weir_model::{Item, Model};
use weir_query::QueryEngine;
use weir_rollups::{Change, Image, fold};
use weir_table::{Rollups, ShardId, Table};
use weir_testing::dynamodb::{TestDynamo, with_own_tables};

pub(crate) const SITES: [&str; 2] = ["shop#1", "blog"];
const DEFINITION: &str = r##"
[table]
name = "site"
[entities.visit]
PK = "VISIT#{id}"
SK = "VISIT"
[entities.visit.attributes]
id = { type = "string", required = true }
site = { type = "string" }
at = { type = "timestamp" }
status = { type = "enum", values = ["new", "old"] }
price = { type = "decimal", scale = 2 }
latency = { type = "integer" }
visitor = { type = "string" }
tags = { type = "set", items = "string" }
[rollups.visits]
of = "visit"
by = ["site"]
time = "at"
buckets = ["quarter_hour", "hour", "day", "month", "year", "all"]
stripes = 1
[rollups.visits.measures]
visits = "count"
with_price = "count(price)"
revenue = "sum(price)"
mean = "avg(price)"
spread = "stddev(latency)"
by_status = "count_by(status)"
sizes = "histogram(price, 0, 10.5)"
rate = "ratio(revenue, visits)"
least = "min(price)"
most = "max(visitor)"
dearest = "largest(price, 2)"
visitors = "distinct(visitor)"
frequent = "top(tags, 2)"
opening = "first(price)"
closing = "last(visitor)"
median = "median(latency)"
p95 = "p95(latency)"
"##;
/// Around which instants visits are: changes of the clock of all zones that are asked about, and
/// other days.
const AROUND: [&str; 9] = [
    "2016-12-31T23:00:00Z",
    "2025-11-02T06:00:00Z",
    "2026-02-14T12:00:00Z",
    "2026-03-08T07:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-04-04T15:00:00Z",
    "2026-05-31T22:30:00Z",
    "2026-10-03T15:30:00Z",
    "2026-10-25T01:00:00Z",
];
const SHARDS: [&str; 2] =
    ["shardId-00000001573689847184-864758bb", "shardId-00000001573689847185-864758bc"];
const LABEL: &str = "2026-11-20T00:00:00.000";
const WRITES: usize = 70;
const ITEMS: usize = 35;
const BATCH: usize = 25;

/// A site, its rollups, and the visits that are left.
pub(crate) struct Site {
    pub(crate) model: Arc<Model>,
    pub(crate) table: Table,
    pub(crate) rollups: Rollups,
    left: BTreeMap<usize, Value>,
    dynamodb: TestDynamo,
}

impl Site {
    pub(crate) async fn with_history(rng: &mut Rng, stripes: u16) -> Self {
        let dynamodb = TestDynamo::start().await;
        let text = DEFINITION.replace("stripes = 1", &format!("stripes = {stripes}"));
        let model: Model = text.parse().expect("a definition");
        let model = Arc::new(with_own_tables(model));
        let connection = dynamodb.connect().await;
        let table = Table::new(&connection, Arc::clone(&model));
        table.provision().await.expect("tables");
        let rollups = Rollups::new(&connection, &model.table);
        let mut site = Self { model, table, rollups, left: BTreeMap::new(), dynamodb };
        let shards = site.history(rng);
        for (shard, changes) in SHARDS.into_iter().zip(&shards) {
            for batch in changes.chunks(BATCH) {
                site.absorb(shard, batch).await;
            }
            // Once more, cut otherwise, from somewhere in the middle.
            for batch in changes[rng.usize(..changes.len())..].chunks(BATCH / 2) {
                site.absorb(shard, batch).await;
            }
        }
        site
    }

    /// The engine that answers questions to its rollups.
    pub(crate) fn engine(&self) -> QueryEngine {
        QueryEngine::new(&self.table, &self.rollups)
    }

    /// Deletes the tables: rows have a time to live, see [`TestDynamo::delete_tables`].
    pub(crate) async fn end(self) {
        self.dynamodb.delete_tables(&self.model).await;
    }

    /// The visits of a site that are left.
    pub(crate) fn visits(&self, site: &str) -> Vec<Value> {
        self.left.values().filter(|visit| visit["site"] == site).cloned().collect()
    }

    fn history(&mut self, rng: &mut Rng) -> Vec<Vec<Change>> {
        let mut shards = vec![Vec::new(); SHARDS.len()];
        for number in 0..WRITES {
            let id = rng.usize(..ITEMS);
            let old = self.left.get(&id).map(|visit| self.item(visit));
            let visit = (rng.u8(..5) > 0).then(|| visit(rng, id));
            let new = visit.as_ref().map(|visit| self.item(visit));
            match visit {
                Some(visit) => drop(self.left.insert(id, visit)),
                None => drop(self.left.remove(&id)),
            }
            let image = match (old, new) {
                (None, Some(new)) => Image::Insert { new },
                (Some(old), Some(new)) => Image::Modify { old, new },
                (Some(old), None) => Image::Remove { old, expired: false },
                (None, None) => continue,
            };
            let sequence = format!("1000000000000000000{number:04}").parse().expect("a number");
            let seconds = 1_795_000_000 + u32::try_from(number).expect("few");
            shards[id % SHARDS.len()].push(Change { sequence, seconds, image });
        }
        shards
    }

    fn item(&self, visit: &Value) -> Item {
        let entity = self.model.entity("visit").expect("it is defined");
        entity.encode(visit.as_object().expect("an object"), weir_writer::fresh()).expect("a visit")
    }

    async fn absorb(&self, shard: &str, batch: &[Change]) {
        for update in fold(&self.model, shard, batch).updates {
            self.rollups.apply(&ShardId::new(LABEL, shard), &update).await.expect("applied");
        }
    }
}

fn visit(rng: &mut Rng, id: usize) -> Value {
    let around: Timestamp = AROUND[rng.usize(..AROUND.len())].parse().expect("a time");
    let at = around.as_second() + rng.i64(-180_000..180_000);
    let mut visit = json!({
        "id": id.to_string(),
        "site": SITES[rng.usize(..SITES.len())],
        "at": Timestamp::from_second(at).expect("a time").to_string(),
        "latency": rng.i64(1..100_000),
        "visitor": format!("v{}", rng.u8(..6)),
        "status": if rng.bool() { "new" } else { "old" },
    });
    if rng.u8(..4) > 0 {
        let cents = rng.i32(-500..3000);
        let sign = if cents < 0 { "-" } else { "" };
        let text = format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100);
        visit["price"] = serde_json::from_str(&text).expect("a number");
    }
    let tags: Vec<&str> = ["a", "b", "c"].into_iter().filter(|_| rng.bool()).collect();
    if !tags.is_empty() {
        visit["tags"] = json!(tags);
    }
    visit
}
