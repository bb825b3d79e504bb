//! The preconditions of a build, each with what it follows from and what to do.
//!
//! | precondition | a build needs it | is read from |
//! |---|---|---|
//! | `table` | yes | DescribeTable |
//! | `stream` | yes | the same |
//! | `indexes` | no | the same |
//! | `rollups-table` | yes | the same |
//! | `rollups-ttl` | no | DescribeTimeToLive |
//! | `state` | yes | the state item |
//! | `progress` | no | the progress item: numbers are behind by as much |
//! | `processor`, `readers` | yes | the lease of a poller; the API of Lambda has the rest |
//! | `recovery` | no | DescribeContinuousBackups, for `weir build --from-export` |
//!
//! **Invariant:** a fact that DynamoDB does not have is unknown, and never assumed.

use jiff::{SignedDuration, Timestamp};
use weir_model::Model;
use weir_table::checkpoints::HeldLease;
use weir_table::{InspectedTable, Mismatch, RollupsStatus};

use super::commands::{aws, enable_ttl};
use super::facts::{Facts, Known};
use super::report::{Precondition, Status};
use crate::synth::filter;
use crate::time::rfc_3339;

/// The view type that a build needs.
const VIEW_TYPE: &str = "NEW_AND_OLD_IMAGES";
/// The status of a table that takes requests.
const ACTIVE: &str = "ACTIVE";
/// The status of a table that takes them while an index or a stream changes.
const UPDATING: &str = "UPDATING";
/// The lag up to which a processor counts as caught up, in seconds.
const MAX_LAG_SECS: i64 = 15 * 60;
/// The age of the last renewal of a lease up to which its holder counts as running, in seconds. The
/// holder's clock set the time.
const MAX_RENEWAL_SECS: i64 = 5 * 60;

/// Returns the preconditions of the builds of a definition.
pub(super) fn preconditions(model: &Model, facts: &Facts) -> Vec<Precondition> {
    let mut all = vec![
        table("table", &model.table.name, &facts.items, CREATE_ITEMS),
        stream(model, facts),
        table("rollups-table", &model.table.rollups_table, &facts.rollups, CREATE_ROLLUPS),
    ];
    all.extend(indexes(facts));
    all.extend(ttl(model, facts));
    all.push(state(facts));
    all.push(progress(facts));
    all.extend(pollers(model, facts));
    if !facts.is_local {
        all.push(recovery(model, facts));
    }
    all
}

const CREATE_ITEMS: &str = "create it: `weir deploy`, or the program that owns it";
const CREATE_ROLLUPS: &str = "create it: `weir deploy`, or a processor outside Lambda";

/// Returns a precondition that every build needs.
fn needed(name: &'static str, status: Status, detail: String) -> Precondition {
    Precondition { name, status, is_needed: true, detail, way_out: None }
}

impl Precondition {
    fn with(self, way_out: impl Into<String>) -> Self {
        Self { way_out: Some(way_out.into()), ..self }
    }

    /// The same, for one that no build needs.
    fn optional(self) -> Self {
        Self { is_needed: false, ..self }
    }
}

fn table(
    precondition: &'static str,
    name: &str,
    inspected: &Known<Option<InspectedTable>>,
    create: &str,
) -> Precondition {
    match inspected {
        Err(reason) => needed(precondition, Status::Unknown, reason.clone())
            .with("ask for the right to dynamodb:DescribeTable"),
        Ok(None) => {
            needed(precondition, Status::Failed, format!("`{name}` does not exist")).with(create)
        }
        Ok(Some(table)) if [ACTIVE, UPDATING].contains(&table.status.as_str()) => {
            needed(precondition, Status::Ok, format!("`{name}` is {}", table.status))
        }
        Ok(Some(table)) => {
            let detail = format!("`{name}` is {}", table.status);
            needed(precondition, Status::Failed, detail).with(format!("wait until it is {ACTIVE}"))
        }
    }
}

