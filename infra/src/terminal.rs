//! Text on its way to a terminal: the one place where the command prints.
//!
//! A terminal obeys control characters: stored or loaded text could move the cursor, rewrite lines,
//! set the title or the clipboard, or show text in another order than it has. So they are printed
//! as `\u{1b}`.
//!
//! | output | escaped |
//! |---|---|
//! | messages, tables, reports, the log | always |
//! | data (`query --csv`, `--ndjson`, `--json`; `export`, `synth`, `schema`; `--dry-run`) to a terminal | always |
//! | data to a file or another program | never: the bytes are exact |
//!
//! | escaped | because |
//! |---|---|
//! | C0 without tab and line feed, DEL, C1 | terminals obey them; `\r\n` is a line's end |
//! | marks of direction, invisible characters, line and paragraph separators | text looks different from what it is |
//! | bytes that are not UTF-8 | terminals read some of them as C1 |
//!
//! **Invariant:** nothing else in this crate names standard output or standard error;
//! `tests/tests/house_rules.rs` holds it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Stderr, Stdout, Write};
use std::process::Stdio;

const ESCAPE: char = '\u{1b}';
/// The longest colour sequence that passes, in characters.
const MAX_COLOUR_LENGTH: usize = 24;

/// Returns text with every character escaped that a terminal obeys or hides, line feeds and tabs
/// too: text for a cell, or for a part of a line.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|char| push(&mut shown, char, is_unsafe(char)));
    Cow::Owned(shown)
}

/// Standard output, exact or escaped.
pub(crate) fn output(is_data: bool) -> Terminal<Stdout> {
    let mode = if is_data && !is_output_terminal() { Mode::Exact } else { Mode::Plain };
    Terminal::new(io::stdout(), mode)
}

/// Returns whether standard output is a terminal.
pub(crate) fn is_output_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Returns whether standard input is a terminal.
pub(crate) fn is_input_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Returns whether standard error is a terminal.
pub(crate) fn is_error_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Standard error, for messages.
pub(crate) fn messages() -> Terminal<Stderr> {
    Terminal::new(io::stderr(), Mode::Plain)
}

/// Standard error, for reports and logs that Weir's libraries colour. They print what they are
/// given without its escape characters, or colours are all that it could change.
pub(crate) fn coloured_messages() -> Terminal<Stderr> {
    Terminal::new(io::stderr(), Mode::Coloured)
}

/// Prints an error in one line on standard error.
pub(crate) fn print_error(error: &dyn std::error::Error) -> io::Result<()> {
    writeln!(messages(), "weir: {}", weir_table::error::chain(error))
}

/// Standard error as the output of a program that Weir starts.
pub(crate) fn of_child() -> Stdio {
    io::stderr().into()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Bytes pass as they are.
    Exact,
    /// Control characters are escaped.
    Plain,
    /// The same, but for sequences that set colours.
    Coloured,
}

/// An output whose control characters are escaped.
#[derive(Debug)]
pub(crate) struct Terminal<W: Write> {
    inner: W,
    mode: Mode,
    /// The end of what was written, if what comes next decides what it is.
    held: Vec<u8>,
}

impl<W: Write> Terminal<W> {
    fn new(inner: W, mode: Mode) -> Self {
        Self { inner, mode, held: Vec::new() }
    }

    /// Writes what is held although nothing follows.
    fn release(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        let mut shown = String::new();
        for chunk in held.utf8_chunks() {
            chunk.valid().chars().for_each(|char| push(&mut shown, char, is_unsafe(char)));
            push_bytes(&mut shown, chunk.invalid());
        }
        self.inner.write_all(shown.as_bytes())
    }

    /// Escapes the text and returns what of its end must wait for more.
    fn escape<'a>(&self, text: &'a str, shown: &mut String) -> &'a str {
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let after = &rest[char.len_utf8()..];
            match char {
                '\r' if after.is_empty() => return rest,
                '\r' if after.starts_with('\n') => shown.push(char),
                ESCAPE if self.mode == Mode::Coloured => match colour(rest) {
                    Colour::Whole(length) => {
                        shown.push_str(&rest[..length]);
                        rest = &rest[length..];
                        continue;
                    }
                    Colour::Cut => return rest,
                    Colour::Other => push(shown, char, true),
                },
                '\n' | '\t' => shown.push(char),
                _ => push(shown, char, is_unsafe(char)),
            }
            rest = after;
        }
        ""
    }
}

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.mode == Mode::Exact {
            return self.inner.write(bytes);
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mut shown = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            let held = self.escape(chunk.valid(), &mut shown);
            let is_last = chunks.peek().is_none();
            // An invalid end that more bytes could complete is cut, not wrong.
            let is_cut = is_last
                && std::str::from_utf8(chunk.invalid())
                    .is_err_and(|error| error.error_len().is_none());
            if is_last && (is_cut || chunk.invalid().is_empty()) {
                self.held = [held.as_bytes(), chunk.invalid()].concat();
            } else {
                held.chars().for_each(|char| push(&mut shown, char, is_unsafe(char)));
                push_bytes(&mut shown, chunk.invalid());
            }
        }
        self.inner.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.release()?;
        self.inner.flush()
    }
}

impl<W: Write> Drop for Terminal<W> {
    fn drop(&mut self) {
        // An output that cannot be written has no reader.
        let _ = self.release();
    }
}

fn push(shown: &mut String, char: char, is_escaped: bool) {
    match is_escaped {
        true => shown.extend(char.escape_unicode()),
        false => shown.push(char),
    }
}

fn push_bytes(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(shown, "\\x{byte:02x}");
    }
}

/// Returns whether a terminal obeys a character, hides it, or shows others in another order because
/// of it.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A sequence that begins with an escape character.
enum Colour {
    /// A sequence of so many bytes that sets colours or weight.
    Whole(usize),
    /// It may become one.
    Cut,
    /// Another sequence.
    Other,
}

/// Reads `ESC [ numbers m` (ECMA-48, SGR) without 5, 6 and 8, which blink and conceal.
fn colour(text: &str) -> Colour {
    let Some(body) = text.strip_prefix("\u{1b}[") else {
        return if text == "\u{1b}" { Colour::Cut } else { Colour::Other };
    };
    let end = body.find(|char: char| !char.is_ascii_digit() && char != ';');
    match end {
        None if body.len() < MAX_COLOUR_LENGTH => Colour::Cut,
        Some(end) if body[end..].starts_with('m') && end < MAX_COLOUR_LENGTH => {
            let numbers: Vec<&str> = body[..end].split(';').collect();
            let is_extended = matches!(numbers[0], "38" | "48");
            let hides = |number: &&str| matches!(number.trim_start_matches('0'), "5" | "6" | "8");
            match !is_extended && numbers.iter().any(hides) {
                true => Colour::Other,
                false => Colour::Whole("\u{1b}[".len() + end + 1),
            }
        }
        _ => Colour::Other,
    }
}

#[cfg(test)]
mod tests;
