//! `weir destroy`: deletes a stack, and its tables if it is told to and told so again.
//!
//! CloudFormation deletes in the opposite order of making: the writer first, so that nothing is written that is not read.
//! The tables are retained by the template; they are deleted here, one by one, after their names were typed.
//!
//! **Invariants**
//! * Nothing is deleted before every name was typed (or `--yes`).
//! * A table is deleted only if this stack made it: a stack that failed because the name was taken has none.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::Args;

use crate::account::{Account, check_stack_name};
use crate::command::Error;
use crate::steps::{Command, Kept, Step, Word, run as run_steps, script};
use crate::tools::{Tool, Tools};

/// The tables in the template, and what their names are kept as.
const TABLES: [(&str, &str); 2] = [("Table", "TABLE"), ("RollupsTable", "ROLLUPS_TABLE")];

/// The states of a resource that the stack failed to make, and names all the same.
const NOT_MADE: &str = r#"["CREATE_FAILED", "DELETE_COMPLETE"]"#;

/// Delete a stack; the tables stay, unless told otherwise.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir destroy --stack-name flights --dry-run
  weir destroy --stack-name flights
  weir destroy --stack-name flights --delete-tables

The API goes first, then what keeps the rollups. Both tables stay with all they hold, and it is said how they are deleted.
--delete-tables deletes them too, for good, after their names were typed.")]
pub struct Arguments {
    /// The stack
    #[arg(long, value_name = "NAME")]
    stack_name: String,
    /// Delete the table of items and the table of rollups too, with all they hold
    #[arg(long)]
    delete_tables: bool,
    /// Do not ask for the names of the tables first
    #[arg(long, requires = "delete_tables")]
    yes: bool,
    #[command(flatten)]
    account: Account,
    /// Print the commands and run none
    #[arg(long)]
    dry_run: bool,
}

/// Deletes, or prints how.
///
/// # Errors
/// A name that was not typed as it is, a missing AWS CLI, or the step that failed.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    check_stack_name(&arguments.stack_name)?;
    let finding = TABLES.map(|(table, name)| arguments.find(table, name));
    if arguments.dry_run {
        let tables = TABLES.map(|(_, name)| Word::Variable(name));
        let steps = [finding.to_vec(), arguments.steps(&tables)].concat();
        write!(out, "{}", script(&steps))?;
        return Ok(ExitCode::SUCCESS);
    }
    let tools = Tools::from_env();
    tools.find(Tool::Aws)?;
    let tables = made(&run_steps(&finding, &tools)?);
    if arguments.delete_tables && !arguments.yes {
        confirm(&tables, &mut io::stdin().lock())?;
    }
    let words: Vec<Word> = tables.iter().cloned().map(Word::Text).collect();
    run_steps(&arguments.steps(&words), &tools)?;
    write!(out, "{}", arguments.told(&tables))?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn aws(&self, operation: &[&str]) -> Command {
        Command::new(Tool::Aws, operation.iter().copied()).and(self.account.words())
    }

    /// Finds the name of a table that the stack made, if it did.
    fn find(&self, table: &str, name: &'static str) -> Step {
        let query = format!(
            "StackResourceSummaries[?LogicalResourceId==`\"{table}\"` && !contains(`{NOT_MADE}`, ResourceStatus)]\
             .PhysicalResourceId"
        );
        let command = self.aws(&["cloudformation", "list-stack-resources"]).and([
            "--stack-name",
            &self.stack_name,
            "--query",
            &query,
            "--output",
            "text",
        ]);
        Step::into("find the stack's tables", name, command)
    }

    /// The steps once the tables are known.
    fn steps(&self, tables: &[Word]) -> Vec<Step> {
        let stack =
            |operation: &[&str]| self.aws(operation).and(["--stack-name", &self.stack_name]);
        let gone = ["cloudformation", "wait", "stack-delete-complete"];
        let mut steps = vec![
            Step::shown("delete the stack", stack(&["cloudformation", "delete-stack"])),
            Step::shown("see the stack gone", stack(&gone)),
        ];
        if self.delete_tables {
            steps.extend(tables.iter().flat_map(|table| self.delete(table)));
        }
        steps
    }

    fn delete(&self, table: &Word) -> [Step; 4] {
        let command =
            |operation: &[&str]| self.aws(operation).and(["--table-name"]).and_word(table.clone());
        let briefly = ["--query", "TableDescription.TableStatus", "--output", "text"];
        let unprotect = command(&["dynamodb", "update-table", "--no-deletion-protection-enabled"]);
        let delete = command(&["dynamodb", "delete-table"]);
        [
            Step::shown("take away the table's protection", unprotect.and(briefly)),
            Step::shown("see the table ready", command(&["dynamodb", "wait", "table-exists"])),
            Step::shown("delete the table", delete.and(briefly)),
            Step::shown("see the table gone", command(&["dynamodb", "wait", "table-not-exists"])),
        ]
    }

    /// What is gone, what is still there, and how that is deleted.
    fn told(&self, tables: &[String]) -> String {
        let stack = &self.stack_name;
        if tables.is_empty() {
            return format!("\nThe stack {stack} is gone. It had made no tables.\n");
        }
        let names = tables.join(" and ");
        if self.delete_tables {
            return format!("\nThe stack {stack} is gone, and so are its tables, {names}.\n");
        }
        let deleting = tables.iter().flat_map(|table| self.delete(&Word::Text(table.clone())));
        let deleting: String = deleting.map(|step| format!("  {}\n", step.command)).collect();
        format!(
            "\nThe stack {stack} is gone. Its tables are still there, with all they hold: {names}.\n\
             As long as they are, a new stack needs tables of other names. These end them, for good:\n\n{deleting}"
        )
    }
}

/// The names that were found; nothing is printed of a table that the stack did not make.
fn made(kept: &Kept) -> Vec<String> {
    let names = TABLES.iter().filter_map(|(_, name)| kept.get(name));
    names.filter(|name| !name.is_empty()).cloned().collect()
}

/// Has each name typed.
fn confirm(tables: &[String], typed: &mut impl BufRead) -> Result<(), Error> {
    for table in tables {
        let mut line = String::new();
        write!(io::stderr(), "Type {table} to delete this table with all it holds: ")?;
        typed.read_line(&mut line)?;
        if line.trim() != table {
            let found = line.trim();
            return Err(Error::Argument(format!(
                "found `{found}`, expected `{table}`: nothing was deleted"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_typed_or_nothing_is_deleted() {
        let tables = ["orders".to_owned(), "orders-rollups".to_owned()];
        let typed =
            |text: &str| confirm(&tables, &mut text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(typed("orders\norders-rollups\n"), Ok(()));
        for wrong in ["", "y\n", "orders\n", "orders\norders\n", "order\norders-rollups\n"] {
            assert!(
                typed(wrong).is_err_and(|error| error.ends_with("nothing was deleted")),
                "{wrong:?}"
            );
        }
    }
}
