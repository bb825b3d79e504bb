//! Chance, all of it from one seed.
//!
//! Each part of a world throws dice of its own, so that a change to one part leaves what the others
//! do as it was.
//!
//! **Invariant:** the same seed and purpose give the same throws, on every machine.

use std::ops::RangeInclusive;
use std::time::Duration;

/// The denominator of probabilities.
const MILLE: u32 = 1000;
/// FNV-1a's offset basis and prime: they spread purposes over the seeds of generators.
const FNV: (u64, u64) = (0xCBF2_9CE4_8422_2325, 0x0000_0100_0000_01B3);

/// The dice of one part of a world.
#[derive(Clone, Debug)]
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    /// Returns the dice of a world for a purpose.
    pub(crate) fn new(seed: u64, purpose: &str) -> Self {
        let (basis, prime) = FNV;
        let bytes = seed.to_le_bytes().into_iter().chain(purpose.bytes());
        let mixed = bytes.fold(basis, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(prime));
        Self(fastrand::Rng::with_seed(mixed))
    }

    /// Returns whether something happens that does so many times in a thousand.
    pub(crate) fn happens(&mut self, per_mille: u32) -> bool {
        self.0.u32(0..MILLE) < per_mille
    }

    /// Returns a number from a range.
    pub(crate) fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        self.0.usize(range)
    }

    /// One of several.
    pub(crate) fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.0.usize(0..of.len())].clone()
    }

    /// Returns a time in milliseconds.
    pub(crate) fn millis(&mut self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.0.u64(range))
    }
}
