//! The roles of the template grant what the functions do, and nothing else: the code of each
//! function runs over a connection that writes down what it asks of DynamoDB, through every route,
//! and the two are compared.
//!
//! ```text
//! definition ──► weir synth ──► statements of a role ──┐
//!          └──► the function's own code ──► recorder ──┴─► equal
//! ```
//!
//! **Invariant:** a statement too few or too many fails here. An operation of the HTTP services
//! that is new does not compile.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_cli::synth::template::{Options, template};
use weir_http::{Operation, Route};
use weir_model::Entity;
use weir_processor::Processor;
use weir_processor::event::{Event, Response};
use weir_table::{Rollups, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::flights;
use weir_testing::http::Client;
use weir_testing::recorder::Recorder;
use weir_testing::recount::scan;
use weir_testing::system::{Captured, System};

/// A definition without rollups, and without partitions of several items.
const NOTES: &str = r##"
[table]
name = "notes"
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
[entities.note.attributes]
id = { type = "string", required = true }
delay = { type = "integer" }
"##;
/// A definition whose table is queried for a collection alone, and with one of two indexes that no
/// entity is in.
const CLUB: &str = r##"
[table]
name = "club"
[table.indexes.by_email]
partition_key = "email_key"
[table.indexes.nothing]
partition_key = "nothing_key"
[entities.member]
PK = "MEMBER#{id}"
SK = "MEMBER"
email_key = "{email}"
collections = ["account"]
[entities.member.attributes]
id = { type = "string", required = true }
email = { type = "string" }
delay = { type = "integer" }
[entities.member.relations.namesakes]
to = "member"
many = true
pattern = "by_email"
[entities.member.relations.itself]
to = "member"
"##;
/// A definition in which every write has its conditions.
const USERS: &str = r##"
[table]
name = "users"
[entities.user]
PK = "USER#{id}"
SK = "USER"
[entities.user.attributes]
id = { type = "string", required = true }
delay = { type = "integer", unique = true }
"##;
/// A definition whose rollup items are beside the items, and count rows; and one that is ranked.
const COLOCATED: &str = r##"
[table]
name = "colocated"
[entities.flight]
PK = "PLANE#{plane}"
SK = "FLIGHT#{id}"
[entities.flight.attributes]
plane = { type = "string", required = true }
id = { type = "string", required = true }
delay = { type = "integer" }
[rollups.of_plane]
of = "flight"
by = ["plane"]
key = { PK = "PLANE#{plane}", SK = "STATS" }
measures = { flights = "count", delay = "sum(delay)", delays = "distinct(delay)", most = "max(delay)" }
[rollups.ranked]
of = "flight"
by = ["plane"]
rank_by = "delays"
measures = { delay = "sum(delay)", delays = "distinct(delay)", often = "top(delay, 3)" }
"##;
/// A definition whose groups are ranked.
const RANKED: &str = r##"
[table]
name = "ranked"
[entities.flight]
PK = "PLANE#{plane}"
SK = "FLIGHT#{id}"
[entities.flight.attributes]
plane = { type = "string", required = true }
id = { type = "string", required = true }
delay = { type = "integer" }
[rollups.ranked]
of = "flight"
by = ["plane"]
rank_by = "delay"
measures = { delay = "sum(delay)" }
"##;
/// Seconds of an hour, and of the four that a shard lives.
const HOUR: i64 = 60 * 60;
const SHARD_HOURS: i64 = 4;
/// Shards enough that the watermarks of the first are stale: five days of them.
const SHARDS: i64 = 5 * 24 / SHARD_HOURS;

/// What the functions ask of the tables, or may: the action and the table's name in the template.
type Actions = BTreeSet<(String, String)>;

/// The three functions around one table, each over a connection of its own.
struct Functions {
    dynamodb: TestDynamo,
    system: System,
    writer: (Recorder, Router),
    reader: (Recorder, Router),
    processor: (Recorder, Processor),
}

impl Functions {
    async fn start(definition: &str) -> Self {
        let dynamodb = TestDynamo::start().await;
        let system = System::start(&dynamodb, definition).await;
        let model = system.model.clone();
        let recorders = [(); 3].map(|()| Recorder::default());
        let [writes, reads, updates] = &recorders;
        let writer = Table::new(&writes.before(dynamodb.connect().await), model.clone());
        let writer =
            weir_http::finish(weir_writer::app(writer), &weir_http::routes::writes(&model));
        let reading = reads.before(dynamodb.connect().await);
        let rollups = Rollups::new(&reading, &model.table);
        let reader = weir_reader::app(
            Table::new(&reading, model.clone()),
            rollups,
            weir_reader::Settings::default(),
        );
        let reader = weir_http::finish(reader, &weir_http::routes::reads(&model));
        let updating = updates.before(dynamodb.connect().await);
        let rollups = Rollups::new(&updating, &model.table);
        let starting = Table::new(&updating, model.clone());
        forget_definitions(&dynamodb, &model.table.rollups_table).await;
        starting.open_rollups().await.expect("they begin here");
        let processor = Processor::new(model).rollups(rollups);
        let [writes, reads, updates] = recorders;
        let (writer, reader) = ((writes, writer), (reads, reader));
        Self { dynamodb, system, writer, reader, processor: (updates, processor) }
    }

    /// Goes through every route of the writer, and then every route of the reader.
    async fn ask_everything(&self, item: &Value, rollups: &[&str]) {
        let model = &self.system.model;
        let keys = weir_http::paths::path_attributes(&model.entities[0]);
        for route in weir_http::routes::writes(model) {
            ask(&self.writer.1, &model.entities[0], &route, item, &keys, rollups).await;
        }
        for route in weir_http::routes::reads(model) {
            ask(&self.reader.1, &model.entities[0], &route, item, &keys, rollups).await;
        }
    }

    async fn handle(&self, event: &Event) {
        let response = self.processor.1.handle(event.clone()).await.expect("a response");
        assert_eq!(response, Response::success());
    }

    /// What a function has asked, by the names in the template.
    fn asked(&self, recorder: &Recorder) -> Actions {
        let table = &self.system.model.table;
        let named = |of: String| match of {
            of if of == table.name => "Table".to_owned(),
            of if of == table.rollups_table => "RollupsTable".to_owned(),
            other => match other.strip_prefix(&format!("{}/", table.name)) {
                Some(index) => format!("Table/{index}"),
                None => other.replacen(&table.rollups_table, "RollupsTable", 1),
            },
        };
        recorder
            .asked()
            .into_iter()
            .map(|(operation, of)| (format!("dynamodb:{operation}"), named(of)))
            .collect()
    }

    /// What the role of a function grants on the tables.
    fn granted(&self, role: &str) -> Actions {
        let options = Options {
            code: "target/lambda".to_owned(),
            definition: "definition".to_owned(),
            filters: true,
        };
        let template = template(&self.system.model, &options);
        let policies = template["Resources"][role]["Properties"]["Policies"].as_array();
        let documents = policies.expect("policies").iter().map(|policy| &policy["PolicyDocument"]);
        let statements =
            documents.flat_map(|document| document["Statement"].as_array().expect("a list"));
        let actions = statements.flat_map(|statement| {
            let actions = statement["Action"].as_array().into_iter().flatten();
            let actions = actions.map(|action| action.as_str().expect("text").to_owned());
            let resources = resources(&statement["Resource"]);
            actions.flat_map(move |action| {
                resources.clone().into_iter().map(move |of| (action.clone(), of))
            })
        });
        actions.filter(|(action, _)| action.starts_with("dynamodb:")).collect()
    }

    fn assert_exact(&self) {
        let functions = [
            ("WriterRole", &self.writer.0),
            ("ReaderRole", &self.reader.0),
            ("ProcessorRole", &self.processor.0),
        ];
        for (role, recorder) in functions {
            self.assert_exact_of(role, recorder);
        }
    }

    fn assert_exact_of(&self, role: &str, recorder: &Recorder) {
        assert_eq!(self.asked(recorder), self.granted(role), "asked, and granted to the {role}");
    }

    /// An update that DynamoDB refuses for good is parked.
    async fn refuse_for_good(&self, event: &Event) {
        let table = &self.system.model.table.rollups_table;
        let rows = scan(&self.dynamodb.url, table).await;
        let mut spoilt =
            rows.into_iter().find(|row| row["sum(delay)"].is_object()).expect("a rollup item");
        // Without its watermarks, or the event would be known already.
        let item = spoilt.as_object_mut().expect("an item");
        item.retain(|name, _| !name.starts_with('@'));
        spoilt["sum(delay)"] = json!({ "S": "?" });
        let request = json!({ "TableName": table, "Item": spoilt });
        Client::new(&self.dynamodb.url).dynamodb("PutItem", &request).await;
        self.handle(event).await;
        assert_eq!(self.system.rollups.parked().await.expect("the records").len(), 1);
    }

    /// The same records from many shards, one after another: the watermarks of the first go.
    async fn grow_old(&self, event: &Event) {
        let first = event.records[0].dynamodb.approximate_creation_date_time.expect("a time");
        for number in 1..=SHARDS {
            let mut event = event.clone();
            event.shard_id = Some(format!("shardId-{number:020}-00000000"));
            for record in &mut event.records {
                let time = first + number * SHARD_HOURS * HOUR;
                record.dynamodb.approximate_creation_date_time = Some(time);
            }
            self.handle(&event).await;
        }
        let rows = scan(&self.dynamodb.url, &self.system.model.table.rollups_table).await;
        let watermarks = |row: &Value| {
            row.as_object().expect("an item").keys().filter(|name| name.starts_with('@')).count()
        };
        let most = rows.iter().map(watermarks).max().expect("rollup items");
        assert!(most < usize::try_from(SHARDS).expect("a count"), "{most} watermarks are left");
    }
}

/// Makes a rollups table one that nobody has kept rollups in, as it is after a deployment.
async fn forget_definitions(dynamodb: &TestDynamo, table: &str) {
    let key = json!({ "PK": { "S": "@definition" }, "SK": { "S": "@definition" } });
    let request = json!({ "TableName": table, "Key": key });
    Client::new(&dynamodb.url).dynamodb("DeleteItem", &request).await;
}

/// The tables, and indexes of them, that a statement is about.
fn resources(resource: &Value) -> Vec<String> {
    match resource {
        Value::Array(several) => several.iter().flat_map(resources).collect(),
        resource if resource["Fn::GetAtt"][1] == "Arn" => {
            vec![resource["Fn::GetAtt"][0].as_str().expect("a name").to_owned()]
        }
        resource => {
            let text = resource["Fn::Sub"].as_str().and_then(|text| text.strip_prefix("${"));
            let index = text.and_then(|text| text.split_once(".Arn}"));
            index.map(|(table, index)| format!("{table}{index}")).into_iter().collect()
        }
    }
}

/// Asks what a route is for. Every operation must do its work, or what it asks of DynamoDB would be
/// missed.
async fn ask(
    app: &Router,
    entity: &Entity,
    route: &Route,
    item: &Value,
    keys: &[&str],
    rollups: &[&str],
) {
    let path = filled(&route.path, item);
    let (method, body, status) = match route.operation {
        Operation::Create => ("POST", Some(item.clone()), 201),
        Operation::Replace => ("PUT", Some(item.clone()), 200),
        // Both definitions have such an attribute.
        Operation::Update => ("PATCH", Some(json!({ "set": { "delay": 1 } })), 200),
        Operation::Delete => ("DELETE", None, 204),
        // The last write: what was deleted is there again, for the reader.
        Operation::Batch => ("POST", Some(json!([item])), 200),
        // The batch has written the item again.
        Operation::Transact => ("POST", Some(json!([check(entity, item)])), 200),
        Operation::BatchAny => ("POST", Some(json!([put(entity, item)])), 200),
        Operation::Upsert => ("PUT", Some(item.clone()), 200),
        Operation::Get | Operation::List | Operation::Query => ("GET", None, 200),
        Operation::GetUnique => ("GET", None, 200),
        Operation::TransactGet => {
            let key = check(entity, item)["key"].clone();
            let items = encoded(&json!([{ "entity": entity.name, "key": key }]));
            let path = format!("{path}?items={items}");
            assert_eq!(send(app, "GET", &path, None).await, 200, "{path}");
            return;
        }
        Operation::Collection | Operation::Rollups => ("GET", None, 200),
        Operation::OpenApi | Operation::Health => ("GET", None, 200),
        Operation::BatchGet => {
            let names = keys.iter().map(|name| (name.to_string(), item[*name].clone()));
            let keys = encoded(&json!([Value::Object(names.collect())]));
            let path = format!("{path}?keys={keys}");
            assert_eq!(send(app, "GET", &path, None).await, 200, "{path}");
            return;
        }
        Operation::Rollup | Operation::Ranks => {
            let of_ranks = route.operation == Operation::Ranks;
            let questions = rollups.iter().filter(|one| one.contains("/ranks") == of_ranks);
            for question in questions {
                assert_eq!(
                    send(app, "GET", &format!("/rollups/{question}"), None).await,
                    200,
                    "{question}"
                );
            }
            return;
        }
    };
    assert_eq!(send(app, method, &path, body).await, status, "{method} {path}");
}

/// JSON as a parameter.
fn encoded(json: &Value) -> String {
    weir_testing::http::encoded(&json.to_string())
}

/// The action that puts the item.
fn put(entity: &Entity, item: &Value) -> Value {
    json!({ "action": "put", "entity": entity.name, "item": item })
}

/// The action that checks the item.
fn check(entity: &Entity, item: &Value) -> Value {
    let names = weir_http::paths::path_attributes(entity).into_iter();
    let key: serde_json::Map<_, _> =
        names.map(|name| (name.to_owned(), item[name].clone())).collect();
    json!({ "action": "check", "entity": entity.name, "key": key })
}

/// The path with the item's values in it.
fn filled(path: &str, item: &Value) -> String {
    let part = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => match &item[name] {
            Value::Null => name.to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn send(app: &Router, method: &str, path: &str, body: Option<Value>) -> u16 {
    let request =
        Request::builder().method(method).uri(path).header("Content-Type", "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let response = app.clone().oneshot(request.body(body).expect("a request")).await;
    response.expect("an answer").status().as_u16()
}

/// The flight with its numbers as numbers, not as the texts of CSV.
fn flight() -> Value {
    let mut flight = flights::rows(1).remove(0);
    for name in ["delay", "distance"] {
        let number: i64 = flight[name].as_str().expect("text").parse().expect("a number");
        flight[name] = json!(number);
    }
    flight
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_grant_what_the_functions_ask_and_nothing_else() {
    let functions = Functions::start(flights::DEFINITION).await;
    let flight = flight();
    let text = |name: &str| flight[name].as_str().expect("text");
    let (origin, destination) = (text("origin"), text("destination"));
    let rollups = [
        format!("flights_by_origin?origin={origin}"),
        format!(
            "flights_by_route?origin={origin}&destination={destination}&every=day&from=2001&to=2002"
        ),
    ];
    let rollups: Vec<&str> = rollups.iter().map(String::as_str).collect();
    functions.ask_everything(&flight, &rollups).await;
    let event = Captured::read(&functions.system).await.cut(100).remove(0);
    functions.handle(&event).await;
    // Delivered again, and by a DynamoDB that does not say how far the rollup items have got.
    functions.processor.0.refuse_conditions();
    functions.handle(&event).await;
    functions.processor.0.allow_conditions();
    functions.grow_old(&event).await;
    functions.refuse_for_good(&event).await;
    functions.assert_exact();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processor_may_write_rollup_items_beside_items_and_rows_with_what_counts_them() {
    let functions = Functions::start(COLOCATED).await;
    functions.ask_everything(&json!({ "plane": "p1", "id": "1", "delay": 7 }), &[]).await;
    let event = Captured::read(&functions.system).await.cut(100).remove(0);
    functions.handle(&event).await;
    functions.processor.0.refuse_conditions();
    functions.handle(&event).await;
    functions.processor.0.allow_conditions();
    functions.grow_old(&event).await;
    functions.refuse_for_good(&event).await;
    functions.assert_exact_of("ProcessorRole", &functions.processor.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_may_read_the_index_of_ranks_and_the_items_that_it_ranks() {
    let functions = Functions::start(RANKED).await;
    let flight = json!({ "plane": "p1", "id": "1", "delay": 7 });
    functions.ask_everything(&flight, &[]).await;
    functions.handle(&Captured::read(&functions.system).await.cut(100).remove(0)).await;
    let rollups = ["ranked?plane=p1", "ranked/ranks", "ranked/ranks?plane=p1&neighbours=1"];
    functions.ask_everything(&json!({ "plane": "p1", "id": "2", "delay": 7 }), &rollups).await;
    functions.assert_exact_of("ReaderRole", &functions.reader.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_definition_has_no_need_of_is_neither_asked_nor_granted() {
    let functions = Functions::start(NOTES).await;
    functions.ask_everything(&json!({ "id": "1" }), &[]).await;
    let event = Captured::read(&functions.system).await.cut(100).remove(0);
    functions.handle(&event).await;
    functions.assert_exact();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_granted_where_an_entity_is_read_by_it() {
    let functions = Functions::start(CLUB).await;
    functions.ask_everything(&json!({ "id": "1", "email": "a@x" }), &[]).await;
    let related = "/member/1?include=namesakes.itself,itself";
    assert_eq!(send(&functions.reader.1, "GET", related, None).await, 200);
    let event = Captured::read(&functions.system).await.cut(100).remove(0);
    functions.handle(&event).await;
    functions.assert_exact();
    let granted = functions.granted("ReaderRole");
    let queried = ["Table", "Table/index/by_email"];
    for of in queried {
        assert!(granted.contains(&("dynamodb:Query".to_owned(), of.to_owned())), "{granted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unique_takes_no_permission_to_read_and_none_for_batches() {
    let functions = Functions::start(USERS).await;
    functions.ask_everything(&json!({ "id": "1", "delay": 7 }), &[]).await;
    functions.assert_exact();
}
