//! Differences between definitions: each kind of change by an example, and the theorem that a
//! change of the class `none` leaves the stored numbers right.
//!
//! ```text
//! history ─┬─ first part, folded under the definition before ─┐
//!          │  the rest, folded under the definition after ────┴─► numbers ─► equal, as far as
//!          └─ all, folded under the definition after ───────────► recount    the latter reads them
//! ```

#[path = "differences/cases.rs"]
mod cases;
#[path = "measures/definition.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod definition;
#[path = "differences/edits.rs"]
mod edits;
#[path = "measures/filter.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod filter;
#[path = "measures/history.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod history;
#[path = "measures/measure.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod measure;
#[path = "differences/numbers.rs"]
mod numbers;
#[path = "measures/oracle.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod oracle;
#[path = "measures/values.rs"]
#[allow(dead_code, reason = "the test of measures needs the rest")]
mod values;

use proptest::prelude::*;
use weir_model::Model;
use weir_rollups::{ChangeClass, DefinitionChange, Difference, difference, differences};

use crate::cases::{BASE, CASES, Case};
use crate::definition::definition;
use crate::edits::edits;
use crate::history::{History, writes};
use crate::numbers::Numbers;

fn model(text: &str) -> Model {
    Model::parse("weir.toml", text).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

/// Returns the differences between the first rollups of two definitions.
fn compare(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (model(before), model(after));
    differences((&before, &before.rollups[0]), (&after, &after.rollups[0]))
}

/// Replaces texts that a definition has once.
fn replaced(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "expected `{from}` once in\n{text}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn every_kind_of_change_is_found_and_shown() {
    for Case { change, common, edits, shown } in CASES {
        let before = replaced(BASE, common);
        let found = compare(&before, &replaced(&before, edits));
        let shown_of = |difference: &Difference| (difference.change, difference.to_string());
        let texts: Vec<_> = found.iter().map(shown_of).collect();
        assert!(texts.contains(&(*change, (*shown).to_owned())), "{change:?}: {texts:#?}");
        let is_greatest = difference::class(&found) == change.class();
        assert!(is_greatest || found.len() > 1, "{texts:#?}");
    }
    let is_missing = |kind: &&DefinitionChange| CASES.iter().all(|known| known.change != **kind);
    let missing: Vec<_> = DefinitionChange::EVERY.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn definitions_that_mean_the_same_have_no_difference() {
    let cases: &[&[(&str, &str)]] = &[
        &[("buckets = [\"day\", \"month\", \"all\"]", "buckets = [\"all\", \"month\", \"day\"]")],
        &[("where = { status = \"paid\" }", "where = { status = [\"paid\"] }")],
        &[("keep = { day = \"30d\" }", "keep = { day = \"720h\" }")],
        &[("note = { type = \"string\" }", "note = { type = \"integer\" }")],
        &[("name = \"shop\"", "name = \"store\"")],
        &[("PK = \"ORDER#{id}\"", "PK = \"O#{id}\"")],
    ];
    for edits in cases {
        assert_eq!(compare(BASE, &replaced(BASE, edits)), [], "{edits:?}");
    }
    let instants = |zone: &str| {
        replaced(
            BASE,
            &[("status = \"paid\" }", &format!("sent = {{ gte = \"2026-01-01T0{zone}\" }} }}"))],
        )
    };
    assert_eq!(compare(&instants("0:00:00Z"), &instants("1:00:00+01:00")), []);
}

#[test]
fn the_class_of_several_differences_is_the_greatest() {
    let edits = [("\"Europe/Berlin\"", "\"UTC\""), ("orders = \"count\"", "orders = \"sum(net)\"")];
    assert_eq!(
        difference::class(&compare(BASE, &replaced(BASE, &edits))),
        ChangeClass::NewRevision
    );
    assert_eq!(difference::class(&[]), ChangeClass::None);
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_global_rejects: 65_536,
        ..ProptestConfig::with_cases(384)
    })]

    #[test]
    fn numbers_continued_under_a_change_of_no_class_equal_a_recount(
        before in definition(), other in definition(), edits in edits(),
        earlier in writes(), later in writes(),
    ) {
        let text = before.text();
        let edited = edits.iter().fold(text.clone(), |text, edit| edit.apply(&text, &other));
        let parsed = Model::parse("weir.toml", &edited);
        // An edit may remove a measure that a ratio needs.
        prop_assume!(parsed.is_ok());
        let (before, after) = (model(&text), parsed.expect("it is valid"));
        let found = differences((&before, &before.rollups[0]), (&after, &after.rollups[0]));
        prop_assume!(difference::class(&found) == ChangeClass::None);
        let (history, lengths, _) = History::of_two(&earlier, &later);
        let (mut continued, mut recount) = (Numbers::default(), Numbers::default());
        let parts = || history.shards.iter().zip(lengths).map(|(all, length)| all.split_at(length));
        for (shard, (first, _)) in parts().enumerate() {
            continued.absorb(&before, shard, first);
        }
        for (shard, (first, rest)) in parts().enumerate() {
            continued.absorb(&after, shard, rest);
            recount.absorb(&after, shard, first);
            recount.absorb(&after, shard, rest);
        }
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        prop_assert_eq!(
            continued.read(&after.rollups[0], history.newest),
            recount.read(&after.rollups[0], history.newest),
            "{:#?}\n{}", shown, edited
        );
    }
}
