//! The parts of a request's path, as a handler receives them.

/// The parts of a request's path with the names that its pattern gives them, decoded.
#[derive(Clone, Debug)]
pub struct PathTexts(pub(crate) Vec<(String, String)>);

impl PathTexts {
    /// Returns the names and texts, in the order of the path.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }
}
