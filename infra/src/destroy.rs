//! `weir destroy`: deletes a stack, and on request, after a second question, its tables.
//!
//! CloudFormation deletes in the opposite order of making: the writer first, so that nothing is
//! written that is not read. The tables are retained by the template; they are deleted here, one by
//! one, after their names were typed.
//!
//! **Invariants**
//! * Nothing is deleted before every name was typed (or `--yes`): the stack's, and those of tables
//!   that go too.
//! * Only a stack that `weir synth` described is deleted.
//! * A table is deleted only if this stack made it: CloudFormation lists it so, and the table's own
//!   tags say so. That is seen before anything is deleted.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use clap::Args;

use crate::account::{Account, check_stack_name};
use crate::error::Error;
use crate::steps::{Captured, Command, Step, Word, run as run_steps, script, typed};
use crate::terminal;
use crate::tools::{Tool, Tools};

/// The tables in the template, and what their names are kept as.
const TABLES: [(&str, &str); 2] = [("Table", "TABLE"), ("RollupsTable", "ROLLUPS_TABLE")];

/// The states of a resource that the stack failed to make, and names all the same.
const NOT_MADE: &str = r#"["CREATE_FAILED", "DELETE_COMPLETE"]"#;

/// How the description of each stack of ours begins.
const DESCRIPTION: &str = "Weir: ";
/// The names of captured outputs: the stack's id, and the ARN of the table that is looked at.
const STACK_ID: &str = "STACK_ID";
const ARN: &str = "TABLE_ARN";
/// Where a stack that is gone is found out.
const FIND: &str = "find the stack";

/// Delete a stack; the tables stay, unless told otherwise.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir destroy --stack-name flights --dry-run
  weir destroy --stack-name flights
  weir destroy --stack-name flights --delete-tables
  weir destroy --stack-name flights --delete-tables --table flights --table flights-rollups

It asks for the stack's name. The API goes first, then what keeps the rollups. Both tables stay \
with all they hold, and it is said how they are deleted.
--delete-tables deletes them too, for good, after their names were typed; those of a stack that \
is gone, by --table.")]
pub struct Arguments {
    /// The stack
    #[arg(long, value_name = "NAME")]
    stack_name: String,
    /// Delete the table of items and the table of rollups too, with all they hold
    #[arg(long)]
    delete_tables: bool,
    /// A table that a stack of this name left behind; the stack is gone
    #[arg(long = "table", value_name = "TABLE", requires = "delete_tables")]
    tables: Vec<String>,
    /// Do not ask for the names first
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    account: Account,
    /// Print the commands and run none
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Deletes, or prints how.
///
/// # Errors
/// A name that was not typed as it is, a missing AWS CLI, or the step that failed.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode, Error> {
    check_stack_name(&arguments.stack_name)?;
    if arguments.dry_run {
        write!(out, "{}", arguments.script())?;
        return Ok(ExitCode::SUCCESS);
    }
    let tools = Tools::from_env();
    tools.find(Tool::Aws)?;
    let found = run_steps(&arguments.find(), &tools).inspect_err(|error| {
        if error.is_of(FIND) {
            // If standard output is closed, there is no reader.
            let _ = out.write_all(arguments.advice().as_bytes());
        }
    })?;
    let tables = if arguments.is_gone() { arguments.tables.clone() } else { made(&found) };
    if arguments.delete_tables {
        let words = tables.iter().cloned().map(Word::Text);
        let owner = found.get(STACK_ID).cloned().map(Word::Text);
        let checks: Vec<Step> =
            words.flat_map(|table| arguments.check(&table, owner.clone())).collect();
        run_steps(&checks, &tools)?;
    }
    if !arguments.yes {
        confirm(&arguments.named(&tables), &mut io::stdin().lock())?;
    }
    run_steps(&arguments.end(), &tools)?;
    let doomed: &[String] = if arguments.delete_tables { &tables } else { &[] };
    for (position, table) in doomed.iter().enumerate() {
        let deleted = run_steps(&arguments.delete(&Word::Text(table.clone())), &tools);
        deleted.inspect_err(|_| {
            let _ = out.write_all(arguments.left(&doomed[position..]).as_bytes());
        })?;
    }
    write!(out, "{}", arguments.report(&tables))?;
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// Returns the whole, as a script.
    fn script(&self) -> String {
        let known = || self.tables.iter().cloned().map(Word::Text).collect();
        let found = || TABLES.map(|(_, name)| Word::Variable(name)).to_vec();
        let tables: Vec<Word> = if self.is_gone() { known() } else { found() };
        let mut steps = self.find();
        let doomed: &[Word] = if self.delete_tables { &tables } else { &[] };
        let owner = (!self.is_gone()).then_some(Word::Variable(STACK_ID));
        steps.extend(doomed.iter().flat_map(|table| self.check(table, owner.clone())));
        let asked = steps.len();
        steps.extend(self.end());
        steps.extend(doomed.iter().flat_map(|table| self.delete(table)));
        let script = script(&steps);
        if self.yes {
            return script;
        }
        let stack = (!self.is_gone()).then(|| Word::Text(self.stack_name.clone()));
        let words: Vec<Word> = stack.into_iter().chain(doomed.iter().cloned()).collect();
        // Between what only looks and what deletes.
        let place =
            script.match_indices("\n# ").nth(asked).map_or(script.len(), |(place, _)| place);
        format!("{}{}{}", &script[..place], typed(&words), &script[place..])
    }

    /// Returns whether the stack is gone already, and tables are named that it left.
    fn is_gone(&self) -> bool {
        !self.tables.is_empty()
    }

