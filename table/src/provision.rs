//! Making the tables that a definition describes, and finding out whether those that are there are
//! they. `extension` adds to tables that exist what a changed definition needs.

mod extension;
mod inspection;
mod rollups;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableDescription,
    TableStatus, TimeToLiveSpecification,
};
use weir_model::table::{ROLLUPS_PARTITION_KEY, ROLLUPS_SORT_KEY, ROLLUPS_TTL};
use weir_model::{Index, Model, TableDefinition};
use weir_rollups::Revision;

use crate::checkpoints::{Checkpoints, StreamProgress};
use crate::clock;
use crate::error::Error;
use crate::items::Table;
use crate::state::{self, BuildProgress, ItemsTable, OpenedState, RollupsState, RollupsStatus};

pub(crate) use self::inspection::ttl_attribute;
pub use self::inspection::{InspectedStream, InspectedTable, Mismatch};

/// How often a table that is being made is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How often it is looked at before making it counts as failed: a minute in all.
const MAX_POLLS: u32 = 300;

/// The tables of a definition, as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provisioned {
    /// Whether the table of items was made just now.
    pub is_new: bool,
    /// The ARN of its stream.
    pub stream_arn: String,
    /// The state of its rollups.
    pub rollups: RollupsState,
}

impl Table {
    /// Makes the table of items with its stream and indexes, and the table of rollups, unless they
    /// are there.
    ///
    /// # Errors
    /// [`Error::OtherTable`] if a table of that name is there but is another; else the error of
    /// DynamoDB.
    pub async fn provision(&self) -> Result<Provisioned, Error> {
        let definition = &self.model.table;
        if describe(&self.client, &definition.name).await?.is_none() {
            // Before the table is made: otherwise the next start would find nothing amiss.
            state::check_unused(&self.client, &self.model).await?;
        }
        // First, so that they are not younger than the items that they count: see
        // `state::beginning`.
        self.provision_rollups().await?;
        let (items, is_new) =
            ensure(&self.client, &definition.name, items_table(&self.client, definition)).await?;
        check_items_table(definition, &items)?;
        if let Some(ttl) = definition.ttl.as_ref().filter(|_| is_new) {
            self.enable_ttl(self.name(), ttl).await?;
        }
        let rollups = state::open(&self.client, &self.model, is_new).await?.state;
        let stream_arn =
            items.latest_stream_arn.ok_or_else(|| other(&definition.name, "it has no stream"))?;
        Ok(Provisioned { is_new, stream_arn, rollups })
    }

    /// Compares the state of the rollups with the table and the stream that there are, and stores
    /// what has changed. A processor does this when it starts, and when its stream is another one.
    ///
    /// # Errors
    /// [`Error::OtherTable`] if the rollups are those of another table; else the error of DynamoDB.
    pub async fn open_rollups(&self) -> Result<OpenedState, Error> {
        state::open(&self.client, &self.model, false).await
    }

