//! How a deployed function finds its definition and its table: from the environment.
//!
//! [`variables`] lists what there is to set.

pub mod variables;

use std::path::PathBuf;
use std::sync::Arc;

use model::{DefinitionError, Model, nearest};
use thiserror::Error;

/// The definition file, unless `WEIR_FILE` names another.
const DEFAULT_FILE: &str = "weir.toml";

/// Why a function cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A variable that begins as Weir's own do, and that nothing reads.
    #[error("the environment sets {name}, which nothing reads; {expected}")]
    Variable {
        /// Its name.
        name: String,
        /// What might have been meant.
        expected: String,
    },
    /// The definition file cannot be read.
    #[error("the definition file {path} cannot be read (WEIR_FILE names another)")]
    File {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The definition file has problems.
    #[error("{error}: {}", error.problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Definition {
        /// The problems.
        error: DefinitionError,
    },
}

/// The model that the environment names.
///
/// # Errors
/// A misspelt variable, the file that cannot be read, or its problems.
pub fn model_from_env() -> Result<Arc<Model>, StartError> {
    refuse_unknown_variables()?;
    let path =
        PathBuf::from(std::env::var("WEIR_FILE").unwrap_or_else(|_| DEFAULT_FILE.to_owned()));
    let text = std::fs::read_to_string(&path)
        .map_err(|source| StartError::File { path: path.clone(), source })?;
    let model = Model::parse(&path.display().to_string(), &text)
        .map_err(|error| StartError::Definition { error })?;
    Ok(Arc::new(with_names_from_env(model)))
}

/// The model over the tables that `TABLE_NAME` and `ROLLUPS_TABLE_NAME` name, where they are set.
pub fn with_names_from_env(model: Model) -> Model {
    let table = std::env::var("TABLE_NAME").ok();
    let rollups = std::env::var("ROLLUPS_TABLE_NAME").ok();
    match (table, rollups) {
        (Some(table), rollups) => model.with_table(&table, rollups.as_deref()),
        (None, Some(rollups)) => {
            let table = model.table.name.clone();
            model.with_table(&table, Some(&rollups))
        }
        (None, None) => model,
    }
}

fn refuse_unknown_variables() -> Result<(), StartError> {
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let Some(name) = variables::unknown(set).into_iter().next() else { return Ok(()) };
    let ours = variables::ALL.iter().map(|variable| variable.name);
    let expected = match nearest(&name, ours.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let ours: Vec<_> = ours.filter(|name| name.starts_with(variables::PREFIX)).collect();
            format!("expected one of {}", ours.join(", "))
        }
    };
    Err(StartError::Variable { name, expected })
}
