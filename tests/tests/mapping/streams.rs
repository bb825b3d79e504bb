//! A DynamoDB Streams endpoint whose shards split, end, expire and are trimmed on demand: what an
//! emulator with one everlasting shard cannot show.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use weir_processor::mapping::Settings;
use weir_table::Connection;
use weir_testing::running::Running;

use crate::mapping::events::Events;
use crate::mapping::seen::name;

pub(crate) const ARN: &str =
    "arn:aws:dynamodb:us-east-1:123456789012:table/events/stream/2026-01-01T00:00:00.000";
/// The label of the stream.
pub(crate) const LABEL: &str = "2026-01-01T00:00:00.000";
/// Small pages, so that paging happens.
const SHARDS_PER_PAGE: usize = 2;
/// Small reads, so that a shard takes several.
const RECORDS_PER_READ: usize = 3;

/// A stream on a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct FakeStream {
    url: String,
    world: Arc<Mutex<World>>,
}

/// When records are created by default, in seconds since the epoch: the beginning
/// of 2026.
pub(crate) const LONG_AGO: i64 = 1_767_225_600;

/// A shard with its records, which are numbers with the times they were created at.
#[derive(Clone, Debug)]
pub(crate) struct Shard {
    pub(crate) id: String,
    parent: Option<String>,
    records: Vec<(usize, i64)>,
    is_closed: bool,
    /// Whether lists of shards leave it out.
    is_hidden: bool,
    oldest: usize,
}

#[derive(Debug)]
struct World {
    shards: Vec<Shard>,
    /// Iterators of an earlier generation have expired.
    generation: usize,
    /// How often records were asked for.
    reads: usize,
    /// So many requests for records are refused, for the shard has too many readers.
    refusals: usize,
}

/// The name of the exception.
type Exception = &'static str;

impl Shard {
    pub(crate) fn new(id: &str, parent: Option<&str>, records: Range<usize>) -> Self {
        let parent = parent.map(str::to_owned);
        let id = id.to_owned();
        let (is_closed, is_hidden) = (false, false);
        let mut shard = Shard { id, parent, records: Vec::new(), is_closed, is_hidden, oldest: 0 };
        shard.extend(records);
        shard
    }

    pub(crate) fn closed(mut self) -> Self {
        self.close();
        self
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
    }

    pub(crate) fn hide(&mut self) {
        self.is_hidden = true;
    }

    pub(crate) fn show(&mut self) {
        self.is_hidden = false;
    }

    pub(crate) fn extend(&mut self, records: Range<usize>) {
        self.extend_at(LONG_AGO, records);
    }

    /// Adds records that were created then.
    pub(crate) fn extend_at(&mut self, created: i64, records: Range<usize>) {
        self.records.extend(records.map(|record| (record, created)));
    }

    /// Its records were created then.
    pub(crate) fn created_at(mut self, created: i64) -> Self {
        self.records.iter_mut().for_each(|record| record.1 = created);
        self
    }

    /// Trims the records before the one at this place.
    pub(crate) fn trim(&mut self, oldest: usize) {
        self.oldest = oldest;
    }
}

impl FakeStream {
    pub(crate) async fn start(shards: Vec<Shard>) -> Self {
        let world = Arc::new(Mutex::new(World { shards, generation: 0, reads: 0, refusals: 0 }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().route("/", post(serve)).with_state(Arc::clone(&world));
        tokio::spawn(async { axum::serve(listener, app).await });
        FakeStream { url, world }
    }

    /// Reads it, with checkpoints beside the events.
    pub(crate) async fn read<F>(
        &self,
        events: &Events,
        change: impl FnOnce(&mut Settings),
        handler: impl Fn(Vec<u8>) -> F + Send + Sync + 'static,
    ) -> Running
    where
        F: Future<Output = Result<Vec<u8>, String>> + Send + 'static,
    {
        let connection = Connection::to(&self.url).await;
        events.read_from(&connection, events.checkpoints(), change, handler)
    }

    /// Its address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Vec<Shard>)) {
        change(&mut self.world.lock().expect("no panic").shards);
    }

    /// Refuses the next requests for records.
    pub(crate) fn refuse(&self, requests: usize) {
        self.world.lock().expect("no panic").refusals = requests;
    }

    /// How often records were asked for.
    pub(crate) fn reads(&self) -> usize {
        self.world.lock().expect("no panic").reads
    }

    pub(crate) fn refusals_left(&self) -> usize {
        self.world.lock().expect("no panic").refusals
    }

    pub(crate) fn expire_iterators(&self) {
        self.world.lock().expect("no panic").generation += 1;
    }
}

async fn serve(
    State(world): State<Arc<Mutex<World>>>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().expect("text");
    let operation = target.strip_prefix("DynamoDBStreams_20120810.").expect("a streams client");
    let request: Value = serde_json::from_str(&body).expect("JSON");
    let mut world = world.lock().expect("no panic");
    world.reads += usize::from(operation == "GetRecords");
    let answer = match operation {
        "ListStreams" => Ok(json!({ "Streams": [
            { "StreamArn": "old", "StreamLabel": "2025-01-01T00:00:00.000", "TableName": "events" },
            { "StreamArn": ARN, "StreamLabel": "2026-01-01T00:00:00.000", "TableName": "events" },
        ]})),
        "DescribeStream" => Ok(world.describe(request["ExclusiveStartShardId"].as_str())),
        "GetShardIterator" => world.iterator(&request),
        "GetRecords" if world.refusals > 0 => {
            world.refusals -= 1;
            Err("LimitExceededException")
        }
        "GetRecords" => world.records(request["ShardIterator"].as_str().expect("an iterator")),
        other => panic!("{other} is not served"),
    };
    match answer {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(exception) => (
            StatusCode::BAD_REQUEST,
            json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{exception}"),
                "message": "" })
            .to_string(),
        ),
    }
}

