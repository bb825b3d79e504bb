//! The facts that a plan is made from, read from DynamoDB.
//!
//! **Invariant:** nothing is written. A fact that the caller may not read is a reason, and not an
//! absent fact.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use weir_build::Wanted;
use weir_model::Model;
use weir_model::table::ROLLUPS_TTL;
use weir_rollups::{Revision, details};
use weir_table::checkpoints::{HeldLease, StreamProgress};
use weir_table::error::chain;
use weir_table::sample::sample;
use weir_table::{
    BuildProgress, Connection, InspectedTable, ItemsTable, RollupsState, RollupsStatus, Table,
};

use super::error::Error;

/// The items of a sample.
const SAMPLE_ITEMS: usize = 2_000;

/// A fact, or the reason why it is not known.
pub(super) type Known<T> = Result<T, String>;

/// The facts about a table and its rollups.
pub(super) struct Facts {
    /// Whether DynamoDB is an emulator.
    pub(super) is_local: bool,
    /// The URL of DynamoDB, unless it is AWS's.
    pub(super) endpoint: Option<String>,
    /// DynamoDB's time, in seconds since 1970.
    pub(super) now: i64,
    /// The table of items; `None` if it does not exist.
    pub(super) items: Known<Option<InspectedTable>>,
    /// The table of rollups; `None` if it does not exist.
    pub(super) rollups: Known<Option<InspectedTable>>,
    /// The attribute by which rollup items expire, if some have to; `None` if none does.
    pub(super) rollups_ttl: Option<Known<Option<String>>>,
    /// Whether the table of items has point-in-time recovery.
    pub(super) has_recovery: Known<bool>,
    /// The state of the rollups.
    pub(super) status: RollupsStatus,
    /// The stored definitions that the definition is compared with, by their ids.
    pub(super) stored: BTreeMap<String, Known<Arc<Model>>>,
    /// What a build would do; `None` if no processor has registered the rollups.
    pub(super) wanted: Option<Wanted>,
    /// The progress of the builds that are under way, by the stored names of their revisions.
    pub(super) builds: HashMap<String, BuildProgress>,
    /// How far the stream was handled.
    pub(super) progress: Known<Option<StreamProgress>>,
    /// The poller that reads the stream outside Lambda.
    pub(super) lease: Known<Option<HeldLease>>,
}

/// Items of the table.
pub(super) struct Sample {
    pub(super) items: Vec<weir_model::Item>,
    /// Whether they are all items that the table has.
    pub(super) is_complete: bool,
}

impl Facts {
    /// Reads the facts about the table of a definition.
    pub(super) async fn read(connection: &Connection, table: &Table) -> Result<Self, Error> {
        let model = table.model();
        let items = known(table.inspect().await, "the table of items")?;
        let rollups = known(table.inspect_rollups().await, "the table of rollups")?;
        let has_rollups = !matches!(rollups, Ok(None));
        let identity = items.as_ref().ok().and_then(Option::as_ref);
        let identity = identity.map(|items| items.identity.clone()).unwrap_or_default();
        let status = match has_rollups {
            true => status(table, &identity).await?,
            false => RollupsStatus::Unregistered,
        };
        let mut facts = Self {
            is_local: connection.is_local(),
            endpoint: connection.sdk_config().endpoint_url().map(str::to_owned),
            now: match has_rollups {
                true => read(table.dynamodb_time().await, "DynamoDB's time")?,
                false => Timestamp::now().as_second(),
            },
            rollups_ttl: match has_rollups && model.rollups.iter().any(details::expires) {
                true => Some(known(table.rollups_ttl().await, "the time to live of rollup items")?),
                false => None,
            },
            has_recovery: match &items {
                Ok(Some(_)) if !connection.is_local() => {
                    known(table.has_recovery().await, "the backups of the table of items")?
                }
                _ => Ok(false),
            },
            builds: read(table.build_progress(&status).await, "the progress of the builds")?,
            items,
            rollups,
            status,
            stored: BTreeMap::new(),
            wanted: None,
            progress: Ok(None),
            lease: Ok(None),
        };
        if let Some(label) = identity.stream_label().filter(|_| has_rollups) {
            facts.read_progress(table, label).await?;
        }
        if let Some(state) = facts.state().cloned() {
            facts.compare(table, &state).await?;
        }
        Ok(facts)
    }

