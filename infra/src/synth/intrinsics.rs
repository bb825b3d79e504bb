//! CloudFormation's intrinsic functions, in their long form, which every tool that reads templates
//! knows.

use serde_json::{Value, json};

/// Returns the value of a parameter, or what a resource is referred to by.
pub(super) fn reference(name: &str) -> Value {
    json!({ "Ref": name })
}

/// Returns an attribute of a resource.
pub(super) fn attribute(resource: &str, attribute: &str) -> Value {
    json!({ "Fn::GetAtt": [resource, attribute] })
}

/// Returns a text with `${…}` in it.
pub(super) fn substituted(text: impl Into<String>) -> Value {
    json!({ "Fn::Sub": text.into() })
}

/// One value where a condition holds and another where it does not.
pub(super) fn either(condition: &str, then: Value, otherwise: Value) -> Value {
    json!({ "Fn::If": [condition, then, otherwise] })
}

/// Returns a value where a condition holds, and nothing, as if its key were not there, where it
/// does not.
pub(super) fn only_if(condition: &str, then: Value) -> Value {
    either(condition, then, reference("AWS::NoValue"))
}
