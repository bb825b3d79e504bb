//! Shapes: what the keys of a template look like when a field may be any text.
//!
//! ```text
//! ORDER#{order}#ITEM#{item:04}     O R D E R # * # I T E M # *
//! ```

use crate::template::{Segment, Template};

/// The form of keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    /// This character.
    Is(char),
    /// Any text, none too.
    Any,
}

impl Shape {
    pub(super) fn new(template: &Template) -> Self {
        let pieces = template.segments.iter().flat_map(|segment| match segment {
            Segment::Literal(text) => text.chars().map(Piece::Is).collect(),
            Segment::Field { .. } => vec![Piece::Any],
        });
        Self(pieces.collect())
    }

    /// Returns the shape of one key.
    pub(super) fn text(key: &str) -> Self {
        Self(key.chars().map(Piece::Is).collect())
    }

    /// Returns whether some key has both shapes.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.agrees(other, |left, right, [both, left_on, right_on]| match (left, right) {
            (Some(Piece::Any), Some(Piece::Any)) => left_on || right_on,
            (Some(Piece::Any), right) => left_on || right.is_some() && right_on,
            (left, Some(Piece::Any)) => right_on || left.is_some() && left_on,
            (left, right) => left == right && (left.is_none() || both),
        })
    }

    /// Returns whether every key of the other shape has this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.agrees(other, |left, right, [both, left_on, right_on]| match (left, right) {
            (Some(Piece::Any), right) => left_on || right.is_some() && right_on,
            (left, right) => left == right && (left.is_none() || both),
        })
    }

    /// Compares what is left of both shapes, from the end on: a step says whether the rests agree,
    /// given whether they do without the next piece of both, of the left, of the right.
    fn agrees(
        &self,
        other: &Self,
        step: impl Fn(Option<Piece>, Option<Piece>, [bool; 3]) -> bool,
    ) -> bool {
        let (left, right) = (&self.0, &other.0);
        let mut below = vec![false; right.len() + 2];
        for row in (0..=left.len()).rev() {
            let mut here = vec![false; right.len() + 2];
            for column in (0..=right.len()).rev() {
                let known = [below[column + 1], below[column], here[column + 1]];
                here[column] = step(left.get(row).copied(), right.get(column).copied(), known);
            }
            below = here;
        }
        below[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        let piece = |char| if char == '*' { Piece::Any } else { Piece::Is(char) };
        Shape(text.chars().map(piece).collect())
    }

    #[test]
    fn shapes_meet_where_a_key_has_both_and_cover_what_they_could_be() {
        // (left, right, whether they meet, whether the left covers the right, whether the right
        // covers the left)
        let cases = [
            ("", "", true, true, true),
            ("", "*", true, false, true),
            ("a", "", false, false, false),
            ("a", "a", true, true, true),
            ("a", "ab", false, false, false),
            ("a*", "ab*", true, true, false),
            ("a*", "*b", true, false, false),
            ("a*c", "ab*d", false, false, false),
            ("a*a", "a", false, false, false),
            ("**", "*", true, true, true),
            ("*x*", "axbxc", true, true, false),
            ("a*b*c", "a*c", true, false, true),
        ];
        for (left, right, meet, left_covers, right_covers) in cases {
            let (one, other) = (shape(left), shape(right));
            assert_eq!(one.meets(&other), meet, "{left} {right}");
            assert_eq!(other.meets(&one), meet, "{right} {left}");
            assert_eq!(one.covers(&other), left_covers, "{left} {right}");
            assert_eq!(other.covers(&one), right_covers, "{right} {left}");
        }
    }
}
