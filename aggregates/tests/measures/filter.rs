//! Conditions on items: as a definition has them, and what they mean.

use bigdecimal::BigDecimal;
use jiff::Timestamp;
use weir_model::AttributeValue;

use crate::oracle::{decimal, instant};
use crate::values::{Values, given};

/// The text, the place whose values it compares, and what it means. `exists` compares nothing.
type Condition = (&'static str, Option<&'static str>, fn(&Values) -> bool);

/// None first.
pub(crate) const FILTERS: [Condition; 9] = [
    ("", None, |_| true),
    ("where = { name = { ne = \"bob\" } }", Some("name"), |values| {
        given(values, "name") != Some(&AttributeValue::S("bob".to_owned()))
    }),
    ("where = { name = { exists = true } }", None, |values| given(values, "name").is_some()),
    ("where = { total = { gte = 0 } }", Some("total"), |values| {
        number(values, "total").is_some_and(|total| total >= decimal("0"))
    }),
    ("where = { \"info.n\" = { lt = 5 } }", Some("info.n"), |values| {
        number(values, "info.n").is_some_and(|n| n < decimal("5"))
    }),
    ("where = { status = [\"placed\", \"paid\"] }", Some("status"), |values| {
        let Some(AttributeValue::S(status)) = given(values, "status") else { return false };
        status == "placed" || status == "paid"
    }),
    ("where = { tags = { contains = \"red\" } }", Some("tags"), |values| {
        let Some(AttributeValue::Ss(tags)) = given(values, "tags") else { return false };
        tags.iter().any(|tag| tag == "red")
    }),
    ("where = { gift = true }", Some("gift"), |values| {
        given(values, "gift") == Some(&AttributeValue::Bool(true))
    }),
    ("where = { at = { gte = \"2026-03-29T01:00:00Z\" } }", Some("at"), |values| {
        let since: Timestamp = "2026-03-29T01:00:00Z".parse().expect("a time");
        given(values, "at").and_then(instant).is_some_and(|at| at >= since)
    }),
];

fn number(values: &Values, place: &str) -> Option<BigDecimal> {
    match given(values, place)? {
        AttributeValue::N(text) => text.parse().ok(),
        _ => None,
    }
}
