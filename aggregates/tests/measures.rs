//! The theorem for every measure: any rollup of any history, delivered in any way, answers what a
//! recount answers.
//!
//! ```text
//! definition ─┬─ history ─► records of two shards ─► invocations ─► store ─► readings ─► answers
//!             └───────────► items that are left ───► recount ──────────────────────────► the same
//! ```
//!
//! Rollups are of every shape that a definition can have; deliveries are as an event source mapping
//! may make them: batches cut anywhere, again and anew, with invocations that die after any write
//! and others that come between their writes.

#[path = "measures/definition.rs"]
mod definition;
#[path = "measures/expected.rs"]
mod expected;
#[path = "measures/filter.rs"]
mod filter;
#[path = "measures/history.rs"]
mod history;
#[path = "measures/measure.rs"]
mod measure;
#[path = "measures/oracle.rs"]
mod oracle;
#[path = "measures/reading.rs"]
mod reading;
#[path = "measures/store.rs"]
mod store;
#[path = "measures/values.rs"]
mod values;

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_model::{Measure, Model, Rollup};
use weir_rollups::details::DetailSpec;
use weir_rollups::{Accumulator, RollupKey};

use crate::definition::{Definition, definition};
use crate::expected::expected;
use crate::history::{History, SHARDS, Write, writes};
use crate::measure::Measured;
use crate::oracle::recount;
use crate::reading::Reading;
use crate::store::{Invocation, Store};
use crate::values::Values;

/// A delivery of a shard's records: from how far back, how many, and how its invocation goes.
#[derive(Clone, Debug)]
struct Delivery {
    shard: usize,
    back: usize,
    length: usize,
    /// The first of its updates.
    first: usize,
    /// After how many writes it dies.
    dies_after: Option<usize>,
    /// Whether the next invocation comes before its transactions.
    is_slow: bool,
}

fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    let dies_after = prop_oneof![3 => Just(None), 2 => (0_usize..40).prop_map(Some)];
    let parts = (0..SHARDS, 0_usize..12, 1_usize..10, 0_usize..20, dies_after, any::<bool>());
    let delivery = parts.prop_map(|(shard, back, length, first, dies_after, is_slow)| Delivery {
        shard,
        back,
        length,
        first,
        dies_after,
        is_slow,
    });
    prop::collection::vec(delivery, 0..14)
}

/// An invocation that has not ended, with the shard and how far it gets.
type Slow = (Invocation, usize, usize);

/// Delivers all records from some of each shard to others: as the deliveries say first, then what
/// has not been handled yet.
fn deliver(
    model: &Model,
    store: &mut Store,
    history: &History,
    deliveries: &[Delivery],
    [from, to]: [[usize; SHARDS]; 2],
) {
    let mut done = from;
    let mut slow: Option<Slow> = None;
    for delivery in deliveries {
        let (records, shard) = (&history.shards[delivery.shard], delivery.shard);
        let start = done[shard].saturating_sub(delivery.back).max(from[shard]);
        let end = (start + delivery.length).min(to[shard]);
        let (batch, first) = (&records[start..end], delivery.first);
        let invocation = Invocation::begin(store, model, shard, batch, first, delivery.dies_after);
        let now = (invocation, shard, end);
        let ending = if delivery.is_slow && slow.is_none() {
            slow = Some(now);
            [None, None]
        } else {
            [slow.take(), Some(now)]
        };
        for (invocation, shard, end) in ending.into_iter().flatten() {
            if invocation.finish(store) {
                done[shard] = done[shard].max(end);
            }
        }
    }
    if let Some((invocation, shard, end)) = slow
        && invocation.finish(store)
    {
        done[shard] = done[shard].max(end);
    }
    for (shard, records) in history.shards.iter().enumerate() {
        let rest = &records[done[shard]..to[shard]];
        assert!(Invocation::begin(store, model, shard, rest, 0, None).finish(store));
    }
}

/// Whether the store answers what a recount answers.
fn check(
    definition: &Definition,
    model: &Model,
    store: &Store,
    history: &History,
) -> Result<(), String> {
    let rollup = &model.rollups[0];
    let recount = recount(definition, history);
    let mut read = BTreeSet::new();
    for (group, buckets) in &recount.groups {
        let mut whole: Vec<(&str, Reading, Vec<&Values>)> = Vec::new();
        for (label, items) in buckets {
            let reading = Reading::read(store, rollup, group, label)?;
            let place = format!("{label} of {group:?}");
            check_answers(definition, rollup, &reading, items, &place)?;
            check_upkeep(definition, rollup, store, &reading, group, label)?;
            read.extend(reading.keys.iter().cloned());
            let name = label.split('#').next().unwrap_or_default();
            match whole.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, merged, union)) => {
                    merged.merge(&reading);
                    union.extend(items);
                }
                None => whole.push((name, reading, items.clone())),
            }
        }
        for (name, merged, union) in whole {
            check_answers(
                definition,
                rollup,
                &merged,
                &union,
                &format!("every {name} of {group:?}"),
            )?;
        }
    }
    let is_gone = |key: &RollupKey| {
        let mut gone = recount.gone.iter();
        gone.any(|label| key.sort == *label || key.sort.starts_with(&format!("{label}#")))
    };
    let mut rest = store.items.iter().filter(|(key, _)| !read.contains(key) && !is_gone(key));
    match rest.find(|(_, stored)| !stored.is_zero()) {
        Some((key, stored)) => Err(format!("{key:?} of no item has {stored:?}")),
        None => Ok(()),
    }
}

