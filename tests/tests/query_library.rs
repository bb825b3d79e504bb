//! Rollups queried by a program, without HTTP: the same answers, and the same rollups rejected.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_model::Model;
use weir_query::{QueryEngine, QueryError, Question, RankQuery, RankQuestion, RollupQuery};
use weir_table::Table;
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::table::TestTable;

const SPEND: &str = r#"
[rollups.spend]
of = "order"
by = ["user"]
time = "at"
buckets = ["day", "all"]
rank_by = "orders"
where = { total = { gte = 2 } }
measures = { orders = "count", revenue = "sum(total)", dearest = "largest(total, 2)" }
"#;

/// The days of November on which users order.
const ORDERS: [(&str, u32); 6] =
    [("ann", 1), ("ann", 1), ("ann", 3), ("bob", 2), ("bob", 3), ("cem", 3)];

fn definition() -> Fixture {
    fixture("orders").with(SPEND)
}

/// A shop that has counted orders.
struct Shop(TestTable);

impl Shop {
    async fn open() -> Self {
        let shop = TestTable::open(&definition()).await;
        let order = |(position, (user, day)): (usize, &(&str, u32))| {
            json!({ "id": position.to_string(), "user": user, "total": position + 2,
                "at": format!("2026-11-{day:02}T12:00:00Z") })
        };
        let orders: Vec<_> = ORDERS.iter().enumerate().map(order).collect();
        shop.count_items(100, "order", &orders).await;
        Self(shop)
    }

    fn table(&self, model: &Arc<Model>) -> Table {
        Table::new(&self.0.connection, Arc::clone(model))
    }

    /// The engine of a program with the shop's definition, or one that differs from it.
    fn engine(&self, model: &Arc<Model>) -> QueryEngine {
        QueryEngine::new(&self.table(model), &self.0.rollups)
    }

    /// The shop's definition with another text in one place.
    fn changed(&self, from: &str, to: &str) -> Arc<Model> {
        let model = definition().replace(from, to).model();
        let table = &self.0.model.table;
        Arc::new(model.with_table(&table.name, Some(&table.rollups_table)))
    }

    async fn get(&self, model: &Arc<Model>, path: &str) -> (u16, Value) {
        let app = weir_reader::app(
            self.table(model),
            self.0.rollups.clone(),
            weir_reader::Settings::default(),
        );
        let app = weir_http::finish(app, &weir_http::routes::reads(model));
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = app.oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// Compares the answer of the library with that of a path, but for the seal of the cursor.
    async fn assert_same(&self, answer: &impl Serialize, path: &str) {
        let (status, mut of_http) = self.get(&self.0.model, path).await;
        assert_eq!(status, 200, "{of_http}");
        let mut answer = serde_json::to_value(answer).expect("JSON");
        let has_more = |answer: &mut Value| !answer["cursor"].take().is_null();
        assert_eq!(has_more(&mut answer), has_more(&mut of_http), "{path}");
        assert_eq!(answer, of_http, "{path}");
    }
}

fn days() -> Question {
    Question {
        dimensions: vec![("user".to_owned(), "ann".to_owned())],
        every: Some("day".to_owned()),
        from: Some("2026-11-01".to_owned()),
        to: Some("2026-11-05".to_owned()),
        ..Question::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_has_the_answers_that_it_has_over_http() {
    let shop = Shop::open().await;
    let engine = shop.engine(&shop.0.model);
    let path = "/rollups/spend?user=ann&every=day&from=2026-11-01&to=2026-11-05";
    let whole = engine.answer(&RollupQuery::new("spend", days())).await.expect("an answer");
    shop.assert_same(&whole, path).await;
    let whole = whole.points.expect("one group");
    let orders: Vec<_> = whole.iter().map(|point| point["orders"].clone()).collect();
    assert_eq!(orders, [json!(2), json!(1)]);

    // Page by page.
    let query = RollupQuery::new("spend", days()).limit(1);
    let first = engine.answer(&query).await.expect("a page");
    shop.assert_same(&first, &format!("{path}&limit=1")).await;
    let second = engine.answer(&query.after(first.page.cursor)).await.expect("a page");
    let pages = [first.points.expect("one group"), second.points.expect("one group")];
    assert_eq!(pages.concat(), whole);

    let ranks = RankQuestion { every: Some("all".to_owned()), ..RankQuestion::default() };
    let ranks = engine.ranks(&RankQuery::new("spend", ranks).limit(2)).await.expect("ranks");
    assert_eq!(ranks.ranks[0]["dimensions"], json!({ "user": "ann" }));
    shop.assert_same(&ranks, "/rollups/spend/ranks?every=all&limit=2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_was_changed_is_answered_as_it_was_as_over_http() {
    let shop = Shop::open().await;
    let model = shop.changed("gte = 2", "gte = 3");
    let path = "/rollups/spend?user=ann&every=day&from=2026-11-01&to=2026-11-05";
    let answer = shop.engine(&model).answer(&RollupQuery::new("spend", days())).await;
    let answer = answer.expect("an answer of the definition before");
    assert!(answer.page.completeness.previous_definition);
    let (status, over_http) = shop.get(&model, path).await;
    assert_eq!((status, &over_http["previous_definition"]), (200, &json!(true)));
    let points = serde_json::to_value(&answer.points).expect("JSON");
    assert_eq!(over_http["points"], points);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_that_was_added_is_rejected_as_over_http() {
    let shop = Shop::open().await;
    let all = || RankQuestion { every: Some("all".to_owned()), ..RankQuestion::default() };
    let model = shop.changed("rollups.spend", "rollups.bills");
    let engine = shop.engine(&model);
    let query = RollupQuery::new("bills", days());
    let (answer, ranks) =
        (engine.answer(&query).await, engine.ranks(&RankQuery::new("bills", all())).await);
    let expected = "the rollup `bills` cannot be answered: it was added after the rollups of its \
                    table began; build it";
    for error in [answer.expect_err("it is rejected"), ranks.expect_err("it is rejected")] {
        assert!(matches!(error, QueryError::Unbuilt(_)), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
    let (status, problem) = shop.get(&model, "/rollups/bills?user=ann").await;
    let kind = json!("/problems/rollup-unbuilt");
    assert_eq!((status, &problem["type"], &problem["detail"]), (503, &kind, &json!(expected)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_zero_leaves_nothing_out() {
    let shop = Shop::open().await;
    let engine = shop.engine(&shop.0.model);
    let query = RollupQuery::new("spend", days()).limit(0);
    let first = engine.answer(&query).await.expect("a page");
    assert!(first.page.cursor.is_some(), "{first:?}");
    assert_eq!(first.points.map(|points| points.len()), Some(1));

    let all = RankQuestion { every: Some("all".to_owned()), ..RankQuestion::default() };
    let first = engine.ranks(&RankQuery::new("spend", all).limit(0)).await.expect("ranks");
    assert!(first.page.cursor.is_some(), "{first:?}");
    assert_eq!(first.ranks.len(), 1);
}
