//! Lists of errors: the first hundred with their texts, of all others the number.
//!
//! A request can hold a mistake in every few bytes. So an error is not made once there are
//! [`MAX_ERRORS`]: the last one that is kept counts the others in [`FieldError::others`].
//!
//! **Invariant:** [`total`] is exact, whatever lists have been put together.

use crate::field_error::FieldError;
use crate::limits::MAX_ERRORS;

/// Adds an error, or counts it where the list is full. An error that is only counted is not made.
pub fn note(errors: &mut Vec<FieldError>, error: impl FnOnce() -> FieldError) {
    let is_full = errors.len() >= MAX_ERRORS;
    match errors.last_mut() {
        Some(last) if is_full => last.others += 1,
        _ => errors.push(error()),
    }
}

/// Adds several errors, as [`note`] adds one.
pub fn append(errors: &mut Vec<FieldError>, more: impl IntoIterator<Item = FieldError>) {
    for error in more {
        let is_full = errors.len() >= MAX_ERRORS;
        match errors.last_mut() {
            Some(last) if is_full => last.others += 1 + error.others,
            _ => errors.push(error),
        }
    }
}

/// Returns the first errors of a list, the last of them with the number of those that were left
/// out.
#[must_use]
pub fn capped(errors: Vec<FieldError>) -> Vec<FieldError> {
    let mut first = Vec::new();
    append(&mut first, errors);
    first
}

/// Returns how many errors a list stands for.
pub fn total(errors: &[FieldError]) -> usize {
    errors.iter().map(|error| 1 + error.others).sum()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_hundred_errors_are_kept_and_the_others_are_counted_but_never_made() {
        let made = Cell::new(0);
        let error = || {
            made.set(made.get() + 1);
            FieldError::new("a", "wrong")
        };
        let mut errors = Vec::new();
        (0..5000).for_each(|_| note(&mut errors, error));
        assert_eq!((errors.len(), total(&errors), made.get()), (MAX_ERRORS, 5000, MAX_ERRORS));

        let mut both = vec![FieldError::new("b", "wrong")];
        append(&mut both, errors.clone());
        append(&mut both, errors);
        assert_eq!((both.len(), total(&both)), (MAX_ERRORS, 10_001));
        let flat: Vec<_> = (0..250).map(|_| FieldError::new("a", "wrong")).collect();
        assert_eq!((capped(flat.clone()).len(), total(&capped(flat))), (MAX_ERRORS, 250));
    }
}
