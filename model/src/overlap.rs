//! Whether two key templates can make the same key, so that two entities could overwrite each other's items.
//!
//! With escaping, `#` appears in literals only, so keys are compared part by part between the `#`s: parts that are
//! literal must be equal, a part with a field may be anything that begins and ends as its literals do. Without
//! escaping only the literal beginnings are compared. The answer errs towards "yes".

use crate::template::{Segment, Template};

/// Whether some values make both templates render to the same key.
pub fn can_collide(left: &Template, right: &Template) -> bool {
    if !left.escape || !right.escape {
        return prefixes_agree(left.literal_prefix(), right.literal_prefix());
    }
    let (left, right) = (parts(left), parts(right));
    left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| left.can_equal(right))
}

/// What stands between two `#`s of a key: literal text around at most one stretch that is open.
#[derive(Debug, Default)]
struct Part {
    before: String,
    after: String,
    open: bool,
}

impl Part {
    fn push(&mut self, text: &str) {
        if self.open { self.after.push_str(text) } else { self.before.push_str(text) }
    }

    fn open(&mut self) {
        self.open = true;
        self.after.clear();
    }

    fn can_equal(&self, other: &Self) -> bool {
        match (self.open, other.open) {
            (false, false) => self.before == other.before,
            (true, true) => {
                prefixes_agree(&self.before, &other.before)
                    && suffixes_agree(&self.after, &other.after)
            }
            (true, false) => self.admits(&other.before),
            (false, true) => other.admits(&self.before),
        }
    }

    fn admits(&self, text: &str) -> bool {
        text.len() >= self.before.len() + self.after.len()
            && text.starts_with(&self.before)
            && text.ends_with(&self.after)
    }
}

fn parts(template: &Template) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    for segment in &template.segments {
        match segment {
            Segment::Field { .. } => parts.last_mut().expect("never empty").open(),
            Segment::Literal(text) => {
                for (position, piece) in text.split('#').enumerate() {
                    if position > 0 {
                        parts.push(Part::default());
                    }
                    parts.last_mut().expect("never empty").push(piece);
                }
            }
        }
    }
    parts
}

fn prefixes_agree(left: &str, right: &str) -> bool {
    left.starts_with(right) || right.starts_with(left)
}

fn suffixes_agree(left: &str, right: &str) -> bool {
    left.ends_with(right) || right.ends_with(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collisions_are_found_part_by_part() {
        let cases = [
            ("USER#{id}", "USER#{email}", true),
            ("USER#{id}", "ORDER#{id}", false),
            ("PROFILE", "ORDER#{id}", false),
            ("{id}", "PROFILE", true),
            ("A{id}", "B{id}", false),
            ("A{id}", "AB{id}", true),
            ("{id}#x", "{id}#y", false),
            ("{a}-{b}", "{a}_{b}", true),
            ("v1-{a}", "v1", false),
            ("ORDER#{at}#{id}", "ORDER#{id}", false),
        ];
        for (left, right, expected) in cases {
            let parse = |text| Template::parse(text, true).expect(text);
            assert_eq!(can_collide(&parse(left), &parse(right)), expected, "{left} {right}");
            assert_eq!(can_collide(&parse(right), &parse(left)), expected, "{right} {left}");
        }
    }

    #[test]
    fn without_escaping_only_the_beginnings_tell_keys_apart() {
        let parse = |text| Template::parse(text, false).expect(text);
        assert!(can_collide(&parse("ORDER#{at}#{id}"), &parse("ORDER#{id}")));
        assert!(!can_collide(&parse("ORDER#{id}"), &parse("USER#{id}")));
    }
}
