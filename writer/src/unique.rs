//! Writing an item by what is unique about it, whatever its key.
//!
//! ```text
//! PUT /unique/user/email/ann@example.com {"name":"Ann"}
//!      201, created; or 200, set in the user who has the address
//! ```

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use weir_http::parts::unfit_members;
use weir_http::paths::{path_of, unique_path};
use weir_http::{Form, IdempotencyKey, JsonObject, Parameters, PathTexts, Preconditions, Problem};
use weir_model::{Entity, Unique};
use weir_table::{Table, fresh};

use crate::audit::{Audit, failure_kind};
use crate::encode::settled;

/// The items of one entity, by one of its constraints.
#[derive(Clone)]
struct Items {
    table: Table,
    entity: Arc<Entity>,
    unique: Arc<Unique>,
}

/// The routes of an entity's items by what is unique about them.
pub(crate) fn router(table: &Table, entity: &Entity) -> Router {
    let of = Arc::new(entity.clone());
    entity.open_unique().fold(Router::new(), |router, unique| {
        let path = unique_path(entity, unique);
        let unique = Arc::new(unique.clone());
        let items = Items { table: table.clone(), entity: Arc::clone(&of), unique };
        router.merge(Router::new().route(&path, put(upsert)).with_state(items))
    })
}

async fn upsert(
    State(Items { table, entity, unique }): State<Items>,
    path: PathTexts,
    form: Form,
    parameters: Parameters,
    preconditions: Preconditions,
    key: IdempotencyKey,
    audit: Audit,
    JsonObject(object): JsonObject,
) -> Result<Response, Problem> {
    parameters.finish()?;
    preconditions.reject_any()?;
    key.reject_any()?;
    let invalid = |errors| Problem::fields(&entity.name, errors);
    let object = settled(&entity, &path.pairs(), object).map_err(invalid)?;
    let unfit = unfit_members(&entity, &object);
    if !unfit.is_empty() {
        return Err(invalid(unfit));
    }
    let names: Vec<_> = unique.attributes.iter().map(String::as_str).collect();
    let written = table.upsert_by(&entity, &names, &object, fresh()).await;
    match &written {
        Ok(written) => audit.change("upsert", &entity, &written.item).ended(Ok(())),
        // Which item has the values is not known, or is not the caller's to know.
        Err(_) => audit.change_by("upsert", &entity, &names).ended(failure_kind(&written)),
    }
    let written = written.map_err(|error| Problem::of_write(&entity, error))?;
    let answer = form.answer_item(&entity, &written.item);
    if !written.is_new {
        return Ok(answer);
    }
    let path = path_of(&entity, &written.item).map_err(invalid)?;
    Ok((StatusCode::CREATED, [(LOCATION, path)], answer).into_response())
}
