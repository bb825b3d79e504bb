//! How many rows an answer is made of: few where a few are enough, and no more than it may be.

use serde_json::{Value, json};
use weir_query::{QueryEngine, QueryError, RollupAnswer, RollupQuery};
use weir_rollups::{Image, Question};
use weir_testing::changes::change;
use weir_testing::fixture::fixture;
use weir_testing::table::TestTable;

const SPEND: &str = r#"
[rollups.spend]
of = "order"
time = "at"
buckets = ["day", "all"]
[rollups.spend.measures]
least = "min(total)"
most = "max(total)"
favourites = "top(user, 2)"
usual = "median(total)"
"#;

struct Shop(TestTable);

impl Shop {
    async fn open() -> Self {
        Self(TestTable::open(&fixture("orders").with(SPEND)).await)
    }

    /// Counts orders: of which day of November, by whom, and how much; or takes them away again.
    async fn count(&self, first: usize, orders: &[(u32, String, usize)], is_gone: bool) {
        let counted = |(position, (day, user, total)): (usize, &(u32, String, usize))| {
            let order = json!({ "id": position.to_string(), "user": user, "total": total,
                "at": format!("2026-11-{day:02}T12:00:00Z") });
            let order = self.0.item("order", &order);
            let image = match is_gone {
                true => Image::Remove { old: order, expired: false },
                false => Image::Insert { new: order },
            };
            change(first + position, image)
        };
        let changes: Vec<_> = orders.iter().enumerate().map(counted).collect();
        self.0.count(&changes).await;
    }

    async fn ask(
        &self,
        question: &Question,
        cursor: Option<String>,
        most_rows: usize,
    ) -> Result<RollupAnswer, QueryError> {
        let query = RollupQuery::new("spend", question.clone()).limit(100).after(cursor);
        let query = RollupQuery { max_detail_items: most_rows, ..query };
        QueryEngine::new(&self.0.table, &self.0.rollups).answer(&query).await
    }

    /// A measure of all time, or why it is not answered.
    async fn of_all_time(&self, measure: &str, most_rows: usize) -> Result<Value, String> {
        let question = Question { measures: Some(measure.to_owned()), ..Question::default() };
        let answer = self.ask(&question, None, most_rows).await;
        let points = answer.map_err(|error| error.to_string())?.points.expect("one group");
        Ok(points[0][measure].clone())
    }

    /// A measure of the first days of November, page by page.
    async fn days(&self, measure: &str, most_rows: usize) -> Vec<Vec<Value>> {
        let question = Question {
            every: Some("day".to_owned()),
            from: Some("2026-11-01".to_owned()),
            to: Some("2026-11-09".to_owned()),
            measures: Some(measure.to_owned()),
            ..Question::default()
        };
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let answer = self.ask(&question, cursor, most_rows).await.expect("a page");
            let points = answer.points.expect("one group");
            pages.push(points.iter().map(|point| point[measure].clone()).collect());
            cursor = answer.page.cursor;
            if cursor.is_none() {
                return pages;
            }
        }
    }

    /// Deletes the tables: rows have a time to live, see [`TestDynamo::delete_tables`].
    async fn close(self) {
        self.0.delete_tables().await;
    }
}

/// Orders of so many users, whose names begin so, each so many times.
fn users(names: &[(&str, usize, usize)]) -> Vec<(u32, String, usize)> {
    let named = |(prefix, count, times): &(&str, usize, usize)| {
        let names = (0..*count).map(|number| format!("{prefix}{number:02}")).collect::<Vec<_>>();
        vec![names; *times].concat()
    };
    names.iter().flat_map(named).map(|user| (1, user, 1)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_count_nothing_are_walked_over_as_far_as_an_answer_may_read() {
    let shop = Shop::open().await;
    let orders: Vec<_> = (1..=30).map(|total| (1, "ann".to_owned(), total)).collect();
    shop.count(100, &orders, false).await;
    shop.count(200, &orders[..29], true).await;
    assert_eq!(shop.of_all_time("least", 30).await, Ok(json!(30)));
    assert_eq!(shop.of_all_time("most", 1).await, Ok(json!(30)), "none is at that end");
    let refused = shop.of_all_time("least", 29).await.expect_err("one too many");
    assert_eq!(
        refused,
        "`measures`: more than 29 rows would be read, some of the ends of values(total), where \
         rows that count nothing any more stay for \
         96 hours; expected fewer groups, a shorter range or a smaller limit, other measures, or \
         a series of buckets that are kept \
         (day, all in UTC), which read less"
    );
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_before_the_rows_that_it_may_not_read() {
    let shop = Shop::open().await;
    let orders: Vec<_> = (1..=7).map(|day| (day, "ann".to_owned(), day as usize)).collect();
    shop.count(100, &orders, false).await;
    let pages = shop.days("least", 3).await;
    assert_eq!(pages.concat(), (1..=7).map(Value::from).collect::<Vec<_>>());
    assert_eq!(pages.iter().map(Vec::len).max(), Some(3));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_began_with_too_many_steps_begins_again_with_one() {
    let shop = Shop::open().await;
    // Four octaves a day, which is four rows.
    let totals = |day| [10, 100, 1_000, 10_000].map(|total| (day, "ann".to_owned(), total));
    let orders: Vec<_> = (1..=4).flat_map(totals).collect();
    shop.count(100, &orders, false).await;
    let pages = shop.days("usual", 10).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 2]);
    let refused = shop.of_all_time("usual", 3).await.expect_err("one row too many");
    assert!(refused.starts_with("`measures`: more than 3 rows would be read"), "{refused}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_equally_frequent_is_listed_in_its_order_however_many_share_the_last_place() {
    let shop = Shop::open().await;
    let orders = users(&[("often", 1, 3), ("user", 30, 1)]);
    shop.count(100, &orders, false).await;
    let top = json!([{ "value": "often00", "count": 3 }, { "value": "user00", "count": 1 }]);
    // Of 40 rows, two entries of the index may be spent on those that share a place.
    for most_rows in [40, 20_000] {
        assert_eq!(shop.of_all_time("favourites", most_rows).await.as_ref(), Ok(&top));
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_first_of_the_equally_frequent_are_too_far_that_is_said() {
    let shop = Shop::open().await;
    shop.count(100, &users(&[("rare", 40, 1), ("user", 5, 2)]), false).await;
    let top = json!([{ "value": "user00", "count": 2 }, { "value": "user01", "count": 2 }]);
    assert_eq!(shop.of_all_time("favourites", 20_000).await, Ok(top));
    let refused = shop.of_all_time("favourites", 40).await.expect_err("rows of others are before");
    assert_eq!(
        refused,
        "`measures`: more than 40 rows would be read, some of values(user), to find the first of \
         more than 2 that are equally frequent \
         (2), which share the last of the top 2; expected fewer groups, a shorter range or a \
         smaller limit, other measures, or a series \
         of buckets that are kept (day, all in UTC), which read less"
    );
    shop.close().await;
}
