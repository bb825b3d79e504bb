//! Collections: the items of several entities that share a partition, by one query.
//!
//! ```text
//! GET /collections/account/ann    { "order": […], "profile": [{…}], "cursor": null }
//! ```
//!
//! **Invariant:** a page has a list for every entity of the collection, each in the order of the
//! sort keys, and ends as those of lists do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Map, Value};
use weir_http::parameters::{LIST_DEFAULT, LIST_LIMIT};
use weir_http::paths::collection_path;
use weir_http::{Cursors, Form, Parameters, PathTexts, Problem};
use weir_model::{Entity, Pattern, Predicate};
use weir_table::{Query, Table};

use crate::budget::RequestBudget;
use crate::limits::{ENOUGH_BYTES, MAX_READS};

/// The entities of a collection.
#[derive(Clone)]
struct Collection {
    table: Table,
    name: Arc<str>,
    entities: Arc<[Entity]>,
}

/// Returns the routes of the collections.
pub(crate) fn router(table: &Table) -> Router {
    let model = table.model();
    model.collections().into_iter().fold(Router::new(), |router, name| {
        let entities: Arc<[Entity]> = model.collection(name).into_iter().cloned().collect();
        let path = collection_path(name, &entities[0]);
        let collection = Collection { table: table.clone(), name: name.into(), entities };
        router.merge(Router::new().route(&path, get(page)).with_state(collection))
    })
}

async fn page(
    State(Collection { table, name, entities }): State<Collection>,
    Extension(budget): RequestBudget,
    path: PathTexts,
    form: Form,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let table = table.with_budget(&budget);
    let bound = parameters.bound(&["order"]);
    let limit = Some(parameters.number("limit", LIST_LIMIT, LIST_DEFAULT));
    let order = parameters.choice("order", &["asc", "desc"]);
    let descending = order == "desc";
    let cursor = parameters.text("cursor");
    let consistent = parameters.flag("consistent");
    parameters.finish()?;
    // The same values make the partition of each: the definition was checked for it.
    let first = &entities[0];
    let pattern = Pattern::of_table(first);
    let given = pattern.given_from_text(first, &path.pairs());
    let key =
        given.and_then(|given| pattern.partition_key(first, &given).map_err(|error| vec![error]));
    let partition = key.map_err(|errors| Problem::fields(&first.name, errors))?;
    let filter = Predicate::Any(entities.iter().map(Entity::kind).collect());
    let max_bytes = Some(ENOUGH_BYTES);
    let seal = cursors.for_list(&["collection", &name, &partition, order], &bound);
    let cursor = seal.open(cursor)?;
    let query = Query {
        partition,
        filter,
        consistent,
        descending,
        limit,
        max_bytes,
        cursor,
        ..Query::default()
    };
    let found = table.list(&query, MAX_READS).await?;
    let of_entity = |entity: &Entity| {
        let own = found.items.iter().filter(|item| entity.matches(item));
        (entity.name.clone(), own.map(|item| Value::Object(form.item(entity, item))).collect())
    };
    let mut page: Map<String, Value> = entities.iter().map(of_entity).collect();
    page.insert("cursor".to_owned(), seal.close(found.cursor).map_or(Value::Null, Value::String));
    Ok(form.answer(page))
}
