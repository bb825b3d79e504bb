//! Items at random: values of every kind, of few that coincide, foreign ones, and what is too
//! large.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use weir_model::AttributeValue;

/// Longer than any key may be.
const TOO_LONG_BYTES: usize = 2_100;

/// The values of an item by place; those in the map `info` under `info.n` and so on.
pub(crate) type Values = BTreeMap<&'static str, AttributeValue>;

/// The value at a place; what is null is not there.
pub(crate) fn given<'a>(values: &'a Values, place: &str) -> Option<&'a AttributeValue> {
    let is_hidden = place.starts_with("info.") && values.contains_key("info");
    values.get(place).filter(|value| !is_hidden && !matches!(value, AttributeValue::Null(_)))
}

pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Few values for each place, so that items have the same; clocks change between some of the times.
fn pool() -> Vec<(&'static str, Vec<AttributeValue>)> {
    let numbers = |texts: &[&str]| texts.iter().map(|text| n(text)).collect::<Vec<_>>();
    let texts = |texts: &[&str]| texts.iter().map(|text| s(text)).collect::<Vec<_>>();
    let times = [
        "2026-03-29T00:30:00Z",
        "2026-03-29T01:10:00Z",
        "2026-03-28T23:20:00Z",
        "2026-03-29T03:10:00+02:00",
        "2026-04-04T14:40:00Z",
        "2026-04-04T15:10:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-11-01T05:30:00Z",
        "2026-12-31T18:20:00Z",
        "1969-12-31T23:59:59Z",
        "2026-03-29T01:10:00.25Z",
        "2026-03-29T01:10:00+0000",
    ];
    let seconds = ["1774744200", "1774744200.5", "1774746600", "1775313600", "1792889999", "-0.5"];
    let sets = [vec!["red", "blue"], vec!["red"], vec!["blue", "a#b", ""]];
    let codes = [vec!["1", "2"], vec!["1"], vec!["1.0", "0.0000000001", "-0.0000000002"]];
    let list = |members: &[AttributeValue]| AttributeValue::L(members.to_vec());
    vec![
        (
            "total",
            numbers(&[
                "1",
                "12.5",
                "-3",
                "0",
                "12.50",
                "0.01",
                "0.02",
                "-10",
                "-8",
                "100",
                "99999999999999999999.99",
            ]),
        ),
        ("units", numbers(&["1", "2", "0", "-7", "-5", "20e-1", "1000", "25", "130"])),
        (
            "weight",
            numbers(&[
                "3",
                "0.5",
                "-0.5",
                "1e10",
                "0.0000000005",
                "0.000000001",
                "64",
                "-99999999999999999999",
            ]),
        ),
        ("name", texts(&["ann", "bob", "a#b", "50%", "", "Ann", "é"])),
        ("status", texts(&["placed", "paid", "a=b"])),
        ("gift", vec![AttributeValue::Bool(true), AttributeValue::Bool(false)]),
        ("at", texts(&times)),
        ("seen", numbers(&seconds)),
        ("tags", sets.map(|set| AttributeValue::Ss(owned(&set))).to_vec()),
        ("codes", codes.map(|set| AttributeValue::Ns(owned(&set))).to_vec()),
        (
            "labels",
            vec![
                list(&[s("a"), s("b"), s("a")]),
                list(&[s("b")]),
                list(&[]),
                list(&[AttributeValue::Null(true), s("")]),
            ],
        ),
        ("stops", vec![list(&[s(times[0]), s(times[1]), s(times[3])]), list(&[s(times[1])])]),
        ("info.n", numbers(&["0.1", "5", "-0.2", "1.10", "10", "0.4"])),
        ("info.s", texts(&["x", "y"])),
        ("info.at", texts(&times[..4])),
    ]
}

/// What makes an item one that cannot be counted, at least in some rollups.
fn spoilt() -> impl Strategy<Value = (&'static str, AttributeValue)> {
    let places: Vec<&str> = pool().into_iter().map(|(place, _)| place).collect();
    let values = vec![
        s("text"),
        s("waiting"),
        s("2026-03-29T00:30:00Z"),
        n("7"),
        n("2.5"),
        n("0.005"),
        n("1774744200"),
        n("1e20"),
        n("99999999999999999999.995"),
        s(&"x".repeat(TOO_LONG_BYTES)),
        AttributeValue::Bool(true),
        AttributeValue::Ns(owned(&["1e20", "1"])),
        AttributeValue::Ss(vec!["x".repeat(TOO_LONG_BYTES), "red".to_owned()]),
        AttributeValue::L(vec![s("a"), n("1")]),
    ];
    prop_oneof![
        12 => (select(places), select(values)),
        1 => Just(("info", s("no map"))),
        1 => Just(("_et", s("other"))),
    ]
}

fn value(values: Vec<AttributeValue>) -> impl Strategy<Value = Option<AttributeValue>> {
    prop_oneof![
        12 => select(values).prop_map(Some),
        1 => Just(None),
        1 => Just(Some(AttributeValue::Null(true))),
    ]
}

pub(crate) fn values() -> impl Strategy<Value = Values> {
    let places: Vec<_> = pool()
        .into_iter()
        .map(|(place, values)| value(values).prop_map(move |value| (place, value)))
        .collect();
    let spoilt = prop_oneof![5 => Just(None), 1 => spoilt().prop_map(Some)];
    (places, spoilt).prop_map(|(values, spoilt)| {
        let values = values.into_iter().filter_map(|(place, value)| Some((place, value?)));
        values.chain(spoilt).collect()
    })
}

pub(crate) fn change() -> impl Strategy<Value = (&'static str, Option<AttributeValue>)> {
    let of_pool = select(pool())
        .prop_flat_map(|(place, values)| value(values).prop_map(move |value| (place, value)));
    prop_oneof![6 => of_pool, 1 => spoilt().prop_map(|(place, value)| (place, Some(value)))]
}
