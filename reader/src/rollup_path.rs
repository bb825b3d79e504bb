//! The rollup that a path names.

use weir_http::PathTexts;

/// Returns the name of the rollup in a path.
pub(crate) fn rollup_name(path: &PathTexts) -> String {
    path.pairs().first().map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}
