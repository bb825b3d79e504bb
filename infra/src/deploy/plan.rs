//! Which commands deploy, as values.
//!
//! CloudFormation makes the tables first, then the processor, then the mapping, and the writer
//! after it: nothing is written through the API that is not read. The last step waits for the
//! mapping all the same, for one that is there may still be on its way to being enabled.
//!
//! **Invariant:** a plan is a function of what was asked and of which tools there are; it reads
//! nothing.

use super::With;
use crate::account::Account;
use crate::steps::{Command, Step, Word};
use crate::synth::function::Function;
use crate::tools::Tool;

/// Where a deployment may end badly in a way of its own.
pub(super) const DEPLOY: &str = "deploy the stack";
/// Where a processor that cannot run is found out.
pub(super) const START: &str = "see that the processor starts";
/// The outputs of the stack.
pub(super) const OUTPUTS: &str = "OUTPUTS";
/// The event source mapping.
const MAPPING: &str = "MAPPING";
/// The processor.
const PROCESSOR: &str = "PROCESSOR";
/// An event without records: the processor starts for it, which is when it compares the definition
/// with what its rollups were kept by, and has nothing to do.
const NO_RECORDS: &str = r#"{"Records":[],"shardId":"shardId-of-no-records","eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2000-01-01T00:00:00.000"}"#;
/// The output of the AWS CLI for a response without an error.
const NO_ERROR: &str = "None";
/// The profile of `Cargo.toml` that functions are built with.
const PROFILE: &str = "lambda";

/// The choices of a deployment.
#[derive(Debug)]
pub(super) struct Deployment<'a> {
    /// The definition file.
    pub(super) file: String,
    /// The folder of the functions.
    pub(super) code: String,
    /// The template.
    pub(super) template: String,
    /// The template, with the places of what was uploaded.
    pub(super) packaged: String,
    pub(super) stack: &'a str,
    pub(super) with: With,
    pub(super) bucket: Option<&'a str>,
    pub(super) parameters: &'a [(String, String)],
    pub(super) filters: bool,
    /// Whether the template is written through symbolic links.
    pub(super) follow_links: bool,
    pub(super) account: &'a Account,
    /// Whether the table of items exists already.
    pub(super) existing_table: bool,
    /// Whether the functions are built.
    pub(super) builds: bool,
    /// Whether the AWS CLI is there to be asked for what the SAM CLI does not know.
    pub(super) asks: bool,
}

impl Deployment<'_> {
    /// Returns the tools that the steps take.
    pub(super) fn tools(&self) -> Vec<Tool> {
        let mut tools = Vec::new();
        if self.builds {
            tools.extend([Tool::Cargo, Tool::CargoLambda]);
        }
        tools.push(match self.with {
            With::Aws => Tool::Aws,
            With::Sam => Tool::Sam,
        });
        tools
    }

    /// Returns the steps, first to last.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.builds {
            steps.push(Step::shown("build the functions", self.build()));
        }
        steps.push(Step::shown("make the template", self.synth()));
        match self.with {
            With::Aws => {
                steps.push(Step::shown("upload the functions", self.package()));
                steps.push(Step::shown(DEPLOY, self.deploy()));
            }
            With::Sam => steps.push(Step::shown(DEPLOY, self.sam_deploy())),
        }
        if self.asks {
            let what = "find the event source mapping";
            steps.push(Step::into(what, MAPPING, self.resource("StreamMapping")));
            let what = "see that the mapping is enabled";
            steps.push(Step::until(what, "Enabled", self.mapping_state()));
            steps.push(Step::into("find the processor", PROCESSOR, self.resource("Processor")));
            steps.push(Step::fed(START, NO_RECORDS, NO_ERROR, self.invocation()));
        }
        steps.push(Step::into("ask what was made", OUTPUTS, self.outputs()));
        steps
    }

    /// Returns the state of the stack.
    pub(super) fn state(&self) -> Command {
        let words = ["--query", "Stacks[0].StackStatus", "--output", "text"];
        self.aws("cloudformation", "describe-stacks").and(["--stack-name", self.stack]).and(words)
    }

    fn build(&self) -> Command {
        let build = ["lambda", "build", "--arm64", "--locked", "--profile", PROFILE];
        let packages = Function::EVERY.into_iter().flat_map(|function| ["-p", function.package()]);
        let folder = ["--lambda-dir", &self.code];
        Command::new(Tool::Cargo, build).and(packages).and(folder)
    }

    fn synth(&self) -> Command {
        let words = ["synth", &self.file, "--code", &self.code, "--out", &self.template];
        let every = if self.filters { None } else { Some("--no-filter") };
        let links = self.follow_links.then_some("--follow-links");
        let existing = self.existing_table.then_some("--existing-table");
        Command::new(Tool::Weir, words).and(every).and(links).and(existing)
    }

    fn package(&self) -> Command {
        self.aws("cloudformation", "package")
            .and(["--template-file", &self.template, "--output-template-file", &self.packaged])
            .and(self.bucket())
    }

    fn deploy(&self) -> Command {
        let values = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        // A template of more than 51,200 bytes goes to the bucket as well.
        self.aws("cloudformation", "deploy")
            .and(["--template-file", &self.packaged, "--stack-name", self.stack])
            .and(self.bucket())
            .and(["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"])
            .and(overrides(&values.collect::<Vec<_>>()))
    }

    fn sam_deploy(&self) -> Command {
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

    fn resource(&self, name: &str) -> Command {
        self.aws("cloudformation", "describe-stack-resource")
            .and(["--stack-name", self.stack, "--logical-resource-id", name])
            .and(["--query", "StackResourceDetail.PhysicalResourceId", "--output", "text"])
    }

    fn mapping_state(&self) -> Command {
        let asked = self.aws("lambda", "get-event-source-mapping").and(["--uuid"]);
        asked.and_word(Word::Variable(MAPPING)).and(["--query", "State", "--output", "text"])
    }

    /// Its answer is of no interest, only whether there is one.
    fn invocation(&self) -> Command {
        let asked = self.aws("lambda", "invoke").and(["--function-name"]);
        // From a file, for versions 1 and 2 of the AWS CLI read arguments in different ways.
        let asked =
            asked.and_word(Word::Variable(PROCESSOR)).and(["--payload", "fileb:///dev/stdin"]);
        asked.and(["--query", "FunctionError", "--output", "text", "/dev/null"])
    }

    /// Asks what there is before anything is deployed.
    pub(super) fn earlier(&self) -> Step {
        Step::into("ask for the stack as it is", OUTPUTS, self.outputs())
    }

    fn outputs(&self) -> Command {
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

/// The SAM CLI cuts its parameters at spaces, and wants what has some, or is empty, in quotes of
/// its own.
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
