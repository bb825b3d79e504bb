//! A package of Node over a table of a test, driven by the lines that `tests/interop/serve.mjs`
//! describes.
//!
//! The packages are installed by `scripts/interop fetch`. Where they are not, a test that wants one
//! skips itself and says so.
//!
//! **Invariant:** the program is killed, and waited for, when its value is dropped.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, Once, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The file that npm writes when it has installed everything.
const INSTALLED: &str = "node_modules/.package-lock.json";
/// Says that the SDK need not warn of the version of Node.
const NO_WARNINGS: (&str, &str) = ("NODE_NO_WARNINGS", "1");

/// That they are not is said once.
static SAID: Once = Once::new();

/// A package that runs.
#[derive(Clone, Debug)]
pub struct Package {
    name: &'static str,
    program: Arc<Mutex<Program>>,
}

/// The program and its pipes.
#[derive(Debug)]
struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// An error that a package has thrown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thrown {
    /// The name of the error's class.
    pub name: String,
    /// Its message.
    pub message: String,
}

impl Package {
    /// Starts a program of `tests/interop` over a table; `None` where the packages are not
    /// installed, after saying so.
    ///
    /// # Panics
    /// When they are, and Node is not there.
    pub fn start(name: &'static str, endpoint: &str, table: &str) -> Option<Self> {
        let folder = folder();
        if !folder.join(INSTALLED).exists() {
            SAID.call_once(|| {
                say("skipped: the packages are not installed; scripts/interop does it")
            });
            return None;
        }
        let mut command = Command::new("node");
        command.arg(folder.join(name).with_extension("mjs")).args([endpoint, table]);
        command.env(NO_WARNINGS.0, NO_WARNINGS.1);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let program = Arc::new(Mutex::new(Program { child, input, output }));
        Some(Self { name, program })
    }

    /// Has a command done.
    ///
    /// # Panics
    /// When the package throws an error.
    pub async fn run(&self, command: Value) -> Value {
        let answer = self.attempt(command.clone()).await;
        answer.unwrap_or_else(|thrown| panic!("{}: {command}: {thrown:?}", self.name))
    }

    /// Has a command tried.
    ///
    /// # Errors
    /// The error that the package throws.
    pub async fn attempt(&self, command: Value) -> Result<Value, Thrown> {
        let program = Arc::clone(&self.program);
        let name = self.name;
        let answer = tokio::task::spawn_blocking(move || {
            program.lock().unwrap_or_else(PoisonError::into_inner).answer(name, &command)
        });
        let mut answer = answer.await.expect("an answer");
        if answer["error"].is_null() {
            return Ok(plain(answer["ok"].take()));
        }
        let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
        Err(Thrown { name: text("name"), message: text("message") })
    }
}

impl Program {
    fn answer(&mut self, name: &str, command: &Value) -> Value {
        writeln!(self.input, "{command}").unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        assert!(read.is_ok_and(|bytes| bytes > 0), "{name} has ended; what it said is above");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{name}: {error}: {line}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a set, as a command gives it.
pub fn set<T: Into<Value>>(members: impl IntoIterator<Item = T>) -> Value {
    json!({ "$set": members.into_iter().map(Into::into).collect::<Vec<Value>>() })
}

/// Returns a whole number of more digits than JavaScript's own hold, as a command gives it.
pub fn whole(digits: &str) -> Value {
    json!({ "$number": digits })
}

/// Returns an answer with the values that JSON has no words for as Weir has them: sets sorted,
/// numbers with all their digits.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(members) => members.into_iter().map(plain).collect(),
        Value::Object(mut members) => match only(&members) {
            Some("$set") => sorted(members["$set"].take()),
            Some("$number") => {
                let digits = members["$number"].as_str().expect("digits");
                serde_json::from_str(digits).expect("a number")
            }
            Some("$bytes") => {
                let text = members["$bytes"].take();
                let bytes = STANDARD.decode(text.as_str().expect("base64")).expect("base64");
                Value::String(STANDARD.encode(bytes))
            }
            _ => members.into_iter().map(|(name, member)| (name, plain(member))).collect(),
        },
        other => other,
    }
}

fn only(members: &Map<String, Value>) -> Option<&str> {
    let mut names = members.keys();
    names.next().map(String::as_str).filter(|_| names.next().is_none())
}

fn sorted(members: Value) -> Value {
    let Value::Array(mut members) = members else { panic!("a set of {members}") };
    members = members.into_iter().map(plain).collect();
    members.sort_by(|one, other| match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.to_string().cmp(&other.to_string()),
    });
    Value::Array(members)
}

/// Prints a message to the person who runs the tests: the output of a test is hidden unless it
/// fails.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}
