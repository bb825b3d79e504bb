//! How the state is stored in its item.
//!
//! **Invariant:** a write replaces the state that it was derived from, and no other.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::Model;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};

use super::fingerprint::{Fingerprints, fingerprints};
use super::identity::ItemsTable;
use super::{RollupsState, Unbuilt};
use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::checkpoints::is_refused;
use crate::error::Error;

/// Both keys of the state item; the name of a rollup does not begin with `@`.
const KEY: &str = "@definition";
const FINGERPRINTS: &str = "fingerprints";
const ITEMS_TABLE: &str = "items_table";
const TABLE_ID: &str = "table_id";
const STREAM_LABEL: &str = "stream_label";
const COUNTS_FROM: &str = "counts_from";
const UNBUILT: &str = "unbuilt";
const INCOMPLETE_SINCE: &str = "incomplete_since";

/// The attributes of the state item, its keys apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredState {
    pub(super) fingerprints: Fingerprints,
    /// `None` where a version stored it that did not know of tables.
    pub(super) items_table: Option<String>,
    /// `None` where a version stored it that did not know of ids.
    pub(super) table_id: Option<String>,
    pub(super) state: RollupsState,
}

impl StoredState {
    /// The state of a model's rollups over a table.
    pub(super) fn new(model: &Model, items: &ItemsTable, state: &RollupsState) -> Self {
        Self {
            fingerprints: fingerprints(model),
            items_table: Some(model.table.name.clone()),
            table_id: items.id.clone(),
            state: state.clone(),
        }
    }

    fn read(item: &HashMap<String, SdkValue>) -> Option<Self> {
        let text = |name: &str| item.get(name).map(|value| value.as_s().cloned().ok());
        let fingerprints = item.get(FINGERPRINTS)?.as_m().ok()?.iter();
        let fingerprints =
            fingerprints.map(|(name, value)| Some((name.clone(), value.as_s().ok()?.clone())));
        let counts_from = item.get(COUNTS_FROM).map(|value| value.as_n().ok()?.parse().ok());
        let unbuilt = text(UNBUILT).map(|code| Unbuilt::from_code(&code?));
        let state = RollupsState {
            stream_label: optional(text(STREAM_LABEL))?,
            counts_from: optional(counts_from)?,
            unbuilt: optional(unbuilt)?,
            incomplete_since: optional(text(INCOMPLETE_SINCE))?,
        };
        Some(Self {
            fingerprints: fingerprints.collect::<Option<_>>()?,
            items_table: optional(text(ITEMS_TABLE))?,
            table_id: optional(text(TABLE_ID))?,
            state,
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Option<SdkValue>)> {
        let texts = self.fingerprints.iter();
        let texts = texts.map(|(name, text)| (name.clone(), SdkValue::S(text.clone()))).collect();
        let text = |text: &Option<String>| text.clone().map(SdkValue::S);
        let RollupsState { stream_label, counts_from, unbuilt, incomplete_since } = &self.state;
        vec![
            (FINGERPRINTS, Some(SdkValue::M(texts))),
            (ITEMS_TABLE, text(&self.items_table)),
            (TABLE_ID, text(&self.table_id)),
            (STREAM_LABEL, text(stream_label)),
            (COUNTS_FROM, counts_from.map(|seconds| SdkValue::N(seconds.to_string()))),
            (UNBUILT, unbuilt.map(|reason| SdkValue::S(reason.code().to_owned()))),
            (INCOMPLETE_SINCE, text(incomplete_since)),
        ]
    }
}

impl Unbuilt {
    fn code(self) -> &'static str {
        match self {
            Self::ExistingItems => "existing-items",
            Self::TableRecreated => "table-recreated",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::ExistingItems, Self::TableRecreated].into_iter().find(|known| known.code() == code)
    }
}

/// `None` for an attribute that is there and cannot be read.
#[allow(
    clippy::option_option,
    reason = "an attribute that is absent is not one that is unreadable"
)]
fn optional<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

/// Reads the state item, strongly consistent; `None` where there is none.
pub(super) async fn load(
    client: &Client,
    budget: &Budget,
    table: &str,
) -> Result<Option<StoredState>, Error> {
    let request = client
        .get_item()
        .table_name(table)
        .set_key(Some(key()))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .consistent_read(true);
    let reservation = budget.reserve(ITEM_BYTES).await?;
    let answer = request.send().await.map_err(|error| Error::from_sdk(table, error))?;
    reservation.settle(&answer.consumed_capacity, Unit::Strong);
    let Some(item) = answer.item else { return Ok(None) };
    let unreadable = || Error::Unreadable(format!("the state item of the rollups in `{table}`"));
    StoredState::read(&item).ok_or_else(unreadable).map(Some)
}

/// Writes the state item if it still is as it was read; returns whether it was.
pub(super) async fn save(
    client: &Client,
    table: &str,
    known: Option<&StoredState>,
    wanted: &StoredState,
) -> Result<bool, Error> {
    // An update, not a put: a processor's role has no other right to write.
    let mut request = client.update_item().table_name(table).set_key(Some(key()));
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for (name, value) in wanted.attributes() {
        request = request.expression_attribute_names(format!("#{name}"), name);
        match value {
            Some(value) => {
                request = request.expression_attribute_values(format!(":{name}"), value);
                set.push(format!("#{name} = :{name}"));
            }
            None => remove.push(format!("#{name}")),
        }
    }
    let mut update = format!("SET {}", set.join(", "));
    if !remove.is_empty() {
        update = format!("{update} REMOVE {}", remove.join(", "));
    }
    let mut conditions = Vec::new();
    match known {
        None => conditions.push(format!("attribute_not_exists(#{FINGERPRINTS})")),
        Some(known) => {
            for (name, value) in known.attributes() {
                match value {
                    Some(value) => {
                        request =
                            request.expression_attribute_values(format!(":known_{name}"), value);
                        conditions.push(format!("#{name} = :known_{name}"));
                    }
                    None => conditions.push(format!("attribute_not_exists(#{name})")),
                }
            }
        }
    }
    let request = request.update_expression(update).condition_expression(conditions.join(" AND "));
    match request.send().await {
        Ok(_) => Ok(true),
        Err(error) if is_refused(&error) => Ok(false),
        Err(error) => Err(Error::from_sdk(table, error)),
    }
}

/// Sets `incomplete_since` unless an earlier time is there. Without a state item there is nothing
/// to note.
pub(super) async fn note_gap(client: &Client, table: &str, since: &str) -> Result<(), Error> {
    let request = client
        .update_item()
        .table_name(table)
        .set_key(Some(key()))
        .update_expression("SET #since = :since")
        // RFC 3339 in UTC, in whole seconds: their order as text is that of the times.
        .condition_expression(
            "attribute_exists(#fingerprints) AND (attribute_not_exists(#since) OR #since > :since)",
        )
        .expression_attribute_names("#since", INCOMPLETE_SINCE)
        .expression_attribute_names("#fingerprints", FINGERPRINTS)
        .expression_attribute_values(":since", SdkValue::S(since.to_owned()));
    match request.send().await {
        Err(error) if !is_refused(&error) => Err(Error::from_sdk(table, error)),
        _ => Ok(()),
    }
}

fn key() -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), SdkValue::S(KEY.to_owned())),
        (ROLLUPS_SORT_KEY.to_owned(), SdkValue::S(KEY.to_owned())),
    ])
}
