//! The budget of a request: made when the request arrives, taken by its handler, and read by the
//! log.
//!
//! ```text
//! layer: Budget::new(limits) ─► handler: table.with_budget(&budget) ─► response
//!                                                    ─► `reads` and `read_bytes` of the log
//! ```
//!
//! **Invariant:** two requests never share a budget, and a handler has no other table than one with
//! the budget.

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::{Extension, Router};
use weir_table::{Budget, Reads};

/// The extractor of the budget of a request.
pub(crate) type RequestBudget = Extension<Budget>;

/// Gives each request of the routes a budget of its own.
pub(crate) fn layer(router: Router, limits: Reads) -> Router {
    router.layer(from_fn(move |mut request: Request, next: Next| async move {
        let budget = Budget::new(limits);
        request.extensions_mut().insert(budget.clone());
        let mut response = next.run(request).await;
        response.extensions_mut().insert(budget);
        response
    }))
}
