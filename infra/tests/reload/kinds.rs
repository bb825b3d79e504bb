//! Each kind of change of a rollup just works.

use serde_json::{Value, json};

use crate::reload::case::{Case, SALES, STATES};
use crate::reload::order::{Order, order};

fn count(orders: &[Order], is_counted: impl Fn(&Order) -> bool) -> f64 {
    orders.iter().filter(|order| is_counted(order)).count() as f64
}

fn sum(orders: &[Order], number: impl Fn(&Order) -> f64) -> f64 {
    orders.iter().map(number).sum()
}

fn of_shop(orders: &[Order]) -> Vec<Order> {
    orders.iter().filter(|order| order.shop == "a").cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_is_added() {
    let rollup = "[rollups.totals]\nof = \"order\"\n\
                  measures = { orders = \"count\", net = \"sum(net)\" }\n[rollups.states]";
    let case = Case {
        edits: &[("[rollups.states]", rollup)],
        says: &["building totals; 2 rollups unchanged", "  totals: new", "ready: totals; "],
        question: "/rollups/totals",
        answers: &["400 unknown-rollup", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |orders| {
            vec![("orders", orders.len() as f64), ("net", sum(orders, |order| order.net))]
        },
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_added() {
    let case = Case {
        edits: &[("buckets = [\"day\"", "buckets = [\"hour\", \"day\"")],
        says: &[
            "building sales; 1 rollup unchanged",
            "  sales: buckets: `hour` was absent, is ",
            "ready: sales; ",
        ],
        question: "/rollups/sales?shop=a&every=hour&from=2026-03-01T10:00:00Z\
                   &to=2026-03-01T11:00:00Z",
        answers: &["400 bad-query", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |orders| {
            let counted = |order: &Order| order.at == "2026-03-01T10:00:00Z";
            vec![("orders", count(&of_shop(orders), counted))]
        },
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dimension_is_added() {
    let case = Case {
        edits: &[("by = [\"shop\"]", "by = [\"shop\", \"state\"]")],
        says: &["building sales; 1 rollup unchanged", "  sales: by: ", "ready: sales; "],
        question: "/rollups/sales?shop=a&state=open",
        answers: &["400 bad-query", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |orders| vec![("orders", count(&of_shop(orders), |order| order.state == "open"))],
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_added() {
    let case = Case {
        edits: &[("by = [\"shop\"]", "where = { state = \"paid\" }\nby = [\"shop\"]")],
        says: &["building sales; 1 rollup unchanged", "  sales: where: ", "ready: sales; "],
        question: SALES,
        answers: &["200", "200 previous", "200"],
        unchanged: STATES,
        recount: |orders| vec![("orders", count(&of_shop(orders), |order| order.state == "paid"))],
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measure_is_added() {
    let case = Case {
        edits: &[("\"sum(total)\" }", "\"sum(total)\", net = \"sum(net)\" }")],
        says: &[
            "building sales; 1 rollup unchanged",
            "  sales: measures: `net` ",
            "ready: sales; ",
        ],
        question: SALES,
        answers: &["200", "200 previous", "200"],
        unchanged: STATES,
        recount: |orders| vec![("net", sum(&of_shop(orders), |order| order.net))],
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measure_is_changed() {
    let case = Case {
        edits: &[("sum(total)", "sum(net)")],
        says: &[
            "building sales; 1 rollup unchanged",
            "  sales: measures: `revenue` was `sum(total)`, is `sum(net)`",
            "ready: sales; ",
        ],
        question: SALES,
        answers: &["200", "200 previous", "200"],
        unchanged: STATES,
        recount: |orders| vec![("revenue", sum(&of_shop(orders), |order| order.net))],
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ranking_is_added_and_its_index_with_it() {
    let case = Case {
        edits: &[(
            "measures = { orders = \"count\", rev",
            "rank_by = \"orders\"\n\
                   measures = { orders = \"count\", rev",
        )],
        says: &["building sales; 1 rollup unchanged", "  sales: rank_by: ", "ready: sales; "],
        question: "/rollups/sales/ranks?every=all",
        answers: &["400 bad-query", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |orders| {
            let shop = |name: &str| count(orders, |order| order.shop == name);
            vec![("orders", shop("a").max(shop("b")))]
        },
    };
    case.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_is_renamed() {
    let case = Case {
        edits: &[("rollups.sales", "rollups.turnover")],
        says: &[
            "building turnover; removing sales; 1 rollup unchanged",
            "  turnover: new",
            "ready: turnover; ",
        ],
        question: "/rollups/turnover?shop=a",
        answers: &["400 unknown-rollup", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |orders| vec![("revenue", sum(&of_shop(orders), |order| order.total))],
    };
    let changed = case.check().await;
    changed.assert_gone("sales").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollup_is_removed() {
    let (_, rest) = crate::reload::DEFINITION.split_once("[rollups.sales]").expect("a rollup");
    let (removed, _) = rest.split_once("[rollups.states]").expect("another");
    let removed = format!("[rollups.sales]{removed}");
    let case = Case {
        edits: &[(&removed, "")],
        says: &["removing sales; 1 rollup unchanged"],
        question: SALES,
        answers: &["200", "400 unknown-rollup"],
        unchanged: STATES,
        recount: |_| Vec::new(),
    };
    let changed = case.check().await;
    changed.assert_gone("sales").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decimal_is_widened() {
    let case = Case {
        edits: &[("scale = 2", "scale = 4")],
        says: &["building sales; 1 rollup unchanged", "  sales: attributes: `total` ", "ready: "],
        question: SALES,
        answers: &["200", "200 previous", "200"],
        unchanged: STATES,
        recount: |orders| vec![("revenue", sum(&of_shop(orders), |order| order.total))],
    };
    let changed = case.check().await;
    let mut item = order(0);
    // Four binary digits of a fraction are four decimal ones.
    item["total"] = json!(0.0625);
    changed.dev.put("/order/new", &item).await;
    case.assert_recount(&changed.dev).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enum_value_is_added() {
    let case = Case {
        edits: &[("[\"open\", \"paid\"]", "[\"open\", \"paid\", \"void\"]")],
        says: &["building states; 1 rollup unchanged", "  states: attributes: `state` ", "ready: "],
        question: STATES,
        answers: &["200", "200 previous", "200"],
        unchanged: SALES,
        recount: |orders| vec![("orders", count(orders, |order| order.state == "paid"))],
    };
    let changed = case.check().await;
    let mut item = order(0);
    item["state"] = json!("void");
    changed.dev.put("/order/new", &item).await;
    let is_counted = |_, answer: &Value| answer["points"][0]["orders"] == 1;
    changed.dev.answers("/rollups/states?state=void", is_counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_is_added() {
    let entity = "[entities.customer]\nPK = \"CUSTOMER#{name}\"\nSK = \"CUSTOMER\"\n\
                  [entities.customer.attributes]\nname = { type = \"string\", required = true }\n\
                  [rollups.customers]\nof = \"customer\"\nmeasures = { n = \"count\" }\n\
                  [rollups.sales]";
    let case = Case {
        edits: &[("[rollups.sales]", entity)],
        says: &["building customers; 2 rollups unchanged", "  customers: new", "ready: customers"],
        question: "/rollups/customers",
        answers: &["400 unknown-rollup", "503 rollup-building", "200"],
        unchanged: STATES,
        recount: |_| Vec::new(),
    };
    let changed = case.check().await;
    for name in ["ann", "bob"] {
        changed.dev.put(&format!("/customer/{name}"), &json!({})).await;
    }
    let is_counted = |_, answer: &Value| answer["points"][0]["n"] == 2;
    changed.dev.answers("/rollups/customers", is_counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_measure_over_what_is_kept_and_a_comment_need_no_build() {
    let case = Case {
        edits: &[("\"sum(total)\" }", "\"sum(total)\", n = \"count\" }")],
        says: &[
            "nothing to build for sales; 1 rollup unchanged",
            "  sales: measures: `n` was absent, is `count`",
        ],
        question: "/rollups/sales?shop=a",
        answers: &["200"],
        unchanged: STATES,
        recount: |orders| vec![("n", of_shop(orders).len() as f64)],
    };
    let changed = case.check().await;
    let text = format!("# A shop.\n{}", crate::reload::edited(case.edits));
    crate::reload::dev::save(changed.folder.path(), &text);
    let position = changed.dev.says_from(0, "weir.toml was saved: nothing to build").await;
    changed.dev.says_from(position, "weir.toml was saved: 2 rollups unchanged").await;
    let log = changed.dev.process.log.text();
    assert!(!log.contains("building"), "{log}");
}
