//! Numbers and texts as the files of a build have them.
//!
//! Numbers are LEB128, signed ones zigzag; a text is its length and its bytes.
//!
//! **Invariant:** what is read is what was written, and anything else is `None`.

/// Appends a text: its length, then its bytes.
pub(crate) fn write_text(text: &str, to: &mut Vec<u8>) {
    write_number(text.len() as u128, to);
    to.extend_from_slice(text.as_bytes());
}

/// Reads a text.
pub(crate) fn read_text(bytes: &mut &[u8]) -> Option<String> {
    String::from_utf8(read_bytes(bytes)?.to_owned()).ok()
}

/// Reads the bytes of a text.
pub(crate) fn read_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = read_size(bytes)?;
    take(bytes, length)
}

/// Takes so many bytes.
pub(crate) fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Reads a byte.
pub(crate) fn read_byte(bytes: &mut &[u8]) -> Option<u8> {
    take(bytes, 1).map(|byte| byte[0])
}

/// Appends a signed number.
pub(crate) fn write_signed(number: i128, to: &mut Vec<u8>) {
    write_number(((number << 1) ^ (number >> 127)) as u128, to);
}

/// Reads a signed number.
pub(crate) fn read_signed(bytes: &mut &[u8]) -> Option<i128> {
    let number = read_number(bytes)?;
    Some((number >> 1) as i128 ^ -((number & 1) as i128))
}

/// Appends a number.
pub(crate) fn write_number(mut number: u128, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// Reads a number that is a size.
pub(crate) fn read_size(bytes: &mut &[u8]) -> Option<usize> {
    usize::try_from(read_number(bytes)?).ok()
}

/// Reads a number.
pub(crate) fn read_number(bytes: &mut &[u8]) -> Option<u128> {
    let mut number = 0_u128;
    for shift in (0..128).step_by(7) {
        let byte = read_byte(bytes)?;
        number |= u128::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_number_is_read_as_it_was_written(number in any::<i128>()) {
            let mut bytes = Vec::new();
            write_signed(number, &mut bytes);
            prop_assert_eq!(read_signed(&mut &bytes[..]), Some(number));
        }
    }
}
