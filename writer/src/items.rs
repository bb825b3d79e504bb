//! The handlers of one entity: create, replace, delete, batch.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use model::{Entity, Update};
use serde_json::{Map, Value};
use table::{Error, Table, fresh};
use web::{EntityPaths, JsonObject, JsonRows, Kind, Parameters, PathTexts, Problem};

use crate::batch::{BatchReport, write_values};
use crate::encode::{encode, encode_at};

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// The routes of an entity's mutations.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let paths = EntityPaths::of(entity);
    Router::new()
        .route(&paths.collection, post(create))
        .route(&paths.item, put(replace).patch(update).delete(delete))
        .route(&web::routes::batch_path(entity), post(batch))
        .with_state(Items { table: table.clone(), entity: Arc::new(entity.clone()) })
}

async fn create(
    State(Items { table, entity }): State<Items>,
    parameters: Parameters,
    JsonObject(object): JsonObject,
) -> Result<Response, Problem> {
    parameters.finish()?;
    let encoded = encode(&entity, &object, fresh())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let answer = entity.decode(&encoded.item);
    let path = encoded.path;
    match table.create(encoded.item).await {
        Ok(()) => Ok((StatusCode::CREATED, [(LOCATION, path)], Json(answer)).into_response()),
        Err(Error::AlreadyExists(_)) => {
            let detail = format!("`{path}` exists already; PUT to it replaces it");
            Err(Problem::new(Kind::AlreadyExists, detail))
        }
        Err(error) => Err(error.into()),
    }
}

async fn replace(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    parameters: Parameters,
    JsonObject(object): JsonObject,
) -> Result<Json<Map<String, Value>>, Problem> {
    parameters.finish()?;
    let encoded = encode_at(&entity, &path.pairs(), object, fresh())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let answer = entity.decode(&encoded.item);
    table.put(encoded.item).await?;
    Ok(Json(answer))
}

async fn update(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    mut parameters: Parameters,
    JsonObject(object): JsonObject,
) -> Result<Json<Map<String, Value>>, Problem> {
    let creates = parameters.choice("create", &["false", "true"]) == "true";
    parameters.finish()?;
    let invalid = |errors| Problem::fields(&entity.name, errors);
    let key = entity.key_from_text(&path.pairs()).map_err(invalid)?;
    let update = Update::from_json(&object).map_err(invalid)?;
    let updated = match creates {
        true => table.update(&entity, &key, &update, fresh()).await,
        false => table.patch(&entity, &key, &update, fresh()).await,
    };
    match updated {
        Ok(item) => Ok(Json(entity.decode(&item))),
        Err(Error::NotFound { .. }) => Err(Problem::no_item(&entity, &path)),
        Err(error) => Err(Problem::of_write(&entity, error)),
    }
}

async fn delete(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    parameters: Parameters,
) -> Result<StatusCode, Problem> {
    parameters.finish()?;
    let key = entity
        .key_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    match table.delete(&entity, &key.primary).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(Problem::no_item(&entity, &path)),
    }
}

async fn batch(
    State(Items { table, entity }): State<Items>,
    parameters: Parameters,
    JsonRows(rows): JsonRows,
) -> Result<Json<BatchReport>, Problem> {
    parameters.finish()?;
    let mut report = write_values(&table, &entity, rows).await;
    match report.error.take() {
        // Nothing was done, and DynamoDB said why: a problem says more than a list of positions.
        Some(error) if report.written == 0 && report.failed.is_empty() => Err(error.into()),
        Some(error) => {
            let (cause, rows) = (table::error::chain(&error), report.unprocessed.len());
            tracing::warn!(cause, rows, "a part of a batch was not written");
            Ok(Json(report))
        }
        None => Ok(Json(report)),
    }
}
