//! CSV and NDJSON as the reader writes them: page behind page, with one line of names.

use std::io::Write;

use super::question::{Question, pairs};
use crate::client::Client;
use crate::error::Error;

/// Copies every page to the output as it comes.
pub(super) fn copy(
    client: &Client,
    question: &Question,
    is_csv: bool,
    out: &mut impl Write,
) -> Result<(), Error> {
    let format = if is_csv { "csv" } else { "ndjson" };
    let (mut cursor, mut there) = (None, 0);
    while let Some(page) = question.page(cursor.as_deref(), there, Some(format)) {
        let answer = client.get_text(&question.path, &pairs(&page))?;
        let (first, records) = match is_csv {
            true => {
                records(&answer.body).ok_or_else(|| client.strange(&question.path, "no CSV"))?
            }
            false => (0, count(answer.body.lines().count())),
        };
        let shown = if cursor.is_some() { &answer.body[first..] } else { &answer.body };
        write!(out, "{shown}")?;
        there = there.saturating_add(records);
        cursor = answer.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(())
}

/// Returns where the first record begins behind the line of names, and how many there are.
fn records(csv: &str) -> Option<(usize, u32)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.headers().ok()?;
    let behind_names = usize::try_from(reader.position().byte()).ok()?;
    // A record ends at the first character of its line's end.
    let first = behind_names + usize::from(csv[behind_names..].starts_with('\n'));
    let records = reader.into_byte_records().map(Result::ok).collect::<Option<Vec<_>>>()?;
    Some((first, count(records.len())))
}

fn count(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_names_is_known_whatever_names_hold() {
        let csv = "\"a\r\nb\",c\r\n\"x\r\ny\",1\r\nz,2\r\n";
        let (first, records) = records(csv).expect("CSV");
        assert_eq!((&csv[first..], records), ("\"x\r\ny\",1\r\nz,2\r\n", 2));
        assert_eq!(super::records("a,b\r\n"), Some((5, 0)));
    }
}
