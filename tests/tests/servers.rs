//! A plain server and clients that mean harm, over TCP: slow ones, many of them, and pages of other
//! sites.
//!
//! Time is virtual where a test waits: it passes at once when nothing can happen before the next
//! deadline.

#[path = "servers/crowds.rs"]
mod crowds;
#[path = "servers/foreign.rs"]
mod foreign;
#[path = "servers/gone.rs"]
mod gone;
#[path = "servers/served.rs"]
mod served;
#[path = "servers/slow.rs"]
mod slow;
