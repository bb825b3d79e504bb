//! Structs that a definition file becomes when a program is compiled: written, read, updated,
//! through the library.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use weir::{Decimal, InvalidItem, Timestamp};
use weir_model::Model;
use weir_table::{Error, Table};
use weir_testing::dynamodb::{TestDynamo, with_own_tables};

weir::entities!("tests/generated/weir.toml");

const DEFINITION: &str = include_str!("generated/weir.toml");

async fn table() -> Table {
    let connection = TestDynamo::start().await.connect().await;
    let model = with_own_tables(DEFINITION.parse::<Model>().expect("a definition"));
    let table = Table::new(&connection, model.into());
    table.provision().await.expect("tables can be made");
    table
}

fn number(text: &str) -> Decimal {
    text.parse().expect("a number")
}

fn line() -> NewOrderLine {
    NewOrderLine {
        weight: Some(number("0.125")),
        is_sent: Some(false),
        expires_at: Some("2026-11-20T06:40:54Z".parse().expect("a time")),
        seen_at: Some("2026-11-20T06:40:54.123Z".parse().expect("a time")),
        code: Some("AAEC".to_owned()),
        tags: Some(BTreeSet::from(["a".to_owned()])),
        sizes: Some(vec![number("1"), number("2.5")]),
        any: Some(json!({ "a": [1] })),
        skills: Some(BTreeMap::from([("wit".to_owned(), 3)])),
        history: Some(BTreeMap::from([("a".to_owned(), vec![1_795_156_854])])),
        sent_on: Some(vec!["2026-11-20T06:40:54Z".parse().expect("a time")]),
        address: Some(address()),
        entries: Some(vec![entry("a", None)]),
        ..NewOrderLine::new("ann", 7, number("12.50")).expect("a valid line")
    }
}

fn address() -> NewOrderLineAddress {
    NewOrderLineAddress {
        street: "Hill 1".to_owned(),
        r#type: Some(OrderLineAddressType::Work),
        country: None,
        since: Some("2026-11-20T06:40:54Z".parse().expect("a time")),
        geo: Some(OrderLineAddressGeo { lat: number("52.5") }),
    }
}

fn entry(text: &str, state: Option<OrderLineEntryState>) -> OrderLineEntry {
    OrderLineEntry { text: text.to_owned(), state }
}

