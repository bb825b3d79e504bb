//! Rollups of a table that both write at once: they are what a recount of the items gives.

use fastrand::Rng;
use jiff::Timestamp;
use serde_json::{Value, json};
use weir_testing::recount::{DAY_MONTH_ALL, Rollup};

use crate::interop::world::{World, encoded, extended};

/// One seed, one history.
const SEED: u64 = 1998;
/// How many writes a history has.
const WRITES: usize = 240;
/// How many are under way at once, and how many items they are about.
const AT_ONCE: usize = 6;
const ITEMS: usize = 30;
/// Over how many days the items are spread.
const DAYS: i64 = 40;
const DAY_MS: i64 = 86_400_000;
const FIRST_MS: i64 = 1_795_156_854_000;
/// How many records make a batch: several batches, few of them whole histories of an item.
const BATCH_SIZE: usize = 7;

/// A task that an update of ElectroDB has made has no time, for that gives no defaults.
const EFFORT: Rollup<'_> = Rollup {
    name: "effort",
    by: &["project"],
    time: "created",
    buckets: DAY_MONTH_ALL,
    measured: &["points", "estimate"],
    admits: |item| item["__edb_e__"]["S"] == "task" && !item["created"].is_null(),
};
const SPEND: Rollup<'_> = Rollup {
    name: "spend",
    by: &["customer"],
    time: "_ct",
    buckets: DAY_MONTH_ALL,
    measured: &["total"],
    admits: |item| item["_et"]["S"] == "order",
};

/// An item, and what may become of it.
struct Subject {
    entity: &'static str,
    key: Value,
    path: String,
    attributes: Value,
    changes: Value,
}

/// A write, as a command of a package or as a request to Weir.
enum Write {
    Package(Value),
    Weir(&'static str, String, Value),
}

impl Subject {
    /// One of the writes that there are, the package's or Weir's.
    fn write(&self, rng: &mut Rng) -> Write {
        let whole = || extended(&self.key, &self.attributes);
        let command = |what: &str, more: Value| {
            Write::Package(extended(&json!({ "do": what, "entity": self.entity }), &more))
        };
        let changes = || extended(&self.changes, &json!({ "key": self.key }));
        match (rng.bool(), rng.usize(..6)) {
            (true, 0) => Write::Weir("POST", format!("/{}", self.entity), whole()),
            (true, 1) => Write::Weir("PUT", self.path.clone(), self.attributes.clone()),
            (true, 2) => Write::Weir("DELETE", self.path.clone(), Value::Null),
            (true, _) => Write::Weir("PATCH", self.path.clone(), self.changes.clone()),
            (false, 0) => command("create", json!({ "item": whole() })),
            (false, 1) => command("put", json!({ "item": whole() })),
            (false, 2) => command("delete", json!({ "key": self.key })),
            (false, 3) => command("update", changes()),
            (false, _) => command("patch", changes()),
        }
    }
}

impl World {
    /// Does writes of random items, some at once, while the processor counts; then compares the
    /// rollup with a recount. A write that finds an item there, or finds none, may be refused.
    async fn lives(self, rollup: Rollup<'_>, subject: impl Fn(usize, &mut Rng) -> Subject) {
        let running = self.system.process(self.system.processor(), BATCH_SIZE);
        let mut rng = Rng::with_seed(SEED);
        let mut done = 0;
        for _ in 0..WRITES / AT_ONCE {
            let some: Vec<_> = std::iter::repeat_with(|| {
                let item = rng.usize(..ITEMS);
                subject(item, &mut rng).write(&mut rng)
            })
            .take(AT_ONCE)
            .collect();
            let some = some.iter().map(|write| self.is_done(write));
            done += futures::future::join_all(some).await.into_iter().filter(|done| *done).count();
        }
        assert!(done > WRITES / 2, "only {done} writes were done");
        running.catch_up().await;
        assert!(self.system.assert_exact(&[rollup]).await > 2);
        running.stop().await;
    }

    async fn is_done(&self, write: &Write) -> bool {
        match write {
            Write::Package(command) => self.package.attempt(command.clone()).await.is_ok(),
            Write::Weir(method, path, body) => {
                let body = Some(body).filter(|body| !body.is_null());
                let (status, answer) = self.system.http.send(method, path, body).await;
                assert!([200, 201, 204, 404, 409].contains(&status), "{method} {path}: {answer}");
                status < 300
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_electrodb_and_weir_write_are_counted_exactly() {
    let Some(world) = World::of_electrodb().await else { return };
    let task = |item: usize, rng: &mut Rng| {
        let project = json!(["P", "p#1", "Ö"][item % 3]);
        let created = FIRST_MS + rng.i64(0..DAYS) * DAY_MS;
        let estimate = f64::from(rng.i32(-9999..9999)) / 100.0;
        let due = "2026-11-20T06:40:54Z";
        Subject {
            entity: "task",
            path: format!("/task/T/{}/{item}", encoded(&project)),
            key: json!({ "team": "T", "project": project, "task": item.to_string() }),
            attributes: json!({ "estimate": estimate, "points": rng.u8(..), "due": due,
                "created": created }),
            changes: match rng.u8(..4) {
                0 => json!({ "add": { "estimate": rng.u8(..) } }),
                1 => json!({ "remove": ["estimate"] }),
                _ => {
                    json!({ "set": { "estimate": rng.u16(..), "points": rng.u8(..), "due": due } })
                }
            },
        }
    };
    world.lives(EFFORT, task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_toolbox_and_weir_write_are_counted_exactly() {
    let Some(world) = World::of_toolbox().await else { return };
    let order = |item: usize, rng: &mut Rng| {
        let customer = json!(["ann", "Bob#1", "ö%"][item % 3]);
        let created = Timestamp::from_millisecond(FIRST_MS + rng.i64(0..DAYS) * DAY_MS);
        let created = format!("{:.3}", created.expect("a time"));
        let total = f64::from(rng.i32(-9999..9999)) / 1000.0;
        Subject {
            entity: "order",
            path: format!("/order/{}/{item}", encoded(&customer)),
            key: json!({ "customer": customer, "order": item.to_string() }),
            attributes: json!({ "total": total, "created": created }),
            changes: match rng.u8(..4) {
                0 => json!({ "add": { "total": rng.u8(..) } }),
                1 => json!({ "remove": ["note"] }),
                _ => json!({ "set": { "total": rng.u16(..), "status": "paid" } }),
            },
        }
    };
    world.lives(SPEND, order).await;
}
