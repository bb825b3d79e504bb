//! The examples: their tours, and what holds of them whatever many do at once and however it is
//! delivered.

#[path = "examples/auth.rs"]
mod auth;
#[path = "examples/github.rs"]
mod github;
#[path = "examples/notes.rs"]
mod notes;
#[path = "examples/thank_you_cards.rs"]
mod thank_you_cards;

/// Seeds of the random histories.
const SEEDS: std::ops::Range<u64> = 0..2;
