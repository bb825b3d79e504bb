//! The handler of ranks: `GET /rollups/{rollup}/ranks`.

use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use weir_http::parameters::{RANKS_DEFAULT, RANKS_LIMIT};
use weir_http::{Accept, Cursors, Parameters, PathTexts, Problem, TimeLeft};
use weir_query::{QueryEngine, RankQuery, RankQuestion};

use crate::after::{within, write_token};
use crate::budget::RequestBudget;
use crate::format::Format;
use crate::problem::query_problem;
use crate::rollup_path::rollup_name;

/// Answers `GET /rollups/{rollup}/ranks`.
pub(crate) async fn answer(
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
    let limit = parameters.number("limit", RANKS_LIMIT, 0);
    let cursor = parameters.text("cursor");
    let token = write_token(&mut parameters);
    let question = RankQuestion {
        every: parameters.text("every"),
        from: parameters.text("from"),
        order: parameters.text("order"),
        neighbours: parameters.text("neighbours"),
        measures: parameters.text("measures"),
        dimensions: parameters.rest(),
    };
    if limit > 0 && question.neighbours.is_some() {
        parameters.error("limit", "neighbours are one page; expected none");
    }
    parameters.finish()?;
    let limit = if limit == 0 { RANKS_DEFAULT } else { limit };
    let name = rollup_name(&path);
    let seal = cursors.for_list(&["ranks", &name], &bound);
    let query = RankQuery::new(name, question).limit(limit).after(seal.open(cursor)?);
    let (query, engine) = (query.after_write(token), within(&engine, left));
    let mut answer = engine.with_budget(&budget).ranks(&query).await.map_err(query_problem)?;
    answer.page.cursor = seal.close(answer.page.cursor);
    Ok(format.respond(&answer, &answer.page.columns, uri.query()))
}
