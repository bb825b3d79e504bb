//! Lists of one entity's items: of a partition, and by each access pattern.
//!
//! ```text
//! GET /order/ann?from=2026-11&where={"total":{"gte":10}}&select=order,total    a partition of the table
//! GET /query/order/by_status/paid?order=desc&limit=10                          an access pattern
//! GET /query/order/by_status/paid?count=true                                   how many they are
//! ```
//!
//! **Invariant:** a list ends with a `null` cursor only. A page may be shorter than its limit (DynamoDB reads a megabyte
//! at a time, and other entities and what a filter leaves out are read as well); the cursor then leads on. What is hidden is
//! neither answered nor asked about.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use model::{Entity, Pattern};
use serde::Serialize;
use serde_json::{Map, Value};
use table::{Query, Table};
use web::parameters::{LIST_DEFAULT, LIST_LIMIT};
use web::paths::pattern_path;
use web::{EntityPaths, Parameters, PathTexts, Problem, conditions};

use crate::MAX_READS;
use crate::range::{self, Asked};

/// The items of one entity, by one pattern.
#[derive(Clone)]
struct List {
    table: Table,
    entity: Arc<Entity>,
    pattern: Arc<Pattern>,
}

/// A page of items, or how many there are.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Listing {
    Items { items: Vec<Map<String, Value>>, cursor: Option<String> },
    Count { count: usize, cursor: Option<String> },
}

/// The routes of an entity's lists.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let paths = EntityPaths::of(entity);
    let own = paths.has_list().then(|| (paths.partition, Pattern::of_table(entity)));
    let entity = Arc::new(entity.clone());
    let patterns = entity.patterns.iter();
    let patterns = patterns.map(|pattern| (pattern_path(&entity, pattern), pattern.clone()));
    own.into_iter().chain(patterns).fold(Router::new(), |router, (path, pattern)| {
        let pattern = Arc::new(pattern);
        let list = List { table: table.clone(), entity: Arc::clone(&entity), pattern };
        router.merge(Router::new().route(&path, get(page)).with_state(list))
    })
}

async fn page(
    State(list): State<List>,
    path: PathTexts,
    mut parameters: Parameters,
) -> Result<Json<Listing>, Problem> {
    let List { table, entity, pattern } = &list;
    let mut query = list.query(&mut parameters);
    let asked = Asked::take(|name| parameters.text(name));
    let counts = parameters.flag("count") == Some(true);
    if counts {
        list.refuse_beside_count(&mut parameters);
    } else {
        query.limit = Some(parameters.number("limit", LIST_LIMIT, LIST_DEFAULT));
        query.select = list.selected(&mut parameters);
    }
    parameters.finish()?;
    let path = path.pairs();
    query.partition = pattern
        .partition_from_text(entity, &path)
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let sort = pattern.sort.as_ref().map(|key| &key.template);
    query.range = range::of(entity, sort, &path, &asked).map_err(Problem::parameters)?;
    if counts {
        let found = table.count(&query, MAX_READS).await?;
        return Ok(Json(Listing::Count { count: found.count, cursor: found.cursor }));
    }
    let found = table.list(&query, MAX_READS).await?;
    let items = found.items.iter().map(|item| entity.decode(item)).collect();
    Ok(Json(Listing::Items { items, cursor: found.cursor }))
}

impl List {
    /// What is asked of every list, but its partition.
    fn query(&self, parameters: &mut Parameters) -> Query {
        let Self { entity, pattern, .. } = self;
        let orders = if pattern.descending { ["desc", "asc"] } else { ["asc", "desc"] };
        let descending = parameters.choice("order", &orders) == "desc";
        let cursor = parameters.text("cursor");
        let consistent = parameters.flag("consistent");
        if let (Some(index), Some(true)) = (&pattern.index, consistent) {
            let why = "a global secondary index is eventually consistent";
            parameters
                .error("consistent", format!("`true`, expected false: {why}, {index} is one"));
        }
        let asked = parameters.condition("where", entity);
        let filter = entity.kind().and(pattern.filter.clone()).and(asked);
        let index = pattern.index.clone();
        let max_bytes = Some(crate::ENOUGH_BYTES);
        Query { index, filter, consistent, descending, max_bytes, cursor, ..Query::default() }
    }

    /// The stored names of the attributes that are wanted.
    fn selected(&self, parameters: &mut Parameters) -> Vec<String> {
        let Some(text) = parameters.text("select") else { return Vec::new() };
        let mut stored = Vec::new();
        for name in text.split(',') {
            match self.entity.attribute(name) {
                Some(attribute) => {
                    if attribute.hidden {
                        parameters.error("select", conditions::refused(name).to_string());
                    }
                    stored.push(attribute.field.clone());
                }
                None => {
                    let message = self.entity.no_such_attribute(name);
                    parameters.error("select", format!("`{name}`: {message}"));
                }
            }
        }
        stored
    }

    fn refuse_beside_count(&self, parameters: &mut Parameters) {
        for name in ["limit", "select"] {
            if parameters.text(name).is_some() {
                parameters.error(name, "goes without count, expected one or the other");
            }
        }
    }
}
