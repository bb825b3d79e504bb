//! What a rollup may measure, keep and rank by, and what is said of what it may not.

use crate::rollup::{Granularity, OnExpiry};
use crate::{DefinitionError, Model};

const VISITS: &str = r##"
[table]
name = "site"
[entities.visit]
PK = "VISIT#{id}"
SK = "VISIT"
[entities.visit.attributes]
id = { type = "string", required = true }
visitor = { type = "string" }
secret = { type = "string", hidden = true }
card = { type = "map", hidden = true, attributes = { number = { type = "string" } } }
at = { type = "timestamp" }
paid_at = { type = "timestamp" }
status = { type = "enum", values = ["new", "old"] }
is_bot = { type = "boolean" }
latency = { type = "integer" }
price = { type = "decimal", scale = 2 }
tags = { type = "set", items = "string" }
labels = { type = "list", items = { type = "string" } }
anything = { type = "list" }
geo = { type = "map", attributes = { country = { type = "string" }, at = { type = "timestamp" }, km = { type = "number" } } }
"##;

/// The site with a rollup of these options.
fn parse(options: &str) -> Result<Model, DefinitionError> {
    Model::parse("weir.toml", &format!("{VISITS}\n[rollups.visits]\nof = \"visit\"\n{options}"))
}

/// The site with a rollup that measures this and a count.
fn measured(measure: &str) -> Result<Model, DefinitionError> {
    parse(&format!(
        "time = \"at\"\nbuckets = [\"day\"]\nmeasures = {{ n = \"count\", tops = \"top(tags, 3)\", \
         m = \"{measure}\" }}"
    ))
}

#[test]
fn measures_read_as_they_are_written() {
    let cases = [
        ("count", "count"),
        ("count(visitor)", "count(visitor)"),
        ("sum(geo.km)", "sum(geo.km)"),
        ("avg( price )", "avg(price)"),
        ("variance(price)", "variance(price)"),
        ("stddev_pop(price)", "stddev_pop(price)"),
        ("min(at)", "min(at)"),
        ("max(visitor)", "max(visitor)"),
        ("smallest(price, 3)", "smallest(price, 3)"),
        ("largest(price,100)", "largest(price, 100)"),
        ("distinct(labels)", "distinct(labels)"),
        ("top(tags, 1)", "top(tags, 1)"),
        ("count_by(status)", "count_by(status)"),
        ("count_by(is_bot)", "count_by(is_bot)"),
        ("first(price)", "first(price, at)"),
        ("last(price, paid_at)", "last(price, paid_at)"),
        ("median(latency)", "quantile(latency, 0.5)"),
        ("p05(latency)", "quantile(latency, 0.05)"),
        ("quantile(latency, 0.999)", "quantile(latency, 0.999)"),
        ("histogram(price, -1, 0.5, 10)", "histogram(price, -1, 0.5, 10)"),
        ("ratio(n, n)", "ratio(n, n)"),
    ];
    for (text, shown) in cases {
        let model = measured(text).expect(text);
        let measure = model.rollups[0].measure("m").expect("the measure");
        assert_eq!(measure.to_string(), shown);
    }
}

