//! The report of a deployment, the advice after a failed one, and the check that it keeps the
//! tables of an existing stack.
//!
//! **Invariant:** the report states only facts that were read from the stack.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;

use super::parameters;
use super::plan::{DEPLOY, Deployment, OUTPUTS, START};
use crate::error::Error;
use crate::steps::{self, Captured, Step};
use crate::synth::outputs::{AUTHORIZATION, BY_TOKENS};
use crate::synth::parameters::{ROLLUPS_TABLE_NAME, TABLE_NAME};
use crate::tools::{Tool, Tools};

/// An output of a stack.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

/// Refuses to change the tables of a stack that is there: CloudFormation would make new ones, and
/// leave the old behind with all they hold.
pub(super) fn check_tables(
    deployment: &Deployment<'_>,
    template: &Value,
    replaces: bool,
    tools: &Tools,
) -> Result<(), Error> {
    let Some(printed) = steps::ask_if_there(&deployment.earlier(), tools)? else { return Ok(()) };
    let outputs: Vec<Output> = serde_json::from_str(&printed).unwrap_or_default();
    let stack = deployment.stack;
    for name in [TABLE_NAME, ROLLUPS_TABLE_NAME] {
        let Some(kept) = value(&outputs, name) else { continue };
        let wanted = parameters::value(template, deployment.parameters, name);
        let is_given = deployment.parameters.iter().any(|(given, _)| given == name);
        if kept == wanted || (is_given && replaces) {
            continue;
        }
        let says = if is_given {
            format!("would leave it for an empty one, `{wanted}`, as --replace-tables does")
        } else {
            format!(
                "this definition is of `{wanted}`; --parameter {name}={kept} keeps to the table, \
                 if it is the one that is meant"
            )
        };
        return Err(Error::Argument(format!(
            "the stack {stack} has `{kept}` as its {name}, and {says}; --stack-name OTHER deploys \
             a stack beside it"
        )));
    }
    Ok(())
}

/// Returns the outputs and the next command, as text.
pub(super) fn report(deployment: &Deployment<'_>, kept: &Captured) -> String {
    let printed = &kept[OUTPUTS];
    let outputs: Vec<Output> = serde_json::from_str(printed).unwrap_or_default();
    let mut report = format!("\n{} is deployed", deployment.stack);
    report.push_str(if deployment.asks {
        ". The mapping of its table's stream is enabled, and the processor takes an event.\n\n"
    } else {
        ". Whether the changes of its table are read only the AWS CLI could tell, which is not on \
         the PATH.\n\n"
    });
    if outputs.is_empty() {
        // Not what was expected of the tool: better shown than swallowed.
        let _ = writeln!(report, "{printed}");
        return report;
    }
    let width = outputs.iter().map(|output| output.output_key.len()).max().unwrap_or_default();
    for Output { output_key, output_value } in &outputs {
        let _ = writeln!(report, "  {output_key:width$}  {output_value}");
    }
    if let Some(next) = next(&outputs) {
        let _ = write!(report, "\nTry next, as somebody who may call the API\n  {next}\n");
    }
    report
}

/// Returns a question to the API, authorised as the API wants it.
fn next(outputs: &[Output]) -> Option<String> {
    let url = value(outputs, "ApiUrl")?;
    if value(outputs, AUTHORIZATION)? == BY_TOKENS {
        return Some(format!("curl -H \"Authorization: Bearer $TOKEN\" '{url}/rollups'"));
    }
    // arn:aws:dynamodb:REGION:…
    let region = value(outputs, "StreamArn")?.split(':').nth(3)?;
    Some(format!(
        "curl --aws-sigv4 aws:amz:{region}:execute-api --user \
         \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" \
         -H \"x-amz-security-token: $AWS_SESSION_TOKEN\" '{url}/rollups'"
    ))
}

fn value<'a>(outputs: &'a [Output], key: &str) -> Option<&'a str> {
    let output = outputs.iter().find(|output| output.output_key == key)?;
    Some(output.output_value.as_str())
}

/// Returns the advice about a stack that was not deployed, or does not work.
pub(super) fn advice(
    deployment: &Deployment<'_>,
    error: &steps::Error,
    tools: &Tools,
) -> Option<String> {
    let stack = deployment.stack;
    if error.is_of(START) {
        return Some(format!(
            "{stack} is deployed, but its processor does not run: the log group \
             /aws/lambda/{stack}/processor says why.\n\
             Until it does, no change is counted; the stream keeps changes for 24 hours."
        ));
    }
    if !error.is_of(DEPLOY) {
        return None;
    }
    let asked = Step::into("ask for the stack's state", "STATE", deployment.state());
    let state = if tools.has(Tool::Aws) { steps::run(&[asked], tools).ok() } else { None };
    let state = state.and_then(|mut kept| kept.remove("STATE"));
    let first = match state.as_deref() {
        Some("ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "REVIEW_IN_PROGRESS") => "This was",
        Some(_) => return None,
        None => "If this was",
    };
    let destroy = ["destroy", "--stack-name", stack].into_iter().chain(deployment.account.words());
    let destroy = steps::Command::new(Tool::Weir, destroy);
    Some(format!(
        "{first} the first deployment of {stack}: CloudFormation takes no other before what is \
         left of it is deleted,\n\
         \n  {destroy}\n\n\
         which names the tables that stay. As long as they do, a stack needs tables of other \
         names\n\
         (--parameter TableName=… RollupsTableName=…)."
    ))
}
