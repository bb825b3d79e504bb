//! Finding and reading the definition file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use weir_model::{DefinitionError, Model};

use crate::terminal;

/// The definition files that are looked for when none is named, in this order.
pub(crate) const DEFAULT_FILES: [&str; 2] = ["weir.toml", "examples/flights/weir.toml"];

/// The reason why there is no definition.
#[derive(Debug, Error)]
pub enum Error {
    /// None was named, and there is none where one is looked for.
    #[error("no definition file was named, and there is no {}", DEFAULT_FILES.join(" and no "))]
    NotFound,
    /// The file cannot be read.
    #[error("the definition file {path} cannot be read: {source}")]
    Unreadable {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file has problems.
    #[error(transparent)]
    Invalid(Box<DefinitionError>),
}

/// Returns the file that was named, else the first that is where one is looked for.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, Error> {
    let there = || DEFAULT_FILES.iter().map(Path::new).find(|file| file.exists());
    named.or_else(there).map(Path::to_path_buf).ok_or(Error::NotFound)
}

/// Reads and checks a definition file.
pub(crate) fn read(path: &Path) -> Result<Model, Error> {
    read_with_text(path).map(|(_, model)| model)
}

/// Reads and checks a definition file, and returns its text too.
pub(crate) fn read_with_text(path: &Path) -> Result<(String, Model), Error> {
    let text = read_text(path)?;
    let model = parse(path, &text)?;
    Ok((text, model))
}

/// Reads the text of a definition file.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    std::fs::read_to_string(path).map_err(unreadable)
}

/// Checks the text of a definition file. Messages name the path.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Model, Error> {
    let parsed = Model::parse(&path.display().to_string(), text);
    parsed.map_err(|problems| Error::Invalid(Box::new(problems)))
}

impl Error {
    /// Prints it on standard error: the problems of a file with their lines.
    pub(crate) fn print(self) {
        // If standard error is closed, there is no reader.
        let _ = match self {
            Self::Invalid(problems) => {
                writeln!(terminal::coloured_messages(), "{:?}", miette::Report::new(*problems))
            }
            other => terminal::print_error(&other),
        };
    }
}
