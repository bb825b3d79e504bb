//! `POST /transactions`: actions on items of any entities, all done or none.
//!
//! ```json
//! [{ "action": "patch", "entity": "account", "key": { "id": "a" }, "subtract": { "balance": 5 },
//!    "where": { "balance": { "gte": 5 } } },
//!  { "action": "create", "entity": "payment", "item": { "account": "a", "amount": 5 } },
//!  { "action": "check", "entity": "customer", "key": { "id": "ann" },
//!    "where": { "state": "open" } }]
//! ```
//!
//! | action | with | of an item that is not there |
//! |---|---|---|
//! | `create` | `item` | makes it; one that is there is a problem |
//! | `put` | `item`, `where` | makes it |
//! | `patch` | `key`, verbs, `where` | is a problem |
//! | `update` | `key`, verbs, `where` | makes it, if the update says enough |
//! | `delete` | `key`, `where` | is done already |
//! | `remove` | `key`, `where` | is a problem |
//! | `check` | `key`, `where` | is a problem |
//!
//! **Invariant:** a problem names the action by its position; nothing was written then.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use weir_http::{IdempotencyKey, JsonRows, Kind, Parameters, Preconditions, Problem};
use weir_model::{Entity, Model};
use weir_table::{Error, MAX_ACTIONS, Table, Transaction, fresh};

use crate::action::Action;
use crate::audit::{Audit, Change, failure_kind};
use crate::encode::Encoded;

/// The actions on an item.
const ACTIONS: [&str; 7] = ["create", "put", "patch", "update", "delete", "remove", "check"];

/// An action of a transaction, as its outcome is reported.
struct Added<'a> {
    entity: &'a Entity,
    path: String,
    /// The change; `None` of a check.
    change: Option<Change<'a>>,
}

/// The route of transactions.
pub(crate) fn router(table: &Table) -> Router {
    Router::new().route(weir_http::routes::TRANSACTIONS, post(transact)).with_state(table.clone())
}

async fn transact(
    State(table): State<Table>,
    parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonRows(rows): JsonRows,
) -> Result<Json<Value>, Problem> {
    parameters.finish()?;
    preconditions.reject_any()?;
    if rows.is_empty() || rows.len() > MAX_ACTIONS {
        let count = rows.len();
        let detail = format!("the body has {count} actions, expected 1 to {MAX_ACTIONS}");
        return Err(Problem::new(Kind::Validation, detail));
    }
    let model = table.model().clone();
    let mut transaction = table.transaction();
    let mut added: Vec<Added<'_>> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let action = add(&model, &mut transaction, &audit, row)
            .map_err(|problem| problem.of_action(index))?;
        // DynamoDB would not take it, and would not say of which item.
        if let Some(other) = added.iter().position(|other| other.path == action.path) {
            let path = &action.path;
            let detail =
                format!("`{path}` is action {other}'s too, expected one action for each item");
            return Err(Problem::new(Kind::Validation, detail).of_action(index));
        }
        added.push(action);
    }
    let committed = transaction.commit(key.token(table.name()).as_deref()).await;
    for change in added.iter_mut().filter_map(|added| added.change.take()) {
        change.ended(failure_kind(&committed));
    }
    match committed {
        Ok(()) => {
            let paths: Vec<_> = added.into_iter().map(|added| added.path).collect();
            Ok(Json(json!({ "paths": paths })))
        }
        Err(Error::Cancelled { index, reason }) => {
            Err(undone(added[index].entity, &added[index].path, *reason).of_action(index))
        }
        Err(error) => Err(error.into()),
    }
}

/// Why an action was not done; callers know the paths of items, and not their keys.
fn undone(entity: &Entity, path: &str, error: Error) -> Problem {
    match error {
        Error::NotFound { .. } => {
            Problem::new(Kind::NotFound, format!("there is no {} at `{path}`", entity.name))
        }
        error @ Error::AlreadyExists { .. } => {
            Problem::of_write(entity, error).detailed(format!("`{path}` exists already"))
        }
        error => Problem::of_write(entity, error),
    }
}

/// Adds an action.
fn add<'a>(
    model: &'a Model,
    transaction: &mut Transaction<'a>,
    audit: &'a Audit,
    row: Value,
) -> Result<Added<'a>, Problem> {
    let mut action = Action::read(model, row, &ACTIONS)?;
    let (name, entity) = (action.name, action.entity);
    let added = |path, change| Added { entity, path, change: Some(change) };
    match name {
        "create" => {
            let Encoded { item, path } = action.item()?;
            action.end()?;
            let change = audit.change(name, entity, &item);
            transaction.create(item);
            Ok(added(path, change))
        }
        "put" => {
            let Encoded { item, path } = action.item()?;
            let condition = action.condition()?;
            action.end()?;
            let change = audit.change(name, entity, &item);
            transaction.put(item, &condition);
            Ok(added(path, change))
        }
        "patch" | "update" => {
            let (key, path) = action.key_with_path()?;
            let update = action.update()?;
            match name {
                "patch" => transaction.patch(entity, &key, &update, fresh()),
                _ => transaction.update(entity, &key, &update, fresh()),
            }
            Ok(added(path, audit.change(name, entity, &key.attributes)))
        }
        _ => {
            let (key, path) = action.key_with_path()?;
            let condition = action.condition()?;
            action.end()?;
            match name {
                "delete" => transaction.delete(entity, &key, &condition),
                "remove" => transaction.remove(entity, &key, &condition),
                _ => {
                    transaction.check(entity, &key, &condition);
                    return Ok(Added { entity, path, change: None });
                }
            }
            Ok(added(path, audit.change(name, entity, &key.attributes)))
        }
    }
}
