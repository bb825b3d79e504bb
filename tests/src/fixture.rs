//! The definitions of `tests/fixtures`, each shared by several tests, and the difference that a
//! test needs.
//!
//! ```text
//! fixture("orders").with("[rollups.sales] …")         the text, with lines of the test's own
//! fixture("orders").replace("integer", "decimal")     the text, different in one place
//! ```
//!
//! **Invariant:** a difference that does not apply fails the test, so no test runs on a definition
//! other than the one it states.

use std::ops::Deref;
use std::path::Path;

use weir_model::Model;

/// A definition file of `tests/fixtures`, with the changes of a test.
#[derive(Clone, Debug)]
pub struct Fixture {
    name: String,
    text: String,
}

/// Reads a definition by the name of its file without `.toml`.
///
/// # Panics
/// If there is no such file.
pub fn fixture(name: &str) -> Fixture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let path = folder.join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Fixture { name: name.to_owned(), text }
}

impl Fixture {
    /// Replaces a text that the definition contains once.
    ///
    /// # Panics
    /// If the definition does not contain the text, or contains it several times.
    #[must_use]
    pub fn replace(self, from: &str, to: &str) -> Self {
        let count = self.text.matches(from).count();
        assert_eq!(count, 1, "fixture `{}`: expected `{from}` once in\n{}", self.name, self.text);
        Self { text: self.text.replacen(from, to, 1), ..self }
    }

    /// Adds lines at the end.
    #[must_use]
    pub fn with(self, lines: &str) -> Self {
        Self { text: format!("{}\n{lines}\n", self.text.trim_end()), ..self }
    }

    /// Parses the definition.
    ///
    /// # Panics
    /// If the definition is not valid.
    pub fn model(&self) -> Model {
        let model = Model::parse(&format!("{}.toml", self.name), &self.text);
        model.unwrap_or_else(|error| panic!("fixture `{}`: {error:?}\n{}", self.name, self.text))
    }
}

impl Deref for Fixture {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fixture_is_valid_and_says_what_it_is_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let files = std::fs::read_dir(folder).expect("the fixtures can be read");
        for file in files {
            let path = file.expect("the fixtures can be read").path();
            let fixture = fixture(path.file_stem().and_then(|name| name.to_str()).expect("text"));
            assert!(fixture.starts_with("# "), "{}: no comment", path.display());
            fixture.model();
        }
    }

    #[test]
    fn a_difference_is_applied() {
        let model = fixture("orders").replace("name = \"shop\"", "name = \"store\"").model();
        assert_eq!(model.table.name, "store");
        let model = fixture("orders").with("[rollups.n]\nof = \"order\"\nmeasures.n = \"count\"");
        assert_eq!(model.model().rollups.len(), 1);
    }

    #[test]
    #[should_panic(expected = "expected `[entities.sale]` once")]
    fn a_text_that_is_not_there_cannot_be_replaced() {
        drop(fixture("orders").replace("[entities.sale]", ""));
    }
}
