//! The folder of a spool, and those that builders left behind that were killed.
//!
//! A builder holds the lock of a file in its folder. The operating system releases the lock when
//! the process ends, however it ends.
//!
//! **Invariant:** the folder of a builder that runs is not removed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use tempfile::TempDir;

use super::error::SpoolError;

/// How the name of a folder begins.
const PREFIX: &str = "weir-build-";
/// The file whose lock its builder holds.
const LOCK: &str = "lock";
/// What the file has once its builder holds the lock.
const LOCKED: &[u8] = b"locked";

/// A folder that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct SpoolFolder {
    /// Its lock is released when it is closed: first, as some systems remove no open file.
    _lock: File,
    folder: TempDir,
}

impl SpoolFolder {
    /// Creates a folder inside of another one, and removes those of builders that were killed.
    pub(super) fn create(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let mut lock = File::create_new(folder.path().join(LOCK))?;
        match lock.lock() {
            Ok(()) => lock.write_all(LOCKED)?,
            // Without locks, the folder of a builder that was killed stays.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => return Err(error),
        }
        Ok(Self { _lock: lock, folder })
    }

    /// As [`Self::create`], with the error of a spool.
    pub(crate) fn create_in(parent: &Path) -> Result<Self, SpoolError> {
        let created = Self::create(parent);
        created.map_err(|source| SpoolError::Create { parent: parent.to_owned(), source })
    }

    /// Returns the path of the folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the folders of builders that were killed, as far as this user may.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let names = entries.filter_map(Result::ok);
    let spools = names.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for folder in spools.map(|entry| entry.path()) {
        let Some(_lock) = abandoned_lock(&folder) else { continue };
        match fs::remove_dir_all(&folder) {
            Ok(()) => tracing::info!(folder = %folder.display(), "removed an abandoned spool"),
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "an abandoned spool is left");
            }
        }
    }
}

/// Takes the lock of a folder whose builder was killed. A builder that has just created its lock
/// file holds no lock yet: the file is empty.
fn abandoned_lock(folder: &Path) -> Option<File> {
    let mut lock = File::open(folder.join(LOCK)).ok()?;
    lock.try_lock().ok()?;
    let mut text = Vec::new();
    lock.read_to_end(&mut text).ok()?;
    (text == LOCKED).then_some(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_builders_that_were_killed_are_removed_and_no_others() {
        let parent = tempfile::tempdir().expect("a folder");
        let running = SpoolFolder::create(parent.path()).expect("created");
        let folder_with = |name: &str, text: &[u8]| {
            let folder = parent.path().join(name);
            fs::create_dir(&folder).expect("created");
            fs::write(folder.join(LOCK), text).expect("written");
            fs::write(folder.join("captured-00"), b"records").expect("written");
            folder
        };
        let killed = folder_with("weir-build-killed", LOCKED);
        let starting = folder_with("weir-build-starting", b"");
        let other = folder_with("other", LOCKED);
        let unlocked = parent.path().join("weir-build-unlocked");
        fs::create_dir(&unlocked).expect("created");

        let next = SpoolFolder::create(parent.path()).expect("created");
        assert!(!killed.exists(), "its lock is free");
        for folder in [running.path(), next.path(), &starting, &other, &unlocked] {
            assert!(folder.exists(), "{}", folder.display());
        }
        let path = next.path().to_owned();
        drop(next);
        assert!(!path.exists());
    }
}
