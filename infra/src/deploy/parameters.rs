//! The parameters of a deployment, against those of the template.
//!
//! CloudFormation refuses a wrong one too, after minutes of building and uploading.

use std::fmt::Write;

use serde_json::Value;

use crate::command::Error;

/// `NAME=VALUE`, where the value may be empty.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parted.ok_or("expected NAME=VALUE, such as LogRetentionDays=90")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Refuses names that the template does not have, and values that it does not take; all of them at once.
pub(super) fn check(template: &Value, given: &[(String, String)]) -> Result<(), Error> {
    let known = template["Parameters"].as_object().expect("a template has parameters");
    let mut wrong = String::new();
    for (position, (name, value)) in given.iter().enumerate() {
        let problem = match known.get(name) {
            None => Some(unknown(name, known.keys().map(String::as_str))),
            Some(_) if given[..position].iter().any(|(other, _)| other == name) => {
                Some(format!("`{name}` is given twice"))
            }
            Some(parameter) => unfit(parameter, value)
                .map(|expected| format!("`{name}` cannot be `{value}`, expected {expected}")),
        };
        if let Some(problem) = problem {
            let _ = write!(wrong, "{}{problem}", if wrong.is_empty() { "" } else { "\n      " });
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Argument(wrong)) }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match model::nearest(name, known.clone()) {
        Some(near) => format!("the template has no parameter `{name}`; did you mean `{near}`?"),
        None => {
            let known = known.collect::<Vec<_>>().join(", ");
            format!("the template has no parameter `{name}`; expected one of {known}")
        }
    }
}

/// What a parameter takes, if it does not take this.
fn unfit(parameter: &Value, value: &str) -> Option<String> {
    let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(allowed) = parameter["AllowedValues"].as_array() {
        let allowed: Vec<_> = allowed.iter().map(texts).collect();
        return (!allowed.iter().any(|one| one == value))
            .then(|| format!("one of {}", allowed.join(", ")));
    }
    let (least, most) = (parameter["MinValue"].as_i64()?, parameter["MaxValue"].as_i64()?);
    let fits = value.parse::<i64>().is_ok_and(|value| (least..=most).contains(&value));
    (!fits).then(|| format!("a whole number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::template::{Options, template};

    fn checked(given: &[&str]) -> Result<(), String> {
        let model =
            include_str!("../../../examples/flights/weir.toml").parse().expect("a definition");
        let template = template(&model, &Options { code: String::new(), filters: true });
        let given: Vec<_> = given.iter().map(|one| parse(one).expect("parsed")).collect();
        check(&template, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_template_takes_is_taken() {
        let given = [
            "TableName=other",
            "JwtIssuer=",
            "BatchSize=10000",
            "Tracing=PassThrough",
            "LogRetentionDays=90",
        ];
        assert_eq!(checked(&given), Ok(()));
    }

    #[test]
    fn what_it_does_not_take_is_named_with_what_it_would() {
        let given = [
            "TabelName=x",
            "Zzz=1",
            "BatchSize=many",
            "BatchSize=0",
            "Tracing=Off",
            "LogRetentionDays=2",
        ];
        insta::assert_snapshot!(checked(&given).expect_err("wrong"));
    }
}
