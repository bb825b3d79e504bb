//! The OpenAPI 3.1 document of what both services serve, made from the model.
//!
//! ```text
//! routes::all ──operation──► paths              one entry for each route and rollup
//! entities, rollups ──schema──► components      flight, flight.input, flights_by_origin.answer
//! ```
//!
//! Names of components that Weir adds have a dot, which names of entities and rollups cannot have.

mod builder;
mod keys;
mod lists;
mod media;
mod operation;
mod parameters;
mod rollups;
mod schema;

use serde_json::{Map, Value, json};
use weir_model::{Model, Unique};

use crate::routes::{self, Operation, Route};

/// The version of OpenAPI.
const OPENAPI_VERSION: &str = "3.1.1";

/// Returns the document of a model.
pub fn document(model: &Model) -> Value {
    let description = "Items of one DynamoDB table, and exact rollups about them. \
        Numbers are exact decimals of up to 38 digits: read them as such. \
        An absent field and one that is null are the same.";
    json!({
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": model.table.name,
            "version": env!("CARGO_PKG_VERSION"),
            "description": description,
        },
        "paths": paths(model),
        "components": { "schemas": schemas(model) },
    })
}

fn paths(model: &Model) -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    let mut add = |path: &str, route: &Route, operation: Value| {
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        operations[route.operation.method().as_str().to_lowercase()] = operation;
    };
    for route in routes::all(model) {
        if matches!(route.operation, Operation::Rollup | Operation::Ranks) {
            for rollup in &model.rollups {
                let operation = match route.operation {
                    Operation::Rollup => Some(rollups::question(rollup)),
                    _ => rollups::ranks(rollup),
                };
                let path = route.path.replace("{rollup}", &rollup.name);
                operation.into_iter().for_each(|operation| add(&path, &route, operation));
            }
            continue;
        }
        let entity = route.entity.as_deref().and_then(|name| model.entity(name));
        let operation = match entity {
            Some(entity) if route.operation == Operation::Query => {
                let patterns = entity.patterns.iter();
                let mut of_name = patterns.filter(|known| Some(&known.name) == route.name.as_ref());
                let pattern = of_name.next().expect("a route of a pattern has its name");
                lists::of_pattern(model, entity, pattern)
            }
            Some(entity) if route.name.is_some() => {
                let mut known = entity.unique.iter();
                let is_named = |unique: &&Unique| Some(unique.attributes.join("+")) == route.name;
                let unique = known.find(is_named).expect("a route of a constraint has its name");
                operation::of_unique(route.operation, entity, unique)
            }
            Some(entity) => operation::of_entity(model, route.operation, entity),
            None if route.operation == Operation::Collection => {
                let name = route.name.as_deref().unwrap_or_default();
                lists::of_collection(name, &model.collection(name))
            }
            None if route.operation == Operation::TransactGet => lists::of_transact_get(model),
            None if route.operation == Operation::BatchAny => operation::of_batch(model),
            None if route.operation == Operation::Transact => operation::of_transactions(model),
            None => operation::of_service(route.operation),
        };
        add(&route.path, &route, operation);
    }
    paths
}

fn schemas(model: &Model) -> Map<String, Value> {
    let mut schemas = Map::new();
    for entity in &model.entities {
        schemas.insert(entity.name.clone(), schema::item(entity));
        schemas.insert(format!("{}.input", entity.name), schema::input(entity));
    }
    for rollup in &model.rollups {
        schemas.insert(format!("{}.answer", rollup.name), rollups::answer(rollup));
        if let Some(rank) = &rollup.rank {
            schemas.insert(format!("{}.ranks", rollup.name), rollups::ranked(rollup, rank));
        }
    }
    schemas.insert(schema::BATCH_REPORT.to_owned(), schema::batch_report());
    schemas.insert(schema::ROLLUPS.to_owned(), rollups::list());
    schemas.insert(schema::PROBLEM.to_owned(), schema::problem());
    schemas
}

#[cfg(test)]
mod tests;
