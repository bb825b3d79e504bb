//! Definitions of a rollup that cost less, and what answers lose by them.
//!
//! **Invariant:** a definition is proposed without a loss only if every question that the rollup
//! answers is still answered.

use weir_model::{Granularity, Measure, Rollup};

use crate::details::{DetailSpec, Details};

/// A change of a definition that makes changes of items cheaper.
#[derive(Clone, Debug)]
pub struct Cheaper {
    /// The change.
    pub change: CheaperChange,
    /// The rollup with it.
    pub rollup: Rollup,
}

/// A change of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheaperChange {
    /// A granularity is not kept, as buckets of another one make up its buckets.
    Granularity {
        /// The one that is not kept.
        dropped: Granularity,
        /// The one that makes it up.
        made_of: Granularity,
    },
    /// The groups are not ranked.
    Ranking,
    /// Measures that are read from detail items of one kind are not kept.
    Measures(Vec<String>),
    /// Another rollup with the same groups has the measures too.
    Merged {
        /// The rollup that is not kept.
        other: String,
    },
}

/// Returns the cheaper definitions of a rollup.
pub fn cheaper(rollup: &Rollup) -> Vec<Cheaper> {
    let coarse = rollup.granularities.iter().filter_map(|dropped| without_bucket(rollup, *dropped));
    let unranked = rollup.rank.is_some().then(|| Cheaper {
        change: CheaperChange::Ranking,
        rollup: Rollup { rank: None, ..rollup.clone() },
    });
    let specs = DetailSpec::for_rollup(rollup);
    let unmeasured = specs.iter().filter_map(|spec| without_details(rollup, spec.details));
    coarse.chain(unranked).chain(unmeasured).collect()
}

/// Returns one rollup that keeps what two keep; `None` if they count different items or groups.
pub fn merged(one: &Rollup, other: &Rollup) -> Option<Cheaper> {
    let is_same = one.entity == other.entity
        && one.filter == other.filter
        && one.dimensions == other.dimensions
        && one.time == other.time
        && one.time_zone_name == other.time_zone_name
        && one.granularities == other.granularities
        && one.keep == other.keep
        && one.stripes == other.stripes
        && one.on_ttl_expiry == other.on_ttl_expiry
        && one.colocated.is_none()
        && other.colocated.is_none()
        && (one.rank.is_none() || other.rank.is_none());
    if !is_same {
        return None;
    }
    let mut both = one.clone();
    both.rank = one.rank.clone().or_else(|| other.rank.clone());
    for measure in &other.measures {
        match one.measure(&measure.name) {
            None => both.measures.push(measure.clone()),
            Some(known) if *known == measure.measure => {}
            // One name for two measures: somebody has to choose another name first.
            Some(_) => return None,
        }
    }
    let change = CheaperChange::Merged { other: other.name.clone() };
    Some(Cheaper { change, rollup: both })
}

/// Returns the rollup without a granularity that another one makes up. A leaderboard is of a bucket
/// that is kept, so a ranked rollup needs all of its own; and the detail items of many buckets may
/// be more than one answer reads.
fn without_bucket(rollup: &Rollup, dropped: Granularity) -> Option<Cheaper> {
    let is_added = |spec: &DetailSpec<'_>| matches!(spec.details, Details::Sketch(_));
    if rollup.rank.is_some() || !DetailSpec::for_rollup(rollup).iter().all(is_added) {
        return None;
    }
    let makes_up = |finer: &&Granularity| {
        let is_kept = !rollup.keep.contains_key(finer);
        is_kept && tiles(**finer, dropped, &rollup.time_zone_name)
    };
    let made_of = *rollup.granularities.iter().rev().find(makes_up)?;
    let mut rollup = rollup.clone();
    rollup.granularities.retain(|granularity| *granularity != dropped);
    rollup.keep.remove(&dropped);
    Some(Cheaper { change: CheaperChange::Granularity { dropped, made_of }, rollup })
}

/// Whether not too many buckets of one granularity make up each bucket of another. Minutes and
/// hours are named by their instants in UTC, and an hour of UTC may lie in two days of a zone.
fn tiles(finer: Granularity, coarser: Granularity, time_zone: &str) -> bool {
    use Granularity::{Day, Hour, Minute, Month, Quarter, QuarterHour, Week, Year};
    match finer {
        Minute => matches!(coarser, QuarterHour | Hour | Day),
        QuarterHour => matches!(coarser, Hour | Day | Week),
        Hour => matches!(coarser, Day | Week | Month) && time_zone == "UTC",
        Day => matches!(coarser, Week | Month | Quarter | Year),
        Month => matches!(coarser, Quarter | Year),
        Quarter => coarser == Year,
        Week | Year | Granularity::All => false,
    }
}

