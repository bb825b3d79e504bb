//! The problems of queries of rollups.

use weir_http::{Kind, Problem};
use weir_model::FieldError;
use weir_query::{ParameterError, ParameterErrors, QueryError};

/// Returns the problem of a query that has no answer.
pub(crate) fn query_problem(error: QueryError) -> Problem {
    let field = |error: ParameterError| FieldError::new(&error.parameter, error.message);
    match error {
        QueryError::UnknownRollup(message) => Problem::new(Kind::UnknownRollup, message),
        QueryError::Question(ParameterErrors(errors)) => {
            Problem::parameters(errors.into_iter().map(field).collect())
        }
        QueryError::TooMuch(error) => Problem::parameters(vec![field(error)]),
        QueryError::Unbuilt(message) | QueryError::NegativeCount(message) => {
            Problem::new(Kind::UnbuiltRollup, message)
        }
        QueryError::Building { message, retry_after_secs } => {
            Problem::new(Kind::BuildingRollup, message).retry_after(retry_after_secs)
        }
        QueryError::Table(error) => error.into(),
    }
}
