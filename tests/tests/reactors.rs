//! Reactors behind the real mapping: what comes again when one fails, and which changes each kind
//! of stream selects.

#[path = "reactors/club.rs"]
mod club;
#[path = "reactors/failing.rs"]
mod failing;
#[path = "reactors/kinds.rs"]
mod kinds;
#[path = "reactors/lowest.rs"]
mod lowest;