fn stream(model: &Model, facts: &Facts) -> Precondition {
    let table = &model.table.name;
    let update = |specification: &str| {
        let specification = format!("--stream-specification {specification}");
        aws(facts, &format!("dynamodb update-table --table-name {table} {specification}"))
    };
    let enable = update(&format!("StreamEnabled=true,StreamViewType={VIEW_TYPE}"));
    match &facts.items {
        Ok(Some(InspectedTable { stream: Some(stream), .. })) if stream.view_type == VIEW_TYPE => {
            needed("stream", Status::Ok, format!("it is enabled with {VIEW_TYPE}"))
        }
        Ok(Some(InspectedTable { stream: Some(stream), .. })) => {
            let disable = update("StreamEnabled=false");
            needed("stream", Status::Failed, format!("its view type is {}", stream.view_type)).with(
                format!(
                    "find out who reads it, then disable it and enable another: {disable}; {enable}"
                ),
            )
        }
        Ok(Some(_)) => {
            needed("stream", Status::Failed, "the table has no stream".to_owned()).with(enable)
        }
        Ok(None) => {
            needed("stream", Status::Failed, format!("`{table}` does not exist")).with(CREATE_ITEMS)
        }
        Err(reason) => needed("stream", Status::Unknown, reason.clone())
            .with("ask for the right to dynamodb:DescribeTable"),
    }
}

/// Indexes of the definition that the table lacks: requests that read them fail.
fn indexes(facts: &Facts) -> Option<Precondition> {
    let mismatches = &facts.existing_items()?.mismatches;
    let lacking = mismatches.iter().filter_map(|mismatch| match mismatch {
        Mismatch::Index(name) => Some(format!("`{name}`")),
        Mismatch::Keys(_) | Mismatch::Ranks(_) => None,
    });
    let lacking: Vec<_> = lacking.collect();
    let detail = format!("the table lacks {}", lacking.join(", "));
    let found = needed("indexes", Status::Failed, detail).optional();
    (!lacking.is_empty()).then(|| found.with("add the indexes to the table"))
}

/// The time to live of rollup items, where some expire and it is missing or unknown.
fn ttl(model: &Model, facts: &Facts) -> Option<Precondition> {
    const NAME: &str = "rollups-ttl";
    if let Some(reason) = facts.lacking_ttl() {
        let table = &model.table.rollups_table;
        let detail = format!("`{table}`: {reason}, and some of its items expire");
        let found = needed(NAME, Status::Failed, detail).optional();
        return Some(found.with(enable_ttl(facts, table)));
    }
    let reason = facts.rollups_ttl.as_ref()?.as_ref().err()?;
    let found = needed(NAME, Status::Unknown, reason.clone()).optional();
    Some(found.with("ask for the right to dynamodb:DescribeTimeToLive on the table of rollups"))
}

fn state(facts: &Facts) -> Precondition {
    const START: &str = "start the processor of this table once; on Lambda, invoke it";
    match &facts.status {
        RollupsStatus::Registered { is_other_stream: false, .. } => {
            needed("state", Status::Ok, "a processor has registered the rollups".to_owned())
        }
        RollupsStatus::Registered { .. } => {
            let detail = "the table or its stream is not the one that was registered";
            needed("state", Status::Failed, detail.to_owned()).with(START)
        }
        RollupsStatus::Unregistered => {
            let detail = "no processor has registered the rollups";
            needed("state", Status::Failed, detail.to_owned()).with(START)
        }
        RollupsStatus::OtherTable { items_table } => {
            let detail = format!("the rollups are those of the table `{items_table}`");
            needed("state", Status::Failed, detail).with("name a table of rollups of its own")
        }
    }
}

fn progress(facts: &Facts) -> Precondition {
    let unknown = |reason: String| {
        let found = needed("progress", Status::Unknown, reason).optional();
        found.with("on Lambda, look at the metric IteratorAge of the processor's function")
    };
    match &facts.progress {
        Err(reason) => unknown(reason.clone()),
        Ok(None) => unknown("no processor has stored how far it is".to_owned()),
        Ok(Some(progress)) => {
            let seconds = progress.complete_through_ms.div_euclid(1_000);
            let lag = (facts.now - seconds).max(0);
            let (through, lag_text) = (rfc_3339(seconds), duration(lag));
            let detail = format!("changes up to {through} are counted, a lag of {lag_text}");
            match lag <= MAX_LAG_SECS {
                true => needed("progress", Status::Ok, detail).optional(),
                false => needed("progress", Status::Failed, detail)
                    .optional()
                    .with("start the processor, or wait until it has caught up"),
            }
        }
    }
}

