//! A plain server and clients that mean harm, over TCP: slow ones, many of them, and pages of other
//! sites.
//!
//! Time is virtual where a test waits: it passes at once when nothing can happen before the next
//! deadline.

mod crowds;
mod foreign;
mod gone;
mod served;
mod slow;
