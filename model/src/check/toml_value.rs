//! TOML values of a definition file as JSON.

/// Returns the JSON of a TOML value: text for dates, which JSON does not have, and null for a float
/// that is not a number.
pub(super) fn to_json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(instant) => serde_json::Value::String(instant.to_string()),
        toml::Value::String(text) => serde_json::Value::String(text.clone()),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => {
            serde_json::Number::from_f64(*number).map_or(serde_json::Value::Null, Into::into)
        }
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Array(members) => members.iter().map(to_json).collect(),
        toml::Value::Table(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), to_json(member)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
