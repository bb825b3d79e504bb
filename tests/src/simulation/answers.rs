//! The reader's answers when the last definition is built: the number of sales of every group.
//!
//! **Invariant:** what is asked follows from the definition, and what must be answered from the
//! recount.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_model::{Granularity, Rollup};
use weir_query::{QueryEngine, Question, RollupQuery};
use weir_table::{Rollups, Table};

use super::definition::{COLOCATED, Counted, Definition, KEPT};
use super::network::Network;
use super::oracle;
use super::shop::COLOCATED_PARTITION;
use super::tally::Count;
use super::world::World;

/// The bucket of all time.
const ALL: &str = "all";
/// A range that has the times of all sales.
const RANGE: (&str, &str) = ("2026-02-01", "2026-04-01");
/// The groups of a rollup, each with its number of sales.
type Groups = BTreeMap<Vec<String>, i64>;

/// Asks for every group of every rollup, and reports the answers that are not what a recount gives.
/// What is kept of the past depends on the clock of the machine, so nobody asks for it.
pub(crate) async fn compare(world: &World, network: &Network, definition: &Definition) {
    let connection = network.connect().await;
    let model = Arc::new(definition.model());
    let rollups = Rollups::new(&connection, &model.table);
    let engine = QueryEngine::new(&Table::new(&connection, Arc::clone(&model)), &rollups);
    for counted in definition.counted().filter(|counted| counted.rollup != KEPT) {
        let declared = model.rollup(&counted.rollup).expect("a rollup of the definition");
        for (group, sales) in groups(world, &counted, declared) {
            let answered = ask(&engine, declared, &group).await;
            world.journal.count(Count::Answers, 1);
            if answered != Ok(sales) {
                let rollup = &counted.rollup;
                world.journal.violate(format!(
                    "{rollup} of {group:?} is answered {answered:?}, recounted {sales}"
                ));
            }
        }
    }
}

/// Returns the answered number of sales of a group.
async fn ask(engine: &QueryEngine, rollup: &Rollup, group: &[String]) -> Result<i64, String> {
    let names = rollup.dimensions.iter().map(|dimension| dimension.attribute.name.clone());
    let (from, to) = RANGE;
    let range = (!has_all(rollup)).then(|| (from.to_owned(), to.to_owned()));
    let (from, to) = range.unzip();
    let dimensions = names.zip(group.iter().cloned()).collect();
    let measures = Some("sales".to_owned());
    let question = Question { dimensions, from, to, measures, ..Question::default() };
    let answer = engine.answer(&RollupQuery::new(rollup.name.as_str(), question)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    let points = serde_json::to_value(answer.points).map_err(|error| error.to_string())?;
    Ok(points[0]["sales"].as_i64().unwrap_or_default())
}

/// Returns the groups that have sales.
fn groups(world: &World, counted: &Counted, declared: &Rollup) -> Groups {
    let rows = oracle::recount(std::slice::from_ref(counted), world.source().items().values());
    let mut groups = Groups::new();
    for ((partition, sort), row) in rows {
        let is_item = match counted.rollup.as_str() {
            COLOCATED => partition.starts_with(COLOCATED_PARTITION),
            rollup => partition.split('#').next() == Some(rollup),
        };
        if is_item && (sort == ALL || !has_all(declared)) {
            let texts = partition.split('#').skip(1);
            let texts = texts.map(|text| text.replace("%23", "#").replace("%25", "%"));
            let count = row["count"].to_string().parse::<i64>().expect("a whole number");
            *groups.entry(texts.collect()).or_default() += count;
        }
    }
    groups
}

/// Returns whether a rollup has a bucket of all time.
fn has_all(rollup: &Rollup) -> bool {
    rollup.granularities.contains(&Granularity::All)
}
