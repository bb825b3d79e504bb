//! The stages of a deployment, in the order that loses no change.
//!
//! ```text
//! plan ─► question ─► update, filters widened ─► builds ─► update, filters narrowed ─► purge
//! ```
//!
//! * The wide filters let every record pass that a revision counts or that the new definition
//!   counts. They are in effect from before the cut of a new revision until the revisions that it
//!   replaces are retired. Readers no longer use these, except within the second for which they
//!   keep the state.
//! * The update with the filters of the definition alone comes before the purge, because the purge
//!   waits for 15 minutes.
//! * Each stage compares again, so that the same command continues an interrupted deployment, and
//!   repeats no completed step.
//!
//! **Invariant:** nothing is changed before the user has accepted the plan.

use std::io::{self, BufRead, Write};

use super::deployment::{CHANGED, Deployment, QUESTION, TemplateFilters};
use super::rollups::DeployedRollups;
use super::stage::Stage;
use super::{existing, outcome};
use crate::error::Error;
use crate::plan;
use crate::steps::{Captured, run as run_steps};
use crate::terminal;
use crate::tools::Tools;

/// A deployment under way.
pub(super) struct Stages<'a> {
    deployment: &'a Deployment<'a>,
    rollups: &'a DeployedRollups<'a>,
    tools: &'a Tools,
    /// Whether the stack existed before the deployment.
    is_there: bool,
    /// The stream of a table that exists already.
    existing_table: Option<&'a str>,
    stage: Stage,
}

impl<'a> Stages<'a> {
    /// Returns a deployment that has done nothing yet.
    pub(super) fn new(
        deployment: &'a Deployment<'a>,
        rollups: &'a DeployedRollups<'a>,
        tools: &'a Tools,
        is_there: bool,
    ) -> Self {
        let stage = Stage::Planned { changes_rollups: false };
        Self { deployment, rollups, tools, is_there, existing_table: None, stage }
    }

    /// Returns the deployment over the existing table of a stream.
    pub(super) fn over_existing_table(self, stream_arn: &'a str) -> Self {
        Self { existing_table: Some(stream_arn), ..self }
    }

    /// Runs all stages, and prints the report.
    ///
    /// # Errors
    /// The reason why a stage has failed.
    pub(super) fn run(&mut self, yes: bool, out: &mut (impl Write + Send)) -> Result<(), Error> {
        let changes_rollups = self.plan(yes, out)?;
        let filters = self.filters(changes_rollups)?;
        let captured = run_steps(&self.deployment.update(filters), self.tools)?;
        let is_widened = filters == TemplateFilters::Widened;
        self.stage = Stage::Updated { is_widened };
        let is_built = self.has_plan() && self.build(&captured, out)?;
        if is_built {
            self.stage = Stage::Built { is_widened };
        }
        if is_widened && is_built {
            run_steps(&self.deployment.narrow(), self.tools)?;
        }
        if is_built {
            self.stage = Stage::Narrowed;
        }
        let made = run_steps(&[self.deployment.made()], self.tools)?;
        write!(out, "{}", outcome::report(self.deployment, &made))?;
        if self.has_plan() && !is_built {
            let changed = self.mapping_changed(&captured);
            write!(out, "{}", outcome::remaining(self.deployment, is_widened, changed))?;
        }
        out.flush()?;
        if is_built { self.rollups.purge(out) } else { Ok(()) }
    }

    /// Prints the plan, and asks whether to deploy it. Returns whether it changes rollups.
    fn plan(&mut self, yes: bool, out: &mut impl Write) -> Result<bool, Error> {
        if !self.has_plan() {
            return Ok(false);
        }
        let plan = self.rollups.plan(true)?;
        // The plan of a definition without rollups is not printed.
        if !plan.is_empty || !plan.rollups.is_empty() || !plan.items.is_empty() {
            write!(out, "{plan}")?;
            out.flush()?;
        }
        plan.check()?;
        if let Some(arn) = self.existing_table {
            existing::check_owner(&plan)?;
            existing::check_stream(arn, self.rollups.stream_arn()?.as_deref())?;
        }
        let changes_rollups = plan.changes_rollups();
        if changes_rollups && !yes {
            confirm(terminal::is_input_terminal(), &mut io::stdin().lock())?;
        }
        self.stage = Stage::Planned { changes_rollups };
        Ok(changes_rollups)
    }

    /// Returns whether the tables may have items that the definition does not count yet.
    fn has_plan(&self) -> bool {
        self.is_there || self.existing_table.is_some()
    }

    fn filters(&self, changes_rollups: bool) -> Result<TemplateFilters, Error> {
        Ok(match self.deployment.filters {
            false => TemplateFilters::None,
            true if changes_rollups && self.rollups.needs_wider_filters()? => {
                TemplateFilters::Widened
            }
            true => TemplateFilters::Definition,
        })
    }

    /// Builds the rollups of the definition. Returns whether all of them are built.
    fn build(&self, captured: &Captured, out: &mut (impl Write + Send)) -> Result<bool, Error> {
        // The processor may have registered the rollups since the first plan.
        let plan = self.rollups.plan(false)?;
        plan.check()?;
        if !plan.changes_rollups() {
            return Ok(true);
        }
        if !self.deployment.builds_rollups {
            return Ok(false);
        }
        let failed = plan.failed_preconditions();
        if !failed.is_empty() {
            let failed = failed.iter().map(|known| format!("{}: {}", known.name, known.detail));
            let failed: Vec<_> = failed.collect();
            return Err(plan::Error::Precondition(failed.join("; ")).into());
        }
        self.rollups.build(self.mapping_changed(captured), out)?;
        Ok(true)
    }

    /// Returns the time at which the filters were changed; `None` for a new mapping.
    fn mapping_changed<'b>(&self, captured: &'b Captured) -> Option<&'b str> {
        // Without the AWS CLI, the margin begins with the build.
        self.is_there.then(|| captured.get(CHANGED).map_or("now", String::as_str))
    }

    /// Returns the advice after a failure: what was done, and how to continue.
    pub(super) fn advice(&self, error: &Error) -> String {
        let step = match error {
            Error::Step(error) => outcome::advice(self.deployment, error, self.tools),
            _ => None,
        };
        let stage = outcome::unfinished(self.deployment, self.stage);
        step.into_iter().chain(stage).map(|advice| format!("{advice}\n")).collect()
    }
}

/// Asks whether to deploy.
fn confirm(is_terminal: bool, typed: &mut impl BufRead) -> Result<(), Error> {
    if !is_terminal {
        let expected = "cannot ask whether to change rollups, because standard input is not a \
                        terminal; pass --yes to deploy";
        return Err(Error::Argument(expected.to_owned()));
    }
    write!(terminal::messages(), "{QUESTION} [y/N] ")?;
    let mut line = String::new();
    typed.read_line(&mut line)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        found => {
            Err(Error::Argument(format!("nothing was deployed: found `{found}`; expected `y`")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_with_y_on_a_terminal() {
        for (typed, is_accepted) in [("y\n", true), ("yes\n", true), ("n\n", false), ("", false)] {
            let confirmed = confirm(true, &mut typed.as_bytes());
            assert_eq!(confirmed.is_ok(), is_accepted, "{typed:?}");
        }
        let error = confirm(false, &mut "y\n".as_bytes()).expect_err("no terminal").to_string();
        assert!(error.ends_with("pass --yes to deploy"), "{error}");
    }
}
