//! Documents agree with the code: the tables that they list, the files that they name, and the
//! definitions that they show.
//!
//! **Invariant:** a failure prints the lines that the document should have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use weir_model::surface::Surface;
use weir_rollups::{DefinitionChange, EntityChangeKind};
use weir_startup::variables;
use weir_testing::fixture::fixture;

/// Where the programs that are deployed have their code.
const DEPLOYED: [&str; 8] = [
    "table/src",
    "telemetry/src",
    "web/src",
    "startup/src",
    "query/src",
    "writer/src",
    "reader/src",
    "processor/src",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a crate of a workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of each Rust file below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => vec![read(&path)],
            _ => Vec::new(),
        })
        .collect()
}

/// Text in quotes that is all in capitals, as the names of variables are.
fn capitals(source: &str) -> impl Iterator<Item = &str> {
    let in_capitals = |text: &str| {
        text.contains('_') && text.chars().all(|char| char.is_ascii_uppercase() || char == '_')
    };
    source.split('"').skip(1).step_by(2).filter(move |text| in_capitals(text))
}

#[test]
fn every_variable_is_documented_and_documented_ones_are_there() {
    let row = |variable: &variables::Variable| {
        let variables::Variable { name, readers, meaning, unless_set } = variable;
        format!("| `{name}` | {readers} | {meaning} | {unless_set} |\n")
    };
    let rows: String = variables::ALL.iter().map(row).collect();
    let expected = format!("| variable | read by | is | unless set |\n|---|---|---|---|\n{rows}");
    let document = read(&root().join("docs/configuration.md"));
    assert!(document.contains(&expected), "docs/configuration.md should have\n\n{expected}");
}

#[test]
fn every_surface_of_a_hidden_value_is_documented() {
    let row = |surface: &Surface| {
        let verdict = surface.verdict().name();
        format!("| {} | {verdict} | {} |\n", surface.name(), surface.reason())
    };
    let rows: String = Surface::EVERY.iter().map(row).collect();
    let expected = format!("| surface | verdict | because |\n|---|---|---|\n{rows}");
    let document = read(&root().join("docs/threat-model.md"));
    assert!(document.contains(&expected), "docs/threat-model.md should have\n\n{expected}");
}

#[test]
fn every_variable_that_is_read_is_listed_and_the_other_way_round() {
    let sources: Vec<_> =
        DEPLOYED.iter().flat_map(|folder| sources(&root().join(folder))).collect();
    let named: BTreeSet<&str> = sources
        .iter()
        .filter(|source| !source.contains("pub const PREFIX: &str = \"WEIR_\""))
        .flat_map(|source| capitals(source))
        .collect();
    let listed: BTreeSet<&str> = variables::ALL.iter().map(|variable| variable.name).collect();
    let ours = named.iter().filter(|name| name.starts_with(variables::PREFIX));
    let unlisted: Vec<_> = ours.filter(|name| !listed.contains(**name)).collect();
    assert!(unlisted.is_empty(), "read and not listed: {unlisted:?}");
    let with_underscore = listed.iter().filter(|name| name.contains('_') && **name != "RUST_LOG");
    let unread: Vec<_> = with_underscore.filter(|name| !named.contains(**name)).collect();
    assert!(unread.is_empty(), "listed and not read: {unread:?}");
}

/// The lines of a text without what they are indented by.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim())).collect()
}

#[test]
fn what_is_shown_of_tables_of_others_is_what_is_tested_with_them() {
    let document = read(&root().join("docs/tables-of-others.md"));
    let sources = |paths: [&str; 2]| paths.map(|path| lines(&read(&root().join(path)))).concat();
    let definitions = sources(["examples/electrodb/weir.toml", "examples/toolbox/weir.toml"]);
    let models =
        sources(["tests/interop/models/electrodb.mjs", "tests/interop/models/toolbox.mjs"]);
    let blocks: Vec<_> = document.split("\n```").collect();
    let shown = |language: &str, source: &str| {
        let blocks = blocks.iter().filter_map(|block| block.strip_prefix(language));
        let lost: Vec<_> =
            blocks.clone().filter(|block| !source.contains(&lines(block)[1..])).collect();
        assert!(lost.is_empty(), "not in the files that the tests use: {lost:#?}");
        assert!(blocks.count() > 2, "the document shows no {language}");
    };
    shown("toml", &definitions);
    shown("js", &models);
}

/// Returns the Markdown files of a folder, without those of its folders.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Returns the Rust files that a document names in backticks by their paths. `a/{b,c}.rs` names
/// two.
fn rust_files(document: &str) -> Vec<String> {
    let quoted = document.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let named = quoted.filter(|text| text.ends_with(".rs") && !text.contains([' ', '*']));
    named
        .filter(|text| text.contains('/'))
        .flat_map(|text| match text.split_once('{').zip(text.split_once('}')) {
            Some(((start, _), (rest, end))) => {
                let (_, names) = rest.split_once('{').expect("it has a brace");
                names.split(',').map(|name| format!("{start}{name}{end}")).collect()
            }
            None => vec![text.to_owned()],
        })
        .collect()
}

