//! What is said when a deployment is done, and what can be done when it failed.

use std::fmt::Write;

use serde::Deserialize;

use super::plan::{DEPLOY, Deployment, OUTPUTS};
use crate::steps::{self, Error, Kept, Step};
use crate::tools::{Tool, Tools};

/// Something that the stack tells of itself.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

/// The outputs, and the next command.
pub(super) fn told(deployment: &Deployment<'_>, kept: &Kept) -> String {
    let printed = &kept[OUTPUTS];
    let outputs: Vec<Output> = serde_json::from_str(printed).unwrap_or_default();
    let mut told = format!("\n{} is deployed", deployment.stack);
    told.push_str(if deployment.asks {
        ", and the changes of its table are read.\n\n"
    } else {
        ". Whether the changes of its table are read yet only the AWS CLI could tell, which is not on the PATH.\n\n"
    });
    if outputs.is_empty() {
        // Not what was expected of the tool: better shown than swallowed.
        let _ = writeln!(told, "{printed}");
        return told;
    }
    let width = outputs.iter().map(|output| output.output_key.len()).max().unwrap_or_default();
    for Output { output_key, output_value } in &outputs {
        let _ = writeln!(told, "  {output_key:width$}  {output_value}");
    }
    if let Some(next) = next(deployment, &outputs) {
        let _ = write!(told, "\nTry next, as somebody who may call the API\n  {next}\n");
    }
    told
}

/// A question to the API, authorised as the API wants it.
fn next(deployment: &Deployment<'_>, outputs: &[Output]) -> Option<String> {
    let value = |key: &str| {
        let output = outputs.iter().find(|output| output.output_key == key)?;
        Some(output.output_value.as_str())
    };
    let url = value("ApiUrl")?;
    let jwt = |(name, value): &(String, String)| name == "JwtIssuer" && !value.is_empty();
    if deployment.parameters.iter().any(jwt) {
        return Some(format!("curl -H \"Authorization: Bearer $TOKEN\" '{url}/rollups'"));
    }
    // arn:aws:dynamodb:REGION:…
    let region = value("StreamArn")?.split(':').nth(3)?;
    Some(format!(
        "curl --aws-sigv4 aws:amz:{region}:execute-api --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
         -H \"x-amz-security-token: $AWS_SESSION_TOKEN\" '{url}/rollups'"
    ))
}

/// What to do about a stack that was not deployed.
pub(super) fn advice(deployment: &Deployment<'_>, error: &Error, tools: &Tools) -> Option<String> {
    if !error.is_of(DEPLOY) {
        return None;
    }
    let asked = Step::into("ask for the stack's state", "STATE", deployment.state());
    let state = if tools.has(Tool::Aws) { steps::run(&[asked], tools).ok() } else { None };
    let state = state.and_then(|mut kept| kept.remove("STATE"));
    let stack = deployment.stack;
    let first = match state.as_deref() {
        Some("ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "REVIEW_IN_PROGRESS") => "This was",
        Some(_) => return None,
        None => "If this was",
    };
    Some(format!(
        "{first} the first deployment of {stack}: CloudFormation takes no other before what is left of it is deleted,\n\
         \n  weir destroy --stack-name {stack}\n\n\
         which names the tables that stay. As long as they do, a stack needs tables of other names\n\
         (--parameter TableName=… RollupsTableName=…); --delete-tables deletes them too."
    ))
}
