//! Which entities could make the same keys, without a comparison of all pairs: a key begins with
//! the literal text of its template, so two templates can meet only where one of their beginnings
//! is the beginning of the other.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::template::{Segment, Template};

/// Entities by how their keys begin.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    partitions: Beginnings,
    sorts: Beginnings,
}

/// The numbers of entities by the beginning of one of their keys.
#[derive(Debug, Default)]
struct Beginnings(BTreeMap<String, Vec<usize>>);

impl Candidates {
    /// Adds an entity by the templates of its primary key.
    pub(crate) fn add(&mut self, number: usize, templates: &[&Template]) {
        if let Some(partition) = templates.first() {
            self.partitions.add(number, beginning(partition));
        }
        if let Some(sort) = templates.get(1) {
            self.sorts.add(number, beginning(sort));
        }
    }

    /// Returns the entities of which a key might be one that these templates make, in the order of
    /// their numbers. Every entity whose keys do meet is among them.
    pub(crate) fn meeting(&self, templates: &[&Template]) -> Vec<usize> {
        let meet = |beginnings: &Beginnings, template: &Template| beginnings.meet(template);
        let by_partition = templates.first().map(|known| meet(&self.partitions, known));
        let by_sort = templates.get(1).map(|known| meet(&self.sorts, known));
        let mut fewest =
            by_partition.into_iter().chain(by_sort).min_by_key(Vec::len).unwrap_or_default();
        fewest.sort_unstable();
        fewest
    }
}

impl Beginnings {
    fn add(&mut self, number: usize, beginning: String) {
        self.0.entry(beginning).or_default().push(number);
    }

    fn meet(&self, template: &Template) -> Vec<usize> {
        let own = beginning(template);
        let shorter = own.char_indices().filter_map(|(end, _)| self.0.get(&own[..end]));
        let from = (Bound::Included(own.as_str()), Bound::Unbounded);
        let longer = self.0.range::<str, _>(from).take_while(|(text, _)| text.starts_with(&own));
        shorter.chain(longer.map(|(_, numbers)| numbers)).flatten().copied().collect()
    }
}

/// Returns the literal text that a template begins with.
fn beginning(template: &Template) -> String {
    let literal = |segment: &Segment| match segment {
        Segment::Literal(text) => Some(text.clone()),
        Segment::Field { .. } => None,
    };
    template.segments.iter().map_while(literal).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::*;

    use super::*;
    use crate::overlap::Overlap;

    fn template(text: &str, escape: bool) -> Template {
        Template::parse(text, escape).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    proptest! {
        #[test]
        fn all_that_a_comparison_of_all_pairs_finds_is_among_the_candidates(
            texts in collection::vec(
                ("[AB]?#?[AB]?(\\{a\\}#?[AB]?)?", "[AB]#?[AB]?(\\{b\\})?", any::<bool>()), 1..12
            ),
        ) {
            // Keys of rollups are escaped, those of the entities beside them need not be.
            let all: Vec<_> = texts
                .iter()
                .filter(|(partition, sort, _)| !partition.is_empty() && !sort.is_empty())
                .map(|(partition, sort, escape)| {
                    [template(partition, *escape), template(sort, *escape)]
                })
                .collect();
            let mut candidates = Candidates::default();
            for (number, [partition, sort]) in all.iter().enumerate() {
                candidates.add(number, &[partition, sort]);
            }
            for [partition, sort] in &all {
                let own = [partition, sort];
                let found = candidates.meeting(&own);
                for (number, [partition, sort]) in all.iter().enumerate() {
                    let meets = Overlap::between(&own, &[partition, sort]) != Overlap::None;
                    prop_assert!(!meets || found.contains(&number), "{texts:?} {number}");
                }
            }
        }
    }
}
