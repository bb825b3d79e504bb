//! Files of cases: a question on a line, and the expected lines below it, indented.
//!
//! Lines that are empty or begin with `#` are comments. With `BLESS=1` the test writes the lines
//! that it finds into the file: review the difference.
//!
//! **Invariant:** the lines of a case are compared whole.

use std::fs;
use std::path::Path;

/// How an expected line begins.
const INDENT: &str = "    ";

/// Compares the lines of every case of a file with those that a function finds for its question:
/// the name of the rollup, and the parameters.
pub(crate) fn check(file: &str, find: impl Fn(&str, &str) -> Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/questions").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let found = with_found_lines(&text, find);
    if option_env!("BLESS").is_some() {
        fs::write(&path, found).unwrap_or_else(|error| panic!("{file}: {error}"));
        return;
    }
    let (expected, found) = (blocks(&text), blocks(&found));
    assert!(expected.len() > 5, "{file}: found only {} cases", expected.len());
    for (expected, found) in expected.into_iter().zip(found) {
        assert_eq!(found, expected, "{file}");
    }
}

/// Returns the text of a file with the lines that were found in place of the expected ones.
fn with_found_lines(text: &str, find: impl Fn(&str, &str) -> Vec<String>) -> String {
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(INDENT)) {
        lines.push(line.to_owned());
        if let Some((rollup, question)) = question(line) {
            let found = find(rollup, question).into_iter();
            lines.extend(found.map(|found| format!("{INDENT}{found}")));
        }
    }
    lines.join("\n") + "\n"
}

/// Returns the rollup and the parameters of a line that is a question.
fn question(line: &str) -> Option<(&str, &str)> {
    line.split_once('?').filter(|_| !line.starts_with('#'))
}

/// Returns the cases of a file: each question with the lines below it.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        if !line.starts_with(INDENT) && question(line).is_some() {
            blocks.push(line.to_owned());
        } else if line.starts_with(INDENT)
            && let Some(block) = blocks.last_mut()
        {
            block.push('\n');
            block.push_str(line);
        }
    }
    blocks
}