    /// The state of the rollups; `None` if no processor has registered them.
    pub(super) fn state(&self) -> Option<&RollupsState> {
        match &self.status {
            RollupsStatus::Registered { state, .. } => Some(state),
            _ => None,
        }
    }

    /// The stored definition of a revision, if it can be used.
    pub(super) fn definition(&self, revision: &Revision) -> Option<&Arc<Model>> {
        self.stored.get(&revision.definition)?.as_ref().ok()
    }

    /// The definitions that stored items were written under: those of the revisions that are
    /// counted, or of the newest if none is.
    pub(super) fn definitions_of_items(&self) -> Vec<&Arc<Model>> {
        let revisions = self.state().map(|state| &state.revisions[..]).unwrap_or_default();
        let is_any_counted = revisions.iter().any(Revision::is_counted);
        let is_counted = |id: &str| {
            let mut counted = revisions.iter().filter(|revision| revision.is_counted());
            counted.any(|revision| revision.definition == *id)
        };
        let stored = self.stored.iter().filter(|(id, _)| !is_any_counted || is_counted(id));
        stored.filter_map(|(_, definition)| definition.as_ref().ok()).collect()
    }

    /// Returns the time to live that the table of rollups has instead of the one that it needs;
    /// `None` if it has that, needs none, or may not be asked.
    pub(super) fn lacking_ttl(&self) -> Option<String> {
        match self.rollups_ttl.as_ref()?.as_ref().ok()? {
            Some(attribute) if attribute == ROLLUPS_TTL => None,
            Some(attribute) => Some(format!("its time to live is on `{attribute}`")),
            None => Some("it has no time to live".to_owned()),
        }
    }

    /// The table of items, if it exists and may be described.
    pub(super) fn existing_items(&self) -> Option<&InspectedTable> {
        self.items.as_ref().ok()?.as_ref()
    }

    async fn read_progress(&mut self, table: &Table, label: &str) -> Result<(), Error> {
        self.progress = known(table.stream_progress(label).await, "the progress of the stream")?;
        self.lease = table.checkpoints().held_lease(label).await.map_err(|error| chain(&error));
        Ok(())
    }

    /// Reads the stored definitions, and compares the definition with the state.
    async fn compare(&mut self, table: &Table, state: &RollupsState) -> Result<(), Error> {
        let model = table.model();
        let counted = state.revisions.iter().filter(|revision| revision.is_counted());
        let newest = model.rollups.iter().filter_map(|rollup| state.newest(&rollup.name));
        let ids: BTreeSet<_> = counted.chain(newest).map(|known| &known.definition).collect();
        for id in ids {
            let definition = match table.stored_definition(id).await {
                Err(error @ weir_table::Error::Definition { .. }) => Err(chain(&error)),
                definition => Ok(read(definition, "a stored definition")?),
            };
            self.stored.insert(id.clone(), definition);
        }
        let usable = self.stored.iter().filter_map(|(id, definition)| {
            Some((id.clone(), Arc::clone(definition.as_ref().ok()?)))
        });
        self.wanted = Some(Wanted::new(model, state, &usable.collect(), &[], self.now));
        Ok(())
    }
}

impl Sample {
    /// Reads a sample of the table of items.
    pub(super) async fn read(connection: &Connection, table: &Table) -> Result<Known<Self>, Error> {
        let sampled = sample(connection, table.name(), SAMPLE_ITEMS).await;
        let sampled = known(sampled, "a sample of the table of items")?;
        Ok(sampled.map(|known| Self { items: known.items, is_complete: known.is_complete }))
    }
}

/// Reads the state of the rollups. A table of rollups that nobody may describe may not exist.
async fn status(table: &Table, identity: &ItemsTable) -> Result<RollupsStatus, Error> {
    match table.rollups_status(identity).await {
        Err(weir_table::Error::MissingTable { .. }) => Ok(RollupsStatus::Unregistered),
        status => read(status, "the state of the rollups"),
    }
}

fn read<T>(answer: Result<T, weir_table::Error>, what: &'static str) -> Result<T, Error> {
    answer.map_err(|source| Error::Read { what, source })
}

/// Returns a fact, or the reason why the caller may not know it.
fn known<T>(answer: Result<T, weir_table::Error>, what: &'static str) -> Result<Known<T>, Error> {
    match answer {
        Err(error @ weir_table::Error::Denied { .. }) => Ok(Err(chain(&error))),
        answer => read(answer, what).map(Ok),
    }
}
