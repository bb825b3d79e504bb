//! HTTP mutations of the table's items.
//!
//! | request | does | answers |
//! |---|---|---|
//! | `POST /{entity}` | creates | 201, `Location` and the item; 409 when its key is taken |
//! | `PUT /{entity}/{partition…}/{sort…}` | replaces, or creates there | 200 and the item |
//! | `PATCH /{entity}/{partition…}/{sort…}` | updates: `set`, `add`, … and `where` | 200 and the item; 404, 412 |
//! | `DELETE /{entity}/{partition…}/{sort…}` | deletes | 204, or the item; 404 if there was none |
//! | `POST /batch/{entity}` | puts up to 500 items | 200 and each result |
//! | `POST /batch` | puts and deletes up to 500 items of any entities | 200 and each result |
//! | `PUT /unique/{entity}/{attribute+…}/{values…}` | creates, or updates | 201 or 200, and the item |
//! | `POST /transactions` | up to 100 actions, all or none | 200 and the paths, or a problem |
//!
//! PUT and DELETE take `where` as a parameter; all three take versions
//! ([`weir_http::Preconditions`]), and answer 412. An answer of 2xx has a `Weir-Token`.
//!
//! **Invariant:** an item is stored whole and checked, or not at all; an answer of 2xx means that
//! DynamoDB has it.

mod action;
mod audit;
pub mod batch;
mod encode;
mod items;
mod token;
mod transactions;
mod unique;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use weir_table::Table;

pub use audit::audited;
pub use batch::{BatchReport, FailedRow, write_batch};
pub use weir_table::fresh;

/// The writer of a table, to be merged with other routers and given to [`weir_http::finish()`].
pub fn app(table: Table) -> Router {
    let model = Arc::clone(table.model());
    let of_entity = |router: Router, entity| {
        router.merge(items::router(&table, entity)).merge(unique::router(&table, entity))
    };
    let of_any = transactions::router(&table).merge(batch::router(&table));
    let writes = model.entities.iter().fold(of_any, of_entity);
    writes.layer(from_fn_with_state(table.clone(), token::added))
}

#[cfg(test)]
mod tests;
