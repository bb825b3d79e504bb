//! A function that has not answered by its deadline is killed, wherever it was; its batch comes
//! again to a fresh process and nothing is counted twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use weir_processor::event::Event;
use weir_testing::deployed::{Deployed, handler};
use weir_testing::dynamodb::TestDynamo;
use weir_testing::faulty::{Fate, Faulty};
use weir_testing::flights::{DEFINITION, ROLLUPS, rows};
use weir_testing::functions::{Function, FunctionError};
use weir_testing::recount::stored;
use weir_testing::running::PATIENCE;
use weir_testing::system::Captured;

/// Long enough for a small batch on a slow machine, unless DynamoDB does not answer.
const TIMEOUT: Duration = Duration::from_secs(3);

struct World {
    deployed: Deployed,
    way: Faulty,
    processor: Arc<Function>,
}

impl World {
    /// Some flights whose changes wait for a processor that speaks to DynamoDB through a faulty
    /// way.
    async fn start(timeout: Duration) -> Self {
        let dynamodb = TestDynamo::start().await;
        let deployed = Deployed::start(&dynamodb, DEFINITION).await;
        let flights = json!(rows(15));
        let (status, answer) = deployed.http.send("POST", "/batch/flight", Some(&flights)).await;
        assert_eq!((status, &answer["written"]), (200, &json!(15)), "{answer}");
        let way = Faulty::before(&dynamodb.url).await;
        let variables = deployed.variables_with(&way.url);
        let processor = Arc::new(Function::start("processor", &variables, timeout));
        Self { deployed, way, processor }
    }

    async fn invoke(&self, event: &Event) -> Result<Vec<u8>, FunctionError> {
        self.processor.invoke(serde_json::to_vec(event).expect("JSON")).await
    }

    /// Invokes the processor until it answers: a slow machine may need more time than it has.
    async fn handled(&self, event: &Event) {
        let asked = Instant::now();
        while let Err(error) = self.invoke(event).await {
            assert!(error.is_timeout() && asked.elapsed() < PATIENCE, "{error}");
        }
    }

    /// How many rollup items there are.
    async fn kept(&self) -> usize {
        stored(&self.deployed.system.stored_rollups().await).len()
    }

    async fn assert_exact(&self) -> usize {
        self.deployed.system.assert_exact(&ROLLUPS).await
    }
}

/// So many updates of rollup items pass, and all behind them have this fate; a process that starts
/// asks for other things.
fn stalled_after(updates: usize, fate: Fate) -> impl FnMut(&str, &str) -> Fate + Send + 'static {
    let mut seen = 0;
    move |operation, body| {
        let is_update = operation == "UpdateItem" && body.contains("ADD");
        seen += usize::from(is_update);
        if is_update && seen > updates { fate } else { Fate::Pass }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_waits_for_dynamodb_is_killed_by_its_deadline() {
    let world = World::start(TIMEOUT).await;
    world.way.decide(stalled_after(0, Fate::Stall));
    let event = Captured::read(&world.deployed.system).await.cut(15).remove(0);
    let error = world.invoke(&event).await.expect_err("no answer");
    assert_eq!(error.error_type, "Sandbox.Timedout");
    assert!(error.error_message.ends_with("Error: Task timed out after 3.00 seconds"), "{error}");
    assert_eq!(world.kept().await, 0);

    world.way.mend();
    world.handled(&event).await;
    assert!(world.processor.started().len() > 1, "a fresh process");
    assert!(world.assert_exact().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_before_the_kill_is_not_counted_again() {
    let world = World::start(TIMEOUT).await;
    let captured = Captured::read(&world.deployed.system).await;
    let event = captured.cut(15).remove(0);
    // The second one dies when DynamoDB has done more than it knows of.
    for (updates, fate) in [(5, Fate::Stall), (8, Fate::StallDone)] {
        world.way.decide(stalled_after(updates, fate));
        let error = world.invoke(&event).await.expect_err("no answer");
        assert!(error.is_timeout(), "{error}");
        assert!(world.kept().await > 0, "killed before anything was counted");
    }
    world.way.mend();
    for event in captured.cut(4) {
        world.handled(&event).await;
    }
    assert!(world.processor.started().len() > 2, "a fresh process after each");
    assert!(world.assert_exact().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_ends_in_an_invocation_fails_it_and_its_batch_is_counted_once() {
    let world = World::start(PATIENCE).await;
    let captured = Captured::read(&world.deployed.system).await;
    let event = captured.cut(15).remove(0);
    let (stalled, mut has_stalled) = tokio::sync::mpsc::unbounded_channel();
    let mut fates = stalled_after(6, Fate::StallDone);
    world.way.decide(move |operation, body| {
        let fate = fates(operation, body);
        if fate != Fate::Pass {
            stalled.send(()).expect("the test waits");
        }
        fate
    });
    let killed = async {
        has_stalled.recv().await.expect("a request");
        world.processor.kill();
    };
    let (answer, ()) = tokio::join!(world.invoke(&event), killed);
    let error = answer.expect_err("no answer");
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert!(error.error_message.contains("Runtime exited with error: signal: 9"), "{error}");

    world.way.mend();
    for event in captured.cut(6) {
        world.handled(&event).await;
    }
    assert_eq!(world.processor.started().len(), 2, "a fresh process");
    assert!(world.assert_exact().await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_delivers_again_until_the_function_is_in_time() {
    let world = World::start(TIMEOUT).await;
    world.way.decide(stalled_after(20, Fate::StallDone));
    let mut running = world.deployed.system.run(handler(&world.processor), 5);
    running.reaches(|progress| progress.failed_invocations >= 2).await;
    world.way.mend();
    running.catch_up().await;
    running.stop().await;
    world.assert_exact().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_of_the_api_hears_that_a_function_was_too_late() {
    let world = World::start(PATIENCE).await;
    let Deployed { system, writer, .. } = &world.deployed;
    let variables = world.deployed.variables_with(&world.way.url);
    let reader = Arc::new(Function::start("reader", &variables, TIMEOUT));
    let http =
        weir_testing::api_gateway::serve(&system.model, writer.clone(), reader.clone()).await;
    world.way.decide(|_, _| Fate::Stall);
    let (status, answer) = http.get("/flight/ATL").await;
    assert_eq!((status, answer), (503, json!({ "message": "Service Unavailable" })));
    world.way.mend();
    let asked = Instant::now();
    while http.get("/flight/ATL").await.0 != 200 {
        assert!(asked.elapsed() < PATIENCE, "it is never in time");
    }
    assert!(reader.started().len() > 1, "a fresh process");
}
