//! The check of a deployment's parameters against those of the template.
//!
//! CloudFormation rejects an invalid one too, but only after minutes of building and uploading.

use regex::Regex;
use serde_json::Value;
use weir_model::shorten::listed;

use crate::error::Error;
use crate::synth::parameters::{
    JWT_AUDIENCE, JWT_ISSUER, JWT_READ_SCOPES, JWT_WRITE_SCOPES, ROLLUPS_TABLE_NAME, SCOPES_RULE,
    TABLE_NAME, TABLES_RULE, TOKENS_RULE,
};

/// Parses `NAME=VALUE`, where the value may be empty.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    let parted = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = parted.ok_or("expected NAME=VALUE, such as LogRetentionDays=90")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Rejects all names that the template does not have, and all values that it does not allow.
pub(super) fn check(template: &Value, given: &[(String, String)]) -> Result<(), Error> {
    let known = template["Parameters"].as_object().expect("a template has parameters");
    let mut wrong = Vec::new();
    for (position, (name, value)) in given.iter().enumerate() {
        let problem = match known.get(name) {
            None => Some(unknown(name, known.keys().map(String::as_str))),
            Some(_) if given[..position].iter().any(|(other, _)| other == name) => {
                Some(format!("`{name}` is given twice"))
            }
            Some(parameter) => unfit(parameter, value)
                .map(|expected| format!("`{name}` is `{value}`; expected {expected}")),
        };
        wrong.extend(problem);
    }
    wrong.extend(together(template, given).map(str::to_owned));
    // The defaults too: they follow from the definition, whose table names may be invalid.
    for name in [TABLE_NAME, ROLLUPS_TABLE_NAME] {
        let default = value(template, given, name);
        if !given.iter().any(|(other, _)| other == name) {
            let expected = unfit(&known[name], default);
            wrong.extend(expected.map(|expected| {
                format!("`{name}` is `{default}` by the definition; expected {expected}")
            }));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Argument(wrong.join("\n      "))) }
}

/// Returns the rule of the template that the values break together. Of the tokens, only the given
/// values are known here: a stack keeps its other values.
fn together(template: &Value, given: &[(String, String)]) -> Option<&'static str> {
    let is = |name: &str, empty: bool| {
        given.iter().any(|(other, value)| other == name && value.is_empty() == empty)
    };
    if is(JWT_ISSUER, false) && is(JWT_AUDIENCE, true) {
        return Some(TOKENS_RULE);
    }
    let is_scoped = is(JWT_READ_SCOPES, false) || is(JWT_WRITE_SCOPES, false);
    if is_scoped && is(JWT_ISSUER, true) {
        return Some(SCOPES_RULE);
    }
    let tables = [TABLE_NAME, ROLLUPS_TABLE_NAME].map(|name| value(template, given, name));
    (tables[0] == tables[1]).then_some(TABLES_RULE)
}

/// Returns the value of a parameter for a new stack.
pub(super) fn value<'a>(template: &'a Value, given: &'a [(String, String)], name: &str) -> &'a str {
    let given = given.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    given.or_else(|| template["Parameters"][name]["Default"].as_str()).unwrap_or_default()
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match weir_model::nearest(name, known.clone()) {
        Some(near) => format!("the template has no parameter `{name}`; did you mean `{near}`?"),
        None => {
            let known = listed(known);
            format!("the template has no parameter `{name}`; expected one of {known}")
        }
    }
}

/// Returns the allowed values of a parameter, if this value is not allowed.
fn unfit(parameter: &Value, value: &str) -> Option<String> {
    let texts = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(allowed) = parameter["AllowedValues"].as_array() {
        let allowed: Vec<_> = allowed.iter().map(texts).collect();
        return (!allowed.iter().any(|one| one == value))
            .then(|| format!("one of {}", allowed.join(", ")));
    }
    if let Some(pattern) = parameter["AllowedPattern"].as_str() {
        let pattern = Regex::new(pattern).expect("the template's patterns are patterns");
        let length = |name: &str| parameter[name].as_u64();
        let count = value.chars().count() as u64;
        let fits = length("MinLength").is_none_or(|least| count >= least)
            && length("MaxLength").is_none_or(|most| count <= most)
            && pattern.is_match(value);
        return (!fits).then(|| texts(&parameter["ConstraintDescription"]));
    }
    let (least, most) = (parameter["MinValue"].as_i64()?, parameter["MaxValue"].as_i64()?);
    let is = |number: i64| (least..=most).contains(&number) && number.to_string() == value;
    let fits = value.parse::<i64>().is_ok_and(is);
    (!fits).then(|| format!("a whole number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::template::{Filters, Options, template};

    fn checked(given: &[&str]) -> Result<(), String> {
        let model =
            include_str!("../../../examples/flights/weir.toml").parse().expect("a definition");
        let template = template(
            &model,
            &Options {
                code: String::new(),
                definition: String::new(),
                filters: Filters::Definition,
                existing_table: false,
            },
        );
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
            "WriterReservedConcurrency=-1",
            "CorsAllowOrigins=https://example.com,http://localhost:8080",
            "AlarmTopicArn=arn:aws:sns:eu-west-1:123456789012:alarms",
            "KmsKeyArn=arn:aws:kms:eu-west-1:123456789012:key/1b2c-3d",
        ];
        assert_eq!(checked(&given), Ok(()));
        assert_eq!(checked(&["JwtIssuer=https://i.example.com/a", "JwtAudience=a,b"]), Ok(()));
        assert_eq!(checked(&["JwtReadScopes=read", "JwtWriteScopes=shop/write,admin"]), Ok(()));
        assert_eq!(checked(&["CorsAllowOrigins=*", "TableName=a-b_c.d"]), Ok(()));
    }

    #[test]
    fn what_does_not_go_together_is_said() {
        let cases: [(&[&str], &str); 5] = [
            (&["TableName=one", "RollupsTableName=one"], TABLES_RULE),
            (&["TableName=flights-rollups"], TABLES_RULE),
            (&["JwtIssuer=https://i.example.com", "JwtAudience="], TOKENS_RULE),
            (&["JwtIssuer=", "JwtReadScopes=read"], SCOPES_RULE),
            (&["JwtIssuer=", "JwtWriteScopes=a,b"], SCOPES_RULE),
        ];
        for (given, expected) in cases {
            assert_eq!(checked(given), Err(expected.to_owned()), "{given:?}");
        }
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
            "WriterReservedConcurrency=-0",
            "ThrottlingRateLimit=+5",
            "TableName=a",
            "RollupsTableName=a b",
            "JwtIssuer=http://issuer.example.com",
            "JwtAudience=",
            "CorsAllowOrigins=example.com",
            "AlarmTopicArn=alarms",
            "JwtWriteScopes=a b",
            "KmsKeyArn=alias/mine",
        ];
        insta::assert_snapshot!(checked(&given).expect_err("wrong"));
    }
}