    /// Enables the stream of the table of items, if the table exists and its stream is disabled.
    /// Changes written meanwhile are lost to the rollups: [`Table::provision`] notes that.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn enable_stream(&self) -> Result<(), Error> {
        let name = self.name();
        let Some(table) = describe(&self.client, name).await? else { return Ok(()) };
        if table.stream_specification.is_some_and(|stream| stream.stream_enabled) {
            return Ok(());
        }
        tracing::warn!(table = name, "the stream is disabled; enabling it");
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build()
            .expect("enabled is set");
        let request = self.client.update_table().table_name(name).stream_specification(stream);
        request.send().await.map(drop).map_err(|error| Error::from_sdk(name, error))
    }

    /// Describes the table of items: DynamoDB's identity of it and of its stream.
    ///
    /// # Errors
    /// [`Error::MissingTable`] if it does not exist; else the error of DynamoDB.
    pub async fn describe(&self) -> Result<ItemsTable, Error> {
        ItemsTable::find(&self.client, self.name()).await
    }

    /// Reads the state of the rollups and compares it with the table of items. A reader does this
    /// before it answers.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn rollups_status(&self, items: &ItemsTable) -> Result<RollupsStatus, Error> {
        state::status(&self.client, &self.budget, &self.model, items).await
    }

    /// Reads the state of the rollups, strongly consistent; `None` if no processor has registered
    /// them. A processor does this at the start of each batch.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn read_rollups_state(&self) -> Result<Option<RollupsState>, Error> {
        state::read(&self.client, &self.model).await
    }

    /// Changes the state of the rollups: `change` is given the state as it is and DynamoDB's time
    /// in seconds since 1970, and is called again if another process has written meanwhile. Returns
    /// the value of the last call once the state is stored.
    ///
    /// # Errors
    /// The error of `change`; [`Error::Unreadable`] where there is no state; else the error of
    /// DynamoDB.
    pub async fn change_rollups_state<T, E: From<Error>>(
        &self,
        change: impl FnMut(&mut RollupsState, i64) -> Result<T, E>,
    ) -> Result<T, E> {
        state::change(&self.client, &self.model, change).await
    }

    /// Reads the progress of the builds that are under way, by the stored names of their revisions.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn build_progress(
        &self,
        status: &RollupsStatus,
    ) -> Result<HashMap<String, BuildProgress>, Error> {
        match status {
            RollupsStatus::Registered { state, .. } => {
                state::build_progress(&self.client, &self.budget, &self.model, state).await
            }
            _ => Ok(HashMap::new()),
        }
    }

    /// Stores the progress of the build of a revision, for readers.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn save_build_progress(
        &self,
        revision: &Revision,
        progress: &BuildProgress,
    ) -> Result<(), Error> {
        state::save_build_progress(&self.client, &self.model, revision, progress).await
    }

    /// Stores the definition of this table, and returns its id: a revision can name it from then
    /// on.
    ///
    /// # Errors
    /// [`Error::Definition`] for one that is too large; else the error of DynamoDB.
    pub async fn store_definition(&self) -> Result<String, Error> {
        state::store_definition(&self.client, &self.model).await
    }

    /// Returns DynamoDB's time, in seconds since 1970: the `Date` of its answer to a read of the
    /// state item.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn dynamodb_time(&self) -> Result<i64, Error> {
        state::dynamodb_time(&self.client, &self.model).await
    }

    /// Returns the definition file that was stored under an id, over the tables of this one.
    ///
    /// # Errors
    /// [`Error::Definition`] if it is not stored, or if this version of Weir rejects it; else the
    /// error of DynamoDB.
    pub async fn stored_definition(&self, id: &str) -> Result<Arc<Model>, Error> {
        self.definitions.find(&self.client, &self.budget, &self.model, id).await
    }

    /// Returns the rollup of a revision, in the definition that it is counted under.
    ///
    /// # Errors
    /// [`Error::Definition`] if its definition is not stored, or if this version of Weir rejects
    /// it; else the error of DynamoDB.
    pub async fn definition(&self, revision: &Revision) -> Result<Arc<Model>, Error> {
        let Revision { rollup, number, definition, .. } = revision;
        let mut model = Arc::unwrap_or_clone(self.stored_definition(definition).await?);
        model.rollups.retain(|known| known.name == *rollup);
        let Some(only) = model.rollups.first_mut() else {
            let reason = format!("it has no rollup `{rollup}`");
            return Err(Error::Definition { id: definition.clone(), reason });
        };
        only.revision = *number;
        Ok(Arc::new(model))
    }

    /// Returns how far the stream of this label was handled; `None` where that is not known.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn stream_progress(&self, label: &str) -> Result<Option<StreamProgress>, Error> {
        state::progress(&self.client, &self.budget, &self.model, label).await
    }

    /// Waits until every change of the stream of this label up to a time, in milliseconds since
    /// 1970, was handled, for at most `limit`. Returns how far the stream was handled then; `None`
    /// where that is not known, without waiting.
    ///
    /// Its reads spend no budget.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn wait_for_stream(
        &self,
        label: &str,
        through_ms: i64,
        limit: Duration,
    ) -> Result<Option<StreamProgress>, Error> {
        state::wait_for_progress(&self.client, &self.model, label, through_ms, limit).await
    }

    /// Returns the checkpoints in the rollups table, where the progress of shards is stored too.
    pub fn checkpoints(&self) -> Checkpoints {
        Checkpoints::new(self.client.clone(), &self.model.table.rollups_table)
    }

    /// Notes that changes after a time, in seconds since 1970, may be missing from the rollups.
    ///
    /// # Errors
    /// The error of DynamoDB.
    pub async fn note_gap(&self, since: i64) -> Result<(), Error> {
        state::note_gap(&self.client, &self.model, &clock::rfc_3339(since)).await
    }

    async fn provision_rollups(&self) -> Result<(), Error> {
        let name = &self.model.table.rollups_table;
        let is_ranked = self.model.needs_ranks();
        let create = rollups::table(&self.client, name, is_ranked);
        let (table, is_new) = ensure(&self.client, name, create).await?;
        check_keys(name, &table, ROLLUPS_PARTITION_KEY, Some(ROLLUPS_SORT_KEY))?;
        rollups::check_ranks(name, &table, is_ranked)?;
        let expires = self.model.rollups.iter().any(weir_rollups::details::expires);
        if is_new && expires { self.enable_ttl(name, ROLLUPS_TTL).await } else { Ok(()) }
    }

    async fn enable_ttl(&self, table: &str, attribute: &str) -> Result<(), Error> {
        let specification =
            TimeToLiveSpecification::builder().enabled(true).attribute_name(attribute).build();
        self.update_ttl(table, specification.expect("both fields are set")).await
    }

    async fn update_ttl(
        &self,
        table: &str,
        specification: TimeToLiveSpecification,
    ) -> Result<(), Error> {
        let request = self
            .client
            .update_time_to_live()
            .table_name(table)
            .time_to_live_specification(specification);
        request.send().await.map(drop).map_err(|error| Error::from_sdk(table, error))
    }
}

