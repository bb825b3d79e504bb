//! One JSON array of objects, cut into its elements without reading it whole.
//!
//! The scanner knows as much of JSON as finding the end of an element takes: text in quotes, and
//! the depth of brackets. What an element holds is for the parser to judge, so one that is wrong
//! inside is rejected alone. An element without an end, and a line that ends inside a text, which
//! JSON does not allow, end the reading: nothing after them has a sure place.

use std::io::{self, BufRead};

use super::text::{Text, ends_line};
use super::{MAX_ROW_BYTES, Row};

/// The rows of a JSON array.
pub(super) struct Elements<R> {
    text: Text<R>,
    stage: Stage,
}

/// Where in the array the scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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
    /// The end of a line in a text.
    Line,
    TooLong,
}

impl<R: BufRead> Elements<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { text: Text::new(reader), stage: Stage::Before }
    }

    fn row(&mut self) -> io::Result<Option<Row>> {
        loop {
            match self.stage {
                Stage::Before => match self.next_solid()? {
                    Some(b'[') => self.stage = Stage::First,
                    found => return Ok(Some(self.stop("expected `[`", found))),
                },
                Stage::First | Stage::Next => {
                    if let Some(row) = self.element()? {
                        return Ok(Some(row));
                    }
                }
                Stage::Behind => match self.next_solid()? {
                    None => self.stage = Stage::Done,
                    found => {
                        return Ok(Some(self.stop("expected nothing behind the array", found)));
                    }
                },
                Stage::Done => return Ok(None),
            }
        }
    }

    /// Returns the next element; `None` where the array turns out to be empty.
    fn element(&mut self) -> io::Result<Option<Row>> {
        self.text.skip_space()?;
        let begin = self.text.place();
        let mut text = Vec::new();
        let end = self.scan(&mut text)?;
        let is_first = self.stage == Stage::First;
        self.stage = match end {
            End::Comma => Stage::Next,
            End::Bracket => Stage::Behind,
            End::File | End::Line | End::TooLong => Stage::Done,
        };
        let text = text.trim_ascii_end();
        Ok(match end {
            End::Bracket if text.is_empty() && is_first => None,
            End::TooLong => Some(Row::too_long(begin.line).last()),
            End::File if text.is_empty() => Some(self.stop("expected `]`", None)),
            End::File => {
                let reason =
                    "expected `]` after the element that begins here, found the end of the file";
                Some(Row::bad(begin.line, reason))
            }
            End::Line => Some(Row::of_json(begin, text).last()),
            _ if text.is_empty() => {
                Some(Row::bad(begin.line, "expected a JSON object, found nothing"))
            }
            _ => Some(Row::of_json(begin, text)),
        })
    }

    /// Reads an element, and the comma or bracket behind it.
    fn scan(&mut self, text: &mut Vec<u8>) -> io::Result<End> {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        while let Some(byte) = self.text.next()? {
            if quoted && ends_line(byte) {
                return Ok(End::Line);
            }
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

    /// Returns the next byte that is not white space.
    fn next_solid(&mut self) -> io::Result<Option<u8>> {
        self.text.skip_space()?;
        self.text.next()
    }

    /// Returns the last row: why there are no more.
    fn stop(&mut self, expected: &str, found: Option<u8>) -> Row {
        self.stage = Stage::Done;
        let line = self.text.place().line;
        match found {
            Some(byte) => {
                Row::bad(line, format!("{expected}, found `{}`", byte.escape_ascii())).last()
            }
            None => Row::bad(line, format!("{expected}, found the end of the file")),
        }
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.row().unwrap_or_else(|error| {
            self.stage = Stage::Done;
            Some(Row::unreadable(self.text.place().line, &error))
        })
    }
}