#[test]
fn what_cannot_be_measured_says_why() {
    let cases = [
        ("meen(price)", "`meen(price)` is no measure", "expected one of"),
        ("sum(visitor)", "`visitor` is a string, which `sum` cannot add up", "latency, price"),
        ("stddev(tags)", "`tags` is a set, which `stddev` cannot add up", "latency, price"),
        ("count()", "`count()` is no measure", "did you mean `count`?"),
        ("sum( )", "`sum( )` is no measure", "sum(attribute)"),
        ("top(, 3)", "`top(, 3)` is no measure", "top(attribute, 10)"),
        ("p5(latency)", "`p5(latency)` is no measure", "p95(attribute)"),
        ("quantile(latency, 1.5)", "`1.5` is no part of all values", "0 to 1"),
        ("quantile(latency, 0.1234567)", "is no part of all values", "six decimal places"),
        ("top(visitor, 0)", "`0` is no number of values", "expected 1 to 100"),
        ("top(visitor)", "`top(visitor)` is no measure", "top(attribute, 10)"),
        ("top(anything, 3)", "`anything` is a list, whose values are not told apart", "`items`"),
        ("min(tags)", "`tags` is a set, which has no order", "expected text"),
        (
            "count_by(visitor)",
            "`visitor` is a string, whose values are not known",
            "top(visitor, 10)",
        ),
        ("last(price, visitor)", "`visitor` is a string", "expected a timestamp"),
        ("histogram(price, 2, 1)", "the edge 1 is not above the one before it", "ascending"),
        ("histogram(price, 1, x)", "the edge `x` is no number", "expected numbers"),
        ("histogram(price, 0.001)", "more decimal places than `price`", "expected 2"),
        ("ratio(n, tops)", "`tops` is not one number", "`n`"),
        ("ratio(n, m2)", "`m2` is no measure of this rollup", "`n`"),
        ("max(secret)", "`secret` is hidden, and in a measure", "reveals"),
        ("top(card.number, 3)", "`card.number` is hidden, and in a measure", "reveals"),
        ("last(secret)", "`secret` is hidden, and in a measure", "reveals"),
        ("sum(geo.mk)", "`geo.mk`: `geo` has no such attribute", "it has country, at, km"),
    ];
    for (text, message, help) in cases {
        let problem = measured(text).expect_err(text).problems.remove(0);
        assert!(problem.message.contains(message), "{text}: {}", problem.message);
        let found = problem.help.unwrap_or_default();
        assert!(found.contains(help), "{text}: {found}");
    }
}

#[test]
fn a_ratio_of_twice_the_same_is_reported_once() {
    let problems = measured("ratio(tops, tops)").expect_err("a list").problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
}

#[test]
fn a_first_without_a_time_is_refused() {
    let options = "buckets = [\"all\"]\nmeasures = { m = \"first(price)\" }";
    let problem = parse(options).expect_err("no time").problems.remove(0);
    assert_eq!(problem.message, "`first(price)` by no time");
}

#[test]
fn buckets_may_be_kept_for_a_while_and_groups_ranked() {
    let model = parse(
        r#"
by = ["geo.country", "labels"]
time = "geo.at"
buckets = ["quarter_hour", "day", "all"]
keep = { quarter_hour = "36h", day = "52w" }
on_ttl_expiry = "keep"
rank_by = "visitors"
rank_within = ["geo.country"]
measures = { visitors = "distinct(visitor)" }"#,
    );
    let model = model.expect("valid");
    let rollup = &model.rollups[0];
    assert_eq!(rollup.keep[&Granularity::QuarterHour], 36 * 3600);
    assert_eq!(rollup.on_ttl_expiry, OnExpiry::Keep);
    assert!(model.needs_ranks());
    assert_eq!(rollup.rank.as_ref().map(|rank| rank.within.clone()), Some(vec![0]));
}

#[test]
fn what_cannot_be_kept_or_ranked_says_why() {
    let cases = [
        ("keep = { hour = \"1d\" }", "`hour` is no bucket of this rollup", "expected one of"),
        ("keep = { all = \"1d\" }", "the bucket `all` never ends", "a bucket that does"),
        ("keep = { day = \"1y\" }", "`1y` is no time to keep a bucket", "such as 90d"),
        ("keep = { day = \"0d\" }", "`0d` is no time to keep a bucket", "such as 90d"),
        ("on_ttl_expiry = \"ignore\"", "`ignore` is nothing that may become", "retract"),
        ("rank_by = \"mean\"", "`mean` is avg(price), which no change adds to", "`n`"),
        ("rank_by = \"m\"", "`m` is no measure of this rollup", "`n`"),
        ("rank_by = \"n\"\nstripes = 2", "`rank_by` with `stripes`", "one of the two"),
        ("rank_by = \"n\"\nrank_within = [\"visitor\"]", "rankings of one group each", "fewer"),
        ("rank_by = \"n\"\nrank_within = [\"x\"]", "`x` is no dimension", "`visitor`"),
        ("rank_within = [\"visitor\"]", "`rank_within` without `rank_by`", "beside it"),
    ];
    for (options, message, help) in cases {
        let text = format!(
            "by = [\"visitor\"]\ntime = \"at\"\nbuckets = [\"day\", \"all\"]\nmeasures = {{ n = \
             \"count\", mean = \"avg(price)\" }}\n{options}"
        );
        let problem = parse(&text).expect_err(options).problems.remove(0);
        assert!(problem.message.contains(message), "{options}: {}", problem.message);
        let found = problem.help.unwrap_or_default();
        assert!(found.contains(help), "{options}: {found}");
    }
}
