//! The examples: their tours, and what holds of them whatever many do at once and however it is
//! delivered.

mod auth;
mod github;
mod notes;
mod thank_you_cards;

/// Seeds of the random histories.
const SEEDS: std::ops::Range<u64> = 0..2;
