//! Finding and reading the definition file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use weir_model::{DefinitionError, Model};

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
    let unreadable = |source| Error::Unreadable { path: path.to_path_buf(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let parsed = Model::parse(&path.display().to_string(), &text);
    let model = parsed.map_err(|problems| Error::Invalid(Box::new(problems)))?;
    Ok((text, model))
}
