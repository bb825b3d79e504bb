//! The registry of routes: what is served where. The services, the problem of an unknown path, and the OpenAPI
//! document all read this one list.

use axum::http::Method;
use model::{Entity, Model};

use crate::paths::{EntityPaths, collection_path, pattern_path, unique_path};
use crate::problem::Kind;

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Creates an item.
    Create,
    /// Replaces an item, or creates it under its path.
    Replace,
    /// Updates an item that is there.
    Update,
    /// Deletes an item.
    Delete,
    /// Puts many items.
    Batch,
    /// Puts and deletes many items of any entities.
    BatchAny,
    /// Does several actions, or none of them.
    Transact,
    /// Creates an item, or sets what is given in the one that is alike in what is unique.
    Upsert,
    /// Gets an item.
    Get,
    /// Gets many items.
    GetMany,
    /// Gets several items of any entities as they are at one moment.
    GetTogether,
    /// Gets an item by what is unique about it.
    GetUnique,
    /// Lists the items of one partition.
    List,
    /// Lists items by an access pattern.
    Query,
    /// Lists the items of a collection.
    Collection,
    /// Lists the rollups.
    Rollups,
    /// Answers a question to a rollup.
    Rollup,
    /// Lists the ranks of a rollup's groups in one bucket.
    Ranks,
    /// Serves the OpenAPI document.
    OpenApi,
    /// Says that the service runs.
    Health,
}

/// A route: an operation at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it does.
    pub operation: Operation,
    /// Its path, as axum reads it.
    pub path: String,
    /// The entity it is about.
    pub entity: Option<String>,
    /// The pattern or the collection that it is.
    pub name: Option<String>,
}

impl Operation {
    /// The method it answers to.
    pub fn method(self) -> Method {
        match self {
            Self::Create | Self::Batch | Self::BatchAny | Self::Transact => Method::POST,
            Self::Replace | Self::Upsert => Method::PUT,
            Self::Update => Method::PATCH,
            Self::Delete => Method::DELETE,
            Self::Get
            | Self::GetMany
            | Self::GetTogether
            | Self::GetUnique
            | Self::List
            | Self::Query
            | Self::Collection
            | Self::Rollups
            | Self::Rollup
            | Self::Ranks
            | Self::OpenApi
            | Self::Health => Method::GET,
        }
    }

    /// The problems of its own, beside those of every operation on the table.
    pub fn problems(self) -> &'static [Kind] {
        match self {
            Self::Create => &[
                Kind::Validation,
                Kind::BadJson,
                Kind::BadHeader,
                Kind::Refused,
                Kind::AlreadyExists,
                Kind::Duplicate,
                Kind::TokenReused,
                Kind::Conflict,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
            ],
            Self::Upsert => &[
                Kind::Validation,
                Kind::BadJson,
                Kind::BadHeader,
                Kind::Refused,
                Kind::AlreadyExists,
                Kind::Duplicate,
                Kind::Conflict,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
            ],
            Self::Replace => &[
                Kind::Validation,
                Kind::BadJson,
                Kind::BadQuery,
                Kind::BadHeader,
                Kind::Refused,
                Kind::AlreadyExists,
                Kind::Duplicate,
                Kind::Conflict,
                Kind::ConditionFailed,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
            ],
            Self::Update => &[
                Kind::Validation,
                Kind::BadJson,
                Kind::BadQuery,
                Kind::BadHeader,
                Kind::Refused,
                Kind::NotFound,
                Kind::AlreadyExists,
                Kind::Duplicate,
                Kind::Conflict,
                Kind::ConditionFailed,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
            ],
            Self::Delete => &[
                Kind::Validation,
                Kind::BadQuery,
                Kind::BadHeader,
                Kind::NotFound,
                Kind::Conflict,
                Kind::ConditionFailed,
            ],
            Self::Transact => &[
                Kind::Validation,
                Kind::BadJson,
                Kind::BadHeader,
                Kind::Refused,
                Kind::NotFound,
                Kind::AlreadyExists,
                Kind::Duplicate,
                Kind::TokenReused,
                Kind::Conflict,
                Kind::ConditionFailed,
                Kind::PayloadTooLarge,
                Kind::UnsupportedMediaType,
            ],
            Self::Batch | Self::BatchAny => {
                &[Kind::BadJson, Kind::BadHeader, Kind::PayloadTooLarge, Kind::UnsupportedMediaType]
            }
            Self::Get => &[Kind::Validation, Kind::BadQuery, Kind::NotFound],
            Self::GetUnique => &[Kind::Validation, Kind::NotFound],
            Self::GetMany => &[Kind::BadQuery],
            Self::GetTogether => &[Kind::BadQuery, Kind::Refused, Kind::Conflict],
            Self::List | Self::Query | Self::Collection => {
                &[Kind::Validation, Kind::BadQuery, Kind::BadCursor, Kind::Refused]
            }
            Self::Rollup | Self::Ranks => &[
                Kind::UnknownRollup,
                Kind::BadQuery,
                Kind::BadCursor,
                Kind::ChangedRollup,
                Kind::UnbuiltRollup,
            ],
            Self::Rollups | Self::OpenApi | Self::Health => &[],
        }
    }

    /// Whether its answer is of items, which [`crate::Form`] writes.
    pub fn answers_items(self) -> bool {
        match self {
            Self::Create | Self::Replace | Self::Update | Self::Delete | Self::Upsert => true,
            Self::Get | Self::GetMany | Self::GetTogether | Self::GetUnique => true,
            Self::List | Self::Query | Self::Collection => true,
            Self::Batch | Self::BatchAny | Self::Transact => false,
            Self::Rollups | Self::Rollup | Self::Ranks => false,
            Self::OpenApi | Self::Health => false,
        }
    }

    /// Whether it asks DynamoDB, and so may meet its problems.
    pub fn asks_dynamodb(self) -> bool {
        !matches!(self, Self::Rollups | Self::OpenApi | Self::Health)
    }
}

