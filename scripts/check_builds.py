"""Changed definitions in a simulated AWS (see `simulated_aws.py`): `weir deploy` builds the rollups while items are written.

    check_builds.py changed     a stack's definition is changed: a rollup is added, one is changed, one stays
    check_builds.py existing    a table that exists already, of another program, with items and a stream of its own

Every answer is compared with a recount of the items that the table has. `check-deployment` starts the simulated AWS.
"""

import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import check_deployment as deployment
import yaml
from check_deployment import BUCKET, OWNER, PATIENCE_S, Api, client, equal, weir

ITEMS, CUSTOMERS, STATES = 300, 7, ["paid", "sent", "open", "void"]
SEED = 20261130
FUNCTIONS = ["--code", deployment.FUNCTIONS, "--any-architecture", "--s3-bucket", BUCKET]

SHOP = """
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
[entities.order.attributes]
id = { type = "string", required = true }
customer = { type = "string", required = true }
state = { type = "string", required = true }
amount = { type = "integer", required = true }
"""
INVOICES = """
[table]
name = "legacy"
partition_key = "pk"
sort_key = "sk"
[entities.invoice]
match = { kind = "invoice" }
pk = "CUST#{customer}"
sk = "INV#{id}"
[entities.invoice.attributes]
customer = { type = "string", required = true }
id = { type = "string", required = true }
state = { type = "string" }
amount = { type = "integer" }
"""
# The states that each rollup counts; `kept` is the same in both definitions. Only the first needs items that are `void`.
BEFORE = {"kept": ["paid"], "changed": ["paid", "void"]}
AFTER = {"kept": ["paid"], "changed": ["paid", "sent"], "added": ["open"]}


def write_definition(text, entity, rollups):
    """Writes the definition file, with these rollups."""
    for name, states in rollups.items():
        text += f'[rollups.{name}]\nof = "{entity}"\nby = ["customer"]\nwhere = {{ state = {states} }}\n'
        text += 'measures = { count = "count", amount = "sum(amount)" }\n'
    path = Path(f"{entity}.toml")
    path.write_text(text.replace("'", '"'))
    return str(path)


class Writer(threading.Thread):
    """Writes, changes and deletes items until it is stopped."""

    def __init__(self, write, delete):
        super().__init__(daemon=True)
        self.write, self.delete = write, delete
        self.random, self.is_stopped, self.writes, self.failure = random.Random(SEED), threading.Event(), 0, None

    def item(self, number):
        return {"customer": f"c{number % CUSTOMERS}", "id": f"{number:05}", "state": self.random.choice(STATES),
                "amount": self.random.randrange(-50, 1000)}

    def fill(self):
        for number in range(ITEMS):
            self.write(self.item(number))

    def run(self):
        try:
            while not self.is_stopped.is_set():
                item = self.item(self.random.randrange(ITEMS * 2))
                if self.random.random() < 0.2:
                    self.delete(item)
                else:
                    self.write(item)
                self.writes += 1
        except Exception as error:  # noqa: BLE001
            self.failure = repr(error)

    def stop(self):
        self.is_stopped.set()
        self.join()
        equal("the failure of the writer", self.failure, None)
        equal("whether it wrote meanwhile", self.writes > 0, True)


