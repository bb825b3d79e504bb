//! NDJSON: one JSON object a line. Lines of white space are skipped.

use std::io::{self, BufRead};

use super::text::{Place, Text, ends_line};
use super::{MAX_ROW_BYTES, Row};

/// The rows of NDJSON.
pub(super) struct Lines<R> {
    text: Text<R>,
    ended: bool,
}

/// A line without its end.
struct Line {
    place: Place,
    text: Vec<u8>,
    is_too_long: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { text: Text::new(reader), ended: false }
    }

    /// Returns the next line, of a line that is too long its beginning; `None` at the end of the
    /// file.
    fn next_line(&mut self) -> io::Result<Option<Line>> {
        let place = self.text.place();
        if self.text.peek()?.is_none() {
            return Ok(None);
        }
        let mut line = Line { place, text: Vec::new(), is_too_long: false };
        while let Some(byte) = self.text.next()? {
            if ends_line(byte) {
                self.text.end_line()?;
                break;
            }
            if line.text.len() < MAX_ROW_BYTES {
                line.text.push(byte);
            } else {
                line.is_too_long = true;
            }
        }
        Ok(Some(line))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while !self.ended {
            match self.next_line() {
                Ok(None) => self.ended = true,
                Ok(Some(line)) if line.is_too_long => return Some(Row::too_long(line.place.line)),
                Ok(Some(line)) if line.text.trim_ascii().is_empty() => {}
                Ok(Some(line)) => return Some(Row::of_json(line.place, &line.text)),
                Err(error) => {
                    self.ended = true;
                    return Some(Row::unreadable(self.text.place().line, &error));
                }
            }
        }
        None
    }
}
