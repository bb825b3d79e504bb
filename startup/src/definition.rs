//! The definition of a program, and the names of its tables.

use std::path::PathBuf;
use std::sync::Arc;

use weir_model::Model;

use crate::environment::Environment;
use crate::error::{InvalidVariable, StartError};

/// The definition file, unless `WEIR_FILE` names another.
const DEFAULT_FILE: &str = "weir.toml";
/// The lengths that DynamoDB allows for the name of a table, in bytes.
const TABLE_NAME_BYTES: std::ops::RangeInclusive<usize> = 3..=255;

impl Environment {
    /// Reads the definition file, over the tables that the environment names.
    ///
    /// # Errors
    /// A misspelt variable, the file that cannot be read, its problems, or a name that no table can
    /// have.
    pub fn model(&self) -> Result<Arc<Model>, StartError> {
        self.check_names()?;
        let path = PathBuf::from(self.os_text("WEIR_FILE").unwrap_or(DEFAULT_FILE.as_ref()));
        let text = std::fs::read_to_string(&path)
            .map_err(|source| StartError::File { path: path.clone(), source })?;
        let model = Model::parse(&path.display().to_string(), &text)
            .map_err(|error| StartError::Definition { error })?;
        Ok(Arc::new(self.name_tables(model)?))
    }

    /// Returns the model over the tables that `TABLE_NAME` and `ROLLUPS_TABLE_NAME` name, where
    /// they are set.
    ///
    /// # Errors
    /// A name that no table can have, or one table for items and rollups.
    pub fn name_tables(&self, model: Model) -> Result<Model, StartError> {
        let table = self.table_name("TABLE_NAME")?;
        let rollups = self.table_name("ROLLUPS_TABLE_NAME")?;
        let model = match (table, rollups) {
            (Some(table), rollups) => model.with_table(&table, rollups.as_deref()),
            (None, Some(rollups)) => {
                let table = model.table.name.clone();
                model.with_table(&table, Some(&rollups))
            }
            (None, None) => model,
        };
        check_two_tables(&model)?;
        Ok(model)
    }

    /// Returns the name of a table that a variable gives.
    fn table_name(&self, name: &'static str) -> Result<Option<String>, InvalidVariable> {
        let expected = "3 to 255 letters, digits, _, . and -, as DynamoDB names tables";
        self.parse(name, expected, |text| is_table_name(text).then(|| text.to_owned()))
    }
}

fn is_table_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    TABLE_NAME_BYTES.contains(&text.len()) && text.bytes().all(is_plain)
}

/// Checks that items and rollups have a table each: bookkeeping of the processor in the table of
/// items would come back to it through the stream.
fn check_two_tables(model: &Model) -> Result<(), StartError> {
    let table = &model.table;
    if table.rollups_table == table.name {
        return Err(StartError::OneTable { table: table.name.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_table_has_is_rejected_with_its_variable() {
        let read =
            |text: &str| Environment::from_pairs([("TABLE_NAME", text)]).table_name("TABLE_NAME");
        assert_eq!(read("shop-2.b_C").expect("a name").as_deref(), Some("shop-2.b_C"));
        assert_eq!(Environment::default().table_name("TABLE_NAME").expect("nothing"), None);
        for text in ["", "ab", "a b", "täble", &"x".repeat(256)] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with("TABLE_NAME is `"), "{error}");
            assert!(error.contains("expected 3 to 255 letters"), "{error}");
        }
    }

    #[test]
    fn items_and_rollups_are_not_in_one_table() {
        let model: Model = "[table]\nname = \"shop\"".parse().expect("a definition");
        check_two_tables(&model).expect("two tables");
        let one = check_two_tables(&model.with_table("shop-2", Some("shop-2")));
        let error = one.expect_err("one table").to_string();
        assert!(error.starts_with("ROLLUPS_TABLE_NAME is `shop-2`, the table of items"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_text_is_rejected() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt;
        let bytes = OsString::from_vec(vec![b's', 0xff, b'p', b'q']);
        let environment = Environment::from_pairs([("TABLE_NAME", bytes)]);
        assert!(environment.table_name("TABLE_NAME").is_err());
    }
}
