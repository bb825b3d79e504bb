//! Many items of an entity by their keys.
//!
//! ```text
//! GET /batch/order?keys=[{"user":"ann","number":1},{"user":"bob","number":7}]
//!
//!     { "items": [{…}, null], "unread": [] }
//! ```
//!
//! **Invariant:** `items` has a place for each key, in their order: the item, or `null` where there
//! is none. What DynamoDB did not read in time, what the budget of the request did not last for, be
//! it the item or one that it is related to, and what would make the answer larger than Lambda
//! takes, is `null` too, and its position is in `unread`: ask for it again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde::Serialize;
use serde_json::{Map, Value};
use weir_http::routes::batch_path;
use weir_http::{Cursors, Form, Parameters, Problem};
use weir_model::relation::Scope;
use weir_model::{Entity, FieldError, Item, ItemKey, errors};
use weir_table::{MAX_BATCH_KEYS, Table};

use crate::budget::RequestBudget;
use crate::limits::{ENOUGH_BYTES, encoded_bytes};
use crate::related;

/// The state of the handler.
const EXPECTED: &str = "expected a list of keys, such as [{\"id\":\"1\"}]";

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// The items of some keys.
#[derive(Debug, Serialize)]
struct Many {
    items: Vec<Option<Map<String, Value>>>,
    unread: Vec<usize>,
}

/// Returns the route of many of an entity's items.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let items = Items { table: table.clone(), entity: Arc::new(entity.clone()) };
    Router::new().route(&batch_path(entity), get(many)).with_state(items)
}

async fn many(
    State(Items { table, entity }): State<Items>,
    Extension(budget): RequestBudget,
    form: Form,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let table = table.with_budget(&budget);
    let text = parameters.text("keys");
    let keys = match text.as_deref().map_or(Err(format!("missing, {EXPECTED}")), list) {
        Ok(keys) => keys,
        Err(message) => {
            parameters.error("keys", message);
            Vec::new()
        }
    };
    let alike = Scope::Many(Vec::new());
    let includes = related::asked(&mut parameters, table.model(), &entity, &alike);
    parameters.finish()?;
    if !includes.is_empty() {
        form.must_be_plain(related::INCLUDE)?;
    }
    let mut errors = Vec::new();
    let mut wanted = Vec::new();
    for (position, key) in keys.iter().enumerate() {
        match item_key(&entity, key) {
            Ok(key) => wanted.push(key),
            Err(found) => errors::append(
                &mut errors,
                found.into_iter().map(|error| error.within(&format!("keys[{position}]."))),
            ),
        }
    }
    if !errors.is_empty() {
        return Err(Problem::parameters(errors));
    }
    let primary: Vec<_> = wanted.iter().map(|key| key.primary.clone()).collect();
    let found = table.batch_get(&primary).await;
    // Throttling and the budget may leave some; everything else is the same for all of them.
    if let Some(error) = found.error.filter(|error| !error.leaves_unread()) {
        return Err(error.into());
    }
    let mut many = Many { items: Vec::new(), unread: found.unread };
    let own = |(key, item): (&ItemKey, Option<Item>)| item.filter(|item| key.names(&entity, item));
    let items: Vec<_> = wanted.iter().zip(found.items).map(own).collect();
    let are_there: Vec<bool> = items.iter().map(Option::is_some).collect();
    let items = items.into_iter().flatten().collect();
    let joined = table.join(items, &includes, related::reading(None)).await?;
    let is_nothing_read = joined.items.iter().all(Option::is_none);
    if let Some(error) = joined.error.filter(|error| is_nothing_read && error.is_over_budget()) {
        return Err(related::problem(error));
    }
    let mut joined = joined.items.into_iter();
    let mut bytes = 0;
    for (position, is_there) in are_there.into_iter().enumerate() {
        let joined = if is_there { joined.next() } else { None };
        if matches!(joined, Some(None)) {
            many.unread.push(position);
        }
        let shown = joined.flatten().map(|joined| match includes.is_empty() {
            true => Ok(form.item(&entity, &joined.item)),
            false => related::shown(&entity, &joined, &includes, &cursors),
        });
        let shown = shown.transpose()?;
        bytes += shown.as_ref().map_or(0, encoded_bytes);
        // The client asks again for items that do not fit into the response.
        let fits =
            shown.is_none() || bytes <= ENOUGH_BYTES || many.items.iter().all(Option::is_none);
        if !fits {
            many.unread.push(position);
        }
        many.items.push(shown.filter(|_| fits));
    }
    many.unread.sort_unstable();
    Ok(form.answer(many))
}

/// Returns the keys that a text lists.
fn list(text: &str) -> Result<Vec<Map<String, Value>>, String> {
    let json =
        weir_http::json::parse(text.as_bytes()).map_err(|error| format!("{error}, {EXPECTED}"))?;
    let keys: Vec<Map<String, Value>> =
        serde_json::from_value(json).map_err(|error| format!("{error}, {EXPECTED}"))?;
    if (1..=MAX_BATCH_KEYS).contains(&keys.len()) {
        return Ok(keys);
    }
    Err(format!("{} keys, expected 1 to {MAX_BATCH_KEYS}", keys.len()))
}

/// Returns the key that attributes make: those of the item's path and no other.
fn item_key(entity: &Entity, key: &Map<String, Value>) -> Result<ItemKey, Vec<FieldError>> {
    let names = weir_http::paths::path_attributes(entity);
    let others = key.keys().filter(|name| !names.contains(&name.as_str()));
    let message = format!("is not part of the key, expected {}", names.join(", "));
    let mut unknown = Vec::new();
    others.for_each(|name| errors::note(&mut unknown, || FieldError::new(name, &message)));
    let others = unknown;
    if !others.is_empty() {
        return Err(others);
    }
    let texts = key.iter().map(|(name, value)| match value {
        Value::String(text) => (name.as_str(), text.clone()),
        value => (name.as_str(), value.to_string()),
    });
    let texts: Vec<_> = texts.collect();
    let pairs: Vec<_> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
    entity.key_from_text(&pairs)
}
