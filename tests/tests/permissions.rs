//! The roles of the template grant the calls of the functions, and nothing else: the code of each
//! function runs over a connection that records its calls of DynamoDB, through every route, and the
//! two are compared.
//!
//! ```text
//! definition ──► weir synth ──► statements of a role ──┐
//!          └──► the function's own code ──► recorder ──┴─► equal
//! ```
//!
//! | to see | read |
//! |---|---|
//! | the requests of every route | `permissions/routes.rs` |
//! | the functions, and the events of the processor | `permissions/functions.rs` |
//! | the actions that a role grants | `permissions/policy.rs` |
//!
//! **Invariant:** a statement too few or too many fails here. An operation of the HTTP services
//! that is new does not compile.

mod functions;
mod policy;
mod routes;

use serde_json::{Value, json};
use weir_testing::flights;

use functions::Functions;
use routes::send;

const CLUB: &str = include_str!("permissions/club.toml");
const COLOCATED: &str = include_str!("permissions/colocated.toml");
const NOTES: &str = include_str!("permissions/notes.toml");
const RANKED: &str = include_str!("permissions/ranked.toml");
const USERS: &str = include_str!("permissions/users.toml");

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_grant_the_calls_of_the_functions_and_nothing_else() {
    let functions = Functions::start(flights::DEFINITION).await;
    let flight = flight();
    let text = |name: &str| flight[name].as_str().expect("text");
    let (origin, destination) = (text("origin"), text("destination"));
    let by_origin = format!("flights_by_origin?origin={origin}");
    let by_route = format!(
        "flights_by_route?origin={origin}&destination={destination}&every=day&from=2001&to=2002"
    );
    functions.call_every_route(&flight, &[&by_origin, &by_route]).await;
    functions.process_in_every_way().await;
    functions.assert_every_role_exact();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processor_may_write_colocated_rollup_items_and_rows_with_their_counts() {
    let functions = Functions::start(COLOCATED).await;
    let flight = json!({ "plane": "p1", "id": "1", "delay": 7 });
    functions.call_every_route(&flight, &[]).await;
    functions.process_in_every_way().await;
    functions.assert_role_exact(&functions.processor);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_may_read_the_index_of_ranks_and_the_items_that_it_ranks() {
    let functions = Functions::start(RANKED).await;
    let flight = json!({ "plane": "p1", "id": "1", "delay": 7 });
    functions.call_every_route(&flight, &[]).await;
    functions.process(&functions.event().await).await;
    let rollups = ["ranked?plane=p1", "ranked/ranks", "ranked/ranks?plane=p1&neighbours=1"];
    let second = json!({ "plane": "p1", "id": "2", "delay": 7 });
    functions.call_every_route(&second, &rollups).await;
    functions.assert_role_exact(&functions.reader);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_a_definition_does_not_need_is_neither_called_nor_granted() {
    let functions = Functions::start(NOTES).await;
    functions.call_every_route(&json!({ "id": "1" }), &[]).await;
    functions.process(&functions.event().await).await;
    functions.assert_every_role_exact();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_granted_if_an_entity_is_read_by_it() {
    let functions = Functions::start(CLUB).await;
    functions.call_every_route(&json!({ "id": "1", "email": "a@x" }), &[]).await;
    let related = "/member/1?include=namesakes.itself,itself";
    assert_eq!(send(&functions.reader.function, "GET", related, None).await, 200);
    functions.process(&functions.event().await).await;
    functions.assert_every_role_exact();
    let granted = functions.granted_actions(&functions.reader);
    for resource in ["Table", "Table/index/by_email"] {
        let query = ("dynamodb:Query".to_owned(), resource.to_owned());
        assert!(granted.contains(&query), "{granted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_attributes_need_no_permission_to_read_and_none_for_batches() {
    let functions = Functions::start(USERS).await;
    functions.call_every_route(&json!({ "id": "1", "delay": 7 }), &[]).await;
    functions.assert_every_role_exact();
}

/// Returns a flight with its numbers as numbers, not as the texts of CSV.
fn flight() -> Value {
    let mut flight = flights::rows(1).remove(0);
    for name in ["delay", "distance"] {
        let number: i64 = flight[name].as_str().expect("text").parse().expect("a number");
        flight[name] = json!(number);
    }
    flight
}