fn check_answers(
    definition: &Definition,
    rollup: &Rollup,
    reading: &Reading,
    items: &[&Values],
    place: &str,
) -> Result<(), String> {
    let known = |at: usize| &rollup.measures[at].measure;
    for (at, measure) in definition.measures.iter().enumerate() {
        let answer = reading.answer(rollup, known(at))?;
        let part = |at| weir_rollups::measured::number(reading.answer(rollup, known(at)).ok()?);
        let expected = expected(definition, measure, items, part);
        let edges: &[&str] = match measure {
            Measured::Histogram(_, edges) => edges,
            _ => &[],
        };
        if !expected.is(measure.source(), edges, &answer) {
            return Err(format!(
                "{place}: m{at} = {measure:?} is {answer:?}, expected {expected:?}"
            ));
        }
    }
    Ok(())
}

/// Whether a rollup item counts its rows and is ranked by what ranks it.
fn check_upkeep(
    definition: &Definition,
    rollup: &Rollup,
    store: &Store,
    reading: &Reading,
    group: &[String],
    label: &str,
) -> Result<(), String> {
    for kept in DetailSpec::for_rollup(rollup).into_iter().filter(|kept| kept.is_counted) {
        let weir_rollups::Details::Values(of) = kept.details else { continue };
        let (counted, live) =
            (reading.amounts.get(&Accumulator::distinct(of)), reading.live(kept.details));
        if usize::try_from(counted) != Ok(live) {
            return Err(format!(
                "{label} of {group:?} counts {counted} of {live} values of {}",
                of.name()
            ));
        }
    }
    let Some((by, within)) = definition.rank else { return Ok(()) };
    let escaped = |text: &String| text.replace('%', "%25").replace('#', "%23");
    let group: Vec<_> = group.iter().map(escaped).collect();
    let key = RollupKey::new(format!("sales#{}", group.join("#")), label);
    let stored = store.items.get(&key).ok_or_else(|| format!("no {key:?}"))?;
    let rank = ["sales.ranks"].into_iter().chain(group[..within].iter().map(String::as_str));
    let rank = rank.chain([label]).collect::<Vec<_>>().join("#");
    let name = match &rollup.measures[by].measure {
        Measure::Present(of) => format!("count({})", of.name()),
        Measure::Sum(of) => format!("sum({})", of.name()),
        Measure::Distinct(of) => format!("distinct({})", of.name()),
        _ => "count".to_owned(),
    };
    if stored.number("score") != stored.number(&name) || stored.rank.as_ref() != Some(&rank) {
        return Err(format!("{key:?} is not ranked by {name} in {rank}: {stored:?}"));
    }
    Ok(())
}

fn replay(model: &Model, store: &mut Store, history: &History, length: usize) {
    for (shard, records) in history.shards.iter().enumerate() {
        for batch in records.chunks(length) {
            assert!(Invocation::begin(store, model, shard, batch, 1, None).finish(store));
        }
    }
}

fn run(definition: &Definition, writes: &[Write], deliveries: &[Delivery]) -> Result<(), String> {
    let (model, history, mut store) = (definition.model(), History::new(writes), Store::default());
    deliver(&model, &mut store, &history, deliveries, [[0; SHARDS], all(&history)]);
    check(definition, &model, &store, &history)?;
    let before = store.items.clone();
    replay(&model, &mut store, &history, 3);
    if store.items != before {
        return Err("a replay of everything has changed something".to_owned());
    }
    Ok(())
}

/// The same with a long pause, in which goes what may go.
fn run_with_pause(
    definition: &Definition,
    [earlier, later]: [&[Write]; 2],
    [before, after]: [&[Delivery]; 2],
    may_go: &[bool],
) -> Result<(), String> {
    let (model, mut store) = (definition.model(), Store::default());
    let (history, lengths, beginning) = History::of_two(earlier, later);
    deliver(&model, &mut store, &history, before, [[0; SHARDS], lengths]);
    if let Some(beginning) = beginning {
        store.age(i64::from(beginning), |position| may_go[position % may_go.len()]);
    }
    deliver(&model, &mut store, &history, after, [lengths, all(&history)]);
    check(definition, &model, &store, &history)
}

/// How many records each shard has.
fn all(history: &History) -> [usize; SHARDS] {
    std::array::from_fn(|shard| history.shards[shard].len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_rollup_of_any_history_answers_what_a_recount_answers(
        definition in definition(), writes in writes(), deliveries in deliveries(),
    ) {
        run(&definition, &writes, &deliveries).map_err(|reason| failed(&definition, &reason))?;
    }

    #[test]
    fn what_goes_away_by_itself_is_never_missed(
        definition in definition(),
        earlier in writes(),
        later in writes(),
        before in deliveries(),
        after in deliveries(),
        may_go in prop::collection::vec(any::<bool>(), 1..8),
    ) {
        run_with_pause(&definition, [&earlier, &later], [&before, &after], &may_go)
            .map_err(|reason| failed(&definition, &reason))?;
    }
}

fn failed(definition: &Definition, reason: &str) -> TestCaseError {
    TestCaseError::fail(format!("{reason}\n{}", definition.text()))
}
