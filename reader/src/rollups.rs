//! The handlers of rollups: list them, ask one.

use std::collections::BTreeMap;
use std::sync::Arc;

use aggregates::Question;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use model::{Model, Rollup};
use serde_json::{Map, Value, json};
use table::{Rollups, Table};
use tokio::sync::OnceCell;
use web::{Accept, Kind, Parameters, PathTexts, Problem};

use crate::answer::Planned;
use crate::format::Format;

/// The rollups and where they are kept.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) model: Arc<Model>,
    table: Table,
    pub(crate) rollups: Rollups,
    /// Those that are not what they were when their table began, once that is known.
    changed: Arc<OnceCell<BTreeMap<String, &'static str>>>,
}

/// The routes of the rollups.
pub(crate) fn router(table: &Table, rollups: &Rollups) -> Router {
    let asked = Asked {
        model: Arc::clone(table.model()),
        table: table.clone(),
        rollups: rollups.clone(),
        changed: Arc::default(),
    };
    Router::new()
        .route(web::routes::ROLLUPS, get(list))
        .route(web::routes::ROLLUP, get(answer))
        .route(web::routes::RANKS, get(crate::ranks::answer))
        .with_state(asked)
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
    State(asked): State<Asked>,
    path: PathTexts,
    uri: Uri,
    accept: Accept,
    mut parameters: Parameters,
) -> Result<Response, Problem> {
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
    let planned = Planned::of(&asked.model, &name, &question, cursor)?;
    asked.refuse_changed(&name).await?;
    let answer = planned.answer(&asked.rollups, limit).await?;
    Ok(format.respond(&answer, &answer.columns, uri.query()))
}

/// The name of the rollup that a path is of.
pub(crate) fn asked_name(path: &PathTexts) -> String {
    path.pairs().first().map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}

impl Asked {
    /// Refuses to answer for a rollup that was added or changed after its table began: its numbers would be wrong.
    pub(crate) async fn refuse_changed(&self, name: &str) -> Result<(), Problem> {
        let changed = match self.changed.get() {
            Some(changed) => changed,
            // Nothing was counted yet, so nothing is noted: to be asked again.
            None => match self.table.changed_rollups().await? {
                Some(changed) => self.changed.get_or_init(|| std::future::ready(changed)).await,
                None => return Ok(()),
            },
        };
        match changed.get(name) {
            Some(change) => {
                let detail = format!(
                    "the rollup `{name}` was {change} after its table began, so its numbers would be wrong"
                );
                Err(Problem::new(Kind::ChangedRollup, detail))
            }
            None => Ok(()),
        }
    }
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
