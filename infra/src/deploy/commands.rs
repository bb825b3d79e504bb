//! The commands of a deployment, one by one.
//!
//! **Invariant:** each command is a function of the deployment; this module reads nothing.

use super::With;
use super::deployment::{Deployment, MAPPING, OUTPUTS, PROCESSOR, TemplateFilters};
use crate::steps::{Command, Step, Word};
use crate::synth::function::Function;
use crate::synth::parameters::STREAM_ARN;
use crate::tools::Tool;

/// The profile of `Cargo.toml` that functions are built with.
const PROFILE: &str = "lambda";

impl Deployment<'_> {
    pub(super) fn plan(&self) -> Command {
        let words = ["plan", &self.file, "--before-deployment"];
        Command::new(Tool::Weir, words).and(self.tables.words())
    }

    /// Returns the command that builds the rollups.
    pub(super) fn build_rollups(&self) -> Command {
        let options = self.build_options.iter().map(String::as_str);
        let command = Command::new(Tool::Weir, ["build", &self.file]);
        command.and(self.tables.words()).and(options)
    }

    /// Returns the command that repeats the deployment; `are_built` if its functions are built.
    pub(super) fn again(&self, are_built: bool) -> Command {
        let with = match self.with {
            With::Aws => "aws",
            With::Sam => "sam",
        };
        let words = ["deploy", &self.file, "--stack-name", self.stack, "--with", with];
        let stream = self.parameters.iter().find(|(name, _)| name == STREAM_ARN);
        let given: Vec<_> = self
            .parameters
            .iter()
            .filter(|(name, _)| name != STREAM_ARN)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let parameters = (!given.is_empty()).then_some("--parameter");
        let command = Command::new(Tool::Weir, words)
            .and(self.bucket())
            .and(self.account.words())
            .and(stream.into_iter().flat_map(|(_, arn)| ["--existing-table", arn.as_str()]))
            .and((!self.filters).then_some("--no-filter"))
            .and(self.any_architecture.then_some("--any-architecture"))
            .and(self.build_options.iter().map(String::as_str))
            .and(["--out", &self.template])
            .and(self.follow_links.then_some("--follow-links"));
        let command = match (self.has_own_code, self.builds && !are_built) {
            (true, _) => command.and(["--code", &self.code]),
            (false, true) => command,
            (false, false) => command.and(["--skip-build"]),
        };
        command.and(parameters).and(given.iter().map(String::as_str))
    }

    /// Returns the command that prints the state of the stack.
    pub(super) fn state(&self) -> Command {
        let words = ["--query", "Stacks[0].StackStatus", "--output", "text"];
        self.aws("cloudformation", "describe-stacks").and(["--stack-name", self.stack]).and(words)
    }

    pub(super) fn build(&self) -> Command {
        let build = ["lambda", "build", "--arm64", "--locked", "--profile", PROFILE];
        let packages = Function::EVERY.into_iter().flat_map(|function| ["-p", function.package()]);
        let folder = ["--lambda-dir", &self.code];
        Command::new(Tool::Cargo, build).and(packages).and(folder)
    }

    pub(super) fn synth(&self, filters: TemplateFilters) -> Command {
        let words = ["synth", &self.file, "--code", &self.code, "--out", &self.template];
        let links = self.follow_links.then_some("--follow-links");
        let existing = self.existing_table.then_some("--existing-table");
        let command = Command::new(Tool::Weir, words).and(links).and(existing);
        match filters {
            TemplateFilters::Definition => command,
            TemplateFilters::Widened => command.and(["--widen-filters"]).and(self.tables.words()),
            TemplateFilters::None => command.and(["--no-filter"]),
        }
    }

    pub(super) fn package(&self) -> Command {
        self.aws("cloudformation", "package")
            .and(["--template-file", &self.template, "--output-template-file", &self.packaged])
            .and(self.bucket())
    }

    pub(super) fn deploy(&self) -> Command {
        let values = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        // The CLI also uploads a template of more than 51,200 bytes to the bucket.
        self.aws("cloudformation", "deploy")
            .and(["--template-file", &self.packaged, "--stack-name", self.stack])
            .and(self.bucket())
            .and(["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"])
            .and(overrides(&values.collect::<Vec<_>>()))
    }

    pub(super) fn sam_deploy(&self) -> Command {
        let values =
            self.parameters.iter().map(|(name, value)| format!("{name}={}", for_sam(value)));
        let bucket = if self.bucket.is_some() { self.bucket() } else { vec!["--resolve-s3"] };
        let quiet = ["--no-confirm-changeset", "--no-fail-on-empty-changeset"];
        Command::new(
            Tool::Sam,
            ["deploy", "--template-file", &self.template, "--stack-name", self.stack],
        )
        .and(bucket)
        .and(["--capabilities", "CAPABILITY_IAM"])
        .and(quiet)
        .and(self.account.words())
        .and(overrides(&values.collect::<Vec<_>>()))
    }

    pub(super) fn resource(&self, name: &str) -> Command {
        self.aws("cloudformation", "describe-stack-resource")
            .and(["--stack-name", self.stack, "--logical-resource-id", name])
            .and(["--query", "StackResourceDetail.PhysicalResourceId", "--output", "text"])
    }

    /// Returns the command that prints a field of the mapping.
    pub(super) fn mapping(&self, field: &str) -> Command {
        let asked = self.aws("lambda", "get-event-source-mapping").and(["--uuid"]);
        asked.and_word(Word::Variable(MAPPING)).and(["--query", field, "--output", "text"])
    }

    /// Returns the command that invokes the processor. Only the error of the function matters, not
    /// its result.
    pub(super) fn invocation(&self) -> Command {
        let asked = self.aws("lambda", "invoke").and(["--function-name"]);
        // From a file, because versions 1 and 2 of the AWS CLI read arguments in different ways.
        let asked =
            asked.and_word(Word::Variable(PROCESSOR)).and(["--payload", "fileb:///dev/stdin"]);
        asked.and(["--query", "FunctionError", "--output", "text", "/dev/null"])
    }

    /// Returns the step that reads the outputs of the existing stack, before the deployment.
    pub(super) fn earlier(&self) -> Step {
        Step::into("read the existing stack", OUTPUTS, self.outputs())
    }

    pub(super) fn outputs(&self) -> Command {
        if !self.asks {
            return Command::new(Tool::Sam, ["list", "stack-outputs", "--stack-name", self.stack])
                .and(["--output", "json"])
                .and(self.account.words());
        }
        let asked = self.aws("cloudformation", "describe-stacks").and(["--stack-name", self.stack]);
        asked.and(["--query", "Stacks[0].Outputs", "--output", "json"])
    }

    fn aws(&self, service: &str, operation: &str) -> Command {
        Command::new(Tool::Aws, [service, operation]).and(self.account.words())
    }

    fn bucket(&self) -> Vec<&str> {
        self.bucket.into_iter().flat_map(|bucket| ["--s3-bucket", bucket]).collect()
    }
}

fn overrides(values: &[String]) -> impl Iterator<Item = &str> {
    let option = (!values.is_empty()).then_some("--parameter-overrides");
    option.into_iter().chain(values.iter().map(String::as_str))
}

/// Returns a parameter as the SAM CLI reads it. The CLI splits parameters at spaces, so it needs
/// its own quotes around a value that is empty or has spaces, quotes or backslashes.
fn for_sam(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '"' && c != '\\';
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("\"{}\"", value.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sam_cli_is_given_its_own_quotes() {
        let cases = [("a,b", "a,b"), ("", "\"\""), ("a b", "\"a b\""), (r#"a"\"#, r#""a\"\\""#)];
        for (value, expected) in cases {
            assert_eq!(for_sam(value), expected);
        }
    }
}
