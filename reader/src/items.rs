//! The handler of one entity's items: get one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use model::Entity;
use serde_json::{Map, Value};
use table::Table;
use web::{EntityPaths, Parameters, PathTexts, Problem};

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// The route of an entity's items.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let items = Items { table: table.clone(), entity: Arc::new(entity.clone()) };
    Router::new().route(&EntityPaths::of(entity).item, get(item)).with_state(items)
}

async fn item(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    parameters: Parameters,
) -> Result<(HeaderMap, Json<Map<String, Value>>), Problem> {
    parameters.finish()?;
    let key = entity
        .key_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    match table.get(&key.primary).await?.filter(|item| entity.matches(item)) {
        Some(item) => Ok((web::tagged(&entity, &item), Json(entity.decode(&item)))),
        None => Err(Problem::no_item(&entity, &path)),
    }
}