impl Route {
    /// What is listed of it: `GET /flight/{origin}`.
    pub fn shown(&self) -> String {
        format!("{} {}", self.operation.method(), self.path)
    }

    /// The first part of its path, which names what it is about.
    pub fn subject(&self) -> &str {
        self.path.trim_start_matches('/').split('/').next().unwrap_or_default()
    }

    fn of(operation: Operation, path: impl Into<String>) -> Self {
        Self { operation, path: path.into(), entity: None, name: None }
    }

    fn about(entity: &Entity, operation: Operation, path: impl Into<String>) -> Self {
        Self { entity: Some(entity.name.clone()), ..Self::of(operation, path) }
    }
}

/// The routes of the writer.
pub fn writes(model: &Model) -> Vec<Route> {
    let of_entity = |entity: &Entity| {
        let paths = EntityPaths::of(entity);
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
            Route::of(Operation::BatchAny, BATCH),
            Route::of(Operation::Transact, TRANSACTIONS),
            Route::of(Operation::Health, HEALTH),
        ])
        .collect()
}

/// The routes of the reader.
pub fn reads(model: &Model) -> Vec<Route> {
    let collections = model.collections().into_iter().map(|name| {
        let path = collection_path(name, model.collection(name)[0]);
        Route { name: Some(name.to_owned()), ..Route::of(Operation::Collection, path) }
    });
    let others = [
        Route::of(Operation::GetTogether, TRANSACTIONS),
        Route::of(Operation::Rollups, ROLLUPS),
        Route::of(Operation::Rollup, ROLLUP),
        Route::of(Operation::OpenApi, OPENAPI),
        Route::of(Operation::Health, HEALTH),
    ];
    let is_ranked = model.rollups.iter().any(|rollup| rollup.rank.is_some());
    let ranks = is_ranked.then(|| Route::of(Operation::Ranks, RANKS));
    let of_entities = model.entities.iter().flat_map(reads_of);
    of_entities.chain(collections).chain(others).chain(ranks).collect()
}

/// The routes of the reader that are about an entity.
fn reads_of(entity: &Entity) -> Vec<Route> {
    let paths = EntityPaths::of(entity);
    let mut routes = vec![Route::about(entity, Operation::Get, paths.item.clone())];
    if paths.has_list() {
        routes.push(Route::about(entity, Operation::List, paths.partition));
    }
    routes.push(Route::about(entity, Operation::GetMany, batch_path(entity)));
    routes.extend(by_unique(entity, Operation::GetUnique));
    routes.extend(entity.patterns.iter().map(|pattern| {
        let path = pattern_path(entity, pattern);
        let name = Some(pattern.name.clone());
        Route { name, ..Route::about(entity, Operation::Query, path) }
    }));
    routes
}

/// The routes of an operation by each of an entity's unique constraints.
fn by_unique(entity: &Entity, operation: Operation) -> impl Iterator<Item = Route> {
    entity.open_unique().map(move |unique| {
        let name = Some(unique.attributes.join("+"));
        Route { name, ..Route::about(entity, operation, unique_path(entity, unique)) }
    })
}

/// The routes of both services, served as one.
pub fn all(model: &Model) -> Vec<Route> {
    let mut routes = writes(model);
    routes.retain(|route| route.operation != Operation::Health);
    routes.extend(reads(model));
    routes
}

/// Where many items of an entity are put, and got.
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
