//! How a checkpoint is stored in its item, and read back.
//!
//! **Invariant:** a checkpoint is written only where no greater fence has written one, and it
//! leaves the sequence number alone when it has none.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::AttributeValue;
use weir_model::table::ROLLUPS_SORT_KEY;

use super::{Checkpoint, LEASE, OpenWindow, Saved, now, number, text};

/// Only where no greater fence has written.
pub(super) const CONDITION: &str = "attribute_not_exists(#fence) OR #fence <= :fence";

/// The parts of an update.
pub(super) struct Expressions {
    pub(super) update: String,
    pub(super) condition: &'static str,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// The update that saves a checkpoint.
pub(super) fn expressions(fence: u64, checkpoint: &Checkpoint) -> Expressions {
    let Checkpoint { sequence_number, open_window, done, .. } = checkpoint;
    let mut set = vec![
        ("fence", number(fence)),
        ("done", AttributeValue::Bool(*done)),
        ("updated_at", now()),
    ];
    let sequence_number = sequence_number.clone().map(AttributeValue::S);
    set.extend(sequence_number.map(|number| ("sequence_number", number)));
    set.extend(open_window.map(|window| ("open_window", stored_window(window))));
    let assignments: Vec<_> = set.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
    let mut update = format!("SET {}", assignments.join(", "));
    if open_window.is_none() {
        update += " REMOVE #open_window";
    }
    let names = set.iter().map(|(name, _)| *name).chain(["open_window"]);
    Expressions {
        update,
        condition: CONDITION,
        names: names.map(|name| (format!("#{name}"), name.to_owned())).collect(),
        values: set.into_iter().map(|(name, value)| (format!(":{name}"), value)).collect(),
    }
}

/// Reads an item as a checkpoint; the lease is none. One without a time counts as saved just now.
pub(super) fn saved(item: &HashMap<String, AttributeValue>) -> Option<Saved> {
    let checkpoint = checkpoint(item)?;
    let updated_at = text(item, "updated_at").unwrap_or_default();
    let saved_at = DateTime::from_str(&updated_at, DateTimeFormat::DateTime);
    let saved_at = saved_at.map_or(i64::MAX, |saved_at| saved_at.secs());
    Some(Saved { checkpoint, saved_at, updated_at })
}

fn checkpoint(item: &HashMap<String, AttributeValue>) -> Option<Checkpoint> {
    let shard_id = text(item, ROLLUPS_SORT_KEY).filter(|sort_key| sort_key != LEASE)?;
    let done = item.get("done").and_then(|value| value.as_bool().ok()).copied();
    Some(Checkpoint {
        shard_id,
        sequence_number: text(item, "sequence_number"),
        open_window: item.get("open_window").and_then(open_window),
        done: done.unwrap_or_default(),
    })
}

fn stored_window(window: OpenWindow) -> AttributeValue {
    let bounds = [("start", window.start), ("end", window.end)];
    AttributeValue::M(bounds.map(|(name, secs)| (name.to_owned(), number(secs))).into())
}

fn open_window(stored: &AttributeValue) -> Option<OpenWindow> {
    let bounds = stored.as_m().ok()?;
    let secs = |name| bounds.get(name)?.as_n().ok()?.parse().ok();
    Some(OpenWindow { start: secs("start")?, end: secs("end")? })
}
