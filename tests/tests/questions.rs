//! Questions in any calendar, answered by the reader from what the processor keeps, against a
//! recount of the items.
//!
//! A history of visits around changes of the clock is absorbed in batches, some of them twice. Then
//! random questions are asked: any zone of a few, any period, totals and series, of one site or of
//! all. The oracle counts the visits that are left, by dates of its own.

mod budgets;
mod oracle;
mod visits;

use fastrand::Rng;
use serde_json::{Value, json};
use weir_query::{RollupAnswer, RollupQuery};
use weir_rollups::Question;

use self::oracle::{Calendar, EVERY, expected, is_close};
use self::visits::{SITES, Site};

/// The measures that need no rows: their series may be long.
const LEAN: &str = "visits,with_price,revenue,mean,spread,by_status,sizes,rate";
/// How many questions are asked of each history.
const QUESTIONS: usize = 40;

async fn answered(site: &Site, question: &Question, limit: u32) -> (Vec<Value>, Vec<RollupAnswer>) {
    let (mut points, mut pages, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let query = RollupQuery::new("visits", question.clone()).limit(limit).after(cursor);
        let answer = site.engine().answer(&query).await;
        let answer = answer.unwrap_or_else(|error| panic!("{question:?}: {error}"));
        points.extend(answer.points.clone().into_iter().flatten().map(Value::Object));
        cursor = answer.page.cursor.clone();
        pages.push(answer);
        if cursor.is_none() {
            return (points, pages);
        }
    }
}

fn question(
    site: &str,
    calendar: &Calendar,
    every: Option<&str>,
    from: &str,
    to: &str,
) -> Question {
    Question {
        dimensions: vec![("site".to_owned(), site.to_owned())],
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
        every: every.map(str::to_owned),
        time_zone: Some(calendar.zone.to_owned()),
        week_start: Some(calendar.week_start.to_owned()),
        fiscal_year_start: Some(calendar.fiscal_year_start.to_owned()),
        ..Question::default()
    }
}

/// Compares points with what they must be, measure by measure.
fn compare(question: &Question, points: &[Value], expected: &[Value]) {
    let when = |point: &Value| (point["start"].clone(), point["end"].clone());
    assert_eq!(
        points.iter().map(when).collect::<Vec<_>>(),
        expected.iter().map(when).collect::<Vec<_>>(),
        "{question:?}"
    );
    for (point, expected) in points.iter().zip(expected) {
        for (name, value) in point.as_object().expect("a point") {
            let must_be = &expected[name];
            let is_right = match name.as_str() {
                "median" | "p95" => is_close(value, must_be),
                _ => value == must_be,
            };
            assert!(is_right, "{question:?}\n{name}: {value}, expected {must_be}\n{point}");
        }
    }
}

