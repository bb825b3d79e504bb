//! A plan as text: the changes, each with the reason and what follows, then the preconditions and
//! the cost.

use std::fmt::{self, Formatter};

use jiff::SignedDuration;

use super::report::{
    BuildKind, Cost, Dollars, Plan, Precondition, Rejection, RollupChange, RollupCost, RollupPlan,
    Status,
};

/// The width of the first column.
const LABEL: usize = 10;
/// The dollars below which an amount is not printed.
const LEAST_DOLLARS: f64 = 0.01;

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.is_empty {
            writeln!(
                formatter,
                "nothing to do: the table `{}` counts what the definition says",
                self.table
            )?;
        } else {
            writeln!(
                formatter,
                "plan for the table `{}` and its rollups in `{}`",
                self.table, self.rollups_table
            )?;
        }
        self.write_rollups(formatter)?;
        self.write_items(formatter)?;
        self.write_preconditions(formatter)?;
        if let Some(cost) = &self.cost {
            write_cost(formatter, cost)?;
        }
        self.write_rejections(formatter)?;
        self.write_summary(formatter)
    }
}

impl Plan {
    /// Writes the rollups; of an empty plan only those about which there is something to say.
    fn write_rollups(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let is_shown = |rollup: &&RollupPlan| {
            !self.is_empty || !rollup.differences.is_empty() || rollup.incomplete_since.is_some()
        };
        let mut shown = self.rollups.iter().filter(is_shown).peekable();
        if shown.peek().is_some() || !self.purge.is_empty() {
            writeln!(formatter, "\nrollups")?;
        }
        for rollup in shown {
            write_rollup(formatter, rollup)?;
        }
        if !self.purge.is_empty() {
            let purge = self.purge.join(", ");
            row(formatter, "purge", &format!("`weir build` deletes the items of {purge}"))?;
        }
        Ok(())
    }

    fn write_items(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if !self.items.is_empty() {
            writeln!(formatter, "\nitems")?;
        }
        for change in &self.items {
            row(formatter, change.severity, &change.line)?;
        }
        Ok(())
    }

    /// Writes the preconditions; without a build, only those that have failed.
    fn write_preconditions(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let is_shown = |known: &&Precondition| {
            self.has_builds() || (known.is_needed && known.status == Status::Failed)
        };
        let mut shown = self.preconditions.iter().filter(is_shown).peekable();
        if shown.peek().is_some() {
            writeln!(formatter, "\npreconditions")?;
        }
        for known in shown {
            let status = match known.status {
                Status::Ok => "ok",
                Status::Failed => "failed",
                Status::Unknown => "unknown",
            };
            row(formatter, status, &format!("{}: {}", known.name, known.detail))?;
            if let Some(way_out) = &known.way_out {
                more(formatter, &format!("→ {way_out}"))?;
            }
        }
        Ok(())
    }

    fn write_rejections(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if !self.rejections.is_empty() {
            writeln!(formatter, "\nrejected")?;
        }
        for Rejection { subject, reason, way_out, .. } in &self.rejections {
            writeln!(formatter, "  {subject}: {reason}")?;
            more(formatter, &format!("→ {way_out}"))?;
        }
        Ok(())
    }