/// Returns who invokes the processor, and how many read each shard.
fn pollers(model: &Model, facts: &Facts) -> [Precondition; 2] {
    const READERS: &str = "a shard takes two readers, and a build is one of them";
    let arn = facts.existing_items().and_then(|items| items.stream.as_ref());
    let arn = arn.map_or("STREAM_ARN", |stream| stream.arn.as_str());
    let command = format!(
        "lambda list-event-source-mappings --event-source-arn {arn} --query \
         'EventSourceMappings[].{{function: FunctionArn, state: State, \
         filters: FilterCriteria.Filters[].Pattern}}'"
    );
    let command = aws(facts, &command);
    let unknown = |name, detail: &str, expected: &str| {
        let way_out = format!("{command}; expected: {expected}");
        needed(name, Status::Unknown, detail.to_owned()).with(way_out)
    };
    let readers = || unknown("readers", READERS, "one mapping at most that is enabled");
    match &facts.lease {
        Ok(Some(held)) => {
            let readers = match facts.is_local {
                true => needed("readers", Status::Ok, format!("{READERS}; one poller reads now")),
                false => readers(),
            };
            [poller(held, facts.now), readers]
        }
        Ok(None) => {
            let detail = "no poller outside Lambda holds the lease of the stream; DynamoDB does \
                          not know the event source mappings of Lambda";
            [unknown("processor", detail, &expected_mapping(model)), readers()]
        }
        Err(reason) => [unknown("processor", reason, &expected_mapping(model)), readers()],
    }
}

/// Returns the mapping that the definition needs, with its filters.
fn expected_mapping(model: &Model) -> String {
    let patterns = filter::patterns(model);
    let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    match patterns.is_empty() {
        true => "a mapping of the processor in the state Enabled, without filters".to_owned(),
        false => format!(
            "a mapping of the processor in the state Enabled, without filters or with {}",
            patterns.join(" and ")
        ),
    }
}

fn poller(held: &HeldLease, now: i64) -> Precondition {
    let HeldLease { owner, updated_at, .. } = held;
    let detail = format!("`{owner}` polls the stream; it last renewed its lease at {updated_at}");
    let renewed = updated_at.parse::<Timestamp>().map(Timestamp::as_second);
    match renewed {
        Ok(renewed) if now - renewed <= MAX_RENEWAL_SECS => needed("processor", Status::Ok, detail),
        _ => needed("processor", Status::Failed, detail)
            .with("start the processor again: it counts the changes from the cut on"),
    }
}

fn recovery(model: &Model, facts: &Facts) -> Precondition {
    const USE: &str = "only `weir build --from-export` needs it";
    let table = &model.table.name;
    let found = |status, detail: String| needed("recovery", status, detail).optional();
    match &facts.has_recovery {
        Ok(true) => found(Status::Ok, "point-in-time recovery is enabled".to_owned()),
        Ok(false) => {
            let command = format!(
                "dynamodb update-continuous-backups --table-name {table} \
                 --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            );
            found(Status::Failed, format!("point-in-time recovery is not enabled; {USE}"))
                .with(aws(facts, &command))
        }
        Err(reason) => found(Status::Unknown, format!("{reason}; {USE}"))
            .with("ask for the right to dynamodb:DescribeContinuousBackups"),
    }
}

fn duration(seconds: i64) -> String {
    format!("{:#}", SignedDuration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_poller_that_does_not_renew_its_lease_does_not_count() {
        let held = HeldLease {
            label: "2026-01-01T00:00:00.000".to_owned(),
            owner: "processor 1".to_owned(),
            fence: 3,
            renewals: Some(7),
            expires_at_ms: 1,
            time_to_live: Some(Duration::from_secs(10)),
            updated_at: "2026-11-20T06:40:00Z".to_owned(),
        };
        let renewed = "2026-11-20T06:40:00Z".parse::<Timestamp>().expect("a time").as_second();
        for (age, expected) in [(-3, Status::Ok), (60, Status::Ok), (3_600, Status::Failed)] {
            let found = poller(&held, renewed + age);
            assert_eq!(found.status, expected, "{age}");
            assert!(found.detail.contains("`processor 1` polls the stream"), "{}", found.detail);
        }
    }
}
