//! Text in aligned columns, without lines around it.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use crate::terminal::visible;

/// Spaces between two columns.
const GAP: u16 = 2;

/// How the text of a column stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// At its left edge.
    Left,
    /// At its right edge, as numbers stand.
    Right,
}

/// Aligns rows of cells; a column without an alignment is aligned left. No line ends in a space.
pub(crate) fn grid(rows: &[Vec<String>], align: &[Align]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    // Before widths are measured: a cell is one line, as wide as it looks.
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| visible(cell))));
    let last = table.column_count().saturating_sub(1);
    for (position, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if position == last { 0 } else { GAP }));
        if align.get(position) == Some(&Align::Right) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_left_and_numbers_right() {
        let rows = [["DFW", "282", ""], ["Zürich", "9", "x"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        insta::assert_snapshot!(grid(&rows, &[Align::Left, Align::Right]), @r"
        DFW     282
        Zürich    9  x
        ");
    }

    #[test]
    fn control_characters_of_a_cell_are_shown_and_it_stays_one_line() {
        let rows = [["a\u{1b}[2J\nb", "1"], ["c", "2"]].map(|row| row.map(str::to_owned).to_vec());
        let shown = grid(&rows, &[Align::Left, Align::Right]);
        assert_eq!(shown, "a\\u{1b}[2J\\u{a}b  1\nc                 2\n");
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(grid(&[], &[]), "");
    }
}
