//! Media types that several parts of the OpenAPI document name.

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";
