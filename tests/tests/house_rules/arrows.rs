//! The arrows between crates: a crate depends on the layers below its own only.
//!
//! `infra → build → {writer, reader, processor, query, startup} → {web, table, telemetry} →
//! aggregates → model`, and the facade `weir` above the libraries. Packages have other names than
//! their folders, so a dependency is found by its path. Dependencies of tests are free.

use std::collections::BTreeMap;

use crate::files::{assert_none, crates, manifest, read};

/// The folders of the libraries, on which the command and the tests may depend.
const LIBRARIES: &[&str] = &[
    "model",
    "aggregates",
    "table",
    "telemetry",
    "web",
    "startup",
    "query",
    "writer",
    "reader",
    "processor",
    "build",
];

/// The folder of a crate, and the folders of the crates that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("aggregates", &["model"]),
    ("telemetry", &[]),
    ("table", &["model", "aggregates"]),
    ("web", &["model", "aggregates", "table", "telemetry"]),
    ("startup", &["model", "aggregates", "table", "telemetry", "web"]),
    ("query", &["model", "aggregates", "table", "telemetry"]),
    ("writer", &["model", "aggregates", "table", "telemetry", "web", "startup"]),
    ("reader", &["model", "aggregates", "table", "telemetry", "web", "startup", "query"]),
    ("processor", &["model", "aggregates", "table", "telemetry", "web", "startup"]),
    ("build", &["model", "aggregates", "table", "processor"]),
    ("infra", LIBRARIES),
    ("macros", &["model"]),
    ("tests", LIBRARIES),
    (
        "weir",
        &[
            "model",
            "aggregates",
            "table",
            "telemetry",
            "web",
            "startup",
            "query",
            "processor",
            "macros",
        ],
    ),
    ("examples", &[]),
];

#[test]
fn every_crate_depends_on_lower_layers_only() {
    let folders = workspace_folders(&read("Cargo.toml"));
    assert!(folders.len() >= crates().len() - 1, "found only {folders:?}");
    assert_none(
        crates().iter().flat_map(|name| check_arrows(name, &read(&manifest(name)), &folders)),
    );
}

/// Returns the dependencies of a crate that its layer does not allow.
fn check_arrows(name: &str, text: &str, folders: &BTreeMap<String, String>) -> Vec<String> {
    let file = manifest(name);
    let Some((_, allowed)) = ALLOWED.iter().find(|(folder, _)| *folder == name) else {
        return vec![format!("{file}: the crate has no row in the table of arrows")];
    };
    normal_dependencies(text)
        .into_iter()
        .filter_map(|(dependency, value)| {
            path(&value)
                .map(|path| path.trim_start_matches("../").to_owned())
                .or_else(|| folders.get(&dependency).cloned())
        })
        .filter(|folder| !allowed.contains(&folder.as_str()))
        .map(|folder| format!("{file}: `{name}` may not depend on `{folder}`"))
        .collect()
}

/// Returns the folder of each crate of the workspace, by the name that dependencies use.
fn workspace_folders(text: &str) -> BTreeMap<String, String> {
    let entries = entries(text, "workspace.dependencies").into_iter();
    entries.filter_map(|(name, value)| Some((name, path(&value)?))).collect()
}

/// Returns the dependencies that are compiled into the crate, and how each is given.
fn normal_dependencies(text: &str) -> Vec<(String, String)> {
    let mut found = entries(text, "dependencies");
    // `[dependencies.name]`, one table for each.
    for part in text.split("\n[dependencies.").skip(1) {
        let (name, rest) = part.split_once(']').unwrap_or((part, ""));
        let body = rest.split("\n[").next().unwrap_or_default();
        found.push((name.trim_matches('"').to_owned(), body.to_owned()));
    }
    found
}

/// Returns the entries of one table of a manifest.
fn entries(text: &str, table: &str) -> Vec<(String, String)> {
    let header = format!("[{table}]");
    let lines = text.lines().skip_while(|line| line.trim() != header).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| {
            let name = key.trim().split('.').next().unwrap_or_default();
            (name.trim_matches('"').to_owned(), value.to_owned())
        })
        .filter(|(name, _)| !name.starts_with('#'))
        .collect()
}

/// Returns the `x` of `path = "x"`.
fn path(value: &str) -> Option<String> {
    let (_, rest) = value.split_once("path")?;
    rest.trim_start().strip_prefix('=')?.split('"').nth(1).map(str::to_owned)
}

#[test]
fn an_arrow_upwards_is_found_under_every_way_of_naming_it() {
    let folders = workspace_folders(
        "[workspace]\n\n[workspace.dependencies]\nweir-http = { path = \"web\" }\nserde = \"1\"\n",
    );
    let ways = [
        "[dependencies]\nweir-http.workspace = true",
        "[dependencies]\nserde = \"1\"\nweir-http = { workspace = true }",
        "[package]\nname = \"x\"\n[dependencies.weir-http]\nworkspace = true",
        "[dependencies]\nother = { path = \"../web\" }",
    ];
    for text in ways {
        let expected = "aggregates/Cargo.toml: `aggregates` may not depend on `web`";
        assert_eq!(check_arrows("aggregates", text, &folders), [expected], "{text}");
        assert_eq!(check_arrows("writer", text, &folders), [""; 0], "{text}");
    }
    let of_tests = "[dev-dependencies]\nweir-http.workspace = true";
    assert_eq!(check_arrows("aggregates", of_tests, &folders), [""; 0]);
    let unknown = "unknown/Cargo.toml: the crate has no row in the table of arrows";
    assert_eq!(check_arrows("unknown", "", &folders), [unknown]);
}
