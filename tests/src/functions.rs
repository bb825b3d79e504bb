//! Functions as Lambda holds them: a built binary, an environment, a time-out, and one process at a
//! time.
//!
//! ```text
//! invoke ─► process, started if there is none ─► Runtime API ─► answer
//!                │                                      │
//!                └─ ends: Runtime.ExitError             └─ none by the deadline: killed,
//!                                                           Sandbox.Timedout
//! ```
//!
//! | as on Lambda | otherwise |
//! |---|---|
//! | the environment is cleared to what Lambda gives and the template adds | a process is not frozen between invocations |
//! | one invocation at a time for a process, and a process lives on after an error | a second invocation waits, instead of a second process |
//! | a process that was killed or ended is followed by a fresh one | a start may take long, as test machines are slow |
//!
//! **Invariant:** each invocation of a function gets its answer or an error named as Lambda names
//! it.

mod binary;
mod error;
pub mod start_up;

pub use binary::Binary;
pub use error::FunctionError;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Mutex as AsyncMutex;

use self::error::{exit, init, own, timed_out, too_large};
use self::start_up::Started;
use crate::process::Process;
use crate::running::PATIENCE;
use crate::runtime_api::{Invocation, MAX_PAYLOAD_BYTES, Outcome, RuntimeApi};

/// How often to look again.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// The names and values of an environment.
pub type Variables = BTreeMap<String, String>;

/// A function, ready to be invoked.
#[derive(Debug)]
pub struct Function {
    name: String,
    binary: Binary,
    variables: Variables,
    timeout: Duration,
    environment: AsyncMutex<Option<Environment>>,
    /// Every process so far, and how long its start took.
    started: Mutex<Vec<(Arc<Process>, Started)>>,
}

/// A process and the API that it speaks to; the process is killed when dropped.
#[derive(Debug)]
struct Environment {
    process: Arc<Process>,
    api: RuntimeApi,
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.process.kill();
    }
}

impl Function {
    /// Returns the function of this crate of the workspace.
    pub fn start(name: &str, variables: &Variables, timeout: Duration) -> Self {
        Self::from_binary(Binary::named(name), variables, timeout)
    }

    /// Returns the function that a program is.
    pub fn from_binary(binary: Binary, variables: &Variables, timeout: Duration) -> Self {
        let name = binary.name().to_owned();
        let variables = variables.clone();
        let (environment, started) = (AsyncMutex::default(), Mutex::default());
        Self { name, binary, variables, timeout, environment, started }
    }

    /// Invokes it, after whatever it is doing now.
    ///
    /// # Errors
    /// Returns the response of the function, or its error.
    pub async fn invoke(&self, payload: Vec<u8>) -> Result<Vec<u8>, FunctionError> {
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(error::request_too_large(payload.len()));
        }
        let mut slot = self.environment.lock().await;
        // Taken, so that the process is killed when its caller gives up.
        let environment = match slot.take() {
            Some(environment) => environment,
            None => self.initialise().await?,
        };
        let (answer, lives) = self.ask(&environment, payload).await;
        *slot = lives.then_some(environment);
        answer
    }

    /// Returns how long the start of each process took.
    pub fn started(&self) -> Vec<Started> {
        self.processes().iter().map(|(_, started)| *started).collect()
    }

    /// Returns the output of its processes.
    pub fn log(&self) -> String {
        let logs =
            self.processes().iter().map(|(process, _)| process.log.text()).collect::<Vec<_>>();
        logs.join("\n")
    }

    /// Kills its process in the middle of what it does, as Lambda does to one that takes too much
    /// memory.
    pub fn kill(&self) {
        let last = self.processes().last().map(|(process, _)| Arc::clone(process));
        assert!(last.is_some_and(|process| process.kill()), "it does not run");
    }

    /// Waits until one of its processes has said a line that holds this.
    ///
    /// # Panics
    /// When patience ends before.
    pub async fn says(&self, wanted: &str) {
        let asked = Instant::now();
        while !self.log().contains(wanted) {
            assert!(asked.elapsed() < PATIENCE, "it does not say `{wanted}`:\n{}", self.log());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Starts a process and waits until it asks for an event.
    async fn initialise(&self) -> Result<Environment, FunctionError> {
        let path = self.binary.path();
        let api = RuntimeApi::serve().await;
        let mut command = Command::new(path);
        command.env_clear().envs(lambda_variables(&self.name, &api)).envs(&self.variables);
        let began = Instant::now();
        let process = Arc::new(Process::start(command));
        let environment = Environment { process: Arc::clone(&process), api };
        let outcome = tokio::select! {
            biased;
            () = environment.api.is_ready() => Ok(()),
            answer = environment.api.answer() => Err(init(answer)),
            status = environment.process.ended() => Err(exit(None, status)),
            () = tokio::time::sleep(PATIENCE) => Err(timed_out(None, PATIENCE)),
        };
        let started = Started { init: began.elapsed(), first_answer: None };
        self.processes().push((process, started));
        outcome.map(|()| environment)
    }

    /// Hands over an event and waits for what becomes of it; says whether the process may get
    /// another.
    async fn ask(
        &self,
        environment: &Environment,
        payload: Vec<u8>,
    ) -> (Result<Vec<u8>, FunctionError>, bool) {
        let Environment { process, api } = environment;
        let (id, began) = (request_id(), Instant::now());
        let invocation = Invocation {
            request_id: id.clone(),
            function_arn: format!("arn:aws:lambda:us-east-1:123456789012:function:{}", self.name),
            deadline: SystemTime::now() + self.timeout,
            payload,
        };
        api.deliver(invocation).await;
        tokio::select! {
            biased;
            answer = api.answer() => {
                self.answered(began.elapsed());
                let answer = match answer {
                    Outcome::Response(body) => Ok(body.to_vec()),
                    Outcome::TooLarge(bytes) => Err(too_large(bytes)),
                    Outcome::Error(body) | Outcome::InitError(body) => Err(own(&body)),
                };
                (answer, true)
            }
            status = process.ended() => (Err(exit(Some(&id), status)), false),
            () = tokio::time::sleep(self.timeout) => {
                process.kill();
                (Err(timed_out(Some(&id), self.timeout)), false)
            }
        }
    }

    /// Notes how long the first answer of a process took.
    fn answered(&self, elapsed: Duration) {
        if let Some((_, started)) = self.processes().last_mut() {
            started.first_answer.get_or_insert(elapsed);
        }
    }

    fn processes(&self) -> MutexGuard<'_, Vec<(Arc<Process>, Started)>> {
        self.started.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the variables that Lambda sets for a custom runtime.
fn lambda_variables(name: &str, api: &RuntimeApi) -> Variables {
    let variables = [
        ("AWS_LAMBDA_RUNTIME_API", api.address.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/test/{name}")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0".to_owned()),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO".to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LAMBDA_TASK_ROOT", "/var/task".to_owned()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Returns a UUID, as Lambda names invocations.
fn request_id() -> String {
    let hex = format!("{:032x}", fastrand::u128(..));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
