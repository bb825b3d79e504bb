//! Items as structs of a program: bound to the definition, written, updated, read, deleted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use weir_model::Update;
use weir_table::{Error, Table};
use weir_testing::fixture::fixture;
use weir_testing::table::TestTable;

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct Order {
    user: String,
    number: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    total: serde_json::Number,
    placed: Option<jiff::Timestamp>,
    #[serde(default)]
    tags: Option<BTreeSet<String>>,
    #[serde(default)]
    skills: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    version: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Status {
    Placed,
    Paid,
}

#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
struct Buyer {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    friend: Option<String>,
}

#[derive(Serialize)]
struct Key<'a> {
    user: &'a str,
    number: u32,
}

fn order() -> Order {
    let total = serde_json::from_str("12.50").expect("a number");
    let (user, number) = ("ann".to_owned(), 7);
    Order { user, number, status: None, total, placed: None, tags: None, skills: None, version: 0 }
}

async fn shop() -> Table {
    TestTable::open(&fixture("buyers")).await.table
}

#[tokio::test]
async fn a_struct_goes_in_and_comes_out_with_what_the_definition_adds() {
    let orders = shop().await.entity::<Order>("order").expect("it fits");
    let created = orders.create(&order()).await.expect("created");
    assert_eq!((created.status, created.version), (Some(Status::Placed), 1));
    assert!(created.placed.is_some());
    assert!(matches!(orders.create(&order()).await, Err(Error::AlreadyExists { .. })));

    let key = Key { user: "ann", number: 7 };
    assert_eq!(orders.get(&key).await.expect("read"), Some(created.clone()));
    let update = Update::new()
        .set("status", "paid")
        .add("total", json!(0.25))
        .add("tags", json!(["gift"]))
        .add("skills.integrity", 1)
        .when(json!({ "status": "placed" }));
    let paid = orders.patch(&key, &update).await.expect("updated");
    assert_eq!(
        (paid.status, paid.total.to_string(), paid.version),
        (Some(Status::Paid), "12.75".to_owned(), 2)
    );
    assert_eq!(paid.skills, Some(BTreeMap::from([("integrity".to_owned(), json!(1))])));
    assert_eq!(paid.placed, created.placed);
    match orders.patch(&key, &update).await {
        Err(Error::ConditionFailed { item: Some(item) }) => {
            assert_eq!(item.get("status"), Some(&weir_model::AttributeValue::S("paid".to_owned())));
        }
        other => panic!("{other:?}"),
    }

    let again = Order { tags: None, ..order() };
    let upserted = orders.upsert(&again).await.expect("upserted");
    assert_eq!(
        (upserted.status, upserted.version),
        (Some(Status::Paid), 3),
        "what is not given is kept"
    );
    assert_eq!((upserted.placed, upserted.total.to_string()), (created.placed, "12.5".to_owned()));

    assert_eq!(orders.delete(&key).await.expect("deleted"), Some(upserted));
    assert_eq!(orders.delete(&key).await.expect("nothing to delete"), None);
    let gone = orders.patch(&key, &Update::new().set("total", 1)).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn an_upsert_and_an_update_create_what_is_not_there() {
    let orders = shop().await.entity::<Order>("order").expect("it fits");
    let upserted = orders.upsert(&order()).await.expect("upserted");
    assert_eq!((upserted.version, upserted.status), (1, Some(Status::Placed)));
    let key = json!({ "user": "ann", "number": 8 });
    let incomplete = orders.update(&key, &Update::new().add("tags", json!(["a"]))).await;
    assert!(matches!(incomplete, Err(Error::NotFound { .. })), "{incomplete:?}");
    let made = orders.update(&key, &Update::new().add("total", 3)).await.expect("created");
    assert_eq!((made.number, made.total.to_string(), made.version), (8, "3".to_owned(), 1));
    assert_eq!(orders.get(&key).await.expect("read"), Some(made));
}

#[tokio::test]
async fn what_does_not_fit_is_told_when_it_is_bound_and_what_is_wrong_when_it_is_given() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Wrong {
        user: String,
        number: u32,
        total: bool,
    }
    let table = shop().await;
    let mismatch = table.entity::<Wrong>("order").expect_err("no such type").to_string();
    assert!(mismatch.contains("Wrong") && mismatch.contains("invalid type"), "{mismatch}");
    let unknown = table.entity::<Order>("ordre").expect_err("no such entity").to_string();
    assert!(unknown.contains("`ordre` is no entity"), "{unknown}");

    let orders = table.entity::<Map<String, Value>>("order").expect("anything fits");
    for (key, expected) in [
        (json!({ "user": "ann" }), "`number` is missing"),
        (json!({ "user": "ann", "number": "x" }), "expected a decimal number"),
        (
            json!({ "user": "ann", "number": 1, "total": 1 }),
            "is not part of the key; expected user, number",
        ),
        (json!("ann"), "expected an object"),
    ] {
        let error = orders.get(&key).await.expect_err("no key").to_string();
        assert!(error.contains(expected), "{key}: {error}");
    }
    let Value::Object(invalid) = json!({ "user": "ann", "number": 1, "total": -1 }) else { return };
    let error = orders.create(&invalid).await.expect_err("invalid").to_string();
    assert!(error.contains("`total`: expected at least 0"), "{error}");
}

