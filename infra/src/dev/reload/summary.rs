//! What is printed of a definition that the running system takes: what is built, what differs field
//! by field, and what differs for stored items.

use std::path::Path;

use weir_build::{BuildReport, Wanted};
use weir_model::{Model, Rollup};
use weir_rollups::{Difference, EntityChangeKind, Severity, differences, entity_changes};

use crate::dev::builds::names;

/// A definition that follows another one.
pub(super) struct Summary<'a> {
    pub(super) before: &'a Model,
    pub(super) after: &'a Model,
    /// What is built, and what goes.
    pub(super) wanted: &'a Wanted,
    /// Whether the DynamoDB is in this process.
    pub(super) is_embedded: bool,
}

impl Summary<'_> {
    /// Returns a line of what is done, and a line for each difference.
    pub(super) fn text(&self, path: &Path) -> String {
        let title = format!("{} was saved: {}", path.display(), self.title());
        let lines = self.rollups().into_iter().chain(self.notes());
        std::iter::once(title).chain(lines).map(|line| format!("{line}\n")).collect()
    }

    fn title(&self) -> String {
        let built = names(self.wanted);
        let mut gone: Vec<_> =
            self.wanted.gone.iter().map(|revision| revision.rollup.as_str()).collect();
        gone.sort_unstable();
        gone.dedup();
        let rollups = self.after.rollups.iter();
        let others = rollups.filter(|rollup| !built.contains(&rollup.name.as_str()));
        let (changed, unchanged): (Vec<_>, Vec<_>) =
            others.partition(|rollup| !self.differences(rollup).is_empty());
        let changed: Vec<_> = changed.into_iter().map(|rollup| rollup.name.as_str()).collect();
        let listed = |verb: &str, names: &[&str]| {
            (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
        };
        let unchanged = match unchanged.len() {
            0 => None,
            1 => Some("1 rollup unchanged".to_owned()),
            many => Some(format!("{many} rollups unchanged")),
        };
        let parts = [
            listed("building", &built),
            listed("removing", &gone),
            listed("nothing to build for", &changed),
            unchanged,
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "no rollups".to_owned() } else { parts.join("; ") }
    }

    /// Returns a line for each rollup that is built and new, and for each difference of another
    /// one.
    fn rollups(&self) -> Vec<String> {
        let built = names(self.wanted);
        let lines = self.after.rollups.iter().flat_map(|rollup| {
            let name = &rollup.name;
            let is_new = self.before.rollup(name).is_none() && built.contains(&name.as_str());
            let new = is_new.then(|| format!("  {name}: new"));
            let found = self.differences(rollup).into_iter();
            new.into_iter().chain(found.map(move |difference| format!("  {name}: {difference}")))
        });
        lines.collect()
    }

    /// Returns the differences of a rollup from the one of this name before; none if it is new.
    fn differences(&self, rollup: &Rollup) -> Vec<Difference> {
        let known = self.before.rollup(&rollup.name);
        let found = known.map(|known| differences((self.before, known), (self.after, rollup)));
        found.unwrap_or_default()
    }

    /// Returns a line for each difference between stored items and new ones, and for what is not
    /// done by itself.
    fn notes(&self) -> Vec<String> {
        let changes = entity_changes(self.before, self.after);
        let noted = changes.iter().filter(|change| change.severity == Severity::Note);
        let mut lines: Vec<_> = noted.map(|change| format!("  note: {change}")).collect();
        let has_other_ttl = changes.iter().any(|change| change.kind == EntityChangeKind::Ttl);
        if has_other_ttl && !self.is_embedded {
            let table = &self.after.table.name;
            lines.push(format!(
                "  note: the time to live of `{table}` stays as it is: set it in DynamoDB"
            ));
        }
        if loads(self.before) != loads(self.after) {
            let done = "files under [dev] are loaded at the start only; `weir load` loads others";
            lines.push(format!("  note: {done}"));
        }
        lines
    }
}

/// Returns the line of a build that has ended; empty if nothing was built.
pub(super) fn ready(report: &BuildReport) -> String {
    match report.ready.as_slice() {
        [] => String::new(),
        names => format!("ready: {}; {} items are counted\n", names.join(", "), report.items),
    }
}

fn loads(model: &Model) -> Vec<(&str, &str)> {
    model.dev.load.iter().map(|load| (load.entity.as_str(), load.file.as_str())).collect()
}

#[cfg(test)]
mod tests;
