//! The template's parameters: what is decided when the stack is deployed, not when the template is
//! made.
//!
//! **Invariant:** every parameter has a default, so that a stack can be deployed without naming
//! one; but the stream of a table that exists already must be named.

use serde_json::{Map, Value, json};
use weir_model::Model;

use super::function::Function;
use super::intrinsics::reference;

/// The value of a number that means none.
const NONE: i64 = -1;

/// The conditions that follow from parameters.
pub(super) mod when {
    /// Tokens authorise requests, not IAM.
    pub(crate) const JWT: &str = "AuthorizesByJwt";
    /// A token must have a scope to read.
    pub(crate) const READ_SCOPES: &str = "LimitsReadsByScope";
    /// A token must have a scope to write.
    pub(crate) const WRITE_SCOPES: &str = "LimitsWritesByScope";
    /// A key of the account encrypts what is stored.
    pub(crate) const KEY: &str = "EncryptsByKey";
    /// Pages of other origins may ask.
    pub(crate) const CORS: &str = "AllowsOtherOrigins";
    /// Traces are sent to X-Ray.
    pub(crate) const TRACING: &str = "SendsTraces";
    /// Alarms notify a topic.
    pub(crate) const TOPIC: &str = "NotifiesTopic";
}

/// The names of parameters that other parts refer to.
pub(crate) const TABLE_NAME: &str = "TableName";
pub(crate) const ROLLUPS_TABLE_NAME: &str = "RollupsTableName";
/// The stream of a table that exists already.
pub(crate) const STREAM_ARN: &str = "TableStreamArn";
pub(super) const DELETION_PROTECTION: &str = "DeletionProtection";
pub(crate) const JWT_ISSUER: &str = "JwtIssuer";
pub(crate) const JWT_AUDIENCE: &str = "JwtAudience";
pub(crate) const JWT_READ_SCOPES: &str = "JwtReadScopes";
pub(crate) const JWT_WRITE_SCOPES: &str = "JwtWriteScopes";
pub(super) const KMS_KEY: &str = "KmsKeyArn";
pub(super) const CORS_ORIGINS: &str = "CorsAllowOrigins";
pub(super) const THROTTLING_RATE: &str = "ThrottlingRateLimit";
pub(super) const THROTTLING_BURST: &str = "ThrottlingBurstLimit";
pub(super) const BATCH_SIZE: &str = "BatchSize";
pub(super) const BATCHING_WINDOW: &str = "BatchingWindowSeconds";
pub(super) const REQUEST_READS: &str = "RequestMaxReads";
pub(super) const REQUEST_READ_MB: &str = "RequestMaxReadMB";
pub(super) const AUDIT_LOG: &str = "AuditLog";
pub(super) const LOG_RETENTION: &str = "LogRetentionDays";
pub(super) const TRACING: &str = "Tracing";
pub(super) const TOPIC: &str = "AlarmTopicArn";
pub(super) const ITERATOR_AGE: &str = "IteratorAgeAlarmMillis";

/// The rules that parameters must keep together, in words.
pub(crate) const TOKENS_RULE: &str = "JwtIssuer goes with a JwtAudience";
pub(crate) const SCOPES_RULE: &str = "JwtReadScopes and JwtWriteScopes go with a JwtIssuer";
pub(crate) const TABLES_RULE: &str = "TableName and RollupsTableName are two tables";

/// How long the name of a table is.
const TABLE_NAME_MIN: usize = 3;
const TABLE_NAME_MAX: usize = 255;
/// Names with commas between, or nothing.
const LIST: &str = r"^([^\s,]+(,[^\s,]+)*)?$";
/// An origin, as browsers name it.
const ORIGIN: &str = r"[a-z][a-z0-9+.-]*://[^\s,/?#]+";

/// The ARN of a stream of a table.
const STREAM_PATTERN: &str =
    r"^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[a-zA-Z0-9_.-]+/stream/[0-9T:.-]+$";

/// The value of tracing that sends traces.
const ACTIVE: &str = "Active";
/// The days for which CloudWatch Logs can keep logs.
const RETENTION_DAYS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Returns the parameter, and the condition, of a function's reserved concurrency.
pub(super) fn concurrency(function: &str) -> (String, String) {
    (format!("{function}ReservedConcurrency"), format!("Reserves{function}Concurrency"))
}