async fn check(seed: u64, stripes: u16) {
    let mut rng = Rng::with_seed(seed);
    let site = Site::with_history(&mut rng, stripes).await;
    for number in 0..QUESTIONS {
        let calendar = Calendar::random(&mut rng);
        let name = SITES[rng.usize(..SITES.len())];
        let every = EVERY[rng.usize(..EVERY.len())];
        let (from, to) = calendar.range(&mut rng, every);
        let mut asked = question(name, &calendar, every, &from, &to);
        let is_lean = rng.bool();
        asked.measures = is_lean.then(|| LEAN.to_owned());
        let limit = if rng.bool() { 7 } else { 1_000 };
        let (points, pages) = answered(&site, &asked, limit).await;
        let expected = expected(site.visits(name), &calendar, every, &from, &to);
        compare(&asked, &points, &expected);
        assert!(
            pages.iter().all(|answer| answer.page.error_bounds.is_empty() == is_lean),
            "question {number} of {seed}"
        );
    }
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_is_answered_as_a_recount_answers_it() {
    for seed in 0..3 {
        check(seed, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_it_is_where_groups_are_spread_over_stripes() {
    check(100, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_time_is_every_visit() {
    let mut rng = Rng::with_seed(7);
    let site = Site::with_history(&mut rng, 1).await;
    let dimensions = vec![("site".to_owned(), SITES[0].to_owned())];
    let asked = Question { dimensions, ..Question::default() };
    let (points, pages) = answered(&site, &asked, 10).await;
    let visits = site.visits(SITES[0]);
    let mut all = oracle::measured(&visits);
    (all["start"], all["end"]) = (Value::Null, Value::Null);
    compare(&asked, &points, &[all]);
    assert_eq!(pages[0].every.as_deref(), Some("all"));
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_years_are_a_few_dozen_items_however_odd_their_ends() {
    let mut rng = Rng::with_seed(8);
    let site = Site::with_history(&mut rng, 1).await;
    let utc = Calendar::in_zone("UTC");
    for (from, to) in [("2017", "2027"), ("2017-02-03", "2027-01-30"), ("2016-12-31", "2026-12-31")]
    {
        let mut asked = question(SITES[0], &utc, None, from, to);
        asked.measures = Some(LEAN.to_owned());
        let (points, pages) = answered(&site, &asked, 10).await;
        compare(&asked, &points, &expected(site.visits(SITES[0]), &utc, None, from, to));
        let items_read = pages[0].page.items_read;
        assert!(items_read <= 92, "{from} to {to}: {items_read}");
    }
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gaps_of_the_earlier_range_are_filled_as_those_of_the_range_are() {
    let mut rng = Rng::with_seed(10);
    let site = Site::with_history(&mut rng, 1).await;
    let utc = Calendar::in_zone("UTC");
    let earlier = ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];
    let own = |range: &[&str]| {
        let month = expected(site.visits(SITES[0]), &utc, None, range[0], range[1]);
        month.first().map(|point| (point["revenue"].clone(), point["visits"].clone()))
    };
    let own: Vec<_> = earlier.windows(2).map(own).collect();
    assert!(own[0].is_some() && own[1..3] == [None, None], "months without visits: {own:?}");
    for fill in ["zero", "null", "previous"] {
        let mut asked = question(SITES[0], &utc, Some("month"), "2026-11", "2027-05");
        asked.compare = Some("previous_year".to_owned());
        asked.fill = Some(fill.to_owned());
        asked.measures = Some("revenue,visits".to_owned());
        let (points, _) = answered(&site, &asked, 100).await;
        assert_eq!(points.len(), own.len());
        let mut last = (Value::Null, Value::Null);
        for (point, own) in points.iter().zip(&own) {
            let must_be = match (own, fill) {
                (Some(own), _) => own.clone(),
                (None, "previous") => last.clone(),
                (None, "zero") => (json!(0), json!(0)),
                (None, _) => (Value::Null, Value::Null),
            };
            let previous = &point["previous"];
            assert_eq!(
                (previous["revenue"].clone(), previous["visits"].clone()),
                must_be,
                "{fill}: {point}"
            );
            last = must_be;
        }
        let (in_pages, pages) = answered(&site, &asked, 1).await;
        assert_eq!((in_pages, pages.len()), (points, own.len()), "{fill}, a point a page");
    }
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_groups_gaps_and_earlier_periods_are_answered_at_once() {
    let mut rng = Rng::with_seed(9);
    let site = Site::with_history(&mut rng, 1).await;
    let berlin = Calendar::in_zone("Europe/Berlin");
    let mut asked = question(SITES[0], &berlin, Some("month"), "2026-02", "2026-06");
    asked.dimensions.push(("site".to_owned(), SITES[1].to_owned()));
    asked.compare = Some("previous_period".to_owned());
    asked.fill = Some("zero".to_owned());
    asked.measures = Some("revenue,visits".to_owned());
    let query = RollupQuery::new("visits", asked).limit(100);
    let answer = site.engine().answer(&query).await.expect("answered");
    let groups = answer.groups.expect("two groups");
    assert_eq!((groups.len(), answer.points), (2, None));
    for (group, name) in groups.iter().zip(SITES) {
        assert_eq!(group.dimensions["site"], json!(name));
        assert_eq!(group.points.len(), 4, "gaps are filled");
        let months = ["2026-02", "2026-03", "2026-04", "2026-05", "2026-06"];
        let earlier = ["2025-10", "2025-11", "2025-12", "2026-01", "2026-02"];
        let of = |range: &[&str]| {
            let month = expected(site.visits(name), &berlin, None, range[0], range[1]);
            month.into_iter().next().map_or((json!(0), json!(0)), |point| {
                (point["revenue"].clone(), point["visits"].clone())
            })
        };
        for (point, (now, before)) in
            group.points.iter().zip(months.windows(2).zip(earlier.windows(2)))
        {
            let (revenue, visits) = of(now);
            let (old_revenue, old_visits) = of(before);
            assert_eq!((&point["revenue"], &point["visits"]), (&revenue, &visits), "{now:?}");
            let previous = &point["previous"];
            assert_eq!((&previous["revenue"], &previous["visits"]), (&old_revenue, &old_visits));
            let number = |value: &Value| value.as_f64().expect("a number");
            let change = number(&visits) - number(&old_visits);
            assert_eq!(number(&point["change"]["visits"]), change, "{now:?}");
            assert_eq!(point.get("filled").is_some(), visits == json!(0), "{now:?}");
        }
    }
    site.end().await;
}
