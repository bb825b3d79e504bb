//! The DynamoDB Streams API over the world's source: what the product's own mapping polls.
//!
//! | it may | and does |
//! |---|---|
//! | give less than there is, or nothing, before the end of a shard | often |
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
/// A read gives nothing so often though there is something.
const EMPTY_PER_MILLE: u32 = 100;
/// An iterator expires early so often while things go wrong.
const EXPIRED_PER_MILLE: u32 = 30;
/// An iterator lives so long.
const ITERATOR_LIFE_MS: u64 = 15 * 60 * 1000;
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
            "GetShardIterator" => self.iterator(text("ShardId"), text("SequenceNumber")),
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
                shown
            })
            .collect();
        let mut description = json!({ "StreamArn": ARN, "StreamStatus": "ENABLED" });
        if after + shards.len() < listed.len() {
            description["LastEvaluatedShardId"] = shards[shards.len() - 1]["ShardId"].clone();
        }
        description["Shards"] = shards.into();
        json!({ "StreamDescription": description })
    }

    /// Returns an iterator after a record, or at the oldest.
    fn iterator(&self, shard_id: &str, after: &str) -> Result<Value, Exception> {
        let source = self.world.source();
        let now = source.now_secs();
        let known = |id: &str| source.shards().iter().position(|shard| shard.id == id);
        let place = known(shard_id).ok_or("ResourceNotFoundException")?;
        let shard = &source.shards()[place];
        if shard.is_forgotten(now) {
            return Err("ResourceNotFoundException");
        }
        let position = match after {
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
        Ok(json!({ "ShardIterator": format!("{place} {position} {born}") }))
    }

    fn records(&self, iterator: &str) -> Result<Value, Exception> {
        let source = self.world.source();
        let numbers: Vec<usize> =
            iterator.split(' ').map_while(|number| number.parse().ok()).collect();
        let [place, position, born] = numbers[..] else { return Err("ValidationException") };
        let shard = &source.shards()[place];
        let (expires, most) = {
            let mut dice = self.dice.lock().expect("no panic");
            let expires = dice.happens(EXPIRED_PER_MILLE) && !self.world.is_calm();
            let is_empty = dice.happens(EMPTY_PER_MILLE);
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
        let end = shard.records.len().min(position + most);
        let records: Vec<_> = shard.records[position..end].iter().map(record).collect();
        let mut answer = json!({ "Records": records });
        if shard.closed_at.is_none() || end < shard.records.len() {
            let now = source.now_ms();
            answer["NextShardIterator"] = json!(format!("{place} {end} {now}"));
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
