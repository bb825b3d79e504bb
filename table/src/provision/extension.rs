//! Adding to tables that exist what their definition needs and they lack.
//!
//! | a definition has | and the table lacks | so this adds |
//! |---|---|---|
//! | a rollup with ranks | the index `ranks` of the rollups table | the index |
//! | a rollup whose items expire | the time to live of the rollups table | `expires_at` |
//! | an index | it | the index, also over the items that are there |
//! | another `ttl` | the time to live by it | the time to live by it alone |
//!
//! The rollups table is Weir's own. The table of items may belong to another program, so only the
//! owner of its DynamoDB adds something to it.
//!
//! **Invariant:** a table with other keys, or of another table's rollups, stays as it is.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, IndexStatus, ScalarAttributeType,
    TableDescription, TimeToLiveSpecification,
};
use weir_model::table::{
    RANK, RANKS_INDEX, ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL, SCORE,
};

use super::{
    POLL_INTERVAL, active, attribute, check_keys, describe, items_index, other, rollups,
    text_attribute, ttl_attribute,
};
use crate::error::Error;
use crate::items::Table;
use crate::state;

/// How often an index that is being made is looked at: DynamoDB reads the whole table for it, so it
/// may take ten minutes.
const MAX_INDEX_POLLS: u32 = 3_000;

impl Table {
    /// Adds the index of rankings and the time to live to the table of rollups, if it exists and
    /// the definition needs what it lacks. Waits until the index can be read.
    ///
    /// # Errors
    /// [`Error::OtherTable`] if it has other keys or the rollups of another table, or if the index
    /// does not become active; else the error of DynamoDB.
    pub async fn extend_rollups(&self) -> Result<(), Error> {
        let name = &self.model.table.rollups_table;
        let Some(table) = describe(&self.client, name).await? else { return Ok(()) };
        check_keys(name, &table, ROLLUPS_PARTITION_KEY, Some(ROLLUPS_SORT_KEY))?;
        state::check_owned(&self.client, &self.model).await?;
        if self.model.needs_ranks() && find_index(&table, RANKS_INDEX).is_none() {
            let keys = vec![text_attribute(RANK), attribute(SCORE, ScalarAttributeType::N)];
            self.add_index(name, table, rollups::ranks(), keys).await?;
        }
        if self.model.rollups.iter().any(weir_rollups::details::expires) {
            self.set_ttl(name, Some(ROLLUPS_TTL)).await?;
        }
        Ok(())
    }

    /// Adds the indexes and the time to live of the definition to the table of items, if it exists.
    /// For a DynamoDB that belongs to this program alone.
    ///
    /// # Errors
    /// [`Error::OtherTable`] if it has other keys, or if an index does not become active; else the
    /// error of DynamoDB.
    pub async fn extend_items(&self) -> Result<(), Error> {
        let definition = &self.model.table;
        let Some(mut table) = describe(&self.client, &definition.name).await? else {
            return Ok(());
        };
        let sort_key = definition.sort_key.as_deref();
        check_keys(&definition.name, &table, &definition.partition_key, sort_key)?;
        for index in &definition.indexes {
            if find_index(&table, &index.name).is_none() {
                let keys = std::iter::once(&index.partition_key).chain(&index.sort_key);
                let keys = keys.map(|name| text_attribute(name)).collect();
                table = self.add_index(&definition.name, table, items_index(index), keys).await?;
            }
        }
        match &definition.ttl {
            Some(ttl) => self.set_ttl(&definition.name, Some(ttl)).await,
            // Another program may have enabled one.
            None => Ok(()),
        }
    }

    /// Disables the time to live of the table of items. For a definition that had one, in a
    /// DynamoDB that belongs to this program alone.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn disable_ttl(&self) -> Result<(), Error> {
        self.set_ttl(self.name(), None).await
    }

    /// Adds an index, and waits until it can be read. DynamoDB makes one at a time.
    async fn add_index(
        &self,
        name: &str,
        table: TableDescription,
        index: GlobalSecondaryIndex,
        keys: Vec<AttributeDefinition>,
    ) -> Result<TableDescription, Error> {
        active(&self.client, name, table).await?;
        let index_name = index.index_name.clone();
        tracing::info!(table = name, index = index_name, "adding an index");
        let create = CreateGlobalSecondaryIndexAction::builder()
            .index_name(index.index_name)
            .set_key_schema(Some(index.key_schema))
            .set_projection(index.projection)
            .build()
            .expect("name, keys and projection are set");
        let request = self
            .client
            .update_table()
            .table_name(name)
            .set_attribute_definitions(Some(keys))
            .global_secondary_index_updates(
                GlobalSecondaryIndexUpdate::builder().create(create).build(),
            );
        request.send().await.map_err(|error| Error::from_sdk(name, error))?;
        let table = active_index(&self.client, name, &index_name).await?;
        active(&self.client, name, table).await
    }

    /// Makes the items of a table expire by an attribute, or by none.
    async fn set_ttl(&self, table: &str, wanted: Option<&str>) -> Result<(), Error> {
        let known = ttl_attribute(&self.client, table).await?;
        if known.as_deref() == wanted {
            return Ok(());
        }
        if let Some(known) = known {
            let disabled = TimeToLiveSpecification::builder().enabled(false).attribute_name(known);
            self.update_ttl(table, disabled.build().expect("both fields are set")).await?;
        }
        match wanted {
            Some(wanted) => self.enable_ttl(table, wanted).await,
            None => Ok(()),
        }
    }
}

fn find_index<'a>(
    table: &'a TableDescription,
    name: &str,
) -> Option<&'a GlobalSecondaryIndexDescription> {
    table.global_secondary_indexes().iter().find(|index| index.index_name() == Some(name))
}

/// Waits until an index can be read. Returns the table with it.
async fn active_index(client: &Client, table: &str, name: &str) -> Result<TableDescription, Error> {
    for _ in 0..MAX_INDEX_POLLS {
        let described = describe(client, table).await?;
        let described =
            described.ok_or_else(|| other(table, "it is gone while an index was added to it"))?;
        let status = find_index(&described, name).and_then(|index| index.index_status.as_ref());
        if status == Some(&IndexStatus::Active) {
            return Ok(described);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(other(table, &format!("its index `{name}` does not become active")))
}