/// Returns the section `Parameters`.
pub(super) fn section(model: &Model, functions: &[Function]) -> Value {
    let has_writer = functions.contains(&Function::Writer);
    let mut parameters = Map::new();
    let mut add =
        |name: &str, parameter: Value| drop(parameters.insert(name.to_owned(), parameter));
    add(TABLE_NAME, table(text("The table of items", &model.table.name)));
    add(ROLLUPS_TABLE_NAME, table(text("The table of rollups", &model.table.rollups_table)));
    // Without a writer the table exists already.
    if !has_writer {
        let stream = json!({
            "Type": "String",
            "Description": "The ARN of the stream of the table of items, with both images",
        });
        add(STREAM_ARN, limited(stream, STREAM_PATTERN, "the LatestStreamArn of the table"));
    }
    let protected = "Whether the tables refuse to be deleted; set it to false before they are";
    add(DELETION_PROTECTION, choice(protected, &["true", "false"]));
    let issuer = text("The issuer of the tokens that authorise requests; IAM does if empty", "");
    add(JWT_ISSUER, limited(issuer, r"^(https://[^\s,]+)?$", "an https:// URL, or nothing"));
    let audience = text("The audience of those tokens, several with commas between", "");
    let names = "names without spaces, with commas between, or nothing";
    add(JWT_AUDIENCE, limited(audience, LIST, names));
    let writes = has_writer.then_some((JWT_WRITE_SCOPES, "write"));
    for (name, does) in [(JWT_READ_SCOPES, "read")].into_iter().chain(writes) {
        let scopes = format!("The scopes of which a token must have one to {does}; none if empty");
        add(name, limited(text(&scopes, ""), LIST, names));
    }
    let origins =
        "The origins whose pages may ask, such as https://example.com, with commas between";
    let names = "* or origins such as https://example.com, with commas between and without a \
                 path, or nothing";
    add(CORS_ORIGINS, limited(text(origins, ""), &format!(r"^(\*|{ORIGIN}(,{ORIGIN})*)?$"), names));
    add(THROTTLING_RATE, number("Requests a second, on average, before 429", 500, 1, 100_000));
    add(THROTTLING_BURST, number("Requests at once before 429", 250, 1, 100_000));
    add(
        BATCH_SIZE,
        number("The most changes in one invocation of the processor", 1_000, 1, 10_000),
    );
    let window = "How long changes are gathered for one invocation; longer is later and cheaper";
    add(BATCHING_WINDOW, number(window, 1, 1, 300));
    for function in functions {
        let (name, _) = concurrency(function.logical_id());
        let at_most = format!("Invocations of the {} kept for it, and no more", function.program());
        add(
            &name,
            number(&format!("{at_most}; {NONE} for none kept and no limit"), NONE, NONE, 10_000),
        );
    }
    add(REQUEST_READS, number("The most reads of one request", 1_000, 100, 1_000_000));
    add(REQUEST_READ_MB, number("The most megabytes that they read", 20, 8, 10_000));
    if has_writer {
        add(AUDIT_LOG, choice("Whether each change is logged with its caller", &["on", "off"]));
    }
    let mut retention = number("For how many days logs are kept", 30, 1, 3_653);
    retention["AllowedValues"] = json!(RETENTION_DAYS);
    add(LOG_RETENTION, retention);
    add(TRACING, choice("Whether traces are sent to X-Ray", &[ACTIVE, "PassThrough"]));
    let topic = text("The ARN of the SNS topic that alarms notify; none if empty", "");
    let arn = "the ARN of an SNS topic, or nothing";
    add(
        TOPIC,
        limited(topic, r"^(arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+)?$", arn),
    );
    let key = "The ARN of a KMS key of the account that encrypts tables, queue, secret, logs and \
               environments; AWS's keys do if empty";
    let arn = "the ARN of a KMS key, or nothing";
    add(
        KMS_KEY,
        limited(
            text(key, ""),
            r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+)?$",
            arn,
        ),
    );
    let age = "How old the oldest change that is not yet in the rollups may be without an alarm";
    add(ITERATOR_AGE, number(age, 600_000, 1, 86_400_000));
    Value::Object(parameters)
}

