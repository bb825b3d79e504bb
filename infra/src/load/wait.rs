//! Waits until the rollups have counted the rows of a load.
//!
//! ```text
//! GET /rollups ──► now                the rows were written before it
//!              └─► complete_through   until it is at or after that
//! ```
//!
//! A reader knows `complete_through` where the local event source mapping runs, in `weir dev` and
//! in a container. On Lambda no process knows all shards; `weir load` prints that and does not
//! wait.

use std::io::Write;
use std::thread::sleep;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Deserialize;

use crate::client::{Client, Error};

/// Where it is asked.
const PATH: &str = "/rollups";
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a processor that has just started may take to say how far it is.
const GRACE: Duration = Duration::from_secs(3);
/// How long nothing may be counted before waiting ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far the rollups of a service have counted.
#[derive(Debug, Deserialize)]
pub(super) struct Counted {
    rollups: Vec<Rollup>,
    now: Option<Timestamp>,
    complete_through: Option<Timestamp>,
    records_counted: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Rollup {
    state: Option<String>,
}

/// How waiting ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WaitOutcome {
    /// Every row is counted.
    Counted,
    /// There is nothing to wait for; the reason, where there is one to print.
    Nothing(Option<String>),
    /// Nothing was counted for a minute; about so many changes are still to come, where that is
    /// known.
    Stalled(Option<u64>),
}

/// Asks how far the rollups have counted; `None` where the service does not say.
pub(super) fn counted(client: &Client) -> Option<Counted> {
    client.get(PATH, &[]).ok().and_then(|answer| serde_json::from_value(answer).ok())
}

/// Waits until the rollups have counted everything written before now. `before` is how far they had
/// counted before `written` rows were written.
///
/// # Errors
/// If the service cannot be asked any more.
pub(super) fn wait(
    client: &Client,
    before: Option<&Counted>,
    written: u64,
    messages: &mut impl Write,
) -> Result<WaitOutcome, Error> {
    let asked = Instant::now();
    let first = loop {
        let Some(first) = counted(client) else {
            let reason = "the service does not list its rollups, so it is not known when they \
                          count the rows";
            return Ok(WaitOutcome::Nothing(Some(reason.to_owned())));
        };
        match first.nothing_to_wait_for() {
            None => break first,
            Some(_) if first.is_unknown() && asked.elapsed() < GRACE => sleep(PAUSE),
            Some(nothing) => return Ok(nothing),
        }
    };
    let written_by = first.now.unwrap_or_else(Timestamp::now);
    let begun = before.and_then(|before| before.records_counted);
    let to_come = |counted: &Counted| {
        let since = counted.records_counted?.saturating_sub(begun?);
        Some(written.saturating_sub(since))
    };
    let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is constant");
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(PAUSE);
    let (mut known, mut changed_at) = (first, Instant::now());
    let mut is_announced = false;
    let waited = loop {
        if known.complete_through.is_some_and(|through| through >= written_by) {
            break WaitOutcome::Counted;
        }
        if changed_at.elapsed() > PATIENCE {
            break WaitOutcome::Stalled(to_come(&known));
        }
        let message = match to_come(&known) {
            Some(changes) => format!("about {changes} changes are still to be counted"),
            None => "changes are still to be counted".to_owned(),
        };
        if !is_announced && bar.is_hidden() {
            // Where it cannot be written, there is no reader.
            drop(writeln!(messages, "{message}; waiting (--no-wait does not)"));
            is_announced = true;
        }
        bar.set_message(message);
        sleep(PAUSE);
        let next = match client.get(PATH, &[]) {
            Ok(answer) => serde_json::from_value::<Counted>(answer)
                .map_err(|error| client.strange(PATH, &error.to_string()))?,
            Err(Error::Busy { .. }) => continue,
            Err(error) => return Err(error),
        };
        if next.complete_through != known.complete_through
            || next.records_counted != known.records_counted
        {
            changed_at = Instant::now();
        }
        known = next;
    };
    bar.finish_and_clear();
    Ok(waited)
}

impl Counted {
    /// Returns whether rollups count, and how far is not known.
    fn is_unknown(&self) -> bool {
        self.is_any_ready() && self.complete_through.is_none()
    }

    fn is_any_ready(&self) -> bool {
        self.rollups.iter().any(|rollup| rollup.state.as_deref() == Some("ready"))
    }

    fn nothing_to_wait_for(&self) -> Option<WaitOutcome> {
        if self.rollups.is_empty() {
            return Some(WaitOutcome::Nothing(None));
        }
        if !self.is_any_ready() {
            let reason = "no rollup counts the rows: GET /rollups has the reasons";
            return Some(WaitOutcome::Nothing(Some(reason.to_owned())));
        }
        if self.complete_through.is_none() {
            let reason = "the service does not know how far its rollups have counted (on Lambda \
                          it never does), so the rows may not be in answers yet";
            return Some(WaitOutcome::Nothing(Some(reason.to_owned())));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nothing(answer: serde_json::Value) -> Option<WaitOutcome> {
        serde_json::from_value::<Counted>(answer).expect("an answer").nothing_to_wait_for()
    }

    #[test]
    fn nothing_is_waited_for_where_nothing_counts_or_nobody_knows() {
        let ready = json!([{ "state": "unbuilt" }, { "state": "ready" }]);
        let through = "2026-11-29T20:00:00Z";
        let known = json!({ "rollups": ready, "complete_through": through, "records_counted": 7 });
        assert_eq!(nothing(known), None);
        assert_eq!(nothing(json!({ "rollups": [] })), Some(WaitOutcome::Nothing(None)));
        for (answer, expected) in [
            (
                json!({ "rollups": [{ "state": "unbuilt" }], "complete_through": through }),
                "no rollup",
            ),
            (json!({ "rollups": ready, "complete_through": null }), "does not know"),
        ] {
            match nothing(answer) {
                Some(WaitOutcome::Nothing(Some(reason))) => {
                    assert!(reason.contains(expected), "{reason}")
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
