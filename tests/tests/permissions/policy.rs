//! Actions on the tables: as the statements of a role in the template grant them.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_cli::synth::template::{Filters, Options, template};
use weir_model::Model;

/// Actions on tables: `dynamodb:Query`, and the name of the table in the template.
pub(crate) type Actions = BTreeSet<(String, String)>;

/// Returns the actions that a role of the template grants on the tables.
pub(crate) fn granted_actions(model: &Model, role: &str) -> Actions {
    let options = Options {
        code: "target/lambda".to_owned(),
        definition: "definition".to_owned(),
        filters: Filters::Definition,
        existing_table: false,
    };
    let template = template(model, &options);
    let policies = template["Resources"][role]["Properties"]["Policies"].as_array();
    let documents = policies.expect("policies").iter().map(|policy| &policy["PolicyDocument"]);
    let statements =
        documents.flat_map(|document| document["Statement"].as_array().expect("a list"));
    statements.flat_map(statement_actions).collect()
}

/// Returns the actions of one statement on the tables: each action on each resource.
fn statement_actions(statement: &Value) -> Actions {
    let resources = resources(&statement["Resource"]);
    let actions = statement["Action"].as_array().into_iter().flatten();
    let actions = actions.map(|action| action.as_str().expect("text"));
    actions
        .filter(|action| action.starts_with("dynamodb:"))
        .flat_map(|action| resources.iter().map(|resource| (action.to_owned(), resource.clone())))
        .collect()
}

/// Returns the tables, and indexes of them, that a statement names: `Table`, or
/// `Table/index/by_email`.
fn resources(resource: &Value) -> Vec<String> {
    match resource {
        Value::Array(several) => several.iter().flat_map(resources).collect(),
        resource if resource["Fn::GetAtt"][1] == "Arn" => {
            vec![resource["Fn::GetAtt"][0].as_str().expect("a name").to_owned()]
        }
        resource => {
            let text = resource["Fn::Sub"].as_str().and_then(|text| text.strip_prefix("${"));
            let index = text.and_then(|text| text.split_once(".Arn}"));
            index.map(|(table, index)| format!("{table}{index}")).into_iter().collect()
        }
    }
}