    fn aws(&self, operation: &[&str]) -> Command {
        Command::new(Tool::Aws, operation.iter().copied()).and(self.account.words())
    }

    fn stack(&self, operation: &[&str]) -> Command {
        self.aws(operation).and(["--stack-name", &self.stack_name])
    }

    /// Finds the stack, and that it is ours, and its tables; or that there is none.
    fn find(&self) -> Vec<Step> {
        let describe = ["cloudformation", "describe-stacks"];
        let text =
            |command: Command, query: &str| command.and(["--query", query, "--output", "text"]);
        if self.is_gone() {
            let query = format!("Stacks[?StackName==`\"{}\"`].StackName", self.stack_name);
            let none = Word::Text(String::new());
            return vec![Step::is(
                "see that the stack is gone",
                none,
                text(self.aws(&describe), &query),
            )];
        }
        let id = text(self.stack(&describe), "Stacks[0].StackId");
        let description =
            text(self.stack(&["cloudformation", "get-template-summary"]), "Description");
        let mut steps = vec![
            Step::into(FIND, STACK_ID, id),
            Step::begins("see that weir synth described the stack", DESCRIPTION, description),
        ];
        steps.extend(TABLES.map(|(table, name)| {
            let query = format!(
                "StackResourceSummaries[?LogicalResourceId==`\"{table}\"` && \
                 !contains(`{NOT_MADE}`, ResourceStatus)]\
                 .PhysicalResourceId"
            );
            let list = self.stack(&["cloudformation", "list-stack-resources"]);
            Step::into("find the stack's tables", name, text(list, &query))
        }));
        steps
    }

    /// Sees by its tags that the stack made a table: by the stack's id, or by its name where it is
    /// gone.
    fn check(&self, table: &Word, owner: Option<Word>) -> [Step; 2] {
        let text = ["--output", "text"];
        let arn =
            self.aws(&["dynamodb", "describe-table"]).and(["--table-name"]).and_word(table.clone());
        let tag = if owner.is_some() { "stack-id" } else { "stack-name" };
        let query = format!("Tags[?Key==`\"aws:cloudformation:{tag}\"`].Value");
        let tags = self.aws(&["dynamodb", "list-tags-of-resource", "--resource-arn"]);
        let tags = tags.and_word(Word::Variable(ARN)).and(["--query", &query]).and(text);
        let owner = owner.unwrap_or_else(|| Word::Text(self.stack_name.clone()));
        [
            Step::into("find the table", ARN, arn.and(["--query", "Table.TableArn"]).and(text)),
            Step::is("see by the table's tags that the stack made it", owner, tags),
        ]
    }

    /// Deletes the stack.
    fn end(&self) -> Vec<Step> {
        if self.is_gone() {
            return Vec::new();
        }
        let gone = ["cloudformation", "wait", "stack-delete-complete"];
        vec![
            Step::shown("delete the stack", self.stack(&["cloudformation", "delete-stack"])),
            Step::shown("see the stack gone", self.stack(&gone)),
        ]
    }

    /// Returns the words to type.
    fn named(&self, tables: &[String]) -> Vec<String> {
        let stack = (!self.is_gone()).then(|| self.stack_name.clone());
        let tables = if self.delete_tables { tables } else { &[] };
        stack.into_iter().chain(tables.iter().cloned()).collect()
    }

    /// Returns the advice if there is no such stack.
    fn advice(&self) -> String {
        let words =
            ["destroy", "--stack-name", &self.stack_name].into_iter().chain(self.account.words());
        let command = Command::new(Tool::Weir, words);
        format!(
            "If the stack is gone, and tables of it are left:\n\n  {command} --delete-tables \
             --table TABLE\n"
        )
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

    /// Returns the report: what was deleted, what is left, and how to delete it.
    fn report(&self, tables: &[String]) -> String {
        let stack = &self.stack_name;
        if tables.is_empty() {
            return format!("\nThe stack {stack} is gone. It had made no tables.\n");
        }
        let names = tables.join(" and ");
        if self.delete_tables {
            return format!("\nThe stack {stack} is gone, and so are its tables, {names}.\n");
        }
        format!(
            "\nThe stack {stack} is gone. Its tables are still there, with all they hold: \
             {names}.\n\
             As long as they are, a new stack needs tables of other names. {}",
            self.ending(tables)
        )
    }

    /// Returns the report when a table could not be deleted.
    fn left(&self, tables: &[String]) -> String {
        let (stack, names) = (&self.stack_name, tables.join(" and "));
        format!("\nThe stack {stack} is gone. Not deleted: {names}. {}", self.ending(tables))
    }

    fn ending(&self, tables: &[String]) -> String {
        let deleting = tables.iter().flat_map(|table| self.delete(&Word::Text(table.clone())));
        let deleting: String = deleting.map(|step| format!("  {}\n", step.command)).collect();
        format!("These end them, for good:\n\n{deleting}")
    }
}

/// Returns the names that were found; nothing is printed of a table that the stack did not make.
fn made(kept: &Captured) -> Vec<String> {
    let names = TABLES.iter().filter_map(|(_, name)| kept.get(name));
    names.filter(|name| !name.is_empty()).cloned().collect()
}

/// Has each name typed.
fn confirm(names: &[String], typed: &mut impl BufRead) -> Result<(), Error> {
    for name in names {
        let mut line = String::new();
        write!(terminal::messages(), "Type {name} to delete it: ")?;
        typed.read_line(&mut line)?;
        if line.trim() != name {
            let found = line.trim();
            return Err(Error::Argument(format!(
                "found `{found}`, expected `{name}`: nothing was deleted"
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
