"""What `weir deploy` made of the flights in a simulated AWS (see `simulated_aws.py`), asked as its users would ask.

    check_deployment.py without-window DEFINITION     the processor refuses events of a mapping without a window
    check_deployment.py everything DEFINITION         deployed, asked, counted, compared, taken down; with both CLIs

`check-deployment` starts the simulated AWS and says in the environment where it is.
"""

import csv
import http.client
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
import urllib.parse
import zipfile
from collections import Counter
from pathlib import Path

import botocore.session
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from resolved_template import Resolved

REGION, ACCOUNT, BUCKET = "us-east-1", "000000000000", "artifacts"
ENDPOINT, FUNCTIONS, WEIR = (os.environ[name] for name in ["AWS_ENDPOINT_URL", "WEIR_FUNCTIONS", "WEIR"])
# One for all clients: it reads the description of a service once.
SESSION = botocore.session.get_session()
OWNER = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
NAMES = {"Writer": "writer", "Reader": "reader", "Processor": "processor"}
FLIGHTS, CORRECTED, CANCELLED = 200, 20, 10
PATIENCE_S, STARTS = 120, 5

errors = []


def equal(what, found, expected):
    if found != expected:
        errors.append(f"{what}: found {found!r}, expected {expected!r}")


def forgotten(what, found, declared):
    """Declared, and not made by MiniStack; `check-template` sees it declared."""
    if found == declared:
        errors.append(f"{what}: MiniStack makes it by now, so it is to be compared")


def client(service, credentials=OWNER):
    return SESSION.create_client(
        service, region_name=REGION, endpoint_url=ENDPOINT, aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key, aws_session_token=credentials.token)


def weir(*arguments, expected=0):
    """Runs the command as a user does; what it prints on standard output."""
    ran = subprocess.run([WEIR, *arguments], capture_output=True, text=True)
    told = "\n".join(line.split("\r")[-1] for line in ran.stderr.splitlines())
    if ran.returncode != expected:
        raise SystemExit(f"weir {' '.join(arguments)} ends with {ran.returncode}:\n{told}\n{ran.stdout}")
    return ran.stdout


def deploy(definition, *arguments):
    """Deploys, and returns what the stack tells of itself, and the command to try next."""
    told = weir("deploy", definition, "--code", FUNCTIONS, "--any-architecture", *arguments)
    lines = [line.split() for line in told.splitlines() if line.startswith("  ")]
    outputs = {words[0]: words[1] for words in lines if len(words) == 2}
    return outputs, told.strip().splitlines()[-1].strip()


class Api:
    """The HTTP API, as somebody."""

    def __init__(self, url, credentials):
        self.host, self.credentials = urllib.parse.urlsplit(url).netloc, credentials

    def ask(self, method, path, body=None):
        """The status and the body of an answer; signed, unless nobody asks."""
        data = json.dumps(body) if body is not None else ""
        request = AWSRequest(method, f"http://{self.host}{path}", data=data, headers={"Content-Type": "application/json"})
        if self.credentials is not None:
            SigV4Auth(self.credentials, "execute-api", REGION).add_auth(request)
        # The API's name is of no name server, so the address is that of the simulated AWS.
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(ENDPOINT).netloc, timeout=PATIENCE_S)
        connection.request(method, path, data, dict(request.headers) | {"Host": self.host})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, json.loads(text) if text else None


