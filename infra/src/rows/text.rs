//! The bytes of a file, one at a time, each with the line and the column that an editor shows.
//!
//! A line ends with a line feed, with a carriage return, or with both. Columns are counted in
//! characters, from 1.

use std::io::{self, BufRead, ErrorKind};

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The line, from 1.
    pub(super) line: u64,
    /// The character of the line, from 1.
    pub(super) column: u64,
    /// Whether the byte before is a carriage return, so that a line feed ends no other line.
    is_behind_return: bool,
}

impl Place {
    /// The beginning of a text.
    pub(super) const FIRST: Self = Self { line: 1, column: 1, is_behind_return: false };

    /// Moves behind a byte of UTF-8 text.
    pub(super) fn pass(&mut self, byte: u8) {
        match byte {
            b'\n' if self.is_behind_return => {}
            b'\r' | b'\n' => (self.line, self.column) = (self.line + 1, 1),
            0x80..=0xBF => {} // the rest of a character
            _ => self.column += 1,
        }
        self.is_behind_return = byte == b'\r';
    }

    /// Returns the place behind some text that begins here.
    pub(super) fn behind(mut self, text: &[u8]) -> Self {
        text.iter().for_each(|byte| self.pass(*byte));
        self
    }
}

/// A text that is read once.
pub(super) struct Text<R> {
    reader: R,
    place: Place,
}

impl<R: BufRead> Text<R> {
    /// Returns the text of a reader from its beginning.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, place: Place::FIRST }
    }

    /// Returns the place of the next byte.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Returns the next byte and leaves it there; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the next byte; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            self.place.pass(byte);
        }
        Ok(byte)
    }

    /// Takes the line feed that belongs to a carriage return.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        if self.place.is_behind_return && self.peek()? == Some(b'\n') {
            self.next()?;
        }
        Ok(())
    }

    /// Takes white space.
    pub(super) fn skip_space(&mut self) -> io::Result<()> {
        while self.peek()?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.next()?;
        }
        Ok(())
    }
}

/// Returns whether a byte ends a line.
pub(super) fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
