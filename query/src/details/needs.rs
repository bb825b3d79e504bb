//! The detail items that measures need of slots, and the reads that these take.
//!
//! **Invariant:** everything here is pure: a need follows from the measure and from the buckets in
//! which something is counted.

use std::collections::{BTreeMap, BTreeSet};

use weir_model::Measure;
use weir_model::rollup::{DetailPart, Direction};
use weir_rollups::details::Details;
use weir_rollups::{Bucket, runs};

use crate::slot::SlotTotals;

/// The detail items that one measure needs of a slot. `kind` is the name of their kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Need {
    /// The first ones from one end of each bucket.
    End { kind: String, direction: Direction, limit: u16 },
    /// The ones with the greatest counts.
    MostFrequent { kind: String, limit: u16 },
    /// All of them.
    All { kind: String },
}

/// The detail items that measures need of the slots of a group, each once.
pub(super) struct Needs<'a> {
    /// The kinds of detail items, by their names.
    pub(super) kinds: BTreeMap<String, Details<'a>>,
    /// The needs that are read bucket by bucket, by the positions of their slots.
    pub(super) partial: BTreeSet<(usize, Need)>,
    /// The positions of the slots of which all detail items are needed, by kind.
    pub(super) whole: BTreeMap<String, BTreeSet<usize>>,
}

impl Need {
    /// Returns the need of a measure in a slot with so many buckets in which something is counted;
    /// `None` if the measure is read from rollup items alone.
    pub(super) fn for_measure(measure: &Measure, live_buckets: usize) -> Option<Self> {
        let part = measure.shape().details?.part;
        let kind = Details::for_measure(measure)?.name();
        match part {
            DetailPart::End { direction, limit } => Some(Self::End { kind, direction, limit }),
            DetailPart::Counted if live_buckets <= 1 => None,
            DetailPart::MostFrequent { limit } if live_buckets == 1 => {
                Some(Self::MostFrequent { kind, limit })
            }
            DetailPart::Counted | DetailPart::MostFrequent { .. } | DetailPart::All => {
                Some(Self::All { kind })
            }
        }
    }

    /// Returns the name of the kind of detail items.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::End { kind, .. } | Self::MostFrequent { kind, .. } | Self::All { kind } => kind,
        }
    }

    /// Returns the least number of detail items of a bucket that it reads.
    fn least_items(&self) -> usize {
        match self {
            Self::End { limit, .. } | Self::MostFrequent { limit, .. } => usize::from(*limit),
            Self::All { .. } => 1,
        }
    }
}

