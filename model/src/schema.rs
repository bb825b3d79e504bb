//! The JSON Schema of the definition file, for editors.

use serde_json::Value;

use crate::file::FileDefinition;

/// Returns the JSON Schema (draft 2020-12) of a definition file, made from the types that read one.
pub fn json_schema() -> Value {
    schemars::schema_for!(FileDefinition).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKED_IN: &str = include_str!("../weir.schema.json");

    #[test]
    fn the_schema_in_the_repository_is_current() {
        let current = serde_json::to_string_pretty(&json_schema()).expect("serialises");
        assert!(
            current == CHECKED_IN.trim_end(),
            "model/weir.schema.json is stale: write `weir schema` into it"
        );
    }
}
