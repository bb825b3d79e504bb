//! The name of a function says more than `of`, and the name of a type is a noun.
//!
//! A constructor is `new`, `from_…` or `parse`; a lookup is a verb. `of` reads well in one call and
//! says nothing in a list of functions. A participle such as `Kept` leaves out the thing that is
//! kept, and a word that the field does not use has to be learned.

use crate::code::Source;
use crate::files::{assert_none, files_below, read, root};

/// Names that no type may have.
const VAGUE_TYPES: &[&str] =
    &["Asked", "Disposal", "Held", "Kept", "Planned", "Said", "Standing", "Tenure", "Upkeep"];

/// The keywords that a name of a type follows.
const TYPE_KEYWORDS: &[&str] = &["enum", "struct", "trait", "type", "union"];

#[test]
fn functions_and_types_have_names_that_say_something() {
    let files = files_below(&root());
    let sources = files.iter().filter(|path| path.ends_with(".rs"));
    assert_none(sources.flat_map(|path| check_names(path, &read(path))));
}

/// Returns the functions of a file that are called `of`, and the types that have vague names.
fn check_names(path: &str, text: &str) -> Vec<String> {
    let code = Source::new(text).code;
    let lines = code.lines().enumerate();
    let broken = lines.flat_map(|(number, line)| {
        let place = format!("{path}:{}", number + 1);
        let is_of = line.contains("fn of(") || line.contains("fn of<");
        let function = is_of.then(|| format!("{place}: calls a function `of`"));
        let types = vague_types(line).into_iter();
        function.into_iter().chain(types.map(move |name| {
            format!("{place}: calls a type `{name}`, which does not name a thing")
        }))
    });
    broken.collect()
}

/// Returns the vague names of types that a line of code defines.
fn vague_types(line: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let words: Vec<&str> =
        line.split(|character| !is_word(character)).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter(|pair| TYPE_KEYWORDS.contains(&pair[0]));
    pairs.map(|pair| pair[1]).filter(|name| VAGUE_TYPES.contains(name)).collect()
}

#[test]
fn a_function_called_of_is_found() {
    let text =
        "// fn of(\npub fn of(x: u8) {}\nfn of<T>() {}\nfn of_day() {}\nfn name() {\"fn of(\"}";
    let expected = [2, 3].map(|line| format!("table/src/key.rs:{line}: calls a function `of`"));
    assert_eq!(check_names("table/src/key.rs", text), expected);
}

#[test]
fn a_type_with_a_vague_name_is_found() {
    let text = "// struct Kept\npub struct Kept<T>(T);\nenum Asked {}\nstruct KeptKey;\n\
                const TEXT: &str = \"type Said\";\npub(crate) type Said = u8;\nfn f(_: Kept) {}";
    let expected = [(2, "Kept"), (3, "Asked"), (6, "Said")].map(|(line, name)| {
        format!("table/src/key.rs:{line}: calls a type `{name}`, which does not name a thing")
    });
    assert_eq!(check_names("table/src/key.rs", text), expected);
}