class Asker(threading.Thread):
    """Asks the rollup that does not change, until it is stopped."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.is_stopped, self.statuses = api, threading.Event(), Counter()

    def run(self):
        while not self.is_stopped.is_set():
            status, body = self.api.ask("GET", "/rollups/kept?customer=c1&every=all")
            self.statuses[status if status == 200 else (status, str(body))] += 1
            time.sleep(0.2)

    def stop(self):
        self.is_stopped.set()
        self.join()
        equal("the statuses of the rollup that does not change", set(self.statuses), {200})


def items_of(table):
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [{name: next(iter(value.values())) for name, value in item.items()} for page in pages for item in page["Items"]]


def recount(table, rollups):
    """The answer of each rollup for each customer, counted from the items of the table."""
    answers = {(name, f"c{number}"): Counter() for name in rollups for number in range(CUSTOMERS)}
    for item in items_of(table):
        for name, states in rollups.items():
            if item.get("state") in states:
                answers[(name, item["customer"])].update(count=1, amount=int(item["amount"]))
    return answers


def answer(api, rollup, customer):
    status, body = api.ask("GET", f"/rollups/{rollup}?customer={customer}&every=all")
    if status != 200:
        return status, body
    points = [Counter({key: point[key] for key in ["count", "amount"]}) for point in body["points"]]
    return points[0] if points else Counter()


def check_answers(what, api, table, rollups):
    """Within a while, every answer is that of a recount."""
    left = recount(table, rollups)
    asked, until = len(left), time.monotonic() + PATIENCE_S
    while left and time.monotonic() < until:
        left = {key: expected for key, expected in left.items() if answer(api, *key) != expected}
        time.sleep(0.2)
    for key, expected in list(left.items())[:5]:
        equal(f"{what}: {key}", answer(api, *key), expected)
    return asked


def check_filters(stack):
    """The mapping has the filters of the template, which are those of the definition alone."""
    template = yaml.safe_load(Path(f"target/deploy/{stack}.yaml").read_text())
    declared = template["Resources"]["StreamMapping"]["Properties"]["FilterCriteria"]
    mapping = client("lambda").get_event_source_mapping(UUID=deployment.made(stack)["StreamMapping"])
    equal("the filters of the mapping", mapping["FilterCriteria"], declared)
    texts = str(declared)
    equal("whether the filters are those of the definition", [state in texts for state in STATES], [True, True, True, False])


def rejected(definition, *arguments):
    """The message of a deployment that fails, without a terminal."""
    ran = subprocess.run([deployment.WEIR, "deploy", definition, *FUNCTIONS, *arguments],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True)
    equal("the exit code of a deployment that is rejected", ran.returncode, 1)
    return ran.stderr


def deploy(definition, *arguments):
    """Deploys, and returns the API and the whole output."""
    printed = weir("deploy", definition, *FUNCTIONS, *arguments)
    return Api(re.search(r"ApiUrl +(\S+)", printed).group(1), OWNER), printed


def change(stack, table, api, writer, deploy_changed):
    """Deploys a changed definition while items are written, and compares; then deploys it again."""
    _, printed = deploy_changed("--yes", "--no-build")
    equal("whether commands remain", re.findall(r"^  weir (\w+) ", printed, re.MULTILINE), ["build", "deploy"])
    writer.fill()
    check_answers("by the previous definition, under the new stack", api, table, BEFORE)
    asker = Asker(api)
    writer.start()
    asker.start()
    began = time.monotonic()
    api, printed = deploy_changed("--yes")
    took = time.monotonic() - began
    time.sleep(1)
    writer.stop()
    asker.stop()
    equal("whether the plan was printed", "plan: 2 to build" in printed, True)
    equal("whether the rollups were built", bool(re.search("built .*added.* from", printed)), True)
    check_answers("after the change", api, table, AFTER)
    check_filters(stack)
    _, printed = deploy_changed()
    equal("whether there is nothing left to do", "nothing to do" in printed, True)
    check_answers("after another deployment", api, table, AFTER)
    return f"{writer.writes} writes meanwhile, {took:.0f} s"


def changed():
    client("s3").create_bucket(Bucket=BUCKET)
    api, _ = deploy(write_definition(SHOP, "order", BEFORE))

    def write(item):
        path = f"/order/{item['id']}"
        status, problem = api.ask("PUT", path, {key: value for key, value in item.items() if key != "id"})
        assert status in (200, 201, 204), (status, problem)

    writer = Writer(write, lambda item: api.ask("DELETE", f"/order/{item['id']}"))
    writer.fill()
    asked = check_answers("before the change", api, "shop", BEFORE)
    definition = write_definition(SHOP, "order", AFTER)
    equal("whether it asks", "pass --yes" in rejected(definition), True)
    told = change("shop", "shop", api, writer, lambda *arguments: deploy(definition, *arguments))
    return f"a changed definition: {asked} answers like a recount before, and all after it; {told}"


def existing():
    client("s3").create_bucket(Bucket=BUCKET)
    dynamodb = client("dynamodb")
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    dynamodb.create_table(
        TableName="legacy", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys])

    def key(item):
        return {"pk": {"S": f"CUST#{item['customer']}"}, "sk": {"S": f"INV#{item['id']}"}}

    def write(item):
        attributes = {"kind": {"S": "invoice"}, "state": {"S": item["state"]}, "amount": {"N": str(item["amount"])},
                      "customer": {"S": item["customer"]}, "id": {"S": item["id"]}}
        dynamodb.put_item(TableName="legacy", Item=key(item) | attributes)

    def delete(item):
        dynamodb.delete_item(TableName="legacy", Key=key(item))

    Writer(write, delete).fill()
    definition = write_definition(INVOICES, "invoice", BEFORE)
    arn = f"arn:aws:dynamodb:{deployment.REGION}:{deployment.ACCOUNT}:table/legacy/stream/2026-11-30T00:00:00.000"
    message = rejected(definition, "--existing-table", arn, "--yes")
    equal("whether the owner is asked for a stream", "the table has no stream" in message, True)

    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.update_table(TableName="legacy", StreamSpecification=stream)
    arn = dynamodb.describe_table(TableName="legacy")["Table"]["LatestStreamArn"]
    writer = Writer(write, delete)
    writer.start()
    api, printed = deploy(definition, "--existing-table", arn, "--yes")
    writer.stop()
    equal("whether the first deployment builds", bool(re.search("built .*kept", printed)), True)
    asked = check_answers("the table of another program", api, "legacy", BEFORE)
    equal("a write by Weir", api.ask("PUT", "/invoice/c1/00001", {})[0] in (403, 404, 405), True)
    definition = write_definition(INVOICES, "invoice", AFTER)
    told = change("legacy", "legacy", api, Writer(write, delete),
                  lambda *arguments: deploy(definition, "--existing-table", arn, *arguments))
    return f"a table that exists already: {asked} answers like a recount, {writer.writes} writes meanwhile; then changed: {told}"


if __name__ == "__main__":
    sys.exit(deployment.main(sys.argv[1], parts={"changed": changed, "existing": existing}))
