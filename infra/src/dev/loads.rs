//! The files that are loaded at the start: the ones under `[dev]` into a new table, those of
//! `--load` always.
//!
//! How far the files under `[dev]` have got is kept beside the checkpoints of the stream, so that a
//! load that was cut off goes on the next time where it was, and one that was whole is not done
//! again.

mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use weir_model::Model;
use weir_table::checkpoints::Checkpoint;

use self::writer::{FileLoader, State};
use super::Error;
use super::groups::Groups;
use super::system::View;
use crate::load::{self, LoadStats};

/// Under which name, in place of a stream's label, the state of loads is kept.
const LABEL: &str = "weir dev load";
/// How long the right to load lasts. No other process competes for it; it makes checkpoints of an
/// older process harmless.
const LEASE: Duration = Duration::from_secs(60);

/// The files that are to be loaded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loads(Vec<Load>);

/// A file that is to be loaded.
#[derive(Debug, PartialEq, Eq)]
struct Load {
    entity: String,
    path: PathBuf,
    /// The name that the definition file has for it; `None` for one that is always loaded.
    once: Option<String>,
}

impl Loads {
    /// Returns the files that the definition file and the command line name.
    pub(super) fn new(model: &Model, definition: &Path, given: &[String]) -> Result<Self, Error> {
        let folder = definition.parent().unwrap_or(Path::new(""));
        let once = model.dev.load.iter().map(|load| {
            Ok(Load {
                entity: load.entity.clone(),
                path: folder.join(&load.file),
                once: Some(load.file.clone()),
            })
        });
        let always = given.iter().map(|given| {
            let (entity, path) = target(model, given)?;
            Ok(Load { entity, path, once: None })
        });
        once.chain(always).collect::<Result<_, _>>().map(Self)
    }

    /// Loads the files that are due, and notes the groups in all files. Returns the groups, and the
    /// numbers of rows of each file that was loaded.
    pub(super) async fn run(
        &self,
        view: &View,
        mut groups: Groups,
        stopping: &watch::Receiver<bool>,
    ) -> Result<(Groups, Vec<(PathBuf, LoadStats)>), Error> {
        let mut loaded = Vec::new();
        if self.0.is_empty() {
            return Ok((groups, loaded));
        }
        let lease = view.checkpoints.acquire(LABEL, LABEL, LEASE).await?;
        let known = view.checkpoints.load(LABEL).await?;
        for load in &self.0 {
            let loader = FileLoader {
                view: view.clone(),
                entity: view.model.entity(&load.entity).expect("checked before").clone(),
                groups,
                state: load.once.clone().map(|file| State { lease: lease.clone(), file }),
                stopping: stopping.clone(),
                runtime: Handle::current(),
            };
            let (path, begin) = (load.path.clone(), load.begin(view.is_new, &known));
            let work = tokio::task::spawn_blocking(move || loader.load(&path, begin));
            let (seen, stats) = work.await.expect("loading does not panic")?;
            groups = seen;
            loaded.extend(stats.map(|stats| (load.path.clone(), stats)));
        }
        view.checkpoints.release(&lease).await?;
        Ok((groups, loaded))
    }
}

impl Load {
    /// At which row loading begins; `None` when there is nothing to load.
    fn begin(&self, is_new: bool, known: &[Checkpoint]) -> Option<u64> {
        let Some(file) = &self.once else { return Some(0) };
        if is_new {
            return Some(0);
        }
        let Some(state) = known.iter().find(|checkpoint| checkpoint.shard_id == *file) else {
            tracing::warn!(file, "not loaded: the table was there before; --load loads it");
            return None;
        };
        if state.done {
            return None;
        }
        state.sequence_number.as_ref().map_or(Some(0), |rows| rows.parse().ok())
    }
}

/// Parses a value of `--load`: an entity, and a file of its items.
fn target(model: &Model, given: &str) -> Result<(String, PathBuf), Error> {
    load::target(model, given).map_err(|problem| Error::Load { given: given.to_owned(), problem })
}

#[cfg(test)]
mod tests;
