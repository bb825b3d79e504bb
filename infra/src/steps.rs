//! Commands of other programs, as values: printed as a script for a shell, or run one
//! after the other.
//!
//! | way | in a shell | when run |
//! |---|---|---|
//! | [`Way::Shown`] | `aws …` | what it says goes to standard error, as it says it |
//! | [`Way::Into`] | `NAME=$(aws …)`; `aws …` if nothing takes it | what it prints is kept, for later steps and for the caller |
//! | [`Way::Until`] | the same, in a loop that ends | it is asked again, for a while |
//! | [`Way::Is`], [`Way::Begins`] | `[ "$(aws …)" = VALUE ]` | what it prints must be this, or begin with it |
//! | [`Way::Fed`] | `printf … \| aws …` | it reads this, and what it prints must be that |
//!
//! **Invariant:** what `script` prints does in a shell what `run` does, and stops where it
//! stops; a test runs both and compares.

mod interruption;
mod script;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Command as Process, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::terminal;
use crate::tools::{MissingTool, Tool, Tools};
pub(crate) use interruption::unless_interrupted;
pub(crate) use script::{asked, script, typed};

/// How long a value is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long between two times it is asked for.
const PAUSE: Duration = Duration::from_secs(3);

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The purpose, as the error names it if the step fails.
    pub(crate) what: &'static str,
    /// The command that does it.
    pub(crate) command: Command,
    /// The use of the command's output.
    pub(crate) way: Way,
}

