//! The HTTP API in front of the reader and the writer.
//!
//! | request | function | authorised by |
//! |---|---|---|
//! | the methods of the reader's routes (GET) | reader | IAM; a JWT if an issuer is given, with one of `JwtReadScopes` |
//! | the methods of the writer's routes | writer | the same, with one of `JwtWriteScopes` |
//!
//! A route takes a method with every path: which paths there are, and what is said of others, is
//! the functions' own. There is no route for OPTIONS, so the API itself answers what browsers ask
//! before they send a request.
//!
//! **Invariant:** no request reaches a function without being authorised, and the API may invoke a
//! function for its own methods alone.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use weir_http::Route;
use weir_model::Model;

use super::function::Function;
use super::functions::log_group;
use super::intrinsics::{attribute, either, only_if, reference, substituted};
use super::logical_ids::API;
use super::metadata::explained;
use super::parameters::{
    CORS_ORIGINS, JWT_AUDIENCE, JWT_ISSUER, JWT_READ_SCOPES, JWT_WRITE_SCOPES, THROTTLING_BURST,
    THROTTLING_RATE, when,
};
use super::resources::{Options, Resources};

const STAGE: &str = "ApiStage";
const LOGS: &str = "ApiLogs";
const AUTHORIZER: &str = "JwtAuthorizer";

/// Every path.
const ANY_PATH: &str = "/{proxy+}";
/// How long a browser may remember what other origins may ask.
const CORS_MAX_AGE_S: u32 = 3_600;
/// The headers that requests of other origins may have: a body's type, a token, what they depend
/// on, or what IAM's signatures need.
const CORS_HEADERS: [&str; 8] = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
];
/// The headers that they may read of a response.
const CORS_EXPOSED: [&str; 5] = ["etag", "location", "retry-after", "weir-token", "x-request-id"];
/// The fields that are logged of a request.
const LOGGED: [(&str, &str); 10] = [
    ("time", "$context.requestTime"),
    ("request", "$context.requestId"),
    ("ip", "$context.identity.sourceIp"),
    ("caller", "$context.identity.caller"),
    ("subject", "$context.authorizer.claims.sub"),
    ("method", "$context.httpMethod"),
    ("path", "$context.path"),
    ("status", "$context.status"),
    ("latency_ms", "$context.responseLatency"),
    ("error", "$context.error.message"),
];

/// Adds the API.
pub(super) fn add(resources: &mut Resources, model: &Model, options: &Options) {
    let reads = methods(&weir_http::routes::reads(model));
    let writes = match options.existing_table {
        true => BTreeSet::new(),
        false => &methods(&weir_http::routes::writes(model)) - &reads,
    };
    resources.add(LOGS, log_group(substituted("/aws/vendedlogs/${AWS::StackName}/api")));
    resources.add(API, api(&reads | &writes));
    resources.add(STAGE, stage());
    resources.add(AUTHORIZER, authorizer());
    let reads = (Function::Reader, reads, only_if(when::READ_SCOPES, listed(JWT_READ_SCOPES)));
    let writes = (Function::Writer, writes, only_if(when::WRITE_SCOPES, listed(JWT_WRITE_SCOPES)));
    let is_there = |function: &Function| options.functions().contains(function);
    for (function, methods, scopes) in
        [reads, writes].into_iter().filter(|(function, ..)| is_there(function))
    {
        let integration = format!("{}Integration", function.logical_id());
        resources.add(&integration, integrated(function));
        for method in methods {
            let name = capitalised(&method);
            resources.add(&format!("{name}Route"), route(&method, &integration, &scopes));
            resources.add(&format!("{name}Permission"), permission(&method, function));
        }
    }
}

fn methods(routes: &[Route]) -> BTreeSet<String> {
    routes.iter().map(|route| route.operation.method().to_string()).collect()
}

fn capitalised(method: &str) -> String {
    format!("{}{}", &method[..1], method[1..].to_lowercase())
}

fn api(methods: BTreeSet<String>) -> Value {
    let cors = json!({
        "AllowOrigins": listed(CORS_ORIGINS),
        "AllowMethods": methods,
        "AllowHeaders": CORS_HEADERS,
        "ExposeHeaders": CORS_EXPOSED,
        "MaxAge": CORS_MAX_AGE_S,
    });
    json!({
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {
            "Name": reference("AWS::StackName"),
            "Description": "Weir: items and rollups",
            "ProtocolType": "HTTP",
            "CorsConfiguration": only_if(when::CORS, cors),
        },
    })
}

fn stage() -> Value {
    let format: Map<String, Value> =
        LOGGED.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {
            "ApiId": reference(API),
            "StageName": "$default",
            "AutoDeploy": true,
            "AccessLogSettings": {
                "DestinationArn": attribute(LOGS, "Arn"),
                "Format": Value::Object(format).to_string(),
            },
            "DefaultRouteSettings": {
                "ThrottlingRateLimit": reference(THROTTLING_RATE),
                "ThrottlingBurstLimit": reference(THROTTLING_BURST),
                "DetailedMetricsEnabled": true,
            },
        },
    })
}

fn authorizer() -> Value {
    json!({
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Condition": when::JWT,
        "Properties": {
            "Name": "jwt",
            "ApiId": reference(API),
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {
                "Issuer": reference(JWT_ISSUER),
                "Audience": listed(JWT_AUDIENCE),
            },
        },
    })
}

fn integrated(function: Function) -> Value {
    json!({
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": reference(API),
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": attribute(function.logical_id(), "Arn"),
            "PayloadFormatVersion": "2.0",
        },
    })
}

/// Returns the names in a parameter that has commas between them.
fn listed(parameter: &str) -> Value {
    json!({ "Fn::Split": [",", reference(parameter)] })
}

fn route(method: &str, integration: &str, scopes: &Value) -> Value {
    json!({
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": reference(API),
            "RouteKey": format!("{method} {ANY_PATH}"),
            "Target": substituted(format!("integrations/${{{integration}}}")),
            "AuthorizationType": either(when::JWT, json!("JWT"), json!("AWS_IAM")),
            "AuthorizerId": only_if(when::JWT, reference(AUTHORIZER)),
            "AuthorizationScopes": scopes,
        },
    })
}

fn permission(method: &str, function: Function) -> Value {
    let arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}";
    let permission = json!({
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": attribute(function.logical_id(), "Arn"),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": substituted(format!("{arn}/*/{method}{ANY_PATH}")),
        },
    });
    explained(permission, &[("SourceArn", "the * is the stage, of which this API has one")])
}
