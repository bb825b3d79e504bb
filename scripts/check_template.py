"""One template of `weir synth`: judged by checkov and parliament, and deployed in a simulated AWS.

    check_template.py DEFINITION TEMPLATE       checkov's findings are beside the template, as TEMPLATE.checkov.json

The template is packaged and deployed by the AWS CLI itself, in this process, where moto answers in place of AWS. What
moto made is compared with what was declared. What moto is known to drop is compared with what it must be instead, and
once moto drops it no more, that is an error too: then it can be compared.
"""

import io
import json
import logging
import os
import re
import sys
import tomllib
import warnings
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

REGION, ACCOUNT, BUCKET, STACK = "us-east-1", "123456789012", "artifacts", "weir"
# Before anything of AWS is imported: no account, no configuration, no proxy.
os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION=REGION)
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull, AWS_PAGER="")
for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
    del os.environ[variable]

import boto3  # noqa: E402
import parliament  # noqa: E402
import yaml  # noqa: E402
from awscli.clidriver import create_clidriver  # noqa: E402
from moto import mock_aws  # noqa: E402
from resolved_template import Resolved  # noqa: E402

FUNCTIONS = {"Writer": "writer", "Reader": "reader", "Processor": "processor"}
# What moto does not make of a template, by type.
UNKNOWN_TO_MOTO = ["AWS::ApiGatewayV2::", "AWS::CloudWatch::Alarm", "AWS::SecretsManager::Secret"]
# Two ways to deploy: as it is, and with every condition the other way round.
DEPLOYMENTS = [
    {},
    {
        "TableName": "other",
        "RollupsTableName": "other-rollups",
        "DeletionProtection": "false",
        "JwtIssuer": "https://issuer.example.com",
        "JwtAudience": "one,two",
        "JwtReadScopes": "read,admin",
        "JwtWriteScopes": "admin",
        "KmsKeyArn": f"arn:aws:kms:{REGION}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "CorsAllowOrigins": "https://a.example.com,https://b.example.com",
        "WriterReservedConcurrency": "5",
        "ReaderReservedConcurrency": "6",
        "ProcessorReservedConcurrency": "7",
        "BatchSize": "10000",
        "BatchingWindowSeconds": "300",
        "Tracing": "PassThrough",
        "AlarmTopicArn": f"arn:aws:sns:{REGION}:123456789012:alarms",
    },
]

errors = []
# moto's word for each resource that it does not make: `check_rest` knows them.
logging.disable(logging.WARNING)


def equal(what, found, expected):
    if found != expected:
        errors.append(f"{what}: found {found!r}, expected {expected!r}")


def dropped(what, created, declared, expected):
    """Declared as it must be, and not made by moto."""
    equal(f"{what} as declared", declared, expected)
    if created == declared:
        errors.append(f"{what}: moto makes it by now, so it is to be compared")


def check_answers(template, findings):
    """Every finding of checkov is answered, and every answer is to a finding."""
    results = json.loads(Path(findings).read_text())["results"]
    for check in results["failed_checks"]:
        errors.append(f"checkov {check['check_id']} on {check['resource']}: {check['check_name']}")
    asked = {(check["resource"].split(".")[-1], check["check_id"]) for check in results["skipped_checks"]}
    answered = set()
    for name, resource in template["Resources"].items():
        skipped = resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
        answered |= {(name, skip["id"]) for skip in skipped}
    equal("checkov's questions", asked, answered)
    return len(results["passed_checks"]), len(asked)


def check_policies(resolved):
    """Parliament understands each policy, and each wildcard is explained beside its role."""
    for name in resolved.typed("AWS::IAM::Role"):
        explained = resolved.template["Resources"][name].get("Metadata", {}).get("Weir", {})
        for policy in resolved.of(name)["Policies"]:
            # As AWS ends the ARN of a log group; and without the colons in a stream's label, which parliament takes for
            # those between the parts of an ARN.
            document = re.sub(r'(:log-group:[^"]+)"', r'\1:*"', json.dumps(policy["PolicyDocument"]))
            document = re.sub(r'(/stream/)[^"]+"', r'\1label"', document)
            for finding in parliament.analyze_policy_string(document, include_community_auditors=True).findings:
                errors.append(f"parliament on {name}: {finding}")
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in statement["Action"]:
                    equal(f"whether {action} of {name} is explained", action in explained, statement["Resource"] == "*")