/// The use of a command's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is shown.
    Shown,
    /// It is captured under a name.
    Into(&'static str),
    /// It is asked for until it is this.
    Until(&'static str),
    /// It must be this.
    Is(Word),
    /// It must begin with this.
    Begins(&'static str),
    /// The command reads the first, and prints the second.
    Fed(&'static str, &'static str),
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    tool: Tool,
    words: Vec<Word>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Itself.
    Text(String),
    /// The output that an earlier step captured under this name.
    Variable(&'static str),
}

/// The outputs that steps captured, by name.
pub(crate) type Captured = BTreeMap<&'static str, String>;

/// Why a step was not done.
#[derive(Debug, Error)]
pub enum Error {
    /// A program is not installed.
    #[error(transparent)]
    Missing(#[from] MissingTool),
    /// A program cannot be started.
    #[error("could not {what}: {tool} cannot be started: {source}")]
    Unstartable {
        /// The step.
        what: &'static str,
        /// The program.
        tool: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A program failed. It has said why itself.
    #[error("could not {what}: {status}, of\n  {command}")]
    Failed {
        /// The step.
        what: &'static str,
        /// How the program ended.
        status: ExitStatus,
        /// The program and its arguments.
        command: String,
    },
    /// An expected output did not come in time.
    #[error("could not {what}: still {found:?} and not {expected:?} after {} seconds, \
             says\n  {command}", PATIENCE.as_secs())]
    TimedOut {
        /// The step.
        what: &'static str,
        /// The last output of the command.
        found: String,
        /// The expected output.
        expected: &'static str,
        /// The program and its arguments.
        command: String,
    },
    /// A program printed something else than what must be.
    #[error("could not {what}: found `{found}`, expected `{expected}`, of\n  {command}")]
    Other {
        /// The step.
        what: &'static str,
        /// The output of the command.
        found: String,
        /// The expected output.
        expected: String,
        /// The program and its arguments.
        command: String,
    },
    /// A signal asked it to end, and the step under way has ended.
    #[error("a signal ended the command after this step: {what}")]
    Stopped {
        /// The step.
        what: &'static str,
    },
    /// A signal asked it to end, which this step can do at any time.
    #[error("a signal ended the command in this step: {what}")]
    Interrupted {
        /// The step.
        what: &'static str,
    },
}

impl Error {
    /// Returns whether it is the failure of this step.
    pub(crate) fn is_of(&self, step: &str) -> bool {
        matches!(self, Self::Failed { what, .. } | Self::Other { what, .. } if *what == step)
    }
}

impl Command {
    pub(crate) fn new<'a>(tool: Tool, words: impl IntoIterator<Item = &'a str>) -> Self {
        Self { tool, words: Vec::new() }.and(words)
    }

    /// Adds more arguments.
    pub(crate) fn and<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.words.extend(words.into_iter().map(|word| Word::Text(word.to_owned())));
        self
    }

    /// Adds one more argument.
    pub(crate) fn and_word(mut self, word: Word) -> Self {
        self.words.push(word);
        self
    }

    fn process(&self, tools: &Tools, captured: &Captured) -> Result<Process, Error> {
        let mut process = Process::new(tools.find(self.tool)?);
        for word in &self.words {
            process.arg(word.value(captured));
        }
        Ok(process)
    }
}

impl Word {
    /// Returns its text.
    fn value<'a>(&'a self, captured: &'a Captured) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Variable(name) => captured.get(name).expect("an earlier step captures it"),
        }
    }
}

impl Step {
    pub(crate) fn shown(what: &'static str, command: Command) -> Self {
        Self { what, command, way: Way::Shown }
    }

    pub(crate) fn into(what: &'static str, name: &'static str, command: Command) -> Self {
        Self { what, command, way: Way::Into(name) }
    }

    pub(crate) fn until(what: &'static str, value: &'static str, command: Command) -> Self {
        Self { what, command, way: Way::Until(value) }
    }

    pub(crate) fn is(what: &'static str, word: Word, command: Command) -> Self {
        Self { what, command, way: Way::Is(word) }
    }

    pub(crate) fn begins(what: &'static str, with: &'static str, command: Command) -> Self {
        Self { what, command, way: Way::Begins(with) }
    }

    pub(crate) fn fed(
        what: &'static str,
        text: &'static str,
        value: &'static str,
        command: Command,
    ) -> Self {
        Self { what, command, way: Way::Fed(text, value) }
    }

    /// Lets the program speak on our standard error, so that our standard output has nothing but
    /// what we say.
    fn show(&self, mut process: Process) -> Result<(), Error> {
        process.stdout(terminal::of_child());
        let status = process.status().map_err(|error| self.unstartable(error))?;
        self.succeeded(status)
    }

    /// Returns the output of the program, without the white space around it.
    fn ask(&self, process: Process) -> Result<String, Error> {
        self.ask_telling(process, "")
    }

    /// Returns the same of a program that reads a text.
    fn ask_telling(&self, mut process: Process, text: &str) -> Result<String, Error> {
        let stdin = if text.is_empty() { Stdio::inherit() } else { Stdio::piped() };
        process.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = process.spawn().map_err(|error| self.unstartable(error))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads nothing says why by itself.
            let _ = stdin.write_all(text.as_bytes());
        }
        let output = child.wait_with_output().map_err(|error| self.unstartable(error))?;
        self.succeeded(output.status)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn must_be(&self, is: bool, found: String, expected: &str) -> Result<(), Error> {
        if is {
            return Ok(());
        }
        let (expected, command) = (expected.to_owned(), self.command.to_string());
        Err(Error::Other { what: self.what, found, expected, command })
    }

    fn succeeded(&self, status: ExitStatus) -> Result<(), Error> {
        if status.success() {
            return Ok(());
        }
        Err(Error::Failed { what: self.what, status, command: self.command.to_string() })
    }

    fn unstartable(&self, source: io::Error) -> Error {
        Error::Unstartable { what: self.what, tool: self.command.tool.name(), source }
    }
}

/// Runs the steps until one fails, and returns the outputs that they captured.
///
/// # Errors
/// Which step failed, and how.
pub(crate) fn run(steps: &[Step], tools: &Tools) -> Result<Captured, Error> {
    let mut captured = Captured::new();
    for step in steps {
        let _busy = interruption::busy();
        // If standard error is closed, there is no reader.
        let _ = writeln!(terminal::messages(), "==> {}\n    {}", step.what, step.command);
        let process = || step.command.process(tools, &captured);
        match &step.way {
            Way::Shown => step.show(process()?)?,
            Way::Into(name) => {
                let printed = step.ask(process()?)?;
                captured.insert(name, printed);
            }
            Way::Until(expected) => {
                let since = Instant::now();
                loop {
                    let found = step.ask(process()?)?;
                    if found == *expected {
                        break;
                    }
                    if since.elapsed() > PATIENCE {
                        let (what, command) = (step.what, step.command.to_string());
                        let expected = *expected;
                        return Err(Error::TimedOut { what, found, expected, command });
                    }
                    sleep(PAUSE);
                    if interruption::is_wanted() {
                        break;
                    }
                }
            }
            Way::Is(word) => {
                let found = step.ask(process()?)?;
                let expected = word.value(&captured);
                step.must_be(found == expected, found, expected)?;
            }
            Way::Begins(start) => {
                let found = step.ask(process()?)?;
                step.must_be(found.starts_with(start), found, &format!("{start}…"))?;
            }
            Way::Fed(text, expected) => {
                let found = step.ask_telling(process()?, text)?;
                step.must_be(found == *expected, found, expected)?;
            }
        }
        if interruption::is_wanted() {
            return Err(Error::Stopped { what: step.what });
        }
    }
    Ok(captured)
}

/// Returns the output of a command, or `None` if it says that the resource does not exist.
///
/// # Errors
/// How else it failed, with what it said.
pub(crate) fn ask_if_there(step: &Step, tools: &Tools) -> Result<Option<String>, Error> {
    let output = step.command.process(tools, &Captured::new())?.stdin(Stdio::null()).output();
    let output = output.map_err(|error| step.unstartable(error))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("does not exist") {
        return Ok(None);
    }
    // If standard error is closed, there is no reader.
    let _ = terminal::messages().write_all(&output.stderr);
    step.succeeded(output.status)?;
    Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}
