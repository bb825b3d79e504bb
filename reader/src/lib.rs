//! HTTP reads of the table's items and of its rollups.
//!
//! | request | answers |
//! |---|---|
//! | `GET /{entity}/{partition…}/{sort…}` | the item; 404 when there is none |
//! | `GET /batch/{entity}?keys=[…]` | the items of these keys |
//! | `GET /transactions?items=[…]` | items of any entities, as they are at one moment |
//! | `GET /unique/{entity}/{attribute+…}/{values…}` | the item that has these values; 404 when there is none |
//! | `GET /{entity}/{partition…}?limit&order&cursor&from&to&where&select&count…` | a page of the partition's items |
//! | `GET /query/{entity}/{pattern}/{attributes…}?…` | the same by an access pattern, or an index |
//! | `GET /collections/{collection}/{partition…}?limit&order&cursor` | a page of the partition's items, by entity |
//! | `…?include=owner,sessions` | the same with the items that these are related to |
//! | `GET /rollups` | the rollups, and what each can be asked |
//! | `GET /rollups/{rollup}?{dimension}=…&from&to&every&limit&cursor` | a page of points |
//! | `GET /rollups/{rollup}/ranks?every&from&{dimension}=…&order&neighbours&limit&cursor` | a page of ranks, or those around a group |
//! | `…&after=TOKEN` | the same, once the write of the token is counted |
//! | `…&format=csv`, or `Accept: text/csv` | the same as CSV, or as NDJSON |
//! | `GET /openapi.json` | what is served, by both services |
//!
//! Each request has a budget of reads (`budget`), which all that it reads spends.
//!
//! The queries of rollups are answered by `weir_query`; this crate has their parameters, their
//! problems, the seals of their cursors and the forms of their answers.
//!
//! **Invariant:** every read is of keys or a Query of one partition, strongly consistent unless the
//! request says otherwise or an index is read, which cannot be. There is no scan.

mod after;
mod budget;
mod collections;
pub mod format;
mod items;
mod limits;
mod list_seal;
mod lists;
mod many;
mod problem;
mod range;
mod ranks;
mod related;
mod rollup_path;
mod rollups;
pub mod tabular;
mod together;
mod unique;

use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Json, Router};
use weir_http::CursorKeys;
use weir_query::limits::DEFAULT_WRITE_WAIT;
use weir_table::{Reads, Rollups, Table};

pub use format::Format;

/// Settings of the reader.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most that one request may read.
    pub limits: Reads,
    /// The keys of the cursors in answers. Processes that answer together share them.
    pub cursors: CursorKeys,
    /// How long a rollup question with the token of a write waits at most until it is counted.
    pub write_wait: Duration,
}

/// The default limits, and random keys: other processes do not accept the cursors.
impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Reads::DEFAULT_LIMITS,
            cursors: CursorKeys::random(),
            write_wait: DEFAULT_WRITE_WAIT,
        }
    }
}

/// Returns the reader of a table and its rollups, to be merged with other routers and given to
/// [`weir_http::finish()`].
pub fn app(table: Table, rollups: Rollups, settings: Settings) -> Router {
    let model = Arc::clone(table.model());
    let document = Arc::new(weir_http::openapi::document(&model));
    let openapi = get(move || std::future::ready(Json(document.as_ref().clone())));
    let with_entity = |router: Router, entity| {
        router
            .merge(items::router(&table, entity))
            .merge(many::router(&table, entity))
            .merge(lists::router(&table, entity))
            .merge(unique::router(&table, entity))
    };
    let reads = model
        .entities
        .iter()
        .fold(Router::new(), with_entity)
        .merge(collections::router(&table))
        .merge(together::router(&table))
        .merge(rollups::router(&table, &rollups, settings.write_wait))
        .route(weir_http::routes::OPENAPI, openapi)
        .layer(Extension(settings.cursors));
    budget::layer(reads, settings.limits)
}

#[cfg(test)]
mod tests;
