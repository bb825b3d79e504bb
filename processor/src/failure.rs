//! The error of a reactor.

/// The error of a reactor: any error, by `?`. It converts into `Box<dyn Error>` in turn.
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

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl From<Failure> for Box<dyn std::error::Error> {
    fn from(failure: Failure) -> Self {
        failure.0
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_failure_converts_from_any_error_and_into_any_error() {
        fn fail() -> Result<(), Failure> {
            Ok("many".parse::<u8>().map(|_| ())?)
        }
        fn pass() -> Result<(), Box<dyn Error>> {
            Ok(fail()?)
        }
        let expected = "invalid digit found in string";
        assert_eq!(fail().expect_err("a failure").to_string(), expected);
        assert_eq!(pass().expect_err("an error").to_string(), expected);
    }
}