def principal(name, *statements):
    """A user with these permissions, or none."""
    iam = client("iam")
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def allow(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def api_arn(url):
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{urllib.parse.urlsplit(url).netloc.split('.')[0]}"


def check_callers(url, caller):
    """Whoever has no permission to call the API is refused before a function is asked."""
    stranger = principal("stranger", allow("dynamodb:*", "*"))
    forger = Credentials(caller.access_key, "not the secret")
    reading = principal("reading", allow("execute-api:Invoke", f"{api_arn(url)}/*/GET/*"))
    flight = "/flight/DFW/2001-01-01T12:00:00Z/99999"
    expected = [("nobody", None, 403, 403), ("a stranger", stranger, 403, 403), ("a forger", forger, 403, 403),
                ("who may read", reading, 200, 403), ("who may call", caller, 200, 204)]
    item = {"destination": "ATL", "delay": 1, "distance": 1}
    for name, credentials, may_read, may_write in expected:
        api = Api(url, credentials)
        equal(f"reading by {name}", api.ask("GET", "/rollups")[0], may_read)
        written = api.ask("PUT", flight, item)[0]
        equal(f"writing by {name}", written, 200 if may_write == 204 else may_write)
        equal(f"deleting by {name}", api.ask("DELETE", flight)[0], may_write)


def write_history(api, definition):
    """Flights, corrections and cancellations through the API; what remains of them."""
    with open(Path(definition).parent / "flights.csv") as file:
        rows = [dict(row, delay=int(row["delay"]), distance=int(row["distance"])) for row in csv.DictReader(file)]
    flights = {row["flight_id"]: row for row in rows[:FLIGHTS]}
    status, answer = api.ask("POST", "/batch/flight", list(flights.values()))
    equal("a batch of flights", status, 200)
    path = lambda row: "/flight/" + "/".join(row[key] for key in ["origin", "departure", "flight_id"])  # noqa: E731
    for row in list(flights.values())[:CORRECTED]:
        row["delay"] = 14 if row["delay"] >= 15 else 15
        body = {key: row[key] for key in ["destination", "delay", "distance"]}
        equal(f"correcting {path(row)}", api.ask("PUT", path(row), body)[0], 200)
    for row in list(flights.values())[-CANCELLED:]:
        equal(f"cancelling {path(row)}", api.ask("DELETE", path(row))[0], 204)
        del flights[row["flight_id"]]
    return list(flights.values())


def recount(flights, definition):
    """What each rollup must answer for each group, all told and by month, counted from the flights themselves."""
    answers = {}
    for name, rollup in tomllib.loads(Path(definition).read_text())["rollups"].items():
        where = rollup.get("where", {"delay": {"gte": -10**9}})
        for flight in flights:
            if flight["delay"] < where["delay"]["gte"]:
                continue
            group = urllib.parse.urlencode({key: flight[key] for key in rollup["by"]})
            for every, start in [("all", None), ("month", flight["departure"][:7])]:
                points = answers.setdefault((name, group, every), {})
                point = points.setdefault(start and f"{start}-01T00:00:00Z", Counter())
                point.update(flights=1, delay=flight["delay"])
    return {key: {start: dict(point) for start, point in points.items()} for key, points in answers.items()}


def answered(api, name, group, every):
    bounds = "" if every == "all" else "&every=month&from=2001-01&to=2002-01"
    status, answer = api.ask("GET", f"/rollups/{name}?{group}{bounds}")
    if status != 200:
        return status, answer
    return {point["start"]: {key: point[key] for key in ["flights", "delay"]} for point in answer["points"]}


def check_rollups(api, flights, definition):
    """Within a while, every answer is that of a recount."""
    left = recount(flights, definition)
    asked, until = len(left), time.monotonic() + PATIENCE_S
    while left and time.monotonic() < until:
        time.sleep(0.5)
        left = {question: expected for question, expected in left.items() if answered(api, *question) != expected}
    for question, expected in list(left.items())[:10]:
        equal(f"the rollup {question}", answered(api, *question), expected)
    return asked


def made(stack):
    """The stack's resources, by their names in the template."""
    resources = client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}


def deployed(stack):
    """All that deploying again may change: the resources, the code, the layers, and the template."""
    functions = client("lambda")
    template = client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    kept = {"resources": made(stack), "template": template}
    for name in NAMES:
        found = functions.get_function_configuration(FunctionName=kept["resources"][name])
        kept[name] = {key: found.get(key) for key in ["CodeSha256", "Layers", "Environment", "Role"]}
    return kept


