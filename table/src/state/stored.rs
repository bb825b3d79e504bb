//! How the state is stored in its item.
//!
//! **Invariant:** a write replaces the state that it was derived from, and no other: each has
//! another version.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue as SdkValue, ReturnConsumedCapacity};
use weir_model::Model;
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY};
use weir_rollups::{Revision, RevisionState};

use super::RollupsState;
use super::date::ResponseDate;
use super::identity::ItemsTable;
use crate::budget::{Budget, ITEM_BYTES, Unit};
use crate::checkpoints::is_refused;
use crate::error::Error;

/// Both keys of the state item, and the partition of stored definitions. The name of a rollup does
/// not begin with `@`.
pub(super) const KEY: &str = "@definition";
const ITEMS_TABLE: &str = "items_table";
const TABLE_ID: &str = "table_id";
const STREAM_LABEL: &str = "stream_label";
const REVISIONS: &str = "revisions";
const VERSION: &str = "version";
const GAPS: &str = "gaps";
/// The attributes of a revision.
const DEFINITION: &str = "definition";
const STATE: &str = "state";
const CUT: &str = "cut";
const INCOMPLETE_SINCE: &str = "incomplete_since";

/// The attributes of the state item, its keys apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredState {
    /// Grows by one with each write.
    pub(super) version: u64,
    pub(super) items_table: String,
    pub(super) table_id: Option<String>,
    pub(super) state: RollupsState,
}

impl StoredState {
    /// The first state of a model's rollups over a table.
    pub(super) fn first(model: &Model, items: &ItemsTable, state: RollupsState) -> Self {
        let items_table = model.table.name.clone();
        Self { version: 1, items_table, table_id: items.id.clone(), state }
    }

    /// The state that follows this one.
    pub(super) fn next(&self, table_id: Option<String>, state: RollupsState) -> Self {
        Self { version: self.version + 1, items_table: self.items_table.clone(), table_id, state }
    }

    /// Whether both say the same, whatever their versions.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { version: self.version, ..other.clone() }
    }

    fn read(item: &HashMap<String, SdkValue>) -> Option<Self> {
        let revisions = item.get(REVISIONS)?.as_m().ok()?.iter();
        let revisions = revisions.map(|(name, value)| read_revision(name, value.as_m().ok()?));
        let revisions = revisions.collect::<Option<_>>()?;
        let stream_label = optional_text(item, STREAM_LABEL)?;
        let gaps = match item.get(GAPS) {
            None => 0,
            Some(gaps) => gaps.as_n().ok()?.parse().ok()?,
        };
        let mut state = RollupsState { stream_label, revisions, gaps };
        // A map has no order.
        state.sort();
        Some(Self {
            version: item.get(VERSION)?.as_n().ok()?.parse().ok()?,
            items_table: item.get(ITEMS_TABLE)?.as_s().ok()?.clone(),
            table_id: optional_text(item, TABLE_ID)?,
            state,
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Option<SdkValue>)> {
        let text = |text: &Option<String>| text.clone().map(SdkValue::S);
        let RollupsState { stream_label, revisions, gaps } = &self.state;
        let gaps = (*gaps > 0).then(|| SdkValue::N(gaps.to_string()));
        let revisions = revisions.iter();
        let revisions = revisions.map(|revision| (revision.to_string(), attributes(revision)));
        vec![
            (VERSION, Some(SdkValue::N(self.version.to_string()))),
            (ITEMS_TABLE, Some(SdkValue::S(self.items_table.clone()))),
            (TABLE_ID, text(&self.table_id)),
            (STREAM_LABEL, text(stream_label)),
            (REVISIONS, Some(SdkValue::M(revisions.collect()))),
            (GAPS, gaps),
        ]
    }
}

fn attributes(revision: &Revision) -> SdkValue {
    let Revision { definition, state, cut, incomplete_since, .. } = revision;
    let mut attributes = HashMap::from([
        (DEFINITION.to_owned(), SdkValue::S(definition.clone())),
        (STATE.to_owned(), SdkValue::S(state.name().to_owned())),
    ]);
    let cut = cut.map(|cut| (CUT, SdkValue::N(cut.to_string())));
    let since = incomplete_since.clone().map(|since| (INCOMPLETE_SINCE, SdkValue::S(since)));
    let optional = cut.into_iter().chain(since);
    attributes.extend(optional.map(|(name, value)| (name.to_owned(), value)));
    SdkValue::M(attributes)
}

fn read_revision(name: &str, attributes: &HashMap<String, SdkValue>) -> Option<Revision> {
    let (rollup, number) = name.rsplit_once('@')?;
    let cut = match attributes.get(CUT) {
        Some(cut) => Some(cut.as_n().ok()?.parse().ok()?),
        None => None,
    };
    Some(Revision {
        rollup: rollup.to_owned(),
        number: number.parse().ok()?,
        definition: attributes.get(DEFINITION)?.as_s().ok()?.clone(),
        state: RevisionState::from_name(attributes.get(STATE)?.as_s().ok()?)?,
        cut,
        incomplete_since: optional_text(attributes, INCOMPLETE_SINCE)?,
    })
}

/// Reads a text that may be absent; `None` for an attribute that is there and is not a text.
#[allow(
    clippy::option_option,
    reason = "an attribute that is absent is not one that is unreadable"
)]
fn optional_text(item: &HashMap<String, SdkValue>, name: &str) -> Option<Option<String>> {
    match item.get(name) {
        None => Some(None),
        Some(value) => value.as_s().ok().cloned().map(Some),
    }
}

