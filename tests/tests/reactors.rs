//! Reactors behind the real mapping: what comes again when one fails, and which changes each kind
//! of stream selects.

mod club;
mod failing;
mod kinds;
mod lowest;
