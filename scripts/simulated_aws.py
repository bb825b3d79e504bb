"""MiniStack, a simulated AWS, with six things that AWS does and MiniStack does not. `check-deployment` starts it.

    AWS_ENDPOINT_URL=http://127.0.0.1:PORT GATEWAY_PORT=PORT BIND_HOST=127.0.0.1 AUTH=true [PLAIN_EVENTS=true] simulated_aws.py

* A mapping keeps its TumblingWindowInSeconds, and an event of such a mapping has the window, the shard and the state, in
  the shape that Lambda documents. The processor counts by shard and refuses an event that names none, so nothing would be
  counted here otherwise. `PLAIN_EVENTS` leaves events as MiniStack makes them, which shows that refusal. The windows
  never end: a final invocation without records is what the tests of the processor have.
* Records that the function names as failed are delivered again, and what follows them too. MiniStack takes any answer for
  success, and would lose them.
* A layer's files are where the function is told to look for them. Lambda has them below /opt, and MiniStack only where
  it runs functions in containers; here they are unpacked beside the function, and its variables that say /opt say that.
* A table describes its DeletionProtectionEnabled as a boolean. CloudFormation's parameters are text, MiniStack keeps what it
  gets, and the SDK cannot read a description with text there.
* A mapping that is updated has numbers, where CloudFormation's parameters are text, and has no filters if the template has
  none. MiniStack keeps the text, with which its poller fails, and the filters of before.
* An alarm on metric math, which MiniStack refuses, is named and not made; `check-template` sees what it declares.
"""

import io
import os
import tempfile
import time
import zipfile

from ministack import app
from ministack.services import dynamodb_streams, lambda_svc
from ministack.services.cloudformation import provisioners

MAPPING = "AWS::Lambda::EventSourceMapping"
ALARM = "AWS::CloudWatch::Alarm"
TABLE = "AWS::DynamoDB::Table"
PROTECTION = "DeletionProtectionEnabled"
WINDOW = "TumblingWindowInSeconds"
NUMBERS = ["BatchSize", "MaximumBatchingWindowInSeconds", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "ParallelizationFactor"]
LAYERS_FOLDER = "/opt/"
PLAIN = os.environ.get("PLAIN_EVENTS") == "true"

make_alarm = provisioners._RESOURCE_HANDLERS[ALARM]["create"]
change_alarm = provisioners._RESOURCE_HANDLERS[ALARM]["update"]
make_table = provisioners._RESOURCE_HANDLERS[TABLE]["create"]
change_table = provisioners._RESOURCE_HANDLERS[TABLE]["update"]
make_mapping = provisioners._RESOURCE_HANDLERS[MAPPING]["create"]
change_mapping = provisioners._RESOURCE_HANDLERS[MAPPING]["update"]
execute = lambda_svc._execute_function
environment = lambda_svc._provided_worker_env


def name_alarm(logical_id, properties, stack):
    if "Metrics" in properties:
        return f"{stack}-{logical_id}", {}
    return make_alarm(logical_id, properties, stack)


def rename_alarm(physical_id, earlier, properties, *others):
    if "Metrics" in properties:
        return physical_id, {}
    return change_alarm(physical_id, earlier, properties, *others)


def with_boolean(properties):
    return {**properties, PROTECTION: properties.get(PROTECTION) in (True, "true")}


def make_table_with_boolean(logical_id, properties, stack):
    return make_table(logical_id, with_boolean(properties), stack)


def change_table_with_boolean(physical_id, earlier, properties, *others):
    return change_table(physical_id, with_boolean(earlier), with_boolean(properties), *others)


def keep_window(logical_id, properties, stack):
    made, attributes = make_mapping(logical_id, properties, stack)
    if WINDOW in properties:
        lambda_svc._esms[made][WINDOW] = int(properties[WINDOW])
    return made, attributes


def change_mapping_with_numbers(physical_id, earlier, properties, *others):
    made, attributes = change_mapping(physical_id, earlier, properties, *others)
    mapping = lambda_svc._esms[made]
    for name in NUMBERS:
        if name in mapping:
            mapping[name] = int(mapping[name])
    if "FilterCriteria" not in properties:
        mapping.pop("FilterCriteria", None)
    return made, attributes


def with_window(event):
    """An event of DynamoDB as Lambda makes it where the mapping has a window; any other as it is."""
    if set(event) != {"Records"} or event["Records"][0].get("eventSource") != "aws:dynamodb":
        return event
    arn = event["Records"][0]["eventSourceARN"]
    mappings = [mapping for _, _, mapping in lambda_svc._iter_all_esms() if mapping["EventSourceArn"] == arn]
    [seconds] = {mapping.get(WINDOW) for mapping in mappings}
    if seconds is None:
        return event
    start = int(time.time()) // seconds * seconds
    utc = lambda moment: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))  # noqa: E731
    return event | {
        "window": {"start": utc(start), "end": utc(start + seconds)},
        "state": {},
        "shardId": dynamodb_streams._DEFAULT_SHARD_ID,
        "eventSourceARN": arn,
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


def execute_as_lambda(function, event):
    event = event if PLAIN else with_window(event)
    result = execute(function, event)
    answer = result.get("body")
    if "shardId" in event and not result.get("error"):
        if not isinstance(answer, dict) or "state" not in answer:
            return result | {"error": True, "body": {"errorType": "State", "errorMessage": f"no state in {answer}"}}
        if answer.get("batchItemFailures"):
            return result | {"error": True, "body": {"errorType": "BatchItemFailures", "errorMessage": str(answer)}}
    return result


def environment_with_layers(config, folder, port):
    variables = environment(config, folder, port)
    # A folder of its own for each process: two may start at once.
    layers = tempfile.mkdtemp(prefix="opt-", dir=folder)
    for layer in config.get("Layers", []):
        zipfile.ZipFile(io.BytesIO(lambda_svc._resolve_layer_zip(layer))).extractall(layers)
    return {
        name: os.path.join(layers, value.removeprefix(LAYERS_FOLDER)) if value.startswith(LAYERS_FOLDER) else value
        for name, value in variables.items()
    }


provisioners._RESOURCE_HANDLERS[MAPPING] |= {"create": keep_window, "update": change_mapping_with_numbers}
provisioners._RESOURCE_HANDLERS[TABLE] |= {"create": make_table_with_boolean, "update": change_table_with_boolean}
provisioners._RESOURCE_HANDLERS[ALARM] |= {"create": name_alarm, "update": rename_alarm}
lambda_svc._execute_function = execute_as_lambda
lambda_svc._provided_worker_env = environment_with_layers

if __name__ == "__main__":
    app.main()
