//! The replay of a transaction whose token DynamoDB knows: recognizing writes that were done
//! before.
//!
//! DynamoDB remembers the request that was sent with a token, and answers the same request with
//! success, without doing it again. It rejects another request with the same token
//! (`IdempotentParameterMismatchException`, "TransactWriteItems" in the Amazon DynamoDB API
//! Reference). But the request for the same writes depends on the items: an update makes the maps
//! that it leads through if they are missing, and treats null as absent. Once it is done, the maps
//! are there, so the same writes make another request, which DynamoDB rejects.
//!
//! So the earlier states of the items are tried: from the items as they are now, without maps that
//! the updates lead through, or with nulls at places that they change. For each such history the
//! transaction is planned and sent again with the token. If DynamoDB answers one with success, the
//! writes were done before. No attempt writes anything, for DynamoDB knows the token.
//!
//! Example: `set address.geo.lat = 1` on an item that is `{}`.
//!
//! | item | request | answer |
//! |---|---|---|
//! | `{}`, the first time | makes `address = { geo: { lat: 1 } }` | done |
//! | `{ address: { geo: { lat: 1 } } }`, now | sets `address.geo.lat` | another request |
//! | `{ address: {} }`, if the update made `geo` | makes `address.geo` | another request |
//! | `{}`, if it made both maps | makes `address` | success: it was done before |
//!
//! Each of several updates has its own states. Their combinations are tried up to [`MAX_EARLIER`]:
//! first the items as they are now, then the last state of each, then the other combinations, and
//! then those with nulls.
//!
//! **Invariant:** one of these histories exists at a time, and of an item that is the same in it as
//! now there is no copy.

use std::borrow::Cow;
use std::collections::HashSet;

use weir_model::update::Before;
use weir_model::{Item, UpdatePlan, limits};

use super::failed::Failed;
use super::plan::Seen;
use super::size::stored_bytes;
use crate::error::Error;
use crate::items::table::Table;
use crate::items::write::{Effect, Write};

/// The most histories that are tried for maps, and the most for nulls. Each is one more
/// transaction.
const MAX_EARLIER: usize = 32;

impl Table {
    /// Returns whether these writes were done with this token before, from one of the earlier
    /// states of their items.
    ///
    /// If the items together are larger than DynamoDB accepts in a transaction, nothing is sent and
    /// the answer is no. So writes whose items have grown beyond that since are taken for others.
    pub(super) async fn was_done(
        &self,
        writes: &[Write<'_>],
        token: Option<&str>,
    ) -> Result<bool, Failed> {
        let mut seen = vec![Seen::Unknown; writes.len()];
        let mut bytes = 0;
        for (index, write) in writes.iter().enumerate() {
            if write.must_read_first() || write.may_be_made_again() {
                let item =
                    self.probe(&write.key).await.map_err(|error| Failed::at(index, error))?;
                bytes += item.as_ref().map_or(0, stored_bytes);
                if bytes > limits::MAX_TRANSACTION_BYTES {
                    return Ok(false);
                }
                seen[index] = Seen::Known(item);
            }
        }
        for earlier in earlier(writes, &seen) {
            let Ok(plan) = self.plan(writes, &earlier, &HashSet::new()) else { continue };
            drop(earlier);
            let Err(error) = self.transact(plan.actions, token).await else { return Ok(true) };
            let is_other = error.as_service_error().is_some_and(|error| {
                error.is_idempotent_parameter_mismatch_exception()
                    || error.is_transaction_canceled_exception()
            });
            // After any other error it is unknown whether they were done.
            if !is_other {
                return Err(Failed::whole(Error::from_sdk(self.name(), error)));
            }
        }
        Ok(false)
    }
}

/// Returns the states in which the items may have been before the updates, the present one first.
/// Each is made when it is needed.
fn earlier<'a>(
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

/// Returns for each write how its item may have differed; at least the present state.
fn each_before(
    writes: &[Write<'_>],
    seen: &[Seen],
    before: impl Fn(&UpdatePlan, &Item) -> Vec<Before>,
) -> Vec<Vec<Before>> {
    let before_write = |(write, seen): (&Write<'_>, &Seen)| match (&write.effect, seen) {
        (Effect::Update(plan), Seen::Known(Some(item))) => before(plan, item),
        _ => vec![Before::default()],
    };
    writes.iter().zip(seen).map(before_write).collect()
}

/// Returns the combinations, up to the most that are tried: for each write the position of one of
/// its states.
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

/// Returns the items of one combination.
fn history<'a>(seen: &'a [Seen], each: &[Vec<Before>], positions: &[usize]) -> Vec<Cow<'a, Seen>> {
    let state = |((seen, each), &position): ((&'a Seen, &Vec<Before>), &usize)| {
        let before = &each[position];
        match seen {
            Seen::Known(Some(item)) if !before.is_as_now() => {
                Cow::Owned(Seen::Known(Some(before.apply(item))))
            }
            _ => Cow::Borrowed(seen),
        }
    };
    seen.iter().zip(each).zip(positions).map(state).collect()
}
