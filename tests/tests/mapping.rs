//! The local event source mapping: what was written is delivered, at least once and in order,
//! whatever the handler does and whenever the mapping is stopped.

#[path = "mapping/delivery.rs"]
mod delivery;
#[path = "mapping/disposal.rs"]
mod disposal;
#[path = "mapping/events.rs"]
mod events;
#[path = "mapping/filters.rs"]
mod filters;
#[path = "mapping/leases.rs"]
mod leases;
#[path = "mapping/seen.rs"]
mod seen;
#[path = "mapping/shards.rs"]
mod shards;
#[path = "mapping/stopping.rs"]
mod stopping;
#[path = "mapping/streams.rs"]
mod streams;
#[path = "mapping/windows.rs"]
mod windows;
