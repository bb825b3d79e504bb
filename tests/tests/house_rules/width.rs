//! A line of a Rust file has at most 100 columns, in comments and strings too.
//!
//! rustfmt wraps code only. Raw strings and inline snapshots stand as they are compared, and a row
//! of a table in a comment cannot be wrapped.

use crate::code::Source;
use crate::files::{assert_none, files_below, read, root};

/// The longest a line may be, in characters.
const MAX_COLUMNS: usize = 100;

#[test]
fn every_line_has_at_most_100_columns() {
    let files = files_below(&root());
    let sources = files.iter().filter(|path| path.ends_with(".rs"));
    assert_none(sources.flat_map(|path| check_width(path, &read(path))));
}

/// Returns the lines of a file that are too wide.
fn check_width(path: &str, text: &str) -> Vec<String> {
    let verbatim = Source::new(text).verbatim;
    let lines = text.lines().enumerate();
    lines
        .filter(|(number, line)| !verbatim.contains(number) && !is_row(line))
        .map(|(number, line)| (number, line.chars().count()))
        .filter(|(_, columns)| *columns > MAX_COLUMNS)
        .map(|(number, columns)| {
            format!("{path}:{}: has {columns} columns, {MAX_COLUMNS} is the most", number + 1)
        })
        .collect()
}

/// Returns whether a line is a row of a table in a comment.
fn is_row(line: &str) -> bool {
    line.trim_start_matches([' ', '/', '!']).starts_with('|') && line.contains("//")
}

#[test]
fn a_wide_line_is_found_and_a_raw_string_is_not() {
    let wide = "é".repeat(98);
    for line in [format!("// {wide}"), format!("\"{wide}\";"), format!("r\"\";\n\"{wide}\";")] {
        let number = line.lines().count();
        let expected = format!("table/src/key.rs:{number}: has 101 columns, 100 is the most");
        assert_eq!(check_width("table/src/key.rs", &line), [expected]);
    }
    let row = format!("//! | {wide} |");
    for line in [wide.clone(), row, format!("r#\"\n{wide}12345\n\"#"), format!("(@\"{wide}12\")")] {
        assert_eq!(check_width("table/src/key.rs", &line), [""; 0], "{line}");
    }
}
