//! The house rules that no compiler checks, held against every file of the workspace.
//!
//! | Rule | Why |
//! |---|---|
//! | a crate depends on lower layers only (`arrows`) | a layer can be read without those above |
//! | files of a crate import in no circle, except parent and child (`circles`) | a file can be read without its siblings |
//! | no function is called `of` (`names`) | a list of functions says what each does |
//! | a line has at most 100 columns (`width`) | two files fit side by side |
//! | a crate names the SDKs of its own layer alone | the architecture is what each layer cannot say |
//! | the crate that answers queries of rollups names no HTTP | a program can use it without a server |
//! | pure crates read no clock, environment or network | a test can replay any history |
//! | the environment is read by the start of a program alone | everything else takes values |
//! | a file opens with `//!` | a stranger knows what it is for before reading it |
//! | a file is short and is named for its idea | one idea each can be found and changed |
//! | a suite of the whole system is a program or a module of one | a file that is not compiled tests nothing |
//! | no test is ignored | a test that does not run proves nothing |
//! | the command prints through one file | stored text must not control a terminal |
//! | what the simulation runs polls in a fixed order | a seed gives the same world every time |
//! | a read of DynamoDB for a request is settled with a budget | a request reads no more than its budget |
//! | example data has a definition file | it can be served as it stands |
//!
//! **Invariant:** a failure names the file and the rule. The rules are functions of text; the tests
//! of the second half plant one violation of each.

#[path = "house_rules/arrows.rs"]
mod arrows;
#[path = "house_rules/circles.rs"]
mod circles;
#[path = "house_rules/code.rs"]
mod code;
#[path = "house_rules/files.rs"]
mod files;
#[path = "house_rules/modules.rs"]
mod modules;
#[path = "house_rules/names.rs"]
mod names;
#[path = "house_rules/tokens.rs"]
mod tokens;
#[path = "house_rules/width.rs"]
mod width;

use files::{assert_none, crates, files_below, manifest, read, root};

