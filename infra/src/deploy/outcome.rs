//! The report of a deployment, the advice after a failed one, and the check that it keeps the
//! tables of an existing stack.
//!
//! **Invariant:** the report states only facts that were read from the stack.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;

use super::deployment::{DEPLOY, Deployment, OUTPUTS, START};
use super::parameters;
use super::stage::Stage;
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

/// Rejects other tables for an existing stack: CloudFormation would create empty tables, and leave
/// the old ones outside the stack. Returns whether the stack exists.
pub(super) fn check_tables(
    deployment: &Deployment<'_>,
    template: &Value,
    replaces: bool,
    tools: &Tools,
) -> Result<bool, Error> {
    let Some(printed) = steps::ask_if_there(&deployment.earlier(), tools)? else {
        return Ok(false);
    };
    let outputs: Vec<Output> = serde_json::from_str(&printed).unwrap_or_default();
    let stack = deployment.stack;
    for name in [TABLE_NAME, ROLLUPS_TABLE_NAME] {
        let Some(kept) = value(&outputs, name) else { continue };
        let wanted = parameters::value(template, deployment.parameters, name);
        let is_given = deployment.parameters.iter().any(|(given, _)| given == name);
        if kept == wanted || (is_given && replaces) {
            continue;
        }
        let expected = if is_given {
            format!("expected {name}={kept}, or --replace-tables, which creates an empty table")
        } else {
            format!("expected --parameter {name}={kept}")
        };
        return Err(Error::Argument(format!(
            "the {name} of the stack {stack} is `{kept}`, and that of this deployment `{wanted}`; \
             {expected}, or --stack-name OTHER for another stack"
        )));
    }
    Ok(true)
}

/// Returns the outputs and the next command, as text.
pub(super) fn report(deployment: &Deployment<'_>, kept: &Captured) -> String {
    let printed = &kept[OUTPUTS];
    let outputs: Vec<Output> = serde_json::from_str(printed).unwrap_or_default();
    let mut report = format!("\n{} is deployed", deployment.stack);
    report.push_str(if deployment.asks {
        ". The event source mapping is enabled, and the processor has handled an event.\n\n"
    } else {
        ". Weir has not checked that the mapping is enabled and that the processor starts, because \
         the AWS CLI is not on the PATH.\n\n"
    });
    if outputs.is_empty() {
        // The output is not that of a known version of the tool.
        let _ = writeln!(report, "{printed}");
        return report;
    }
    let width = outputs.iter().map(|output| output.output_key.len()).max().unwrap_or_default();
    for Output { output_key, output_value } in &outputs {
        let _ = writeln!(report, "  {output_key:width$}  {output_value}");
    }
    if let Some(next) = next(&outputs) {
        let _ = write!(report, "\nNext, with credentials that may call the API:\n  {next}\n");
    }
    report
}

/// Returns a request to the API, with the authorisation that the API requires.
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
            "{stack} is deployed, but its processor does not start. The reason is in the log group \
             /aws/lambda/{stack}/processor.\n\
             Until it starts, no change is counted. The stream keeps changes for 24 hours."
        ));
    }
    if !error.is_of(DEPLOY) {
        return None;
    }
    let asked = Step::into("read the state of the stack", "STATE", deployment.state());
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
        "{first} the first deployment of {stack}. Before the next one, delete the rest of the \
         stack:\n\
         \n  {destroy}\n\n\
         The command prints the tables that remain. As long as they exist, a stack needs other \
         table names\n\
         (--parameter TableName=… RollupsTableName=…)."
    ))
}

/// Returns the commands that remain after a deployment that builds no rollups. `mapping_changed` is
/// the time from which the filters come into effect; `None` if no filters were in effect before.
pub(super) fn remaining(
    deployment: &Deployment<'_>,
    is_widened: bool,
    mapping_changed: Option<&str>,
) -> String {
    let filters = match is_widened {
        true => ". The mapping passes the changes of both definitions to the processor",
        false => "",
    };
    let changed = mapping_changed.into_iter().flat_map(|time| ["--mapping-changed", time]);
    let (build, deploy) = (deployment.build_rollups().and(changed), deployment.again(true));
    format!("\nThe changed rollups are not built{filters}. Run next:\n\n  {build}\n  {deploy}\n")
}

/// Returns the advice after an unfinished deployment: the completed steps, and how to continue.
pub(super) fn unfinished(deployment: &Deployment<'_>, stage: Stage) -> Option<String> {
    let stack = deployment.stack;
    let (done, are_built) = match stage {
        Stage::Planned { changes_rollups: false } => return None,
        Stage::Planned { changes_rollups: true } => {
            ("No rollup was changed. Deploy again:".to_owned(), false)
        }
        Stage::Updated { is_widened } => {
            let filters = if is_widened { "with the filters of both definitions" } else { "" };
            let done = format!("{stack} has the new definition {filters}").trim_end().to_owned();
            let rest = "the changed rollups are not built, and the reader answers as before";
            (format!("{done}; {rest}. This command continues within 23 hours:"), true)
        }
        Stage::Built { is_widened } => {
            let done = format!("{stack} has the new definition, and its rollups are built");
            let filters = match is_widened {
                true => "; the filters are still those of both definitions",
                false => "",
            };
            (format!("{done}{filters}. This command continues:"), true)
        }
        Stage::Narrowed => {
            let done = format!("{stack} has the new definition, and its rollups are built");
            let rest = "items of replaced revisions may remain";
            (format!("{done}; {rest}. This command deletes them:"), true)
        }
    };
    Some(format!("{done}\n\n  {}\n", deployment.again(are_built)))
}
