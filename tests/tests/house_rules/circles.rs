//! No import circle between the files of a crate, except parent and child.
//!
//! Files that import each other in a circle can only be understood together. A module and its
//! ancestors are read together anyway, so their edges do not count. A circle is untied by a file of
//! its own for the type that both sides share.

use std::collections::BTreeSet;

use crate::files::{assert_none, crates, files_below, read, root};
use crate::modules::{ModulePath, Modules, circles};

#[test]
fn no_files_import_each_other_in_a_circle() {
    assert_none(crates().iter().flat_map(|name| {
        let folder = format!("{name}/src/");
        let below = root().join(&folder);
        let paths = if below.is_dir() { files_below(&below) } else { Vec::new() };
        let files = paths.iter().filter_map(|path| Some((path.strip_prefix(&folder)?, read(path))));
        check_circles(name, files)
    }));
}

/// Returns the circles of a crate, each with the imports that make it.
fn check_circles<'a>(
    name: &str,
    files: impl IntoIterator<Item = (&'a str, String)>,
) -> Vec<String> {
    let edges = Modules::new(files).edges();
    let describe = |circle: BTreeSet<ModulePath>| {
        let within = edges
            .iter()
            .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
            .map(|((from, to), by)| format!("\n    {} → {} by {by}", text(from), text(to)));
        format!("{name}: a circle of imports: {}{}", list(&circle), within.collect::<String>())
    };
    circles(&edges).into_iter().map(describe).collect()
}

fn text(module: &ModulePath) -> String {
    module.join("::")
}

fn list(modules: &BTreeSet<ModulePath>) -> String {
    modules.iter().map(|module| format!("\"{}\"", text(module))).collect::<Vec<_>>().join(", ")
}

/// Checks a crate `x` with the given files.
fn check(files: &[(&str, &str)]) -> Vec<String> {
    check_circles("x", files.iter().map(|(path, text)| (*path, (*text).to_owned())))
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
        assert_eq!(check(&files), [expected], "{import}");
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
    assert_eq!(check(&files), [""; 0]);
}
