//! The definition that a rollup is answered under.
//!
//! | the newest revision that is ready | the answer |
//! |---|---|
//! | was counted under the definition file, or one that gives the same numbers | of the file |
//! | was counted under another definition | of that one, marked as such, until a build replaces it |
//! | there is none | an error: `rollup-building` or `rollup-unbuilt` |
//!
//! **Invariant:** a rollup item is read under the definition that it was counted under.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use weir_model::{Model, Rollup};
use weir_rollups::Revision;
use weir_table::Table;

/// The definition that a rollup is answered under, in which the rollup has the revision of the
/// items.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) model: Arc<Model>,
    /// The position of the rollup among those of the model.
    position: usize,
    /// Whether the definition file says something else by now.
    pub(crate) is_previous: bool,
    /// The revision, as the state of the rollups has it.
    pub(crate) revision: Revision,
}

/// The definitions that rollups were answered under so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServedCache {
    known: Arc<Mutex<HashMap<String, (Revision, Served)>>>,
}

impl Served {
    /// Returns the rollup.
    pub(crate) fn rollup(&self) -> &Rollup {
        &self.model.rollups[self.position]
    }
}

impl ServedCache {
    /// Returns the definition that a revision of a rollup of the table's file is answered under.
    ///
    /// # Errors
    /// A stored definition that cannot be used, or the error of DynamoDB.
    pub(crate) async fn find(
        &self,
        table: &Table,
        own: &Rollup,
        revision: &Revision,
    ) -> Result<Served, weir_table::Error> {
        let known = self.known.lock().expect("no holder panics").get(&own.name).cloned();
        if let Some((_, served)) = known.filter(|(known, _)| {
            (known.number, &known.definition) == (revision.number, &revision.definition)
        }) {
            return Ok(Served { revision: revision.clone(), ..served });
        }
        let stored = table.definition(revision).await?;
        let is_previous = !weir_rollups::revision::counts_the_same(
            (&stored, &stored.rollups[0]),
            (table.model(), own),
        );
        let served = if is_previous {
            Served { model: stored, position: 0, is_previous, revision: revision.clone() }
        } else {
            // Measures and labels may have changed without a difference to what is kept.
            let mut model = Model::clone(table.model());
            let position = model.rollups.iter().position(|known| known.name == own.name);
            let position = position.expect("it is a rollup of this model");
            model.rollups[position].revision = revision.number;
            let revision = revision.clone();
            Served { model: Arc::new(model), position, is_previous, revision }
        };
        let entry = (revision.clone(), served.clone());
        self.known.lock().expect("no holder panics").insert(own.name.clone(), entry);
        Ok(served)
    }
}
