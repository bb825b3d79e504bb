//! `weir synth`: the CloudFormation template that deploys a definition file.
//!
//! | part of the template | read |
//! |---|---|
//! | the whole, and its order | [`mod@template`] |
//! | logical ids; the resources while they are added | `logical_ids`, `resources` |
//! | what is decided at deployment | `parameters` |
//! | the two tables | `tables` |
//! | the secret that seals cursors | `secrets` |
//! | the three functions | [`function`], `functions` |
//! | permissions of each, from one list | [`permissions`] |
//! | the HTTP API | `api` |
//! | the event source mapping, and what it keeps from the processor | `mapping`, [`filter`] |
//! | alarms and the dashboard, and the metrics of both | `alarms`, `dashboard`, `metrics` |
//! | the outputs of the stack | `outputs` |
//!
//! Plain CloudFormation without a transform, so that CDK and Terraform take it too.
//!
//! **Invariant:** local paths in a template are relative to the template, as `aws cloudformation
//! package` reads them.

mod alarms;
mod api;
mod dashboard;
pub mod filter;
pub mod function;
mod functions;
mod intrinsics;
mod logical_ids;
mod mapping;
mod metadata;
mod metrics;
pub(crate) mod outputs;
pub(crate) mod parameters;
pub mod permissions;
mod resources;
mod secrets;
mod tables;
pub mod template;
mod yaml;

use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use weir_model::Model;

use crate::counted::counted_definitions;
use crate::definition;
use crate::error::Error;
use crate::files::{self, Links};
use crate::tables::TableOptions;
use crate::terminal;
use functions::DEFINITION_FILE;
use template::{Filters, Options, template};

/// The extension of the definition's folder, and its name if the template has no file.
const DEFINITION_FOLDER: &str = "definition";
/// The most bytes of a template in the body of a request to CloudFormation ("CloudFormation
/// quotas").
const TEMPLATE_BODY_BYTES: usize = 51_200;

/// Print the CloudFormation template that deploys a definition file.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir synth weir.toml --out template.yaml
  weir synth examples/flights/weir.toml > template.yaml

`weir deploy` runs this command, and the steps before and after it. docs/deploying.md has the
details.")]
pub struct Arguments {
    /// The definition file [default: ./weir.toml, else examples/flights/weir.toml]
    file: Option<PathBuf>,
    /// Write the template to this file, and a copy of the definition to a folder beside it
    /// [default: print the template]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Follow symbolic links when writing; by default, they are an error
    #[arg(long)]
    follow_links: bool,
    /// The folder with writer/bootstrap, reader/bootstrap and processor/bootstrap
    #[arg(long, value_name = "FOLDER", default_value = "target/lambda")]
    code: PathBuf,
    /// Pass every record to the processor, also if no rollup counts it: for reactors
    #[arg(long)]
    no_filter: bool,
    /// Also pass the records that the stored definitions count; reads these definitions from the
    /// table of rollups
    #[arg(long, conflicts_with = "no_filter")]
    widen_filters: bool,
    #[command(flatten)]
    tables: TableOptions,
    /// Leave out the table of items and the writer: Weir only reads the existing table. The
    /// parameter TableStreamArn names its stream
    #[arg(long)]
    existing_table: bool,
}

/// Prints the template, or writes it to a file. Warns on standard error if it is too large for the
/// body of a request.
///
/// # Errors
/// The problems of the definition file, or a file that cannot be written.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    let file = definition::find(arguments.file.as_deref())?;
    let (definition, model) = definition::read_with_text(&file)?;
    if let Some(path) = &arguments.out {
        check_out(path, &file)?;
    }
    let folder = arguments.out.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let code = relative(&arguments.code, folder)?;
    let layer =
        arguments.out.as_deref().map_or_else(|| arguments.code.join(DEFINITION_FOLDER), layer);
    let options = Options {
        code,
        definition: relative(&layer, folder)?,
        filters: arguments.filters(&model)?,
        existing_table: arguments.existing_table,
    };
    check_existing(&model, &options)?;
    let text = text(&model, &options, &relative(&file, folder)?);
    if let Some(warning) = oversize(text.len()) {
        // If standard error is closed, there is no reader.
        let _ = writeln!(terminal::messages(), "weir: {warning}");
    }
    let Some(path) = &arguments.out else {
        write!(out, "{text}")?;
        return Ok(ExitCode::SUCCESS);
    };
    let links = if arguments.follow_links { Links::Follow } else { Links::Reject };
    files::write(path, &text, links).map_err(|error| unwritable("template", path, &error))?;
    let copy = layer.join(DEFINITION_FILE);
    // An unchanged copy keeps its modification time. Archives contain it, so Lambda would create a
    // new layer for another time.
    if is_same(&copy, &file) || fs::read_to_string(&copy).is_ok_and(|there| there == definition) {
        return Ok(ExitCode::SUCCESS);
    }
    // The checked text: the file may have changed since.
    files::write(&copy, &definition, links)
        .map_err(|error| unwritable("copy of the definition", &copy, &error))?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// Returns the filters of the template.
    fn filters(&self, model: &Model) -> Result<Filters, Error> {
        if self.no_filter {
            return Ok(Filters::None);
        }
        if !self.widen_filters {
            return Ok(Filters::Definition);
        }
        let named = self.tables.name_tables(model.clone())?;
        let named = Arc::new(named);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let counted = runtime.block_on(async {
            let connection = self.tables.connect().await;
            counted_definitions(&connection, &named).await
        });
        Ok(Filters::Widened(counted.map_err(Error::Counted)?))
    }
}