#[tokio::test]
async fn what_is_generated_fits_the_definition_and_what_is_stored() {
    let table = table().await;
    let lines = table.entity::<OrderLine>("order-line").expect("it is made from the definition");
    assert!(table.entity::<NewOrderLine>("order-line").is_ok(), "so is this");
    let created = lines.create(&line()).await.expect("created");
    assert_eq!((created.r#type, created.version), (OrderLineType::Book, 1), "defaults");

    let key = OrderLineKey { user: "ann".to_owned(), number: 7 };
    let read = lines.get(&key).await.expect("read").expect("an item");
    assert_eq!(
        (read.version, read.r#type, read.price.to_string()),
        (1, OrderLineType::Book, "12.5".to_owned())
    );
    assert_eq!(
        (read.expires_at, read.seen_at, read.tags.clone(), read.sizes.clone()),
        (line().expires_at, line().seen_at, line().tags, line().sizes)
    );

    let update = OrderLineUpdate::new()
        .set_type(OrderLineType::Value2ndHand)
        .add_price(number("0.25"))
        .add_tags(BTreeSet::from(["b".to_owned()]))
        .append_log(vec![json!("sent")])
        .set_is_sent(true)
        .set_expires_at("2027-01-01T00:00:00Z".parse().expect("a time"))
        .remove_code()
        .when(json!({ "type": "book" }));
    let updated = lines.patch(&key, &update.clone().into()).await.expect("updated");
    assert_eq!((updated.version, updated.r#type), (2, OrderLineType::Value2ndHand));
    assert_eq!((updated.price.to_string(), updated.code), ("12.75".to_owned(), None));
    assert_eq!(updated.tags.map(|tags| tags.len()), Some(2));
    assert_eq!((updated.log, updated.is_sent), (Some(vec![json!("sent")]), Some(true)));
    assert_eq!(updated.expires_at.map(|time| time.as_second()), Some(1_798_761_600));
    assert_eq!(updated.placed_at, read.placed_at);
    assert!(updated.changed_at >= read.changed_at);
    let again = lines.patch(&key, &update.into()).await;
    assert!(matches!(again, Err(Error::ConditionFailed { .. })), "{again:?}");
    assert!(lines.delete(&key).await.expect("deleted").is_some());
}

#[tokio::test]
async fn maps_and_lists_with_rules_are_structs_of_their_own() {
    let table = table().await;
    let lines = table.entity::<OrderLine>("order-line").expect("it is made from the definition");
    let new = table.entity::<NewOrderLine>("order-line").expect("so is this");
    new.create(&line()).await.expect("created");
    let key = OrderLineKey { user: "ann".to_owned(), number: 7 };
    let read = lines.get(&key).await.expect("read").expect("an item");
    let address: OrderLineAddress = read.address.expect("an address");
    assert_eq!(address.country, OrderLineAddressCountry::DE, "a default, so always there");
    assert_eq!(
        (address.r#type, address.since, address.geo),
        (Some(OrderLineAddressType::Work), self::address().since, self::address().geo)
    );
    assert_eq!((read.skills, read.history), (line().skills, line().history));
    assert_eq!((read.sent_on, read.entries), (line().sent_on, line().entries));

    let update = OrderLineUpdate::new()
        .append_entries(vec![entry("b", Some(OrderLineEntryState::Done))])
        .set_skills(BTreeMap::from([("wit".to_owned(), 4)]))
        .set_address(NewOrderLineAddress {
            country: Some(OrderLineAddressCountry::FR),
            ..self::address()
        });
    let updated = lines.patch(&key, &update.into()).await.expect("updated");
    let expected = [entry("a", None), entry("b", Some(OrderLineEntryState::Done))];
    assert_eq!(updated.entries.as_deref(), Some(&expected[..]));
    assert_eq!(updated.skills.map(|skills| skills["wit"]), Some(4));
    let country = updated.address.map(|address| address.country);
    assert_eq!(country, Some(OrderLineAddressCountry::FR));
    let paths = weir_model::Update::from(OrderLineUpdate::new().remove_any()).add("skills.wit", 1);
    let updated = lines.patch(&key, &paths).await.expect("a path is updated too");
    assert_eq!(updated.skills.map(|skills| skills["wit"]), Some(5));
}

#[test]
fn a_constructor_rejects_what_the_definition_rejects() {
    let message = |invalid: InvalidItem| invalid.to_string();
    let negative = NewOrderLine::new("ann", 7, -1).map_err(message);
    let expected = "invalid item of `order-line`: `price`: expected at least 0";
    assert_eq!(negative, Err(expected.to_owned()));
    let fine = NewOrderLine::new("ann", 7, number("0.125")).expect_err("three decimal places");
    assert_eq!(fine.errors.len(), 1, "{fine}");

    let time: Timestamp = "2026-11-20T06:40:54.123456789Z".parse().expect("a time");
    for (unit, item) in [
        ("milliseconds", NewOrderLine { seen_at: Some(time), ..line() }),
        ("seconds", NewOrderLine { expires_at: Some(time), ..line() }),
    ] {
        let message = item.check().expect_err(unit).to_string();
        let expected = format!("`{time}`: expected a time in whole {unit}");
        assert!(message.ends_with(&expected), "{message}");
    }
    let text = NewOrderLine { sent_on: Some(vec![time]), ..line() };
    let rejected = text.check().expect_err("a precision");
    assert_eq!(rejected.errors[0].field, "sent_on[0]", "{rejected}");
    assert_eq!(line().check(), Ok(()));
}

#[tokio::test]
async fn decimals_compute_and_are_stored_with_all_their_digits() {
    let lines = table().await.entity::<OrderLine>("order-line").expect("it matches");
    let price = number("12.50") * 3 - number("0.01");
    let weight = Some(number("0.0000000000000000000000000000000000001") + 1_i64);
    let new = NewOrderLine { weight, ..NewOrderLine::new("ann", 7, price).expect("valid") };
    let created = lines.create(&new).await.expect("created");
    assert_eq!(created.price, number("37.49"));
    assert_eq!(
        created.weight.expect("a weight").to_string(),
        "1.0000000000000000000000000000000000001"
    );
}
