//! What answers must be: visits counted one by one, in periods that are made of civil dates alone.

use std::collections::{BTreeMap, BTreeSet};

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};
use fastrand::Rng;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

pub(crate) const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Asia/Tokyo",
];
/// What may be asked for: a total, or a series of these.
pub(crate) const EVERY: [Option<&str>; 6] =
    [None, Some("day"), Some("week"), Some("month"), Some("quarter"), Some("year")];
const WEEKDAYS: [(&str, Weekday); 3] =
    [("monday", Weekday::Monday), ("sunday", Weekday::Sunday), ("saturday", Weekday::Saturday)];
const MONTHS: [(&str, i8); 3] = [("january", 1), ("april", 4), ("july", 7)];

/// A calendar, in the words of a question.
pub(crate) struct Calendar {
    pub(crate) zone: &'static str,
    pub(crate) week_start: &'static str,
    pub(crate) fiscal_year_start: &'static str,
}

impl Calendar {
    pub(crate) fn in_zone(zone: &'static str) -> Self {
        Self { zone, week_start: "monday", fiscal_year_start: "january" }
    }

    pub(crate) fn random(rng: &mut Rng) -> Self {
        Self {
            zone: ZONES[rng.usize(..ZONES.len())],
            week_start: WEEKDAYS[rng.usize(..WEEKDAYS.len())].0,
            fiscal_year_start: MONTHS[rng.usize(..MONTHS.len())].0,
        }
    }

    /// A range of whole periods.
    pub(crate) fn range(&self, rng: &mut Rng, every: Option<&str>) -> (String, String) {
        let longest = match every {
            Some("day" | "week") => 60,
            _ => 800,
        };
        let start: Date = "2025-09-01".parse().expect("a date");
        let from = self.first(every, start.checked_add(rng.i32(0..420).days()).expect("a date"));
        let later = from.checked_add((1 + rng.i32(0..longest)).days()).expect("a date");
        let to = self.first(every, later);
        let to = if to > from { to } else { self.next(every, from) };
        (from.to_string(), to.to_string())
    }

    /// The first date of the period that a date is in.
    fn first(&self, every: Option<&str>, date: Date) -> Date {
        let weekday = WEEKDAYS.iter().find(|(name, _)| *name == self.week_start).expect("known").1;
        let month =
            MONTHS.iter().find(|(name, _)| *name == self.fiscal_year_start).expect("known").1;
        let mut first = date;
        let begins = |date: Date| match every {
            None | Some("day") => true,
            Some("week") => date.weekday() == weekday,
            Some("month") => date.day() == 1,
            Some("quarter") => date.day() == 1 && (date.month() - month).rem_euclid(3) == 0,
            _ => date.day() == 1 && date.month() == month,
        };
        while !begins(first) {
            first = first.yesterday().expect("a date");
        }
        first
    }

    fn next(&self, every: Option<&str>, first: Date) -> Date {
        let mut date = first.tomorrow().expect("a date");
        while self.first(every, date) == first {
            date = date.tomorrow().expect("a date");
        }
        date
    }

    fn midnight(&self, date: Date) -> Timestamp {
        let zone = TimeZone::get(self.zone).expect("a zone");
        date.to_zoned(zone).expect("a time").timestamp()
    }

    fn shown(&self, instant: Timestamp) -> String {
        let zone = TimeZone::get(self.zone).expect("a zone");
        match self.zone {
            "UTC" => instant.to_string(),
            _ => instant.display_with_offset(zone.to_offset(instant)).to_string(),
        }
    }
}

/// The points of a question about these visits.
pub(crate) fn expected(
    visits: Vec<Value>,
    calendar: &Calendar,
    every: Option<&str>,
    from: &str,
    to: &str,
) -> Vec<Value> {
    let (mut first, to) = (date(from), date(to));
    let mut points = Vec::new();
    while first < to {
        let next = if every.is_none() { to } else { calendar.next(every, first) };
        let (start, end) = (calendar.midnight(first), calendar.midnight(next));
        let within = |visit: &&Value| {
            let at: Timestamp = visit["at"].as_str().expect("a time").parse().expect("a time");
            start <= at && at < end
        };
        let within: Vec<Value> = visits.iter().filter(within).cloned().collect();
        if !within.is_empty() {
            let mut point = measured(&within);
            point["start"] = json!(calendar.shown(start));
            point["end"] = json!(calendar.shown(end));
            points.push(point);
        }
        first = next;
    }
    points
}

fn date(text: &str) -> Date {
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    padded.parse().expect("a date")
}

