//! Metadata of a resource for its reviewers: why it is as it is, and answers to what
//! checkov and cfn-lint ask.
//!
//! **Invariant:** `scripts/check-template` finds nothing without an answer, and no answer without a
//! question.

use serde_json::{Value, json};

/// The key under which reasons of ours stand.
const REASONS: &str = "Weir";

/// Returns the resource, with each check of checkov that it does not pass and why.
pub(super) fn answered(mut resource: Value, answers: &[(&str, &str)]) -> Value {
    let skip = |(id, comment): &(&str, &str)| json!({ "id": id, "comment": comment });
    resource["Metadata"]["checkov"]["skip"] = answers.iter().map(skip).collect();
    resource
}

/// The rule of cfn-lint against local paths, which `aws cloudformation package` needs.
const LOCAL_PATH: &str = "W3002";

/// Returns the resource, which names a local path.
pub(super) fn packaged(mut resource: Value) -> Value {
    resource["Metadata"]["cfn-lint"]["config"]["ignore_checks"] = json!([LOCAL_PATH]);
    resource
}

/// Returns the resource with the policy that it is deleted with the stack. That is the default;
/// stated, it is seen to be meant.
pub(super) fn expendable(mut resource: Value) -> Value {
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        resource[policy] = json!("Delete");
    }
    resource
}

/// Returns the resource, with the reasons of what is unusual in it, by name.
pub(super) fn explained(mut resource: Value, reasons: &[(&str, &str)]) -> Value {
    for (name, reason) in reasons {
        resource["Metadata"][REASONS][*name] = json!(reason);
    }
    resource
}
