//! The handler of one entity's items: get one, alone or with those that it is related to.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use weir_http::{Cursors, EntityPaths, Form, Parameters, PathTexts, Problem};
use weir_model::Entity;
use weir_model::relation::Scope;
use weir_table::Table;

use crate::budget::RequestBudget;
use crate::related;

/// The items of one entity.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
}

/// Returns the route of an entity's items.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let items = Items { table: table.clone(), entity: Arc::new(entity.clone()) };
    Router::new().route(&EntityPaths::new(entity).item, get(item)).with_state(items)
}

async fn item(
    State(Items { table, entity }): State<Items>,
    Extension(budget): RequestBudget,
    path: PathTexts,
    form: Form,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let table = table.with_budget(&budget);
    let includes = related::asked(&mut parameters, table.model(), &entity, &Scope::One);
    parameters.finish()?;
    let key = entity
        .key_from_text(&path.pairs())
        .map_err(|errors| Problem::fields(&entity.name, errors))?;
    let item = table.get(&key.primary).await?.filter(|item| key.names(&entity, item));
    let item = item.ok_or_else(|| Problem::no_item(&entity, &path))?;
    if includes.is_empty() {
        return Ok(form.answer_item(&entity, &item));
    }
    form.must_be_plain(related::INCLUDE)?;
    let joined = table.join(vec![item], &includes, related::reading(None)).await?;
    let joined = joined.all(&table).map_err(related::problem)?;
    let shown = joined.first().map(|joined| related::shown(&entity, joined, &includes, &cursors));
    // The version of the item would be no entity tag of others that change by themselves.
    let shown = shown.transpose()?.unwrap_or_default();
    Ok(form.answer(shown))
}
