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

/// Rejects other tables for a stack that exists: CloudFormation would create empty ones, and leave
/// the old ones behind with all they hold. Returns whether the stack exists.
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
    Ok(true)
}

/// Returns the outputs and the next command, as text.
pub(super) fn report(deployment: &Deployment<'_>, kept: &Captured) -> String {
    let printed = &kept[OUTPUTS];
    let outputs: Vec<Output> = serde_json::from_str(printed).unwrap_or_default();
    let mut report = format!("\n{} is deployed", deployment.stack);
    report.push_str(if deployment.asks {
        ". The mapping of its table's stream is enabled, and the processor takes an event.\n\n"
    } else {
        ". The AWS CLI is not on the PATH, so that it is not known whether the mapping is enabled \
         and the processor starts.\n\n"
    });
    if outputs.is_empty() {
        // The tool printed something else.
        let _ = writeln!(report, "{printed}");
        return report;
    }
    let width = outputs.iter().map(|output| output.output_key.len()).max().unwrap_or_default();
    for Output { output_key, output_value } in &outputs {
        let _ = writeln!(report, "  {output_key:width$}  {output_value}");
    }
    if let Some(next) = next(&outputs) {
        let _ = write!(report, "\nTry next, with credentials that may call the API\n  {next}\n");
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

/// Returns the commands that remain after a deployment that builds no rollups. `mapping_changed` is
/// the time from which the filters come into effect; `None` if no filters were in effect before.
pub(super) fn remaining(
    deployment: &Deployment<'_>,
    is_widened: bool,
    mapping_changed: Option<&str>,
) -> String {
    let filters = match is_widened {
        true => ", and the mapping hands the changes of both definitions to the processor",
        false => "",
    };
    let changed = mapping_changed.into_iter().flat_map(|time| ["--mapping-changed", time]);
    let (build, deploy) = (deployment.build_rollups().and(changed), deployment.again(true));
    format!(
        "\nThe rollups that changed are not built{filters}. Run next\n\n  {build}\n  {deploy}\n"
    )
}

/// Returns the advice about a deployment that has ended early: what was done, and how to continue.
pub(super) fn unfinished(deployment: &Deployment<'_>, stage: Stage) -> Option<String> {
    let stack = deployment.stack;
    let (done, are_built) = match stage {
        Stage::Planned { changes_rollups: false } => return None,
        Stage::Planned { changes_rollups: true } => {
            ("The rollups are as they were. Deploy again:".to_owned(), false)
        }
        Stage::Updated { is_widened } => {
            let filters = if is_widened { "with filters for both definitions" } else { "" };
            let done = format!("{stack} has the new definition {filters}").trim_end().to_owned();
            let rest = "the changed rollups are not built, and are answered as before";
            (format!("{done}; {rest}. This continues within 23 hours:"), true)
        }
        Stage::Built { is_widened } => {
            let done = format!("{stack} has the new definition, and its rollups are built");
            let filters = match is_widened {
                true => "; the filters are still those for both definitions",
                false => "",
            };
            (format!("{done}{filters}. This continues:"), true)
        }
        Stage::Narrowed => {
            let done = format!("{stack} has the new definition, and its rollups are built");
            let rest = "items of replaced revisions may be left";
            (format!("{done}; {rest}. This deletes them:"), true)
        }
    };
    Some(format!("{done}\n\n  {}\n", deployment.again(are_built)))
}
