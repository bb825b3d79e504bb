//! The groups of a rollup with the greatest values of a measure, over all time: `[dev.show]`.

use std::cmp::Reverse;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use weir_model::file::ShowFile;
use weir_model::{Granularity, Model, Number, Rollup};
use weir_query::{QueryEngine, Question, RollupQuery};

use super::Error;
use super::groups::{Groups, MAX_GROUPS, shown};
use super::system::View;
use crate::grid::{Align, grid};

/// How many groups are asked at once.
const ASKED_AT_ONCE: usize = 16;

/// A group and its value.
pub(super) type Ranked = (Vec<String>, Number);

/// Returns the groups with the greatest values, the greatest first; of equal ones the first by
/// name.
pub(super) async fn greatest(view: &View, groups: &Groups) -> Result<Vec<Ranked>, Error> {
    let (Some(show), Some(rollup)) = (&view.model.dev.show, shown(&view.model)) else {
        return Ok(Vec::new());
    };
    let rollup = Arc::new(rollup.clone());
    let measure: Arc<str> = show.measure.as_str().into();
    let engine = QueryEngine::new(&view.table, &view.rollups);
    let turns = Arc::new(Semaphore::new(ASKED_AT_ONCE));
    let mut questions: JoinSet<Result<_, Error>> = JoinSet::new();
    for group in groups.seen.iter().cloned() {
        let (engine, rollup, measure) = (engine.clone(), Arc::clone(&rollup), Arc::clone(&measure));
        let turns = Arc::clone(&turns);
        questions.spawn(async move {
            let _turn = turns.acquire_owned().await;
            let value = value(&engine, &rollup, &measure, &group).await?;
            Ok(value.map(|value| (group, value)))
        });
    }
    let mut ranked = Vec::new();
    while let Some(answer) = questions.join_next().await {
        ranked.extend(answer.expect("asking does not panic")?);
    }
    ranked.sort_by_cached_key(|(group, value): &Ranked| (Reverse(value.clone()), group.clone()));
    ranked.truncate(show.top);
    Ok(ranked)
}

/// Returns the title, and a line for each group.
pub(super) fn print(model: &Model, ranked: &[Ranked], groups: &Groups) -> String {
    let Some(show) = model.dev.show.as_ref().filter(|_| !ranked.is_empty()) else {
        return String::new();
    };
    let rows: Vec<_> = ranked
        .iter()
        .map(|(group, value)| group.iter().cloned().chain([value.to_string()]).collect())
        .collect();
    let mut align = vec![Align::Left; rows.first().map_or(0, Vec::len)];
    align.pop();
    align.push(Align::Right);
    let note = match groups.seen.len() {
        MAX_GROUPS => format!("\nof the first {MAX_GROUPS} groups\n"),
        _ => String::new(),
    };
    format!("{}\n\n{}{note}\n", title(show), grid(&rows, &align))
}

fn title(show: &ShowFile) -> String {
    let (top, rollup, measure) = (show.top, &show.rollup, &show.measure);
    show.title
        .clone()
        .unwrap_or_else(|| format!("the {top} groups of {rollup} with the most {measure}"))
}

/// Returns the measure of one group over all time; `None` when nothing is counted in it.
async fn value(
    engine: &QueryEngine,
    rollup: &Rollup,
    measure: &str,
    group: &[String],
) -> Result<Option<Number>, Error> {
    let refuse = |reason: String| Error::Show { rollup: rollup.name.clone(), reason };
    let names = rollup.dimensions.iter().map(|dimension| dimension.name().to_owned());
    let question = Question {
        dimensions: names.zip(group.iter().cloned()).collect(),
        every: Some(Granularity::All.to_string()),
        ..Question::default()
    };
    let query = RollupQuery::new(&rollup.name, question).limit(1);
    let answer =
        engine.answer(&query).await.map_err(|error| refuse(weir_table::error::chain(&error)))?;
    let point = answer.points.into_iter().flatten().next();
    let value = point.and_then(|mut point| point.remove(measure));
    Ok(value.and_then(|value| value.to_string().parse().ok()))
}
