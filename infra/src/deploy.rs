//! `weir deploy`: the three functions, the template and the stack, with the AWS CLI or the SAM CLI.
//!
//! ```text
//! check ──► cargo lambda build ──► weir synth ──► aws cloudformation package, deploy ──┐
//!   │                                        └──► sam deploy ──────────────────────────┤
//!   │                                                                                  ▼
//!   │                                        outputs ◄── mapping and processor are seen to work
//!   └─ the definition, parameters, tools, binaries: mistakes are reported before anything is done
//! ```
//!
//! | part | read |
//! |---|---|
//! | which commands, as values | [`plan`] |
//! | parameters, against those of the template | [`parameters`] |
//! | binaries that were built before | [`code`] |
//! | what is said when it is done, or failed | [`outcome`] |
//!
//! **Invariant:** `--dry-run` runs nothing, and prints what would be run.

mod code;
mod existing;
mod outcome;
mod parameters;
mod plan;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::account::{Account, bucket, check_stack_name, stack_name};
use crate::error::Error;
use crate::steps::{run as run_steps, script};
use crate::synth::parameters::{STREAM_ARN, TABLE_NAME};
use crate::synth::template::{Options, template};
use crate::tools::{Tool, Tools};
use crate::{definition, synth};
use plan::Deployment;

/// Where the functions are built, and the template is written, by default.
const CODE: &str = "target/lambda";
const TEMPLATES: &str = "target/deploy";
/// The remark about the checks that a script does not make.
const NOT_IN_THE_SCRIPT: &str = "\n# weir deploy also looks before: at tools, built functions \
                                 and, where the stack is there, that its tables stay the same\n";

/// Build the functions and deploy a definition file to AWS, with the AWS CLI or the SAM CLI.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir deploy weir.toml --dry-run
  weir deploy weir.toml
  weir deploy weir.toml --with aws --s3-bucket my-artifacts --region eu-central-1 --profile work
  weir deploy weir.toml --stack-name flights-test \
--parameter TableName=flights-test RollupsTableName=flights-test-rollups
  weir deploy weir.toml --code my/lambda --no-filter

It builds with cargo-lambda, uploads and deploys with the SAM CLI (which keeps a bucket for it) or \
with the AWS CLI (to a
bucket of yours), waits until the mapping is enabled and the processor takes an event, and \
tells where the API is. What it can know to be wrong
it says before it does anything. weir destroy takes it down; docs/deploying.md has all of it.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml]
    file: Option<PathBuf>,
    /// The stack [default: named for the table]
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// The tool that uploads and deploys [default: aws with --s3-bucket, else sam]
    #[arg(long)]
    with: Option<With>,
    /// A bucket of yours for the functions' code; the SAM CLI keeps one of its own without
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    s3_bucket: Option<String>,
    /// A parameter of the template, unless it is to be as it was or its default
    #[arg(
        long = "parameter",
        value_name = "NAME=VALUE",
        num_args = 1..,
        value_parser = parameters::parse
    )]
    parameters: Vec<(String, String)>,
    /// Write the template to this file [default: target/deploy/STACK.yaml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the template through symbolic links, which are an error otherwise
    #[arg(long)]
    follow_links: bool,
    /// Deploy functions of one's own: a folder with writer/bootstrap, reader/bootstrap and
    /// processor/bootstrap
    #[arg(long, value_name = "FOLDER")]
    code: Option<PathBuf>,
    /// Deploy what was built before
    #[arg(long)]
    skip_build: bool,
    /// Deploy functions that are not built for arm64, to a simulated AWS that runs them elsewhere
    #[arg(long)]
    any_architecture: bool,
    /// Have other tables, and leave those that the stack has behind, with all they hold
    #[arg(long)]
    replace_tables: bool,
    /// Hand every record to the processor, also those that concern no rollup: for one with reactors
    #[arg(long)]
    no_filter: bool,
    /// Deploy over the table of this stream, which exists already and is only read: no writer
    #[arg(long, value_name = "STREAM_ARN")]
    existing_table: Option<String>,
    #[command(flatten)]
    account: Account,
    /// Print the commands and run none
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The tool that uploads and deploys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum With {
    /// aws cloudformation package, and deploy
    Aws,
    /// sam deploy
    Sam,
}

