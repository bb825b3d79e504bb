//! A function that cannot start ends, and its log names what to mend. Lambda sees the end: it asks
//! for no event.

use serde_json::json;
use weir_http::cursor::CURSOR_KEY;
use weir_table::Table;
use weir_testing::deployed::{Deployed, folder};
use weir_testing::dynamodb::{TestDynamo, with_own_tables};
use weir_testing::flights::DEFINITION;
use weir_testing::functions::{Function, FunctionError, Variables};
use weir_testing::running::PATIENCE;

const FUNCTIONS: [&str; 3] = ["writer", "reader", "processor"];
/// What Lambda says of a process that ended with an exit code of 1 before it asked for an event.
const ENDED: &str = "Error: Runtime exited with error: exit status 1";

/// Starts a function that must not start, and waits until its log says why.
async fn assert_ends(name: &str, variables: &Variables, says: &str) {
    let function = Function::start(name, variables, PATIENCE);
    for processes in 1..=2 {
        let error = function.invoke(b"{}".to_vec()).await.expect_err(says);
        let expected = FunctionError {
            error_type: "Runtime.ExitError".to_owned(),
            error_message: ENDED.to_owned(),
        };
        assert_eq!(error, expected, "{name}");
        assert_eq!(function.started().len(), processes, "each invocation tries again");
    }
    function.says(says).await;
    let log = function.log();
    let line = log.lines().find(|line| line.contains(says)).expect("it was there");
    let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    assert_eq!(line["level"], "ERROR", "{line}");
    assert!(
        line["timestamp"].is_string(),
        "CloudWatch takes a line without a time for INFO: {line}"
    );
}

fn with(variables: &Variables, name: &str, value: &str) -> Variables {
    let mut variables = variables.clone();
    variables.insert(name.to_owned(), value.to_owned());
    variables
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_that_is_missing_or_wrong_is_named() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let wrong = folder(&DEFINITION.replace("by = [\"origin\"]", "by = [\"orign\"]"));
    let wrong = wrong.path().join("weir.toml");
    let wrong = with(&world.variables, "WEIR_FILE", wrong.to_str().expect("text"));
    let missing = with(&world.variables, "WEIR_FILE", "/opt/weir.toml");
    let mut unset = world.variables.clone();
    unset.remove("WEIR_FILE");
    for name in FUNCTIONS {
        let says = "the definition file /opt/weir.toml cannot be read (WEIR_FILE names another)";
        assert_ends(name, &missing, says).await;
        assert_ends(name, &unset, "the definition file weir.toml cannot be read").await;
        assert_ends(name, &wrong, "orign").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_processor_without_its_table_of_rollups_ends_and_the_others_say_what_is_missing() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let nowhere = with_own_tables(DEFINITION.parse().expect("a definition")).table.name;
    let variables = with(&world.variables, "TABLE_NAME", &nowhere);
    let variables = with(&variables, "ROLLUPS_TABLE_NAME", &format!("{nowhere}-rollups"));
    assert_ends("processor", &variables, &format!("{nowhere}-rollups")).await;

    let function = |name| std::sync::Arc::new(Function::start(name, &variables, PATIENCE));
    let (writer, reader) = (function("writer"), function("reader"));
    let said = [std::sync::Arc::clone(&writer), std::sync::Arc::clone(&reader)];
    let http = weir_testing::api_gateway::serve(&world.system.model, writer, reader).await;
    let flight = json!(weir_testing::flights::rows(1)[0]);
    for (method, path, body) in [("GET", "/flight/ATL", None), ("POST", "/flight", Some(&flight))] {
        let (status, problem) = http.send(method, path, body).await;
        assert_eq!((status, &problem["type"]), (503, &json!("/problems/missing-table")), "{path}");
        assert!(!problem.to_string().contains(&nowhere), "the log names it: {problem}");
    }
    for function in said {
        function.says(&nowhere).await;
    }
}

/// Processes of the function must open the cursors of each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_without_the_key_of_its_cursors_ends_and_names_the_variable() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let mut unset = world.variables.clone();
    unset.remove(CURSOR_KEY);
    assert_ends("reader", &unset, "WEIR_CURSOR_KEY is not set").await;
    let wrong = with(&world.variables, CURSOR_KEY, "secret");
    assert_ends("reader", &wrong, "key 1 of WEIR_CURSOR_KEY has 6 characters").await;
}

/// A processor that is deployed before its definition is built counts the revisions that there are.
#[tokio::test(flavor = "multi_thread")]
async fn a_processor_whose_definition_was_changed_starts() {
    let dynamodb = TestDynamo::start().await;
    let world = Deployed::start(&dynamodb, DEFINITION).await;
    let table = Table::new(&dynamodb.connect().await, world.system.model.clone());
    table.open_rollups().await.expect("it is as it was");
    let changed = folder(&DEFINITION.replace("gte = 15", "gte = 1"));
    let file = changed.path().join("weir.toml");
    let variables = with(&world.variables, "WEIR_FILE", file.to_str().expect("text"));
    let function = Function::start("processor", &variables, PATIENCE);
    let error = function.invoke(b"{}".to_vec()).await.expect_err("an event without a shard");
    assert_eq!(error.error_type, "Event", "it has started: {error:?}");
    table.open_rollups().await.expect("a changed definition alone changes no state");
}
