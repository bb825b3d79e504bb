//! The files of the workspace, as the rules read them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::PURE_CRATES;

/// Returns the folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the path of a crate's manifest.
pub(crate) fn manifest(name: &str) -> String {
    format!("{name}/Cargo.toml")
}

/// Returns the text of a file, by its path below the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the crates of the workspace: the folders that have a manifest.
pub(crate) fn crates() -> Vec<String> {
    let names: Vec<String> = entries(&root())
        .iter()
        .filter(|path| path.join("Cargo.toml").is_file())
        .map(|path| below_root(path))
        .collect();
    assert!(PURE_CRATES.iter().all(|pure| names.iter().any(|name| name == pure)));
    names
}

/// Returns the paths below the root of all files below a folder, sorted, without hidden, built and
/// installed ones.
pub(crate) fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for path in entries(folder) {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(below_root(&path));
        }
    }
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).expect("the workspace can be read");
    let mut paths: Vec<PathBuf> = listed
        .map(|entry| entry.expect("the workspace can be read").path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with('.') && name != "target" && name != "node_modules"
        })
        .collect();
    paths.sort();
    paths
}

fn below_root(path: &Path) -> String {
    let below = path.strip_prefix(root()).expect("it was found below the root");
    below.to_string_lossy().replace('\\', "/")
}

/// Fails with the rules that are broken, if there are any.
pub(crate) fn assert_none(broken: impl IntoIterator<Item = String>) {
    let broken: Vec<String> = broken.into_iter().collect();
    assert!(broken.is_empty(), "house rules broken:\n{}", broken.join("\n"));
}
