//! A client of the tables of a definition: typed items, and answers of rollups.

use std::sync::Arc;

use serde::Serialize;
use weir_model::{ItemType, Model};
use weir_query::{QueryEngine, QueryError, RankAnswer, RankQuery, RollupAnswer, RollupQuery};
use weir_startup::{Environment, StartError};
use weir_table::{Connection, Error, Items, Rollups, Table};

/// A client of the tables of a definition. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    connection: Connection,
    table: Table,
    rollups: Rollups,
    engine: QueryEngine,
}

impl Client {
    /// Connects to the tables of the definition that the environment names.
    ///
    /// # Errors
    /// An invalid variable or definition.
    pub async fn from_env() -> Result<Self, StartError> {
        let environment = Environment::from_process();
        let model = environment.model()?;
        Ok(Self::new(&environment.connect().await, model))
    }

    /// Connects to the tables of a definition that the program holds. The environment may name
    /// other tables (`TABLE_NAME`, `ROLLUPS_TABLE_NAME`) and another DynamoDB.
    ///
    /// # Errors
    /// An invalid variable.
    pub async fn with_model(model: Model) -> Result<Self, StartError> {
        let environment = Environment::from_process();
        let model = environment.name_tables(model)?;
        Ok(Self::new(&environment.connect().await, model))
    }

    /// Uses the tables of a definition over a connection.
    pub fn new(connection: &Connection, model: impl Into<Arc<Model>>) -> Self {
        let model = model.into();
        let table = Table::new(connection, Arc::clone(&model));
        let rollups = Rollups::new(connection, &model.table);
        let engine = QueryEngine::new(&table, &rollups);
        Self { connection: connection.clone(), table, rollups, engine }
    }

    /// Returns the definition.
    pub fn model(&self) -> &Model {
        self.table.model()
    }

    /// Returns the connection to DynamoDB.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the table of items.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Returns the rollups.
    pub fn rollups(&self) -> &Rollups {
        &self.rollups
    }

    /// Returns the items of an entity as values of a type.
    ///
    /// # Errors
    /// [`Error::Type`] if the type does not match the definition.
    pub fn items<T: ItemType + Serialize>(&self) -> Result<Items<T>, Error> {
        self.table.entity(T::ENTITY)
    }

    /// Answers a query of a rollup, one page.
    ///
    /// # Errors
    /// A query that the rollup cannot answer, a rollup that is not built or that changed, or an
    /// error of DynamoDB.
    pub async fn ask(&self, query: &RollupQuery) -> Result<RollupAnswer, QueryError> {
        self.engine.answer(query).await
    }

    /// Answers a query of the ranks of a rollup's groups, one page.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn rank(&self, query: &RankQuery) -> Result<RankAnswer, QueryError> {
        self.engine.ranks(query).await
    }
}
