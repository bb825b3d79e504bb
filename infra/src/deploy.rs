//! `weir deploy`: the three functions, the template, the stack, and the rollups of its tables.
//!
//! ```text
//! check ─► plan ─► question ─► update of the stack ─► builds ─► narrower filters ─► purge
//!                               │
//!                               ├─ cargo lambda build ─► weir synth ─► aws cloudformation deploy
//!                               │                                 └──► sam deploy
//!                               └─ the mapping and the processor work
//! ```
//!
//! | part | read |
//! |---|---|
//! | the order of the stages | [`stages`] |
//! | how far a deployment has come | [`stage`] |
//! | the steps, as values; their commands | [`deployment`], [`commands`] |
//! | the rollups of the tables: plan, filters, builds | [`rollups`] |
//! | parameters, against those of the template | [`parameters`] |
//! | functions that were built before | [`code`] |
//! | a table that exists already | [`existing`] |
//! | the report, and the advice after a failure | [`outcome`] |
//!
//! **Invariant:** `--dry-run` runs nothing, and prints the commands.

mod code;
mod commands;
mod deployment;
mod existing;
mod outcome;
mod parameters;
mod rollups;
mod stage;
mod stages;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::account::{Account, bucket, check_stack_name, stack_name};
use crate::build::BuildOptions;
use crate::error::Error;
use crate::synth::parameters::{ROLLUPS_TABLE_NAME, STREAM_ARN, TABLE_NAME};
use crate::synth::template::{Filters, Options, template};
use crate::tables::TableOptions;
use crate::tools::{Tool, Tools};
use crate::{definition, synth};
use deployment::Deployment;
use rollups::DeployedRollups;
use stages::Stages;

/// The default folders of the functions and of the template.
const CODE: &str = "target/lambda";
const TEMPLATES: &str = "target/deploy";
/// The remark about the difference between the script and a run.
const NOT_IN_THE_SCRIPT: &str = "
# weir deploy also checks first: the tools, the built functions, the stream of a table that exists
# already, and that a stack keeps its tables. It asks only if the plan changes rollups, and leaves
# out the builds and the second update if there is nothing to build.
";

/// Build the functions and deploy a definition file to AWS, with the AWS CLI or the SAM CLI.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir deploy weir.toml --dry-run
  weir deploy weir.toml
  weir deploy weir.toml --with aws --s3-bucket my-artifacts --region eu-central-1 --profile work
  weir deploy weir.toml --stack-name flights-test \
--parameter TableName=flights-test RollupsTableName=flights-test-rollups
  weir deploy weir.toml --code my/lambda --no-filter
  weir deploy weir.toml --s3-bucket my-artifacts --yes --read-units 500

The command builds the functions with cargo-lambda, deploys them with the SAM CLI or the AWS CLI, \
waits until the
mapping is enabled and the processor takes an event, and prints the URL of the API. It checks the \
definition, the
parameters and the tools before it does anything.

If the stack exists, the command prints the plan of the rollups first. If rollups change, it asks, \
updates the stack,
builds the rollups and updates the filters of the mapping. A deployment that was interrupted is \
continued by the same
command. docs/deploying.md has the details.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml]
    file: Option<PathBuf>,
    /// The stack [default: named for the table]
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// The tool that uploads and deploys [default: aws with --s3-bucket, else sam]
    #[arg(long)]
    with: Option<With>,
    /// A bucket of yours for the functions' code; without it, the SAM CLI uses one of its own
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    s3_bucket: Option<String>,
    /// A parameter of the template [default: its value in the stack, else that of the template]
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
    /// Deploy functions of your own: a folder with writer/bootstrap, reader/bootstrap and
    /// processor/bootstrap
    #[arg(long, value_name = "FOLDER")]
    code: Option<PathBuf>,
    /// Do not build the functions: deploy those that were built before
    #[arg(long)]
    skip_build: bool,
    /// Do not build the rollups: deploy, and print the commands that remain
    #[arg(long)]
    no_build: bool,
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
    /// Do not ask before rollups are changed
    #[arg(long)]
    yes: bool,
    /// Print the commands and run none
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    build: BuildOptions,
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
/// A problem of the definition or of the arguments, a missing tool, a rejected plan, or the step
/// that failed.
pub fn run(arguments: &Arguments, out: &mut (impl Write + Send)) -> Result<ExitCode, Error> {
    let file = definition::find(arguments.file.as_deref())?;
    let model = definition::read(&file)?;
    let stack = arguments.stack_name.clone().unwrap_or_else(|| stack_name(&model.table.name));
    check_stack_name(&stack)?;
    let options = Options {
        code: String::new(),
        definition: String::new(),
        filters: if arguments.no_filter { Filters::None } else { Filters::Definition },
        existing_table: arguments.existing_table.is_some(),
    };
    synth::check_existing(&model, &options)?;
    let declared = template(&model, &options);
    let parameters = arguments.parameters();
    parameters::check(&declared, &parameters)?;
    let names = [TABLE_NAME, ROLLUPS_TABLE_NAME];
    let names = names.map(|name| parameters::value(&declared, &parameters, name));
    if let Some(arn) = &arguments.existing_table {
        existing::check_name(arn, names[0])?;
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
        has_own_code: arguments.code.is_some(),
        builds,
        any_architecture: arguments.any_architecture,
        asks: arguments.dry_run || tools.has(Tool::Aws),
        builds_rollups: !arguments.no_build,
        tables: &TableOptions::for_deployment(&arguments.account, &model, names),
        build_options: &arguments.build.words(),
    };
    if arguments.dry_run {
        write!(out, "{}{NOT_IN_THE_SCRIPT}", deployment.script(arguments.yes))?;
        return Ok(ExitCode::SUCCESS);
    }
    deployment.tools().into_iter().try_for_each(|tool| tools.find(tool).map(drop))?;
    if builds {
        code::check_sources()?;
    } else {
        code::check(&code, options.functions(), arguments.any_architecture)?;
    }
    let replaces = arguments.replace_tables;
    let is_there = outcome::check_tables(&deployment, &declared, replaces, &tools)?;
    let named = model.with_table(names[0], Some(names[1]));
    let rollups = DeployedRollups::new(named, deployment.tables, &arguments.build)?;
    let mut stages = Stages::new(&deployment, &rollups, &tools, is_there);
    if let Some(arn) = &arguments.existing_table {
        stages = stages.over_existing_table(arn);
    }
    match stages.run(arguments.yes, out) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            write!(out, "{}", stages.advice(&error))?;
            Err(error)
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

/// Returns the tool that was named, else the one that needs the bucket, else the installed one.
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