/// The state item as it was read.
pub(super) struct Loaded {
    /// `None` where there is none.
    pub(super) stored: Option<StoredState>,
    /// When DynamoDB answered, in seconds since 1970, by its own clock.
    pub(super) answered_at: Option<i64>,
}

/// Reads the state item, strongly consistent; `None` where there is none.
pub(super) async fn load(
    client: &Client,
    budget: &Budget,
    table: &str,
) -> Result<Option<StoredState>, Error> {
    Ok(load_dated(client, budget, table).await?.stored)
}

/// Reads the state item, strongly consistent, and DynamoDB's time.
pub(super) async fn load_dated(
    client: &Client,
    budget: &Budget,
    table: &str,
) -> Result<Loaded, Error> {
    let date = ResponseDate::default();
    let request = client
        .get_item()
        .table_name(table)
        .set_key(Some(key(KEY)))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .consistent_read(true)
        .customize()
        .interceptor(date.clone());
    let reservation = budget.reserve(ITEM_BYTES).await?;
    let answer = request.send().await.map_err(|error| Error::from_sdk(table, error))?;
    reservation.settle(&answer.consumed_capacity, Unit::Strong);
    let answered_at = date.seconds();
    let Some(item) = answer.item else { return Ok(Loaded { stored: None, answered_at }) };
    let unreadable = || Error::Unreadable(format!("the state item of the rollups in `{table}`"));
    let stored = StoredState::read(&item).ok_or_else(unreadable)?;
    Ok(Loaded { stored: Some(stored), answered_at })
}

/// Writes the state item if it still is as it was read; returns whether it was.
pub(super) async fn save(
    client: &Client,
    table: &str,
    known: Option<&StoredState>,
    wanted: &StoredState,
) -> Result<bool, Error> {
    // An update, not a put: a processor's role has no other right to write.
    let mut request = client.update_item().table_name(table).set_key(Some(key(KEY)));
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
    let condition = match known {
        None => format!("attribute_not_exists(#{VERSION})"),
        Some(known) => {
            let version = SdkValue::N(known.version.to_string());
            request = request.expression_attribute_values(":known", version);
            format!("#{VERSION} = :known")
        }
    };
    match request.update_expression(update).condition_expression(condition).send().await {
        Ok(_) => Ok(true),
        Err(error) if is_refused(&error) => Ok(false),
        Err(error) => Err(Error::from_sdk(table, error)),
    }
}

/// Returns the key of an item beside the state item.
pub(super) fn key(sort: &str) -> HashMap<String, SdkValue> {
    HashMap::from([
        (ROLLUPS_PARTITION_KEY.to_owned(), SdkValue::S(KEY.to_owned())),
        (ROLLUPS_SORT_KEY.to_owned(), SdkValue::S(sort.to_owned())),
    ])
}
