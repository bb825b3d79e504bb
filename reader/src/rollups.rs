//! The handlers of rollups: list them, ask one.

use std::sync::Arc;

use aggregates::Question;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use model::{Model, Rollup};
use serde_json::{Map, Value, json};
use table::{Rollups, Table};
use web::{Accept, Cursors, Kind, Parameters, PathTexts, Problem};

use crate::answer::{Answer, Planned};
use crate::budget::OfRequest;
use crate::format::Format;
use crate::status::{Completeness, Seen, StatusCache};

/// The rollups and where they are kept.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) model: Arc<Model>,
    pub(crate) rollups: Rollups,
    /// Whether they may be answered.
    pub(crate) status: StatusCache,
}

/// The routes of the rollups.
pub(crate) fn router(table: &Table, rollups: &Rollups) -> Router {
    let asked = Asked {
        model: Arc::clone(table.model()),
        rollups: rollups.clone(),
        status: StatusCache::new(table),
    };
    Router::new()
        .route(web::routes::ROLLUPS, get(list))
        .route(web::routes::ROLLUP, get(answer))
        .route(web::routes::RANKS, get(crate::ranks::answer))
        .with_state(asked)
}

async fn list(
    State(Asked { model, status, .. }): State<Asked>,
    Extension(budget): OfRequest,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.finish()?;
    // What they are is known without a table.
    let status = match model.rollups.is_empty() {
        true => None,
        false => status.status(&budget).await.ok(),
    };
    let rollups = model.rollups.iter().map(|rollup| {
        let mut described = described(rollup);
        match status.as_ref().map(|status| status.completeness(&rollup.name)) {
            None => described["state"] = Value::from("unknown"),
            Some(Ok(Completeness { incomplete_since, .. })) => {
                described["state"] = Value::from("ready");
                if let Some(since) = incomplete_since {
                    described["incomplete_since"] = Value::from(since);
                }
            }
            Some(Err(problem)) => {
                let is_changed = problem.kind() == Kind::ChangedRollup;
                described["state"] = Value::from(if is_changed { "changed" } else { "unbuilt" });
                described["reason"] = Value::from(problem.detail());
            }
        }
        described
    });
    let rollups: Vec<Value> = rollups.collect();
    let progress = status.as_ref().and_then(|status| status.progress);
    Ok(Json(json!({
        "rollups": rollups,
        "now": Timestamp::now().to_string(),
        "complete_through": status.as_ref().and_then(Seen::complete_through),
        "records_counted": progress.map(|progress| progress.records),
    })))
}

async fn answer(
    State(asked): State<Asked>,
    Extension(budget): OfRequest,
    path: PathTexts,
    uri: Uri,
    accept: Accept,
    cursors: Cursors,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let bound = parameters.bound(&[]);
    let format = Format::of(&mut parameters, &accept);
    let limit =
        parameters.number("limit", web::parameters::POINTS_LIMIT, web::parameters::POINTS_DEFAULT);
    let cursor = parameters.text("cursor");
    let question = Question {
        every: parameters.text("every"),
        from: parameters.text("from"),
        to: parameters.text("to"),
        time_zone: parameters.text("time_zone"),
        week_start: parameters.text("week_start"),
        fiscal_year_start: parameters.text("fiscal_year_start"),
        fill: parameters.text("fill"),
        compare: parameters.text("compare"),
        measures: parameters.text("measures"),
        dimensions: parameters.rest(),
    };
    parameters.finish()?;
    let name = asked_name(&path);
    let seal = cursors.for_list(&["rollup", &name], &bound);
    let planned = Planned::of(&asked.model, &name, &question, seal.open(cursor)?)?;
    let completeness = asked.status.completeness(&name, &budget).await?;
    let answer = planned.answer(&asked.rollups.with_budget(&budget), limit).await?;
    let cursor = seal.close(answer.cursor);
    let answer = Answer { completeness, cursor, ..answer };
    Ok(format.respond(&answer, &answer.columns, uri.query()))
}

/// The name of the rollup that a path is of.
pub(crate) fn asked_name(path: &PathTexts) -> String {
    path.pairs().first().map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}

/// A rollup as it is listed: what it counts and what it can be asked.
fn described(rollup: &Rollup) -> Value {
    let dimensions: Vec<Value> = rollup
        .dimensions
        .iter()
        .map(
            |dimension| json!({ "name": dimension.name(), "type": dimension.of_one().kind.name() }),
        )
        .collect();
    let buckets: Vec<&str> = rollup.granularities.iter().map(|kept| kept.name()).collect();
    let measures: Map<String, Value> = rollup
        .measures
        .iter()
        .map(|known| (known.name.clone(), Value::String(known.measure.to_string())))
        .collect();
    let mut described = json!({
        "name": rollup.name,
        "of": rollup.entity,
        "dimensions": dimensions,
        "time": rollup.time.as_ref().map(|time| time.name()),
        "time_zone": rollup.time_zone_name,
        "buckets": buckets,
        "measures": measures,
    });
    if !rollup.keep.is_empty() {
        let kept = rollup.keep.iter();
        let kept = kept.map(|(bucket, seconds)| (bucket.to_string(), Value::from(*seconds)));
        described["keep_seconds"] = Value::Object(kept.collect());
    }
    if let Some(rank) = &rollup.rank {
        let within = rank.within.iter().map(|position| rollup.dimensions[*position].name());
        described["ranked_by"] = Value::from(rank.by.as_str());
        described["ranked_within"] = within.collect();
    }
    described
}