def check_resources(stack, overrides=None):
    """What was made is what the template declares, or it is known what MiniStack leaves out of it."""
    template = yaml.safe_load(Path(f"target/deploy/{stack}.yaml").read_text())
    references = made(stack)
    attributes, described = {}, {}
    dynamodb, functions = client("dynamodb"), client("lambda")
    for name in ["Table", "RollupsTable"]:
        described[name] = dynamodb.describe_table(TableName=references[name])["Table"]
        attributes |= {(name, "Arn"): described[name]["TableArn"], (name, "StreamArn"): described[name].get("LatestStreamArn")}
    for name in NAMES:
        described[name] = functions.get_function_configuration(FunctionName=references[name])
        attributes[(name, "Arn")] = described[name]["FunctionArn"]
        attributes[(f"{name}Role", "Arn")] = described[name]["Role"]
    queue = client("sqs").get_queue_attributes(QueueUrl=references["OnFailureQueue"], AttributeNames=["All"])["Attributes"]
    attributes[("OnFailureQueue", "Arn")] = queue["QueueArn"]
    attributes[("OnFailureQueue", "QueueName")] = queue["QueueArn"].split(":")[-1]
    groups = client("logs").describe_log_groups()["logGroups"]
    for group in groups:
        names = [name for name, physical in references.items() if physical == group["logGroupName"]]
        attributes |= {(name, "Arn"): group["arn"] for name in names}
    resolved = Resolved(template, (REGION, ACCOUNT, stack), overrides or {}, references, attributes)
    conditional = {name for name, resource in template["Resources"].items()
                   if "Condition" in resource and not resolved.holds(template["Conditions"][resource["Condition"]])}
    equal("what was made", set(references), set(template["Resources"]) - conditional)

    for name in ["Table", "RollupsTable"]:
        declared, table = resolved.of(name), described[name]
        for key in ["KeySchema", "StreamSpecification"]:
            equal(f"{key} of {name}", unflagged(table.get(key)), declared.get(key))
        protected = str(table["DeletionProtectionEnabled"]).lower()
        equal(f"the protection of {name}", protected, declared["DeletionProtectionEnabled"])
        equal(f"the billing of {name}", table["BillingModeSummary"]["BillingMode"], declared["BillingMode"])
        recovery = dynamodb.describe_continuous_backups(TableName=references[name])["ContinuousBackupsDescription"]
        forgotten(f"the recovery of {name}", recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")
    for name, function in NAMES.items():
        declared = resolved.of(name)
        for key in ["Runtime", "Handler", "MemorySize", "Timeout", "Architectures", "Description", "LoggingConfig",
                    "TracingConfig", "Role"]:
            equal(f"{key} of the {function}", described[name].get(key), declared[key])
        variables = {**described[name]["Environment"]["Variables"]}
        # Lambda has text, and the secret itself.
        expected = {name: str(value) for name, value in declared["Environment"]["Variables"].items()}
        if function == "reader":
            del expected["WEIR_CURSOR_KEY"]
            key = variables.pop("WEIR_CURSOR_KEY", "")
            equal("whether the key of the cursors is one", bool(re.fullmatch("[0-9a-f]{64}", key)), True)
        equal(f"the variables of the {function}", variables, expected)
        layers = [layer["Arn"] for layer in described[name]["Layers"]]
        equal(f"the layers of the {function}", layers, declared["Layers"])
        policy = client("iam").get_role_policy(RoleName=references[f"{name}Role"], PolicyName=function)["PolicyDocument"]
        equal(f"the policy of the {function}", policy, resolved.of(f"{name}Role")["Policies"][0]["PolicyDocument"])
    kept = {group["logGroupName"]: str(group.get("retentionInDays")) for group in groups}
    for name in resolved.typed("AWS::Logs::LogGroup"):
        equal(f"how long {name} are kept", kept[references[name]], str(resolved.of(name)["RetentionInDays"]))
    check_mapping(functions.get_event_source_mapping(UUID=references["StreamMapping"]), resolved)
    check_routes(references, resolved)
    declared = {name: resolved.of(name) for name in resolved.typed("AWS::CloudWatch::Alarm")}
    alarms = {alarm["AlarmName"]: alarm for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]}
    for name, alarm in declared.items():
        if "Metrics" in alarm:
            equal(f"whether MiniStack makes {name} by now, so that it is to be compared", references[name] in alarms, False)
            continue
        found = alarms[references[name]]
        for key in ["Namespace", "MetricName", "Statistic", "Threshold", "ComparisonOperator", "TreatMissingData",
                    "Dimensions", "Period", "EvaluationPeriods", "DatapointsToAlarm"]:
            equal(f"{key} of {name}", str(found.get(key)).removesuffix(".0"), str(alarm.get(key)))
        for key in ["AlarmActions", "OKActions"]:
            equal(f"{key} of {name}", found.get(key) or [], alarm.get(key, []))
    return len(references)


