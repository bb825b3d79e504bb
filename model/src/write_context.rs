//! The time and the random bytes of a write, which the pure crates do not read themselves.

use jiff::Timestamp;

/// The inputs of a write that are different each time: the time and random bytes.
#[derive(Clone, Copy, Debug)]
pub struct WriteContext {
    /// The time of the write.
    pub now: Timestamp,
    /// Makes sixteen random bytes.
    pub random: fn() -> [u8; 16],
}

impl WriteContext {
    /// The context of values that are not stored: the epoch, and zeros for random bytes.
    pub const NONE: Self = Self { now: Timestamp::UNIX_EPOCH, random: || [0; 16] };
}
