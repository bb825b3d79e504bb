//! Tests of the watcher, on real files: ways to save, links, other files of the folder.

use std::fs;

use notify::event::CreateKind;
use tokio::time::timeout;

use super::*;

/// Long enough for a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct WatchedFile {
    folder: tempfile::TempDir,
    watcher: DefinitionWatcher,
}

impl WatchedFile {
    /// Watches a file of a new folder whose text is `before`.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("weir.toml");
        fs::write(&path, "before").expect("written");
        let watcher = DefinitionWatcher::new(&path, "before".to_owned());
        assert!(watcher.is_watching());
        Self { folder, watcher }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    async fn next(&mut self) -> Result<String, String> {
        let next = timeout(PATIENCE, self.watcher.next()).await.expect("an event");
        next.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_file_that_is_written_in_place_or_renamed_over_is_noticed() {
    let mut watched = WatchedFile::new();
    watched.write("weir.toml", "in place");
    assert_eq!(watched.next().await, Ok("in place".to_owned()));
    watched.write("weir.toml.new", "renamed");
    fs::rename(watched.path("weir.toml.new"), watched.path("weir.toml")).expect("renamed");
    assert_eq!(watched.next().await, Ok("renamed".to_owned()));
    // As vim saves: the old file is moved away first.
    fs::rename(watched.path("weir.toml"), watched.path("weir.toml~")).expect("renamed");
    watched.write("weir.toml", "moved away");
    assert_eq!(watched.next().await, Ok("moved away".to_owned()));
}

#[tokio::test]
async fn of_several_saves_the_last_one_is_returned() {
    let mut watched = WatchedFile::new();
    for text in ["1", "2", "3", "last"] {
        watched.write("weir.toml", text);
    }
    assert_eq!(watched.next().await, Ok("last".to_owned()));
}

#[tokio::test]
async fn a_save_before_the_watch_began_is_returned() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weir.toml");
    fs::write(&path, "after").expect("written");
    let watcher = DefinitionWatcher::new(&path, "before".to_owned());
    let mut watched = WatchedFile { folder, watcher };
    assert_eq!(watched.next().await, Ok("after".to_owned()));
}

#[tokio::test]
async fn the_same_text_and_other_files_are_no_saves() {
    let mut watched = WatchedFile::new();
    watched.write("weir.toml", "before");
    watched.write("other.toml", "other");
    let next = timeout(10 * QUIET, watched.watcher.next()).await;
    assert!(next.is_err(), "{:?}", next.map(|next| next.map_err(|error| error.to_string())));
    // What was dropped has lost nothing.
    watched.write("weir.toml", "after");
    let dropped = timeout(Duration::from_millis(1), watched.watcher.next()).await;
    assert!(dropped.is_err());
    assert_eq!(watched.next().await, Ok("after".to_owned()));
}

#[test]
fn events_of_other_files_and_of_reads_are_no_saves() {
    let names = BTreeSet::from([OsString::from("weir.toml")]);
    let event = |kind: EventKind, path: &str| Event::new(kind).add_path(path.into());
    let (written, read) = (AccessKind::Close(AccessMode::Write), AccessKind::Open(AccessMode::Any));
    for (kind, path, expected) in [
        (EventKind::Create(CreateKind::File), "/a/weir.toml", true),
        (EventKind::Access(written), "/a/weir.toml", true),
        (EventKind::Access(read), "/a/weir.toml", false),
        (EventKind::Create(CreateKind::File), "/a/weir.toml.new", false),
    ] {
        assert_eq!(is_save(&event(kind, path), &names), expected, "{kind:?} {path}");
    }
    let renamed = event(EventKind::Any, "/a/weir.toml.new").add_path("/a/weir.toml".into());
    assert!(is_save(&renamed, &names));
}

#[tokio::test]
async fn the_same_text_is_returned_again_if_it_was_forgotten() {
    let mut watched = WatchedFile::new();
    watched.watcher.forget();
    watched.write("weir.toml", "before");
    assert_eq!(watched.next().await, Ok("before".to_owned()));
}

#[tokio::test]
async fn a_file_that_is_gone_is_a_failure_once_and_its_text_is_returned_when_it_is_back() {
    let mut watched = WatchedFile::new();
    fs::remove_file(watched.path("weir.toml")).expect("removed");
    let failure = watched.next().await.expect_err("it is gone");
    assert!(failure.contains("weir.toml cannot be read"), "{failure}");
    watched.write("weir.toml", "before");
    assert_eq!(watched.next().await, Ok("before".to_owned()));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_that_a_link_leads_to_is_watched() {
    let mut watched = WatchedFile::new();
    let other = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(watched.path("weir.toml"), other.path().join("link.toml"))
        .expect("a link");
    watched.watcher = DefinitionWatcher::new(&other.path().join("link.toml"), "before".to_owned());
    watched.write("weir.toml", "after");
    assert_eq!(watched.next().await, Ok("after".to_owned()));
}
