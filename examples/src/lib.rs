//! Programs that use the crates.
