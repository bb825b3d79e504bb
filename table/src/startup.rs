//! How a deployed function finds its definition and its table: from the environment.
//!
//! [`variables`] lists what there is to set.

pub mod variables;

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

use model::{DefinitionError, Model, nearest};
use thiserror::Error;

use crate::budget::{DEFAULT_READ_MB, DEFAULT_READS, MB, Reads};

/// The definition file, unless `WEIR_FILE` names another.
const DEFAULT_FILE: &str = "weir.toml";
/// How many reads the budget of a request may be set to: as many as the state of the rollups and a
/// page need, at least.
const READS: RangeInclusive<u64> = 100..=1_000_000;
/// How many megabytes: as many as the first reads of a page, or a transaction of a hundred items,
/// which reserves more than 4 MB, need, at least.
const READ_MB: RangeInclusive<u64> = 8..=10_000;
/// How long DynamoDB lets the name of a table be.
const TABLE_NAME_BYTES: RangeInclusive<usize> = 3..=255;

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
    /// A variable that is not what it may be.
    #[error("{name} is {value}, expected {expected}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        expected: &'static str,
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
    let path = std::env::var_os("WEIR_FILE").unwrap_or_else(|| DEFAULT_FILE.into());
    let path = PathBuf::from(path);
    let text = std::fs::read_to_string(&path)
        .map_err(|source| StartError::File { path: path.clone(), source })?;
    let model = Model::parse(&path.display().to_string(), &text)
        .map_err(|error| StartError::Definition { error })?;
    Ok(Arc::new(with_names_from_env(model)?))
}

/// The model over the tables that `TABLE_NAME` and `ROLLUPS_TABLE_NAME` name, where they are set.
///
/// # Errors
/// A name that no table can have.
pub fn with_names_from_env(model: Model) -> Result<Model, StartError> {
    let table = table_name("TABLE_NAME", std::env::var_os("TABLE_NAME"))?;
    let rollups = table_name("ROLLUPS_TABLE_NAME", std::env::var_os("ROLLUPS_TABLE_NAME"))?;
    let model = match (table, rollups) {
        (Some(table), rollups) => model.with_table(&table, rollups.as_deref()),
        (None, Some(rollups)) => {
            let table = model.table.name.clone();
            model.with_table(&table, Some(&rollups))
        }
        (None, None) => model,
    };
    refuse_one_table_for_both(&model)?;
    Ok(model)
}

/// What one request may read, as `WEIR_REQUEST_MAX_READS` and `WEIR_REQUEST_MAX_READ_MB` set it.
///
/// # Errors
/// A value that is not a number in its range.
pub fn read_limits_from_env() -> Result<Reads, StartError> {
    let variable = |name| std::env::var_os(name);
    let (reads, mb) = ("WEIR_REQUEST_MAX_READS", "WEIR_REQUEST_MAX_READ_MB");
    let reads = whole(reads, variable(reads), READS, "a whole number from 100 to 1000000")?;
    let mb = whole(mb, variable(mb), READ_MB, "a whole number from 8 to 10000")?;
    let (reads, mb) = (reads.unwrap_or(DEFAULT_READS), mb.unwrap_or(DEFAULT_READ_MB));
    Ok(Reads { reads, bytes: mb * MB })
}

/// The whole number that a variable gives.
fn whole(
    name: &'static str,
    value: Option<OsString>,
    range: RangeInclusive<u64>,
    expected: &'static str,
) -> Result<Option<u64>, StartError> {
    let Some(value) = value else { return Ok(None) };
    let number = value.to_str().and_then(|text| text.parse().ok());
    match number.filter(|number| range.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(StartError::Value { name, value: format!("{value:?}"), expected }),
    }
}

/// What the processor notes beside rollups would come back to it through the stream of the table of items.
fn refuse_one_table_for_both(model: &Model) -> Result<(), StartError> {
    let table = &model.table;
    if table.rollups_table != table.name {
        return Ok(());
    }
    Err(StartError::Value {
        name: "ROLLUPS_TABLE_NAME",
        value: format!("{:?}, the table of items", table.name),
        expected: "a table of its own; a `key` of a rollup keeps its items in the table of items",
    })
}

/// The name of a table that a variable gives: what DynamoDB takes for one.
fn table_name(name: &'static str, value: Option<OsString>) -> Result<Option<String>, StartError> {
    let Some(value) = value else { return Ok(None) };
    let fits = |text: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        TABLE_NAME_BYTES.contains(&text.len()) && text.bytes().all(is_plain)
    };
    match value.to_str().filter(fits) {
        Some(text) => Ok(Some(text.to_owned())),
        None => {
            let expected = "3 to 255 letters, digits, _, . and -, as DynamoDB names tables";
            Err(StartError::Value { name, value: format!("{value:?}"), expected })
        }
    }
}

fn refuse_unknown_variables() -> Result<(), StartError> {
    let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_table_has_is_refused_with_its_variable() {
        let read = |text: &str| table_name("TABLE_NAME", Some(text.into()));
        assert_eq!(read("shop-2.b_C").expect("a name").as_deref(), Some("shop-2.b_C"));
        assert_eq!(table_name("TABLE_NAME", None).expect("nothing"), None);
        for text in ["", "ab", "a b", "täble", &"x".repeat(256)] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with("TABLE_NAME is \""), "{error}");
            assert!(error.contains("expected 3 to 255 letters"), "{error}");
        }
    }

    #[test]
    fn a_limit_that_is_not_a_number_in_its_range_is_rejected_with_its_variable() {
        let read = |text: &str| whole("WEIR_REQUEST_MAX_READS", Some(text.into()), READS, "some");
        assert_eq!(read("100").expect("the least"), Some(100));
        for text in ["", "0", "99", "-1", "1e3", "1000001", "many"] {
            let error = read(text).expect_err(text).to_string();
            assert_eq!(error, format!("WEIR_REQUEST_MAX_READS is {text:?}, expected some"));
        }
    }

    #[tokio::test]
    async fn the_least_megabytes_are_enough_for_the_largest_transaction() {
        let read = |text: &str| whole("WEIR_REQUEST_MAX_READ_MB", Some(text.into()), READ_MB, "8");
        assert!(read("7").is_err());
        assert_eq!(read("8").expect("the least"), Some(8));
        let budget = crate::Budget::new(Reads { reads: 1, bytes: READ_MB.start() * MB });
        budget.reserve_transaction(100).await.expect("enough").settle_bytes(0);
    }

    #[test]
    fn items_and_rollups_are_not_in_one_table() {
        let model: Model = "[table]\nname = \"shop\"".parse().expect("a definition");
        refuse_one_table_for_both(&model).expect("two tables");
        let one = refuse_one_table_for_both(&model.with_table("shop-2", Some("shop-2")));
        let error = one.expect_err("one table").to_string();
        assert!(
            error.starts_with("ROLLUPS_TABLE_NAME is \"shop-2\", the table of items"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_not_passed_over() {
        use std::os::unix::ffi::OsStringExt;
        let bytes = OsString::from_vec(vec![b's', 0xff, b'p', b'q']);
        assert!(table_name("TABLE_NAME", Some(bytes)).is_err());
    }
}
