//! Definition files that are invalid, each in a file of its own in `invalid/`.
//!
//! A file opens with the problems that the checker must report, in the order of their places:
//!
//! ```toml
//! # message: `usr_id` is no attribute of `order`
//! # span: "usr_id"
//! # help: did you mean `user_id`?
//! ```
//!
//! `span` is the text that the problem marks; a line break in a value is written `\n`. With
//! `BLESS=1` the test writes what the checker reports into the files: review the difference.
//!
//! **Invariant:** messages, spans and help are compared whole, and no problem is left out.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use weir_model::Model;

/// How the lines of an expectation begin.
const FIELDS: [&str; 3] = ["# message: ", "# span: ", "# help: "];

#[test]
fn every_invalid_definition_is_rejected_with_its_messages() {
    let files = files();
    assert!(files.len() > 100, "found only {} files", files.len());
    let is_blessing = option_env!("BLESS").is_some();
    let failures: Vec<String> =
        files.iter().filter_map(|file| check(file, is_blessing).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Returns the files of cases, sorted.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/invalid");
    let entries = fs::read_dir(folder).expect("the folder of cases can be read");
    let mut files: Vec<_> =
        entries.map(|entry| entry.expect("the folder of cases can be read").path()).collect();
    files.sort();
    files
}

/// Compares the problems of one file with its expectation, or writes them into it.
fn check(file: &Path, is_blessing: bool) -> Result<(), String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let (expected, definition) = split(&text);
    let reported = reported(&name, &text)?;
    if is_blessing {
        let text = format!("{reported}\n{definition}");
        return fs::write(file, text).map_err(|error| format!("{name}: {error}"));
    }
    if reported == expected {
        return Ok(());
    }
    Err(format!("{name}: expected\n{expected}but the checker reports\n{reported}"))
}

/// Splits a file into its expectation and the definition.
fn split(text: &str) -> (String, &str) {
    let is_expectation =
        |line: &&str| FIELDS.iter().any(|field| line.starts_with(field.trim_end()));
    let expected: String = text.split_inclusive('\n').take_while(is_expectation).collect();
    let definition = &text[expected.len()..];
    (expected, definition.strip_prefix('\n').unwrap_or(definition))
}

/// Returns the problems of a definition, as files expect them.
fn reported(name: &str, text: &str) -> Result<String, String> {
    let Err(error) = Model::parse("weir.toml", text) else {
        return Err(format!("{name}: the definition is valid"));
    };
    let starts: Vec<usize> = error.problems.iter().map(|problem| problem.span.offset()).collect();
    if !starts.is_sorted() {
        return Err(format!("{name}: the problems are not in the order of the file: {starts:?}"));
    }
    let mut reported = String::new();
    for problem in &error.problems {
        let start = problem.span.offset();
        let span = &text[start..start + problem.span.len()];
        let values = [&problem.message, span, problem.help.as_deref().unwrap_or_default()];
        for (field, value) in FIELDS.iter().zip(values) {
            let line = format!("{field}{}", value.replace('\n', "\\n"));
            writeln!(reported, "{}", line.trim_end()).expect("a String takes everything");
        }
    }
    Ok(reported)
}
