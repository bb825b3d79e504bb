//! The state of one connection: which part of a request it is at, since when, and until when it may
//! stay there.
//!
//! ```text
//! Idle ──first byte──► Header ──whole header──► Body ──whole body──► Answering
//! Answering ──whole answer──► Idle
//!  idle                header                   body                 none
//! ```
//!
//! A client that reads nothing of its answer has a time limit of its own, in every phase.
//!
//! **Invariant:** a connection that waits for its client has a deadline.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::limits::Limits;

/// Where a connection is in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between two requests, or before the first one.
    Idle,
    /// A part of a header has arrived.
    Header,
    /// The header is whole, the body is not and the application may read it.
    Body,
    /// The request is whole or the rest of it is not read, and the answer is not whole.
    Answering,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// When bytes were last read or written.
    moved: Instant,
    /// Since when the client does not take more of its answer.
    blocked: Option<Instant>,
}

/// The state of a connection, which its reads, its writes and its requests change.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

impl Activity {
    /// Returns the state of a connection that was just accepted.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self(Mutex::new(State { phase: Phase::Idle, since: now, moved: now, blocked: None }))
    }

    /// Notes that bytes arrived.
    pub(super) fn received(&self) {
        let mut state = self.lock();
        state.moved = Instant::now();
        if state.phase == Phase::Idle {
            state.enter(Phase::Header);
        }
    }

    /// Notes that bytes were written, or that the client does not take them.
    pub(super) fn wrote(&self, is_blocked: bool) {
        let mut state = self.lock();
        let now = Instant::now();
        match is_blocked {
            true => state.blocked = state.blocked.or(Some(now)),
            false => (state.blocked, state.moved) = (None, now),
        }
    }

    /// Notes that the header of a request is whole.
    pub(super) fn began_body(&self) {
        self.lock().enter(Phase::Body);
    }

    /// Notes that the body of a request is whole, or that no more of it is read.
    pub(super) fn ended_body(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Body {
            state.enter(Phase::Answering);
        }
    }

    /// Notes that the answer to a request is whole.
    pub(super) fn answered(&self) {
        self.lock().enter(Phase::Idle);
    }

    /// Returns when the connection is to be closed, unless something happens before. The time-out
    /// of a body is an answer (408), which `TimedBody` gives.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let state = self.lock();
        let of_phase = match state.phase {
            Phase::Idle => Some(state.moved.max(state.since) + limits.idle),
            Phase::Header => Some(state.since + limits.header),
            Phase::Body | Phase::Answering => None,
        };
        let of_answer = state.blocked.map(|since| since + limits.body);
        of_phase.into_iter().chain(of_answer).min()
    }

    /// Returns since when nothing was read or written, unless an answer is due.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.phase != Phase::Answering).then_some(state.moved)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }
}
