//! CSV cut into records of cells, strictly as RFC 4180 has it.
//!
//! | text | is |
//! |---|---|
//! | a line feed, a carriage return, or both; the end of the file | the end of a record |
//! | a line without a character | nothing |
//! | `"a, ""b"""` | the cell `a, "b"`; it may hold ends of lines |
//! | `5" inch`, `"a" b`, a quote that never closes | malformed: programs disagree about it |
//!
//! **Invariant:** every line of the file is blank, or of a record, or of a malformed record that
//! says why. The next record begins on the next line, except after a quote that never closes.

use std::io::{self, BufRead};

use thiserror::Error;

use super::text::{Place, Text, ends_line};
use super::{MAX_ROW_BYTES, too_long};

/// The records of CSV.
pub(super) struct Cells<R> {
    text: Text<R>,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line that it begins on; where a quote never closes, the line of that quote.
    pub(super) line: u64,
    /// The line that it ends on.
    pub(super) last_line: u64,
    /// How many bytes it has in the file.
    pub(super) bytes: usize,
    /// The cells without quotes, or why there are none.
    pub(super) cells: Result<Vec<Vec<u8>>, Malformed>,
}

/// Why a record has no cells.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A quoted cell reaches to the end of the file.
    #[error(
        "the quote at column {column} is never closed, expected a closing quote; \
         the rest of the file was not read"
    )]
    Unclosed {
        /// The column of the quote.
        column: u64,
    },
    /// A quoted cell continues after its closing quote.
    #[error(
        "text after the closing quote at line {line} column {column}, expected a comma or the end \
         of the line; a quote in a quoted cell is written twice"
    )]
    BehindQuote {
        /// The line of the text.
        line: u64,
        /// Its column.
        column: u64,
    },
    /// A cell without quotes around it has one in it.
    #[error(
        "a quote inside a cell at line {line} column {column}, expected the whole cell in quotes \
         and each quote in it written twice"
    )]
    InnerQuote {
        /// The line of the quote.
        line: u64,
        /// Its column.
        column: u64,
    },
    /// There is a NUL byte, as in every UTF-16 file.
    #[error("a NUL byte at line {line} column {column}, expected UTF-8 text")]
    Nul {
        /// The line of the byte.
        line: u64,
        /// Its column.
        column: u64,
    },
    /// It is longer than a row may be.
    #[error("{}", too_long())]
    TooLong,
}

/// Where in a record the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Where a cell begins.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// Behind the opening quote at that place.
    Quoted(Place),
    /// Behind a quote in a quoted cell: its end, or the first of two.
    Closed(Place),
    /// In the rest of a malformed line.
    Broken,
}

/// A record while it is read.
#[derive(Default)]
struct Draft {
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
    bytes: usize,
    malformed: Option<Malformed>,
}

impl<R: BufRead> Cells<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { text: Text::new(reader) }
    }

    /// Returns the line that is read.
    pub(super) fn line(&self) -> u64 {
        self.text.place().line
    }

    /// Reads a record; `None` at the end of the file.
    fn record(&mut self) -> io::Result<Option<Record>> {
        while self.text.peek()?.is_some_and(ends_line) {
            self.text.next()?;
        }
        if self.text.peek()?.is_none() {
            return Ok(None);
        }
        let mut line = self.text.place().line;
        let (mut draft, mut state) = (Draft::default(), State::Begin);
        loop {
            let place = self.text.place();
            let Some(byte) = self.text.next()? else {
                if let State::Quoted(quote) = state {
                    line = quote.line;
                    draft.malformed = Some(Malformed::Unclosed { column: quote.column });
                }
                return Ok(Some(draft.end(line, place.line)));
            };
            let is_end = ends_line(byte) && !matches!(state, State::Quoted(_));
            if is_end {
                self.text.end_line()?;
                return Ok(Some(draft.end(line, place.line)));
            }
            state = draft.read(state, byte, place);
        }
    }
}

impl<R: BufRead> Iterator for Cells<R> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.record().transpose()
    }
}

impl Draft {
    /// Reads a byte that does not end the record, and returns where in the record it leads.
    fn read(&mut self, state: State, byte: u8, place: Place) -> State {
        let Place { line, column, .. } = place;
        self.bytes += 1;
        if byte == 0 {
            self.malformed.get_or_insert(Malformed::Nul { line, column });
        }
        if self.bytes > MAX_ROW_BYTES {
            self.malformed.get_or_insert(Malformed::TooLong);
        }
        match (state, byte) {
            (State::Begin, b'"') => State::Quoted(place),
            (State::Quoted(quote), b'"') => State::Closed(quote),
            (State::Closed(quote), b'"') => {
                self.push(byte);
                State::Quoted(quote)
            }
            (State::Begin | State::Plain | State::Closed(_), b',') => {
                self.end_cell();
                State::Begin
            }
            (State::Closed(_), _) => self.broken(Malformed::BehindQuote { line, column }),
            (State::Plain, b'"') => self.broken(Malformed::InnerQuote { line, column }),
            (State::Broken, _) => State::Broken,
            (State::Begin | State::Plain, _) => {
                self.push(byte);
                State::Plain
            }
            (State::Quoted(_), _) => {
                self.push(byte);
                state
            }
        }
    }

    fn broken(&mut self, malformed: Malformed) -> State {
        self.malformed = Some(malformed);
        State::Broken
    }

    /// Adds a byte to the cell, unless the record has no cells anyway.
    fn push(&mut self, byte: u8) {
        if self.malformed.is_none() {
            self.cell.push(byte);
        }
    }

    fn end_cell(&mut self) {
        if self.malformed.is_none() {
            self.cells.push(std::mem::take(&mut self.cell));
        }
    }

    fn end(mut self, line: u64, last_line: u64) -> Record {
        self.end_cell();
        let cells = self.malformed.map_or(Ok(self.cells), Err);
        Record { line, last_line, bytes: self.bytes, cells }
    }
}
