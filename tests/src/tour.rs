//! Tours: the requests of an example's README are sent in their order, and what is answered is
//! compared with what it prints.
//!
//! ````text
//! ```sh                                        a request, sent by the very command that is printed
//! curl -i http://127.0.0.1:3000/note/ann/7
//! ```
//! ```http                                      and its answer
//! HTTP/1.1 200 OK
//! etag: "1"
//!
//! { "user": "ann", "title": "Groceries", … }
//! ```
//! ````
//!
//! | to see | read |
//! |---|---|
//! | which blocks of a README are requests and answers | `document` |
//! | what of an answer is compared, and what `…` stands for | `expected` |
//!
//! **Invariant:** a request without an answer, an answer without a request, and an answer that is
//! not the one printed fail the test with the line that they are on.

pub(crate) mod document;
mod expected;

use std::io::Write;
use std::process::Command;

use serde_json::Value;

use self::document::Exchange;
use self::expected::Expected;
use crate::example::Example;
use crate::system::System;

/// Where `weir dev` serves, as a README names it.
const SERVED: &str = "http://127.0.0.1:3000";
/// The path of queries to rollups, for which the processor must have caught up.
const OF_ROLLUPS: &str = "/rollups/";
/// The text in front of a request's key.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key: ";
/// The most records of a batch of the processor's.
const BATCH_SIZE: usize = 100;

/// Serves an example with its data, sends the requests of its README, and compares the answers.
/// Without a curl that knows `--json`, 7.82 or newer, it says so and sends none.
///
/// # Panics
/// With the first answer that is not the one printed.
pub async fn take(name: &'static str) {
    if !Command::new("curl")
        .args(["--json", "{}", "--version"])
        .output()
        .is_ok_and(|ran| ran.status.success())
    {
        writeln!(
            std::io::stderr(),
            "skipped: the tour of {name}, for there is no curl that knows --json"
        )
        .expect("written");
        return;
    }
    let example = Example::loaded(name).await;
    let processor = example.system.process(example.system.processor(), BATCH_SIZE);
    let readme = format!("examples/{name}/README.md");
    let exchanges = document::exchanges(&example.file("README.md"));
    let exchanges = exchanges.unwrap_or_else(|error| panic!("{readme}:{error}"));
    assert!(!exchanges.is_empty(), "{readme} has no requests");
    for Exchange { line, request, answer } in exchanges {
        let place = format!("{readme}:{line}");
        assert!(request.contains(SERVED), "{place}: expected a request to {SERVED}");
        if request.contains(OF_ROLLUPS) {
            processor.catch_up().await;
        }
        let expected = Expected::parse(&answer).unwrap_or_else(|error| panic!("{place}: {error}"));
        let key = format!("{IDEMPOTENCY_KEY}{}-", run(&example.system));
        let request = request.replace(IDEMPOTENCY_KEY, &key);
        let found = printed(request.replace(SERVED, example.system.http.url())).await;
        let differences = expected.differences(&found).join("\n  ");
        assert!(differences.is_empty(), "{place}: {request}\n  {differences}\n\n{found}");
    }
    processor.stop().await;
    example.end().await;
}

/// Returns where an answer in JSON is not as it is printed, with `…` for what may be anything; none
/// where it is.
///
/// # Errors
/// Why what is printed is not JSON.
pub fn differences(printed: &str, found: &Value) -> Result<Vec<String>, String> {
    expected::differences(printed, found)
}

/// Returns whether text is as it is printed, with some text for each `…`.
pub fn matches(printed: &str, found: &str) -> bool {
    expected::matches(printed, found)
}

/// Returns a name of this run. DynamoDB remembers idempotency keys across tables, so each run needs
/// others.
pub fn run(system: &System) -> String {
    let parts: Vec<_> = system.model.table.name.rsplitn(3, '-').collect();
    format!("{}-{}", parts[1], parts[0])
}

/// Returns the output of a command.
async fn printed(command: String) -> String {
    let run = move || {
        let output = Command::new("sh").arg("-c").arg(&command).output();
        let output = output.unwrap_or_else(|error| panic!("sh: {error}"));
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {}\n{complaints}", output.status);
        String::from_utf8(output.stdout).expect("text")
    };
    tokio::task::spawn_blocking(run).await.expect("a command that ends well")
}
