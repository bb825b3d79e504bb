//! One JSON array of objects, cut into its elements without reading it whole.
//!
//! The scanner knows as much of JSON as finding the end of an element takes: text in quotes, and the depth of brackets.
//! What an element holds is for the parser to judge, so one that is wrong inside is refused alone; one that never ends
//! ends the reading.

use std::io::{self, BufRead};

use super::{MAX_ROW_BYTES, Row};

/// The rows of a JSON array.
pub(super) struct Elements<R> {
    reader: R,
    /// The line of the next byte.
    line: u64,
    place: Place,
}

/// Where in the array the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before its `[`.
    Before,
    /// Where the first element, or the end, is expected.
    First,
    /// Where another element is expected.
    Next,
    /// Behind its `]`.
    Behind,
    /// Nothing more is read.
    Done,
}

/// How an element ended.
enum End {
    Comma,
    Bracket,
    File,
    TooLong,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, line: 1, place: Place::Before }
    }

    fn row(&mut self) -> io::Result<Option<Row>> {
        loop {
            match self.place {
                Place::Before => match self.next_solid()? {
                    Some(b'[') => self.place = Place::First,
                    found => return Ok(Some(self.stop("expected `[`", found))),
                },
                Place::First | Place::Next => {
                    if let Some(row) = self.element()? {
                        return Ok(Some(row));
                    }
                }
                Place::Behind => match self.next_solid()? {
                    None => self.place = Place::Done,
                    found => {
                        return Ok(Some(self.stop("expected nothing behind the array", found)));
                    }
                },
                Place::Done => return Ok(None),
            }
        }
    }

    /// The next element; `None` where the array turns out to be empty.
    fn element(&mut self) -> io::Result<Option<Row>> {
        self.skip_space()?;
        let line = self.line;
        let mut text = Vec::new();
        let end = self.scan(&mut text)?;
        let is_first = self.place == Place::First;
        self.place = match end {
            End::Comma => Place::Next,
            End::Bracket => Place::Behind,
            End::File | End::TooLong => Place::Done,
        };
        let text = text.trim_ascii_end();
        Ok(match end {
            End::Bracket if text.is_empty() && is_first => None,
            End::TooLong => Some(Row::too_long(line)),
            End::File => Some(self.stop("expected `]`", None)),
            _ if text.is_empty() => Some(Row::bad(line, "expected a JSON object, found nothing")),
            _ => Some(Row::of_json(line, text)),
        })
    }

    /// Reads an element, and the comma or bracket behind it.
    fn scan(&mut self, text: &mut Vec<u8>) -> io::Result<End> {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.next_byte()? {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b',' if depth == 0 => return Ok(End::Comma),
                b']' if depth == 0 => return Ok(End::Bracket),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if text.len() == MAX_ROW_BYTES {
                return Ok(End::TooLong);
            }
            text.push(byte);
        }
        Ok(End::File)
    }

    /// The next byte that is no white space.
    fn next_solid(&mut self) -> io::Result<Option<u8>> {
        self.skip_space()?;
        self.next_byte()
    }

    fn skip_space(&mut self) -> io::Result<()> {
        while self.reader.fill_buf()?.first().is_some_and(u8::is_ascii_whitespace) {
            self.next_byte()?;
        }
        Ok(())
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.reader.fill_buf()?.first().copied();
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.line += u64::from(byte == b'\n');
        }
        Ok(byte)
    }

    /// The last row: why there are no more.
    fn stop(&mut self, expected: &str, found: Option<u8>) -> Row {
        self.place = Place::Done;
        let found = match found {
            Some(byte) => format!("`{}`", byte.escape_ascii()),
            None => "the end of the file".to_owned(),
        };
        Row::bad(self.line, format!("{expected}, found {found}"))
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.row().unwrap_or_else(|error| {
            self.place = Place::Done;
            Some(Row::unreadable(self.line, &error))
        })
    }
}
