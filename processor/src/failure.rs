//! The error of a reactor.

/// The error of a reactor: any error, by `?`.
#[derive(Debug)]
pub struct Failure(Box<dyn std::error::Error + Send + Sync>);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Failure {
    /// Returns the error.
    pub(crate) fn source(&self) -> &(dyn std::error::Error + 'static) {
        self.0.as_ref()
    }
}
