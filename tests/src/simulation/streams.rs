//! The DynamoDB Streams API over the world's source: what the product's own mapping polls.
//!
//! | it may | and does |
//! |---|---|
//! | give less than there is, or nothing, before the end of a shard | often, nothing twice in a row |
//! | give a record long after its write | often |
//! | let an iterator expire | after 15 minutes at the latest |
//! | list shards in pages | a few at a time |
//! | forget a shard | when its last record was trimmed |
//!
//! Source: DynamoDB Streams API reference.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::dice::Dice;
use super::dynamodb::{StatusAndText, exception};
use super::event::stream_record;
use super::source::{ARN, Record};
use super::tally::Count;
use super::world::World;

/// The most shards in a page of a description.
const SHARDS_PER_PAGE: usize = 3;
/// The most records in one read.
const MOST_RECORDS: usize = 12;
/// A read gives nothing so often though there is something, but not more often in a row.
const EMPTY_PER_MILLE: u32 = 100;
const MOST_EMPTY: usize = 2;
/// An iterator expires early so often while things go wrong.
const EXPIRED_PER_MILLE: u32 = 30;
/// An iterator lives so long.
const ITERATOR_LIFE_MS: u64 = 15 * 60 * 1000;
/// The end of a shard that has no record.
const NO_RECORD: &str = "100000000000000000000";
/// The status of a rejected request.
const REFUSED: u16 = 400;

/// The stream of a world.
#[derive(Clone)]
pub(crate) struct Streams {
    world: Arc<World>,
    dice: Arc<Mutex<Dice>>,
}

/// The name of an exception.
type Exception = &'static str;

impl Streams {
    pub(crate) fn new(world: &Arc<World>, dice: Dice) -> Self {
        Self { world: Arc::clone(world), dice: Arc::new(Mutex::new(dice)) }
    }

    /// Serves a request. `None` for an operation that product code does not send.
    pub(crate) fn serve(&self, operation: &str, body: &[u8]) -> Option<StatusAndText> {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let answer = match operation {
            "DescribeStream" => Ok(self.describe(text("ExclusiveStartShardId"))),
            "GetShardIterator" => {
                let is_latest = text("ShardIteratorType") == "LATEST";
                self.iterator(text("ShardId"), text("SequenceNumber"), is_latest)
            }
            "GetRecords" => self.records(text("ShardIterator")),
            _ => return None,
        };
        Some(match answer {
            Ok(answer) => (200, answer.to_string()),
            Err(name) => exception(REFUSED, name),
        })
    }

    fn describe(&self, start: &str) -> Value {
        let source = self.world.source();
        let now = source.now_secs();
        let listed: Vec<_> =
            source.shards().iter().filter(|shard| !shard.is_forgotten(now)).collect();
        let after = listed.iter().position(|shard| shard.id == start).map_or(0, |place| place + 1);
        let page = listed[after..].iter().take(SHARDS_PER_PAGE);
        let shards: Vec<_> = page
            .map(|shard| {
                let mut shown = json!({ "ShardId": shard.id });
                if let Some(parent) = shard.parent {
                    shown["ParentShardId"] = json!(source.shards()[parent].id);
                }
                if shard.closed_at.is_some() {
                    let last = shard.records.last().map(|last| last.sequence_number.as_str());
                    let last = last.unwrap_or(NO_RECORD);
                    shown["SequenceNumberRange"] = json!({ "EndingSequenceNumber": last });
                }
                shown
            })
            .collect();
        let mut description = json!({
            "StreamArn": ARN,
            "StreamStatus": "ENABLED",
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        });
        if after + shards.len() < listed.len() {
            description["LastEvaluatedShardId"] = shards[shards.len() - 1]["ShardId"].clone();
        }
        description["Shards"] = shards.into();
        json!({ "StreamDescription": description })
    }

    /// Returns an iterator after a record, behind the newest, or at the oldest.
    fn iterator(&self, shard_id: &str, after: &str, is_latest: bool) -> Result<Value, Exception> {
        let source = self.world.source();
        let now = source.now_secs();
        let known = |id: &str| source.shards().iter().position(|shard| shard.id == id);
        let place = known(shard_id).ok_or("ResourceNotFoundException")?;
        let shard = &source.shards()[place];
        if shard.is_forgotten(now) {
            return Err("ResourceNotFoundException");
        }
        let position = match after {
            "" if is_latest => shard.readable(source.now_ms()),
            "" => shard.oldest,
            after => {
                let is_it = |record: &Record| record.sequence_number == after;
                1 + shard.records.iter().position(is_it).ok_or("ValidationException")?
            }
        };
        if position < shard.oldest {
            return Err("TrimmedDataAccessException");
        }
        let born = source.now_ms();
        Ok(json!({ "ShardIterator": format!("{place} {position} {born} 0") }))
    }

    fn records(&self, iterator: &str) -> Result<Value, Exception> {
        let source = self.world.source();
        let numbers: Vec<usize> =
            iterator.split(' ').map_while(|number| number.parse().ok()).collect();
        let [place, position, born, empty] = numbers[..] else {
            return Err("ValidationException");
        };
        let shard = &source.shards()[place];
        let (expires, most) = {
            let mut dice = self.dice.lock().expect("no panic");
            let expires = dice.happens(EXPIRED_PER_MILLE) && !self.world.is_calm();
            let is_empty = dice.happens(EMPTY_PER_MILLE) && empty < MOST_EMPTY;
            (expires, if is_empty { 0 } else { dice.within(1..=MOST_RECORDS) })
        };
        if expires || source.now_ms() > born as u64 + ITERATOR_LIFE_MS {
            self.world.journal.count(Count::ExpiredIterators, 1);
            return Err("ExpiredIteratorException");
        }
        if shard.is_forgotten(source.now_secs()) {
            return Err("ResourceNotFoundException");
        }
        if position < shard.oldest {
            return Err("TrimmedDataAccessException");
        }
        let now = source.now_ms();
        let readable = shard.readable(now);
        let end = readable.min(position + most).max(position);
        let records: Vec<_> = shard.records[position..end].iter().map(record).collect();
        let hides = records.is_empty() && readable > position;
        self.world.journal.count(Count::EmptyReads, usize::from(hides));
        let mut answer = json!({ "Records": records });
        if shard.closed_at.is_none() || end < shard.records.len() {
            let empty = if hides { empty + 1 } else { 0 };
            answer["NextShardIterator"] = json!(format!("{place} {end} {now} {empty}"));
        }
        Ok(answer)
    }
}

/// Returns a record as the API writes it; a Lambda event writes its author otherwise.
fn record(record: &Record) -> Value {
    let mut written = json!({
        "eventID": record.event_id,
        "eventName": record.event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": stream_record(record),
    });
    if record.is_expiry {
        written["userIdentity"] =
            json!({ "Type": "Service", "PrincipalId": "dynamodb.amazonaws.com" });
    }
    written
}