def unflagged(specification):
    """Without the flag that says that there is a stream, which the template need not say."""
    if isinstance(specification, dict):
        return {key: value for key, value in specification.items() if key != "StreamEnabled"}
    return specification


def check_mapping(mapping, resolved):
    declared = resolved.of("StreamMapping")
    declared.pop("FunctionName")
    equal("the mapping", (mapping["State"], declared.pop("Enabled")), ("Enabled", True))
    forgotten("the mapping's metrics", mapping.get("MetricsConfig"), declared.pop("MetricsConfig"))
    for key, value in declared.items():
        equal(f"the mapping's {key}", str(mapping.get(key)), str(value))


def check_routes(references, resolved):
    routes = client("apigatewayv2").get_routes(ApiId=references["Api"])["Items"]
    found = {route["RouteKey"]: (route["AuthorizationType"], route["Target"]) for route in routes}
    declared = [resolved.of(name) for name in resolved.typed("AWS::ApiGatewayV2::Route")]
    equal("the routes", found, {route["RouteKey"]: (route["AuthorizationType"], route["Target"]) for route in declared})


def check_roles(stack):
    """Each role may do what its function does, and nothing else, when somebody else tries."""
    references = made(stack)
    items, rollups = references["Table"], references["RollupsTable"]
    key = {"PK": {"S": "AIRPORT#XXX"}, "SK": {"S": "2001-01-01T00:00:00Z#00000"}}
    ask = {"KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": {":pk": key["PK"]}}
    calls = {
        "PutItem": lambda dynamodb, table: dynamodb.put_item(TableName=table, Item=key),
        "DeleteItem": lambda dynamodb, table: dynamodb.delete_item(TableName=table, Key=key),
        "UpdateItem": lambda dynamodb, table: dynamodb.update_item(TableName=table, Key=key),
        "GetItem": lambda dynamodb, table: dynamodb.get_item(TableName=table, Key=key),
        "Query": lambda dynamodb, table: dynamodb.query(TableName=table, **ask),
        "Scan": lambda dynamodb, table: dynamodb.scan(TableName=table, Limit=1),
        "BatchWriteItem": lambda dynamodb, table: dynamodb.batch_write_item(
            RequestItems={table: [{"PutRequest": {"Item": key}}]}),
        "TransactWriteItems of Put": transaction("Put", Item=key),
        "TransactWriteItems of Update": transaction(
            "Update", Key=key, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": {"S": "a"}}),
        "TransactWriteItems of Delete": transaction("Delete", Key=key),
        "TransactWriteItems of ConditionCheck": transaction(
            "ConditionCheck", Key=key, ConditionExpression="attribute_not_exists(nowhere)"),
        "PartiQLSelect": lambda dynamodb, table: dynamodb.execute_statement(Statement=f'SELECT * FROM "{table}"'),
        "UpdateTable": lambda dynamodb, table: dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True),
        "DeleteTable": lambda dynamodb, table: dynamodb.delete_table(TableName=table),
    }
    # A transaction needs the permission of each thing that it does, and no other.
    may = {"Writer": {("PutItem", items), ("UpdateItem", items), ("DeleteItem", items), ("BatchWriteItem", items),
                      ("TransactWriteItems of Put", items), ("TransactWriteItems of Update", items),
                      ("TransactWriteItems of Delete", items), ("TransactWriteItems of ConditionCheck", items)},
           "Reader": {("GetItem", items), ("Query", items), ("Query", rollups), ("GetItem", rollups)},
           "Processor": {("UpdateItem", rollups), ("GetItem", rollups), ("TransactWriteItems of Update", rollups)}}
    for name, granted in may.items():
        dynamodb = client("dynamodb", assumed(references[f"{name}Role"]))
        done = {(action, table) for action in calls for table in [items, rollups] if allowed(calls[action], dynamodb, table)}
        equal(f"what the role of the {NAMES[name]} may", done, granted)
    for table in [items, rollups]:
        client("dynamodb").delete_item(TableName=table, Key=key)