#[test]
fn every_rust_file_that_a_document_names_exists() {
    let folders = [root(), root().join("docs")];
    let documents: Vec<_> = folders.iter().flat_map(|folder| documents(folder)).collect();
    let named: Vec<_> = documents.iter().flat_map(|path| rust_files(&read(path))).collect();
    assert!(named.len() > 50, "only {} files are named", named.len());
    let lost: Vec<_> = named.iter().filter(|name| !root().join(name).is_file()).collect();
    assert!(lost.is_empty(), "the documents name files that do not exist: {lost:?}");
}

#[test]
fn every_form_of_naming_a_rust_file_is_read() {
    let document = "`a/b.rs` and `a/{c,d/e}.rs`, not `f.rs`, `cargo a/g.rs` or a/h.rs";
    assert_eq!(rust_files(document), ["a/b.rs", "a/c.rs", "a/d/e.rs"]);
}

/// What is in backticks in the first column of the tables under that heading.
fn quoted<'a>(document: &'a str, heading: &str) -> Vec<&'a str> {
    let tables = document.split("\n\n").filter(|block| block.starts_with(heading));
    let rows = tables.flat_map(|table| table.lines().skip(2));
    let columns = rows.filter_map(|row| row.trim_start_matches('|').split('|').next());
    columns.flat_map(|column| column.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn what_operators_are_told_to_look_for_in_the_log_is_said_by_the_code() {
    let document = read(&root().join("docs/operating.md"));
    let said: Vec<String> = DEPLOYED
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
        // Texts that go on in the next line.
        .map(|source| source.split('\\').map(str::trim_start).collect())
        .collect();
    let phrases = quoted(&document, "| the log says |");
    assert!(phrases.len() >= 5, "{phrases:?}");
    for phrase in phrases {
        assert!(said.iter().any(|source| source.contains(phrase)), "nothing says `{phrase}`");
    }
}

#[test]
fn every_problem_is_documented() {
    let row = |kind: &weir_http::Kind| {
        let entry = kind.entry();
        format!("| `{}` | {} | {} |\n", kind.type_uri(), entry.status.as_u16(), entry.doc)
    };
    let rows: String = weir_http::Kind::EVERY.iter().map(row).collect();
    let expected = format!("| type | status | when, and what to do |\n|---|---|---|\n{rows}");
    let document = read(&root().join("docs/items.md"));
    assert!(document.contains(&expected), "docs/items.md should have\n\n{expected}");
}

#[test]
fn every_change_of_a_definition_is_documented() {
    let document = read(&root().join("docs/changing-definitions.md"));
    let row = |change: &DefinitionChange| {
        let (field, class) = (change.field(), change.class().name());
        format!("| `{field}` | {} | {class} | {} |\n", change.name(), change.reason())
    };
    let rows: String = DefinitionChange::EVERY.iter().map(row).collect();
    let expected = format!("| field | change | class | because |\n|---|---|---|---|\n{rows}\n");
    assert!(document.contains(&expected), "docs/changing-definitions.md should have\n\n{expected}");
    let row = |kind: &EntityChangeKind| {
        let (severity, effect) = (kind.severity().name(), kind.effect());
        format!("| {} | {severity} | {effect} | {} |\n", kind.name(), kind.way_out())
    };
    let rows: String = EntityChangeKind::EVERY.iter().map(row).collect();
    let head = "| change | severity | stored items | to avoid this |\n|---|---|---|---|\n";
    let expected = format!("{head}{rows}\n");
    assert!(document.contains(&expected), "docs/changing-definitions.md should have\n\n{expected}");
}

/// A rollup of everything that questions may be about.
const SALES: &str = r#"
[rollups.sales]
of = "order"
by = ["id"]
time = "at"
buckets = ["day"]
rank_by = "orders"
measures = { orders = "count" }
"#;

#[test]
fn every_measure_and_every_parameter_of_a_rollup_is_documented() {
    let document = read(&root().join("docs/rollups.md"));
    let measures =
        weir_model::rollup::MEASURES.map(|text| text.split_inclusive('(').next().expect("a name"));
    let model = fixture("orders").with(SALES).model();
    let api = weir_http::openapi::document(&model);
    let paths = ["/rollups/sales", "/rollups/sales/ranks"];
    let parameters = paths.iter().flat_map(|path| {
        let parameters = api["paths"][path]["get"]["parameters"].as_array();
        let parameters = parameters.unwrap_or_else(|| panic!("{path}: {}", api["paths"]));
        parameters.iter().filter_map(|parameter| parameter["name"].as_str())
    });
    let parameters: BTreeSet<&str> = parameters.filter(|name| *name != "id").collect();
    assert!(parameters.len() > 12, "{parameters:?}");
    let names = measures.into_iter().chain(parameters);
    let lost: Vec<_> = names
        .filter(|name| {
            let whole = if name.ends_with('(') { String::new() } else { "`".to_owned() };
            !document.contains(&format!("`{name}{whole}"))
        })
        .collect();
    assert!(lost.is_empty(), "docs/rollups.md does not have {lost:?}");
}

#[test]
fn the_rollups_that_documents_show_are_valid() {
    for path in ["README.md", "docs/rollups.md"] {
        let document = read(&root().join(path));
        let blocks = document.split("\n```").filter_map(|block| block.strip_prefix("toml\n"));
        let shown: Vec<_> = blocks.filter(|block| block.starts_with("[rollups.sales]")).collect();
        assert_eq!(shown.len(), 1, "{path}");
        let model = weir_model::Model::parse(path, &fixture("documented").with(shown[0]));
        model.unwrap_or_else(|error| panic!("{path}: {error:?}"));
    }
}