/// Returns the rollup without the measures that are read from detail items; `None` if it would have
/// no measure, or ranks by one of them.
fn without_details(rollup: &Rollup, details: Details<'_>) -> Option<Cheaper> {
    let is_read = |measure: &Measure| Details::for_measure(measure) == Some(details);
    let dropped: Vec<_> = rollup
        .measures
        .iter()
        .filter(|known| is_read(&known.measure))
        .map(|known| &known.name)
        .collect();
    let is_dropped = |name: &str| dropped.iter().any(|known| *known == name);
    let is_kept = |measure: &Measure| {
        let parts = measure.parts().into_iter().flatten();
        !is_read(measure) && !parts.into_iter().any(is_dropped)
    };
    if rollup.rank.as_ref().is_some_and(|rank| is_dropped(&rank.by)) {
        return None;
    }
    let kept: Vec<_> =
        rollup.measures.iter().filter(|known| is_kept(&known.measure)).cloned().collect();
    let lost = rollup.measures.iter().filter(|known| !is_kept(&known.measure));
    let lost = lost.map(|known| known.name.clone()).collect();
    let rollup = Rollup { measures: kept, ..rollup.clone() };
    (!rollup.measures.is_empty())
        .then_some(Cheaper { change: CheaperChange::Measures(lost), rollup })
}

#[cfg(test)]
mod tests {
    use weir_model::Model;

    use super::*;

    fn rollup(lines: &str) -> Rollup {
        let orders = include_str!("../../../tests/fixtures/orders.toml");
        let text = format!("{orders}\n[rollups.sales]\nof = \"order\"\ntime = \"at\"\n{lines}\n");
        let model: Model = text.parse().unwrap_or_else(|error| panic!("{error:?}"));
        model.rollups[0].clone()
    }

    fn changes(lines: &str) -> Vec<CheaperChange> {
        cheaper(&rollup(lines)).into_iter().map(|option| option.change).collect()
    }

    #[test]
    fn a_bucket_is_dropped_only_if_another_one_makes_it_up() {
        use Granularity::{Day, Hour, Month, Year};
        let dropped = |dropped, made_of| CheaperChange::Granularity { dropped, made_of };
        let count = "measures = { orders = \"count\" }";
        for (lines, expected) in [
            ("buckets = [\"day\", \"week\", \"all\"]", vec![dropped(Granularity::Week, Day)]),
            (
                "buckets = [\"day\", \"month\", \"year\"]",
                vec![dropped(Month, Day), dropped(Year, Month)],
            ),
            ("buckets = [\"week\", \"month\"]", vec![]),
            ("buckets = [\"hour\", \"day\"]", vec![dropped(Day, Hour)]),
            ("buckets = [\"hour\", \"day\"]\ntime_zone = \"Asia/Kolkata\"", vec![]),
            ("buckets = [\"minute\", \"year\"]", vec![]),
            ("buckets = [\"day\", \"month\"]\nkeep = { day = \"14d\" }", vec![]),
        ] {
            assert_eq!(changes(&format!("{lines}\n{count}")), expected, "{lines}");
        }
        let most = "buckets = [\"day\", \"month\"]\n\
                    measures = { most = \"max(total)\", orders = \"count\" }";
        assert_eq!(changes(most), [CheaperChange::Measures(vec!["most".to_owned()])]);
    }

    #[test]
    fn measures_are_dropped_with_the_ratios_of_them_and_never_all() {
        let named = |names: &[&str]| {
            CheaperChange::Measures(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let lines = "measures = { users = \"distinct(user)\", orders = \"count\", \
                     each = \"ratio(orders, users)\", p95 = \"p95(total)\" }";
        assert_eq!(changes(lines), [named(&["users", "each"]), named(&["p95"])]);
        assert_eq!(changes("measures = { users = \"distinct(user)\" }"), []);
        let ranked = "rank_by = \"users\"\nby = [\"note\"]\n\
                      measures = { users = \"distinct(user)\", orders = \"count\" }";
        assert_eq!(changes(ranked), [CheaperChange::Ranking]);
    }

    #[test]
    fn rollups_of_the_same_groups_are_merged_unless_a_name_means_two_things() {
        let one = rollup("by = [\"user\"]\nmeasures = { orders = \"count\" }");
        let other = rollup("by = [\"user\"]\nmeasures = { revenue = \"sum(total)\" }");
        let both = merged(&one, &other).expect("the same groups").rollup;
        assert_eq!(both.measures.len(), 2);
        for lines in [
            "by = [\"note\"]\nmeasures = { revenue = \"sum(total)\" }",
            "by = [\"user\"]\nmeasures = { orders = \"sum(total)\" }",
            "by = [\"user\"]\nbuckets = [\"day\"]\nmeasures = { revenue = \"sum(total)\" }",
            "by = [\"user\"]\nwhere = { total = { gt = 1 } }\n\
             measures = { revenue = \"sum(total)\" }",
        ] {
            assert!(merged(&one, &rollup(lines)).is_none(), "{lines}");
        }
    }
}
