//! Getting an item by what is unique about it, whatever its key: two reads, of the lock and of the
//! item.
//!
//! ```text
//! GET /unique/user/email/ann@example.com
//! GET /unique/user/tenant+number/t1/7
//! ```
//!
//! **Invariant:** what is hidden is not asked about.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use weir_http::paths::unique_path;
use weir_http::{Form, Parameters, PathTexts, Problem};
use weir_model::Entity;
use weir_table::Table;

use crate::budget::RequestBudget;

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// Returns the routes of an entity's items by what is unique about them.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let items = Items { table: table.clone(), entity: Arc::new(entity.clone()) };
    let paths = entity.open_unique().map(|unique| unique_path(entity, unique));
    paths.fold(Router::new(), |router, path| router.route(&path, get(item))).with_state(items)
}

async fn item(
    State(Items { table, entity }): State<Items>,
    Extension(budget): RequestBudget,
    path: PathTexts,
    form: Form,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let table = table.with_budget(&budget);
    parameters.finish()?;
    match table.find_by(&entity, &path.pairs()).await {
        Ok(Some(item)) => Ok(form.answer_item(&entity, &item)),
        Ok(None) => Err(Problem::no_item(&entity, &path)),
        Err(error) => Err(Problem::of_write(&entity, error)),
    }
}
