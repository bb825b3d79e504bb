//! The handlers of one entity: create, replace, delete, batch.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use weir_http::{
    EntityPaths, Form, IdempotencyKey, JsonObject, JsonRows, NoBody, Parameters, PathTexts,
    Preconditions, Problem, conditions,
};
use weir_model::{Entity, Item};
use weir_table::{Error, Table, fresh};

use crate::audit::{Audit, failure_kind};
use crate::batch::{BatchReport, put_all};
use crate::encode::{encode, encode_at};

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// The routes of an entity's mutations.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let paths = EntityPaths::new(entity);
    Router::new()
        .route(&paths.collection, post(create))
        .route(&paths.item, put(replace).patch(update).delete(delete))
        .route(&weir_http::routes::batch_path(entity), post(batch))
        .with_state(Items { table: table.clone(), entity: Arc::new(entity.clone()) })
}

async fn create(
    State(Items { table, entity }): State<Items>,
    form: Form,
    parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonObject(object): JsonObject,
) -> Result<Response, Problem> {
    parameters.finish()?;
    preconditions.reject_any()?;
    let encoded = encode(&entity, &object, fresh())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let path = encoded.path;
    let change = audit.change("create", &entity, &encoded.item);
    let created = match key.token(table.name()) {
        None => table.create(encoded.item).await,
        Some(token) => create_once(&table, encoded.item, &token).await,
    };
    change.ended(failure_kind(&created));
    match created {
        Ok(item) => {
            let answer = form.answer_item(&entity, &item);
            Ok((StatusCode::CREATED, [(LOCATION, path)], answer).into_response())
        }
        Err(error @ Error::AlreadyExists { .. }) => {
            let detail = format!("`{path}` exists already; PUT to it replaces it");
            Err(Problem::of_write(&entity, error).detailed(detail))
        }
        Err(error) => Err(Problem::of_write(&entity, error)),
    }
}

/// Creates an item in a transaction of its own, which is done once however often it is sent with
/// the token.
async fn create_once(table: &Table, item: Item, token: &str) -> Result<Item, Error> {
    let mut transaction = table.transaction();
    transaction.create(item.clone());
    match transaction.commit(Some(token)).await {
        Ok(()) => Ok(item),
        Err(Error::Cancelled { reason, .. }) => Err(*reason),
        Err(error) => Err(error),
    }
}

async fn replace(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    form: Form,
    mut parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonObject(object): JsonObject,
) -> Result<Response, Problem> {
    let condition = parameters.condition("where", &entity);
    parameters.finish()?;
    key.reject_any()?;
    let condition = condition.and(preconditions.of_put(table.model(), &entity)?);
    let encoded = encode_at(&entity, &path.pairs(), object, fresh())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let change = audit.change("put", &entity, &encoded.item);
    let put = table.put(encoded.item, &condition).await;
    change.ended(failure_kind(&put));
    let item = put.map_err(|error| Problem::of_write(&entity, error))?;
    Ok(form.answer_item(&entity, &item))
}

async fn update(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    form: Form,
    mut parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonObject(object): JsonObject,
) -> Result<Response, Problem> {
    let creates = parameters.flag("create") == Some(true);
    parameters.finish()?;
    key.reject_any()?;
    let condition = preconditions.of_change(table.model(), &entity)?;
    let invalid = |errors| Problem::fields(&entity.name, errors);
    let key = entity.key_from_text(&path.pairs()).map_err(invalid)?;
    let update = conditions::parse_update(&entity, &object).map_err(invalid)?;
    let update = update.provided(condition);
    let change = audit.change(if creates { "update" } else { "patch" }, &entity, &key.attributes);
    let updated = match creates {
        true => table.update(&entity, &key, &update, fresh()).await,
        false => table.patch(&entity, &key, &update, fresh()).await,
    };
    change.ended(failure_kind(&updated));
    match updated {
        Ok(item) => Ok(form.answer_item(&entity, &item)),
        Err(Error::NotFound { .. }) => Err(Problem::no_item(&entity, &path)),
        Err(error) => Err(Problem::of_write(&entity, error)),
    }
}

async fn delete(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    form: Form,
    mut parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    _: NoBody,
) -> Result<Response, Problem> {
    let condition = parameters.condition("where", &entity);
    let answers = parameters.choice("return", &["nothing", "item"]) == "item";
    parameters.finish()?;
    key.reject_any()?;
    let condition = condition.and(preconditions.of_change(table.model(), &entity)?);
    let key = entity
        .key_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let change = audit.change("delete", &entity, &key.attributes);
    let removed = table.remove(&entity, &key, &condition).await;
    change.ended(failure_kind(&removed));
    match removed {
        Ok(item) if answers => Ok(form.answer_item(&entity, &item)),
        Ok(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(Error::NotFound { .. }) => Err(Problem::no_item(&entity, &path)),
        Err(error) => Err(Problem::of_write(&entity, error)),
    }
}

async fn batch(
    State(Items { table, entity }): State<Items>,
    parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonRows(rows): JsonRows,
) -> Result<Json<BatchReport>, Problem> {
    parameters.finish()?;
    preconditions.reject_any()?;
    key.reject_any()?;
    put_all(&table, &entity, &rows, &audit).await.answered()
}
