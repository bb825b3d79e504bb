//! `POST /transactions`: actions on items of any entities, all done or none.
//!
//! ```json
//! [{ "action": "patch", "entity": "account", "key": { "id": "a" }, "subtract": { "balance": 5 }, "where": { "balance": { "gte": 5 } } },
//!  { "action": "create", "entity": "payment", "item": { "account": "a", "amount": 5 } },
//!  { "action": "check", "entity": "customer", "key": { "id": "ann" }, "where": { "state": "open" } }]
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
use model::{Entity, FieldError, Item, ItemKey, Model, Predicate, Update, nearest};
use serde_json::{Map, Value, json};
use table::{Error, MAX_ACTIONS, Table, Transaction, fresh};
use web::{IdempotencyKey, JsonRows, Kind, Parameters, Preconditions, Problem};

use crate::encode::encode;

/// What can be done with an item.
const ACTIONS: [&str; 7] = ["create", "put", "patch", "update", "delete", "remove", "check"];

/// The route of transactions.
pub(crate) fn router(table: &Table) -> Router {
    Router::new().route(web::routes::TRANSACTIONS, post(transact)).with_state(table.clone())
}

async fn transact(
    State(table): State<Table>,
    parameters: Parameters,
    preconditions: Preconditions,
    IdempotencyKey(token): IdempotencyKey,
    JsonRows(rows): JsonRows,
) -> Result<Json<Value>, Problem> {
    parameters.finish()?;
    preconditions.of_none()?;
    if rows.is_empty() || rows.len() > MAX_ACTIONS {
        let count = rows.len();
        let detail = format!("the body has {count} actions, expected 1 to {MAX_ACTIONS}");
        return Err(Problem::new(Kind::Validation, detail));
    }
    let model = table.model().clone();
    let mut transaction = table.transaction();
    let mut entities = Vec::new();
    let mut paths = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let (entity, path) =
            add(&model, &mut transaction, row).map_err(|problem| problem.of_action(index))?;
        entities.push(entity);
        paths.push(path);
    }
    match transaction.commit(token.as_deref()).await {
        Ok(()) => Ok(Json(json!({ "paths": paths }))),
        Err(Error::Cancelled { index, reason }) => {
            Err(Problem::of_write(entities[index], *reason).of_action(index))
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds an action; returns its entity and the path of its item.
fn add<'a>(
    model: &'a Model,
    transaction: &mut Transaction<'a>,
    row: &Value,
) -> Result<(&'a Entity, String), Problem> {
    let mut row = match row {
        Value::Object(row) => row.clone(),
        other => {
            let found = model::value::shown(other);
            return Err(unfit("", format!("{found}, expected an object")));
        }
    };
    let (action, entity) = subject(model, &mut row)?;
    let invalid = |errors| Problem::fields(&entity.name, errors);
    match action {
        "create" | "put" => {
            let Some(Value::Object(object)) = row.remove("item") else {
                return Err(unfit("item", format!("expected the {} as an object", entity.name)));
            };
            let condition = match action {
                "put" => condition(entity, &mut row)?,
                _ => Predicate::always(),
            };
            nothing_else(&row, action)?;
            let encoded = encode(entity, &object, fresh()).map_err(invalid)?;
            match action {
                "create" => transaction.create(encoded.item),
                _ => transaction.put(encoded.item, &condition),
            }
            Ok((entity, encoded.path))
        }
        "patch" | "update" => {
            let (key, path) = key(entity, &mut row)?;
            let update = Update::from_json(&row).map_err(invalid)?;
            match action {
                "patch" => transaction.patch(entity, &key, &update, fresh()),
                _ => transaction.update(entity, &key, &update, fresh()),
            }
            Ok((entity, path))
        }
        _ => {
            let (key, path) = key(entity, &mut row)?;
            let condition = condition(entity, &mut row)?;
            nothing_else(&row, action)?;
            match action {
                "delete" => transaction.delete(entity, &key.primary, &condition),
                "remove" => transaction.remove(entity, &key.primary, &condition),
                _ => transaction.check(entity, &key, &condition),
            }
            Ok((entity, path))
        }
    }
}

/// What is done, and to an item of which entity.
fn subject<'a>(
    model: &'a Model,
    row: &mut Map<String, Value>,
) -> Result<(&'static str, &'a Entity), Problem> {
    let action = one_of("action", row, &ACTIONS)?;
    let names: Vec<_> = model.entities.iter().map(|entity| entity.name.as_str()).collect();
    let name = one_of("entity", row, &names)?;
    Ok((action, model.entity(name).expect("it is one of them")))
}

/// The member of that name, which must be one of some texts.
fn one_of<'a>(
    name: &str,
    row: &mut Map<String, Value>,
    known: &[&'a str],
) -> Result<&'a str, Problem> {
    let given = row.remove(name).unwrap_or_default();
    let text = given.as_str().unwrap_or_default();
    known.iter().copied().find(|other| *other == text).ok_or_else(|| {
        let near = nearest(text, known.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let found = model::value::shown(&given);
        unfit(name, format!("{found}, {near}expected one of {}", known.join(", ")))
    })
}

fn key(entity: &Entity, row: &mut Map<String, Value>) -> Result<(ItemKey, String), Problem> {
    let Some(Value::Object(object)) = row.remove("key") else {
        let names = web::paths::path_attributes(entity).join(", ");
        return Err(unfit("key", format!("expected an object of {names}")));
    };
    let invalid = |errors| Problem::fields(&entity.name, errors);
    let key = entity.key_from_json(&object).map_err(invalid)?;
    let item: &Item = &key.attributes;
    let path = web::paths::path_of(entity, item).map_err(invalid)?;
    Ok((key, path))
}

fn condition(entity: &Entity, row: &mut Map<String, Value>) -> Result<Predicate, Problem> {
    let Some(json) = row.remove("where") else { return Ok(Predicate::always()) };
    model::condition::parse(entity, &json).map_err(|errors| Problem::fields(&entity.name, errors))
}

fn nothing_else(row: &Map<String, Value>, action: &str) -> Result<(), Problem> {
    match row.keys().next() {
        None => Ok(()),
        Some(name) => Err(unfit(name, format!("`{action}` takes no such member"))),
    }
}

fn unfit(name: &str, message: String) -> Problem {
    Problem::fields("an action", vec![FieldError { field: name.to_owned(), message }])
}
