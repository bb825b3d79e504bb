//! Checks the `key` of one rollup: that its templates give each group and each bucket a key of its
//! own, in the order of time.

use crate::check::report::Report;
use crate::file::RollupFile;
use crate::nearest::expected;
use crate::rollup::{ColocatedKey, Granularity, Rollup, cut};
use crate::table::{RANK, ROLLUPS_TTL, SCORE, TableDefinition};
use crate::template::{Format, Segment, Template};

/// The attributes of rollup items that have no bracket in their names.
const ROLLUP_ITEM_ATTRIBUTES: [&str; 4] = ["count", RANK, SCORE, ROLLUPS_TTL];

/// One of the two parts of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
enum KeyPart {
    Partition,
    Sort,
}

/// The `key` of a rollup, and what it is checked against.
pub(super) struct Checker<'a, 'r, 's> {
    pub(super) file: &'a RollupFile,
    pub(super) rollup: &'a Rollup,
    pub(super) table: &'a TableDefinition,
    pub(super) report: &'r mut Report<'s>,
}

impl<'a> Checker<'a, '_, '_> {
    /// Reports every mistake of the key. Returns the key if it has none.
    pub(super) fn colocated_key(mut self) -> Option<ColocatedKey> {
        let problems = self.report.found();
        if self.table.sort_key.is_none() {
            let help = "expected a table with one: a rollup's buckets are a range of sort keys";
            self.report.key(&self.path(), "`key` in a table without a sort key", help);
            return None;
        }
        self.check_attribute_names();
        self.check_options();
        self.check_bucket();
        self.check_stripes();
        let partition = self.template(KeyPart::Partition);
        let sort = self.template(KeyPart::Sort);
        self.check_known_keys();
        let templates = [partition?, sort?];
        self.check_dimensions(&templates);
        let key = ColocatedKey::new(templates, self.bucket()?, &self.file.by);
        (self.report.found() == problems).then_some(key)
    }

    /// Returns the place of the key.
    fn path(&self) -> [&'a str; 3] {
        ["rollups", &self.rollup.name, "key"]
    }

    /// Returns the place of another option of the rollup.
    fn option(&self, option: &'a str) -> [&'a str; 3] {
        ["rollups", &self.rollup.name, option]
    }

    /// Returns the place of a template.
    fn template_path(&self, part: KeyPart) -> [&'a str; 4] {
        ["rollups", &self.rollup.name, "key", self.name(part)]
    }

    /// Returns the names of the table's key attributes.
    fn names(&self) -> [&'a str; 2] {
        [&self.table.partition_key, self.table.sort_key.as_deref().unwrap_or_default()]
    }