/// Deploys, or prints how.
///
/// # Errors
/// What is wrong with the definition or the arguments, a tool that is missing, or the step that
/// failed.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let file = definition::find(arguments.file.as_deref())?;
    let model = definition::read(&file)?;
    let stack = arguments.stack_name.clone().unwrap_or_else(|| stack_name(&model.table.name));
    check_stack_name(&stack)?;
    let options = Options {
        code: String::new(),
        definition: String::new(),
        filters: !arguments.no_filter,
        existing_table: arguments.existing_table.is_some(),
    };
    synth::check_existing(&model, &options)?;
    let declared = template(&model, &options);
    let parameters = arguments.parameters();
    parameters::check(&declared, &parameters)?;
    if let Some(arn) = &arguments.existing_table {
        existing::check(arn, parameters::value(&declared, &parameters, TABLE_NAME))?;
    }
    let tools = Tools::from_env();
    let with = with(arguments, &tools)?;
    let builds = arguments.code.is_none() && !arguments.skip_build;
    let code = arguments.code.clone().unwrap_or_else(|| CODE.into());
    let below = || PathBuf::from(TEMPLATES).join(format!("{stack}.yaml"));
    let path = arguments.out.clone().unwrap_or_else(below);
    synth::check_out(&path, &file)?;
    let deployment = Deployment {
        file: synth::slashed(&file)?,
        code: synth::slashed(&code)?,
        template: synth::slashed(&path)?,
        // Beside the template: its folder is there by then.
        packaged: synth::slashed(&path.with_extension("packaged.yaml"))?,
        stack: &stack,
        with,
        bucket: arguments.s3_bucket.as_deref(),
        parameters: &parameters,
        filters: !arguments.no_filter,
        follow_links: arguments.follow_links,
        existing_table: options.existing_table,
        account: &arguments.account,
        builds,
        asks: arguments.dry_run || tools.has(Tool::Aws),
    };
    let steps = deployment.steps();
    if arguments.dry_run {
        write!(out, "{}{NOT_IN_THE_SCRIPT}", script(&steps))?;
        return Ok(ExitCode::SUCCESS);
    }
    deployment.tools().into_iter().try_for_each(|tool| tools.find(tool).map(drop))?;
    if builds {
        code::check_sources()?;
    } else {
        code::check(&code, options.functions(), arguments.any_architecture)?;
    }
    outcome::check_tables(&deployment, &declared, arguments.replace_tables, &tools)?;
    match run_steps(&steps, &tools) {
        Ok(kept) => {
            write!(out, "{}", outcome::report(&deployment, &kept))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            if let Some(advice) = outcome::advice(&deployment, &error, &tools) {
                writeln!(out, "{advice}")?;
            }
            Err(error.into())
        }
    }
}

impl Arguments {
    /// Returns the parameters of the template that were given.
    fn parameters(&self) -> Vec<(String, String)> {
        let stream = self.existing_table.clone().map(|arn| (STREAM_ARN.to_owned(), arn));
        self.parameters.iter().cloned().chain(stream).collect()
    }
}

/// Returns the tool that was named, else the one that goes with the bucket, else the one that is
/// there.
fn with(arguments: &Arguments, tools: &Tools) -> Result<With, Error> {
    let has_bucket = arguments.s3_bucket.is_some();
    let with =
        arguments.with.unwrap_or_else(|| match (tools.has(Tool::Aws), tools.has(Tool::Sam)) {
            (true, false) => With::Aws,
            (false, true) => With::Sam,
            _ if has_bucket => With::Aws,
            _ => With::Sam,
        });
    if with == With::Aws && !has_bucket {
        let expected = "the AWS CLI uploads to a bucket of yours, expected --s3-bucket BUCKET; \
                        the SAM CLI keeps one of its own";
        return Err(Error::Argument(expected.to_owned()));
    }
    Ok(with)
}
