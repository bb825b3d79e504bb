//! Fingerprints of rollups: everything that the numbers of a rollup depend on, as text.
//!
//! **Invariant:** two definitions of a rollup with the same fingerprint give the same numbers.

use std::collections::BTreeMap;

use weir_model::rollup::Source;
use weir_model::{ColocatedKey, Model, Rollup};
use weir_rollups::Accumulator;

/// The fingerprint of each rollup, by its name.
pub(super) type Fingerprints = BTreeMap<String, String>;

/// Begins the types of the attributes that `where` compares: a value of another type leaves an item
/// out.
const TYPES: &str = " where types ";

/// Returns the rollups of the current definition that differ from the known ones, each with `added`
/// or `changed`.
pub(super) fn changed(
    known: &Fingerprints,
    current: &Fingerprints,
) -> BTreeMap<String, &'static str> {
    let differing = current.iter().filter_map(|(rollup, fingerprint)| {
        let without_types = fingerprint.split(TYPES).next();
        let change = match known.get(rollup) {
            // The versions that stored no types compared `where` without them.
            Some(before) if before == fingerprint || Some(before.as_str()) == without_types => {
                return None;
            }
            Some(_) => "changed",
            None => "added",
        };
        Some((rollup.clone(), change))
    });
    differing.collect()
}

/// Returns the fingerprints of a model's rollups.
pub(super) fn fingerprints(model: &Model) -> Fingerprints {
    let rollups = model.rollups.iter();
    rollups.map(|rollup| (rollup.name.clone(), fingerprint(model, rollup))).collect()
}

