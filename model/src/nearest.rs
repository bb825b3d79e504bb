//! The nearest valid name to a misspelt one, for error messages.

use crate::limits::MAX_SHOWN_CHARACTERS;
use crate::shorten::listed;

/// How alike two names must be (0 to 1, Jaro-Winkler) for one to be suggested for the other.
const LIKENESS: f64 = 0.75;

/// Returns the candidate that looks most like `name`, if one is like it at all. A name that is
/// longer than a message would show is not compared: the work is its length times that of all
/// candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().nth(MAX_SHOWN_CHARACTERS).is_some() {
        return None;
    }
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`? ", to stand before what is expected instead of an unknown name; nothing where
/// no candidate is like it.
pub fn suggestion<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default()
}

/// "did you mean `x`? expected one of `x`, `y`", the help of an unknown name.
pub(crate) fn expected(name: &str, candidates: &[&str]) -> String {
    let list = listed(candidates.iter().map(|candidate| format!("`{candidate}`")));
    let valid = match candidates {
        [] => "there is none to name".to_owned(),
        [only] => format!("expected `{only}`"),
        _ => format!("expected one of {list}"),
    };
    match nearest(name, candidates.iter().copied()) {
        Some(candidate) if candidates.len() > 1 => format!("did you mean `{candidate}`? {valid}"),
        _ => valid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_name() {
        assert_eq!(nearest("custmer_id", ["order_id", "customer_id"]), Some("customer_id"));
        assert_eq!(nearest("Count", ["count", "sum"]), Some("count"));
    }

    #[test]
    fn an_unrelated_name_is_not_suggested() {
        assert_eq!(nearest("zzz", ["order_id", "customer_id"]), None);
    }
}
