//! The inputs of a write from the world: the time, and random bytes.

use uuid::Uuid;
use weir_model::WriteContext;

/// The time and the random bytes of a write.
pub fn fresh() -> WriteContext {
    WriteContext { now: jiff::Timestamp::now(), random: random_bytes }
}

/// Sixteen random bytes. A random UUID has ten fixed bits in two of its bytes, which are taken from
/// another.
fn random_bytes() -> [u8; 16] {
    let (mut bytes, others) = (Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes());
    (bytes[6], bytes[8]) = (others[0], others[1]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_have_no_fixed_bits() {
        let many: Vec<_> = (0..200).map(|_| random_bytes()).collect();
        let bits =
            |position: usize| (many.iter().map(|bytes| bytes[position])).collect::<Vec<u8>>();
        for position in 0..16 {
            assert_eq!(bits(position).iter().fold(0, |or, byte| or | byte), 0xff, "{position}");
            assert_eq!(bits(position).iter().fold(0xff, |and, byte| and & byte), 0, "{position}");
        }
    }
}
