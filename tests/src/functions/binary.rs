//! Where a function's binary comes from: a folder of built ones, or a build of this workspace.
//!
//! `WEIR_FUNCTIONS` names a folder as `cargo lambda build` leaves it, `<folder>/<name>/bootstrap`:
//! then the very files are tested that are deployed. Without it, and for the examples, which are
//! not deployed, cargo builds them into the target directory of these tests, with their profile.
//!
//! **Invariant:** no binary is older than its sources, unless `WEIR_FUNCTIONS` says which one to
//! take.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// Names the folder of the built functions.
const FOLDER: &str = "WEIR_FUNCTIONS";
/// The functions of the workspace.
const FUNCTIONS: [&str; 3] = ["writer", "reader", "processor"];
/// The examples that tests run: a function that is there to be tested with, and programs to learn
/// from.
const EXAMPLES: [&str; 2] = ["brittle_reactor", "issues"];
/// How the variables begin by which cargo tells a test of its package. The build script of `ring`
/// would be told of another package than before, and all that is built upon it be compiled again,
/// at every turn.
const OF_THE_TEST: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"];

/// The built programs, by name: built once, when the first of them is used.
static BUILT: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(build);

/// A program of this workspace: a function, or an example.
#[derive(Clone, Debug)]
pub struct Binary {
    name: String,
    folder: Option<PathBuf>,
}

impl Binary {
    /// Returns the function or the example of this name.
    pub fn named(name: &str) -> Self {
        let folder = std::env::var_os(FOLDER).filter(|_| FUNCTIONS.contains(&name));
        Self { name: name.to_owned(), folder: folder.map(PathBuf::from) }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its file, built when it must be.
    ///
    /// # Panics
    /// When it does not build, or there is none.
    pub fn path(&self) -> PathBuf {
        let Some(folder) = &self.folder else {
            let built = tokio::task::block_in_place(|| BUILT.get(&self.name));
            return built.unwrap_or_else(|| panic!("no program is named {}", self.name)).clone();
        };
        let path = folder.join(&self.name).join("bootstrap");
        assert!(path.is_file(), "{FOLDER} has no {}", path.display());
        path
    }
}

/// Builds them all at once: what is chosen together has one choice of features, which is that of
/// these tests, so that their dependencies are compiled already.
fn build() -> BTreeMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["build", "--workspace"]);
    command.arg("--message-format=json-render-diagnostics");
    command.args(FUNCTIONS.iter().flat_map(|name| ["--bin", name]));
    command.args(EXAMPLES.iter().flat_map(|name| ["--example", name]));
    for (name, _) in std::env::vars_os() {
        if OF_THE_TEST.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the functions do not build:\n{complaints}");
    let messages = String::from_utf8(output.stdout).expect("text");
    messages.lines().filter_map(executable).collect()
}

/// Returns the name and the file of the program in a message of cargo.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
