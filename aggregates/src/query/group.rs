//! The groups that a question is about: a value for each dimension, or several, and every
//! combination of them.

use std::collections::HashSet;

use weir_model::rollup::Source;
use weir_model::shorten::{listed, quoted};
use weir_model::table::MAX_PARTITION_KEY_BYTES;
use weir_model::{Model, Rollup, suggestion};

use super::errors::{ParameterError, ParameterErrors};
use crate::key::partition;

/// The most groups of a question.
pub const MAX_GROUPS: usize = 100;
/// The parameters beside the dimensions.
const PARAMETERS: &str = "from, to, every, time_zone, week_start, fiscal_year_start, measures, \
                          fill, compare, limit, cursor, format";

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The text of each dimension, in the rollup's order.
    pub texts: Vec<String>,
}

impl Group {
    /// Returns the group's partitions in the rollups table: one, or one for each stripe. `None`
    /// when they would be longer than DynamoDB's keys, which no planned group's are.
    pub fn partitions(&self, rollup: &Rollup) -> Option<Vec<String>> {
        let texts = || self.texts.iter().map(String::as_str);
        (0..rollup.stripes).map(|stripe| partition(rollup, stripe, texts())).collect()
    }
}

pub(super) fn groups(
    model: &Model,
    rollup: &Rollup,
    given: &[(String, String)],
) -> Result<Vec<Group>, ParameterErrors> {
    let mut errors = unknown(model, rollup, given, PARAMETERS);
    let mut choices = Vec::new();
    // Where an unknown name is given, a dimension that is missing is likely the one that was meant.
    let is_misnamed = !errors.is_empty();
    let is_given = |name: &str| given.iter().any(|(given, _)| given == name);
    for dimension in &rollup.dimensions {
        if is_misnamed && !is_given(dimension.name()) {
            continue;
        }
        match values(dimension, given) {
            Ok(values) if values.is_empty() => {
                let message = format!("missing; {}, each is needed", expectation(rollup));
                errors.push(ParameterError::new(dimension.name(), message));
            }
            Ok(values) => choices.push(values),
            Err(wrong) => errors.push(wrong),
        }
    }
    if !errors.is_empty() {
        return Err(ParameterErrors(errors));
    }
    let count = choices.iter().fold(1_usize, |count, values| count.saturating_mul(values.len()));
    if count > MAX_GROUPS {
        let message = format!("{count} groups at once, expected {MAX_GROUPS} or fewer");
        return Err(ParameterError::new("dimensions", message).into());
    }
    let groups = product(&choices);
    match groups.iter().find(|group| group.partitions(rollup).is_none()) {
        None => Ok(groups),
        Some(group) => Err(too_long(rollup, &group.texts).into()),
    }
}

/// Values that no item of a group can have, as its key would be too long.
pub(super) fn too_long(rollup: &Rollup, texts: &[String]) -> ParameterError {
    let named = rollup.dimensions.iter().zip(texts);
    let (name, bytes) = named
        .map(|(dimension, text)| (dimension.name(), text.len()))
        .max_by_key(|(_, bytes)| *bytes)
        .unwrap_or_default();
    let message = format!(
        "a value of {bytes} bytes; expected those of all dimensions to make a partition key of \
         {MAX_PARTITION_KEY_BYTES} bytes or fewer"
    );
    ParameterError::new(name, message)
}

/// Every combination, the last dimension varying first.
pub(super) fn product(choices: &[Vec<String>]) -> Vec<Group> {
    let mut groups = vec![Group { texts: Vec::new() }];
    for values in choices {
        let with = |group: &Group, value: &String| {
            let texts = group.texts.iter().chain([value]).cloned();
            Group { texts: texts.collect() }
        };
        groups = groups
            .iter()
            .flat_map(|group| values.iter().map(move |value| with(group, value)))
            .collect();
    }
    groups
}

/// Returns the dimensions of a rollup, as messages list them.
pub(super) fn expectation(rollup: &Rollup) -> String {
    let names: Vec<_> = rollup.dimensions.iter().map(Source::name).collect();
    match names.is_empty() {
        true => format!("`{}` has no dimensions", rollup.name),
        false => format!("the dimensions of `{}` are {}", rollup.name, listed(&names)),
    }
}

/// Returns the errors of names that are not dimensions of the rollup, each once.
pub(super) fn unknown(
    model: &Model,
    rollup: &Rollup,
    given: &[(String, String)],
    parameters: &str,
) -> Vec<ParameterError> {
    let has =
        |rollup: &Rollup, name: &str| rollup.dimensions.iter().any(|known| known.name() == name);
    let mut errors: Vec<ParameterError> = Vec::new();
    let mut known = HashSet::new();
    for (name, _) in given {
        if has(rollup, name) || !known.insert(name) {
            continue;
        }
        let near = suggestion(name, rollup.dimensions.iter().map(Source::name));
        let others = model.rollups.iter().filter(|other| other.entity == rollup.entity);
        let others: Vec<_> = others
            .filter(|other| has(other, name))
            .map(|other| format!("`{}`", other.name))
            .collect();
        let elsewhere = match others.is_empty() {
            true => String::new(),
            false => format!("; it is one of {}", listed(&others)),
        };
        let valid = expectation(rollup);
        let message = format!(
            "no such dimension; {near}{valid}{elsewhere}; the other parameters are {parameters}"
        );
        errors.push(ParameterError::new(name, message));
    }
    errors
}

/// Returns the texts of a dimension's values, in the order in which they are given; none where it
/// is missing.
pub(super) fn values(
    dimension: &Source,
    given: &[(String, String)],
) -> Result<Vec<String>, ParameterError> {
    let invalid = |message: String| ParameterError::new(dimension.name(), message);
    let asked = dimension.of_one();
    let mut known = HashSet::new();
    let mut values = Vec::new();
    for (_, text) in given.iter().filter(|(name, _)| name == dimension.name()) {
        let value = asked.normalise_text(text).map_err(|error| invalid(error.to_string()))?;
        let value = weir_model::template::scalar_text(&asked.kind, &value)
            .ok_or_else(|| invalid("expected a value".to_owned()))?;
        if !known.insert(value.clone()) {
            return Err(invalid(format!("{} twice, expected each value once", quoted(text))));
        }
        values.push(value);
    }
    Ok(values)
}
