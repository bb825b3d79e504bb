//! Ranks over HTTP, compared with a sorted recount: ties, updates and deletions, pages, neighbours.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use weir_model::Entity;
use weir_rollups::Image;
use weir_table::{MB, Reads};
use weir_testing::fixture::fixture;
use weir_testing::{changes, json};

use crate::http::shop::{Shop, problem};

/// The paths of the two leagues in one month.
const MONTH: &str = "every=month&from=2026-11";

/// Numbers that look random, and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A shop whose matches are counted as if they came through the stream.
struct Game {
    shop: Shop,
    sequence: usize,
    matches: BTreeMap<usize, Value>,
}

/// What a group should be answered with: how many matches, and how many tenths of points.
type Recount = BTreeMap<String, (i64, i64)>;

impl Game {
    async fn play(players: usize) -> Self {
        let shop = Shop::with_definition(&fixture("game")).await;
        let mut game = Self { shop, sequence: 100, matches: BTreeMap::new() };
        let mut numbers = Numbers(7);
        let mut changes = Vec::new();
        for id in 0..players * 2 {
            changes.push((id, Some(Self::drawn(id, players, &mut numbers))));
        }
        game.change(std::mem::take(&mut changes)).await;
        // Some have other points later, or none; some players have no matches any more.
        for id in 0..players * 2 {
            match (id % players % 12, numbers.below(3)) {
                (0, _) => changes.push((id, None)),
                (_, 0) => changes.push((id, Some(Self::drawn(id, players, &mut numbers)))),
                _ => {}
            }
        }
        game.change(changes).await;
        game
    }

    /// A match of one of the players, in one of few leagues and with few different points, so that
    /// there are ties.
    fn drawn(id: usize, players: usize, numbers: &mut Numbers) -> Value {
        let league = if (id % players).is_multiple_of(5) { "a#1" } else { "b%23" };
        let points = i64::try_from(numbers.below(60)).expect("a small number") - 20;
        let points: Value =
            serde_json::from_str(&format!("{}.{}", points, if points == 0 { 0 } else { 5 }))
                .expect("a number");
        json!({ "id": id.to_string(), "league": league, "player": format!("p{:03}#", id % players),
            "at": "2026-11-20T06:40:00Z",
            "points": points, "weapon": format!("w{}", numbers.below(3)) })
    }

    async fn change(&mut self, changes: Vec<(usize, Option<Value>)>) {
        let model = self.shop.table.model().clone();
        let entity: &Entity = model.entity("match").expect("it is defined");
        let item = |row: &Value| json::item(entity, row);
        let mut folded = Vec::new();
        for (id, row) in changes {
            let new = row.as_ref().map(item);
            let old = match &row {
                Some(row) => self.matches.insert(id, row.clone()),
                None => self.matches.remove(&id),
            };
            let image = match (old.as_ref().map(item), new) {
                (None, Some(new)) => Image::Insert { new },
                (Some(old), Some(new)) => Image::Modify { old, new },
                (Some(old), None) => Image::Remove { old, expired: false },
                (None, None) => continue,
            };
            self.sequence += 1;
            folded.push(changes::change(self.sequence, image));
        }
        changes::count(&model, &self.shop.rollups, &folded).await;
    }

    /// What the players of a league have.
    fn recount(&self, league: &str) -> Recount {
        let mut recount = Recount::new();
        for row in self.matches.values().filter(|row| row["league"] == league) {
            let (matches, tenths) = recount.entry(text(&row["player"])).or_default();
            *matches += 1;
            *tenths += tenths_of(&row["points"]);
        }
        recount
    }

