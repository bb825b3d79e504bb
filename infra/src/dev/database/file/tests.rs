//! Each way in which a file of `--data` cannot be used, and its message.

use std::fs;
use std::path::Path;

use super::*;
use crate::dev::database::Embedded;

/// A page of SQLite.
const PAGE_BYTES: usize = 4_096;

/// Returns the message of an attempt to open a file.
fn rejection(path: &Path) -> String {
    let error = Embedded::open(Some(path)).err();
    error.unwrap_or_else(|| panic!("{} opened", path.display())).to_string()
}

#[test]
fn a_file_that_is_not_a_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rows.csv");
    fs::write(&path, "a,b\n".repeat(1000)).expect("written");
    let expected = format!("the database {} cannot be opened: ", path.display());
    let message = rejection(&path);
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn a_folder_and_a_missing_folder_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = rejection(folder.path());
    assert!(message.ends_with("it is a folder, expected a file"), "{message}");
    let missing = folder.path().join("none").join("x.db");
    let message = rejection(&missing);
    assert!(message.contains(&missing.display().to_string()), "{message}");
    assert!(message.contains("cannot create the file: "), "{message}");
}

#[cfg(unix)]
#[test]
fn one_file_opens_once_under_any_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("x.db"), folder.path().join("other.db"));
    let open = Embedded::open(Some(&path)).expect("a new file");
    assert!(rejection(&path).ends_with("another weir dev has it open"));
    std::os::unix::fs::symlink(&path, &other).expect("a symbolic link");
    assert!(rejection(&other).ends_with("another weir dev has it open"));
    drop(open);
    Embedded::open(Some(&other)).expect("the file behind the link");
    assert!(!folder.path().join("other.db-lock").exists(), "the lock is beside the file itself");

    fs::remove_file(&other).expect("removed");
    fs::hard_link(&path, &other).expect("a hard link");
    for name in [&path, &other] {
        let message = rejection(name);
        assert!(message.contains("the file has 2 names (hard links), expected one"), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.db");
    drop(Embedded::open(Some(&path)).expect("a new file"));
    let read_only = |is: bool| {
        let mut permissions = fs::metadata(&path).expect("a file").permissions();
        permissions.set_readonly(is);
        fs::set_permissions(&path, permissions).expect("permissions");
    };
    read_only(true);
    // A superuser may write to it all the same.
    let expected = OpenOptions::new().append(true).open(&path).err();
    let opened = Embedded::open(Some(&path)).err().map(|error| error.to_string());
    let message = expected.map(|error| {
        format!(
            "the database {} cannot be opened: cannot write to the file: {error}; check its \
             permissions and attributes (`ls -l`, `lsattr`)",
            fs::canonicalize(&path).expect("a path").display()
        )
    });
    read_only(false);
    assert_eq!(opened, message);
}

#[test]
fn a_damaged_page_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.db");
    {
        let file = DataFile::claim(&path).expect("a new file");
        let storage = file.storage().expect("a storage");
        for number in 0..200 {
            let (keys, sequence) = (format!("{{\"k\":{number}}}"), number.to_string());
            let image = "x".repeat(500);
            let written = storage.insert_stream_record(
                "t",
                "INSERT",
                &keys,
                Some(&image),
                None,
                &sequence,
                "s",
                0,
            );
            written.expect("a record");
        }
    }
    let sound = fs::read(&path).expect("a file");
    let pages = sound.len() / PAGE_BYTES;
    assert!(pages > 20, "{pages} pages");
    for page in 1..pages {
        let mut bytes = sound.clone();
        bytes[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xA5);
        fs::write(&path, bytes).expect("written");
        let message = rejection(&path);
        assert!(message.contains("the file is damaged ("), "page {page}: {message}");
    }
    fs::write(&path, sound).expect("written");
    Embedded::open(Some(&path)).expect("a file without a fault");
}
