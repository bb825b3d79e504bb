//! Checks the `key` of rollups whose items are kept in the table of items: that the templates tell groups and buckets apart, in
//! order, and make the key of no other item.

use serde_dynamo::AttributeValue;

use super::Report;
use crate::entity::Entity;
use crate::file::{FileDefinition, RollupFile};
use crate::nearest::expected;
use crate::overlap::Overlap;
use crate::rollup::{Granularity, Home, ROLLUP_MARK, Rollup, cut};
use crate::table::{RANK, ROLLUPS_TTL, SCORE, TableDefinition};
use crate::template::{Format, Segment, Template};
use crate::unique::LOCK;

/// Attributes of rollup items that are not told by a bracket in their names.
const OF_ROLLUP_ITEMS: [&str; 4] = ["count", RANK, SCORE, ROLLUPS_TTL];

/// Which of the two keys.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Key {
    Partition,
    Sort,
}

/// What a rollup's `key` is checked with.
struct Checked<'a> {
    file: &'a RollupFile,
    rollup: &'a Rollup,
    /// The key attributes of the table.
    keys: [&'a str; 2],
}

/// Gives the rollups that have a `key` their home, and makes entities tell their items from those of such rollups.
pub(super) fn check(
    file: &FileDefinition,
    table: &TableDefinition,
    entities: &mut [Entity],
    rollups: &mut [Rollup],
    report: &mut Report<'_>,
) {
    for position in 0..rollups.len() {
        let (before, after) = rollups.split_at_mut(position);
        let rollup = &mut after[0];
        let Some(file) = file.rollups.get(&rollup.name).filter(|file| file.key.is_some()) else {
            continue;
        };
        let problems = report.found();
        let home = home(file, table, rollup, report);
        if let Some(home) = home.filter(|_| report.found() == problems) {
            collisions(&home, &rollup.name, table, entities, before, report);
            rollup.home = Some(home);
        }
    }
    if rollups.iter().any(|rollup| rollup.home.is_some()) {
        exclude(table, entities);
    }
}

/// Entities that are told by attributes of their own could be told by one that a rollup item has too.
fn exclude(table: &TableDefinition, entities: &mut [Entity]) {
    let name = &table.entity_attribute;
    for entity in entities {
        if !entity.discriminator.iter().any(|(told_by, _)| told_by == name) {
            entity.excluded = Some((name.clone(), AttributeValue::S(ROLLUP_MARK.to_owned())));
        }
    }
}

fn home(
    file: &RollupFile,
    table: &TableDefinition,
    rollup: &Rollup,
    report: &mut Report<'_>,
) -> Option<Home> {
    let path = ["rollups", rollup.name.as_str(), "key"];
    let Some(sort_key) = &table.sort_key else {
        let help = "expected a table with one: a rollup's buckets are a range of sort keys";
        report.key(&path, "`key` in a table without a sort key", help);
        return None;
    };
    names(table, &path, report);
    what_has_no_place(table, rollup, report);
    let granularity = granularity(file, rollup, report);
    if rollup.stripes > 1 {
        let message = format!("{} stripes of a rollup with `key`", rollup.stripes);
        let help = "expected 1: a group in the table of items is in one partition";
        report.value(&["rollups", &rollup.name, "stripes"], message, help);
    }
    let checked = Checked { file, rollup, keys: [&table.partition_key, sort_key] };
    let partition = checked.template(Key::Partition, granularity, report);
    let sort = checked.template(Key::Sort, granularity, report);
    checked.unknown_keys(report);
    let templates = [partition?, sort?];
    checked.every_dimension(&templates, report);
    Some(Home::new(templates, granularity?, &file.by))
}

/// An attribute that a rollup item has cannot be a key, whose type is another.
fn names(table: &TableDefinition, path: &[&str; 3], report: &mut Report<'_>) {
    let is_taken = |name: &&str| OF_ROLLUP_ITEMS.contains(name) || name.contains('(');
    let keys = table.key_attributes().into_iter().chain([table.entity_attribute.as_str()]);
    for name in keys.filter(is_taken) {
        let message = format!("`{name}` is a key, or says of which entity an item is");
        let help = "expected no `key`: the rollup's items would have an attribute of that name";
        report.key(path, message, help);
    }
}

/// What only the table of rollups has a place for.
fn what_has_no_place(table: &TableDefinition, rollup: &Rollup, report: &mut Report<'_>) {
    if rollup.rank.is_some() {
        let help = "expected one of the two: only the table of rollups has the index of ranks";
        report.key(&["rollups", &rollup.name, "rank_by"], "`rank_by` with `key`", help);
    }
    if !rollup.keep.is_empty() && table.ttl.is_none() {
        let message = "`keep` with `key` in a table without `ttl`";
        let help =
            "expected `ttl` in [table], the attribute by which its items expire, or no `keep`";
        report.key(&["rollups", &rollup.name, "keep"], message, help);
    }
}