    async fn get(&self, query: &str) -> Value {
        let reply = self.shop.get(&format!("/rollups/scores/ranks?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.text);
        reply.json()
    }

    /// All pages of so many ranks.
    async fn pages(&self, query: &str, limit: usize) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{query}&limit={limit}{cursor}")).await;
            let page = answer["ranks"].as_array().expect("ranks").clone();
            assert!(page.len() <= limit);
            rows.extend(page);
            match answer["cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    async fn refused(&self, path: &str) -> String {
        let reply = self.shop.get(path).await;
        assert_eq!(reply.problem(), problem(400, "bad-query"), "{path}: {}", reply.text);
        let errors = reply.json()["errors"].as_array().expect("errors").clone();
        let shown = errors
            .iter()
            .map(|error| format!("{}: {}", text(&error["field"]), text(&error["message"])));
        shown.collect::<Vec<_>>().join("; ")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn tenths_of(points: &Value) -> i64 {
    (points.as_f64().expect("a number") * 10.0).round() as i64
}

/// The rank of each player.
fn ranks(recount: &Recount, descending: bool) -> BTreeMap<String, usize> {
    let is_better = |left: i64, right: i64| if descending { left > right } else { left < right };
    let rank =
        |tenths: i64| 1 + recount.values().filter(|(_, other)| is_better(*other, tenths)).count();
    recount.iter().map(|(player, (_, tenths))| (player.clone(), rank(*tenths))).collect()
}

/// Each row is what the recount says; all are in order.
fn check(rows: &[Value], recount: &Recount, descending: bool) {
    let ranks = ranks(recount, descending);
    for row in rows {
        let player = text(&row["dimensions"]["player"]);
        let (matches, tenths) = recount[&player];
        assert_eq!((&row["matches"], tenths_of(&row["score"])), (&json!(matches), tenths), "{row}");
        assert_eq!(row["rank"], json!(ranks[&player]), "{row}");
    }
    assert!(rows.is_sorted_by_key(|row| row["rank"].as_u64()));
    let players: BTreeSet<_> = rows.iter().map(|row| text(&row["dimensions"]["player"])).collect();
    assert_eq!(players.len(), rows.len(), "each player once");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_are_those_of_a_sorted_recount() {
    let game = Game::play(200).await;
    for (league, encoded) in [("a#1", "a%231"), ("b%23", "b%2523")] {
        let recount = game.recount(league);
        assert!(recount.len() > 30, "players");
        for (order, descending) in [("desc", true), ("asc", false)] {
            for bucket in [MONTH, "every=all"] {
                let query =
                    format!("{bucket}&league={encoded}&order={order}&measures=score,matches");
                let rows = game.pages(&query, 11).await;
                check(&rows, &recount, descending);
                assert_eq!(rows.len(), recount.len(), "{query}");
            }
        }
        let query = format!("{MONTH}&league={encoded}");
        let answer = game.get(&query).await;
        assert_eq!(answer["ranks"].as_array().map(Vec::len), Some(10));
        assert_eq!(answer["within"], json!({ "league": league }));
        assert_eq!((&answer["every"], &answer["ranked_by"]), (&json!("month"), &json!("score")));
        assert_eq!(
            (&answer["start"], &answer["end"]),
            (&json!("2026-11-01T00:00:00Z"), &json!("2026-12-01T00:00:00Z"))
        );
        assert_eq!(answer["freshness"], "2026-11-20T05:40:54Z");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_of_rows_is_told_of_each_rank() {
    let game = Game::play(20).await;
    let answer = game.shop.get("/rollups/armed/ranks").await.json();
    let rows = answer["ranks"].as_array().expect("ranks");
    assert!(rows.is_sorted_by_key(|row| -row["different"].as_i64().expect("a number")));
    for row in rows {
        let of = |name: &str| {
            let player = &row["dimensions"]["player"];
            let mine = game
                .matches
                .values()
                .filter(|one| one["player"] == *player && one["league"] == "a#1");
            mine.map(|one| one[name].clone()).collect::<Vec<_>>()
        };
        let weapons: BTreeSet<_> = of("weapon").iter().map(text).collect();
        assert_eq!(
            (&row["different"], row["weapons"].as_array().map(Vec::len)),
            (&json!(weapons.len()), Some(weapons.len().min(2))),
            "{row}"
        );
        assert_eq!(
            of("points").iter().map(tenths_of).max(),
            Some(tenths_of(&row["best"])),
            "{row}"
        );
    }
    let players: BTreeSet<_> = game.recount("a#1").into_keys().collect();
    assert_eq!(rows.len(), players.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_told_its_rank_and_its_neighbours() {
    let game = Game::play(90).await;
    let recount = game.recount("b%23");
    for (order, descending) in [("desc", true), ("asc", false)] {
        let mut sorted: Vec<i64> = recount.values().map(|(_, tenths)| *tenths).collect();
        sorted.sort_unstable();
        if descending {
            sorted.reverse();
        }
        for (position, player) in
            recount.keys().enumerate().filter(|(position, _)| position % 9 == 0)
        {
            let neighbours = position % 4 + 1;
            let encoded = player.replace('#', "%23");
            let query = format!(
                "every=all&league=b%2523&player={encoded}&neighbours={neighbours}&order={order}"
            );
            let answer = game.get(&query).await;
            let rows = answer["ranks"].as_array().expect("ranks");
            check(rows, &recount, descending);
            assert!(
                rows.iter().any(|row| row["dimensions"]["player"] == json!(player)),
                "{answer}"
            );
            let scores: Vec<i64> = rows.iter().map(|row| tenths_of(&row["score"])).collect();
            assert!(sorted.windows(scores.len()).any(|window| window == scores), "{scores:?}");
            let is_at_an_end = scores[0] == sorted[0] || scores.last() == sorted.last();
            assert!(scores.len() == 2 * neighbours + 1 || is_at_an_end, "{answer}");
            assert_eq!(answer.get("rank_beyond"), None);
        }
    }
    let gone = game.get("every=all&league=b%2523&player=p012%23&neighbours=3").await;
    assert_eq!(gone["ranks"], json!([]), "nothing is counted of that player");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_within_any_budget_are_the_same_in_more_pages_or_rejected() {
    let game = Game::play(60).await;
    let (mut paged, mut rejected) = (0, 0);
    for (path, player) in [
        (format!("/rollups/scores/ranks?{MONTH}&league=b%2523"), "league=b%2523&player=p004%23"),
        ("/rollups/armed/ranks?order=desc".to_owned(), "player=p005%23"),
    ] {
        let around = format!("{}&{player}&neighbours=3", path.replace("&league=b%2523", ""));
        let whole = game.shop.get(&format!("{path}&limit=100")).await.json();
        let whole = whole["ranks"].as_array().expect("ranks").clone();
        assert!(whole.len() > 5, "{path}");
        let neighbours = game.shop.get(&around).await.json()["ranks"].clone();
        for reads in 3..40 {
            let limits = Reads { reads, bytes: (1 + reads % 8) * MB };
            let shop = game.shop.within(limits);
            let (mut rows, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            let answer = loop {
                let reply = shop.get(&format!("{path}&limit=20{cursor}")).await;
                let read = reply.read.expect("a budget");
                assert!(read.reads <= limits.reads && read.bytes <= limits.bytes, "{read:?}");
                if reply.status == 400 {
                    break Err(reply);
                }
                let page = reply.json();
                rows.extend(page["ranks"].as_array().expect("ranks").iter().cloned());
                pages += 1;
                match page["cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break Ok(()),
                }
            };
            match answer {
                Ok(()) => assert_eq!(rows, whole, "{path} within {limits:?}"),
                Err(reply) => {
                    assert_eq!(reply.problem(), problem(400, "bad-query"), "{}", reply.text);
                    rejected += 1;
                }
            }
            paged += usize::from(pages > whole.len().div_ceil(20));
            let reply = shop.get(&around).await;
            match reply.status {
                200 => assert_eq!(reply.json()["ranks"], neighbours, "{around}"),
                _ => assert_eq!(reply.problem(), problem(400, "bad-query"), "{}", reply.text),
            }
        }
    }
    assert!(paged > 0 && rejected > 0, "{paged} in more pages, {rejected} rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_are_answered_as_csv_and_ndjson_too() {
    let game = Game::play(20).await;
    let reply = game
        .shop
        .get(&format!(
            "/rollups/scores/ranks?{MONTH}&league=a%231&limit=2&measures=score&format=csv"
        ))
        .await;
    let mut lines = reply.text.lines();
    assert_eq!(lines.next(), Some("rank,league,player,score,parked"));
    assert!(lines.next().is_some_and(|line| line.starts_with("1,a#1,p")), "{}", reply.text);
    assert!(reply.headers["link"].to_str().is_ok_and(|link| link.contains("&cursor=")));
    let reply = game
        .shop
        .get(&format!(
            "/rollups/scores/ranks?{MONTH}&league=a%231&limit=2&measures=score&format=ndjson"
        ))
        .await;
    let row: Value =
        serde_json::from_str(reply.text.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&row["rank"], &row["dimensions"]["league"]), (&json!(1), &json!("a#1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_about_ranks_that_has_no_answer_is_refused_with_what_could_be_asked() {
    let game = Game::play(20).await;
    let cases = [
        (
            "plain/ranks",
            "rollup: the groups of `plain` have no ranks (rank_by); expected scores, armed, played",
        ),
        (
            "played/ranks?from=2026-11-20T06:40",
            "from: `2026-11-20T06:40` is not where a day begins (UTC); expected ",
        ),
        (
            "played/ranks?from=2001-01-01",
            "from: `2001-01-01` begins a day of `played` that is not kept any more (it keeps day \
             for 2w in UTC); expected ",
        ),
        (
            "scores/ranks?every=all",
            "league: missing; the groups of `scores` are ranked within league",
        ),
        (
            "scores/ranks?every=all&league=x&limit=101",
            "limit: `101`, expected a whole number from 1 to 100",
        ),
        (
            "scores/ranks?every=all&league=x&player=y&neighbours=2&limit=5",
            "limit: neighbours are one page; expected none",
        ),
        (
            "scores/ranks?every=all&league=x&player=y&neighbours=51",
            "neighbours: `51`, expected a whole number from 1 to 50",
        ),
    ];
    for (path, expected) in cases {
        let told = game.refused(&format!("/rollups/{path}")).await;
        assert!(told.starts_with(expected), "{path}: {told}");
    }
    let first = game.get(&format!("{MONTH}&league=a%231&limit=1")).await;
    let cursor = text(&first["cursor"]);
    for other in [
        format!("{MONTH}&league=b%2523"),
        format!("{MONTH}&league=a%231&order=asc"),
        "every=all&league=a%231".to_owned(),
    ] {
        let reply = game.shop.get(&format!("/rollups/scores/ranks?{other}&cursor={cursor}")).await;
        assert_eq!(reply.problem(), problem(400, "bad-cursor"), "{other}");
    }
    let reply = game.shop.get("/rollups/nothing/ranks").await;
    assert_eq!(reply.problem(), problem(400, "unknown-rollup"));
}
