//! A deployment as a value: its choices, and its steps.
//!
//! CloudFormation creates the tables first, then the processor, then the mapping, then the writer:
//! the mapping reads every change that is written through the API. Lambda enables a mapping some
//! time after it was created, so a step waits for it.
//!
//! | steps | when |
//! |---|---|
//! | [`Deployment::update`] | always, with the filters of the definition or wider ones |
//! | [`Deployment::narrow`] | after the builds, if the filters were wider |
//! | [`Deployment::script`] | for `--dry-run`: all steps |
//!
//! The commands of the steps are in `commands`.
//!
//! **Invariant:** the steps are a function of the arguments and of the tools that are installed;
//! this module reads nothing.

use super::With;
use crate::account::Account;
use crate::steps::{Step, Word, asked, script};
use crate::tables::TableOptions;
use crate::tools::Tool;

/// The step that builds the rollups.
pub(super) const BUILD: &str = "build the rollups";
/// The question before anything is changed.
pub(super) const QUESTION: &str = "Deploy?";
/// The step after whose failure CloudFormation may require the deletion of the stack.
pub(super) const DEPLOY: &str = "deploy the stack";
/// The step that fails if the processor cannot start.
pub(super) const START: &str = "check that the processor starts";
/// The outputs of the stack.
pub(super) const OUTPUTS: &str = "OUTPUTS";
/// The event source mapping.
pub(super) const MAPPING: &str = "MAPPING";
/// The processor.
pub(super) const PROCESSOR: &str = "PROCESSOR";
/// The time of the last change of the mapping.
pub(super) const CHANGED: &str = "CHANGED";
/// An event without records: the processor starts for it and registers its rollups, and counts
/// nothing.
const NO_RECORDS: &str = r#"{"Records":[],"shardId":"shardId-of-no-records","eventSourceARN":"arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2000-01-01T00:00:00.000"}"#;
/// The output of the AWS CLI for a response without an error.
const NO_ERROR: &str = "None";

/// The choices of a deployment.
#[derive(Debug)]
pub(super) struct Deployment<'a> {
    /// The definition file.
    pub(super) file: String,
    /// The folder of the functions.
    pub(super) code: String,
    /// The template.
    pub(super) template: String,
    /// The template with the locations of the uploaded code.
    pub(super) packaged: String,
    pub(super) stack: &'a str,
    pub(super) with: With,
    pub(super) bucket: Option<&'a str>,
    pub(super) parameters: &'a [(String, String)],
    /// Whether the mapping has filters.
    pub(super) filters: bool,
    /// Whether the template is written through symbolic links.
    pub(super) follow_links: bool,
    pub(super) account: &'a Account,
    /// Whether the table of items exists already.
    pub(super) existing_table: bool,
    /// Whether the user named the folder of the functions.
    pub(super) has_own_code: bool,
    /// Whether the functions are built.
    pub(super) builds: bool,
    /// Whether the functions may be for another processor than arm64.
    pub(super) any_architecture: bool,
    /// Whether the AWS CLI is installed, which prints states that the SAM CLI does not print.
    pub(super) asks: bool,
    /// Whether the rollups are built.
    pub(super) builds_rollups: bool,
    /// The tables.
    pub(super) tables: &'a TableOptions,
    /// The options of the build, as arguments.
    pub(super) build_options: &'a [String],
}

/// The filters of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemplateFilters {
    /// Those of the definition.
    Definition,
    /// Those of the definition and of the stored definitions that are still counted.
    Widened,
    /// None.
    None,
}

impl Deployment<'_> {
    /// Returns the tools that the steps need.
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

    /// Returns all steps as a script. It asks before it changes anything, unless `yes`.
    pub(super) fn script(&self, yes: bool) -> String {
        let filters = match self.filters {
            true => TemplateFilters::Widened,
            false => TemplateFilters::None,
        };
        let mut steps = vec![Step::shown("compare the definition with the rollups", self.plan())];
        let before_question = steps.len();
        steps.extend(self.update(filters));
        if self.builds_rollups {
            let changed = Word::Variable(CHANGED);
            let build = self.build_rollups().and(["--no-purge", "--mapping-changed"]);
            steps.push(Step::shown(BUILD, build.and_word(changed)));
            if self.filters {
                steps.extend(self.narrow());
            }
            let purge = "delete the items of replaced revisions";
            steps.push(Step::shown(purge, self.build_rollups()));
        }
        steps.push(self.made());
        let script = script(&steps);
        if yes {
            return script;
        }
        let mut places = script.match_indices("\n# ");
        let place = places.nth(before_question).expect("steps follow the plan").0;
        format!("{}{}{}", &script[..place], asked(QUESTION), &script[place..])
    }

    /// Returns the steps that update the stack, and wait until the processor works.
    pub(super) fn update(&self, filters: TemplateFilters) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.builds {
            steps.push(Step::shown("build the functions", self.build()));
        }
        steps.extend(self.apply(filters));
        if self.asks {
            steps.push(Step::into("find the processor", PROCESSOR, self.resource("Processor")));
            steps.push(Step::fed(START, NO_RECORDS, NO_ERROR, self.invocation()));
            let what = "read the time of the mapping's last change";
            steps.push(Step::into(what, CHANGED, self.mapping("LastModified")));
        }
        steps
    }

    /// Returns the steps that update the stack with the filters of the definition alone. They build
    /// no function.
    pub(super) fn narrow(&self) -> Vec<Step> {
        self.apply(TemplateFilters::Definition)
    }

    /// Returns the step that reads the outputs of the stack.
    pub(super) fn made(&self) -> Step {
        Step::into("read the outputs of the stack", OUTPUTS, self.outputs())
    }

    fn apply(&self, filters: TemplateFilters) -> Vec<Step> {
        let mut steps = vec![Step::shown("create the template", self.synth(filters))];
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
            let what = "check that the mapping is enabled";
            steps.push(Step::until(what, "Enabled", self.mapping("State")));
        }
        steps
    }
}