/// Dependencies that belong to a layer, and the crates that may name them.
const RESERVED: &[(&str, &[&str])] = &[
    ("aws-sdk-dynamodb", &["table"]),
    ("aws-sdk-dynamodbstreams", &["processor"]),
    ("lambda_runtime", &["processor"]),
    ("lambda_http", &["web"]),
    ("dynoxide-rs", &["infra", "tests"]),
    ("metrics_cloudwatch_embedded", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
];

/// Crates whose functions depend on their arguments alone.
const PURE_CRATES: &[&str] = &["model", "aggregates"];

/// How the names of dependencies begin that a pure crate has no use for.
const IMPURE_DEPENDENCIES: &[&str] =
    &["aws-", "aws_", "axum", "futures", "hyper", "lambda", "rand", "tokio", "tracing", "ureq"];

/// The crates that a program uses without HTTP.
const CRATES_WITHOUT_HTTP: &[&str] = &["query", "table"];

/// How the names of dependencies begin that serve HTTP.
const HTTP_DEPENDENCIES: &[&str] = &["axum", "hyper", "lambda", "reader", "web", "writer"];

/// What the source of a pure crate never says.
const IMPURE_WORDS: &[&str] =
    &["std::env", "SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "async fn"];

/// Where the environment may be read: at the start of a program, by the command, before anything is
/// logged, by tests, and when a macro runs.
const READS_ENVIRONMENT: &[&str] =
    &["startup/", "infra/src/", "telemetry/src/", "tests/src/", "macros/src/"];
/// How code reads the environment.
const ENVIRONMENT_WORDS: &[&str] = &["std::env", "env::var"];

/// Names that say nothing of what a file holds.
const NAMELESS: &[&str] = &["common.rs", "util.rs", "utils.rs", "helpers.rs", "mod.rs"];

/// The longest a Rust file may be, in lines.
const MAX_LINES: usize = 600;

/// Where the code is that the simulation runs.
const SIMULATED: &[&str] = &["build/src/", "processor/src/", "table/src/", "tests/src/simulation/"];

/// Where the code of the command is, and the file of it that may name standard output and error.
const COMMAND: &str = "infra/src/";
const TERMINAL: &str = "infra/src/terminal.rs";
/// How code names them.
const STREAMS: &[&str] =
    &["stdout()", "stderr()", "io::stdout", "io::stderr", "print!(", "println!("];
/// How a read of DynamoDB begins.
const READS: &[&str] =
    &[".get_item()", ".batch_get_item()", ".transact_get_items()", ".query()", ".scan()"];

/// Where reads are made that no request makes: by the event source mapping and the processor.
const READS_WITHOUT_REQUEST: &[&str] = &[
    "table/src/rollups/delete.rs",
    "table/src/checkpoints",
    "table/src/items/receipt.rs",
    "table/src/rollups/park.rs",
    "table/src/state/beginning.rs",
];

/// How the names of data files end.
const DATA: &[&str] = &[".csv", ".json", ".ndjson"];

#[test]
fn every_manifest_keeps_to_its_layer() {
    assert_none(crates().iter().flat_map(|name| check_manifest(name, &read(&manifest(name)))));
}

#[test]
fn every_rust_file_keeps_the_house_rules() {
    let files = files_below(&root());
    let sources: Vec<&String> = files.iter().filter(|path| path.ends_with(".rs")).collect();
    assert!(sources.len() >= crates().len(), "found only {} Rust files", sources.len());
    assert_none(sources.iter().flat_map(|path| check_source(path, &read(path))));
}

#[test]
fn every_example_with_data_has_a_definition_file() {
    assert_none(check_examples(&files_below(&root().join("examples"))));
}

#[test]
fn no_suite_of_the_whole_system_is_left_out() {
    for (name, program) in [("tests", "dynamodb.rs"), ("infra", "commands.rs")] {
        let folder = format!("{name}/tests");
        let files: Vec<String> = files_below(&root().join(&folder));
        let (programs, modules) = (read(&manifest(name)), read(&format!("{folder}/{program}")));
        assert_none(check_suites(&folder, &files, &programs, &modules));
    }
}

// The rules.

/// Returns the suites of a folder that are neither a program by the manifest of their crate nor a
/// module of such a program.
///
/// Cargo finds no tests by itself there (`autotests`), so that it would not compile them.
fn check_suites(folder: &str, files: &[String], manifest: &str, modules: &str) -> Vec<String> {
    let suites = files.iter().filter_map(|file| {
        let name = file.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs")?;
        (!name.contains('/')).then_some(name)
    });
    let is_compiled = |name: &str| {
        manifest.contains(&format!("path = \"tests/{name}.rs\""))
            || modules.lines().any(|line| line == format!("mod {name};"))
    };
    suites
        .filter(|name| !is_compiled(name))
        .map(|name| format!("{folder}/{name}.rs: neither a program nor a module of one"))
        .collect()
}

/// What is wrong with a crate's manifest.
fn check_manifest(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for dependency in dependencies(text) {
        if let Some((_, owners)) = RESERVED.iter().find(|(reserved, _)| *reserved == dependency)
            && !owners.contains(&name)
        {
            let owners = owners.join(" and ");
            broken.push(format!("{name}/Cargo.toml: only {owners} may name `{dependency}`"));
        }
        if is_pure(name) && IMPURE_DEPENDENCIES.iter().any(|start| dependency.starts_with(start)) {
            broken.push(format!("{name}/Cargo.toml: a pure crate may not name `{dependency}`"));
        }
        let is_http = HTTP_DEPENDENCIES.iter().any(|start| dependency.starts_with(start));
        if CRATES_WITHOUT_HTTP.contains(&name) && is_http {
            broken.push(format!("{name}/Cargo.toml: may not name `{dependency}`, which is HTTP"));
        }
    }
    broken
}

/// What is wrong with a Rust file, by its path below the root.
fn check_source(path: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let (folder, file) = path.split_once('/').unwrap_or(("", path));
    let is_source = file.starts_with("src/");
    if !text.starts_with("//!") {
        broken.push(format!("{path}: opens without `//!` saying what it is for"));
    }
    if NAMELESS.contains(&file.rsplit('/').next().unwrap_or(file)) {
        broken.push(format!("{path}: is not named for what it holds"));
    }
    let count = |words: &[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>();
    let is_of_requests = path.starts_with("table/src/")
        && !READS_WITHOUT_REQUEST.iter().any(|start| path.starts_with(start));
    if is_of_requests && count(READS) > count(&["reservation.settle("]) {
        broken.push(format!(
            "{path}: reads DynamoDB beside the budget; reserve and settle each read"
        ));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES {
        broken.push(format!("{path}: is {lines} lines long, {MAX_LINES} is the most"));
    }
    for (number, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", number + 1);
        let code = line.split("//").next().unwrap_or_default();
        if is_ignored(code) {
            broken.push(format!("{place}: ignores a test; let it skip itself and say why"));
        }
        let next = text.lines().nth(number + 1).unwrap_or_default().trim();
        let is_simulated = SIMULATED.iter().any(|start| path.starts_with(start));
        if is_simulated && code.contains("select! {") && next != "biased;" {
            broken.push(format!("{place}: polls in an order of chance; begin with `biased;`"));
        }
        let is_command = path.starts_with(COMMAND) && path != TERMINAL;
        for stream in STREAMS.iter().filter(|stream| is_command && code.contains(**stream)) {
            broken.push(format!("{place}: prints by `{stream}`; print through `crate::terminal`"));
        }
        let reads_environment =
            is_source && ENVIRONMENT_WORDS.iter().any(|word| code.contains(word));
        if reads_environment && !READS_ENVIRONMENT.iter().any(|start| path.starts_with(start)) {
            broken
                .push(format!("{place}: reads the environment; take a value from `weir_startup`"));
        }
        if !is_pure(folder) {
            continue;
        }
        for word in IMPURE_WORDS.iter().filter(|word| code.contains(**word)) {
            broken.push(format!("{place}: a pure crate may not say `{word}`"));
        }
    }
    broken
}

/// Which folders of examples hold data without a definition file, given all paths below the root.
fn check_examples(paths: &[String]) -> Vec<String> {
    let mut folders: Vec<&str> = paths
        .iter()
        .filter(|path| DATA.iter().any(|end| path.ends_with(end)))
        .filter_map(|path| path.strip_prefix("examples/")?.split_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    folders.dedup();
    folders
        .into_iter()
        .filter(|folder| !paths.contains(&format!("examples/{folder}/weir.toml")))
        .map(|folder| format!("examples/{folder}: holds data and no weir.toml"))
        .collect()
}

fn is_pure(name: &str) -> bool {
    PURE_CRATES.contains(&name)
}

fn is_ignored(code: &str) -> bool {
    let code = code.trim_start();
    code.starts_with("#[ignore") || (code.starts_with("#[cfg_attr(") && code.contains("ignore"))
}

/// The dependencies a manifest names: normal, development and build, renamed ones by both names.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_list = false;
    let mut in_entry = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            let (table, entry) = header.rsplit_once('.').unwrap_or(("", header));
            in_list = entry.ends_with("dependencies");
            in_entry = table.ends_with("dependencies");
            if in_entry {
                names.push(entry.trim_matches('"').to_owned());
            }
        } else if let Some((key, value)) = line.split_once('=').filter(|_| in_list) {
            let name = key.split('.').next().unwrap_or_default();
            names.push(name.trim().trim_matches('"').to_owned());
            names.extend(package(value));
        } else if in_entry && line.starts_with("package") {
            names.extend(package(line));
        }
    }
    names
}

/// The `x` of `package = "x"`.
fn package(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("package")?;
    rest.split('"').nth(1).map(str::to_owned)
}

// The rules find what they forbid.

#[test]
fn a_reserved_dependency_is_found_under_every_way_of_naming_it() {
    let ways = [
        "[dependencies]\naws-sdk-dynamodb = \"1\"",
        "[dependencies]\naws-sdk-dynamodb.workspace = true",
        "[dev-dependencies]\n\"aws-sdk-dynamodb\" = { workspace = true }",
        "[build-dependencies.aws-sdk-dynamodb]\nversion = \"1\"",
        "[target.'cfg(unix)'.dependencies]\naws-sdk-dynamodb = \"1\"",
        "[dependencies]\ndynamo = { package = \"aws-sdk-dynamodb\", version = \"1\" }",
        "[dependencies.dynamo]\npackage = \"aws-sdk-dynamodb\"",
    ];
    for text in ways {
        let expected = "writer/Cargo.toml: only table may name `aws-sdk-dynamodb`";
        assert_eq!(check_manifest("writer", text), [expected], "{text}");
        assert_eq!(check_manifest("table", text), [""; 0], "{text}");
    }
}

#[test]
fn a_feature_or_a_package_field_is_not_a_dependency() {
    let text = "[package]\nname = \"lambda_http\"\n[dependencies]\n# tokio = \"1\"\nserde = \
                { version \
                = \"1\", features = [\n\"rand\",\n] }\n[features]\ntokio = []";
    assert_eq!(check_manifest("model", text.trim()), [""; 0]);
}

#[test]
fn an_impure_dependency_of_a_pure_crate_is_found() {
    let text = "[dev-dependencies]\ntokio.workspace = true";
    let expected = "model/Cargo.toml: a pure crate may not name `tokio`";
    assert_eq!(check_manifest("model", text), [expected]);
    assert_eq!(check_manifest("table", text), [""; 0]);
}

#[test]
fn a_dependency_on_http_is_found_where_there_is_none() {
    let text = "[dependencies]\naxum.workspace = true";
    let expected = "query/Cargo.toml: may not name `axum`, which is HTTP";
    assert_eq!(check_manifest("query", text), [expected]);
    assert_eq!(check_manifest("reader", text), [""; 0]);
}

#[test]
fn an_impure_word_in_a_pure_crate_is_found_and_one_in_a_comment_is_not() {
    let text = "//! Never Instant::now.\nfn now() { SystemTime::now(); } // not Timestamp::now";
    let expected = "model/src/clock.rs:2: a pure crate may not say `SystemTime::now`";
    assert_eq!(check_source("model/src/clock.rs", text), [expected]);
    assert_eq!(check_source("infra/src/clock.rs", text), [""; 0]);
}

#[test]
fn a_reader_of_the_environment_is_found() {
    let text = "//! Reads.\nfn name() { std::env::var_os(\"NAME\"); }";
    let expected = "table/src/name.rs:2: reads the environment; take a value from `weir_startup`";
    assert_eq!(check_source("table/src/name.rs", text), [expected]);
    assert_eq!(check_source("startup/src/name.rs", text), [""; 0]);
    assert_eq!(check_source("table/tests/name.rs", text), [""; 0]);
}

#[test]
fn a_file_that_does_not_say_what_it_is_for_is_found() {
    let expected = "table/src/key.rs: opens without `//!` saying what it is for";
    assert_eq!(check_source("table/src/key.rs", "use std::fs;\n//! Late."), [expected]);
}

#[test]
fn a_file_without_a_name_of_its_own_is_found() {
    let expected = "table/src/key/mod.rs: is not named for what it holds";
    assert_eq!(check_source("table/src/key/mod.rs", "//! Keys."), [expected]);
    assert_eq!(check_source("table/src/uncommon.rs", "//! Keys."), [""; 0]);
}

#[test]
fn a_file_of_too_many_lines_is_found() {
    let text = "//! Long.\n".repeat(MAX_LINES);
    assert_eq!(check_source("table/src/key.rs", &text), [""; 0]);
    let expected = "table/src/key.rs: is 601 lines long, 600 is the most";
    assert_eq!(check_source("table/src/key.rs", &(text + "\n")), [expected]);
}

#[test]
fn an_output_beside_the_terminal_is_found() {
    let text = "//! Prints.\nfn say() { io::stdout().write_all(b\"x\"); }";
    let place = "infra/src/load.rs:2: prints by";
    let why = "print through `crate::terminal`";
    let expected = ["stdout()", "io::stdout"].map(|by| format!("{place} `{by}`; {why}"));
    assert_eq!(check_source("infra/src/load.rs", text), expected);
    assert_eq!(check_source("infra/src/terminal.rs", text), [""; 0]);
    assert_eq!(check_source("telemetry/src/log.rs", text), [""; 0]);
}

#[test]
fn an_order_of_chance_is_found_in_what_the_simulation_runs() {
    let text = "//! Waits.\ntokio::select! {\n    () = one => {}\n    () = other => {}\n}";
    let expected = "processor/src/mapping.rs:2: polls in an order of chance; begin with `biased;`";
    assert_eq!(check_source("processor/src/mapping.rs", text), [expected]);
    assert_eq!(check_source("infra/src/dev.rs", text), [""; 0]);
    let biased = text.replace("{\n    () = one", "{\n    biased;\n    () = one");
    assert_eq!(check_source("processor/src/mapping.rs", &biased), [""; 0]);
}

#[test]
fn a_read_beside_the_budget_is_found() {
    let text = "//! Reads.\nfn read() { client.get_item().send(); client.query().send(); }";
    let broken = "reads DynamoDB beside the budget; reserve and settle each read";
    for settled in ["", "reservation.settle(&answer.consumed_capacity, Unit::Strong);"] {
        let text = format!("{text}\n{settled}");
        assert_eq!(
            check_source("table/src/key.rs", &text),
            [format!("table/src/key.rs: {broken}")]
        );
        assert_eq!(check_source("table/src/checkpoints/lease.rs", &text), [""; 0]);
        assert_eq!(check_source("tests/src/recount.rs", &text), [""; 0]);
    }
    let settled = format!("{text}{}", "reservation.settle(x);".repeat(2));
    assert_eq!(check_source("table/src/key.rs", &settled), [""; 0]);
}

#[test]
fn an_ignored_test_is_found() {
    for attribute in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(windows, ignore)]"] {
        let text = format!("//! Tests.\n    {attribute}\n    fn slow() {{}}");
        let expected = "tests/src/slow.rs:2: ignores a test; let it skip itself and say why";
        assert_eq!(check_source("tests/src/slow.rs", &text), [expected]);
    }
}

#[test]
fn example_data_without_a_definition_file_is_found() {
    let paths = ["examples/a/a.csv", "examples/a/weir.toml", "examples/b/more/b.json"];
    let paths = paths.map(str::to_owned);
    assert_eq!(check_examples(&paths), ["examples/b: holds data and no weir.toml"]);
}

#[test]
fn a_suite_that_is_not_compiled_is_found() {
    let files = ["tests/tests/http.rs", "tests/tests/http/items.rs", "tests/tests/limits.rs"];
    let files = files.map(str::to_owned);
    let manifest = "[[test]]\nname = \"limits\"\npath = \"tests/limits.rs\"";
    let check = |modules| check_suites("tests/tests", &files, manifest, modules);
    assert_eq!(check("mod http;\n"), [""; 0]);
    let expected = "tests/tests/http.rs: neither a program nor a module of one";
    assert_eq!(check("mod https;\n"), [expected]);
}
