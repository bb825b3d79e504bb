//! What a verification has found, in words.

use weir_build::{Difference, RepairOutcome, SkippedReason, SkippedRollup, VerifyReport};
use weir_rollups::RevisionState;

use crate::time::rfc_3339;

/// Returns the name of an item.
pub(super) fn item(difference: &Difference) -> String {
    format!("{} {}", difference.key.partition, difference.key.sort)
}

/// Returns the lines of an item that differs.
pub(super) fn difference(difference: &Difference) -> String {
    let mut lines = vec![format!("differs: {}", item(difference))];
    if !difference.is_stored {
        lines.push("  the item is not stored".to_owned());
    }
    for value in &difference.values {
        let stored = match &value.stored {
            Some(stored) => stored.to_string(),
            None => "not a number".to_owned(),
        };
        lines.push(format!("  {}: {stored}, expected {}", value.attribute, value.expected));
    }
    if difference.is_rank_wrong {
        lines.push("  it is missing from its ranking, or in another one".to_owned());
    }
    if let Some(since) = &difference.parked_since {
        lines.push(format!("  DynamoDB has rejected an update of it, first at {since}"));
    }
    lines.join("\n")
}

/// Returns what became of a repair.
pub(super) fn outcome(outcome: &RepairOutcome) -> String {
    match outcome {
        RepairOutcome::Repaired => "repaired".to_owned(),
        RepairOutcome::StillMarked => {
            "its numbers are repaired, and its mark stays until the processor has counted the \
             changes before; run the same command again then"
                .to_owned()
        }
        RepairOutcome::Changed => {
            "not repaired: it changed meanwhile; run the same command again".to_owned()
        }
        RepairOutcome::Rejected(reason) => format!("not repaired: DynamoDB rejects it: {reason}"),
    }
}

/// Returns why a rollup is not verified.
pub(super) fn skipped(skipped: &SkippedRollup) -> String {
    let reason = match skipped.reason {
        SkippedReason::KeepsExpired => {
            "it keeps what expired items contributed, which the table no longer has"
        }
        SkippedReason::NotReady(None) => "it is not built; run `weir build`",
        SkippedReason::NotReady(Some(RevisionState::Unbuilt(_))) => {
            "it does not count the items that the table had; run `weir build`"
        }
        SkippedReason::NotReady(Some(_)) => "its build has not ended",
    };
    format!("not verified: {}: {reason}", skipped.rollup)
}

/// Returns the report: what was compared, what differs, and how sure that is.
pub(super) fn report(report: &VerifyReport, is_repair: bool) -> String {
    let mut lines = Vec::new();
    let compared = &report.compared;
    if report.revisions.is_empty() {
        return "nothing was compared".to_owned();
    }
    lines.push(format!(
        "compared {} rollup items and detail items with {} items of the table as of {}",
        compared.items,
        report.items,
        rfc_3339(report.cut)
    ));
    let (records, shards) = (report.captured.read, report.captured.shards);
    lines.push(format!("read {records} records of {shards} shards of the stream"));
    if let Some(since) = compared.pending_since {
        lines.push(format!(
            "not counted yet when their items were read: {} changes, the oldest of {}",
            compared.pending,
            rfc_3339(i64::from(since))
        ));
    }
    if compared.expired > 0 {
        lines.push(format!("expired, not compared: {}", compared.expired));
    }
    if compared.undecided > 0 {
        lines.push(format!(
            "not compared: {} numbers of different values changed too often; run the same command \
             again",
            compared.undecided
        ));
    }
    if report.repeated > 0 {
        lines.push(format!("the scan returned {} items twice, counted once", report.repeated));
    }
    if report.unknown.items > 0 {
        let first = report.unknown.first.iter().take(5).map(ToString::to_string);
        lines.push(format!(
            "{} stored items have keys that the rollups do not have: {}",
            report.unknown.items,
            first.collect::<Vec<_>>().join(", ")
        ));
    }
    if !report.completed.is_empty() {
        lines.push(format!("complete again: {}", report.completed.join(", ")));
    }
    if !report.incomplete.is_empty() {
        let names = report.incomplete.join(", ");
        lines.push(match is_repair {
            true => format!(
                "still marked as incomplete: {names}: something was not compared or repaired, or \
                 the processor has older changes to count; run the same command again"
            ),
            false => format!("marked as incomplete: {names}; `--repair` removes the mark"),
        });
    }
    lines.push(match (report.differences, report.repaired) {
        (0, _) => "no differences".to_owned(),
        (1, 0) if !is_repair => "1 item differs; `--repair` repairs it".to_owned(),
        (found, 0) if !is_repair => format!("{found} items differ; `--repair` repairs them"),
        (found, repaired) => format!("{found} items differed, {repaired} are repaired"),
    });
    lines.join("\n")
}
