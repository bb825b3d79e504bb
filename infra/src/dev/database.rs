//! The embedded DynamoDB: where it is kept, and how it is served.
//!
//! | to see | read |
//! |---|---|
//! | who may open the file of `--data`, and whether it is sound | `file` |
//! | which requests it takes | `front` |
//! | how they reach dynoxide, and nothing else does | `links` |
//! | the index and the triggers that make its stream that of AWS | `schema` |
//! | the removal of expired items | `sweep` |
//! | the removal of stream records that were read | `trim` |
//!
//! **Invariant:** what was written survives the end of the process, however it ends, where there is
//! a file. One process at a time has the file.

mod file;
mod front;
mod links;
mod schema;
#[cfg(test)]
mod stream;
mod sweep;
mod trim;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dynoxide::Database;
use dynoxide::storage::Storage;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use weir_http::Server;
use weir_model::Model;
use weir_rollups::details::expires;

use self::file::DataFile;
use self::links::{Orders, links};
use self::sweep::sweep;
pub(super) use self::trim::Trimmer;
use super::Error;
use super::part::Part;

/// How often items whose time to live has passed are removed; DynamoDB itself takes days.
const ITEMS_INTERVAL: Duration = Duration::from_secs(10);
/// How often that is done if only rollup items and rows expire: no reader depends on the moment.
const ROLLUPS_INTERVAL: Duration = Duration::from_secs(60);
/// A sweep reads every item of the tables: the pause after it is at least so many times as long as
/// it took.
const PAUSE_PER_SWEEP: u32 = 50;

/// Returns how often to look for what has expired, where a definition has something that does.
pub(super) fn sweep_interval(model: &Model) -> Option<Duration> {
    if model.table.ttl.is_some() {
        return Some(ITEMS_INTERVAL);
    }
    let mut rollups = model.rollups.iter();
    let expires = rollups.any(expires);
    expires.then_some(ROLLUPS_INTERVAL)
}

/// An open database. Its file belongs to this process for as long as it lives.
pub(super) struct Embedded {
    database: Database,
    file: Option<DataFile>,
}

impl Embedded {
    /// Opens the database in a file, or one in memory.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, Error> {
        match data {
            Some(path) => Self::in_file(path),
            None => Ok(Self { database: in_memory()?, file: None }),
        }
    }

    /// Opens another connection to the file, if there is one, to trim the stream.
    pub(super) fn trimming_storage(&self) -> Result<Option<Storage>, Error> {
        let Some(file) = &self.file else { return Ok(None) };
        let opened = Storage::new(file.text()).map(Some);
        opened.map_err(|error| refused(file.path(), error))
    }

    /// Serves it on a listener, and removes expired items, with a pause of at least the interval
    /// between two looks, while there is one.
    ///
    /// It answers one request at a time and blocks while it does, so it has a thread of its own:
    /// with more, they would wait for each other, and keep the rest of the system from running.
    pub(super) fn serve(
        self,
        listener: TcpListener,
        server: Server,
        sweeps: watch::Receiver<Option<Duration>>,
    ) -> Part {
        Part::start("embedded DynamoDB", move |stop| async move {
            let (links, orders) = links();
            let (running, ended) = oneshot::channel();
            let mut thread = tokio::task::spawn_blocking(move || {
                let runtime = Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                runtime.block_on(self.run(orders, sweeps, ended));
                Ok(())
            });
            let served = tokio::select! {
                ended = &mut thread => return ended.unwrap_or_else(|error| Err(error.to_string())),
                served = server.serve(listener, front::app(links), stop.requested()) => served,
            };
            // The requests are answered: the thread may end.
            drop(running);
            let ended = thread.await.unwrap_or_else(|error| Err(error.to_string()));
            served.map_err(|error| error.to_string()).and(ended)
        })
    }

    async fn run(
        self,
        mut orders: Orders,
        sweeps: watch::Receiver<Option<Duration>>,
        ended: oneshot::Receiver<()>,
    ) {
        tokio::select! {
            () = orders.serve(&self.database) => {}
            () = self.sweep_again_and_again(sweeps) => {}
            _ = ended => {}
        }
    }

    /// Removes expired items for as long as it is polled, on the thread that answers requests: both
    /// would wait for the one database otherwise.
    async fn sweep_again_and_again(&self, mut sweeps: watch::Receiver<Option<Duration>>) {
        let mut took = Duration::ZERO;
        loop {
            let pause = sweeps.borrow_and_update().map(|least| least.max(took * PAUSE_PER_SWEEP));
            let paused = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = paused => {}
                // Without a sender it stays as it is.
                Ok(()) = sweeps.changed() => continue,
            }
            let began = Instant::now();
            match sweep(&self.database).await {
                Ok(0) => {}
                Ok(items) => tracing::info!(items, "removed items whose time to live has passed"),
                Err(error) => tracing::warn!(%error, "could not remove expired items"),
            }
            took = began.elapsed();
        }
    }

    fn in_file(given: &Path) -> Result<Self, Error> {
        let file = DataFile::claim(given)?;
        let failed = |error: &dyn ToString| refused(file.path(), error.to_string());
        let storage = file.storage()?;
        schema::prepare(&storage).map_err(|error| failed(&error))?;
        trim::compact(&storage).map_err(|error| failed(&error))?;
        drop(storage);
        let database = Database::new(file.text()).map_err(|error| failed(&error))?;
        // Without a sync to the disk at every write: only a failure of the whole machine can lose
        // the last ones.
        database.disable_bulk_loading().map_err(|error| failed(&error))?;
        Ok(Self { database, file: Some(file) })
    }
}

