//! Questions to a rollup: what is planned for good ones, what is said to bad ones.

use aggregates::{Plan, Question};
use model::Model;

const DEFINITION: &str = r##"
[table]
name = "flights"
[entities.flight]
PK = "AIRPORT#{origin}"
SK = "{departure}#{id}"
[entities.flight.attributes]
id = { type = "string", required = true }
origin = { type = "string", required = true }
gate = { type = "integer", required = true }
departure = { type = "timestamp", precision = "second", required = true }
delay = { type = "integer" }
stops = { type = "set", items = "number" }
[rollups.delays]
of = "flight"
by = ["origin", "gate"]
time = "departure"
buckets = ["hour", "day", "month", "all"]
time_zone = "Europe/Berlin"
measures = { flights = "count", delay = "sum(delay)" }
[rollups.total]
of = "flight"
measures = { flights = "count" }
[rollups.by_stop]
of = "flight"
by = ["origin", "stops"]
measures = { flights = "count" }
"##;

fn question(text: &str) -> Question {
    let mut question = Question::default();
    for (name, value) in
        text.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| pair.split_once('='))
    {
        let value = value.to_owned();
        match name {
            "from" => question.from = Some(value),
            "to" => question.to = Some(value),
            "every" => question.every = Some(value),
            _ => question.dimensions.push((name.to_owned(), value)),
        }
    }
    question
}

fn plan(rollup: &str, text: &str) -> Result<Plan, String> {
    let model: Model = DEFINITION.parse().expect("valid");
    Plan::of(model.rollup(rollup).expect("there"), &question(text))
        .map_err(|error| error.to_string())
}

#[test]
fn a_question_is_one_partition_and_one_range_of_sort_keys() {
    let cases = [
        (
            "delays",
            "origin=A%23&gate=1&from=2026-01-01&to=2026-01-03&every=day",
            "delays#A%2523#1",
            ("day#2026-01-01", "day#2026-01-02"),
        ),
        ("delays", "gate=01&origin=TXL", "delays#TXL#1", ("all", "all")),
        (
            "delays",
            "origin=TXL&gate=1&every=month&from=2026&to=2027",
            "delays#TXL#1",
            ("month#2026-01", "month#2026-12"),
        ),
        (
            "delays",
            "origin=TXL&gate=1&every=month&from=2026-03&to=2026-04",
            "delays#TXL#1",
            ("month#2026-03", "month#2026-03"),
        ),
        (
            "delays",
            "origin=TXL&gate=1&every=day&from=2026-03-28T23:00:00Z&to=2026-03-29T22:00:00Z",
            "delays#TXL#1",
            ("day#2026-03-29", "day#2026-03-29"),
        ),
        (
            "delays",
            "origin=TXL&gate=1&every=hour&from=2026-03-29T01:00&to=2026-03-29T04:00",
            "delays#TXL#1",
            ("hour#2026-03-29T00:00Z", "hour#2026-03-29T01:00Z"),
        ),
        ("total", "", "total", ("all", "all")),
        ("total", "every=all", "total", ("all", "all")),
        ("by_stop", "origin=TXL&stops=2.50", "by_stop#TXL#2.5", ("all", "all")),
    ];
    for (rollup, text, partition, sort_keys) in cases {
        let plan = plan(rollup, text).expect(text);
        assert_eq!(
            (&plan.partitions[..], plan.sort_keys()),
            (&[partition.to_owned()][..], sort_keys),
            "{text}"
        );
    }
}

#[test]
fn a_question_that_cannot_be_answered_says_what_could_be() {
    let group = "origin=TXL&gate=1";
    let cases = [
        ("", "`origin`: missing; the dimensions of `delays` are origin, gate, each is needed"),
        ("origin=TXL", "`gate`: missing; the dimensions"),
        ("origin=TXL&gate=x", "`gate`: expected a decimal number"),
        ("origin=TXL&gate=1&gate=2", "`gate`: given twice"),
        ("orgin=TXL&gate=1", "`orgin`: no such dimension; did you mean `origin`?"),
        (
            "{group}&every=week",
            "`every`: `week` is not kept by `delays`; expected hour, day, month, all",
        ),
        ("{group}&from=2026-01-01", "`every`: missing; expected one of hour, day, month, all"),
        ("{group}&every=day&from=2026-01-01", "`to`: missing"),
        ("{group}&every=day", "`from`: missing"),
        ("{group}&every=all&from=2026", "`from`: every=all is all time and takes no range"),
        ("{group}&every=day&from=yesterday&to=2026", "`from`: `yesterday` is no time"),
        ("{group}&every=day&from=2026-02-01&to=2026-01-01", "`to`: expected a time after `from`"),
        ("{group}&every=day&from=2026-01-01&to=2026-01-01", "`to`: expected a time after `from`"),
        (
            "{group}&every=month&from=2026-01-15&to=2026-02",
            "`from`: `2026-01-15` is not where a month begins (Europe/Berlin); expected 2026-01-01T00:00:00+01:00 or 2026-02-01T00:00:00+01:00",
        ),
        (
            "{group}&every=day&from=2026-01-01T00:00:00Z&to=2026-02",
            "`from`: `2026-01-01T00:00:00Z` is not where a day begins",
        ),
    ];
    for (text, expected) in cases {
        let message = plan("delays", &text.replace("{group}", group)).expect_err(text);
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}
