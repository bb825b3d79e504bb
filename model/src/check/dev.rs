//! Checks `[dev]`: that what it loads and shows is there.

use super::report::Report;
use crate::file::FileDefinition;
use crate::nearest::expected;
use crate::rollup::{Granularity, Rollup};

pub(super) fn check(file: &FileDefinition, rollups: &[Rollup], report: &mut Report<'_>) {
    for (position, load) in file.dev.load.iter().enumerate() {
        if !file.entities.contains_key(&load.entity) {
            let names: Vec<_> = file.entities.keys().map(String::as_str).collect();
            let position = position.to_string();
            let path = ["dev", "load", &position, "entity"];
            report.value(
                &path,
                format!("`{}` is no entity", load.entity),
                expected(&load.entity, &names),
            );
        }
    }
    let Some(show) = &file.dev.show else { return };
    if !file.rollups.contains_key(&show.rollup) {
        let names: Vec<_> = file.rollups.keys().map(String::as_str).collect();
        let message = format!("`{}` is no rollup", show.rollup);
        report.value(&["dev", "show", "rollup"], message, expected(&show.rollup, &names));
    }
    let Some(rollup) = rollups.iter().find(|rollup| rollup.name == show.rollup) else { return };
    if rollup.measure(&show.measure).is_none() {
        let names: Vec<_> = rollup.measures.iter().map(|measure| measure.name.as_str()).collect();
        let message = format!("`{}` is no measure of `{}`", show.measure, rollup.name);
        report.value(&["dev", "show", "measure"], message, expected(&show.measure, &names));
    }
    // The file's own lists: what is misspelt in them is reported where it stands.
    let has_groups = file.rollups.get(&show.rollup).is_some_and(|rollup| !rollup.by.is_empty());
    if !rollup.granularities.contains(&Granularity::All) || !has_groups {
        let message = format!("`{}` has no groups over all time to show", rollup.name);
        report.value(
            &["dev", "show", "rollup"],
            message,
            "expected a rollup with dimensions and the bucket `all`",
        );
    }
}
