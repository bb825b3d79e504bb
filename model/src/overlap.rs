//! Whether two entities' key templates can make the same key, so that they could overwrite each
//! other's items.
//!
//! With escaping, `#` appears in literals only, so keys are compared part by part between the `#`s:
//! parts that are literal must be equal, a part with a field may be anything that begins and ends
//! as its literals do.
//!
//! Without escaping a field may be any text. `ORDER#{order}` then makes every key of
//! `ORDER#{order}#ITEM#{item}`, as tables written by others have them: the narrower of the two has
//! a [`Claim`] on those keys, and the wider refuses the values that would make one. Where neither
//! makes all keys of the other, nobody could say whose a key is.
//!
//! The answer errs towards "yes".

mod candidates;
mod shape;

pub(crate) use candidates::Candidates;
use shape::Shape;

use crate::item_key::PrimaryKey;
use crate::template::{Segment, Template};

/// The relation between the primary keys of two entities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Overlap {
    /// No key is both's.
    None,
    /// All keys of the right could be the left's.
    LeftIsWider,
    /// All keys of the left could be the right's.
    RightIsWider,
    /// Some keys could be both's.
    Some,
}

/// Keys that are one entity's, though the templates of another could make them.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The entity, or the rollup, whose they are.
    pub entity: String,
    shapes: Vec<Shape>,
}

impl Claim {
    /// Returns the claim of an entity, or of a rollup, on all keys that these templates make.
    pub(crate) fn new(entity: &str, templates: &[&Template]) -> Self {
        Self {
            entity: entity.to_owned(),
            shapes: templates.iter().map(|template| Shape::new(template)).collect(),
        }
    }

    /// Returns whether it is on this key.
    pub fn has(&self, key: &PrimaryKey) -> bool {
        let texts = std::iter::once(&key.partition).chain(&key.sort);
        self.shapes.iter().zip(texts).all(|(shape, text)| shape.covers(&Shape::text(text)))
    }
}

impl Overlap {
    /// Compares the templates of two entities, key by key.
    pub(crate) fn between(left: &[&Template], right: &[&Template]) -> Self {
        let all = |holds: fn(&Template, &Template) -> bool| {
            left.iter().zip(right).all(|(left, right)| holds(left, right))
        };
        if !all(can_collide) {
            return Self::None;
        }
        let covers =
            |left: &Template, right: &Template| Shape::new(left).covers(&Shape::new(right));
        let is_escaped = |templates: &[&Template]| templates.iter().all(|known| known.escape);
        match (all(covers), all(|left, right| Shape::new(right).covers(&Shape::new(left)))) {
            _ if is_escaped(left) && is_escaped(right) => Self::Some,
            (true, false) => Self::LeftIsWider,
            (false, true) => Self::RightIsWider,
            (true, true) | (false, false) => Self::Some,
        }
    }
}

/// Returns whether some values make both templates render to the same key.
fn can_collide(left: &Template, right: &Template) -> bool {
    if !left.escape || !right.escape {
        return Shape::new(left).meets(&Shape::new(right));
    }
    let (left, right) = (parts(left), parts(right));
    left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| left.can_equal(right))
}

/// The text between two `#`s of a key: literal text around at most one open interval.
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
    fn without_escaping_the_narrower_of_two_templates_claims_its_keys() {
        let cases = [
            ("ORDER#{id}", "USER#{id}", Overlap::None),
            ("$order_1", "$order_10#{id}", Overlap::None),
            ("$order_1", "$order_1", Overlap::Some),
            ("ORDER#{id}", "ORDER#{id}#ITEM#{item}", Overlap::LeftIsWider),
            ("ORDER#{at}#{id}", "ORDER#{id}", Overlap::RightIsWider),
            ("{id}", "PROFILE", Overlap::LeftIsWider),
            ("{id}", "{email}", Overlap::Some),
            ("A#{id}", "{id}#B", Overlap::Some),
            ("A#{id}#B", "A#{id}#C", Overlap::None),
        ];
        let parse = |text| Template::parse(text, false).expect(text);
        for (left, right, expected) in cases {
            let (left, right) = (parse(left), parse(right));
            let one = parse("SHOP#{shop}");
            assert_eq!(Overlap::between(&[&left], &[&right]), expected, "{left:?} {right:?}");
            assert_eq!(
                Overlap::between(&[&one, &left], &[&one, &right]),
                expected,
                "{left:?} {right:?}"
            );
            let mirrored = match expected {
                Overlap::LeftIsWider => Overlap::RightIsWider,
                Overlap::RightIsWider => Overlap::LeftIsWider,
                other => other,
            };
            assert_eq!(Overlap::between(&[&right], &[&left]), mirrored, "{right:?} {left:?}");
        }
        // Wider in one key, narrower in the other.
        let (narrow, wide) = (parse("A#{id}#B"), parse("A#{id}"));
        assert_eq!(Overlap::between(&[&narrow, &wide], &[&wide, &narrow]), Overlap::Some);
    }

    #[test]
    fn a_claim_is_on_the_keys_that_its_templates_make_and_no_others() {
        let parse = |text| Template::parse(text, false).expect(text);
        let (partition, sort) = (parse("USER#{user}"), parse("ORDER#{order}#ITEM#{item}"));
        let claim = Claim::new("item", &[&partition, &sort]);
        let key = |partition: &str, sort: &str| PrimaryKey {
            partition: partition.to_owned(),
            sort: Some(sort.to_owned()),
        };
        assert!(claim.has(&key("USER#ann", "ORDER#1#ITEM#2")));
        assert!(claim.has(&key("USER#", "ORDER##ITEM#")));
        assert!(!claim.has(&key("USER#ann", "ORDER#1#ITEM")));
        assert!(!claim.has(&key("SHOP#ann", "ORDER#1#ITEM#2")));
    }
}
