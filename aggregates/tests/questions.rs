//! Questions to a rollup: what is planned for good ones, what is said to bad ones.

#[path = "questions/refusals.rs"]
mod refusals;

use jiff::Timestamp;
use weir_model::{Model, Rollup};
use weir_rollups::query::MAX_GROUPS;
use weir_rollups::{Bucket, Fill, Plan, QueryRange, Question, cover};

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
[rollups.kept]
of = "flight"
time = "departure"
buckets = ["hour", "day", "month"]
keep = { hour = "14d", day = "52w" }
time_zone = "Europe/Berlin"
measures = { flights = "count" }
[rollups.monthly]
of = "flight"
time = "departure"
buckets = ["month"]
measures = { flights = "count" }
[rollups.hourly]
of = "flight"
time = "departure"
buckets = ["hour", "day"]
measures = { flights = "count", late = "sum(delay)" }
[rollups.by_minute]
of = "flight"
time = "departure"
buckets = ["minute"]
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
        let parameter = match name {
            "from" => &mut question.from,
            "to" => &mut question.to,
            "every" => &mut question.every,
            "time_zone" => &mut question.time_zone,
            "week_start" => &mut question.week_start,
            "fiscal_year_start" => &mut question.fiscal_year_start,
            "fill" => &mut question.fill,
            "compare" => &mut question.compare,
            "measures" => &mut question.measures,
            _ => {
                question.dimensions.push((name.to_owned(), value));
                continue;
            }
        };
        *parameter = Some(value);
    }
    question
}

fn now() -> Timestamp {
    "2026-11-20T06:40:00Z".parse().expect("valid")
}

fn model() -> Model {
    DEFINITION.parse().expect("valid")
}

fn rollup<'a>(model: &'a Model, name: &str) -> &'a Rollup {
    model.rollup(name).expect("there")
}

fn plan(name: &str, text: &str) -> Result<Plan, String> {
    let model = model();
    Plan::new(&model, rollup(&model, name), &question(text), now())
        .map_err(|error| error.to_string())
}