/// The only bucket, if a time in a key can be cut to it.
fn granularity(file: &RollupFile, rollup: &Rollup, report: &mut Report<'_>) -> Option<Granularity> {
    let path = ["rollups", rollup.name.as_str(), "buckets"];
    let [granularity] = rollup.granularities[..] else {
        if file.buckets.len() > 1 {
            let message = format!("{} buckets of a rollup with `key`", file.buckets.len());
            report.value(&path, message, "expected one, or a rollup for each");
        }
        return None;
    };
    if granularity == Granularity::All {
        return Some(granularity);
    }
    if cut(granularity).is_none() {
        let message = format!("the bucket `{granularity}` of a rollup with `key`");
        let help =
            "expected minute, hour, day, month or year, to which a key's time is cut, or all";
        report.value(&path, message, help);
        return None;
    }
    if rollup.time_zone_name != "UTC" {
        let message = format!("the time zone `{}` of a rollup with `key`", rollup.time_zone_name);
        let help = "expected UTC, in which the times in keys are cut";
        report.value(&["rollups", &rollup.name, "time_zone"], message, help);
    }
    Some(granularity)
}

impl Checked<'_> {
    fn name(&self, key: Key) -> &str {
        self.keys[usize::from(key == Key::Sort)]
    }

    fn path(&self, key: Key) -> [&str; 4] {
        ["rollups", &self.rollup.name, "key", self.name(key)]
    }

    fn unknown_keys(&self, report: &mut Report<'_>) {
        for name in self.file.key.iter().flat_map(|key| key.keys()) {
            if !self.keys.contains(&name.as_str()) {
                let message = format!("`{name}` is no key of the table");
                let path = ["rollups", &self.rollup.name, "key", name];
                report.key(&path, message, expected(name, &self.keys));
            }
        }
    }

    fn template(
        &self,
        key: Key,
        granularity: Option<Granularity>,
        report: &mut Report<'_>,
    ) -> Option<Template> {
        let (name, path) = (self.name(key), self.path(key));
        let Some(text) = self.file.key.as_ref().and_then(|given| given.get(name)) else {
            let message = format!("`key` without `{name}`");
            let help =
                format!("expected a template for each, {} and {}", self.keys[0], self.keys[1]);
            report.key(&path[..3], message, help);
            return None;
        };
        if text.is_empty() {
            let help = "expected a key template such as \"USER#{user_id}\"";
            report.value(&path, format!("`{name}` is empty"), help);
            return None;
        }
        let template = match Template::parse(text, true) {
            Ok(template) => template,
            Err(error) => {
                report.value(&path, format!("`{text}` is no key template"), error.to_string());
                return None;
            }
        };
        let problems = report.found();
        for (position, segment) in template.segments.iter().enumerate() {
            let Segment::Field { attribute, format, optional } = segment else { continue };
            let is_last = position + 1 == template.segments.len();
            match format {
                Format::Cut(_) => self.time(key, attribute, *format, is_last, granularity, report),
                _ => self.dimension(key, attribute, *format, report),
            }
            if *optional {
                let message = format!("`{{{attribute}?}}` in the key of a rollup");
                report.value(&path, message, format!("expected `{{{attribute}}}`"));
            }
        }
        if key == Key::Sort && report.found() == problems {
            self.ends_with_time(&template, granularity, report);
        }
        self.separated(key, &template, report);
        Some(template)
    }

    /// A time stands at the end of the sort key, and is cut to the bucket.
    fn time(
        &self,
        key: Key,
        attribute: &str,
        format: Format,
        is_last: bool,
        granularity: Option<Granularity>,
        report: &mut Report<'_>,
    ) {
        let path = self.path(key);
        let Some(granularity) = granularity else { return };
        if granularity == Granularity::All {
            let message = format!("the time `{attribute}` in the key of a rollup of all time");
            report.value(&path, message, "expected no time, or another bucket");
        } else if self.file.time.as_deref() != Some(attribute) {
            let message = format!("`{attribute}` is not the time of `{}`", self.rollup.name);
            report.value(&path, message, self.expected_time(granularity));
        } else if Some(format) != cut(granularity).map(Format::Cut) {
            let message = format!("`{attribute}` is not cut to the bucket `{granularity}`");
            report.value(&path, message, self.expected_time(granularity));
        } else if key == Key::Partition || !is_last {
            let message = format!("the time `{attribute}` is not at the end of the sort key");
            report.value(&path, message, self.expected_time(granularity));
        }
    }

    fn dimension(&self, key: Key, attribute: &str, format: Format, report: &mut Report<'_>) {
        let path = self.path(key);
        let by: Vec<&str> = self.file.by.iter().map(String::as_str).collect();
        if !by.contains(&attribute) {
            let message = format!("`{{{attribute}}}` is no dimension of `{}`", self.rollup.name);
            report.value(&path, message, expected(attribute, &by));
        } else if format != Format::Plain {
            let message = format!("the dimension `{attribute}` is not written as it is");
            let help = format!("expected `{{{attribute}}}`, so that no two groups have one key");
            report.value(&path, message, help);
        }
    }

    /// Without the time at its end, a range of buckets would be no range of sort keys.
    fn ends_with_time(
        &self,
        template: &Template,
        granularity: Option<Granularity>,
        report: &mut Report<'_>,
    ) {
        let Some(granularity) = granularity.filter(|known| *known != Granularity::All) else {
            return;
        };
        let last = template.segments.last();
        if !matches!(last, Some(Segment::Field { format: Format::Cut(_), .. })) {
            let message = format!("the key `{}` does not end with the time", self.name(Key::Sort));
            report.value(&self.path(Key::Sort), message, self.expected_time(granularity));
        }
    }

    fn expected_time(&self, granularity: Granularity) -> String {
        let time = self.file.time.as_deref().unwrap_or("time");
        let name = self.name(Key::Sort);
        format!("expected `{{{time}:{granularity}}}` at the end of {name}, and nowhere else")
    }

    /// A `#`, which no escaped value contains, stands between two fields. A group's keys are then a range without another's.
    fn separated(&self, key: Key, template: &Template, report: &mut Report<'_>) {
        let mut open: Option<&str> = None;
        for segment in &template.segments {
            match segment {
                Segment::Literal(text) if text.contains('#') => open = None,
                Segment::Literal(_) => {}
                Segment::Field { attribute, .. } => {
                    if let Some(before) = open {
                        let message =
                            format!("no `#` stands between `{{{before}}}` and `{{{attribute}}}`");
                        let help = "expected a `#`: without it, two groups could make the same key";
                        return report.value(&self.path(key), message, help);
                    }
                    open = Some(attribute);
                }
            }
        }
    }

    fn every_dimension(&self, templates: &[Template; 2], report: &mut Report<'_>) {
        let is_in = |name: &str| {
            templates.iter().any(|template| {
                template.segments.iter().any(|segment| {
                    matches!(segment, Segment::Field { attribute, format, .. }
                        if attribute == name && !matches!(format, Format::Cut(_)))
                })
            })
        };
        for name in self.file.by.iter().filter(|name| !is_in(name)) {
            let message = format!("the dimension `{name}` is in neither key");
            let [partition, sort] = self.keys;
            let help =
                format!("expected `{{{name}}}` in {partition} or {sort}: groups would share items");
            report.key(&["rollups", &self.rollup.name, "key"], message, help);
        }
    }
}