    fn write_summary(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        if self.is_empty {
            return Ok(());
        }
        let count = |is_such: &dyn Fn(&RollupPlan) -> bool| {
            self.rollups.iter().filter(|rollup| is_such(rollup)).count()
        };
        let is_built = |kind: BuildKind| {
            move |rollup: &RollupPlan| rollup.build.as_ref().is_some_and(|build| build.kind == kind)
        };
        let parts = [
            (count(&is_built(BuildKind::Begin)), "to build"),
            (count(&is_built(BuildKind::Continue)), "to continue"),
            (count(&|rollup| !rollup.given_up.is_empty()), "with a build to give up"),
            (count(&|rollup| !rollup.retired.is_empty()), "to retire"),
            (self.rejections.len(), "rejected"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<_> = parts.map(|(count, what)| format!("{count} {what}")).collect();
        if !parts.is_empty() {
            writeln!(formatter, "\nplan: {}", parts.join(", "))?;
        }
        let failed: Vec<_> = self.failed_preconditions().iter().map(|known| known.name).collect();
        if self.has_builds() && !failed.is_empty() {
            let failed = failed.join(", ");
            writeln!(formatter, "the builds cannot begin: {failed} failed")?;
        }
        Ok(())
    }
}

fn write_rollup(formatter: &mut Formatter<'_>, rollup: &RollupPlan) -> fmt::Result {
    let change = match rollup.change {
        RollupChange::New => "new",
        RollupChange::Unbuilt => "unbuilt",
        RollupChange::UnderWay => "under way",
        RollupChange::Changed => "changed",
        RollupChange::Unchanged => "unchanged",
        RollupChange::Gone => "gone",
    };
    row(formatter, change, &format!("{}: {}", rollup.rollup, rollup.reason))?;
    for difference in &rollup.differences {
        let (class, reason) = (difference.class, difference.reason);
        more(formatter, &format!("{} ({class}: {reason})", difference.line))?;
    }
    if let Some(since) = &rollup.incomplete_since {
        more(formatter, &format!("changes after {since} may be missing"))?;
    }
    for given_up in &rollup.given_up {
        let (revision, reason) = (given_up.revision, &given_up.reason);
        more(formatter, &format!("→ give up the build of revision {revision}: {reason}"))?;
    }
    if let Some(build) = &rollup.build {
        let revision = build.revision;
        let verb = match build.kind {
            BuildKind::Begin => "build",
            BuildKind::Continue => "continue the build of",
        };
        let cut = build.cut.iter().map(|cut| format!(" with the cut {cut}"));
        let progress = build.progress.iter().map(|progress| format!(" ({progress})"));
        let details: String = cut.chain(progress).collect();
        let served = match (rollup.revision, rollup.state) {
            (Some(served), Some("ready")) => format!("; revision {served} answers meanwhile"),
            _ => String::new(),
        };
        more(formatter, &format!("→ {verb} revision {revision}{details}{served}"))?;
    }
    if !rollup.retired.is_empty() {
        let numbers: Vec<_> = rollup.retired.iter().map(ToString::to_string).collect();
        let numbers = numbers.join(", ");
        more(formatter, &format!("→ retire revision {numbers}, and delete its items"))?;
    }
    Ok(())
}

fn write_cost(formatter: &mut Formatter<'_>, cost: &Cost) -> fmt::Result {
    writeln!(formatter, "\ncost, an estimate")?;
    let source = match cost.items_from {
        "table" => "DynamoDB counts them every six hours",
        _ => "at least as many as in the sample; DynamoDB counts them every six hours",
    };
    let sample = match (cost.item_bytes, &cost.no_sample) {
        (Some(bytes), _) => {
            format!(", {bytes:.0} bytes each in a sample of {}", cost.sampled_items)
        }
        (None, Some(reason)) => format!(", without a sample: {reason}"),
        (None, None) => String::new(),
    };
    row(formatter, "items", &format!("{} ({source}){sample}", cost.items))?;
    let scans = if cost.scans == 1 { "1 scan".to_owned() } else { format!("{} scans", cost.scans) };
    let read = format!(
        "about {} read units in {scans}, strongly consistent: {}",
        cost.read_units,
        price(cost.dollars.read)
    );
    row(formatter, "read", &read)?;
    row(formatter, "write", &write_units(cost))?;
    for rollup in &cost.rollups {
        more(formatter, &rollup_line(rollup, cost.sampled_items))?;
    }
    let total = cost.scan_seconds + cost.margin_seconds;
    let time = format!(
        "about {}: {} for the scan at {} read units per second, {} for the margins; the writes \
         are not included",
        duration(total),
        duration(cost.scan_seconds),
        cost.read_units_per_second,
        duration(cost.margin_seconds)
    );
    row(formatter, "time", &time)?;
    let Dollars { per_million_read_units, per_million_write_units, region, .. } = cost.dollars;
    let prices = format!(
        "${per_million_read_units} for a million read units and ${per_million_write_units} for a \
         million write units, on demand in {region}"
    );
    row(formatter, "prices", &prices)
}

fn write_units(cost: &Cost) -> String {
    let (most, dollars) = (cost.most_write_units, &cost.dollars);
    let at_most = format!("at most {most} if no two items share a rollup item");
    match cost.write_units.zip(dollars.write) {
        Some((units, write)) => format!(
            "about {units} write units, {at_most}: {}, at most {}",
            price(write),
            price(dollars.most_write)
        ),
        None => format!("write units: {at_most}: at most {}", price(dollars.most_write)),
    }
}

fn rollup_line(rollup: &RollupCost, sampled: u64) -> String {
    let items = match rollup.rollup_items {
        Some(items) => format!("about {items} rollup items"),
        None => format!("at most {} write units", rollup.most_write_units),
    };
    let skipped = match &rollup.skipped_reason {
        Some(reason) => {
            format!("; {} of {sampled} sampled items are not counted: {reason}", rollup.skipped)
        }
        None => String::new(),
    };
    format!("{}: {items}{skipped}", rollup.rollup)
}

/// Writes a line with a label.
fn row(formatter: &mut Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    writeln!(formatter, "  {label:LABEL$} {text}")
}

/// Writes a line under the text of a row.
fn more(formatter: &mut Formatter<'_>, text: &str) -> fmt::Result {
    writeln!(formatter, "  {:LABEL$} {text}", "")
}

fn price(dollars: f64) -> String {
    match dollars < LEAST_DOLLARS {
        true => format!("less than ${LEAST_DOLLARS}"),
        false => format!("${dollars:.2}"),
    }
}

fn duration(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    format!("{:#}", SignedDuration::from_secs(seconds))
}
