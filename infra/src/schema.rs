//! `weir schema`: the JSON Schema of definition files.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;

use crate::error::Error;

/// Print the JSON Schema of definition files, for editors.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir schema > weir.schema.json

  In weir.toml, for editors with a TOML language server:
    #:schema ./weir.schema.json")]
pub struct Arguments {}

/// Prints the schema.
///
/// # Errors
/// When it cannot be written.
pub fn run(out: &mut impl Write) -> Result<ExitCode, Error> {
    let schema = serde_json::to_string_pretty(&weir_model::schema::json_schema());
    writeln!(out, "{}", schema.expect("a schema is plain JSON"))?;
    Ok(ExitCode::SUCCESS)
}
