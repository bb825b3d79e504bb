//! The registry of routes: which operation is served at which path. The services, the problem of an
//! unknown path, and the OpenAPI document all read this one list.

mod operation;

use weir_model::{Entity, Model};

pub use self::operation::Operation;
use crate::paths::{EntityPaths, collection_path, pattern_path, unique_path};

/// A route: an operation at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// Its path, as axum reads it.
    pub path: String,
    /// The entity it is about.
    pub entity: Option<String>,
    /// The pattern or the collection that it is.
    pub name: Option<String>,
}

impl Route {
    /// Returns the method and the path: `GET /flight/{origin}`.
    pub fn shown(&self) -> String {
        format!("{} {}", self.operation.method(), self.path)
    }

    /// Returns the first part of its path, which names its entity or its service.
    pub fn subject(&self) -> &str {
        self.path.trim_start_matches('/').split('/').next().unwrap_or_default()
    }

    fn new(operation: Operation, path: impl Into<String>) -> Self {
        Self { operation, path: path.into(), entity: None, name: None }
    }

    fn about(entity: &Entity, operation: Operation, path: impl Into<String>) -> Self {
        Self { entity: Some(entity.name.clone()), ..Self::new(operation, path) }
    }
}

/// Returns the routes of the writer.
pub fn writes(model: &Model) -> Vec<Route> {
    let of_entity = |entity: &Entity| {
        let paths = EntityPaths::new(entity);
        [
            Route::about(entity, Operation::Create, paths.collection),
            Route::about(entity, Operation::Replace, paths.item.clone()),
            Route::about(entity, Operation::Update, paths.item.clone()),
            Route::about(entity, Operation::Delete, paths.item),
            Route::about(entity, Operation::Batch, batch_path(entity)),
        ]
    };
    let with_unique =
        |entity| of_entity(entity).into_iter().chain(by_unique(entity, Operation::Upsert));
    model
        .entities
        .iter()
        .flat_map(with_unique)
        .chain([
            Route::new(Operation::BatchAny, BATCH),
            Route::new(Operation::Transact, TRANSACTIONS),
            Route::new(Operation::Health, HEALTH),
        ])
        .collect()
}

/// Returns the routes of the reader.
pub fn reads(model: &Model) -> Vec<Route> {
    let collections = model.collections().into_iter().map(|name| {
        let path = collection_path(name, model.collection(name)[0]);
        Route { name: Some(name.to_owned()), ..Route::new(Operation::Collection, path) }
    });
    let others = [
        Route::new(Operation::TransactGet, TRANSACTIONS),
        Route::new(Operation::Rollups, ROLLUPS),
        Route::new(Operation::Rollup, ROLLUP),
        Route::new(Operation::OpenApi, OPENAPI),
        Route::new(Operation::Health, HEALTH),
    ];
    let is_ranked = model.rollups.iter().any(|rollup| rollup.rank.is_some());
    let ranks = is_ranked.then(|| Route::new(Operation::Ranks, RANKS));
    let of_entities = model.entities.iter().flat_map(reads_of);
    of_entities.chain(collections).chain(others).chain(ranks).collect()
}

/// Returns the routes of the reader that are about an entity.
fn reads_of(entity: &Entity) -> Vec<Route> {
    let paths = EntityPaths::new(entity);
    let mut routes = vec![Route::about(entity, Operation::Get, paths.item.clone())];
    if paths.has_list() {
        routes.push(Route::about(entity, Operation::List, paths.partition));
    }
    routes.push(Route::about(entity, Operation::BatchGet, batch_path(entity)));
    routes.extend(by_unique(entity, Operation::GetUnique));
    routes.extend(entity.patterns.iter().map(|pattern| {
        let path = pattern_path(entity, pattern);
        let name = Some(pattern.name.clone());
        Route { name, ..Route::about(entity, Operation::Query, path) }
    }));
    routes
}

/// Returns the routes of an operation by each of an entity's unique constraints.
fn by_unique(entity: &Entity, operation: Operation) -> impl Iterator<Item = Route> {
    entity.open_unique().map(move |unique| {
        let name = Some(unique.attributes.join("+"));
        Route { name, ..Route::about(entity, operation, unique_path(entity, unique)) }
    })
}

/// Returns the routes of both services, served as one.
pub fn all(model: &Model) -> Vec<Route> {
    let mut routes = writes(model);
    routes.retain(|route| route.operation != Operation::Health);
    routes.extend(reads(model));
    routes
}

/// Returns where many items of an entity are put, and got.
pub fn batch_path(entity: &Entity) -> String {
    format!("{BATCH}/{}", entity.name)
}

/// Where many items of any entities are written.
pub const BATCH: &str = "/batch";

/// Where several actions are done together, and several items got.
pub const TRANSACTIONS: &str = "/transactions";
/// Where the rollups are listed.
pub const ROLLUPS: &str = "/rollups";
/// Where a rollup is asked.
pub const ROLLUP: &str = "/rollups/{rollup}";
/// Where the groups of a rollup are ranked.
pub const RANKS: &str = "/rollups/{rollup}/ranks";
/// Where the OpenAPI document is.
pub const OPENAPI: &str = "/openapi.json";
/// Where a service says that it runs.
pub const HEALTH: &str = "/health";
