//! Builds in random worlds, on the algebra of the product: more items, shards that split, records
//! that are late, invocations that die and batches that overlap, builders that are killed, two at a
//! time, and a verification while records are counted.
//!
//! `lifecycle` visits every state of small worlds with sums of its own. Here the worlds are larger
//! and one state of each is visited at a time, and contributions, folds, rests, watermarks and the
//! rows that `distinct` counts are those of `weir_rollups`.
//!
//! | to see | read |
//! |---|---|
//! | the items, the writes, the stream | `world.rs` |
//! | the state item and the events | `run.rs` |
//! | the processor, the builders | `processing.rs`, `building.rs` |
//! | the capture and the base | `base.rs` |
//! | the conditional write | `store.rs` |
//! | verification and repair | `comparing.rs`, `verify.rs` |
//! | the recount | `numbers.rs` |
//!
//! `WEIR_LIFECYCLE_WORLDS` sets the number of worlds, which is for every day by default.
//!
//! **Invariant:** with everything acknowledged, the revision that is served has the numbers of a
//! recount; a verification finds the drift that was planted and no other.

#[path = "worlds/base.rs"]
mod base;
#[path = "worlds/building.rs"]
mod building;
#[path = "worlds/comparing.rs"]
mod comparing;
#[path = "worlds/numbers.rs"]
mod numbers;
#[path = "worlds/processing.rs"]
mod processing;
#[path = "worlds/run.rs"]
mod run;
#[path = "worlds/store.rs"]
mod store;
#[path = "worlds/verify.rs"]
mod verify;
#[path = "worlds/weakness.rs"]
mod weakness;
#[path = "worlds/world.rs"]
mod world;

use fastrand::Rng;
use weir_model::Model;

use self::numbers::{recount, stored};
use self::run::{REVISIONS, Report, Run, Stage};
use self::weakness::Weakness;
use self::world::World;
use crate::trace::print;

/// The number of worlds with every `cargo test`.
const WORLDS: u64 = 200;
/// The most worlds in which a weakness must have given a wrong number.
const MOST_WORLDS: u64 = 1000;

/// The rollup is put behind it.
const ENTITIES: &str = r##"
[table]
name = "shop"
[entities.sale]
PK = "SALE#{id}"
SK = "SALE"
[entities.sale.attributes]
id = { type = "string", required = true }
shop = { type = "string" }
product = { type = "string" }
amount = { type = "integer" }
[rollups.sales]
of = "sale"
by = ["shop"]
"##;
/// The measures of each revision.
const MEASURES: [&str; REVISIONS] = [
    r#"measures = { revenue = "sum(amount)" }"#,
    r#"measures = { revenue = "sum(amount)", products = "distinct(product)" }"#,
];

/// The end of a world.
struct End {
    /// A number of the revision that is served differs from a recount, or rows are left.
    wrong: Option<String>,
    is_built: bool,
    is_replaced: bool,
    report: Report,
}

#[test]
fn a_build_gives_what_a_recount_gives_and_a_verification_finds_drift_alone() {
    let ends: Vec<_> =
        (0..worlds()).map(|seed| (seed, end(seed, Weakness::AsDecided, false))).collect();
    for (seed, End { wrong, report, .. }) in &ends {
        assert_eq!(*wrong, None, "world {seed}");
        if let Some(found) = &report.found {
            assert_eq!(*found, report.planted, "the drift of world {seed}");
        }
        assert!(!report.stepped_back, "world {seed}");
    }
    let count = |is: fn(&End) -> bool| ends.iter().filter(|(_, end)| is(end)).count();
    let built = count(|end| end.is_built);
    let replaced = count(|end| end.is_replaced);
    let killed = count(|end| end.is_built && end.report.killed);
    let verified = count(|end| end.report.found.is_some() && end.report.planted.is_empty());
    let repaired = count(|end| end.report.found.is_some() && !end.report.planted.is_empty());
    print(&format!(
        "{} worlds: {built} built, {replaced} in place of another, {killed} with a builder that \
         was killed; {verified} verified, {repaired} repaired",
        ends.len()
    ));
    let happened = [built, replaced, killed, verified, repaired];
    assert!(happened.iter().all(|count| *count > 0), "{happened:?}");
    assert!(count(|end| end.report.redelivered) > 0);
}

/// Times step back by less than the margins, and more often than they do in any stream.
#[test]
fn a_build_that_sees_times_step_back_is_aborted() {
    let (mut aborted, worlds) = (0, worlds() / 2);
    for seed in 0..worlds {
        let End { wrong, report, .. } = end(seed, Weakness::AsDecided, true);
        assert_eq!(wrong, None, "world {seed}");
        assert!(report.found.is_none_or(|drift| drift.is_empty()), "world {seed}");
        aborted += u64::from(report.stepped_back);
    }
    print(&format!("{aborted} builds aborted in {worlds} worlds"));
    assert!(aborted > 0);
}

#[test]
fn each_weakness_gives_a_wrong_number() {
    for weakness in Weakness::ALL {
        let is_wrong = |seed: &u64| end(*seed, weakness, false).wrong.is_some();
        let Some(seed) = (0..MOST_WORLDS).find(is_wrong) else {
            panic!("{weakness:?} is right in {MOST_WORLDS} worlds");
        };
        print(&format!("{weakness:?}: world {seed} is wrong"));
    }
}

/// Returns the end of a world.
fn end(seed: u64, weakness: Weakness, steps_back: bool) -> End {
    let mut rng = Rng::with_seed(seed);
    let world = World::new(&mut rng, steps_back);
    let stripes = rng.usize(1..4);
    let model = |measures: &str| -> Model {
        format!("{ENTITIES}stripes = {stripes}\n{measures}").parse().expect("valid")
    };
    let models = MEASURES.map(model);
    let run = Run::new(&world, &models, weakness, rng).finish();
    let served = run.stages.iter().rposition(|stage| matches!(stage, Stage::Ready(_)));
    let mut wrong = served.and_then(|served| {
        let (stored, recount) = (stored(&run.stores[served]), recount(&world, served == 1));
        (stored != recount).then(|| format!("stored {stored:?}\nrecount {recount:?}"))
    });
    let is_replaced = run.stages[0] == Stage::Purged;
    if is_replaced && !run.stores[0].is_empty() {
        wrong = Some("rows of a purged revision".to_owned());
    }
    End { wrong, is_built: served == Some(1), is_replaced, report: run.report }
}

/// Returns the number of worlds.
fn worlds() -> u64 {
    let set = std::env::var("WEIR_LIFECYCLE_WORLDS").ok();
    set.map_or(WORLDS, |set| set.parse().expect("WEIR_LIFECYCLE_WORLDS is a number"))
}
