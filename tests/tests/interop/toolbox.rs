//! dynamodb-toolbox and Weir on one table: what either writes is the other's too.

use serde_json::{Value, json};
use weir_testing::package::{set, whole as whole_number};

use crate::interop::world::{World, encoded, extended, timeless, without};

/// Attributes that hold the time of a write: as they are stored, and as both answer them.
const STORED_TIMES: [&str; 2] = ["_ct", "_md"];
const TIMES: [&str; 2] = ["created", "modified"];
/// An order's path.
const PATH: &str = "/order/Ann%20%C3%96/A%231";
const DIGITS: &str = "12345678901234567890123456789012345678";

fn key() -> Value {
    json!({ "customer": "Ann Ö", "order": "A#1" })
}

fn digits() -> Value {
    serde_json::from_str(DIGITS).expect("a number")
}

/// An order with every attribute, as dynamodb-toolbox and as Weir are given it.
fn whole() -> (Value, Value) {
    let both = json!({
        "customer": "Ann Ö", "order": "A#1", "status": "paid",
        "placed": "2026-11-20T06:40:54.000Z", "total": 99.95,
        "gift": true, "note": "N", "steps": [{ "at": "a", "by": "b" }, { "at": "c" }],
        "extra": { "x": [1, null, "y"] },
        "secret": "s3"
    });
    let theirs = json!({ "serial": whole_number(DIGITS), "labels": set(["b", "a"]),
        "scores": set([10, 2]) });
    let ours = json!({ "serial": digits(), "labels": ["a", "b"], "scores": [2, 10] });
    (extended(&both, &theirs), extended(&both, &ours))
}

/// An order with its key, its total and little more.
fn order(more: &Value) -> Value {
    extended(&extended(&key(), &json!({ "total": 1 })), more)
}

impl World {
    /// What dynamodb-toolbox has to say to a command about orders.
    async fn toolbox(&self, what: &str, more: Value) -> Value {
        let command = extended(&json!({ "do": what, "entity": "order" }), &more);
        self.package.run(command).await
    }

