//! The three functions around one table, each over a connection that records its calls.

use axum::Router;
use serde_json::{Value, json};
use weir_http::routes::{reads, writes};
use weir_processor::Processor;
use weir_processor::event::{Event, Response};
use weir_table::{Rollups, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::http::Client;
use weir_testing::recorder::Recorder;
use weir_testing::recount::scan;
use weir_testing::system::{Captured, System};

use crate::permissions::policy::{Actions, granted_actions};
use crate::permissions::routes::{Subject, call};

const HOUR_SECONDS: i64 = 60 * 60;
/// How long a shard is open.
const SHARD_HOURS: i64 = 4;
/// Shards enough that the watermarks of the first are stale: five days of them.
const SHARDS: i64 = 5 * 24 / SHARD_HOURS;

/// The code of a function, and the record of its calls.
pub(crate) struct Recorded<T> {
    pub(crate) function: T,
    recorder: Recorder,
    /// The logical id of its role in the template.
    role: &'static str,
}

/// The functions of a definition, as they are deployed.
pub(crate) struct Functions {
    dynamodb: TestDynamo,
    system: System,
    pub(crate) writer: Recorded<Router>,
    pub(crate) reader: Recorded<Router>,
    pub(crate) processor: Recorded<Processor>,
}

impl Functions {
    pub(crate) async fn start(definition: &str) -> Self {
        let dynamodb = TestDynamo::start().await;
        let system = System::start(&dynamodb, definition).await;
        let writer = start_writer(&dynamodb, &system).await;
        let reader = start_reader(&dynamodb, &system).await;
        let processor = start_processor(&dynamodb, &system).await;
        Self { dynamodb, system, writer, reader, processor }
    }

    /// Calls every route of the writer, and then every route of the reader.
    pub(crate) async fn call_every_route(&self, item: &Value, rollups: &[&str]) {
        let model = &self.system.model;
        let subject = Subject { entity: &model.entities[0], item, rollups };
        for route in writes(model) {
            call(&self.writer.function, &route, &subject).await;
        }
        for route in reads(model) {
            call(&self.reader.function, &route, &subject).await;
        }
    }

    /// Returns the event of all changes until now.
    pub(crate) async fn event(&self) -> Event {
        Captured::read(&self.system).await.cut(100).remove(0)
    }

    /// Gives an event to the processor.
    pub(crate) async fn process(&self, event: &Event) {
        let response = self.processor.function.handle(event.clone()).await.expect("a response");
        assert_eq!(response, Response::success());
    }

    /// Gives the event of all changes to the processor in every way that needs a call of its own.
    pub(crate) async fn process_in_every_way(&self) {
        let event = self.event().await;
        self.process(&event).await;
        // Delivered again, by a DynamoDB that does not return the item of a failed condition.
        self.processor.recorder.refuse_conditions();
        self.process(&event).await;
        self.processor.recorder.allow_conditions();
        self.outlive_watermarks(&event).await;
        self.park_an_update(&event).await;
    }

    /// Makes DynamoDB reject an update for good, so that it is parked.
    async fn park_an_update(&self, event: &Event) {
        let table = &self.system.model.table.rollups_table;
        let rows = scan(&self.dynamodb.url, table).await;
        let mut spoilt =
            rows.into_iter().find(|row| row["sum(delay)"].is_object()).expect("a rollup item");
        // With its watermarks, the item would have absorbed the event already.
        let item = spoilt.as_object_mut().expect("an item");
        item.retain(|name, _| !name.starts_with('@'));
        spoilt["sum(delay)"] = json!({ "S": "?" });
        let request = json!({ "TableName": table, "Item": spoilt });
        Client::new(&self.dynamodb.url).dynamodb("PutItem", &request).await;
        self.process(event).await;
        assert_eq!(self.system.rollups.parked().await.expect("the records").len(), 1);
    }

    /// Gives the same records to the processor from many shards, one after another, until the
    /// watermarks of the first are removed.
    async fn outlive_watermarks(&self, event: &Event) {
        let first = event.records[0].dynamodb.approximate_creation_date_time.expect("a time");
        for number in 1..=SHARDS {
            let mut event = event.clone();
            event.shard_id = Some(format!("shardId-{number:020}-00000000"));
            for record in &mut event.records {
                let time = first + number * SHARD_HOURS * HOUR_SECONDS;
                record.dynamodb.approximate_creation_date_time = Some(time);
            }
            self.process(&event).await;
        }
        let rows = scan(&self.dynamodb.url, &self.system.model.table.rollups_table).await;
        let watermarks = |row: &Value| {
            row.as_object().expect("an item").keys().filter(|name| name.starts_with('@')).count()
        };
        let most = rows.iter().map(watermarks).max().expect("rollup items");
        assert!(most < usize::try_from(SHARDS).expect("a count"), "{most} watermarks are left");
    }

    /// Returns the calls of a function, with the names that the tables have in the template.
    fn called_actions<T>(&self, of: &Recorded<T>) -> Actions {
        let table = &self.system.model.table;
        let named = |resource: String| match resource {
            resource if resource == table.name => "Table".to_owned(),
            resource if resource == table.rollups_table => "RollupsTable".to_owned(),
            other => match other.strip_prefix(&format!("{}/", table.name)) {
                Some(index) => format!("Table/{index}"),
                None => other.replacen(&table.rollups_table, "RollupsTable", 1),
            },
        };
        let calls = of.recorder.asked().into_iter();
        calls
            .map(|(operation, resource)| (format!("dynamodb:{operation}"), named(resource)))
            .collect()
    }

    /// Returns the actions that the role of a function grants.
    pub(crate) fn granted_actions<T>(&self, of: &Recorded<T>) -> Actions {
        granted_actions(&self.system.model, of.role)
    }

    /// Asserts that every role grants the calls of its function, and nothing else.
    pub(crate) fn assert_every_role_exact(&self) {
        self.assert_role_exact(&self.writer);
        self.assert_role_exact(&self.reader);
        self.assert_role_exact(&self.processor);
    }

    /// Asserts that the role of a function grants its calls, and nothing else.
    pub(crate) fn assert_role_exact<T>(&self, of: &Recorded<T>) {
        let (called, granted) = (self.called_actions(of), self.granted_actions(of));
        assert_eq!(called, granted, "called, and granted to the {}", of.role);
    }
}

async fn start_writer(dynamodb: &TestDynamo, system: &System) -> Recorded<Router> {
    let recorder = Recorder::default();
    let connection = recorder.before(dynamodb.connect().await);
    let app = weir_writer::app(Table::new(&connection, system.model.clone()));
    let function = weir_http::finish(app, &writes(&system.model));
    Recorded { function, recorder, role: "WriterRole" }
}

async fn start_reader(dynamodb: &TestDynamo, system: &System) -> Recorded<Router> {
    let recorder = Recorder::default();
    let connection = recorder.before(dynamodb.connect().await);
    let app = weir_reader::app(
        Table::new(&connection, system.model.clone()),
        Rollups::new(&connection, &system.model.table),
        weir_reader::Settings::default(),
    );
    let function = weir_http::finish(app, &reads(&system.model));
    Recorded { function, recorder, role: "ReaderRole" }
}

/// Starts the processor as after a deployment: no rollups were kept before.
async fn start_processor(dynamodb: &TestDynamo, system: &System) -> Recorded<Processor> {
    let recorder = Recorder::default();
    let connection = recorder.before(dynamodb.connect().await);
    let rollups = Rollups::new(&connection, &system.model.table);
    forget_definitions(dynamodb, &system.model.table.rollups_table).await;
    let table = Table::new(&connection, system.model.clone());
    let opened = table.open_rollups().await.expect("they begin here");
    let function = Processor::new(system.model.clone()).rollups(rollups).state(table, &opened);
    Recorded { function, recorder, role: "ProcessorRole" }
}

/// Removes the state of the rollups from a rollups table.
async fn forget_definitions(dynamodb: &TestDynamo, table: &str) {
    let key = json!({ "PK": { "S": "@definition" }, "SK": { "S": "@definition" } });
    let request = json!({ "TableName": table, "Key": key });
    Client::new(&dynamodb.url).dynamodb("DeleteItem", &request).await;
}
