//! `first` and `last` of items with equal times: the least value is the first, the greatest the
//! last.

use proptest::prelude::*;
use weir_model::{AttributeValue, Item, Model};
use weir_rollups::measured::DetailsRead;
use weir_rollups::{Amounts, Details, MeasuredValue, measured};

const DEFINITION: &str = concat!(
    include_str!("../../tests/fixtures/orders.toml"),
    r#"
[rollups.sales]
of = "order"
time = "at"
buckets = ["day"]
measures = { opening = "first(total)", closing = "last(total)" }
"#
);

fn order(second: u32, total: i64) -> Item {
    let attributes = [
        ("at", AttributeValue::S(format!("2026-11-20T06:40:{second:02}Z"))),
        ("total", AttributeValue::N(total.to_string())),
    ];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value));
    attributes.collect::<std::collections::HashMap<_, _>>().into()
}

/// What a measure answers of these orders, each a second and a total.
fn answer(model: &Model, measure: &str, orders: &[(u32, i64)]) -> MeasuredValue {
    let rollup = model.rollup("sales").expect("there");
    let measure = rollup.measure(measure).expect("there");
    let rows = Details::for_measure(measure).expect("read from rows");
    let row = |(second, total): &(u32, i64)| {
        let row = rows.amounts(&order(*second, *total)).expect("an order").remove(0);
        (row.text, 1)
    };
    let mut read: Vec<(String, i128)> = orders.iter().map(row).collect();
    // As DynamoDB keeps them: in the order of their sort keys.
    read.sort();
    let read = |_: &_| Some(DetailsRead::Values(read.clone()));
    measured(rollup, measure, &Amounts::default(), &read).expect("an answer")
}

proptest! {
    #[test]
    fn of_equal_times_the_least_value_is_first_and_the_greatest_last(
        orders in prop::collection::vec((0_u32..3, -20_i64..20), 1..12),
    ) {
        let model: Model = DEFINITION.parse().expect("valid");
        let total =
            |order: &(u32, i64)| MeasuredValue::Value(AttributeValue::N(order.1.to_string()));
        let first = orders.iter().min().expect("an order");
        let last = orders.iter().max().expect("an order");
        prop_assert_eq!(answer(&model, "opening", &orders), total(first));
        prop_assert_eq!(answer(&model, "closing", &orders), total(last));
    }
}
