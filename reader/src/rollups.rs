//! The handlers of rollups: the list of them, and the query of one.

use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Json, Router};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use weir_http::{Accept, Cursors, Parameters, PathTexts, Problem, TimeLeft};
use weir_model::Rollup;
use weir_query::{QueryEngine, QueryError, Question, Revision, RollupQuery, RollupsSnapshot};
use weir_table::{Rollups, Table};

use crate::after::{within, write_token};
use crate::budget::RequestBudget;
use crate::format::Format;
use crate::problem::query_problem;
use crate::ranks;
use crate::rollup_path::rollup_name;

/// Returns the routes of the rollups. An answer waits at most `write_wait` for a write.
pub(crate) fn router(table: &Table, rollups: &Rollups, write_wait: Duration) -> Router {
    Router::new()
        .route(weir_http::routes::ROLLUPS, get(list))
        .route(weir_http::routes::ROLLUP, get(answer))
        .route(weir_http::routes::RANKS, get(ranks::answer))
        .with_state(QueryEngine::new(table, rollups).with_write_wait(write_wait))
}

async fn list(
    State(engine): State<QueryEngine>,
    Extension(budget): RequestBudget,
    parameters: Parameters,
) -> Result<Json<Value>, Problem> {
    parameters.finish()?;
    // The definition is known without a table.
    let rollups = &engine.model().rollups;
    let snapshot =
        if rollups.is_empty() { None } else { engine.with_budget(&budget).snapshot().await.ok() };
    let rollups = rollups.iter().map(|rollup| {
        let mut described = described(rollup);
        match snapshot.as_ref().map(|snapshot| snapshot.served(&rollup.name)) {
            None => described["state"] = Value::from("unknown"),
            Some(Ok(Revision { incomplete_since, .. })) => {
                described["state"] = Value::from("ready");
                if let Some(since) = incomplete_since {
                    described["incomplete_since"] = Value::from(since.as_str());
                }
            }
            Some(Err(error)) => {
                let is_building = matches!(error, QueryError::Building { .. });
                described["state"] = Value::from(if is_building { "building" } else { "unbuilt" });
                described["reason"] = Value::from(error.to_string());
            }
        }
        described
    });
    let rollups: Vec<Value> = rollups.collect();
    Ok(Json(json!({
        "rollups": rollups,
        "now": Timestamp::now().to_string(),
        "complete_through": snapshot.as_ref().and_then(RollupsSnapshot::complete_through),
        "records_counted": snapshot.as_ref().and_then(RollupsSnapshot::records_counted),
    })))
}

async fn answer(
    State(engine): State<QueryEngine>,
    Extension(budget): RequestBudget,
    path: PathTexts,
    uri: Uri,
    accept: Accept,
    cursors: Cursors,
    left: TimeLeft,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
    let bound = parameters.bound(&["after"]);
    let format = Format::negotiate(&mut parameters, &accept);
    let limit = parameters.number(
        "limit",
        weir_http::parameters::POINTS_LIMIT,
        weir_http::parameters::POINTS_DEFAULT,
    );
    let cursor = parameters.text("cursor");
    let token = write_token(&mut parameters);
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
    let name = rollup_name(&path);
    let seal = cursors.for_list(&["rollup", &name], &bound);
    let query = RollupQuery::new(name, question).limit(limit).after(seal.open(cursor)?);
    let (query, engine) = (query.after_write(token), within(&engine, left));
    let mut answer = engine.with_budget(&budget).answer(&query).await.map_err(query_problem)?;
    answer.page.cursor = seal.close(answer.page.cursor);
    Ok(format.respond(&answer, &answer.page.columns, uri.query()))
}

/// Returns a rollup as it is listed, with the parameters of its questions.
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
