//! `weir deploy`: deploys the functions and the stack, and builds the rollups of its tables.
//!
//! ```text
//! check ─► plan ─► question ─► update of the stack ─► builds ─► narrower filters ─► purge
//!                               │
//!                               ├─ cargo lambda build ─► weir synth ─► aws cloudformation deploy
//!                               │                                 └──► sam deploy
//!                               └─ check of the mapping and the processor
//! ```
//!
//! | part | read |
//! |---|---|
//! | the order of the stages | [`stages`] |
//! | the last completed stage of a deployment | [`stage`] |
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
/// The difference between the script and a run.
const NOT_IN_THE_SCRIPT: &str = "
# Before its first step, weir deploy also checks the tools, the built functions, the stream of an
# existing table, and that the stack keeps its tables. It asks only if the plan changes rollups. If
# there is nothing to build, it leaves out the builds and the second update.
";

/// Deploy a definition file to AWS, with the AWS CLI or the SAM CLI.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir deploy weir.toml --dry-run
  weir deploy weir.toml
  weir deploy weir.toml --with aws --s3-bucket my-artifacts --region eu-central-1 --profile work
  weir deploy weir.toml --stack-name flights-test \
--parameter TableName=flights-test RollupsTableName=flights-test-rollups
  weir deploy weir.toml --code my/lambda --no-filter
  weir deploy weir.toml --s3-bucket my-artifacts --yes --read-units 500

The command checks the definition, the parameters and the tools. It builds the functions with
cargo-lambda, deploys them, waits until the mapping is enabled and the processor has handled an
event, and prints the URL of the API.

If the stack exists, the command first prints the plan of the rollups. If rollups change, it asks,
updates the stack, builds the rollups and updates the filters of the mapping. If a deployment is
interrupted, run the same command again: it continues. docs/deploying.md has the details.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// The name of the stack [default: derived from the name of the table]
    #[arg(long, value_name = "NAME")]
    stack_name: Option<String>,
    /// The tool that uploads and deploys [default: aws with --s3-bucket, else sam]
    #[arg(long)]
    with: Option<With>,
    /// Upload the functions to this bucket of yours [default: the bucket of the SAM CLI]
    #[arg(long, value_name = "BUCKET", value_parser = bucket)]
    s3_bucket: Option<String>,
    /// Set a parameter of the template [default: its value in the stack, else in the template]
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
    /// Follow symbolic links when writing the template; by default, they are an error
    #[arg(long)]
    follow_links: bool,
    /// Deploy your own functions from this folder, which has writer/bootstrap, reader/bootstrap and
    /// processor/bootstrap
    #[arg(long, value_name = "FOLDER")]
    code: Option<PathBuf>,
    /// Do not build the functions: deploy those that were built before
    #[arg(long)]
    skip_build: bool,
    /// Do not build the rollups: deploy, and print the commands that remain
    #[arg(long)]
    no_build: bool,
    /// Allow functions that are not built for arm64, for a simulated AWS
    #[arg(long)]
    any_architecture: bool,
    /// Allow other tables than the stack has; the old tables and their items remain outside it
    #[arg(long)]
    replace_tables: bool,
    /// Pass every record to the processor, also if no rollup counts it: for reactors
    #[arg(long)]
    no_filter: bool,
    /// Deploy over the existing table of this stream, without a writer; Weir only reads the table
    #[arg(long, value_name = "STREAM_ARN")]
    existing_table: Option<String>,
    #[command(flatten)]
    account: Account,
    /// Do not ask before changing rollups
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
    /// aws cloudformation package and aws cloudformation deploy
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
        // Beside the template, because that folder exists by then.
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
        let expected = "the AWS CLI needs a bucket for the functions; expected --s3-bucket BUCKET, \
                        or --with sam, which needs none";
        return Err(Error::Argument(expected.to_owned()));
    }
    Ok(with)
}