/// Every measure of some visits.
pub(crate) fn measured(visits: &[Value]) -> Value {
    let prices: Vec<BigDecimal> =
        visits.iter().filter_map(|visit| decimal(&visit["price"])).collect();
    let sum: BigDecimal = prices.iter().sum();
    let count = BigDecimal::from(u64::try_from(visits.len()).expect("few"));
    let of_prices = BigDecimal::from(u64::try_from(prices.len()).expect("few"));
    let mean = (!prices.is_empty()).then(|| rounded(&sum / &of_prices, 8));
    let status = |name: &str| visits.iter().filter(|visit| visit["status"] == name).count();
    let between = |from: Option<&str>, to: Option<&str>| {
        let edge =
            |text: Option<&str>| text.map(|text| text.parse::<BigDecimal>().expect("a number"));
        let (low, high) = (edge(from), edge(to));
        let is_in = |price: &&BigDecimal| {
            low.as_ref().is_none_or(|low| low <= *price)
                && high.as_ref().is_none_or(|high| *price < high)
        };
        let edge = |text: Option<&str>| {
            text.map_or(Value::Null, |text| serde_json::from_str(text).expect("a number"))
        };
        json!({ "from": edge(from), "to": edge(to), "count": prices.iter().filter(is_in).count() })
    };
    let texts = |name: &str| {
        visits.iter().filter_map(|visit| visit[name].as_str()).collect::<BTreeSet<_>>()
    };
    let mut by_price: BTreeMap<BigDecimal, usize> = BTreeMap::new();
    prices.iter().for_each(|price| *by_price.entry(price.normalized()).or_default() += 1);
    let dearest: Vec<_> = by_price
        .iter()
        .rev()
        .take(2)
        .map(|(price, count)| json!({ "value": number(price), "count": count }))
        .collect();
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in visits.iter().filter_map(|visit| visit["tags"].as_array()).flatten() {
        *tags.entry(tag.as_str().expect("text")).or_default() += 1;
    }
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let frequent: Vec<_> = tags
        .into_iter()
        .take(2)
        .map(|(tag, count)| json!({ "value": tag, "count": count }))
        .collect();
    let at = |visit: &&Value| {
        visit["at"].as_str().expect("a time").parse::<Timestamp>().expect("a time")
    };
    let opening =
        visits.iter().filter_map(|visit| Some((at(&visit), decimal(&visit["price"])?))).min();
    let closing =
        visits.iter().map(|visit| (at(&visit), visit["visitor"].as_str().expect("text"))).max();
    let mut latencies: Vec<i64> =
        visits.iter().filter_map(|visit| visit["latency"].as_i64()).collect();
    latencies.sort_unstable();
    let at_rank = |percent: usize| json!(latencies[(latencies.len() * percent).div_ceil(100) - 1]);
    json!({
        "visits": visits.len(),
        "with_price": prices.len(),
        "revenue": number(&sum),
        "mean": mean.as_ref().map(number),
        "spread": stddev(&latencies),
        "by_status": { "new": status("new"), "old": status("old") },
        "sizes": [between(None, Some("0")), between(Some("0"), Some("10.5")), between(Some("10.5"),
        None)],
        "rate": number(&rounded(&sum / &count, 6)),
        "least": prices.iter().min().map(number),
        "most": texts("visitor").last(),
        "dearest": dearest,
        "visitors": texts("visitor").len(),
        "frequent": frequent,
        "opening": opening.map(|(_, price)| number(&price)),
        "closing": closing.map(|(_, visitor)| visitor),
        "median": at_rank(50),
        "p95": at_rank(95),
    })
}

/// The standard deviation of a sample, to six places.
fn stddev(values: &[i64]) -> Value {
    if values.len() < 2 {
        return Value::Null;
    }
    let count = BigDecimal::from(u64::try_from(values.len()).expect("few"));
    let sum: BigDecimal = values.iter().map(|value| BigDecimal::from(*value)).sum();
    let mean = sum / &count;
    let squares: BigDecimal =
        values.iter().map(|value| (BigDecimal::from(*value) - &mean).square()).sum();
    let variance: BigDecimal = squares / (count - BigDecimal::from(1));
    number(&rounded(variance.sqrt().unwrap_or_else(BigDecimal::zero), 6))
}

fn decimal(value: &Value) -> Option<BigDecimal> {
    (!value.is_null()).then(|| value.to_string().parse().expect("a number"))
}

fn rounded(number: BigDecimal, places: i64) -> BigDecimal {
    number.with_scale_round(places, RoundingMode::HalfEven)
}

/// A number as answers have it.
fn number(number: &BigDecimal) -> Value {
    serde_json::from_str(&number.normalized().to_plain_string()).expect("a number")
}

/// Whether an estimate is within one percent.
pub(crate) fn is_close(estimate: &Value, exact: &Value) -> bool {
    let number = |value: &Value| decimal(value).and_then(|number| number.to_f64());
    match number(estimate).zip(number(exact)) {
        Some((estimate, exact)) => (estimate - exact).abs() <= 0.01 * exact.abs(),
        None => estimate == exact,
    }
}
