//! The way to a state, in lines.

use stateright::Path;

use super::machine::Action;
use super::state::State;

/// Returns a line for each action of a path.
pub(super) fn lines(path: Path<State, Action>) -> String {
    let steps = path.into_vec().into_iter().filter_map(|(_, action)| action);
    steps.map(|action| format!("  {action:?}\n")).collect()
}