/// Returns the folder of a template's definition. It is named after the template, so that no two
/// templates share it.
fn layer(template: &Path) -> PathBuf {
    template.with_extension(DEFINITION_FOLDER)
}

/// Rejects rollups with items in an existing table, which Weir only reads.
pub(crate) fn check_existing(model: &Model, options: &Options) -> Result<(), Error> {
    let colocated = model.rollups.iter().find(|rollup| rollup.is_colocated());
    match colocated.filter(|_| options.existing_table) {
        None => Ok(()),
        Some(rollup) => Err(Error::Argument(format!(
            "the rollup `{}` has a `key`, which places its items in the table of items, but with \
             --existing-table Weir only reads that table; expected a rollup without `key`",
            rollup.name
        ))),
    }
}

/// Rejects a template file that would replace the definition file.
pub(crate) fn check_out(template: &Path, definition: &Path) -> Result<(), Error> {
    slashed(template)?;
    if template.file_name().is_none() {
        return Err(Error::Argument(format!(
            "the template `{}` is not a file; expected a path such as template.yaml",
            template.display()
        )));
    }
    if is_same(template, definition) {
        let path = template.display();
        return Err(Error::Argument(format!(
            "cannot write the template to {path}, which is the definition file; expected another \
             path"
        )));
    }
    Ok(())
}

/// Returns whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    let places = [one, other].map(fs::canonicalize);
    matches!(places, [Ok(one), Ok(other)] if one == other)
}

/// Returns the template as YAML, below a line that names its source.
fn text(model: &Model, options: &Options, source: &str) -> String {
    let yaml = yaml::document(&template(model, options));
    format!("# Generated by `weir synth` from {source}; change that file instead.\n{yaml}")
}

/// Returns the warning about a template of this size; `None` if it fits in the body of a request.
fn oversize(bytes: usize) -> Option<String> {
    (bytes > TEMPLATE_BODY_BYTES).then(|| {
        format!(
            "warning: the template has {bytes} bytes; CloudFormation accepts at most \
             {TEMPLATE_BODY_BYTES} in a request (`template_body`); upload it to a bucket, as \
             `weir deploy` does, and name it with `template_url`"
        )
    })
}

/// Returns the path of a file relative to a folder, with `/` between its parts. Both arguments are
/// relative to the working directory.
fn relative(file: &Path, folder: &Path) -> Result<String, Error> {
    slashed(file)?;
    let (file, folder) = (plain(file)?, plain(folder)?);
    let shared = file.iter().zip(&folder).take_while(|(one, other)| one == other).count();
    let up = folder[shared..].iter().map(|_| "..");
    let down = file[shared..].iter().map(String::as_str);
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

/// Returns a path with `/` between its parts, which every tool accepts and no tool reads as an
/// option.
///
/// # Errors
/// A path that is not UTF-8: templates and tools cannot name it.
pub(crate) fn slashed(path: &Path) -> Result<String, Error> {
    let text = path
        .to_str()
        .ok_or_else(|| Error::Argument(format!("the path {} is not UTF-8", path.display())))?;
    let text = text.replace(std::path::MAIN_SEPARATOR, "/");
    Ok(if text.starts_with('-') { format!("./{text}") } else { text })
}

/// Returns the parts of an absolute path, without `.` and `..`.
fn plain(path: &Path) -> io::Result<Vec<String>> {
    let mut parts = Vec::new();
    for part in std::env::current_dir()?.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part.as_os_str().to_string_lossy().into_owned()),
        }
    }
    Ok(parts)
}

fn unwritable(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::Argument(format!("could not write the {what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