def aws(*arguments):
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        code = create_clidriver().main(list(arguments))
    if code != 0:
        raise SystemExit(f"aws {' '.join(arguments)} ends with {code}: {told.getvalue()}")


def package(template):
    """What `aws cloudformation package` makes of the template, run in another folder than its own."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    packaged = f"{template}.packaged"
    aws("cloudformation", "package", "--template-file", template, "--s3-bucket", BUCKET, "--output-template-file", packaged)
    resources = yaml.safe_load(Path(packaged).read_text())["Resources"]
    for name, function in FUNCTIONS.items():
        check_archive(name, resources[name]["Properties"]["Code"], "bootstrap", function)
    check_archive("Definition", resources["Definition"]["Properties"]["Content"], "weir.toml", "[table]")
    return packaged


def check_archive(name, uploaded, file, content):
    body = boto3.client("s3").get_object(Bucket=uploaded["S3Bucket"], Key=uploaded["S3Key"])["Body"].read()
    archive = zipfile.ZipFile(io.BytesIO(body))
    equal(f"the files of {name}", archive.namelist(), [file])
    equal(f"whether {name} has {content}", content in archive.read(file).decode(), True)


def deploy(packaged, overrides):
    """Deploys a stack, and returns what its resources are referred to by."""
    with warnings.catch_warnings(action="ignore"):
        parameters = [f"{name}={value}" for name, value in overrides.items()]
        extra = ["--parameter-overrides", *parameters] if parameters else []
        aws("cloudformation", "deploy", "--template-file", packaged, "--stack-name", STACK,
            "--s3-bucket", BUCKET, "--capabilities", "CAPABILITY_IAM", *extra)
        resources = boto3.client("cloudformation").list_stack_resources(StackName=STACK)["StackResourceSummaries"]
    made = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    return {name: physical for name, physical in made.items() if name.strip() and physical}


def attributes(made):
    """What moto says of the ARNs of what it made."""
    dynamodb, functions, sqs = boto3.client("dynamodb"), boto3.client("lambda"), boto3.client("sqs")
    found = {}
    for name in ["Table", "RollupsTable"]:
        table = dynamodb.describe_table(TableName=made[name])["Table"]
        found |= {(name, "Arn"): table["TableArn"], (name, "StreamArn"): table.get("LatestStreamArn")}
    for name in FUNCTIONS:
        configuration = functions.get_function_configuration(FunctionName=made[name])
        found[(name, "Arn")] = configuration["FunctionArn"]
        found[(f"{name}Role", "Arn")] = boto3.client("iam").get_role(RoleName=made[f"{name}Role"])["Role"]["Arn"]
    queue = sqs.get_queue_attributes(QueueUrl=made["OnFailureQueue"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    found |= {("OnFailureQueue", "Arn"): queue, ("OnFailureQueue", "QueueName"): queue.split(":")[-1]}
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    for name in [name for name in made if name.endswith("Logs")]:
        # AWS ends the ARN of a log group with `:*`, moto does not.
        arn = next(group["arn"] for group in groups if group["logGroupName"] == made[name])
        found[(name, "Arn")] = arn.removesuffix(":*")
    return found


def check_tables(resolved, definition):
    """The tables as moto made them, against the definition file itself."""
    table = definition["table"]
    keys = [table.get("partition_key", "PK"), table.get("sort_key", "SK")]
    indexes = {name: [index["partition_key"], index.get("sort_key")] for name, index in table.get("indexes", {}).items()}
    ttl = {"AttributeName": table["ttl"], "Enabled": True} if "ttl" in table else None
    check_table(resolved, "Table", keys, indexes, ttl, "NEW_AND_OLD_IMAGES")
    # No definition here ranks anything, so there is no index of ranks.
    check_table(resolved, "RollupsTable", ["PK", "SK"], {}, {"AttributeName": "expires_at", "Enabled": True}, None)


def check_table(resolved, name, keys, indexes, ttl, view):
    dynamodb, declared = boto3.client("dynamodb"), resolved.of(name)
    made = dynamodb.describe_table(TableName=declared["TableName"])["Table"]
    schema = lambda names: [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(names, ["HASH", "RANGE"]) if key
    ]
    equal(f"{name}'s keys", made["KeySchema"], schema(keys))
    found = {index["IndexName"]: (index["KeySchema"], index["Projection"]) for index in made["GlobalSecondaryIndexes"]}
    equal(f"{name}'s indexes", found, {index: (schema(names), {"ProjectionType": "ALL"}) for index, names in indexes.items()})
    texts = {key for names in [keys, *indexes.values()] for key in names if key}
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in made["AttributeDefinitions"]}
    equal(f"{name}'s attributes", types, dict.fromkeys(texts, "S"))
    equal(f"{name}'s billing", made["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    equal(f"{name}'s stream", made.get("StreamSpecification", {}).get("StreamViewType"), view)
    protected = resolved.references["DeletionProtection"]
    equal(f"{name}'s protection", str(made["DeletionProtectionEnabled"]).lower(), protected)
    recovery = dynamodb.describe_continuous_backups(TableName=declared["TableName"])["ContinuousBackupsDescription"]
    recovery = {"PointInTimeRecoveryEnabled": recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"}
    dropped(f"{name}'s recovery", recovery, declared["PointInTimeRecoverySpecification"], {"PointInTimeRecoveryEnabled": True})
    key = resolved.references["KmsKeyArn"]
    encryption = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key} if key else None
    equal(f"{name}'s encryption", declared.get("SSESpecification"), encryption)
    if ttl:
        living = dynamodb.describe_time_to_live(TableName=declared["TableName"])["TimeToLiveDescription"]
        dropped(f"{name}'s time to live", living.get("AttributeName"), declared["TimeToLiveSpecification"], ttl)
    equal(f"whether {name} has a time to live", "TimeToLiveSpecification" in declared, bool(ttl))
    resource = resolved.template["Resources"][name]
    equal(f"what becomes of {name}", [resource["DeletionPolicy"], resource["UpdateReplacePolicy"]], ["Retain", "Retain"])


def check_functions(resolved, overrides):
    functions = boto3.client("lambda")
    for name, function in FUNCTIONS.items():
        declared = resolved.of(name)
        made = functions.get_function_configuration(FunctionName=resolved.references[name])
        variables = {"WEIR_FILE", "TABLE_NAME", "ROLLUPS_TABLE_NAME"}
        if function == "writer":
            variables |= {"WEIR_AUDIT"}
        if function == "reader":
            variables |= {"WEIR_REQUEST_MAX_READS", "WEIR_REQUEST_MAX_READ_MB"}
            keys = [of["Environment"]["Variables"].pop("WEIR_CURSOR_KEY") for of in (made, declared)]
            dropped("the key of the cursors", *keys, "{{resolve:secretsmanager:CursorKey-id}}")
        for key in ["Runtime", "Handler", "MemorySize", "Timeout", "Role", "Description", "Environment"]:
            equal(f"{key} of the {function}", made[key], declared[key])
        equal(f"the variables of the {function}", set(made["Environment"]["Variables"]), variables)
        tracing = {"Mode": resolved.references["Tracing"]}
        equal(f"tracing of the {function}", declared["TracingConfig"], tracing)
        dropped(f"the architecture of the {function}", made["Architectures"], declared["Architectures"], ["arm64"])
        dropped(f"the layers of the {function}", made["Layers"], declared["Layers"], [resolved.references["Definition"]])
        logging = {"LogGroup": resolved.references[f"{name}Logs"], "LogFormat": "JSON",
                   "ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
        dropped(f"logging of the {function}", made.get("LoggingConfig"), declared["LoggingConfig"], logging)
        equal(f"the key of the {function}", declared.get("KmsKeyArn"), overrides.get("KmsKeyArn"))
        reserved = overrides.get(f"{name}ReservedConcurrency")
        equal(f"the concurrency of the {function}", declared.get("ReservedConcurrentExecutions"), reserved)


def check_mapping(resolved):
    [made] = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    declared = resolved.of("StreamMapping")
    equal("the mapping's function", made["FunctionArn"], resolved.attributes[("Processor", "Arn")])
    equal("the mapping's state", (made["State"], declared.pop("Enabled")), ("Enabled", True))
    declared.pop("FunctionName")
    for key, value in declared.items():
        equal(f"the mapping's {key}", str(made.get(key)), str(value))
    demanded = {
        "StartingPosition": "TRIM_HORIZON", "TumblingWindowInSeconds": 900, "ParallelizationFactor": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": True, "MetricsConfig": {"Metrics": ["EventCount"]},
    }
    for key, value in demanded.items():
        equal(f"the mapping's {key}", made.get(key), value)


def check_roles(resolved, overrides):
    iam = boto3.client("iam")
    for name, function in FUNCTIONS.items():
        role, declared = resolved.references[f"{name}Role"], resolved.of(f"{name}Role")
        equal(f"the policies of the {function}", iam.list_role_policies(RoleName=role)["PolicyNames"], [function])
        made = iam.get_role_policy(RoleName=role, PolicyName=function)["PolicyDocument"]
        # moto keeps the document as Python's text of it, and a text where there is to be no statement.
        made = yaml.safe_load(made) if isinstance(made, str) else made
        made["Statement"] = [statement for statement in made["Statement"] if isinstance(statement, dict)]
        equal(f"the policy of the {function}", made, declared["Policies"][0]["PolicyDocument"])
        traces = any("xray" in action for statement in made["Statement"] for action in statement["Action"])
        equal(f"whether the {function} may send traces", traces, overrides.get("Tracing") != "PassThrough")
        keys = [statement["Resource"] for statement in made["Statement"] if statement["Sid"] == "Key"]
        equal(f"the key that the {function} uses", keys, [overrides["KmsKeyArn"]] if "KmsKeyArn" in overrides else [])
        trusted = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        equal(f"who is the {function}", trusted, declared["AssumeRolePolicyDocument"])


def check_rest(resolved, overrides):
    queue = boto3.client("sqs").get_queue_attributes(QueueUrl=resolved.references["OnFailureQueue"], AttributeNames=["All"])
    equal("the queue's retention", queue["Attributes"]["MessageRetentionPeriod"], str(14 * 24 * 60 * 60))
    key = overrides.get("KmsKeyArn")
    equal("the queue's key", queue["Attributes"].get("KmsMasterKeyId"), key)
    equal("the queue's own encryption", resolved.of("OnFailureQueue")["SqsManagedSseEnabled"], not key)
    for name in resolved.typed("AWS::Logs::LogGroup"):
        equal(f"the key of {name}", resolved.of(name).get("KmsKeyId"), key)
    groups = {group["logGroupName"]: group.get("retentionInDays") for group in boto3.client("logs").describe_log_groups()["logGroups"]}
    equal("the log groups", groups, {resolved.of(name)["LogGroupName"]: 30 for name in resolved.typed("AWS::Logs::LogGroup")})
    json.loads(resolved.of("Dashboard")["DashboardBody"])
    missing = [name for name in resolved.template["Resources"] if resolved.references[name] == f"{name}-id"]
    kinds = {resolved.template["Resources"][name]["Type"] for name in missing}
    known = [*UNKNOWN_TO_MOTO, "AWS::Lambda::LayerVersion", "AWS::Lambda::Permission"]
    equal("what moto did not make", [kind for kind in kinds if not any(kind.startswith(start) for start in known)], [])


def check_api(resolved, overrides):
    """What moto makes nothing of: each route is authorised, leads to its function, and alone may invoke it so."""
    routes, permissions = {}, {}
    for name in resolved.typed("AWS::ApiGatewayV2::Route"):
        route = resolved.of(name)
        integration = route["Target"].removeprefix("integrations/").removesuffix("-id")
        routes[route["RouteKey"]] = resolved.of(integration)["IntegrationUri"]
        expected = "JWT" if "JwtIssuer" in overrides else "AWS_IAM"
        equal(f"who may {route['RouteKey']}", route["AuthorizationType"], expected)
        equal(f"the authorizer of {route['RouteKey']}", "AuthorizerId" in route, "JwtIssuer" in overrides)
        scopes = overrides.get("JwtReadScopes" if route["RouteKey"].startswith("GET") else "JwtWriteScopes")
        equal(f"the scopes of {route['RouteKey']}", route.get("AuthorizationScopes"), scopes and scopes.split(","))
    for name in resolved.typed("AWS::Lambda::Permission"):
        permission = resolved.of(name)
        method = re.fullmatch(r"arn:aws:execute-api:us-east-1:123456789012:Api-id/\*/([A-Z]+/\{proxy\+\})", permission["SourceArn"])
        permissions[method[1].replace("/", " /", 1)] = permission["FunctionName"]
    functions = {"GET": "Reader", "POST": "Writer", "PUT": "Writer", "PATCH": "Writer", "DELETE": "Writer"}
    expected = {f"{method} /{{proxy+}}": resolved.attributes[(name, "Arn")] for method, name in functions.items()}
    equal("the routes", routes, expected)
    equal("what the API may invoke", permissions, expected)
    origins = overrides["CorsAllowOrigins"].split(",") if "CorsAllowOrigins" in overrides else None
    equal("other origins", resolved.of("Api").get("CorsConfiguration", {}).get("AllowOrigins"), origins)
    audience = resolved.of("JwtAuthorizer")["JwtConfiguration"]["Audience"]
    equal("the audience", audience, overrides.get("JwtAudience", "").split(","))


def check_alarms(resolved, overrides):
    alarms = {}
    for name in resolved.typed("AWS::CloudWatch::Alarm"):
        alarm = resolved.of(name)
        for metric in [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query] or [alarm]:
            [dimension] = metric["Dimensions"]
            alarms[(metric["Namespace"], metric["MetricName"], dimension["Value"])] = alarm
        topic = [overrides["AlarmTopicArn"]] if "AlarmTopicArn" in overrides else None
        equal(f"whom {name} tells", alarm.get("AlarmActions"), topic)
        equal(f"{name} without data", alarm["TreatMissingData"], "notBreaching")
    reference = resolved.references
    expected = {("AWS/Lambda", metric, reference[name]) for name in FUNCTIONS for metric in ["Errors", "Throttles"]}
    expected |= {
        ("AWS/Lambda", "IteratorAge", reference["Processor"]),
        ("AWS/Lambda", "DroppedEventCount", reference["StreamMapping"]),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", resolved.attributes[("OnFailureQueue", "QueueName")]),
        ("Weir", "rollups_updates_parked", reference["Table"]),
        ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", reference["Table"]),
        ("AWS/Lambda", "PolledEventCount", reference["StreamMapping"]),
    }
    equal("the alarms", set(alarms), expected)
    [verdict] = [query for query in resolved.of("UnreadChangesAlarm")["Metrics"] if query["ReturnData"]]
    equal("unread changes", verdict["Expression"], "IF(FILL(written, 0) > 0 AND FILL(polled, 0) == 0, 1, 0)")


def check_order(template):
    """Nothing can be written through the API before the changes of the table are read."""
    resources = template["Resources"]

    def earlier(name, seen):
        text = json.dumps(resources[name].get("Properties", {}))
        named = re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)', text)
        names = {part for found in named for part in found if part} | set(resources[name].get("DependsOn", []))
        for other in names & set(resources) - seen:
            seen.add(other)
            earlier(other, seen)
        return seen

    for name in ["Writer", "PostRoute", "PutRoute", "DeleteRoute"]:
        equal(f"what is made before {name}", {"StreamMapping", "Processor", "OnFailureQueue", "Table"} <= earlier(name, set()), True)


def main(definition, template):
    declared = yaml.safe_load(Path(template).read_text())
    passed, answered = check_answers(declared, f"{template}.checkov.json")
    check_order(declared)
    for overrides in DEPLOYMENTS:
        with mock_aws():
            made = deploy(package(template), overrides)
            resolved = Resolved(declared, (REGION, ACCOUNT, STACK), overrides, made, attributes(made))
            check_tables(resolved, tomllib.loads(Path(definition).read_text()))
            check_functions(resolved, overrides)
            check_mapping(resolved)
            check_roles(resolved, overrides)
            check_policies(resolved)
            check_rest(resolved, overrides)
            check_api(resolved, overrides)
            check_alarms(resolved, overrides)
    for error in errors:
        print(f"{definition}: {error}")
    if not errors:
        print(f"{definition}: {len(declared['Resources'])} resources, deployed in {len(DEPLOYMENTS)} ways; "
              f"{passed} checks of checkov passed, {answered} answered")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
