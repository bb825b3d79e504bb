//! The file of `--data`: who may open it, under which name, and whether it can be trusted.
//!
//! SQLite keeps its log beside the file, under the name by which the file was opened. A file that
//! is opened by another name loses what is in that log, so the path is resolved first, and a file
//! with several hard links is rejected (sqlite.org/howtocorrupt.html, "Multiple links to the same
//! file").
//!
//! **Invariant:** one process at a time has the file, under one name, and can write to it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use dynoxide::storage::Storage;

use super::refused;
use crate::dev::Error;

/// The suffix of the lock file beside the database.
const LOCK_SUFFIX: &str = "-lock";
/// Reads every page and compares every index with its table; stops at the first fault.
const INTEGRITY_CHECK: &str = "PRAGMA integrity_check(1)";
/// The answer of SQLite for a file without a fault.
const SOUND: &str = "ok";

/// A database file that belongs to this process for as long as the value lives.
#[derive(Debug)]
pub(super) struct DataFile {
    path: PathBuf,
    _lock: File,
}

impl DataFile {
    /// Claims a file, and creates it if it does not exist.
    pub(super) fn claim(given: &Path) -> Result<Self, Error> {
        if given.is_dir() {
            return Err(refused(given, "it is a folder, expected a file"));
        }
        if !given.exists() {
            if given.is_symlink() {
                return Err(refused(given, "it is a symbolic link to a file that does not exist"));
            }
            let created = OpenOptions::new().create(true).append(true).open(given);
            created.map_err(|error| refused(given, format!("cannot create the file: {error}")))?;
        }
        let path = fs::canonicalize(given).map_err(|error| refused(given, error))?;
        if path.to_str().is_none() {
            return Err(refused(given, "its path is not valid UTF-8"));
        }
        reject_hard_links(&path)?;
        let lock = lock(&path)?;
        if let Err(error) = OpenOptions::new().append(true).open(&path) {
            let hint = "check its permissions and attributes (`ls -l`, `lsattr`)";
            return Err(refused(path, format!("cannot write to the file: {error}; {hint}")));
        }
        Ok(Self { path, _lock: lock })
    }

    /// Returns the path, without symbolic links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the same as text.
    pub(super) fn text(&self) -> &str {
        self.path.to_str().expect("checked when the file was claimed")
    }

    /// Opens the storage of the file and checks every page of it.
    pub(super) fn storage(&self) -> Result<Storage, Error> {
        let storage =
            Storage::new(self.text()).map_err(|error| refused(self.path(), explained(&error)))?;
        let checked = storage.conn().query_row(INTEGRITY_CHECK, [], |row| row.get::<_, String>(0));
        match checked {
            Ok(report) if report == SOUND => Ok(storage),
            Ok(fault) => Err(refused(self.path(), damaged(&fault))),
            Err(error) => Err(refused(self.path(), damaged(&error.to_string()))),
        }
    }
}

/// Returns the text of an error of the storage; a damaged file gets advice.
fn explained(error: &dynoxide::DynoxideError) -> String {
    let text = error.to_string();
    if text.contains("malformed") { damaged(&text) } else { text }
}

fn damaged(fault: &str) -> String {
    let fault = fault.lines().collect::<Vec<_>>().join("; ");
    format!(
        "the file is damaged ({fault}); restore a copy, or save what can be read with \
         `sqlite3 FILE .recover | sqlite3 NEW_FILE`"
    )
}

/// Rejects a file that has several names.
#[cfg(unix)]
fn reject_hard_links(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let names = fs::metadata(path).map_err(|error| refused(path, error))?.nlink();
    if names > 1 {
        let reason = format!(
            "the file has {names} names (hard links), expected one; remove the others, or copy it"
        );
        return Err(refused(path, reason));
    }
    Ok(())
}

#[cfg(not(unix))]
fn reject_hard_links(_path: &Path) -> Result<(), Error> {
    Ok(())
}

/// Locks the file against other processes by a lock file beside it: a lock on the database itself
/// would be in the way of SQLite's own on some systems.
fn lock(path: &Path) -> Result<File, Error> {
    let mut name = path.as_os_str().to_owned();
    name.push(LOCK_SUFFIX);
    let name = PathBuf::from(name);
    if name.is_symlink() {
        let reason = format!("the lock file {} is a symbolic link", name.display());
        return Err(refused(path, reason));
    }
    let opened = OpenOptions::new().create(true).append(true).open(&name);
    let file = opened.map_err(|error| {
        let needed = "its folder must be writable for the lock and SQLite's log";
        refused(path, format!("cannot open the lock file {}: {error}; {needed}", name.display()))
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(refused(path, "another weir dev has it open")),
        Err(fs::TryLockError::Error(error)) => Err(refused(path, error)),
    }
}

#[cfg(test)]
mod tests;
