//! NDJSON: one JSON object a line. Empty lines are nothing.

use std::io::{self, BufRead, Read};

use super::{MAX_ROW_BYTES, Row};

/// The rows of NDJSON.
pub(super) struct Lines<R> {
    reader: R,
    line: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: 0, ended: false }
    }

    /// The next line, and of one that is too long its beginning; `None` at the end of the file.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        let limit = MAX_ROW_BYTES as u64 + 1;
        if self.reader.by_ref().take(limit).read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        if text.last() != Some(&b'\n') && text.len() > MAX_ROW_BYTES {
            self.reader.skip_until(b'\n')?;
        }
        Ok(Some(text))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while !self.ended {
            match self.next_line() {
                Ok(None) => self.ended = true,
                Ok(Some(text)) if text.len() > MAX_ROW_BYTES => {
                    return Some(Row::too_long(self.line));
                }
                Ok(Some(text)) if text.trim_ascii().is_empty() => {}
                Ok(Some(text)) => return Some(Row::of_json(self.line, text.trim_ascii_end())),
                Err(error) => {
                    self.ended = true;
                    return Some(Row::unreadable(self.line + 1, &error));
                }
            }
        }
        None
    }
}
