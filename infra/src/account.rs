//! Which account and region the AWS and SAM CLIs speak to.

use clap::Args;

use crate::command::Error;

/// The longest name that CloudFormation gives a stack.
const STACK_NAME_MAX: usize = 128;

/// What both CLIs are told about it; what is not said is as they find it in the environment and in their configuration.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Account {
    /// The region [default: that of the AWS configuration]
    #[arg(long)]
    region: Option<String>,
    /// The profile of the AWS configuration
    #[arg(long)]
    profile: Option<String>,
}

impl Account {
    /// As arguments of either CLI.
    pub(crate) fn words(&self) -> Vec<&str> {
        let option = |name, value| [name, value];
        let region = self.region.as_deref().map(|region| option("--region", region));
        let profile = self.profile.as_deref().map(|profile| option("--profile", profile));
        region.into_iter().chain(profile).flatten().collect()
    }
}

/// The name of a table as that of a stack, which begins with a letter and has letters, digits and hyphens.
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
        "`{name}` names no stack; expected letters, digits and hyphens, a letter first, {STACK_NAME_MAX} at most, such as \
         {}",
        stack_name(name)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

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
