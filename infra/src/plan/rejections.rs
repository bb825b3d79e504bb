//! The changes that a plan rejects, each with the reason and the way out.
//!
//! | rejected | because |
//! |---|---|
//! | a change of an entity or of the table that `weir_rollups::entity_changes` rejects | stored items would be lost to Weir, or counted twice |
//! | a second revision of a rollup beside the items | its keys have no room for a revision |
//! | a ranking, where the table of rollups lacks the index | no item of it would be ranked |
//! | a `keep` or detail items, where the table of rollups has no time to live | items would stay |
//! | a stored definition that this version cannot use | a processor cannot count its revision |
//! | a table with other keys, or rollups of another table | the definition describes another table |

use weir_model::table::ROLLUPS_TTL;
use weir_model::{Model, Rollup};
use weir_rollups::{Revision, details};
use weir_table::{InspectedTable, Mismatch, RollupsStatus};

use super::commands::{add_rank_index, enable_ttl};
use super::facts::Facts;
use super::report::{ItemChange, Rejection, RejectionKind, RollupChange, RollupPlan};

/// Returns the changes of a plan that are rejected.
pub(super) fn rejections(
    model: &Model,
    facts: &Facts,
    items: &[ItemChange],
    plans: &[RollupPlan],
) -> Vec<Rejection> {
    let begins = |name: &str| {
        let mut plans = plans.iter().filter(|plan| plan.rollup == name);
        plans.any(|plan| plan.build.is_some() || plan.change == RollupChange::New)
    };
    let begun: Vec<_> = model.rollups.iter().filter(|rollup| begins(&rollup.name)).collect();
    let mut all = other_tables(model, facts);
    all.extend(rejected_items(items));
    all.extend(colocated(model, facts));
    all.extend(stored_definitions(facts));
    if let Ok(Some(rollups)) = &facts.rollups {
        all.extend(rank_index(facts, rollups, &begun));
        all.extend(time_to_live(facts, rollups, &begun));
    }
    all
}

/// Returns the changes that would lose stored items, or count them twice.
pub(super) fn rejected_items(items: &[ItemChange]) -> Vec<Rejection> {
    items.iter().filter(|change| change.severity == "rejected").map(item_change).collect()
}

fn item_change(change: &ItemChange) -> Rejection {
    let part = change.part.as_ref().map(|part| format!(": `{part}`")).unwrap_or_default();
    let quoted = |text: &str| match text {
        "" => "absent".to_owned(),
        text => format!("`{text}`"),
    };
    let (from, to) = (quoted(&change.from), quoted(&change.to));
    Rejection {
        kind: RejectionKind::Items,
        subject: format!("{}{part}", change.subject),
        reason: format!("was {from}, is {to}: {}", change.effect),
        way_out: change.way_out.to_owned(),
    }
}

fn colocated(model: &Model, facts: &Facts) -> Vec<Rejection> {
    let Some((state, wanted)) = facts.state().zip(facts.wanted.as_ref()) else {
        return Vec::new();
    };
    let rejection = |name: &str| Rejection {
        kind: RejectionKind::Colocated,
        subject: name.to_owned(),
        reason: "its `key` places its items among those of the table, where the items of the old \
                 revision are, so that it cannot have a new revision"
            .to_owned(),
        way_out: "give the rollup a new name and another `key`".to_owned(),
    };
    wanted.colocated_again(model, state).into_iter().map(rejection).collect()
}

fn stored_definitions(facts: &Facts) -> Vec<Rejection> {
    let Some(state) = facts.state() else { return Vec::new() };
    let counted = state.revisions.iter().filter(|revision| revision.is_counted());
    let rejection = |revision: &Revision| {
        let reason = facts.stored.get(&revision.definition)?.as_ref().err()?;
        Some(Rejection {
            kind: RejectionKind::StoredDefinition,
            subject: revision.to_string(),
            reason: reason.clone(),
            way_out: "run the version of Weir that stored it, or a later one".to_owned(),
        })
    };
    counted.filter_map(rejection).collect()
}

fn other_tables(model: &Model, facts: &Facts) -> Vec<Rejection> {
    let mut all = Vec::new();
    for inspected in [&facts.items, &facts.rollups].into_iter().flatten().flatten() {
        all.extend(inspected.mismatches.iter().filter_map(|mismatch| match mismatch {
            Mismatch::Keys(text) => Some(other_table(
                inspected.identity.name(),
                text,
                "name the table that the definition describes, or change the keys of the \
                 definition",
            )),
            Mismatch::Index(_) | Mismatch::Ranks(_) => None,
        }));
    }
    if let RollupsStatus::OtherTable { items_table } = &facts.status {
        let reason = format!("it holds the rollups of the table `{items_table}`");
        all.push(other_table(
            &model.table.rollups_table,
            &reason,
            "set `rollups_table` to a table of rollups of its own",
        ));
    }
    all
}

fn other_table(table: &str, reason: &str, way_out: &str) -> Rejection {
    Rejection {
        kind: RejectionKind::OtherTable,
        subject: table.to_owned(),
        reason: reason.to_owned(),
        way_out: way_out.to_owned(),
    }
}

fn rank_index(facts: &Facts, table: &InspectedTable, begun: &[&Rollup]) -> Option<Rejection> {
    if !begun.iter().any(|rollup| rollup.needs_ranks()) {
        return None;
    }
    let mut mismatches = table.mismatches.iter();
    let reason = mismatches.find_map(|mismatch| match mismatch {
        Mismatch::Ranks(reason) => Some(reason.clone()),
        Mismatch::Keys(_) | Mismatch::Index(_) => None,
    })?;
    let name = table.identity.name();
    Some(Rejection {
        kind: RejectionKind::RankIndex,
        subject: name.to_owned(),
        reason,
        way_out: or_deploy(&add_rank_index(facts, name)),
    })
}

fn time_to_live(facts: &Facts, table: &InspectedTable, begun: &[&Rollup]) -> Option<Rejection> {
    let expiring = begun.iter().filter(|rollup| details::expires(rollup));
    let names: Vec<_> = expiring.map(|rollup| format!("`{}`", rollup.name)).collect();
    let reason = facts.lacking_ttl().filter(|_| !names.is_empty())?;
    let (name, names) = (table.identity.name(), names.join(", "));
    Some(Rejection {
        kind: RejectionKind::TimeToLive,
        subject: name.to_owned(),
        reason: format!("{reason}, and items of {names} expire by the attribute `{ROLLUPS_TTL}`"),
        way_out: or_deploy(&enable_ttl(facts, name)),
    })
}

fn or_deploy(command: &str) -> String {
    format!("if a stack has the table, deploy the definition; otherwise {command}")
}
