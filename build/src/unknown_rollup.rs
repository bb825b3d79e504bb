//! A rollup that is named and that the definition lacks.

use thiserror::Error;
use weir_model::Model;

/// Name a rollup of the definition.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("unknown rollup `{name}`, expected {}", one_of(.known))]
pub struct UnknownRollup {
    /// The name.
    pub name: String,
    /// The rollups that can be named.
    pub known: Vec<String>,
}

impl UnknownRollup {
    /// Checks that a definition has these rollups.
    ///
    /// # Errors
    /// The first one that it lacks.
    pub(crate) fn check(model: &Model, names: &[String]) -> Result<(), Self> {
        match names.iter().find(|name| model.rollup(name).is_none()) {
            Some(unknown) => {
                let known = model.rollups.iter().map(|rollup| rollup.name.clone()).collect();
                Err(Self { name: unknown.clone(), known })
            }
            None => Ok(()),
        }
    }
}

/// Returns names in a list.
pub(crate) fn quoted(names: &[String]) -> String {
    format!("`{}`", names.join("`, `"))
}

fn one_of(names: &[String]) -> String {
    match names {
        [] => "none: the definition file has no rollups".to_owned(),
        [name] => format!("`{name}`"),
        names => format!("one of {}", quoted(names)),
    }
}