fn planned(name: &str, text: &str) -> Plan {
    plan(name, text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(name: &str, text: &str) -> String {
    plan(name, text).err().unwrap_or_else(|| panic!("{text}: expected a mistake"))
}

/// The periods of a plan, each as the dates or local times on which it begins and, behind `<`, that
/// which it is compared with.
fn pairs(plan: &Plan) -> Vec<String> {
    let shown = |instant: Timestamp| {
        let text = instant.to_zoned(plan.calendar.zone.clone()).datetime().to_string();
        text.strip_suffix(":00").unwrap_or(&text).replace("T00:00", "")
    };
    let pairs = plan.pairs_from(Timestamp::MIN);
    pairs
        .map(|(period, earlier)| match earlier {
            None => shown(period.start),
            Some(earlier) => format!("{} < {}", shown(period.start), shown(earlier.start)),
        })
        .collect()
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
        let model = model();
        let (plan, rollup) = (planned(rollup, text), model.rollup(rollup).expect("there"));
        let partitions = plan.groups[0].partitions(rollup).expect("short");
        assert_eq!(partitions, [partition], "{text}");
        let keys = |bucket: Option<&Bucket>| bucket.expect("a bucket").key.clone();
        let buckets: Vec<Bucket> = match plan.range.whole() {
            None => vec![Bucket::all()],
            Some(range) => {
                let periods = plan.periods_from(range.start);
                periods.flat_map(|period| cover(rollup, &period, now()).expect(text)).collect()
            }
        };
        let ends = (keys(buckets.first()), keys(buckets.last()));
        assert_eq!((ends.0.as_str(), ends.1.as_str()), sort_keys, "{text}");
    }
}

#[test]
fn a_question_that_cannot_be_answered_says_what_could_be() {
    let group = "origin=TXL&gate=1";
    let cases = [
        ("", "`origin`: missing; the dimensions of `delays` are origin, gate, each is needed"),
        ("origin=TXL", "`gate`: missing; the dimensions"),
        ("origin=TXL&gate=x", "`gate`: expected a decimal number"),
        ("origin=TXL&gate=1&gate=01", "`gate`: `01` twice, expected each value once"),
        ("orgin=TXL&gate=1", "`orgin`: no such dimension; did you mean `origin`?"),
        (
            "{group}&every=weeks",
            "`every`: `weeks`; did you mean `week`? expected minute, quarter_hour, hour, day, \
             week, month, quarter, year, all",
        ),
        ("{group}&from=2026-01-01", "`to`: missing; expected where the range ends"),
        ("{group}&to=2026-01-01", "`from`: missing; expected where the range begins"),
        ("{group}&every=day&from=2026-01-01", "`to`: missing"),
        ("{group}&every=day", "`from`: missing"),
        ("{group}&every=all&from=2026", "`from`: every=all is all time and takes no range"),
        ("{group}&every=day&from=yesterday&to=2026", "`from`: `yesterday` is not a time"),
        ("{group}&every=day&from=1795153254&to=2026", "`from`: `1795153254` is not a time"),
        (
            "{group}&every=day&from=2026-01-01T00:00:00 01:00&to=2026-02",
            "`from`: `2026-01-01T00:00:00 01:00` is not a time; expected a time such as 2026, \
             2026-11, 2026-11-20, 2026-11-20T06:40 or RFC 3339; it has a space where a `+` should \
             be, which a query string writes as `%2B`",
        ),
        ("{group}&from=2016-12-31T23:59:60Z&to=2026", "`from`: `2016-12-31T23:59:60Z` is not a"),
        ("{group}&from=2016-12-31T23:59:60&to=2026", "`from`: `2016-12-31T23:59:60` is not a time"),
        ("{group}&from=20161231T235960&to=2026", "`from`: `20161231T235960` is not a time"),
        (
            "{group}&from=2026-01-01T00:00:00-24:00&to=2026-02",
            "`from`: `2026-01-01T00:00:00-24:00`",
        ),
        ("{group}&from=2026-01-01[Asia/Tokyo]&to=2026-02", "`from`: `2026-01-01[Asia/Tokyo]` is"),
        (
            "{group}&from=2026-01-01T06:00[Asia/Tokyo]&to=2026-02",
            "`from`: `2026-01-01T06:00[Asia/Tokyo]` is not a time",
        ),
        (
            "{group}&every=day&from=2026-02-01&to=2026-01-01",
            "`to`: `2026-01-01`; expected a time after `from`, which is `2026-02-01`",
        ),
        (
            "{group}&every=day&from=2026-01-01&to=2026-01-01",
            "`to`: `2026-01-01`; expected a time after `from`",
        ),
        (
            "{group}&every=month&from=2026-01-15&to=2026-02",
            "`from`: `2026-01-15` is not where a month begins (Europe/Berlin); expected \
             2026-01-01T00:00:00+01:00 or 2026-02-01T00:00:00+01:00",
        ),
        (
            "{group}&every=day&from=2026-01-01T00:00:00Z&to=2026-02",
            "`from`: `2026-01-01T00:00:00Z` is not where a day begins",
        ),
    ];
    for (text, expected) in cases {
        let message = refused("delays", &text.replace("{group}", group));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn a_question_about_several_groups_is_about_every_combination() {
    let plan = planned("delays", "origin=TXL&gate=1&gate=02&origin=SFO");
    let texts: Vec<_> = plan.groups.iter().map(|group| group.texts.join(" ")).collect();
    assert_eq!(texts, ["TXL 1", "TXL 2", "SFO 1", "SFO 2"]);
    let model = model();
    let partitions = plan.groups[3].partitions(rollup(&model, "delays"));
    assert_eq!(partitions, Some(vec!["delays#SFO#2".to_owned()]));
    let many = |count: usize| {
        let gates: Vec<_> = (0..count).map(|gate| format!("gate={gate}&")).collect();
        format!("{}origin=TXL&origin=SFO", gates.concat())
    };
    assert_eq!(planned("delays", &many(MAX_GROUPS / 2)).groups.len(), MAX_GROUPS);
    let message = refused("delays", &many(MAX_GROUPS / 2 + 1));
    assert_eq!(message, "`dimensions`: 102 groups at once, expected 100 or fewer");
}

#[test]
fn every_mistake_is_told_at_once() {
    let message = refused(
        "delays",
        "gate=x&fill=nothing&measures=delay,delays&every=day&from=soon&to=2026-01-02T00:00",
    );
    let told: Vec<_> =
        message.split("; `").map(|part| part.split(':').next().unwrap_or_default()).collect();
    assert_eq!(told, ["`origin`", "gate`", "measures`", "fill`", "from`"], "{message}");
}

#[test]
fn without_a_granularity_a_range_is_one_total() {
    let plan = planned("delays", "origin=TXL&gate=1&from=2026-01-15T06:00&to=2026-03-02");
    let QueryRange::Total(period) = plan.range else { panic!("{:?}", plan.range) };
    assert_eq!(period.start.to_string(), "2026-01-15T05:00:00Z");
    assert_eq!(period.end.to_string(), "2026-03-01T23:00:00Z");
    assert_eq!(plan.periods_from(Timestamp::MIN).collect::<Vec<_>>(), [period]);
    assert_eq!(plan.periods_from(period.end).count(), 0);
    assert_eq!(planned("total", "").range, QueryRange::AllTime);
}

#[test]
fn a_series_is_cut_by_the_calendar_that_is_asked_for() {
    let starts = |text: &str| pairs(&planned("hourly", text));
    assert_eq!(
        starts("every=week&week_start=sunday&from=2026-11-01&to=2026-11-15"),
        ["2026-11-01", "2026-11-08"]
    );
    assert_eq!(
        starts("every=quarter&fiscal_year_start=february&from=2025-11&to=2026-05"),
        ["2025-11-01", "2026-02-01"]
    );
    assert_eq!(
        starts("every=year&fiscal_year_start=april&from=2025-04&to=2026-04"),
        ["2025-04-01"]
    );
    let plan =
        planned("hourly", "every=day&time_zone=america/new_york&from=2026-03-08&to=2026-03-10");
    assert_eq!(pairs(&plan), ["2026-03-08", "2026-03-09"]);
    assert_eq!(plan.calendar.zone_name, "America/New_York");
    let first = plan.periods_from(Timestamp::MIN).next().expect("a period");
    assert_eq!(first.start.to_string(), "2026-03-08T05:00:00Z");
    assert_eq!(first.end.to_string(), "2026-03-09T04:00:00Z");
}

#[test]
fn a_series_goes_on_where_a_page_ended() {
    let plan = planned("hourly", "every=day&from=2026-03-01&to=2026-04-01&compare=previous_period");
    let all: Vec<_> = plan.pairs_from(Timestamp::MIN).collect();
    assert_eq!(all.len(), 31);
    for position in [0, 7, 30] {
        let rest: Vec<_> = plan.pairs_from(all[position].0.start).collect();
        assert_eq!(rest, all[position..]);
        let (period, _) = all[position];
        let periods: Vec<_> = plan.periods_from(period.start).collect();
        assert_eq!(periods.len(), 31 - position);
    }
    assert_eq!(plan.pairs_from(all[30].0.end).count(), 0);
}

#[test]
fn what_is_compared_is_as_long_or_a_year_earlier() {
    let cases = [
        (
            "every=month&from=2026-01&to=2026-03&compare=previous_period",
            "2026-01-01 < 2025-11-01|2026-02-01 < 2025-12-01",
        ),
        (
            "every=day&from=2026-01-02&to=2026-01-04&compare=previous_period",
            "2026-01-02 < 2025-12-31|2026-01-03 < 2026-01-01",
        ),
        (
            "every=week&from=2026-03-02&to=2026-03-16&compare=previous_period",
            "2026-03-02 < 2026-02-16|2026-03-09 < 2026-02-23",
        ),
        (
            "every=week&from=2026-03-02&to=2026-03-09&compare=previous_year",
            "2026-03-02 < 2025-03-03",
        ),
        (
            "every=hour&from=2026-03-02T06:00&to=2026-03-02T08:00&compare=previous_period",
            "2026-03-02T06:00 < 2026-03-02T04:00|2026-03-02T07:00 < 2026-03-02T05:00",
        ),
        (
            "every=hour&from=2026-03-02T06:00&to=2026-03-02T07:00&compare=previous_year",
            "2026-03-02T06:00 < 2025-03-02T06:00",
        ),
        (
            "every=quarter&from=2026-01&to=2026-07&compare=previous_year",
            "2026-01-01 < 2025-01-01|2026-04-01 < 2025-04-01",
        ),
        // A leap year has a day that the year before has not.
        (
            "every=day&from=2028-02-28&to=2028-03-02&compare=previous_year",
            "2028-02-28 < 2027-02-28|2028-02-29|2028-03-01 < 2027-03-01",
        ),
        (
            "every=day&from=2028-02-28&to=2028-02-29&compare=previous_year",
            "2028-02-28 < 2027-02-28",
        ),
        ("from=2026-01-31&to=2026-03-02&compare=previous_period", "2026-01-31 < 2026-01-01"),
        ("from=2026-03&to=2026-04&compare=previous_period", "2026-03-01 < 2026-01-29"),
        ("from=2026-03&to=2026-04&compare=previous_month", "2026-03-01 < 2026-02-01"),
        // A day of 23 hours is compared with one of 24.
        (
            "every=day&time_zone=Europe/Berlin&from=2026-03-29&to=2026-03-30\
             &compare=previous_period",
            "2026-03-29 < 2026-03-28",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(pairs(&planned("hourly", text)).join("|"), expected, "{text}");
    }
    assert_eq!(
        refused("total", "compare=previous_year"),
        "`compare`: all time has nothing before it; expected from and to"
    );
}

#[test]
fn measures_and_fills_are_chosen() {
    let plan = planned(
        "hourly",
        "measures=late,flights&fill=previous&every=day&from=2026-01-01&to=2026-01-02",
    );
    assert_eq!((plan.measures, plan.fill), (vec![1, 0], Fill::Previous));
    let plan = planned("total", "");
    assert_eq!((plan.measures, plan.fill), (vec![0], Fill::None));
}

#[test]
fn the_last_years_that_calendars_hold_may_be_asked_for() {
    planned("hourly", "every=year&from=9998&to=9999");
    planned("hourly", "every=month&from=9999-01&to=9999-12");
    let told = refused("hourly", "every=year&from=9998&to=9999-02");
    assert_eq!(told, "`to`: `9999-02` is beyond the years 0000 to 9999");
}

#[test]
fn a_value_that_no_key_can_have_is_told_with_its_length() {
    let long = "x".repeat(2_049);
    assert_eq!(
        refused("by_stop", &format!("origin={long}&stops=1")),
        "`origin`: a value of 2049 bytes; expected those of all dimensions to make a partition key \
         of 2048 bytes or fewer"
    );
}