impl World {
    fn describe(&self, start: Option<&str>) -> Value {
        let listed: Vec<_> = self.shards.iter().filter(|shard| !shard.is_hidden).collect();
        let skipped = start.and_then(|start| listed.iter().position(|shard| shard.id == start));
        let rest = &listed[skipped.map_or(0, |skipped| skipped + 1)..];
        let page = &rest[..rest.len().min(SHARDS_PER_PAGE)];
        let shards: Vec<Value> = page
            .iter()
            .map(|shard| match &shard.parent {
                Some(parent) => json!({ "ShardId": shard.id, "ParentShardId": parent }),
                None => json!({ "ShardId": shard.id }),
            })
            .collect();
        let mut description = json!({ "StreamArn": ARN, "Shards": shards });
        if rest.len() > page.len() {
            description["LastEvaluatedShardId"] = shards[page.len() - 1]["ShardId"].clone();
        }
        json!({ "StreamDescription": description })
    }

    fn shard(&self, id: &str) -> Result<&Shard, Exception> {
        self.shards.iter().find(|shard| shard.id == id).ok_or("ResourceNotFoundException")
    }

    fn iterator(&self, request: &Value) -> Result<Value, Exception> {
        assert_eq!(request["StreamArn"], ARN);
        let shard = self.shard(request["ShardId"].as_str().expect("a shard"))?;
        let place = match request["ShardIteratorType"].as_str() {
            Some("TRIM_HORIZON") => shard.oldest,
            Some("AFTER_SEQUENCE_NUMBER") => {
                let after = request["SequenceNumber"].as_str().expect("a sequence number");
                let mut records = shard.records.iter();
                1 + records.position(|record| sequence_number(record.0) == after).expect("a record")
            }
            other => panic!("{other:?} is not a way to start"),
        };
        if place < shard.oldest {
            return Err("TrimmedDataAccessException");
        }
        Ok(json!({ "ShardIterator": format!("{} {place} {}", shard.id, self.generation) }))
    }

    fn records(&self, iterator: &str) -> Result<Value, Exception> {
        let parts: Vec<&str> = iterator.split(' ').collect();
        let [id, place, generation] = parts[..] else { panic!("{iterator} is not an iterator") };
        let (shard, place) = (self.shard(id)?, place.parse::<usize>().expect("a place"));
        if generation != self.generation.to_string() {
            return Err("ExpiredIteratorException");
        }
        if place < shard.oldest {
            return Err("TrimmedDataAccessException");
        }
        let end = shard.records.len().min(place + RECORDS_PER_READ);
        let records: Vec<Value> = shard.records[place..end].iter().map(record).collect();
        let mut answer = json!({ "Records": records });
        if !(shard.is_closed && end == shard.records.len()) {
            answer["NextShardIterator"] = format!("{id} {end} {generation}").into();
        }
        Ok(answer)
    }
}

pub(crate) fn sequence_number(record: usize) -> String {
    format!("{:024}", 100_000_000 + record)
}

fn record((record, created): &(usize, i64)) -> Value {
    json!({
        "eventID": format!("{record:032x}"),
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": created,
            "Keys": { "PK": { "S": "ITEM" }, "SK": { "S": name(*record) } },
            "SequenceNumber": sequence_number(*record),
            "SizeBytes": 20,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    })
}
