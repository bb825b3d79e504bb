//! A part of the system: a task that runs until it is asked to stop.

use std::future::{Future, pending};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Error;

/// A running task that can be asked to stop. Dropping it asks it too.
pub(super) struct Part {
    name: &'static str,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<Result<(), String>>>,
}

impl Part {
    /// Starts a task; what it is given resolves when it is to stop.
    pub(super) fn start<F>(name: &'static str, run: impl FnOnce(Stop) -> F) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let (stop, requested) = watch::channel(false);
        Self { name, stop, task: Some(tokio::spawn(run(Stop(requested)))) }
    }

    /// Waits until it ends without a request to stop, and returns why.
    pub(super) async fn broken(&mut self) -> Error {
        let Some(task) = &mut self.task else { return pending().await };
        let ended = task.await;
        self.task = None;
        let reason = match ended {
            Ok(Ok(())) => "nobody told it to".to_owned(),
            Ok(Err(reason)) => reason,
            Err(error) => error.to_string(),
        };
        Error::Ended { part: self.name, reason }
    }

    /// Tells it to stop and waits until it has finished what it has begun.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        let Some(task) = self.task.take() else { return Ok(()) };
        let ended = task.await.unwrap_or_else(|error| Err(error.to_string()));
        ended.map_err(|reason| Error::Ended { part: self.name, reason })
    }
}

/// The request to stop, for which a part waits.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Resolves when the part is to stop.
    pub(super) async fn requested(mut self) {
        // An error means that the part was dropped.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
