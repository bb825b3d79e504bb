//! The table of another library, who writes it, and the processor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use weir_model::Model;
use weir_processor::Processor;
use weir_processor::mapping::{EventSourceMapping, Settings, Source};
use weir_table::checkpoints::Checkpoints;
use weir_table::{Connection, Rollups, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::http::Client;
use weir_testing::process::Process;
use weir_testing::running::Running;

use super::proxy::Proxy;

/// The items before anything is built, unless `WEIR_ADOPTION_ITEMS` says otherwise.
const ITEMS: u64 = 2_000;
/// The writes in a second, unless `WEIR_ADOPTION_WRITES` says otherwise.
const WRITES_PER_SECOND: u64 = 150;
/// The items of a batch: DynamoDB's limit.
const BATCH_ITEMS: u64 = 25;
/// Who writes at a time.
const WRITERS: u64 = 8;
/// The customers of the shop.
const CUSTOMERS: u64 = 40;
/// The regions of the shop.
const REGIONS: [&str; 3] = ["eu", "us", "asia#1"];
const STATUSES: [&str; 4] = ["open", "paid", "sent", "returned"];

const DEFINITION: &str = r##"
[table]
name = "TABLE"
partition_key = "pk"
sort_key = "sk"

[entities.order]
match = { "__edb_e__" = "order" }
escape = false
pk = "$shop#customer_{customer}"
sk = "$order_1#id_{id}"
[entities.order.attributes]
id = { type = "string", required = true }
customer = { type = "string", required = true }
region = { type = "string" }
status = { type = "enum", values = ["open", "paid", "sent", "returned"] }
amount = { type = "integer" }
placed = { type = "timestamp", precision = "second" }

[rollups.by_status]
of = "order"
by = ["status"]
time = "placed"
buckets = ["day", "month", "all"]
measures = { orders = "count", revenue = "sum(amount)" }

[rollups.customers]
of = "order"
by = ["region"]
measures = { customers = "distinct(customer)" }

[rollups.extremes]
of = "order"
by = ["region"]
measures = { largest = "max(amount)", smallest = "min(amount)" }

[rollups.best]
of = "order"
by = ["customer"]
where = { status = ["paid", "sent"] }
rank_by = "revenue"
measures = { revenue = "sum(amount)" }
"##;
/// What the rollup `by_status` is changed by.
const CHANGED: (&str, &str) =
    ("time = \"placed\"\n", "time = \"placed\"\nwhere = { amount = { gte = 100 } }\n");

/// Everything that runs.
pub(crate) struct World {
    /// The number of items before anything was built.
    pub(crate) items: u64,
    /// The DynamoDB itself.
    pub(crate) dynamodb: TestDynamo,
    /// The changed definition.
    pub(crate) model: Arc<Model>,
    proxy: Proxy,
    table: Table,
    folder: TempDir,
    first_definition: String,
}

/// The writers of the table.
pub(crate) struct Writers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<u64>>,
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

impl World {
    /// Makes the table of the other library, with its items, and enables its stream.
    pub(crate) async fn with_items() -> Self {
        let dynamodb = TestDynamo::start().await;
        let proxy = Proxy::start(&dynamodb.url).await;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        let name = format!("electro-{:x}", since.as_nanos());
        let first_definition = DEFINITION.replace("TABLE", &name);
        let definition = first_definition.replace(CHANGED.0, CHANGED.1);
        let model: Arc<Model> = Arc::new(definition.parse().expect("valid"));
        let connection = Connection::to(&proxy.url).await;
        let world = Self {
            items: setting("WEIR_ADOPTION_ITEMS", ITEMS),
            table: Table::new(&connection, Arc::new(first_definition.parse().expect("valid"))),
            dynamodb,
            model,
            proxy,
            folder: tempfile::tempdir().expect("a folder"),
            first_definition,
        };
        world.create().await;
        std::fs::write(world.file(), &world.first_definition).expect("written");
        world
    }

    async fn create(&self) {
        let client = Client::new(&self.dynamodb.url);
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        let text = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let table = json!({
            "TableName": self.name(),
            "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
            "AttributeDefinitions": [text("pk"), text("sk")],
            "BillingMode": "PAY_PER_REQUEST",
        });
        client.dynamodb("CreateTable", &table).await;
        let mut rng = Rng::with_seed(1);
        for first in (0..self.items).step_by(BATCH_ITEMS as usize) {
            let ids = first..self.items.min(first + BATCH_ITEMS);
            let puts = ids.map(|id| json!({ "PutRequest": { "Item": order(id, &mut rng) } }));
            let request = json!({ "RequestItems": { self.name(): puts.collect::<Vec<_>>() } });
            client.dynamodb("BatchWriteItem", &request).await;
        }
        // What an owner has to do before rollups can be built.
        let stream = json!({
            "TableName": self.name(),
            "StreamSpecification": {
                "StreamEnabled": true,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        });
        client.dynamodb("UpdateTable", &stream).await;
        // DynamoDB gives the age of a table in whole seconds, and the rollups must be younger.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }

    /// Returns the name of the table of items.
    pub(crate) fn name(&self) -> &str {
        &self.model.table.name
    }

    /// Returns the number of temporary folders of builds that there are.
    pub(crate) fn spools(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().starts_with("weir-build-")).count()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("weir.toml")
    }

    /// Changes the definition file.
    pub(crate) fn change(&self) {
        let changed = self.first_definition.replace(CHANGED.0, CHANGED.1);
        assert_ne!(changed, self.first_definition);
        std::fs::write(self.file(), changed).expect("written");
    }

    /// Starts `weir build`.
    pub(crate) fn build(&self) -> Process {
        let margins: &[&str] = match self.dynamodb.is_embedded() {
            true => &[],
            // The times of its records are in whole minutes.
            false => &["--cut-margin", "5", "--scan-margin", "2", "--delta", "61"],
        };
        self.run("build", margins)
    }

    /// Starts `weir verify`.
    pub(crate) fn verify(&self, options: &[&str]) -> Process {
        let margins: &[&str] = match self.dynamodb.is_embedded() {
            true => &[],
            false => &["--scan-margin", "2", "--delta", "61"],
        };
        self.run("verify", &[options, margins].concat())
    }

    fn run(&self, name: &str, options: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.arg(name).arg(self.file()).args(["--json", "--endpoint", &self.proxy.url]);
        command.arg("--spool").arg(self.folder.path()).args(options);
        Process::start(command)
    }

    /// Starts a processor with the first definition.
    pub(crate) async fn process(&self) -> Running {
        self.table.provision().await.expect("the rollups' table");
        let opened = self.table.open_rollups().await.expect("a state");
        let described = self.table.describe().await.expect("a table");
        let arn = described.stream_arn().expect("a stream").to_owned();
        let connection = Connection::to(&self.proxy.url).await;
        let model = self.table.model();
        let checkpoints = Checkpoints::new(connection.dynamodb(), &model.table.rollups_table);
        let settings = Settings {
            idle_pause: Duration::from_millis(20),
            visibility_margin: Duration::ZERO,
            ..Settings::new(Source::Stream(arn), "test")
        };
        let mapping = EventSourceMapping::new(&connection, checkpoints, settings)
            .of_table(self.table.clone());
        let rollups = Rollups::new(&connection, &model.table);
        let processor = Processor::new(Arc::clone(model)).rollups(rollups);
        let processor = Arc::new(processor.state(self.table.clone(), &opened));
        let handler = move |event: Vec<u8>| {
            let processor = processor.clone();
            async move {
                let handled = processor.handle_json(&event).await;
                handled.map_err(|error| weir_table::error::chain(&error))
            }
        };
        Running::start(mapping, handler)
    }

    /// Puts, changes and deletes orders until it is stopped.
    pub(crate) fn write_all_the_time(&self) -> Writers {
        let (stop, stopped) = watch::channel(false);
        let per_second = setting("WEIR_ADOPTION_WRITES", WRITES_PER_SECOND);
        let pause = Duration::from_secs(1) * WRITERS as u32 / per_second as u32;
        let write = |writer: u64| {
            let (client, table) = (Client::new(&self.dynamodb.url), self.name().to_owned());
            // Each has its own orders, some of which are not there yet.
            let (stopped, orders) = (stopped.clone(), (self.items + self.items / 4) / WRITERS);
            let writing = async move {
                let (mut rng, mut writes) = (Rng::with_seed(100 + writer), 0);
                let mut ticks = interval(pause);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                while !*stopped.borrow() {
                    ticks.tick().await;
                    let id = rng.u64(0..orders) * WRITERS + writer;
                    write_one(&client, &table, id, &mut rng).await;
                    writes += 1;
                }
                writes
            };
            tokio::spawn(writing)
        };
        Writers { stop, tasks: (0..WRITERS).map(write).collect() }
    }

    /// Returns the writes to the table of items by Weir's processes, by operation.
    pub(crate) fn weirs_writes(&self) -> BTreeMap<String, u64> {
        let of_rollups = self.proxy.writes(&self.model.table.rollups_table);
        assert!(!of_rollups.is_empty(), "nothing came through the proxy");
        self.proxy.writes(self.name())
    }
}

impl Writers {
    /// Stops them. Returns the number of writes.
    pub(crate) async fn stop(self) -> u64 {
        self.stop.send_replace(true);
        let mut writes = 0;
        for task in self.tasks {
            writes += task.await.expect("no panic");
        }
        writes
    }
}

async fn write_one(client: &Client, table: &str, id: u64, rng: &mut Rng) {
    let item = order(id, rng);
    match rng.u8(0..4) {
        0 => {
            let key = json!({ "pk": item["pk"], "sk": item["sk"] });
            client.dynamodb("DeleteItem", &json!({ "TableName": table, "Key": key })).await
        }
        _ => client.dynamodb("PutItem", &json!({ "TableName": table, "Item": item })).await,
    };
}

/// An order as ElectroDB stores it. Its customer never changes: it is in the key.
fn order(id: u64, rng: &mut Rng) -> Value {
    let customer = id % CUSTOMERS;
    let (day, hour) = (rng.u8(1..29), rng.u8(0..24));
    json!({
        "pk": { "S": format!("$shop#customer_c{customer}") },
        "sk": { "S": format!("$order_1#id_{id}") },
        "__edb_e__": { "S": "order" },
        "__edb_v__": { "S": "1" },
        "id": { "S": id.to_string() },
        "customer": { "S": format!("c{customer}") },
        "region": { "S": rng.choice(REGIONS).expect("a region") },
        "status": { "S": rng.choice(STATUSES).expect("a status") },
        "amount": { "N": rng.i32(-50..1_000).to_string() },
        "placed": { "S": format!("2026-0{}-{day:02}T{hour:02}:00:00Z", rng.u8(1..4)) },
    })
}