/// Returns a database in memory, made as a copy of an empty one in a file: only a file can be given
/// the index and the triggers.
///
/// # Errors
/// When SQLite cannot have it.
pub fn in_memory() -> Result<Database, Error> {
    let failed = |error: &dyn ToString| refused("in memory", error.to_string());
    let database = Database::memory().map_err(|error| failed(&error))?;
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    let template = directory.path().join("empty.db");
    let template = template.to_str().ok_or_else(|| failed(&"the temporary folder is not UTF-8"))?;
    let storage = Storage::new(template).map_err(|error| failed(&error))?;
    schema::prepare(&storage).map_err(|error| failed(&error))?;
    schema::retain_a_day(&storage).map_err(|error| failed(&error))?;
    drop(storage);
    database.restore_from(template).map_err(|error| failed(&error))?;
    Ok(database)
}

/// Seconds since 1970.
fn now_secs() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

fn refused(path: impl Into<PathBuf>, reason: impl ToString) -> Error {
    Error::Database { path: path.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_swept_where_something_expires() {
        let of = |table: &str, rollup: &str| {
            let text = format!(
                "[table]\nname = \"notes\"\n{table}[entities.note]\nPK = \"N#{{id}}\"\nSK = \"N\"\n\
                 [entities.note.attributes]\nid = {{ type = \"string\", required = true }}\n\
                 at = {{ type = \"timestamp\", format = \"epoch\" }}\n\
                 [rollups.notes]\nof = \"note\"\ntime = \"at\"\nbuckets = [\"day\"]\n{rollup}"
            );
            sweep_interval(&text.parse().unwrap_or_else(|error| panic!("{error:?}")))
        };
        let count = "measures = { n = \"count\" }\n";
        assert_eq!(of("", count), None);
        assert_eq!(of("ttl = \"at\"\n", count), Some(ITEMS_INTERVAL));
        let kept = format!("keep = {{ day = \"4w\" }}\n{count}");
        assert_eq!(of("", &kept), Some(ROLLUPS_INTERVAL));
        let rows = "measures = { ids = \"distinct(id)\" }\n";
        assert_eq!(of("", rows), Some(ROLLUPS_INTERVAL));
    }
}
