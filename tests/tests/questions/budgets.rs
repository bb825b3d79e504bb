//! Questions within any budget of reads: the points of all pages are those of a recount, or the
//! question is rejected.

use fastrand::Rng;
use serde_json::{Value, json};
use weir_query::{QueryEngine, QueryError, RollupQuery};
use weir_rollups::Question;
use weir_table::{Budget, MB, Reads};

use super::oracle::{Calendar, EVERY, expected};
use super::visits::{SITES, Site};
use super::{LEAN, compare, question};

const QUESTIONS: usize = 12;
/// The reads that an answer leaves to the state of the rollups.
const STATE_READS: u64 = 6;

/// The points of each group over all pages, and how many pages they are; or why there is no answer.
/// Each page reads no more than the limits.
async fn answered(
    site: &Site,
    question: &Question,
    limits: Reads,
    limit: u32,
) -> Result<(Vec<Vec<Value>>, usize), String> {
    let (mut groups, mut cursor) = (Vec::new(), None);
    for pages in 1.. {
        let budget = Budget::new(limits);
        let engine = QueryEngine::new(&site.table, &site.rollups.with_budget(&budget));
        let query = RollupQuery::new("visits", question.clone()).limit(limit);
        let answer = engine.answer(&query.after(cursor.clone())).await;
        let spent = budget.spent();
        assert!(spent.reads <= limits.reads && spent.bytes <= limits.bytes, "{spent:?}");
        let answer = match answer {
            Ok(answer) => answer,
            Err(QueryError::TooMuch(error)) => return Err(error.to_string()),
            Err(error) => panic!("{question:?}: {error}"),
        };
        let of_page = match (answer.points, answer.groups) {
            (Some(points), _) => vec![points],
            (None, groups) => groups.into_iter().flatten().map(|group| group.points).collect(),
        };
        groups.resize(of_page.len(), Vec::new());
        for (all, points) in groups.iter_mut().zip(of_page) {
            all.extend(points.into_iter().map(Value::Object));
        }
        if answer.page.cursor.is_none() {
            return Ok((groups, pages));
        }
        assert_ne!(answer.page.cursor, cursor, "a page gets on");
        cursor = answer.page.cursor;
    }
    unreachable!("an answer has an end")
}

fn limits(rng: &mut Rng) -> Reads {
    let reads = if rng.bool() { rng.u64(STATE_READS + 1..30) } else { rng.u64(30..300) };
    Reads { reads, bytes: rng.u64(1..20) * MB }
}

async fn check(seed: u64, stripes: u16) -> (usize, usize) {
    let mut rng = Rng::with_seed(seed);
    let site = Site::with_history(&mut rng, stripes).await;
    let (mut paged, mut rejected) = (0, 0);
    for _ in 0..QUESTIONS {
        let calendar = Calendar::random(&mut rng);
        let name = SITES[rng.usize(..SITES.len())];
        let every = EVERY[rng.usize(..EVERY.len())];
        let (from, to) = calendar.range(&mut rng, every);
        let mut asked = question(name, &calendar, every, &from, &to);
        asked.measures = rng.bool().then(|| LEAN.to_owned());
        let (limits, limit) = (limits(&mut rng), rng.u32(20..400));
        match answered(&site, &asked, limits, limit).await {
            Ok((points, pages)) => {
                paged += usize::from(pages > 1);
                let expected = expected(site.visits(name), &calendar, every, &from, &to);
                compare(&asked, &points[0], &expected);
            }
            Err(message) => {
                assert!(limits.reads < 1_000, "{message}");
                assert!(message.contains("expected"), "{message}");
                rejected += 1;
            }
        }
    }
    site.end().await;
    (paged, rejected)
}

#[tokio::test(flavor = "multi_thread")]
async fn points_within_any_budget_are_those_of_a_recount() {
    let (mut paged, mut rejected) = (0, 0);
    for (seed, stripes) in [(200, 1), (201, 4), (202, 16)] {
        let (more_paged, more_rejected) = check(seed, stripes).await;
        paged += more_paged;
        rejected += more_rejected;
    }
    assert!(paged > 0 && rejected > 0, "{paged} in several pages, {rejected} rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_gaps_and_earlier_periods_are_the_same_within_any_budget() {
    let mut rng = Rng::with_seed(203);
    for stripes in [1, 3] {
        let site = Site::with_history(&mut rng, stripes).await;
        let utc = Calendar::in_zone("UTC");
        let (mut paged, mut rejected) = (0, 0);
        for _ in 0..QUESTIONS {
            let every = ["day", "week", "month"][rng.usize(..3)];
            let mut asked = question(SITES[0], &utc, Some(every), "2026-01-05", "2026-03-30");
            if every == "month" {
                (asked.from, asked.to) = (Some("2025-11".into()), Some("2026-06".into()));
            }
            asked.dimensions.push(("site".to_owned(), SITES[1].to_owned()));
            let compares = [None, Some("previous_period"), Some("previous_year")];
            asked.compare = compares[rng.usize(..3)].map(str::to_owned);
            let fills = [None, Some("zero"), Some("null"), Some("previous")];
            asked.fill = fills[rng.usize(..4)].map(str::to_owned);
            asked.measures =
                Some(["visits,revenue", "visits,least,dearest"][rng.usize(..2)].into());
            let whole = Reads { reads: u64::MAX, bytes: u64::MAX };
            let (expected, _) = answered(&site, &asked, whole, 10_000).await.expect("an answer");
            let (limits, limit) = (limits(&mut rng), rng.u32(2..200));
            match answered(&site, &asked, limits, limit).await {
                Ok((points, pages)) => {
                    paged += usize::from(pages > 1);
                    assert_eq!(json!(points), json!(expected), "{asked:?} within {limits:?}");
                }
                Err(message) => {
                    assert!(message.contains("expected"), "{message}");
                    rejected += 1;
                }
            }
        }
        assert!(paged > 0 && rejected > 0, "{paged} in several pages, {rejected} rejected");
        site.end().await;
    }
}
