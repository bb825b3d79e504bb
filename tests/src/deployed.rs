//! The parts of a deployment around one table: its definition file and environment, its
//! functions, its API.
//!
//! ```text
//! http ─► api_gateway ─┬─► writer ───► table ──stream──► mapping ──► processor ──► rollups
//!                      └─► reader ◄──────────────────────────────────────────────────┘
//! ```
//!
//! The functions are processes; what is between them (the API, the event source mapping) runs in
//! the test.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::api_gateway;
use crate::dynamodb::TestDynamo;
use crate::functions::{Function, Variables};
use crate::http::Client;
use crate::running::{PATIENCE, Running};
use crate::system::System;

/// Where the definition file is in its folder.
const FILE: &str = "weir.toml";
/// Shown to a DynamoDB on this machine, which wants the access key that the tests connect with.
const CREDENTIALS: &str = "weir";

/// The functions around one table.
pub struct Deployed {
    /// The table, its rollups and its stream.
    pub system: System,
    /// The variables that the template sets for each function.
    pub variables: Variables,
    /// Creates, replaces and deletes items.
    pub writer: Arc<Function>,
    /// Answers with items and rollups.
    pub reader: Arc<Function>,
    /// Asks the API in front of both.
    pub http: Client,
    /// Holds the definition file.
    _folder: TempDir,
}

impl Deployed {
    /// Makes the tables in a DynamoDB and puts the API and its functions around them. The processor
    /// does not run yet.
    pub async fn start(dynamodb: &TestDynamo, definition: &str) -> Self {
        let system = System::start(dynamodb, definition).await;
        let folder = folder(definition);
        let variables = variables(&system, &folder, &dynamodb.url);
        let function = |name| Arc::new(Function::start(name, &variables, PATIENCE));
        let (writer, reader) = (function("writer"), function("reader"));
        let http = api_gateway::serve(&system.model, writer.clone(), reader.clone()).await;
        Self { system, variables, writer, reader, http, _folder: folder }
    }

    /// Returns the processor, with so much time for an invocation.
    pub fn processor(&self, timeout: Duration) -> Arc<Function> {
        Arc::new(Function::start("processor", &self.variables, timeout))
    }

    /// Runs an event source mapping that invokes this function, with its batches cut at so many
    /// records.
    pub fn map(&self, processor: &Arc<Function>, batch_size: usize) -> Running {
        self.system.run(handler(processor), batch_size)
    }

    /// Returns the same environment with another DynamoDB.
    pub fn variables_with(&self, endpoint: &str) -> Variables {
        let mut variables = self.variables.clone();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.to_owned());
        variables
    }
}

/// Returns a handler of an event source mapping that invokes a function.
pub fn handler(
    function: &Arc<Function>,
) -> impl Fn(Vec<u8>) -> futures::future::BoxFuture<'static, Result<Vec<u8>, String>>
+ Send
+ Sync
+ 'static {
    let function = Arc::clone(function);
    move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move { function.invoke(event).await.map_err(|error| error.to_string()) })
    }
}

/// Returns a folder with a definition file in it.
pub fn folder(definition: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(FILE), definition).expect("written");
    folder
}

/// Returns the variables that the template sets, and those that lead to a DynamoDB of a test.
pub fn variables(system: &System, folder: &TempDir, endpoint: &str) -> Variables {
    let region = system.region();
    let variables = [
        ("WEIR_FILE", folder.path().join(FILE).display().to_string()),
        ("TABLE_NAME", system.model.table.name.clone()),
        ("ROLLUPS_TABLE_NAME", system.model.table.rollups_table.clone()),
        (weir_http::cursor::CURSOR_KEY, "0f".repeat(32)),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", CREDENTIALS.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIALS.to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}