/// Nothing else may have the key of a rollup item.
fn collisions(
    home: &Home,
    name: &str,
    table: &TableDefinition,
    entities: &mut [Entity],
    others: &[Rollup],
    report: &mut Report<'_>,
) {
    let own = home.templates();
    let sort_key = table.sort_key.as_deref().unwrap_or_default();
    let mut refuse = |whose: String| {
        let message = format!("`{name}` can make the key of {whose}");
        let help = "expected literal text that tells them apart, such as `STATS#` before the time";
        report.value(&["rollups", name, "key", sort_key], message, help);
    };
    for entity in entities {
        match Overlap::of(&entity.primary_templates(), &own) {
            Overlap::None => {}
            Overlap::LeftIsWider => entity.claims.push(home.claim(name)),
            Overlap::RightIsWider | Overlap::Some => {
                refuse(format!("an item of `{}`", entity.name))
            }
        }
    }
    for other in others {
        let Some(theirs) = &other.home else { continue };
        if Overlap::of(&theirs.templates(), &own) != Overlap::None {
            refuse(format!("an item of the rollup `{}`", other.name));
        }
    }
    let lock = [format!("{LOCK}#{{of}}"), LOCK.to_owned()];
    let lock = lock.map(|text| Template::parse(&text, false).expect("a template"));
    if Overlap::of(&[&lock[0], &lock[1]], &own) != Overlap::None {
        refuse("the lock of a unique value".to_owned());
    }
}
