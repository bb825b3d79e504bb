//! The functions, each with a role and a log group of its own, and the definition file that
//! they share.
//!
//! The definition file is a layer: it is not built into a binary, and a change of it uploads some
//! kilobytes and no code. The layer is a folder with this one file, for a path to a file would be
//! uploaded as it is, and not as the archive that Lambda wants, whenever the template is packaged
//! from another folder.
//!
//! **Invariant:** a function is made after the log group that it writes to, so that Lambda makes
//! none without an end.

use serde_json::{Map, Value, json};
use weir_http::cursor::CURSOR_KEY;
use weir_model::Model;

use super::function::Function;
use super::intrinsics::{attribute, only_if, reference, substituted};
use super::logical_ids::{DEFINITION, ROLLUPS};
use super::metadata::{answered, expendable, explained, packaged};
use super::parameters::{
    AUDIT_LOG, KMS_KEY, LOG_RETENTION, REQUEST_READ_MB, REQUEST_READS, TRACING, concurrency, when,
};
use super::permissions::{self, WILDCARDS};
use super::resources::{Options, Resources};
use super::secrets;

/// The name of the definition file in it.
pub(super) const DEFINITION_FILE: &str = "weir.toml";
/// Where Lambda puts the files of layers.
const LAYERS_FOLDER: &str = "/opt";
/// The checks of checkov that a function does not follow, with the reasons.
const ANSWERS: [(&str, &str); 3] = [
    (
        "CKV_AWS_116",
        "nothing invokes it asynchronously; what the stream's mapping gives up goes to \
         OnFailureQueue",
    ),
    ("CKV_AWS_117", "it speaks to DynamoDB alone, which needs no VPC"),
    (
        "CKV_AWS_173",
        "Lambda encrypts it with a key of its own; its one secret, of the reader, seals cursors \
         and opens nothing else",
    ),
];

/// Adds the functions, with all that is theirs alone, and the definition.
pub(super) fn add(resources: &mut Resources, model: &Model, options: &Options) {
    resources.add(DEFINITION, definition(options));
    for &function in options.functions() {
        resources.add(&function.logs(), logs(function));
        resources.add(&function.role(), role(function, model, options));
        resources.add(function.logical_id(), code(function, options));
    }
}

fn definition(options: &Options) -> Value {
    packaged(json!({
        "Type": "AWS::Lambda::LayerVersion",
        "Properties": {
            "Description": "The definition file of the three functions",
            "Content": options.definition,
            "CompatibleArchitectures": ["arm64"],
            "CompatibleRuntimes": ["provided.al2023"],
        },
    }))
}

/// Returns a log group, of a function or of the API, that forgets after a while.
pub(super) fn log_group(name: Value) -> Value {
    let group = json!({
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": name,
            "RetentionInDays": reference(LOG_RETENTION),
            "KmsKeyId": only_if(when::KEY, reference(KMS_KEY)),
        },
    });
    let encryption = "CloudWatch Logs encrypts every log group; a key of the account does if \
                      KmsKeyArn names one";
    answered(expendable(group), &[("CKV_AWS_158", encryption)])
}

fn logs(function: Function) -> Value {
    log_group(substituted(format!("/aws/lambda/${{AWS::StackName}}/{}", function.program())))
}

fn role(function: Function, model: &Model, options: &Options) -> Value {
    let role = json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": function.description(),
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "lambda.amazonaws.com" },
                    "Action": "sts:AssumeRole",
                }],
            },
            "Policies": [{
                "PolicyName": function.program(),
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": permissions::statements(function, model, options),
                },
            }],
        },
    });
    let granted = permissions::granted(function, model);
    let wildcards =
        WILDCARDS.iter().filter(|(action, _)| granted.iter().any(|grant| grant.action == *action));
    explained(role, &wildcards.copied().collect::<Vec<_>>())
}

fn code(function: Function, options: &Options) -> Value {
    let (reserved, reserves) = concurrency(function.logical_id());
    let mut resource = json!({ "Type": "AWS::Lambda::Function" });
    if let Some(earlier) = function.after() {
        resource["DependsOn"] = json!([earlier]);
    }
    resource["Properties"] = json!({
        "Description": function.description(),
        "Architectures": ["arm64"],
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Code": format!("{}/{}", options.code, function.program()),
        "Layers": [reference(DEFINITION)],
        "Role": attribute(&function.role(), "Arn"),
        "MemorySize": function.memory_mb(),
        "Timeout": function.timeout_s(),
        "ReservedConcurrentExecutions": only_if(&reserves, reference(&reserved)),
        "Environment": { "Variables": environment(function, options) },
        "KmsKeyArn": only_if(when::KEY, reference(KMS_KEY)),
        "LoggingConfig": {
            "LogGroup": reference(&function.logs()),
            "LogFormat": "JSON",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "INFO",
        },
        "TracingConfig": { "Mode": reference(TRACING) },
    });
    answered(packaged(resource), &ANSWERS)
}

fn environment(function: Function, options: &Options) -> Map<String, Value> {
    let mut variables = vec![
        ("WEIR_FILE", json!(format!("{LAYERS_FOLDER}/{DEFINITION_FILE}"))),
        ("TABLE_NAME", options.table_name()),
        ("ROLLUPS_TABLE_NAME", reference(ROLLUPS)),
    ];
    variables.extend(match function {
        Function::Writer => vec![("WEIR_AUDIT", reference(AUDIT_LOG))],
        // The reader alone answers with cursors.
        Function::Reader => vec![
            (CURSOR_KEY, secrets::cursor_key()),
            ("WEIR_REQUEST_MAX_READS", reference(REQUEST_READS)),
            ("WEIR_REQUEST_MAX_READ_MB", reference(REQUEST_READ_MB)),
        ],
        Function::Processor => Vec::new(),
    });
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
