//! Which account and region the AWS and SAM CLIs speak to.

use clap::Args;

use crate::error::Error;

/// The longest name that CloudFormation gives a stack.
const STACK_NAME_MAX: usize = 128;
/// How long the name of a bucket is.
const BUCKET_MIN: usize = 3;
const BUCKET_MAX: usize = 63;

/// The account and the region for both CLIs. Without them the CLIs use the environment and their
/// configuration.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Account {
    /// The region [default: that of the AWS configuration]
    #[arg(long, value_parser = region)]
    region: Option<String>,
    /// The profile of the AWS configuration
    #[arg(long)]
    profile: Option<String>,
}

impl Account {
    /// Returns the region, if it was given.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the profile, if it was given.
    pub(crate) fn profile(&self) -> Option<&str> {
        self.profile.as_deref()
    }

    /// As arguments of either CLI.
    pub(crate) fn words(&self) -> Vec<&str> {
        let option = |name, value| [name, value];
        let region = self.region.as_deref().map(|region| option("--region", region));
        let profile = self.profile.as_deref().map(|profile| option("--profile", profile));
        region.into_iter().chain(profile).flatten().collect()
    }
}

/// Returns a region, such as eu-central-1.
fn region(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.split('-').collect();
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_region = |(last, words): (&&str, &[&str])| {
        words.len() >= 2 && is_number(last) && words.iter().all(|word| is_word(word))
    };
    if parts.split_last().is_some_and(is_region) {
        return Ok(text.to_owned());
    }
    Err("expected a region, such as eu-central-1".to_owned())
}

/// Returns a bucket by its name alone.
pub(crate) fn bucket(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends =
        text.bytes().next().is_some_and(is_plain) && text.bytes().last().is_some_and(is_plain);
    let inner = text.bytes().all(|byte| is_plain(byte) || byte == b'.' || byte == b'-');
    if ends && inner && (BUCKET_MIN..=BUCKET_MAX).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "expected a bucket's name, {BUCKET_MIN} to {BUCKET_MAX} of a-z, 0-9, `.` and `-`, without \
         s3://"
    ))
}

/// Returns the name of a table as that of a stack, which begins with a letter and has letters,
/// digits and hyphens.
pub(crate) fn stack_name(table: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = table.chars().map(plain).collect();
    let name = if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        format!("weir-{}", name.trim_start_matches('-'))
    };
    name.chars().take(STACK_NAME_MAX).collect()
}

/// Refuses what CloudFormation would refuse as a stack's name.
pub(crate) fn check_stack_name(name: &str) -> Result<(), Error> {
    if name.len() <= STACK_NAME_MAX && stack_name(name) == name {
        return Ok(());
    }
    Err(Error::Argument(format!(
        "`{name}` names no stack; expected letters, digits and hyphens, a letter first, \
         {STACK_NAME_MAX} at most, such as \
         {}",
        stack_name(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_buckets_are_named_as_aws_names_them() {
        for right in ["us-east-1", "eu-central-1", "us-gov-west-1", "ap-southeast-12"] {
            assert!(region(right).is_ok(), "{right}");
        }
        for wrong in ["", "eu", "eu-central", "EU-central-1", "eu-1", "-east-1", "eu-central-1 "] {
            assert!(region(wrong).is_err(), "{wrong}");
        }
        for right in ["abc", "my.bucket-1"] {
            assert!(bucket(right).is_ok(), "{right}");
        }
        let long = "b".repeat(BUCKET_MAX + 1);
        for wrong in ["ab", "s3://mine", "Mine", "mine/", "-mine", "mine-", "my_one", &long] {
            assert!(bucket(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tables_name_becomes_a_stacks() {
        let cases = [
            ("flights", "flights"),
            ("my_table.v2", "my-table-v2"),
            ("2026-orders", "weir-2026-orders"),
            ("_private", "weir-private"),
        ];
        for (table, expected) in cases {
            assert_eq!(stack_name(table), expected);
            assert!(check_stack_name(expected).is_ok(), "{expected}");
        }
        let long = "t".repeat(255);
        assert_eq!(stack_name(&long).len(), STACK_NAME_MAX);
        for wrong in [long.as_str(), "my_table", "1st", ""] {
            assert!(check_stack_name(wrong).is_err(), "{wrong}");
        }
    }
}
