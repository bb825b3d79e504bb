//! The handlers of one entity: get an item, list the items of a partition.
//!
//! **Invariant:** a list ends with a `null` cursor only. A page may be shorter than its limit (DynamoDB reads a megabyte
//! at a time, and other entities in the partition are left out); the cursor then leads on.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use model::{Entity, Item};
use serde::Serialize;
use serde_json::{Map, Value};
use table::{Error, Query, Table};
use web::{EntityPaths, Parameters, PathTexts, Problem};

use crate::MAX_READS;
use crate::range::{Asked, KeyRange};

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// A page of a partition's items.
#[derive(Debug, Serialize)]
struct Listing {
    items: Vec<Map<String, Value>>,
    cursor: Option<String>,
}

/// The routes of an entity's reads.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let paths = EntityPaths::of(entity);
    let router = Router::new().route(&paths.item, get(item));
    let router = if paths.has_list() { router.route(&paths.partition, get(list)) } else { router };
    router.with_state(Items { table: table.clone(), entity: Arc::new(entity.clone()) })
}

async fn item(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    parameters: Parameters,
) -> Result<Json<Map<String, Value>>, Problem> {
    parameters.finish()?;
    let key = entity
        .key_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    match table.get(&key.primary).await?.filter(|item| entity.matches(item)) {
        Some(item) => Ok(Json(entity.decode(&item))),
        None => Err(Problem::no_item(&entity, &path)),
    }
}

async fn list(
    State(Items { table, entity }): State<Items>,
    path: PathTexts,
    mut parameters: Parameters,
) -> Result<Json<Listing>, Problem> {
    let limit =
        parameters.number("limit", web::parameters::LIST_LIMIT, web::parameters::LIST_DEFAULT);
    let descending = parameters.choice("order", &["asc", "desc"]) == "desc";
    let cursor = parameters.text("cursor");
    let asked = Asked {
        begins_with: parameters.text("begins_with"),
        from: parameters.text("from"),
        to: parameters.text("to"),
    };
    parameters.finish()?;
    let partition = entity
        .partition_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let range = KeyRange::of(&entity, &path.pairs(), &asked).map_err(Problem::parameters)?;
    let query =
        Query { partition, range: range.range.clone(), descending, limit: Some(limit), cursor };
    Ok(Json(page(&table, &entity, &range, query).await?))
}

/// Reads on until the page is full, or the partition ends, or a megabyte was read.
async fn page(
    table: &Table,
    entity: &Entity,
    range: &KeyRange,
    mut query: Query,
) -> Result<Listing, Error> {
    let limit = query.limit.unwrap_or_default() as usize;
    let mut items = Vec::new();
    for _ in 0..MAX_READS {
        let wanted = limit - items.len();
        query.limit = u32::try_from(wanted).ok();
        let asked_with = query.cursor.is_some();
        let found = table.query(&query).await.map_err(|error| outside(error, asked_with))?;
        let is_cut = found.items.len() < wanted;
        let listed = found.items.iter().filter(|item| is_listed(table, entity, range, item));
        items.extend(listed.map(|item| entity.decode(item)));
        query.cursor = found.cursor;
        let has_enough = items.len() >= limit || (is_cut && !items.is_empty());
        if query.cursor.is_none() || has_enough {
            break;
        }
    }
    Ok(Listing { items, cursor: query.cursor })
}

/// DynamoDB refuses a cursor that lies outside the range; nothing else in these queries is its caller's.
pub(crate) fn outside(error: Error, asked_with_cursor: bool) -> Error {
    match error {
        Error::Refused { .. } if asked_with_cursor => Error::Cursor,
        other => other,
    }
}

fn is_listed(table: &Table, entity: &Entity, range: &KeyRange, item: &Item) -> bool {
    let sort_key = table.model().table.sort_key.as_ref().and_then(|name| item.get(name));
    let admitted = match sort_key {
        Some(model::AttributeValue::S(sort_key)) => range.admits(sort_key),
        _ => true,
    };
    admitted && entity.matches(item)
}
