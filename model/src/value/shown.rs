//! JSON values in messages.

use std::io;

use serde_json::Value;

use crate::limits::MAX_SHOWN_CHARACTERS;
use crate::shorten::shortened;

/// Returns a JSON value as a message shows it, shortened.
pub fn shown(json: &Value) -> String {
    let mut written = Beginning(Vec::new());
    // What does not fit is cut off, so an error of the writer means that there is enough.
    let _ = serde_json::to_writer(&mut written, json);
    let text = String::from_utf8_lossy(&written.0);
    shortened(&text, MAX_SHOWN_CHARACTERS).into_owned()
}

/// The beginning of a text, which takes no more than a message can show of it.
struct Beginning(Vec<u8>);

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A character takes four bytes at most, and the first that is cut off shows that there is
        // more.
        let room = 4 * (MAX_SHOWN_CHARACTERS + 2) - self.0.len();
        self.0.extend_from_slice(&bytes[..room.min(bytes.len())]);
        if room == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(room.min(bytes.len())) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
