//! How the checker came to a state, a line for each thing that happened.
//!
//! ```text
//! deliver 1..2 of shard 0                    A +0 @-  B +0 @-  acknowledged 0
//! [1..2] sends A 1..2 (+0): done             A +0 @2  B +0 @-  acknowledged 0
//! ```
//!
//! On the right is the state after it: each rollup item's amount and watermarks, and how many
//! records of each shard are acknowledged.

use std::fmt::Write as _;

use stateright::{Model, Path};

use crate::algebra::UpdateId;
use crate::history::{KEYS, Key, Number};
use crate::machine::{Action, AfterSilence, Protocol};
use crate::mapping::Batch;
use crate::state::{Invocation, State, Write};

/// The names of the rollup items.
const NAMES: [&str; KEYS] = ["A", "B"];
/// The width of what happened.
const COLUMN: usize = 58;

/// Says something to whoever runs the tests with `--nocapture`.
#[expect(clippy::print_stdout, reason = "a test says what it has found")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}

/// A path in lines.
pub(crate) fn lines(protocol: &Protocol, path: Path<State, Action>) -> String {
    let mut text = String::new();
    for (state, action) in path.into_vec() {
        let Some(action) = action else { continue };
        let next = protocol.next_state(&state, action).expect("every action leads on");
        let happened = happened(protocol, &state, action);
        let stored = stored(protocol, &next);
        writeln!(text, "  {happened:COLUMN$} {stored}").expect("a text grows");
    }
    text
}

fn happened(protocol: &Protocol, state: &State, action: Action) -> String {
    let batch = |invocation: usize| batch(protocol, &state.mapping.invocations[invocation]);
    let write = |invocation: usize, key: usize| {
        pending(protocol, state.mapping.invocations[invocation].writes[key])
    };
    match action {
        Action::Deliver(batch) => {
            let (first, last) = ends(protocol, batch);
            format!("deliver {first}..{last} of shard {}", batch.shard)
        }
        Action::Step { invocation, key } => {
            let outcome = outcome(protocol, state, invocation, key);
            format!("{} {}: {outcome}", batch(invocation), write(invocation, key))
        }
        Action::Fail { invocation, key } => {
            format!("{} {}: an error", batch(invocation), write(invocation, key))
        }
        Action::Lose { invocation, key, then } => {
            let then = match then {
                AfterSilence::Resend => "sent again",
                AfterSilence::Fail => "given up",
            };
            format!("{} {}: no response, {then}", batch(invocation), write(invocation, key))
        }
        Action::Arrive { request } => {
            format!("a late request {} arrives", update(protocol, state.requests[request]))
        }
        Action::Answer { invocation } => format!("{} answers", batch(invocation)),
        Action::Die { invocation } => format!("{} dies", batch(invocation)),
        Action::Forget { key, shard } => format!("{} forgets shard {shard}", NAMES[key]),
    }
}

/// What a step made of a write.
fn outcome(protocol: &Protocol, state: &State, invocation: usize, key: Key) -> String {
    let mut next = state.clone();
    protocol.step(&mut next, invocation, key);
    match next.mapping.invocations[invocation].writes[key] {
        Write::Sending(rest) => format!("{} is left", update(protocol, rest)),
        Write::Refused(_) => "refused".to_owned(),
        Write::Admitted(_) => "admitted".to_owned(),
        _ if state.items[key] == next.items[key] => "nothing is left".to_owned(),
        _ => "done".to_owned(),
    }
}

fn batch(protocol: &Protocol, at_work: &Invocation) -> String {
    let (first, last) = ends(protocol, at_work.batch);
    format!("[{first}..{last}]")
}

/// Returns the numbers of the first and the last record of a batch.
fn ends(protocol: &Protocol, Batch { shard, from, to }: Batch) -> (Number, Number) {
    let number = |index: u8| protocol.history.number(shard, usize::from(index));
    (number(from), number(to - 1))
}

fn pending(protocol: &Protocol, write: Write) -> String {
    match write {
        Write::Sending(id) => format!("sends {}", update(protocol, id)),
        Write::Refused(id) => format!("folds {} again", update(protocol, id)),
        Write::Admitted(id) => format!("goes on with {}", update(protocol, id)),
        done => format!("{done:?}"),
    }
}

fn update(protocol: &Protocol, id: UpdateId) -> String {
    let update = protocol.algebra.update(id);
    format!("{} {}..{} ({:+})", NAMES[update.key], update.first, update.last, update.amount)
}

fn stored(protocol: &Protocol, state: &State) -> String {
    let shards = 0..protocol.history.shards.len();
    let mut text = String::new();
    for (name, item) in NAMES.iter().zip(&state.items) {
        let watermarks: Vec<_> = item.watermarks[shards.clone()].iter().map(watermark).collect();
        write!(text, "{name} {:+} @{}  ", item.amount, watermarks.join(" ")).expect("a text grows");
    }
    let acknowledged: Vec<_> =
        state.mapping.shards[shards].iter().map(|shard| shard.checkpoint.to_string()).collect();
    text + "acknowledged " + &acknowledged.join(" ")
}

fn watermark(number: &Number) -> String {
    if *number == 0 { "-".to_owned() } else { number.to_string() }
}
