//! The local event source mapping: what was written is delivered, at least once and in order,
//! whatever the handler does and whenever the mapping is stopped.

mod delivery;
mod disposal;
mod events;
mod filters;
mod leases;
mod seen;
mod shards;
mod stopping;
mod streams;
mod windows;
