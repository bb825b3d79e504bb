//! A file of rows: which format it has, how large it is, and how far it was read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use weir_model::Entity;

use super::{Error, Format, Row, rows};

/// The path that stands for the standard input.
const STDIN: &str = "-";
/// The bytes that some editors begin a UTF-8 file with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// The first bytes of files that are not UTF-8 text, and the names of what they are; the longer
/// ones first.
const NOT_TEXT: [(&[u8], &str); 6] = [
    (b"\xFF\xFE\0\0", "UTF-32"),
    (b"\0\0\xFE\xFF", "UTF-32"),
    (b"\xFF\xFE", "UTF-16"),
    (b"\xFE\xFF", "UTF-16"),
    (b"\x1F\x8B", "compressed by gzip"),
    (b"PK\x03\x04", "a ZIP or spreadsheet file"),
];
/// How many bytes show the encoding of a file.
const ENCODING_BYTES: usize = 4;
/// How many bytes are looked at for one that shows the format.
const MAX_HEAD_BYTES: u64 = 64 * 1024;

/// An open file of rows, at its first row.
pub struct Source {
    name: String,
    pub(super) format: Format,
    size: Option<u64>,
    read: Arc<AtomicU64>,
    reader: Box<dyn BufRead + Send>,
}

/// How many bytes of a source were read so far.
#[derive(Clone, Debug)]
pub struct ByteOffset(Arc<AtomicU64>);

impl Source {
    /// Opens a file, or the standard input for `-`. The format is the one given, else the
    /// extension's, else what the first byte looks like.
    ///
    /// # Errors
    /// [`Error::Unreadable`], or [`Error::Encoding`] where the first bytes are not UTF-8 text.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Self, Error> {
        let name = path.display().to_string();
        let unreadable = |source| Error::Unreadable { name: name.clone(), source };
        let (input, size) = input(path).map_err(unreadable)?;
        let read = Arc::new(AtomicU64::new(0));
        let mut reader = BufReader::new(Counted { input, read: Arc::clone(&read) });
        let head = head(&mut reader).map_err(unreadable)?;
        if let Some(found) = not_text(&head) {
            return Err(Error::Encoding { name, found });
        }
        let head = unmarked(&head).to_vec();
        let first = first_solid(&head);
        let format = format.or_else(|| of_extension(path)).unwrap_or_else(|| of_first(first));
        Ok(Self { name, format, size, read, reader: Box::new(Cursor::new(head).chain(reader)) })
    }

    /// Returns its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its size in bytes, if it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns how far it was read, which can be asked after its rows were taken too.
    pub fn offset(&self) -> ByteOffset {
        ByteOffset(Arc::clone(&self.read))
    }

    /// Returns its rows; the entity, where it is known, says what the cells of CSV stand for.
    ///
    /// # Errors
    /// A header of CSV that does not go with the entity.
    pub fn rows(
        self,
        entity: Option<&Entity>,
    ) -> Result<Box<dyn Iterator<Item = Row> + '_>, Error> {
        rows(&self.name, self.reader, self.format, entity)
    }
}

impl ByteOffset {
    /// Returns the number of bytes read.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn input(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new(STDIN) {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// Takes the first bytes of a file: those that show its encoding, and as many as it takes to see
/// one that is not white space. A pipe may give them one by one.
pub(super) fn head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    for byte in reader.take(MAX_HEAD_BYTES).bytes() {
        head.push(byte?);
        if head.len() >= ENCODING_BYTES && first_solid(unmarked(&head)).is_some() {
            break;
        }
    }
    Ok(head)
}

/// Returns the bytes without a byte order mark.
fn unmarked(head: &[u8]) -> &[u8] {
    head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head)
}

/// Returns the name of a format that is not UTF-8 text, as far as the first bytes show it. Half of
/// the bytes of western UTF-16 are NUL.
fn not_text(head: &[u8]) -> Option<&'static str> {
    let known = NOT_TEXT.iter().find(|(bytes, _)| head.starts_with(bytes)).map(|(_, name)| *name);
    let has_nul = head.iter().take(ENCODING_BYTES).any(|byte| *byte == 0);
    known.or_else(|| has_nul.then_some("UTF-16 or not a text"))
}

fn first_solid(text: &[u8]) -> Option<u8> {
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// `.json` is not decided by its name: some put NDJSON into it.
fn of_extension(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "csv" => Some(Format::Csv),
        _ => None,
    }
}

fn of_first(solid: Option<u8>) -> Format {
    match solid {
        Some(b'[') => Format::Json,
        Some(b'{') | None => Format::Ndjson,
        Some(_) => Format::Csv,
    }
}

struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(buffer)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
