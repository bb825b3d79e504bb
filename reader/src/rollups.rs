//! The handlers of rollups: list them, ask one.

use std::sync::Arc;

use aggregates::Question;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use model::{Model, Rollup};
use serde_json::{Map, Value, json};
use table::Rollups;
use web::{Parameters, PathTexts, Problem};

use crate::answer::{Answer, ask};

/// The rollups and where they are kept.
#[derive(Clone)]
struct Asked {
    model: Arc<Model>,
    rollups: Rollups,
}

/// The routes of the rollups.
pub(crate) fn router(model: &Arc<Model>, rollups: &Rollups) -> Router {
    Router::new()
        .route(web::routes::ROLLUPS, get(list))
        .route(web::routes::ROLLUP, get(answer))
        .with_state(Asked { model: Arc::clone(model), rollups: rollups.clone() })
}

async fn list(
    State(Asked { model, .. }): State<Asked>,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.finish()?;
    let rollups: Vec<Value> = model.rollups.iter().map(described).collect();
    Ok(Json(json!({ "rollups": rollups })))
}

async fn answer(
    State(Asked { model, rollups }): State<Asked>,
    path: PathTexts,
    mut parameters: Parameters,
) -> Result<Json<Answer>, Problem> {
    let limit =
        parameters.number("limit", web::parameters::POINTS_LIMIT, web::parameters::POINTS_DEFAULT);
    let cursor = parameters.text("cursor");
    let question = Question {
        every: parameters.text("every"),
        from: parameters.text("from"),
        to: parameters.text("to"),
        dimensions: parameters.rest(),
    };
    parameters.finish()?;
    let name = path.pairs().first().map(|(_, name)| (*name).to_owned()).unwrap_or_default();
    Ok(Json(ask(&model, &rollups, &name, &question, limit, cursor).await?))
}

/// A rollup as it is listed: what it counts and what it can be asked.
fn described(rollup: &Rollup) -> Value {
    let dimensions: Vec<Value> = rollup
        .dimensions
        .iter()
        .map(|dimension| json!({ "name": dimension.name, "type": dimension.kind.name() }))
        .collect();
    let buckets: Vec<&str> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let measures: Map<String, Value> = rollup
        .measures
        .iter()
        .map(|known| (known.name.clone(), Value::String(known.measure.to_string())))
        .collect();
    json!({
        "name": rollup.name,
        "of": rollup.entity,
        "dimensions": dimensions,
        "time": rollup.time.as_ref().map(|time| &time.name),
        "time_zone": rollup.time_zone_name,
        "buckets": buckets,
        "measures": measures,
    })
}