/// Returns everything about a rollup that its numbers depend on. A new measure over accumulators
/// that are stored already is not part of it.
fn fingerprint(model: &Model, rollup: &Rollup) -> String {
    let entity = model.entity(&rollup.entity);
    // Left out where there are none, as the versions did that knew none.
    let texts = entity.map(|entity| &entity.text_tests).filter(|texts| !texts.is_empty());
    let texts = texts.map(|texts| format!(" {texts:?}")).unwrap_or_default();
    let entity = entity.map(|entity| &entity.discriminator);
    let source = |source: &Source| format!("{:?} {:?}", source.path.steps, source.kind());
    let dimensions: Vec<_> = rollup.dimensions.iter().map(source).collect();
    let time = rollup.time.as_ref().map(source);
    let measures = rollup.measures.iter().map(|known| &known.measure);
    let sources = measures.flat_map(|measure| measure.source().into_iter().chain(measure.time()));
    // By name, for so the accumulators are called.
    let named = |of: &Source| format!("{} {}", of.name(), source(of));
    let mut measured: Vec<_> = sources.map(named).collect();
    measured.sort();
    measured.dedup();
    let rows = weir_rollups::details::DetailSpec::for_rollup(rollup).into_iter();
    let rows =
        rows.map(|kept| format!("{} {} {}", kept.details.name(), kept.is_counted, kept.is_ranked));
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    let mut accumulators: Vec<_> = Accumulator::for_rollup(rollup)
        .iter()
        .map(|kept| format!("{} {}", kept.attribute_name(), kept.scale()))
        .collect();
    accumulators.sort();
    let (stripes, keep, expiry) = (rollup.stripes, &rollup.keep, rollup.on_ttl_expiry);
    let rank = rollup.rank.as_ref().map(|rank| &rank.within);
    let rank = rank.zip(rollup.ranked_by().map(ToString::to_string));
    let colocated = rollup.colocated.as_ref().map(ColocatedKey::templates);
    let (zone, buckets, filter) = (&rollup.time_zone_name, &rollup.granularities, &rollup.filter);
    let compared = rollup.compared.iter().map(source).collect::<Vec<_>>();
    let types = match compared.is_empty() {
        true => String::new(),
        false => format!("{TYPES}{compared:?}"),
    };
    format!(
        "{entity:?}{texts} {filter:?} {dimensions:?} {time:?} {zone} {buckets:?} {measured:?} \
         {accumulators:?} {rows:?} {stripes} {keep:?} {expiry:?} {rank:?} {colocated:?}{types}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r##"
        [table]
        name = "shop"
        [entities.order]
        PK = "USER#{user}"
        SK = "ORDER#{at}"
        [entities.order.attributes]
        user = { type = "string", required = true }
        at = { type = "timestamp", required = true }
        total = { type = "decimal", scale = 2 }
        status = { type = "enum", values = ["placed", "paid"] }
        labels = { type = "list", items = { type = "string", max_length = 9 } }
        card = { type = "map", attributes = { kind = { type = "string" } } }
        [rollups.spend]
        of = "order"
        where = { status = ["paid"], total = { gt = 0 }, at = { gte = "2026-01-01T00:00:00Z" } }
        by = ["card.kind", "labels"]
        time = "at"
        buckets = ["day", "all"]
        keep = { day = "90d" }
        on_ttl_expiry = "keep"
        rank_by = "users"
        rank_within = ["labels"]
        [rollups.spend.measures]
        n = "avg(total)"
        users = "distinct(user)"
        p = "p95(total)"
        l = "last(user)"
        [rollups.months]
        of = "order"
        by = ["user"]
        time = "at"
        buckets = ["month"]
        key = { PK = "USER#{user}", SK = "MONTH#{at:month}" }
        measures = { n = "count" }
    "##;

    #[test]
    fn a_fingerprint_is_the_text_that_tables_have_stored() {
        let model: Model = DEFINITION.parse().expect("a definition");
        let known = fingerprints(&model);
        let spend = "Some([(\"_et\", S(\"order\"))]) Filter { conditions: [Condition { path: \
                     [\"status\"], instants: false, test: In([S(\"paid\")]) }, Condition { path: \
                     [\"total\"], instants: false, test: Gt(N(\"0\")) }, Condition { path: \
                     [\"at\"], instants: true, test: Gte(S(\"2026-01-01T00:00:00.000Z\")) }] } \
                     [\"[Name(\\\"card\\\"), Name(\\\"kind\\\")] String\", \
                     \"[Name(\\\"labels\\\")] List(Some(Attribute { name: \\\"labels\\\", field: \
                     \\\"labels\\\", kind: String, required: false, default: None, read_only: \
                     false, kept: None, hidden: false, rules: Rules { pattern: None, min: None, \
                     max: None, min_length: None, max_length: Some(9), trim: false, case: None } \
                     }))\"] Some(\"[Name(\\\"at\\\")] Timestamp(Rfc3339 { places: 3 })\") UTC \
                     [Day, All] [\"at [Name(\\\"at\\\")] Timestamp(Rfc3339 { places: 3 })\", \
                     \"total [Name(\\\"total\\\")] Decimal { scale: 2 }\", \"user \
                     [Name(\\\"user\\\")] String\"] [\"count 0\", \"count(total) 0\", \
                     \"distinct(user) 0\", \"sum(total) 2\"] [\"sketch(total) false false\", \
                     \"times(user@at) false false\", \"values(user) true false\"] 1 {Day: 7776000} \
                     Keep Some(([1], \"distinct(user)\")) None where types \
                     [\"[Name(\\\"status\\\")] Enum { values: [\\\"placed\\\", \\\"paid\\\"] }\", \
                     \"[Name(\\\"total\\\")] Decimal { scale: 2 }\", \"[Name(\\\"at\\\")] \
                     Timestamp(Rfc3339 { places: 3 })\"]";
        assert_eq!(known["spend"], spend);
        let months = "Some([(\"_et\", S(\"order\"))]) Filter { conditions: [] } \
                      [\"[Name(\\\"user\\\")] String\"] Some(\"[Name(\\\"at\\\")] \
                      Timestamp(Rfc3339 { places: 3 })\") UTC [Month] [] [\"count 0\"] [] 1 {} \
                      Retract None Some([Template { segments: [Literal(\"USER#\"), Field { \
                      attribute: \"user\", format: Plain, optional: false }], escape: true }, \
                      Template { segments: [Literal(\"MONTH#\"), Field { attribute: \"at\", \
                      format: Cut(Month), optional: false }], escape: true }])";
        assert_eq!(known["months"], months);
    }
}
