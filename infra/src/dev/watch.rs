//! Watches the definition file, and returns its text when it was saved.
//!
//! Editors save in several ways: they write the file in place, or write another one and rename it.
//! A renamed file is not the one that was watched, so the folder is watched, and events are chosen
//! by the name. If the file is a link, the folder of the file that it leads to is watched too.
//!
//! A save is several events. The file is read when none has come for a moment.
//!
//! **Invariant:** the last text of the file is returned, however many saves were before it. A text
//! that was returned last is not returned again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::definition;

/// The time without an event after which a save is over.
const QUIET: Duration = Duration::from_millis(100);

/// The watcher of a definition file.
pub(super) struct DefinitionWatcher {
    path: PathBuf,
    /// The text that was returned last; `None` after a failure.
    text: Option<String>,
    /// The failure that was returned last.
    failure: Option<String>,
    saves: watch::Receiver<()>,
    /// Whether the file may have another text than the last one.
    is_due: bool,
    /// It watches until it is dropped.
    watcher: Option<RecommendedWatcher>,
}

impl DefinitionWatcher {
    /// Begins to watch a file that had this text. If the folder cannot be watched, that is logged,
    /// and no save is noticed.
    pub(super) fn new(path: &Path, text: String) -> Self {
        let (saved, saves) = watch::channel(());
        let watcher = watch(path, saved);
        if let Err(error) = &watcher {
            tracing::warn!(
                path = %path.display(),
                %error,
                "cannot watch the definition file; start `weir dev` again after a change"
            );
        }
        let (path, watcher) = (path.to_path_buf(), watcher.ok());
        // It may have been saved since it was read.
        Self { path, text: Some(text), failure: None, saves, is_due: true, watcher }
    }

    /// Returns whether saves are noticed.
    pub(super) fn is_watching(&self) -> bool {
        self.watcher.is_some()
    }

    /// Waits until the file has another text, and returns it, or why it cannot be read.
    ///
    /// Nothing is lost if this is dropped before it has returned.
    pub(super) async fn next(&mut self) -> Result<String, definition::Error> {
        loop {
            if !self.is_due {
                if self.saves.changed().await.is_err() {
                    // Nothing is watched.
                    pending::<()>().await;
                }
                self.is_due = true;
            }
            while timeout(QUIET, self.saves.changed()).await.is_ok_and(|more| more.is_ok()) {}
            self.is_due = false;
            match definition::read_text(&self.path) {
                Ok(text) if self.text.as_ref() != Some(&text) => {
                    (self.text, self.failure) = (Some(text.clone()), None);
                    return Ok(text);
                }
                Err(error) if self.failure != Some(error.to_string()) => {
                    (self.text, self.failure) = (None, Some(error.to_string()));
                    return Err(error);
                }
                _ => {}
            }
        }
    }

    /// Forgets the last text: the next save is returned, also if the text is the same.
    pub(super) fn forget(&mut self) {
        self.text = None;
    }
}

/// Watches the folders in which a file appears when it is saved.
fn watch(path: &Path, saved: watch::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let places = places(path);
    let names: BTreeSet<OsString> = places.iter().map(|(_, name)| name.clone()).collect();
    let mut watcher =
        notify::recommended_watcher(move |event: notify::Result<Event>| match event {
            Ok(event) if is_save(&event, &names) => {
                saved.send_replace(());
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "could not watch the definition file"),
        })?;
    for (folder, _) in &places {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// Returns folder and name of a file, and of the file that it leads to if it is a link.
fn places(path: &Path) -> BTreeSet<(PathBuf, OsString)> {
    let target = path.canonicalize();
    let paths = [Some(path.to_path_buf()), target.ok()].into_iter().flatten();
    let places = paths.filter_map(|path| {
        let folder = match path.parent()? {
            empty if empty.as_os_str().is_empty() => Path::new("."),
            folder => folder,
        };
        // One spelling for one folder.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        Some((folder, path.file_name()?.to_owned()))
    });
    places.collect()
}

/// Returns whether a file of one of these names may have another text after an event. Reading the
/// file is an event too.
fn is_save(event: &Event, names: &BTreeSet<OsString>) -> bool {
    let is_read = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    };
    let has_name = |path: &PathBuf| path.file_name().is_some_and(|name| names.contains(name));
    event.need_rescan() || (!is_read && event.paths.iter().any(has_name))
}

#[cfg(test)]
mod tests;