def transaction(action, **details):
    """A transaction of one action on a table."""
    return lambda dynamodb, table: dynamodb.transact_write_items(TransactItems=[{action: {"TableName": table, **details}}])


def assumed(role):
    """The role's own credentials. It trusts Lambda alone, so an owner has to say otherwise first, and to take it back."""
    iam, sts = client("iam"), client("sts")
    trusted = iam.get_role(RoleName=role)["Role"]
    arn, document = trusted["Arn"], trusted["AssumeRolePolicyDocument"]
    outsider = client("sts", principal(f"outsider-{role}", allow("sts:AssumeRole", arn)))
    equal(f"whether {role} can be assumed", allowed(lambda sts, _: sts.assume_role(RoleArn=arn, RoleSessionName="check"), outsider, None), False)
    everybody = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    session = sts.assume_role(RoleArn=arn, RoleSessionName="check")["Credentials"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    return Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def allowed(call, service, table):
    try:
        call(service, table)
    except ClientError as error:
        if error.response["Error"]["Code"] in ["AccessDeniedException", "AccessDenied"]:
            return False
        raise
    return True


def exists(table):
    try:
        return client("dynamodb").describe_table(TableName=table)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise


def count(table):
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return sum(page["Count"] for page in pages)


def try_next(command, caller):
    """The command that was printed, in a shell, with a user's credentials."""
    variables = dict(os.environ, AWS_ACCESS_KEY_ID=caller.access_key, AWS_SECRET_ACCESS_KEY=caller.secret_key)
    variables.pop("AWS_SESSION_TOKEN", None)
    ran = subprocess.run(["bash", "-c", command], env=variables, capture_output=True, text=True)
    names = [rollup["name"] for rollup in json.loads(ran.stdout or "{}").get("rollups", [])]
    equal(f"what `{command}` answers", names, ["flights_by_origin", "flights_by_route", "delayed_by_origin"])


def measure(stack, definition):
    """How large each function is, and how long one takes from its start until it asks for its first event."""
    references, told = made(stack), []
    for function in NAMES.values():
        bootstrap = Path(FUNCTIONS) / function / "bootstrap"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(bootstrap)
        seconds = min(start(bootstrap, definition, references) for _ in range(STARTS))
        sizes = f"{bootstrap.stat().st_size / 1e6:.1f} MB, {len(packed.getvalue()) / 1e6:.1f} MB zipped"
        told.append(f"{function} {sizes}, ready in {seconds * 1000:.0f} ms")
    return "; ".join(told)


def start(bootstrap, definition, references):
    """Starts a function below a Runtime API of our own, and ends it when it asks for an event."""
    with socket.create_server(("127.0.0.1", 0)) as runtime_api:
        runtime_api.settimeout(PATIENCE_S)
        variables = {
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % runtime_api.getsockname()[1], "WEIR_FILE": definition,
            "TABLE_NAME": references["Table"], "ROLLUPS_TABLE_NAME": references["RollupsTable"], "AWS_REGION": REGION,
            "WEIR_CURSOR_KEY": "0f" * 32, "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1",
        }
        began = time.monotonic()
        # Without what is ours: functions refuse variables that they do not know.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WEIR")}
        process = subprocess.Popen([bootstrap], env=inherited | variables, stdout=subprocess.DEVNULL)
        connection, _ = runtime_api.accept()
        asked = connection.recv(1024)
        seconds = time.monotonic() - began
        process.kill()
        process.wait()
        connection.close()
    equal(f"what {bootstrap.parent.name} asks first", asked.split(b" ")[:2], [b"GET", b"/2018-06-01/runtime/invocation/next"])
    return seconds


def without_window(definition):
    """A mapping without a tumbling window names no shard: the processor must say so, and count nothing."""
    client("s3").create_bucket(Bucket=BUCKET)
    outputs, _ = deploy(definition, "--s3-bucket", BUCKET)
    api = Api(outputs["ApiUrl"], OWNER)
    flight = {"destination": "ATL", "delay": 30, "distance": 732}
    equal("writing", api.ask("PUT", "/flight/DFW/2001-01-01T12:00:00Z/00073", flight)[0], 200)
    mapping, until = {}, time.monotonic() + PATIENCE_S
    while mapping.get("LastProcessingResult") != "FAILED" and time.monotonic() < until:
        time.sleep(0.2)
        [mapping] = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    equal("what becomes of an event without a shard", mapping["LastProcessingResult"], "FAILED")
    logged = client("logs").filter_log_events(logGroupName="/aws/lambda/flights/processor")["events"]
    named = any("TumblingWindowInSeconds" in event["message"] for event in logged)
    equal("whether the processor's log names the setting", named, True)
    equal("what is counted", api.ask("GET", "/rollups/flights_by_origin?origin=DFW")[1]["points"], [])
    return "without a tumbling window the processor refuses events and names the setting"


def everything(definition):
    client("s3").create_bucket(Bucket=BUCKET)
    started = time.monotonic()
    outputs, command = deploy(definition, "--s3-bucket", BUCKET)
    took = time.monotonic() - started
    resources = check_resources("flights")
    caller = principal("caller", allow("execute-api:Invoke", f"{api_arn(outputs['ApiUrl'])}/*"))
    check_callers(outputs["ApiUrl"], caller)
    try_next(command, caller)
    api = Api(outputs["ApiUrl"], caller)
    flights = write_history(api, definition)
    asked = check_rollups(api, flights, definition)
    check_roles("flights")
    measured = measure("flights", definition)

    # Again, with nothing changed, and then with a parameter.
    before = deployed("flights")
    deploy(definition, "--s3-bucket", BUCKET)
    equal("what deploying again changes", deployed("flights"), before)
    deploy(definition, "--s3-bucket", BUCKET, "--parameter", "Tracing=PassThrough", "LogRetentionDays=90")
    check_resources("flights", {"Tracing": "PassThrough", "LogRetentionDays": "90"})

    # A second stage, by the other CLI.
    run_sam("validate", "--lint", "--template-file", "target/deploy/flights.yaml")
    other = ["TableName=flights-2", "RollupsTableName=flights-2-rollups"]
    outputs, _ = deploy(definition, "--with", "sam", "--stack-name", "second", "--parameter", *other)
    check_resources("second", dict(value.split("=") for value in other))
    second = Api(outputs["ApiUrl"], OWNER)
    check_rollups(second, write_history(second, definition), definition)

    held, counted = count("flights"), count("flights-rollups")
    names = lambda: [function["FunctionName"] for function in client("lambda").list_functions()["Functions"]]  # noqa: E731
    equal("the functions that there are", len([name for name in names() if name.startswith("flights-")]), len(NAMES))
    weir("destroy", "--stack-name", "flights", "--yes")
    equal("the tables that stay", [bool(exists(name)) for name in ["flights", "flights-rollups"]], [True, True])
    equal("what they hold", (count("flights"), count("flights-rollups")), (held, counted))
    equal("the flights that stay", held, len(flights))
    equal("the functions that stay", [name for name in names() if name.startswith("flights-")], [])
    weir("destroy", "--stack-name", "second", "--delete-tables", "--yes")
    gone = ["flights-2", "flights-2-rollups"]
    equal("the tables that are gone", [exists(name) for name in gone], [None, None])
    equal("the tables of another stack", bool(exists("flights")), True)
    print(f"deployment: {measured}")
    return f"{resources} resources in {took:.0f} s, {len(flights)} flights, {asked} answers like a recount; with both CLIs"


def run_sam(*arguments):
    ran = subprocess.run(["sam", *arguments], capture_output=True, text=True)
    if ran.returncode != 0:
        errors.append(f"sam {' '.join(arguments)} ends with {ran.returncode}: {ran.stdout}{ran.stderr}")


def main(part, *arguments, parts):
    try:
        told = parts[part](*arguments)
    finally:
        for error in errors:
            print(f"deployment: {error}")
    if not errors:
        print(f"deployment: {told}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:], parts={"without-window": without_window, "everything": everything}))