fn items_table(client: &Client, definition: &TableDefinition) -> CreateTableFluentBuilder {
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages);
    let indexes: Vec<_> = definition.indexes.iter().map(items_index).collect();
    client
        .create_table()
        .table_name(&definition.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&definition.partition_key, definition.sort_key.as_deref())))
        .set_attribute_definitions(Some(
            definition.key_attributes().into_iter().map(text_attribute).collect(),
        ))
        .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()))
        .stream_specification(stream.build().expect("enabled is set"))
}

fn items_index(index: &Index) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(key_schema(&index.partition_key, index.sort_key.as_deref())))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .expect("name and keys are set")
}

/// The table as it is, made first if need be; and whether it was.
async fn ensure(
    client: &Client,
    name: &str,
    create: CreateTableFluentBuilder,
) -> Result<(TableDescription, bool), Error> {
    if let Some(table) = describe(client, name).await? {
        return Ok((active(client, name, table).await?, false));
    }
    let is_new = match create.send().await {
        Ok(_) => true,
        Err(error) if error.code() == Some("ResourceInUseException") => false,
        Err(error) => return Err(Error::from_sdk(name, error)),
    };
    let table = describe(client, name)
        .await?
        .ok_or_else(|| other(name, "it is gone as soon as it was made"))?;
    Ok((active(client, name, table).await?, is_new))
}

async fn active(
    client: &Client,
    name: &str,
    mut table: TableDescription,
) -> Result<TableDescription, Error> {
    for _ in 0..MAX_POLLS {
        if table.table_status == Some(TableStatus::Active) {
            return Ok(table);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
        table = describe(client, name)
            .await?
            .ok_or_else(|| other(name, "it is gone while it was made"))?;
    }
    Err(other(name, "it does not become active"))
}

async fn describe(client: &Client, name: &str) -> Result<Option<TableDescription>, Error> {
    match client.describe_table().table_name(name).send().await {
        Ok(answer) => Ok(answer.table),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(Error::from_sdk(name, error)),
    }
}

fn check_items_table(definition: &TableDefinition, table: &TableDescription) -> Result<(), Error> {
    let name = &definition.name;
    check_keys(name, table, &definition.partition_key, definition.sort_key.as_deref())?;
    let view =
        table.stream_specification.as_ref().and_then(|stream| stream.stream_view_type.clone());
    if view != Some(StreamViewType::NewAndOldImages) {
        return Err(other(name, "its stream must have the view type NEW_AND_OLD_IMAGES"));
    }
    for index in &definition.indexes {
        let mut there = table.global_secondary_indexes().iter();
        let Some(existing) = there.find(|known| known.index_name.as_ref() == Some(&index.name))
        else {
            return Err(other(name, &format!("it lacks the index `{}`", index.name)));
        };
        let expected = key_schema(&index.partition_key, index.sort_key.as_deref());
        if existing.key_schema() != expected {
            let keys: Vec<_> = expected.iter().map(|key| key.attribute_name.as_str()).collect();
            let keys = keys.join(" and ");
            let mismatch = format!("its index `{}` has other keys, expected {keys}", index.name);
            return Err(other(name, &mismatch));
        }
    }
    Ok(())
}

fn check_keys(
    name: &str,
    table: &TableDescription,
    partition: &str,
    sort: Option<&str>,
) -> Result<(), Error> {
    let key = |kind: KeyType| {
        let mut elements = table.key_schema().iter();
        elements
            .find(|element| element.key_type == kind)
            .map(|element| element.attribute_name.as_str())
    };
    let (hash, range) = (key(KeyType::Hash), key(KeyType::Range));
    if hash == Some(partition) && range == sort {
        return check_text(name, table, std::iter::once(partition).chain(sort));
    }
    let shown = |hash: Option<&str>, range: Option<&str>| {
        format!("{} and {}", hash.unwrap_or("none"), range.unwrap_or("none"))
    };
    Err(other(
        name,
        &format!("its keys are {}, expected {}", shown(hash, range), shown(Some(partition), sort)),
    ))
}

fn check_text<'a>(
    name: &str,
    table: &TableDescription,
    keys: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    for key in keys {
        let mut definitions = table.attribute_definitions().iter();
        let kind = definitions
            .find(|known| known.attribute_name == key)
            .map(|known| &known.attribute_type);
        if kind.is_some_and(|kind| *kind != ScalarAttributeType::S) {
            return Err(other(name, &format!("its key {key} is no text, expected the type S")));
        }
    }
    Ok(())
}

fn key_schema(partition: &str, sort: Option<&str>) -> Vec<KeySchemaElement> {
    let element = |name: &str, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .expect("both fields are set")
    };
    std::iter::once(element(partition, KeyType::Hash))
        .chain(sort.map(|name| element(name, KeyType::Range)))
        .collect()
}

fn text_attribute(name: &str) -> AttributeDefinition {
    attribute(name, ScalarAttributeType::S)
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
    definition.build().expect("both fields are set")
}

fn other(table: &str, mismatch: &str) -> Error {
    Error::OtherTable { table: table.to_owned(), mismatch: mismatch.to_owned() }
}
