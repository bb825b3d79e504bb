//! What the items of a transaction may have been when it was sent before: as they are seen now, without maps that its updates
//! lead through, or with nulls at places that they change.
//!
//! **Invariant:** one of these histories exists at a time, and of an item that is the same in it as
//! now there is no copy.

use std::borrow::Cow;

use model::update::Before;
use model::{Item, UpdatePlan};

use super::Seen;
use crate::items::write::{Effect, Write};

/// The most histories that are tried for maps, and the most for nulls. Each is one more transaction.
const MAX_EARLIER: usize = 32;

/// What may have been seen before the updates made maps or found nulls: what is seen now first,
/// then as if they made all maps that they lead through, then some of them; and then with nulls at
/// some of their places. Each is made when it is asked for.
pub(super) fn earlier<'a>(
    writes: &[Write<'_>],
    seen: &'a [Seen],
) -> impl Iterator<Item = Vec<Cow<'a, Seen>>> + use<'a> {
    let without = each_before(writes, seen, UpdatePlan::before_parents);
    let last: Vec<usize> = without.iter().map(|each| each.len() - 1).collect();
    let mut of_maps = combined(&without);
    of_maps.retain(|positions| *positions != last);
    of_maps.insert(1.min(of_maps.len()), last);
    let nulled = each_before(writes, seen, |plan, item| {
        std::iter::once(Before::default()).chain(plan.before_nulls(item)).collect()
    });
    // The first of these is what is seen now, once more.
    let of_nulls = combined(&nulled).into_iter().skip(1);
    let maps = of_maps.into_iter().map(move |positions| history(seen, &without, &positions));
    maps.chain(of_nulls.map(move |positions| history(seen, &nulled, &positions)))
}

/// For each write, how its item may have differed; at least as it is now.
fn each_before(
    writes: &[Write<'_>],
    seen: &[Seen],
    before: impl Fn(&UpdatePlan, &Item) -> Vec<Before>,
) -> Vec<Vec<Before>> {
    let of = |(write, seen): (&Write<'_>, &Seen)| match (&write.effect, seen) {
        (Effect::Update(plan), Seen::Known(Some(item))) => before(plan, item),
        _ => vec![Before::default()],
    };
    writes.iter().zip(seen).map(of).collect()
}

/// Every combination, up to the most that are tried: for each write the position of one of its own.
fn combined(each: &[Vec<Before>]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for before in each {
        let with_each = |positions: &Vec<usize>| {
            let with = |position| [positions.as_slice(), &[position]].concat();
            (0..before.len()).map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with_each).take(MAX_EARLIER).collect();
    }
    all
}

/// What was seen in one combination.
fn history<'a>(seen: &'a [Seen], each: &[Vec<Before>], positions: &[usize]) -> Vec<Cow<'a, Seen>> {
    let of = |((seen, each), &position): ((&'a Seen, &Vec<Before>), &usize)| {
        let before = &each[position];
        match seen {
            Seen::Known(Some(item)) if !before.is_as_now() => {
                Cow::Owned(Seen::Known(Some(before.apply(item))))
            }
            _ => Cow::Borrowed(seen),
        }
    };
    seen.iter().zip(each).zip(positions).map(of).collect()
}
