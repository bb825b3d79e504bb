//! The embedded DynamoDB: where it is kept, and how it is served.
//!
//! It keeps its stream in a SQLite table without an index, and looks for the greatest sequence number in it at every
//! write: 20,000 writes would take half a minute, and twice as many four times as long. So the table gets an index
//! before anything is written, through the same crate's own access to its storage; without it all works, slowly.
//!
//! **Invariant:** what was written survives the end of the process, however it ends, where there is a file. One process
//! at a time has the file.

use std::fs::{File, OpenOptions};
use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aggregates::rows::expires;
use dynoxide::Database;
use dynoxide::server::serve_with_shutdown;
use dynoxide::storage::Storage;
use model::Model;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use super::Error;
use super::part::{Part, Stop};

/// The index over the stream's records, for the two questions that are asked of them.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS weir_stream_records \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";
/// What is put behind the name of the file to name the one that is locked.
const LOCK_SUFFIX: &str = "-lock";
/// How often items whose time to live has passed are removed; DynamoDB itself takes days.
const ITEMS_INTERVAL: Duration = Duration::from_secs(10);
/// How often that is done where only rollup items and rows expire, which nobody waits for.
const ROLLUPS_INTERVAL: Duration = Duration::from_secs(60);
/// A sweep reads every item of the tables: the pause after it is at least so many times as long as it took.
const PAUSE_PER_SWEEP: u32 = 50;

/// How often to look for what has expired, where a definition has something that does.
pub(super) fn sweep_interval(model: &Model) -> Option<Duration> {
    if model.table.ttl.is_some() {
        return Some(ITEMS_INTERVAL);
    }
    let mut rollups = model.rollups.iter();
    let expires = rollups.any(expires);
    expires.then_some(ROLLUPS_INTERVAL)
}

/// An open database; its lock lasts as long as it does.
pub(super) struct Embedded {
    database: Database,
    _lock: Option<File>,
}

impl Embedded {
    /// Opens the database in a file, or one in memory.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, Error> {
        match data {
            Some(path) => Self::in_file(path),
            None => Ok(Self { database: in_memory()?, _lock: None }),
        }
    }

    /// Serves it on a listener, and removes expired items, with a pause of at least the interval between two looks.
    ///
    /// It answers one request at a time and blocks while it does, so it has a thread of its own: with more, they would
    /// wait for each other, and keep the rest of the system from running.
    pub(super) fn serve(self, listener: TcpListener, sweeps: Option<Duration>) -> Part {
        Part::start("embedded DynamoDB", move |stop| async move {
            let listener = listener.into_std().map_err(|error| error.to_string())?;
            let thread = tokio::task::spawn_blocking(move || {
                let runtime = Builder::new_current_thread().enable_all().build();
                let runtime = runtime.map_err(|error| error.to_string())?;
                runtime.block_on(self.run(listener, sweeps, stop))
            });
            thread.await.unwrap_or_else(|error| Err(error.to_string()))
        })
    }

    async fn run(
        self,
        listener: StdListener,
        sweeps: Option<Duration>,
        stop: Stop,
    ) -> Result<(), String> {
        let listener = TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        let serving = serve_with_shutdown(listener, self.database.clone(), stop.told());
        let sweeping = async {
            match sweeps {
                Some(interval) => self.sweep_again_and_again(interval).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = serving => ended,
            () = sweeping => Ok(()),
        }
    }

    async fn sweep_again_and_again(&self, interval: Duration) {
        let mut pause = interval;
        loop {
            tokio::time::sleep(pause).await;
            let (began, database) = (Instant::now(), self.database.clone());
            // On another thread, so that requests have their turn between its pages.
            let swept = tokio::task::spawn_blocking(move || sweep(&database)).await;
            if let Err(error) = swept {
                tracing::warn!(%error, "expired items could not be removed");
            }
            pause = interval.max(began.elapsed() * PAUSE_PER_SWEEP);
        }
    }

    fn in_file(path: &Path) -> Result<Self, Error> {
        let lock = lock(path)?;
        let text = path.to_str().ok_or_else(|| refused(path, "its name is no UTF-8"))?;
        index_stream(text);
        let database = Database::new(text).map_err(|error| refused(path, error))?;
        // Without a sync to the disk at every write: only a failure of the whole machine can lose the last ones.
        database.disable_bulk_loading().map_err(|error| refused(path, error))?;
        Ok(Self { database, _lock: Some(lock) })
    }
}

/// A database in memory, made as a copy of an empty one in a file: only a file can be given the index.
///
/// # Errors
/// When SQLite cannot have it.
pub fn in_memory() -> Result<Database, Error> {
    let failed = |error: &dyn ToString| refused("in memory", error.to_string());
    let database = Database::memory().map_err(|error| failed(&error))?;
    let directory = tempfile::tempdir().map_err(|error| failed(&error))?;
    let template = directory.path().join("empty.db");
    if let Some(text) = template.to_str()
        && index_stream(text)
    {
        database.restore_from(text).map_err(|error| failed(&error))?;
    }
    Ok(database)
}

fn sweep(database: &Database) {
    match database.sweep_ttl() {
        Ok(0) => {}
        Ok(items) => tracing::info!(items, "items whose time to live had passed are removed"),
        Err(error) => tracing::warn!(%error, "expired items could not be removed"),
    }
}

/// Makes the index in a file, and the file if need be. Whether that went well.
fn index_stream(path: &str) -> bool {
    let indexed = Storage::new(path).map_err(|error| error.to_string()).and_then(|storage| {
        storage.conn().execute_batch(STREAM_INDEX).map_err(|error| error.to_string())
    });
    if let Err(error) = &indexed {
        tracing::warn!(
            error,
            "the embedded DynamoDB has no index over its stream and will be slow"
        );
    }
    indexed.is_ok()
}

/// Makes sure that no other process has the file.
fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(LOCK_SUFFIX);
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&name);
    let file = opened.map_err(|error| refused(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(refused(path, "another weir dev has it")),
        Err(std::fs::TryLockError::Error(error)) => Err(refused(path, error)),
    }
}

fn refused(path: impl Into<PathBuf>, reason: impl ToString) -> Error {
    Error::Database { path: path.into(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// dynoxide's own question before it writes a record of the stream.
    const LAST_RECORD: &str = "EXPLAIN QUERY PLAN SELECT \
         COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 't'";

    #[test]
    fn the_last_record_of_a_stream_is_found_by_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("copy.db");
        let copy = copy.to_str().expect("text");
        in_memory().expect("a database").vacuum_into(copy).expect("a copy");
        let storage = Storage::new(copy).expect("opened");
        let plan = storage.conn().query_row(LAST_RECORD, [], |row| row.get::<_, String>("detail"));
        let plan = plan.expect("a plan");
        assert!(plan.contains("SEARCH _stream_records USING COVERING INDEX weir_stream"), "{plan}");
    }

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

    #[test]
    fn what_is_no_database_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, "a,b\n".repeat(1000)).expect("written");
        let error = Embedded::open(Some(&path)).err().expect("an error").to_string();
        let expected = format!("the database {} cannot be opened: ", path.display());
        assert!(error.starts_with(&expected), "{error}");
    }
}
