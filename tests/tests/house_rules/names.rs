//! The name of a function says more than `of`.
//!
//! A constructor is `new`, `from_…` or `parse`; a lookup is a verb. `of` reads well in one call and
//! says nothing in a list of functions.

use std::collections::BTreeMap;

use crate::code::Source;
use crate::files::{assert_none, files_below, read, root};

/// How many functions called `of` each folder still has.
const OF_ALLOWANCE: &[(&str, usize)] = &[
    ("aggregates", 15),
    ("model", 17),
    ("processor", 1),
    ("reader", 10),
    ("table", 9),
    ("web", 6),
];

#[test]
fn no_function_is_called_of() {
    let mut counts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let files = files_below(&root());
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        let folder = path.split('/').next().unwrap_or_default();
        counts.entry(folder).or_default().extend(check_names(path, &read(path)));
    }
    assert_none(counts.into_iter().flat_map(|(folder, broken)| {
        let allowance = OF_ALLOWANCE.iter().find(|(name, _)| *name == folder);
        let allowed = allowance.map_or(0, |(_, count)| *count);
        let found = broken.len();
        let is_stale = (found < allowed)
            .then(|| format!("{folder}: {found} functions called `of`, OF_ALLOWANCE is {allowed}"));
        let too_many = if found > allowed { broken } else { Vec::new() };
        too_many.into_iter().chain(is_stale)
    }));
}

/// Returns the functions of a file that are called `of`.
fn check_names(path: &str, text: &str) -> Vec<String> {
    let code = Source::new(text).code;
    let lines = code.lines().enumerate();
    lines
        .filter(|(_, line)| line.contains("fn of(") || line.contains("fn of<"))
        .map(|(number, _)| format!("{path}:{}: calls a function `of`", number + 1))
        .collect()
}

#[test]
fn a_function_called_of_is_found() {
    let text =
        "// fn of(\npub fn of(x: u8) {}\nfn of<T>() {}\nfn of_day() {}\nfn name() {\"fn of(\"}";
    let expected = [2, 3].map(|line| format!("table/src/key.rs:{line}: calls a function `of`"));
    assert_eq!(check_names("table/src/key.rs", text), expected);
}