/// Returns the section `Rules`: what parameters must be together.
pub(super) fn rules(functions: &[Function]) -> Value {
    let empty = |parameter: &str| json!({ "Fn::Equals": [reference(parameter), ""] });
    let not = |condition: Value| json!({ "Fn::Not": [condition] });
    let rule = |assertion: Value, says: &str| {
        json!({ "Assertions": [{ "Assert": assertion,
        "AssertDescription": says }] })
    };
    let mut tokens = rule(not(empty(JWT_AUDIENCE)), TOKENS_RULE);
    tokens["RuleCondition"] = not(empty(JWT_ISSUER));
    let mut scopes = rule(not(empty(JWT_ISSUER)), SCOPES_RULE);
    scopes["RuleCondition"] = if functions.contains(&Function::Writer) {
        json!({ "Fn::Or": [not(empty(JWT_READ_SCOPES)), not(empty(JWT_WRITE_SCOPES))] })
    } else {
        not(empty(JWT_READ_SCOPES))
    };
    let same = json!({ "Fn::Equals": [reference(TABLE_NAME), reference(ROLLUPS_TABLE_NAME)] });
    json!({
        "TokensHaveAnAudience": tokens,
        "ScopesHaveAnIssuer": scopes,
        "TablesAreTwo": rule(not(same), TABLES_RULE),
    })
}

/// Returns the section `Conditions`.
pub(super) fn conditions(functions: &[Function]) -> Value {
    let is = |parameter: &str, value: &str| json!({ "Fn::Equals": [reference(parameter), value] });
    let is_not = |parameter: &str, value: &str| json!({ "Fn::Not": [is(parameter, value)] });
    let mut conditions = Map::new();
    let mut add =
        |name: &str, condition: Value| drop(conditions.insert(name.to_owned(), condition));
    add(when::JWT, is_not(JWT_ISSUER, ""));
    let scoped =
        |parameter: &str| json!({ "Fn::And": [{ "Condition": when::JWT }, is_not(parameter, "")] });
    add(when::READ_SCOPES, scoped(JWT_READ_SCOPES));
    if functions.contains(&Function::Writer) {
        add(when::WRITE_SCOPES, scoped(JWT_WRITE_SCOPES));
    }
    add(when::KEY, is_not(KMS_KEY, ""));
    add(when::CORS, is_not(CORS_ORIGINS, ""));
    add(when::TRACING, is(TRACING, ACTIVE));
    add(when::TOPIC, is_not(TOPIC, ""));
    for function in functions {
        let (parameter, condition) = concurrency(function.logical_id());
        add(&condition, is_not(&parameter, &NONE.to_string()));
    }
    Value::Object(conditions)
}

/// Returns the name of a table.
fn table(mut parameter: Value) -> Value {
    parameter["MinLength"] = json!(TABLE_NAME_MIN);
    parameter["MaxLength"] = json!(TABLE_NAME_MAX);
    let expected =
        format!("{TABLE_NAME_MIN} to {TABLE_NAME_MAX} letters, digits, `_`, `-` and `.`");
    limited(parameter, "^[a-zA-Z0-9_.-]+$", &expected)
}

/// Returns a text that a pattern admits, in words too.
fn limited(mut parameter: Value, pattern: &str, expected: &str) -> Value {
    parameter["AllowedPattern"] = json!(pattern);
    parameter["ConstraintDescription"] = json!(expected);
    parameter
}

fn text(description: &str, default: &str) -> Value {
    json!({ "Type": "String", "Description": description, "Default": default })
}

/// Returns a parameter that is one of some texts, by default the first.
fn choice(description: &str, values: &[&str]) -> Value {
    json!({
        "Type": "String",
        "Description": description,
        "Default": values[0],
        "AllowedValues": values,
    })
}

fn number(description: &str, default: i64, least: i64, most: i64) -> Value {
    json!({
        "Type": "Number",
        "Description": description,
        "Default": default,
        "MinValue": least,
        "MaxValue": most,
    })
}