    fn name(&self, part: KeyPart) -> &'a str {
        self.names()[usize::from(part == KeyPart::Sort)]
    }

    /// Returns the rollup's only bucket, if a time in a key can be cut to it.
    fn bucket(&self) -> Option<Granularity> {
        let [granularity] = self.rollup.granularities[..] else { return None };
        (granularity == Granularity::All || cut(granularity).is_some()).then_some(granularity)
    }

    /// Returns the rollup's only bucket, if it begins and ends.
    fn bucket_of_time(&self) -> Option<Granularity> {
        self.bucket().filter(|granularity| *granularity != Granularity::All)
    }

    /// An attribute that a rollup item has cannot be a key, because its type is another.
    fn check_attribute_names(&mut self) {
        let is_taken = |name: &&str| ROLLUP_ITEM_ATTRIBUTES.contains(name) || name.contains('(');
        let keys = self.table.key_attributes().into_iter();
        for name in keys.chain([self.table.entity_attribute.as_str()]).filter(is_taken) {
            let message = format!("`{name}` is a key, or says of which entity an item is");
            let help = "expected no `key`: the rollup's items would have an attribute of that name";
            self.report.key(&self.path(), message, help);
        }
    }

    /// Rejects options that only the table of rollups supports.
    fn check_options(&mut self) {
        if self.rollup.rank.is_some() {
            let help = "expected one of the two: only the table of rollups has the index of ranks";
            self.report.key(&self.option("rank_by"), "`rank_by` with `key`", help);
        }
        if !self.rollup.keep.is_empty() && self.table.ttl.is_none() {
            let message = "`keep` with `key` in a table without `ttl`";
            let help =
                "expected `ttl` in [table], the attribute by which its items expire, or no `keep`";
            self.report.key(&self.option("keep"), message, help);
        }
    }

    /// A key has one bucket, to which UTC times can be cut.
    fn check_bucket(&mut self) {
        let path = self.option("buckets");
        let [granularity] = self.rollup.granularities[..] else {
            if self.file.buckets.len() > 1 {
                let message = format!("{} buckets of a rollup with `key`", self.file.buckets.len());
                self.report.value(&path, message, "expected one, or a rollup for each");
            }
            return;
        };
        if granularity == Granularity::All {
            return;
        }
        let zone = &self.rollup.time_zone_name;
        if cut(granularity).is_none() {
            let message = format!("the bucket `{granularity}` of a rollup with `key`");
            let help =
                "expected minute, hour, day, month or year, to which a key's time is cut, or all";
            self.report.value(&path, message, help);
        } else if zone != "UTC" {
            let message = format!("the time zone `{zone}` of a rollup with `key`");
            let help = "expected UTC, in which the times in keys are cut";
            self.report.value(&self.option("time_zone"), message, help);
        }
    }

    fn check_stripes(&mut self) {
        if self.rollup.stripes > 1 {
            let message = format!("{} stripes of a rollup with `key`", self.rollup.stripes);
            let help = "expected 1: a group in the table of items is in one partition";
            self.report.value(&self.option("stripes"), message, help);
        }
    }

    fn check_known_keys(&mut self) {
        let names = self.names();
        for name in self.file.key.iter().flat_map(|key| key.keys()) {
            if !names.contains(&name.as_str()) {
                let message = format!("`{name}` is no key of the table");
                let [rollups, rollup, key] = self.path();
                self.report.key(&[rollups, rollup, key, name], message, expected(name, &names));
            }
        }
    }

    /// Returns the template of one part, checked as far as it can be alone.
    fn template(&mut self, part: KeyPart) -> Option<Template> {
        let (name, path) = (self.name(part), self.template_path(part));
        let Some(text) = self.file.key.as_ref().and_then(|given| given.get(name)) else {
            let [partition, sort] = self.names();
            let help = format!("expected a template for each, {partition} and {sort}");
            self.report.key(&path[..3], format!("`key` without `{name}`"), help);
            return None;
        };
        if text.is_empty() {
            let help = "expected a key template such as \"USER#{user_id}\"";
            self.report.value(&path, format!("`{name}` is empty"), help);
            return None;
        }
        let template = match Template::parse(text, true) {
            Ok(template) => template,
            Err(error) => {
                let message = format!("`{text}` is no key template");
                self.report.value(&path, message, error.to_string());
                return None;
            }
        };
        let problems = self.report.found();
        self.check_fields(part, &template);
        if part == KeyPart::Sort && self.report.found() == problems {
            self.check_end(&template);
        }
        self.check_separators(part, &template);
        Some(template)
    }

    fn check_fields(&mut self, part: KeyPart, template: &Template) {
        for (position, segment) in template.segments.iter().enumerate() {
            let Segment::Field { attribute, format, optional } = segment else { continue };
            if matches!(format, Format::Cut(_)) {
                let is_at_end = part == KeyPart::Sort && position + 1 == template.segments.len();
                self.check_time(part, attribute, *format, is_at_end);
            } else {
                self.check_dimension(part, attribute, *format);
            }
            if *optional {
                let message = format!("`{{{attribute}?}}` in the key of a rollup");
                let help = format!("expected `{{{attribute}}}`");
                self.report.value(&self.template_path(part), message, help);
            }
        }
    }

    /// A time stands at the end of the sort key, and is cut to the bucket.
    fn check_time(&mut self, part: KeyPart, attribute: &str, format: Format, is_at_end: bool) {
        let Some(granularity) = self.bucket() else { return };
        let (message, help) = if granularity == Granularity::All {
            let message = format!("the time `{attribute}` in the key of a rollup of all time");
            (message, "expected no time, or another bucket".to_owned())
        } else {
            let message = if self.file.time.as_deref() != Some(attribute) {
                format!("`{attribute}` is not the time of `{}`", self.rollup.name)
            } else if Some(format) != cut(granularity).map(Format::Cut) {
                format!("`{attribute}` is not cut to the bucket `{granularity}`")
            } else if !is_at_end {
                format!("the time `{attribute}` is not at the end of the sort key")
            } else {
                return;
            };
            (message, self.expected_time(granularity))
        };
        self.report.value(&self.template_path(part), message, help);
    }

    fn check_dimension(&mut self, part: KeyPart, attribute: &str, format: Format) {
        let path = self.template_path(part);
        let by: Vec<&str> = self.file.by.iter().map(String::as_str).collect();
        if !by.contains(&attribute) {
            let message = format!("`{{{attribute}}}` is no dimension of `{}`", self.rollup.name);
            self.report.value(&path, message, expected(attribute, &by));
        } else if format != Format::Plain {
            let message = format!("the dimension `{attribute}` is not written as it is");
            let help = format!("expected `{{{attribute}}}`, so that no two groups have one key");
            self.report.value(&path, message, help);
        }
    }

    /// The sort key ends with the time. Without it, a range of buckets is not a range of sort keys.
    fn check_end(&mut self, template: &Template) {
        let Some(granularity) = self.bucket_of_time() else { return };
        let last = template.segments.last();
        if !matches!(last, Some(Segment::Field { format: Format::Cut(_), .. })) {
            let name = self.name(KeyPart::Sort);
            let message = format!("the key `{name}` does not end with the time");
            let help = self.expected_time(granularity);
            self.report.value(&self.template_path(KeyPart::Sort), message, help);
        }
    }

    fn expected_time(&self, granularity: Granularity) -> String {
        let time = self.file.time.as_deref().unwrap_or("time");
        let name = self.name(KeyPart::Sort);
        format!("expected `{{{time}:{granularity}}}` at the end of {name}, and nowhere else")
    }

    /// A `#`, which no escaped value contains, stands between two fields. The keys of a group are
    /// then a range in which no other group has a key.
    fn check_separators(&mut self, part: KeyPart, template: &Template) {
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
                        return self.report.value(&self.template_path(part), message, help);
                    }
                    open = Some(attribute);
                }
            }
        }
    }

    /// Every dimension is in one of the keys.
    fn check_dimensions(&mut self, templates: &[Template; 2]) {
        let segments = || templates.iter().flat_map(|template| &template.segments);
        let is_in_key = |name: &str| {
            segments().any(|segment| {
                matches!(segment, Segment::Field { attribute, format, .. }
                    if attribute == name && !matches!(format, Format::Cut(_)))
            })
        };
        for name in self.file.by.iter().filter(|name| !is_in_key(name)) {
            let message = format!("the dimension `{name}` is in neither key");
            let [partition, sort] = self.names();
            let help =
                format!("expected `{{{name}}}` in {partition} or {sort}: groups would share items");
            self.report.key(&self.path(), message, help);
        }
    }
}
