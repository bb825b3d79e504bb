//! Writer, reader, processor and event source mapping around one table, as they run deployed.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;
use weir_processor::Processor;
use weir_processor::event::{Event, Response};
use weir_processor::mapping::{
    EventSourceMapping, MAX_BATCH_RECORDS, MAX_TUMBLING_WINDOW_SECS, Settings, Source,
};
use weir_table::checkpoints::Checkpoints;
use weir_table::{Rollups, Table};

use crate::dynamodb::TestDynamo;
use crate::http::Client;
use crate::running::{PATIENCE, Running};
use crate::table::TestTable;

/// How often to look whether an item has expired.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The system around one table, which is used as the table itself, too.
pub struct System {
    /// Asks the two HTTP services.
    pub http: Client,
    /// The stream of the table.
    pub stream_arn: String,
    tables: TestTable,
}

impl Deref for System {
    type Target = TestTable;

    fn deref(&self) -> &TestTable {
        &self.tables
    }
}

impl System {
    /// Makes the tables in a DynamoDB of their own and serves HTTP. The processor does not run yet.
    pub async fn open(definition: &str) -> Self {
        Self::start(&TestDynamo::start().await, definition).await
    }

    /// Makes the tables in a DynamoDB and serves HTTP. The processor does not run yet.
    pub async fn start(dynamodb: &TestDynamo, definition: &str) -> Self {
        let tables = TestTable::without_tables(dynamodb, definition).await;
        let stream_arn = tables.table.provision().await.expect("the tables").stream_arn;
        let http = serve(&tables.table, &tables.rollups).await;
        Self { http, stream_arn, tables }
    }

    /// Runs the processor, with its batches cut at so many records.
    pub fn process(&self, processor: Processor, batch_size: usize) -> Running {
        let processor = Arc::new(processor);
        let handler = move |event: Vec<u8>| {
            let processor = processor.clone();
            async move {
                processor
                    .handle_json(&event)
                    .await
                    .map_err(|error| weir_table::error::chain(&error))
            }
        };
        self.run(handler, batch_size)
    }

    /// Runs a handler of Lambda's JSON behind an event source mapping, with its batches cut at so
    /// many records.
    pub fn run<H, F>(&self, handler: H, batch_size: usize) -> Running
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        self.run_in_windows(handler, batch_size, tumbling_window())
    }

    /// Returns the same in tumbling windows of this length.
    pub fn run_in_windows<H, F>(
        &self,
        handler: H,
        batch_size: usize,
        tumbling_window: Duration,
    ) -> Running
    where
        H: Fn(Vec<u8>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let checkpoints =
            Checkpoints::new(self.connection.dynamodb(), &self.model.table.rollups_table);
        let settings = Settings {
            batch_size,
            idle_pause: Duration::from_millis(20),
            tumbling_window,
            ..Settings::new(Source::Stream(self.stream_arn.clone()), "test")
        };
        let mapping = EventSourceMapping::new(&self.connection, checkpoints, settings);
        Running::start(mapping, handler)
    }

    /// Returns the processor that keeps this table's rollups.
    pub fn processor(&self) -> Processor {
        Processor::new(self.model.clone()).rollups(self.rollups.clone())
    }

    /// Returns the region that its requests name.
    pub fn region(&self) -> String {
        let region = self.connection.sdk_config().region();
        region.expect("a connection has one").to_string()
    }

    /// Waits until the item at this path, whose time to live has passed, is gone.
    pub async fn expired(&self, path: &str) {
        self.dynamodb.sweep().await;
        let asked = Instant::now();
        while self.http.get(path).await.0 != 404 {
            assert!(asked.elapsed() < PATIENCE, "{path} does not expire");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

/// Every record of a table's stream, as events: what an event source mapping would deliver.
#[derive(Clone, Debug)]
pub struct Captured(Vec<Event>);

impl Captured {
    /// Reads the stream to its end without handling anything. Leaves checkpoints behind.
    pub async fn read(system: &System) -> Self {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = events.clone();
        let handler = move |event: Vec<u8>| {
            seen.lock().expect("no panic").push(serde_json::from_slice(&event).expect("an event"));
            std::future::ready(Ok(serde_json::to_vec(&Response::success()).expect("JSON")))
        };
        let running = system.run(handler, MAX_BATCH_RECORDS);
        running.catch_up().await;
        running.stop().await;
        let captured = events.lock().expect("no panic").clone();
        Self(captured)
    }

    /// Returns the records as events of so many.
    pub fn cut(&self, batch_size: usize) -> Vec<Event> {
        let first = self.0.first().expect("a stream with records");
        let records: Vec<_> = self.0.iter().flat_map(|event| event.records.clone()).collect();
        records
            .chunks(batch_size)
            .map(|records| Event { records: records.to_vec(), ..first.clone() })
            .collect()
    }
}

/// Returns a length of tumbling windows of which now is in the middle of one: the turn of a window
/// would cut a batch short.
fn tumbling_window() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let to_a_turn = |length: &u64| (now % length).min(length - now % length);
    let length = (1..=MAX_TUMBLING_WINDOW_SECS).max_by_key(to_a_turn).expect("there are lengths");
    Duration::from_secs(length)
}

async fn serve(table: &Table, rollups: &Rollups) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = weir_writer::app(table.clone()).merge(weir_reader::app(
        table.clone(),
        rollups.clone(),
        weir_reader::Settings::default(),
    ));
    let app = weir_http::finish(app, &weir_http::routes::all(table.model()));
    tokio::spawn(weir_http::serve_on(listener, app, std::future::pending()));
    Client::new(&url)
}