impl<'a> Needs<'a> {
    /// Returns the needs of measures in slots.
    pub(super) fn new(measures: &[&'a Measure], slots: &[SlotTotals]) -> Self {
        let kinds = measures.iter().filter_map(|measure| Details::for_measure(measure));
        let mut needs = Self {
            kinds: kinds.map(|kind| (kind.name(), kind)).collect(),
            partial: BTreeSet::new(),
            whole: BTreeMap::new(),
        };
        for (position, slot) in slots.iter().enumerate().filter(|(_, slot)| !slot.live.is_empty()) {
            for measure in measures {
                match Need::for_measure(measure, slot.live.len()) {
                    Some(Need::All { kind }) => {
                        needs.whole.entry(kind).or_default().insert(position);
                    }
                    Some(need) => {
                        needs.partial.insert((position, need));
                    }
                    None => {}
                }
            }
        }
        needs
    }

    /// Returns the number of buckets that are read one by one, of one stripe.
    pub(super) fn bucket_count(&self, slots: &[SlotTotals]) -> usize {
        self.partial.iter().map(|(position, _)| slots[*position].live.len()).sum()
    }

    /// Returns the number of reads of one partition, unless a range has more than a megabyte.
    fn reads(&self, slots: &[SlotTotals]) -> u64 {
        let partial = self.partial.iter().map(|(position, need)| {
            let buckets = slots[*position].live.len() as u64;
            match need {
                // The index, and the first in order if many share the last place.
                Need::MostFrequent { .. } => 2 * buckets,
                _ => buckets,
            }
        });
        let whole = self.whole.values();
        let whole = whole.map(|positions| runs(&live_buckets(slots, positions)).len() as u64);
        partial.sum::<u64>() + whole.sum::<u64>()
    }
}

/// Returns the buckets of slots in which something is counted.
pub(super) fn live_buckets(slots: &[SlotTotals], positions: &BTreeSet<usize>) -> Vec<Bucket> {
    positions.iter().flat_map(|position| slots[*position].live.clone()).collect()
}

/// Returns the least number of detail items of each bucket that these measures are read from.
pub(crate) fn least_items_per_bucket(measures: &[&Measure]) -> usize {
    let needs = measures.iter().filter_map(|measure| Need::for_measure(measure, 1));
    needs.map(|need| need.least_items()).sum()
}

/// Returns the number of reads of one partition that the detail items of a group in slots take,
/// unless a range has more than a megabyte.
pub(crate) fn reads_per_partition(measures: &[&Measure], slots: &[SlotTotals]) -> u64 {
    Needs::new(measures, slots).reads(slots)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use weir_model::{Granularity, Model};

    use super::*;

    const DEFINITION: &str = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "ORDER#{id}"
        SK = "ORDER"
        [entities.order.attributes]
        id = { type = "string", required = true }
        at = { type = "timestamp", required = true }
        user = { type = "string" }
        total = { type = "integer" }
        [rollups.spend]
        of = "order"
        time = "at"
        buckets = ["day"]
        [rollups.spend.measures]
        orders = "count"
        least = "min(total)"
        dearest = "largest(total, 3)"
        users = "distinct(user)"
        favourites = "top(user, 2)"
        newest = "last(user)"
        usual = "median(total)"
    "##;

    /// Returns a slot of days of November, in all of which something is counted.
    fn slot(model: &Model, days: Range<u8>) -> SlotTotals {
        let zone = &model.rollups[0].time_zone;
        let bucket = |day: u8| {
            let start = format!("2026-11-{day:02}T00:00:00Z").parse().expect("an instant");
            Bucket::at(Granularity::Day, start, zone).expect("a bucket")
        };
        SlotTotals { live: days.map(bucket).collect(), ..SlotTotals::default() }
    }

    #[test]
    fn reads_follow_from_the_measures_and_the_buckets_in_which_something_is_counted() {
        let model: Model = DEFINITION.parse().expect("a definition");
        // The reads of a slot without buckets, of one with one, and of one with three days on end.
        let cases = [
            ("orders", [0, 0, 0]),
            ("least", [0, 1, 3]),
            ("dearest", [0, 1, 3]),
            ("users", [0, 0, 1]),
            ("favourites", [0, 2, 1]),
            ("newest", [0, 1, 3]),
            ("usual", [0, 1, 1]),
        ];
        for (name, expected) in cases {
            let measure = model.rollups[0].measure(name).expect("it is defined");
            let days = [1..1, 1..2, 1..4];
            let reads = days.map(|days| reads_per_partition(&[measure], &[slot(&model, days)]));
            assert_eq!(reads, expected, "{name}");
        }
    }

    #[test]
    fn measures_with_the_same_need_share_its_reads() {
        let model: Model = DEFINITION.parse().expect("a definition");
        let measures: Vec<_> =
            model.rollups[0].measures.iter().map(|known| &known.measure).collect();
        let slots = [slot(&model, 1..4), slot(&model, 4..7)];
        // Two ends of values and one of times of six buckets; all values, and all octaves, at once.
        assert_eq!(reads_per_partition(&measures, &slots), 3 * 6 + 1 + 1);
        assert_eq!(Needs::new(&measures, &slots).bucket_count(&slots), 3 * 6);
        // 1 of `min`, 3 of `largest`, 2 of `top`, 1 of `last`, and an octave.
        assert_eq!(least_items_per_bucket(&measures), 8);
    }
}
