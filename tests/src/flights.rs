//! The example's flights as data of tests: its rows, and what its rollups must be.

use serde_json::{Value, json};

use crate::recount::{DAY_MONTH_ALL, Rollup, Rows};

/// The example's definition file.
pub const DEFINITION: &str = include_str!("../../examples/flights/weir.toml");
const FLIGHTS: &str = include_str!("../../examples/flights/flights.csv");
/// The least delay of a delayed flight, in minutes.
const DELAYED: i64 = 15;

/// The example's rollups, in the words of a recount.
pub const ROLLUPS: [Rollup<'_>; 3] = {
    let by_origin = Rollup {
        name: "flights_by_origin",
        by: &["origin"],
        time: "departure",
        buckets: DAY_MONTH_ALL,
        measured: &["delay", "distance"],
        admits: |_| true,
    };
    let by_route = Rollup { name: "flights_by_route", by: &["origin", "destination"], ..by_origin };
    let delayed = Rollup {
        name: "delayed_by_origin",
        measured: &["delay"],
        admits: |item| {
            let minutes = item["delay"]["N"].as_str().expect("a delay");
            minutes.parse::<i64>().expect("a number") >= DELAYED
        },
        ..by_origin
    };
    [by_origin, by_route, delayed]
};

/// Returns the first flights, as objects of text.
pub fn rows(count: usize) -> Vec<Value> {
    every(1, count)
}

/// So many flights, as objects of text: the first, and every one that is so many steps behind.
pub fn every(step: usize, count: usize) -> Vec<Value> {
    let mut lines = FLIGHTS.lines();
    let names: Vec<_> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let cells = names.iter().zip(line.split(','));
        cells.map(|(name, cell)| ((*name).to_owned(), json!(cell))).collect()
    };
    lines.step_by(step).take(count).map(row).collect()
}

/// Returns the path of a flight's item.
pub fn path(flight: &Value) -> String {
    let text = |name: &str| flight[name].as_str().expect(name);
    format!("/flight/{}/{}/{}", text("origin"), text("departure"), text("flight_id"))
}

/// Returns the rollups that the example must have for these items.
pub fn recount(items: &[Value]) -> Rows {
    ROLLUPS.iter().flat_map(|rollup| rollup.recount(items)).collect()
}