/// The numbers of some orders.
fn numbers(orders: &[Order]) -> Vec<u32> {
    orders.iter().map(|order| order.number).collect()
}

#[tokio::test]
async fn partitions_and_patterns_are_read_as_values() {
    let orders = shop().await.entity::<Order>("order").expect("it fits");
    for (user, number, total) in
        [("ann", 1, 10), ("ann", 2, 9), ("ann", 12, 12), ("bob", 1, 10), ("ann", 3, 30)]
    {
        let order = json!({ "user": user, "number": number, "total": total });
        orders.create(&order).await.expect("created");
    }
    let own = orders.partition(&json!({ "user": "ann" })).expect("a partition");
    assert_eq!(numbers(&own.all().await.expect("read")), [1, 2, 3, 12]);
    assert_eq!(
        numbers(&own.clone().descending().limit(1).all().await.expect("read")),
        [12, 3, 2, 1]
    );
    let one = orders.partition(&Key { user: "ann", number: 1 }).expect("one item");
    assert_eq!(numbers(&one.all().await.expect("read")), [1]);
    let dear = own.clone().when(json!({ "total": { "gt": 10 } })).expect("a condition");
    assert_eq!(numbers(&dear.all().await.expect("read")), [3, 12]);

    let large = orders.list("large", &json!({ "status": "placed", "user": "ann", "number": null }));
    let large = large.expect("a pattern");
    let first = large.clone().limit(2).page().await.expect("read");
    assert_eq!(numbers(&first.items), [12, 3]);
    let rest = large.clone().after(first.cursor.expect("there are more")).page().await;
    assert_eq!(numbers(&rest.expect("read").items), [1]);
    let forwards = large.ascending().all().await.expect("read");
    assert_eq!(numbers(&forwards), [1, 3, 12]);
    let index = orders.list("GSI1", &json!({ "status": "placed" })).expect("an index");
    assert_eq!(index.all().await.expect("read").len(), 5);
}

#[tokio::test]
async fn what_a_list_is_not_read_by_is_told() {
    let orders = shop().await.entity::<Order>("order").expect("it fits");
    let cases = [
        (
            "lage",
            json!({}),
            "`lage`: is no pattern of order; did you mean `large`? it has large, GSI1",
        ),
        ("large", json!({ "status": "placed" }), "`user`: is missing, `large` is read by it"),
        (
            "large",
            json!({ "status": "plced", "user": "a" }),
            "`status`: expected one of placed, paid",
        ),
        (
            "GSI1",
            json!({ "status": "paid", "usr": "a" }),
            "`usr`: `GSI1` is not read by it; did you mean `user`?",
        ),
        (
            "GSI1",
            json!({ "status": "paid", "number": 1 }),
            "`number`: the sort key has `user` before it",
        ),
    ];
    for (pattern, given, expected) in cases {
        let error = orders.list(pattern, &given).expect_err("no list").to_string();
        assert!(error.starts_with(expected), "{given}: {error}");
    }
    let own = orders.partition(&json!({ "user": "ann" })).expect("a partition");
    let error = own.when(json!({ "totl": 1 })).expect_err("no condition").to_string();
    assert!(error.contains("did you mean `total`?"), "{error}");
}

