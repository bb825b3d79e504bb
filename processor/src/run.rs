//! A processor as a program: on Lambda, or behind the local event source mapping.
//!
//! **Invariant:** a program that is a processor is the same on both hosts; its environment decides.

use std::sync::Arc;

use thiserror::Error;
use weir_startup::{Environment, OpenedTables, StartError};
use weir_table::checkpoints::Checkpoints;
use weir_telemetry::on_lambda;

use crate::handler::Processor;
use crate::host::Host;
use crate::mapping::{self, EventSourceMapping, FilterCriteria, Settings, Source};
use crate::prometheus::{self, ExporterError};

/// The reason why a processor cannot start, or has ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// The environment, or the definition that it names.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The state of the rollups cannot be opened.
    #[error(transparent)]
    Table(#[from] weir_table::Error),
    /// The event source mapping.
    #[error(transparent)]
    Mapping(#[from] mapping::Error),
    /// Metrics cannot be served.
    #[error(transparent)]
    Metrics(#[from] ExporterError),
    /// Lambda's runtime API.
    #[error("the Lambda runtime ended")]
    Lambda(#[source] lambda_runtime::Error),
    /// The program is not on Lambda, and the processor was not created from the environment.
    #[error(
        "AWS_LAMBDA_RUNTIME_API is not set, so this is not Lambda; expected a processor from \
         `Processor::from_env`, which polls the stream itself, or a call of `Processor::poll`"
    )]
    NotOnLambda,
}

impl Processor {
    /// Creates the processor of the definition and the tables that the environment names: it
    /// maintains the rollups, and runs reactors that [`Processor::react`] adds.
    ///
    /// # Errors
    /// An invalid variable or definition, or the state of the rollups that cannot be opened.
    pub async fn from_env() -> Result<Self, RunError> {
        Self::from_environment(Environment::from_process()).await
    }

    /// As [`Processor::from_env`], with the variables given.
    ///
    /// # Errors
    /// As [`Processor::from_env`].
    pub async fn from_environment(environment: Environment) -> Result<Self, RunError> {
        let model = environment.model()?;
        let OpenedTables { connection, table, rollups } = environment.open(&model).await;
        let opened = table.open_rollups().await?;
        let processor = Self::new(model).rollups(rollups).state(table.clone(), &opened);
        Ok(processor.with_host(Host { environment, connection, table }))
    }

    /// Creates a processor without rollups: a second consumer of the stream, for reactors.
    ///
    /// Outside Lambda it needs a table for its checkpoints, which no other consumer uses; it
    /// creates the table if it does not exist.
    ///
    /// # Errors
    /// An invalid variable or definition, or a table that cannot be created.
    pub async fn reactors_from_env(checkpoints_table: &str) -> Result<Self, RunError> {
        let environment = Environment::from_process();
        let model = environment.model()?;
        let name = model.table.name.clone();
        let mut model = Arc::unwrap_or_clone(model).with_table(&name, Some(checkpoints_table));
        // Another consumer maintains them: their state is not that of this one's table.
        model.rollups.clear();
        let model = Arc::new(model);
        let OpenedTables { connection, table, .. } = environment.open(&model).await;
        if !on_lambda() {
            table.provision().await?;
        }
        Ok(Self::new(model).with_host(Host { environment, connection, table }))
    }

    /// Runs on Lambda until Lambda ends the process; elsewhere, behind the local event source
    /// mapping until Ctrl-C or SIGTERM. Then it finishes the batches in flight, as long as
    /// `WEIR_SHUTDOWN_TIMEOUT_SECS` allows, and releases the lease.
    ///
    /// # Errors
    /// The reason why it cannot run, or does not any longer.
    pub async fn run(mut self) -> Result<(), RunError> {
        if on_lambda() {
            return self.run_on_lambda().await.map_err(RunError::Lambda);
        }
        let Host { environment, connection, table } =
            self.take_host().ok_or(RunError::NotOnLambda)?;
        prometheus::serve_from(&environment)?;
        let definition = &self.model().table;
        let checkpoints = Checkpoints::new(connection.dynamodb(), &definition.rollups_table);
        let source = Source::Table(definition.name.clone());
        let settings = Settings::from_environment(source, &environment)?;
        if settings.filter_criteria != FilterCriteria::default() {
            tracing::warn!(
                "filter criteria are set: a change counts only if they admit it whenever its old \
                 or its new image contributes"
            );
        }
        let mapping = EventSourceMapping::new(&connection, checkpoints, settings).of_table(table);
        Ok(self.poll(mapping, weir_http::interrupted()).await?)
    }
}