    async fn account(&self, customer: &str) -> Value {
        let entities = ["customer", "order", "line"];
        let partition = format!("CUSTOMER#{customer}");
        self.package
            .run(json!({ "do": "query", "entities": entities, "partition": partition }))
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_toolbox_writes_is_read_by_weir() {
    let Some(world) = World::of_toolbox().await else { return };
    let (toolbox, weir) = whole();
    world.toolbox("create", json!({ "item": toolbox })).await;
    world
        .toolbox(
            "update",
            json!({ "key": { "customer": "Ann Ö", "order": "B" },
        "set": { "total": 5, "status": "placed", "placed": "2026-11-21T00:00:00.000Z" } }),
        )
        .await;
    let customer = json!({ "customer": "Ann Ö", "name": "Ann", "visits": 3, "tags": set(["x"]),
        "settings": { "color": "red" } });
    world.package.run(json!({ "do": "put", "entity": "customer", "item": customer })).await;
    let lines: Vec<Value> = (1..=3)
        .map(|line| {
            json!({ "customer": "Ann Ö", "order": "A#1", "line": line, "product": "nut",
            "quantity": line * 2 })
        })
        .collect();
    world.package.run(json!({ "do": "batchPut", "entity": "line", "items": lines })).await;

    let read = world.get(PATH).await;
    assert_eq!(without(read.clone(), &TIMES), without(weir, &["secret"]));
    assert_eq!(read, world.toolbox("get", json!({ "key": key() })).await, "with its times");

    assert_eq!(
        ids(&world.get("/order/Ann%20%C3%96").await["items"]),
        ["A#1", "B"],
        "lines are no orders"
    );
    assert_eq!(ids(&world.get("/query/order/GSI1/paid").await["items"]), ["A#1"]);
    let placed = "/query/order/GSI1/placed?from=2026-11-21&to=2026-11-22";
    assert_eq!(ids(&world.get(placed).await["items"]), ["B"]);
    let of_order = world.get("/query/line/of_order/Ann%20%C3%96/A%231?from=2").await;
    assert_eq!(without_times(&of_order["items"]), json!(lines[1..]));
    let account = world.get("/collections/account/Ann%20%C3%96").await;
    assert_eq!(ids(&account["order"]), ["A#1", "B"]);
    assert_eq!(without_times(&account["line"]), json!(lines));
    assert_eq!(without_times(&account["customer"])[0]["tags"], json!(["x"]));
    let keys = json!([key(), { "customer": "x", "order": "y" }]).to_string();
    let batch = world.get(&format!("/batch/order?keys={}", encoded(&keys.into()))).await;
    assert_eq!(batch["items"], json!([read, null]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weir_writes_is_stored_as_toolbox_stores_it() {
    let Some(world) = World::of_toolbox().await else { return };
    let cases = [
        json!({}),
        json!({ "placed": "2026-11-20T06:40:54.123Z" }),
        json!({ "status": "paid", "note": "", "gift": false }),
        json!({ "customer": "a/b c%#d", "order": "İ ẞ Σ", "total": -0.001, "steps": [],
            "extra": {} }),
    ];
    let cases = cases.iter().map(order).map(|order| (order.clone(), order));
    for (toolbox, weir) in cases.chain([whole()]) {
        world.toolbox("put", json!({ "item": toolbox })).await;
        let theirs = timeless(world.stored_item().await, &STORED_TIMES);
        let path = path_of(&weir);
        let attributes = without(weir.clone(), &["customer", "order"]);
        let transaction = |what: &str| json!([{ "action": what, "entity": "order", "item": weir }]);
        for (method, path, body) in [
            ("POST", "/order", weir.clone()),
            ("PUT", path.as_str(), attributes.clone()),
            ("POST", "/batch/order", json!([weir])),
            ("POST", "/transactions", transaction("create")),
            ("POST", "/transactions", transaction("put")),
            ("PATCH", &format!("{path}?create=true"), json!({ "set": attributes })),
        ] {
            world.clear().await;
            world.weir(method, path, &body).await;
            let ours = timeless(world.stored_item().await, &STORED_TIMES);
            assert_eq!(ours, theirs, "{method} {path} {weir}");
        }
        world.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weir_writes_is_found_by_toolbox() {
    let Some(world) = World::of_toolbox().await else { return };
    let (_, weir) = whole();
    world.weir("POST", "/order", &weir).await;
    let lines: Vec<Value> = (1..=2)
        .map(|line| {
            json!({ "customer": "Ann Ö", "order": "A#1", "line": line, "product": "nut",
            "quantity": 1 })
        })
        .collect();
    world.weir("POST", "/batch/line", &json!(lines)).await;
    let more = json!([
        { "action": "create", "entity": "customer", "item": { "customer": "Ann Ö", "tags": ["b",
          "a"] } },
        { "action": "put", "entity": "order", "item": order(&json!({ "order": "B" })) },
    ]);
    world.weir("POST", "/transactions", &more).await;

    let read = world.toolbox("get", json!({ "key": key() })).await;
    assert_eq!(read, world.get(PATH).await, "what is hidden is hidden to both");
    assert_eq!(without(read, &TIMES), without(weir, &["secret"]));
    let query = async |command: Value| {
        let whole = json!({ "do": "query", "entities": ["order"] });
        ids(&world.package.run(extended(&whole, &command)).await)
    };
    assert_eq!(query(json!({ "partition": "CUSTOMER#Ann Ö" })).await, ["A#1", "B"]);
    let range = json!({ "beginsWith": "ORDER#A" });
    assert_eq!(query(json!({ "partition": "CUSTOMER#Ann Ö", "range": range })).await, ["A#1"]);
    assert_eq!(query(json!({ "partition": "STATUS#paid", "index": "GSI1" })).await, ["A#1"]);
    let account = world.account("Ann Ö").await;
    let kinds: Vec<_> =
        account.as_array().expect("items").iter().map(|item| &item["entity"]).collect();
    assert_eq!(kinds, ["order", "line", "line", "order", "customer"]);
    let batch = world
        .toolbox("batchGet", json!({ "keys": [key(), { "customer": "x", "order": "y" }] }))
        .await;
    assert_eq!(ids(&json!([batch[0]])), ["A#1"]);
}

/// Updates, as dynamodb-toolbox and as Weir are given them.
fn updates() -> Vec<(Value, Value)> {
    let both = |update: Value| (update.clone(), update);
    vec![
        both(json!({ "set": { "total": 12.5, "note": "x", "gift": false } })),
        both(json!({ "set": { "status": "placed" } })),
        both(json!({ "set": { "placed": "2027-01-01T00:00:00.000Z" } })),
        both(json!({ "add": { "total": 0.05 } })),
        both(json!({ "append": { "steps": [{ "at": "d" }] } })),
        both(json!({ "remove": ["note", "gift", "extra"] })),
        (
            json!({ "add": { "labels": set(["c"]), "scores": set([3]) } }),
            json!({ "add": { "labels": ["c"], "scores": [3] } }),
        ),
        (
            json!({ "delete": { "labels": set(["a"]), "scores": set([2, 10]) } }),
            json!({ "delete": { "labels": ["a"], "scores": [2, 10] } }),
        ),
        (
            json!({ "set": { "serial": whole_number(DIGITS) } }),
            json!({ "set": { "serial": digits() } }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_by_weir_leaves_what_the_same_by_toolbox_leaves() {
    let Some(world) = World::of_toolbox().await else { return };
    let (toolbox, weir) = whole();
    for (theirs, ours) in updates() {
        world.weir("POST", "/order", &weir).await;
        world.toolbox("patch", extended(&theirs, &json!({ "key": key() }))).await;
        let expected = timeless(world.stored_item().await, &STORED_TIMES);
        world.clear().await;

        world.toolbox("create", json!({ "item": toolbox })).await;
        let created = world.stored_item().await["_ct"].clone();
        world.weir("PATCH", PATH, &ours).await;
        let found = world.stored_item().await;
        assert_eq!(found["_ct"], created, "{ours}");
        assert_eq!(timeless(found, &STORED_TIMES), expected, "{ours}");
        let read = world.toolbox("get", json!({ "key": key() })).await;
        assert_eq!(read, world.get(PATH).await, "{ours}");
        world.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_deletes_what_the_other_has_written_and_neither_creates_twice() {
    let Some(world) = World::of_toolbox().await else { return };
    let (toolbox, weir) = whole();
    world.toolbox("create", json!({ "item": toolbox })).await;
    let conflict = (409, "already-exists".to_owned());
    assert_eq!(world.problem("POST", "/order", &weir).await, conflict);
    world.weir("DELETE", PATH, &Value::Null).await;
    assert_eq!(world.stored().await, [] as [Value; 0]);

    world.weir("POST", "/order", &weir).await;
    let create = json!({ "do": "create", "entity": "order", "item": toolbox });
    let thrown = world.package.attempt(create).await.expect_err("there is one");
    assert_eq!(thrown.name, "ConditionalCheckFailedException");
    world.toolbox("delete", json!({ "key": key() })).await;
    assert_eq!(world.problem("GET", PATH, &Value::Null).await, (404, "not-found".to_owned()));

    let line = json!({ "customer": "Ann Ö", "order": "A#1", "line": 1, "product": "nut" });
    let transaction = json!({ "do": "transact", "actions": [
        { "do": "create", "entity": "order", "item": toolbox },
        { "do": "put", "entity": "line", "item": line },
    ]});
    world.package.run(transaction).await;
    assert_eq!(world.get("/line/Ann%20%C3%96/A%231/1").await["quantity"], 1, "its default");
    let actions = json!([
        { "action": "remove", "entity": "order", "key": key() },
        { "action": "remove", "entity": "line", "key": { "customer": "Ann Ö", "order": "A#1",
          "line": 1 } },
    ]);
    world.weir("POST", "/transactions", &actions).await;
    assert_eq!(world.stored().await, [] as [Value; 0]);
}

/// dynamodb-toolbox writes without conditions: it replaces and updates whatever has the key, of any
/// entity. Weir does not.
#[tokio::test(flavor = "multi_thread")]
async fn weir_leaves_items_of_other_entities_alone() {
    let Some(world) = World::of_toolbox().await else { return };
    let device = json!({ "device": "CUSTOMER#ann", "slot": "ORDER#1" });
    world.package.run(json!({ "do": "put", "entity": "device", "item": device })).await;
    let taken = (409, "already-exists".to_owned());
    assert_eq!(world.problem("PUT", "/order/ann/1", &json!({ "total": 1 })).await, taken);
    let missing = (404, "not-found".to_owned());
    let update = json!({ "set": { "total": 1 } });
    assert_eq!(world.problem("PATCH", "/order/ann/1", &update).await, missing);
    let (refused, _) = world.problem("POST", "/device", &device).await;
    assert_eq!(refused, 400, "Weir takes no device that has an order's key");
    world
        .toolbox(
            "update",
            json!({ "key": { "customer": "ann", "order": "1" }, "set": { "total": 1 } }),
        )
        .await;
    let item = world.stored_item().await;
    assert_eq!(
        (&item["_et"]["S"], &item["total"]["N"]),
        (&json!("device"), &json!("1")),
        "as dynamodb-toolbox 2.10 has it"
    );
}

/// `string().key().savedAs("PK")`: the attributes are the keys, and are stored nowhere else.
#[tokio::test(flavor = "multi_thread")]
async fn attributes_that_are_keys_themselves_are_stored_once() {
    let Some(world) = World::of_toolbox().await else { return };
    for id in ["d 1", "ä#%", "@d"] {
        let device = json!({ "device": id, "slot": "s/1", "label": "x" });
        world.package.run(json!({ "do": "put", "entity": "device", "item": device })).await;
        let theirs = timeless(world.stored_item().await, &STORED_TIMES);
        let path = format!("/device/{}/s%2F1", encoded(&id.into()));
        for (method, path, body) in [
            ("POST", "/device", device.clone()),
            ("PUT", path.as_str(), json!({ "label": "x" })),
            ("PATCH", &format!("{path}?create=true"), json!({ "set": { "label": "x" } })),
        ] {
            world.clear().await;
            world.weir(method, path, &body).await;
            assert_eq!(
                timeless(world.stored_item().await, &STORED_TIMES),
                theirs,
                "{method} {path}"
            );
        }
        world
            .weir("PATCH", &path, &json!({ "set": { "label": "y" }, "where": { "slot": "s/1" } }))
            .await;
        let get =
            json!({ "do": "get", "entity": "device", "key": { "device": id, "slot": "s/1" } });
        let read = world.package.run(get).await;
        assert_eq!(without(read.clone(), &TIMES), extended(&device, &json!({ "label": "y" })));
        assert_eq!(read, world.get(&path).await);
        let list =
            world.get(&format!("/device/{}?begins_with=s&select=label", encoded(&id.into()))).await;
        assert_eq!(
            list["items"],
            json!([{ "label": "y" }]),
            "what is selected, though the keys are read"
        );
        let by_key = format!("/device/{}?where={{%22slot%22:%22s%22}}", encoded(&id.into()));
        assert_eq!(
            world.problem("GET", &by_key, &Value::Null).await,
            (400, "bad-query".to_owned())
        );
        world.weir("DELETE", &path, &Value::Null).await;
        assert_eq!(world.stored().await, [] as [Value; 0]);
    }
}

/// Items without what differs from one write to the next.
fn without_times(items: &Value) -> Value {
    let items = items.as_array().unwrap_or_else(|| panic!("{items}")).iter();
    items.map(|item| without(item.clone(), &TIMES)).collect()
}

/// The ids of orders, in their order.
fn ids(orders: &Value) -> Vec<String> {
    let orders = orders.as_array().unwrap_or_else(|| panic!("{orders}")).iter();
    orders.map(|item| item["order"].as_str().expect("an order").to_owned()).collect()
}

fn path_of(order: &Value) -> String {
    format!("/order/{}/{}", encoded(&order["customer"]), encoded(&order["order"]))
}