fn buyer(name: &str, friend: Option<&str>) -> Buyer {
    Buyer { name: name.to_owned(), friend: friend.map(str::to_owned) }
}

#[tokio::test]
async fn values_lead_to_values_of_another_type() {
    let table = shop().await;
    let orders = table.entity::<Order>("order").expect("it fits");
    let buyers = table.entity::<Buyer>("buyer").expect("it fits");
    let (ann, bob) = (buyer("ann", None), buyer("bob", Some("ann")));
    for buyer in [&ann, &bob] {
        buyers.create(buyer).await.expect("created");
    }
    let mut made = Vec::new();
    for (user, number) in [("ann", 1), ("cid", 2), ("ann", 3), ("bob", 4), ("ann", 5)] {
        let order = Order { user: user.to_owned(), number, ..order() };
        made.push(orders.create(&order).await.expect("created"));
    }

    let of_order = orders.one::<Buyer>("buyer").expect("it is one");
    let found = of_order.find(&made).await.expect("read");
    let expected = [Some(&ann), None, Some(&ann), Some(&bob), Some(&ann)];
    assert_eq!(found.iter().map(Option::as_ref).collect::<Vec<_>>(), expected);
    assert!(of_order.find(&[]).await.expect("nothing to read").is_empty());
    let friends = buyers.one::<Buyer>("friend_of").expect("it is one");
    let found = friends.find(&[ann.clone(), bob.clone()]).await.expect("read");
    assert_eq!(found, [None, Some(ann.clone())]);

    let of_buyer = buyers.many::<Order>("orders").expect("they are many");
    let first = of_buyer.page(&ann, None).await.expect("read");
    assert_eq!(first.items, [made[4].clone(), made[2].clone()]);
    let next = of_buyer.page(&ann, first.cursor.clone()).await.expect("read");
    assert_eq!((next.items, next.cursor), (vec![made[0].clone()], None));
    let strayed = of_buyer.page(&bob, first.cursor).await;
    assert!(matches!(strayed, Err(Error::Cursor)), "{strayed:?}");
    let taste = buyers.many::<Order>("taste").expect("they are many");
    assert_eq!(taste.page(&bob, None).await.expect("read").items.len(), 3);
    assert!(taste.page(&ann, None).await.expect("she has no friend").items.is_empty());
}

#[tokio::test]
async fn a_relation_that_does_not_fit_is_told_when_it_is_bound() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Lonely {
        name: String,
    }
    let table = shop().await;
    let buyers = table.entity::<Buyer>("buyer").expect("it fits");
    let lonely = table.entity::<Lonely>("buyer").expect("it fits");
    let errors = [
        buyers.one::<Order>("orders").map(drop),
        buyers.many::<Buyer>("friend_of").map(drop),
        buyers.many::<Order>("ordrs").map(drop),
        buyers.many::<Buyer>("orders").map(drop),
        lonely.one::<Buyer>("friend_of").map(drop),
    ];
    let errors = errors.map(|bound| bound.expect_err("it does not fit").to_string());
    for (error, expected) in errors.iter().zip([
        "`orders` leads to many items, expected `many`",
        "`friend_of` leads to one item, expected `one`",
        "`ordrs`: buyer has no such relation; did you mean `orders`?",
        "is none of `order` items: missing field `name`",
        "`friend` is not in it, and the relation is made from it",
    ]) {
        assert!(error.contains(expected), "{error}");
    }
}
