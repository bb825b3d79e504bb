//! Questions as their parameters in a URL, asked of the rollups of `weir.toml`.

use jiff::Timestamp;
use weir_model::Model;
use weir_rollups::{Plan, Question};

/// Returns the definition of all rollups that are asked.
pub(crate) fn model() -> Model {
    include_str!("weir.toml").parse().expect("valid")
}

/// Returns the time of every question.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T06:40:00Z".parse().expect("valid")
}

/// Returns the plan of a question, or the message with which it is rejected.
pub(crate) fn plan(rollup: &str, parameters: &str) -> Result<Plan, String> {
    let model = model();
    let rollup = model.rollup(rollup).expect("there");
    Plan::new(&model, rollup, &question(parameters), now()).map_err(|error| error.to_string())
}

/// Returns the plan of a question that can be answered.
pub(crate) fn planned(rollup: &str, parameters: &str) -> Plan {
    plan(rollup, parameters).unwrap_or_else(|error| panic!("{parameters}: {error}"))
}

/// Returns the message with which a question is rejected.
pub(crate) fn rejected(rollup: &str, parameters: &str) -> String {
    let plan = plan(rollup, parameters);
    plan.err().unwrap_or_else(|| panic!("{parameters}: expected a mistake"))
}

/// Returns the question of `from=2026&to=2027&…`. A parameter of another name is a dimension.
fn question(parameters: &str) -> Question {
    let mut question = Question::default();
    for (name, value) in parameters.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.to_owned();
        let parameter = match name {
            "from" => &mut question.from,
            "to" => &mut question.to,
            "every" => &mut question.every,
            "time_zone" => &mut question.time_zone,
            "week_start" => &mut question.week_start,
            "fiscal_year_start" => &mut question.fiscal_year_start,
            "fill" => &mut question.fill,
            "compare" => &mut question.compare,
            "measures" => &mut question.measures,
            _ => {
                question.dimensions.push((name.to_owned(), value));
                continue;
            }
        };
        *parameter = Some(value);
    }
    question
}
