//! No import circle between the files of a crate, except parent and child.
//!
//! Files that import each other in a circle can only be understood together. A module and its
//! ancestors are read together anyway, so their edges do not count. A circle is untied by a file of
//! its own for the type that both sides share.

use std::collections::BTreeSet;

use crate::files::{assert_none, crates, files_below, read, root};
use crate::modules::{ModulePath, Modules, circles};

/// Circles that are not untied yet: a crate, and the modules of one circle.
const KNOWN_CIRCLES: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "attribute",
            "attribute::kind",
            "attribute::rules",
            "condition",
            "condition::parse",
            "encoding",
            "entity",
            "errors",
            "filter",
            "invalid",
            "object",
            "overlap",
            "path",
            "pattern",
            "pattern::partition",
            "relation",
            "template",
            "template::format",
            "unique",
            "update::bounds",
            "update::indexes",
            "update::lengths",
            "update::made",
            "update::plan",
            "value",
            "value::nested",
        ],
    ),
    ("processor", &["changes", "reactor"]),
    ("reader", &["answer::gaps", "answer::page"]),
    ("reader", &["lists", "related"]),
    ("reader", &["ranks", "rollups"]),
    ("table", &["budget", "error"]),
    ("table", &["checkpoints::held", "checkpoints::lease"]),
    ("table", &["cursor", "query"]),
    ("table", &["items::commit", "items::locks", "items::write"]),
    ("web", &["openapi::lists", "openapi::operation"]),
    ("web", &["paths", "problem"]),
    ("writer", &["batch", "items"]),
];

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_none(crates().iter().flat_map(|name| {
        let folder = format!("{name}/src/");
        let below = root().join(&folder);
        let paths = if below.is_dir() { files_below(&below) } else { Vec::new() };
        let files = paths.iter().filter_map(|path| Some((path.strip_prefix(&folder)?, read(path))));
        let known = KNOWN_CIRCLES.iter().filter(|(crate_name, _)| crate_name == name);
        check_circles(name, files, &known.map(|(_, modules)| *modules).collect::<Vec<_>>())
    }));
}

/// Returns the circles of a crate that are not known, and the known ones that are untied.
fn check_circles<'a>(
    name: &str,
    files: impl IntoIterator<Item = (&'a str, String)>,
    known: &[&[&str]],
) -> Vec<String> {
    let edges = Modules::new(files).edges();
    let found = circles(&edges);
    let known: Vec<BTreeSet<ModulePath>> =
        known.iter().map(|modules| modules.iter().map(|module| path(module)).collect()).collect();
    let untied = known
        .iter()
        .filter(|circle| !found.iter().any(|found| found.is_subset(circle)))
        .map(|circle| format!("{name}: a known circle is untied: {}", list(circle)));
    let unknown = found
        .iter()
        .filter(|circle| !known.iter().any(|known| circle.is_subset(known)))
        .map(|circle| {
            let within = edges
                .iter()
                .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
                .map(|((from, to), by)| format!("\n    {} → {} by {by}", text(from), text(to)));
            format!("{name}: a circle of imports: {}{}", list(circle), within.collect::<String>())
        });
    untied.chain(unknown).collect()
}

fn path(module: &str) -> ModulePath {
    module.split("::").map(str::to_owned).collect()
}

fn text(module: &ModulePath) -> String {
    module.join("::")
}

fn list(modules: &BTreeSet<ModulePath>) -> String {
    modules.iter().map(|module| format!("\"{}\"", text(module))).collect::<Vec<_>>().join(", ")
}

/// Checks a crate `x` with the given files.
fn check(files: &[(&str, &str)], known: &[&[&str]]) -> Vec<String> {
    let files = files.iter().map(|(path, text)| (*path, (*text).to_owned()));
    check_circles("x", files, known)
}

#[test]
fn a_circle_of_siblings_is_found_under_every_way_of_importing() {
    let root = "mod a; mod b; pub use a::A; pub use b::*;";
    let ways = [
        ("use crate::b::B;", "crate::b::B"),
        ("use crate::B;", "crate::B"),
        ("use crate::{b};\nfn f() { b::g(); }", "b::g"),
        ("fn f(_: &super::b::B) {}", "super::b::B"),
        ("use super::b as c;\nfn f() { c::B::new(); }", "c::B::new"),
        ("use crate::b::*;", "crate::b"),
    ];
    for (import, by) in ways {
        let files = [
            ("lib.rs", root),
            ("a.rs", &format!("{import}\npub struct A;")),
            ("b.rs", "use crate::A;\npub struct B;\npub fn g() {}"),
        ];
        let expected = format!(
            "x: a circle of imports: \"a\", \"b\"\n    a → b by {by}\n    b → a by crate::A"
        );
        assert_eq!(check(&files, &[]), [expected], "{import}");
        assert_eq!(check(&files, &[&["a", "b", "c"]]), [""; 0], "{import}");
    }
}

#[test]
fn parents_children_comments_and_tests_make_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "mod c;\nuse c::C;\npub struct A;\n// crate::b::B\n#[cfg(test)]\nmod tests;"),
        ("a/c.rs", "use super::A;\npub struct C;\n#[cfg(test)]\nmod d { use crate::b::B; }"),
        ("a/tests.rs", "use crate::b::B;"),
        ("b.rs", "use crate::A;\nuse crate::a;\npub struct B;"),
        ("main.rs", "mod a; use crate::a::A;"),
    ];
    assert_eq!(check(&files, &[]), [""; 0]);
}

#[test]
fn a_known_circle_that_is_untied_is_found() {
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;"), ("b.rs", "struct B;")];
    let expected = "x: a known circle is untied: \"a\", \"b\"";
    assert_eq!(check(&files, &[&["a", "b"]]), [expected]);
}
