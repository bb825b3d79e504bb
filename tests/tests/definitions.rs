//! Definitions that are not those that a table of rollups began with: noticed by whoever keeps
//! rollups, and by whoever answers with them.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_model::Model;
use weir_table::{Connection, Error, Rollups, Table};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::fixture::{Fixture, fixture};
use weir_testing::http::Client;
use weir_testing::recorder::Recorder;
use weir_testing::table::TestTable;

/// The orders of users, and two rollups of them.
fn orders() -> Fixture {
    fixture("user_orders").with(
        r#"
[rollups.orders]
of = "order"
by = ["user"]
measures = { orders = "count" }
[rollups.large]
of = "order"
by = ["user"]
where = { total = { gte = 15 } }
measures = { orders = "count" }
"#,
    )
}

/// The model over the tables of another.
fn model(definition: &Fixture, other: &Model) -> Arc<Model> {
    let model = definition.model();
    Arc::new(model.with_table(&other.table.name, Some(&other.table.rollups_table)))
}

/// A table with rollups that have begun.
async fn begun() -> (Connection, Model) {
    let begun = TestTable::open(&orders()).await;
    (begun.connection, Arc::unwrap_or_clone(begun.model))
}

async fn ask(connection: &Connection, model: &Arc<Model>, path: &str) -> (u16, Value) {
    let rollups = Rollups::new(connection, &model.table);
    let app = weir_reader::app(
        Table::new(connection, Arc::clone(model)),
        rollups,
        weir_reader::Settings::default(),
    );
    let app = weir_http::finish(app, &weir_http::routes::reads(model));
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = app.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    (status, serde_json::from_slice(&body).expect("JSON"))
}

#[tokio::test]
async fn a_changed_rollup_is_answered_as_it_was_and_an_added_one_is_not_answered() {
    let (connection, begun) = begun().await;
    let changed = orders().replace("gte = 15", "gte = 16");
    let added = orders().with("[rollups.all]\nof = \"order\"\nmeasures = { n = \"count\" }");
    for (definition, path, is_previous) in [
        (orders(), "/rollups/large?user=ann", false),
        (changed.clone(), "/rollups/large?user=ann", true),
        (changed.clone(), "/rollups/orders?user=ann", false),
        (added.clone(), "/rollups/large?user=ann", false),
    ] {
        let (status, answer) = ask(&connection, &model(&definition, &begun), path).await;
        assert_eq!((status, &answer["points"]), (200, &Value::Array(vec![])), "{answer}");
        assert_eq!(answer["previous_definition"] == true, is_previous, "{answer}");
    }
    let (status, answer) = ask(&connection, &model(&added, &begun), "/rollups/all").await;
    assert_eq!((status, &answer["type"]), (503, &"/problems/rollup-unbuilt".into()));
    let detail = answer["detail"].as_str().expect("a detail");
    assert!(detail.contains("`all`") && detail.contains("was added after"), "{detail}");
}

#[tokio::test]
async fn a_question_that_only_the_new_definition_takes_waits_for_a_build() {
    let (connection, begun) = begun().await;
    let changed = orders().replace(
        "where = { total = { gte = 15 } }\nmeasures = { orders = \"count\" }",
        "measures = { most = \"max(total)\" }",
    );
    let changed = model(&changed, &begun);
    for (path, status, problem) in [
        ("/rollups/large?user=ann&measures=most", 503, "rollup-unbuilt"),
        ("/rollups/large?user=ann&measures=least", 400, "bad-query"),
    ] {
        let (found, answer) = ask(&connection, &changed, path).await;
        assert_eq!((found, &answer["type"]), (status, &format!("/problems/{problem}").into()));
    }
    let (status, answer) =
        ask(&connection, &changed, "/rollups/large?user=ann&measures=orders").await;
    assert_eq!((status, &answer["previous_definition"]), (200, &true.into()), "{answer}");
}

#[tokio::test]
async fn nothing_but_the_state_is_read_for_a_question_that_is_a_mistake() {
    let (connection, begun) = begun().await;
    let added = orders().with("[rollups.all]\nof = \"order\"\nmeasures = { n = \"count\" }");
    let added = model(&added, &begun);
    let recorder = Recorder::default();
    let connection = recorder.before(connection);
    for (path, problem, requests) in [
        ("/rollups/larg?user=ann", "unknown-rollup", 0),
        ("/rollups/large?usr=ann", "bad-query", 3),
        ("/rollups/all", "rollup-unbuilt", 3),
    ] {
        let (_, answer) = ask(&connection, &added, path).await;
        assert_eq!(answer["type"], format!("/problems/{problem}"), "{answer}");
        let asked: Vec<_> = recorder.requests().into_iter().collect();
        // The identity of the table, the state of the rollups, and how far they are; then the
        // definition that the rollup was counted under.
        let of_state = [("DescribeTable", false), ("GetItem", true), ("GetItem", true)];
        let of_state = of_state.map(|(name, is_consistent)| (name.to_owned(), is_consistent));
        let asked = &asked[..requests.min(asked.len())];
        assert_eq!(asked, &of_state[..requests], "{path}");
    }
}

#[tokio::test]
async fn the_rollups_of_one_table_are_not_kept_for_another() {
    let (connection, begun) = begun().await;
    let own = Table::new(&connection, model(&orders(), &begun));
    own.open_rollups().await.expect("they are its own");
    let other = begun.clone().with_table("another-shop", Some(&begun.table.rollups_table));
    let refused = Table::new(&connection, Arc::new(other)).open_rollups().await;
    match refused {
        Err(Error::OtherTable { table, mismatch }) => {
            assert_eq!(table, begun.table.rollups_table);
            let expected = format!("it holds the rollups of the table `{}`", begun.table.name);
            assert!(
                mismatch.contains(&expected) && mismatch.contains("another-shop"),
                "{mismatch}"
            );
        }
        other => panic!("{other:?}"),
    }
    own.open_rollups().await.expect("they still are");
}

#[tokio::test]
async fn rollups_that_outlived_their_table_are_rejected_each_time() {
    let TestTable { dynamodb, model, table, .. } = TestTable::open(&orders()).await;
    let client = Client::new(&dynamodb.url);
    client.dynamodb("DeleteTable", &json!({ "TableName": model.table.name })).await;
    for _ in 0..2 {
        match table.provision().await {
            Err(Error::OtherTable { table, mismatch }) => {
                assert_eq!(table, model.table.rollups_table);
                assert!(mismatch.contains("that does not exist; delete `"), "{mismatch}");
            }
            other => panic!("{other:?}"),
        }
        let name = json!({ "TableName": model.table.name });
        let made = client.try_dynamodb("DescribeTable", &name).await;
        assert_eq!(made.0, 400, "the table must not be made");
    }
    client.dynamodb("DeleteTable", &json!({ "TableName": model.table.rollups_table })).await;
    assert!(table.provision().await.expect("both can be made").is_new);
}

#[tokio::test]
async fn a_reader_before_the_first_processor_answers_that_there_is_nothing() {
    let dynamodb = TestDynamo::start().await;
    let TestTable { connection, model, .. } = TestTable::without_tables(&dynamodb, &orders()).await;
    let (status, answer) = ask(&connection, &model, "/rollups/orders?user=ann").await;
    assert_eq!((status, &answer["type"]), (503, &"/problems/missing-table".into()), "{answer}");
    assert!(!answer.to_string().contains(&model.table.rollups_table), "{answer}");
}
