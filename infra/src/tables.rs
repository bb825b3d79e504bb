//! The options by which a command names its tables and the DynamoDB that has them.

use clap::Args;
use weir_model::Model;
use weir_startup::{Environment, StartError};
use weir_table::Connection;

use crate::account::Account;
use crate::connect::connect;
use crate::endpoint::endpoint_url;

/// The tables of a command, and the DynamoDB that has them.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TableOptions {
    /// Use the DynamoDB at this URL [default: as the environment and the AWS profile say]
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    endpoint: Option<String>,
    #[command(flatten)]
    account: Account,
    /// The table of items [default: that of TABLE_NAME, else of the definition]
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The table of rollups [default: that of ROLLUPS_TABLE_NAME, else of the definition]
    #[arg(long, value_name = "NAME")]
    rollups_table: Option<String>,
}

impl TableOptions {
    /// Names the tables of a deployment, as far as the definition does not.
    pub(crate) fn for_deployment(
        account: &Account,
        model: &Model,
        [table, rollups_table]: [&str; 2],
    ) -> Self {
        let other = |name: &str, default: &str| (name != default).then(|| name.to_owned());
        // A table of items with another name has another table of rollups by default.
        let rollups_default =
            if table == model.table.name { &model.table.rollups_table } else { "" };
        Self {
            endpoint: None,
            account: account.clone(),
            table: other(table, &model.table.name),
            rollups_table: other(rollups_table, rollups_default),
        }
    }

    /// Returns a definition over these tables.
    ///
    /// # Errors
    /// A variable of the environment that names no table.
    pub(crate) fn name_tables(&self, model: Model) -> Result<Model, StartError> {
        let named = Environment::from_process().name_tables(model)?;
        let rollups = self.rollups_table.as_deref();
        Ok(match (&self.table, rollups) {
            (Some(table), rollups) => named.with_table(table, rollups),
            (None, Some(rollups)) => {
                let table = named.table.name.clone();
                named.with_table(&table, Some(rollups))
            }
            (None, None) => named,
        })
    }

    /// Returns whether any was given.
    pub(crate) fn is_given(&self) -> bool {
        !self.words().is_empty()
    }

    /// Connects to DynamoDB.
    pub(crate) async fn connect(&self) -> Connection {
        connect(self.endpoint.as_deref(), &self.account, &Environment::from_process()).await
    }

    /// As arguments of `weir`.
    pub(crate) fn words(&self) -> Vec<&str> {
        let named = [
            ("--endpoint", &self.endpoint),
            ("--table", &self.table),
            ("--rollups-table", &self.rollups_table),
        ];
        let named = named.into_iter().filter_map(|(name, value)| Some([name, value.as_deref()?]));
        named.flatten().chain(self.account.words()).collect()
    }
}
