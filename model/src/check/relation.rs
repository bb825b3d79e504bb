//! Checks relations: that what an item has makes every key and every partition that it leads to.

use super::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::{FileDefinition, OrderName, RelationFile};
use crate::nearest::{expected, nearest};
use crate::pattern::Pattern;
use crate::relation::{DEFAULT_LIMIT, LIMIT, Listing, Relation, Way, With};

/// Gives each entity its relations, once all of them are known.
pub(super) fn check(file: &FileDefinition, entities: &mut [Entity], report: &mut Report<'_>) {
    let mut found = Vec::new();
    for entity in entities.iter() {
        let relations = file.entities.get(&entity.name).into_iter().flat_map(|of| &of.relations);
        let relations = relations.filter_map(|(name, of)| {
            Checker { name, of, from: entity, entities, file }.relation(report)
        });
        found.push(relations.collect());
    }
    for (entity, relations) in entities.iter_mut().zip(found) {
        entity.relations = relations;
    }
}

/// A relation, and what it may lead to.
struct Checker<'a> {
    name: &'a str,
    of: &'a RelationFile,
    from: &'a Entity,
    entities: &'a [Entity],
    file: &'a FileDefinition,
}

/// An attribute that `with` says, where it stands, and what it is as.
struct Said<'a> {
    place: Vec<&'a str>,
    attribute: &'a str,
    from: &'a str,
}

/// What `with` says: of the items of the relation, and of the links.
#[derive(Default)]
struct Sayings<'a> {
    own: Vec<Said<'a>>,
    of_link: Vec<Said<'a>>,
}

/// A key or a partition, which attributes of another entity make.
struct Made<'a> {
    what: String,
    names: Vec<&'a str>,
    to: &'a Entity,
    from: &'a Entity,
}

impl<'a> Checker<'a> {
    fn relation(&self, report: &mut Report<'_>) -> Option<Relation> {
        let path = self.path();
        report.name(&path, "a relation", self.name);
        if self.from.attribute(self.name).is_some() {
            let message =
                format!("`{}` is an attribute of `{}` already", self.name, self.from.name);
            report.key(&path, message, "expected another name: an answer has both as members");
        }
        let to = self.entity("to", &self.of.to, report);
        let way = match &self.of.through {
            Some(link) => self.through(link, to, report),
            None if self.of.many == Some(true) => self.many(to?, report).map(Way::Many),
            None => self.one(to?, report).map(Way::One),
        };
        Some(Relation { name: self.name.to_owned(), to: to?.name.clone(), way: way? })
    }

    fn path(&self) -> [&'a str; 4] {
        ["entities", &self.from.name, "relations", self.name]
    }

    fn place(&self, field: &'a str) -> [&'a str; 5] {
        let [entities, entity, relations, name] = self.path();
        [entities, entity, relations, name, field]
    }

    /// The entity that a field names; nothing more is said of one that has mistakes of its own.
    fn entity(&self, field: &'a str, name: &str, report: &mut Report<'_>) -> Option<&'a Entity> {
        let names: Vec<_> = self.file.entities.keys().map(String::as_str).collect();
        if !names.contains(&name) {
            let message = format!("`{name}` is no entity");
            report.value(&self.place(field), message, expected(name, &names));
        }
        self.entities.iter().find(|entity| entity.name == name)
    }

    fn one(&self, to: &'a Entity, report: &mut Report<'_>) -> Option<Vec<With>> {
        let options = [
            ("pattern", self.of.pattern.is_some()),
            ("order", self.of.order.is_some()),
            ("limit", self.of.limit.is_some()),
        ];
        for (option, _) in options.into_iter().filter(|(_, given)| *given) {
            let message = format!("`{option}` says nothing of a relation to one item");
            report.key(&self.place(option), message, "expected many = true beside it");
        }
        let said = self.said(None, report)?;
        self.made(Made::key(to, self.from), said.own, report)
    }

    fn many(&self, to: &'a Entity, report: &mut Report<'_>) -> Option<Listing> {
        let said = self.said(None, report)?;
        self.listing(to, said.own, report)
    }

    fn through(
        &self,
        name: &'a str,
        to: Option<&'a Entity>,
        report: &mut Report<'_>,
    ) -> Option<Way> {
        if self.of.many == Some(false) {
            let help = "expected no `many`, links lead to many";
            report.value(&self.place("many"), "`through` with many = false", help);
        }
        let link = self.entity("through", name, report)?;
        let said = self.said(Some(name), report)?;
        let links = self.listing(link, said.of_link, report);
        let own = without_link(said.own, link, report)?;
        let key = self.made(Made::key(to?, link), own, report);
        Some(Way::Through { link: name.to_owned(), links: links?, key: key? })
    }

    /// What `with` says; attributes of a link stand below its name.
    fn said(&self, link: Option<&str>, report: &mut Report<'_>) -> Option<Sayings<'a>> {
        let before = report.found();
        let mut sayings = Sayings::default();
        for (attribute, value) in &self.of.with {
            let place: Vec<&str> = self.place("with").into_iter().chain([&**attribute]).collect();
            match value {
                toml::Value::String(from) => {
                    sayings.own.push(Said { place, attribute, from });
                }
                toml::Value::Table(inner) if link == Some(attribute) => {
                    for (attribute, value) in inner {
                        let place: Vec<&str> =
                            place.iter().copied().chain([&**attribute]).collect();
                        match value.as_str() {
                            Some(from) => sayings.of_link.push(Said { place, attribute, from }),
                            None => not_a_name(&place, attribute, report),
                        }
                    }
                }
                toml::Value::Table(_) => {
                    let message = format!("`{attribute}` is not the link of `{}`", self.name);
                    let help = match link {
                        Some(link) => format!("expected `{link}`, or the name of an attribute"),
                        None => "expected the name of an attribute".to_owned(),
                    };
                    report.value(&place, message, help);
                }
                _ => not_a_name(&place, attribute, report),
            }
        }
        (report.found() == before).then_some(sayings)
    }

    fn listing(
        &self,
        of: &'a Entity,
        said: Vec<Said<'_>>,
        report: &mut Report<'_>,
    ) -> Option<Listing> {
        let limit = self.limit(report);
        let pattern = self.pattern(of, report)?;
        let what = match pattern.index.is_none() && self.of.pattern.is_none() {
            true => format!("the partition of `{}`", of.name),
            false => format!("the pattern `{}` of `{}`", pattern.name, of.name),
        };
        let made = Made { what, names: pattern.given_attributes(), to: of, from: self.from };
        let with = self.made(made, said, report)?;
        let descending = self.of.order.map_or(pattern.descending, |order| order == OrderName::Desc);
        Some(Listing { with, limit: limit?, descending, pattern })
    }

    fn limit(&self, report: &mut Report<'_>) -> Option<u32> {
        let Some(given) = self.of.limit else { return Some(DEFAULT_LIMIT) };
        let limit = u32::try_from(given).ok().filter(|limit| LIMIT.contains(limit));
        if limit.is_none() {
            let help = format!("expected {} to {}", LIMIT.start(), LIMIT.end());
            report.value(&self.place("limit"), format!("a limit of {given}"), help);
        }
        limit
    }

    fn pattern(&self, of: &Entity, report: &mut Report<'_>) -> Option<Pattern> {
        let Some(name) = &self.of.pattern else {
            if of.sort_attributes().is_empty() {
                // Such a partition may hold several items, but its path is that of one of them.
                let message = match Pattern::of_table(of).open_attributes(of).is_empty() {
                    true => format!("a partition has one `{}` at most", of.name),
                    false => format!("a partition of `{}` has no list of its own", of.name),
                };
                let help = match of.patterns.as_slice() {
                    [] => "expected no `many`".to_owned(),
                    [first, ..] => {
                        format!("expected no `many`, or a `pattern` such as `{}`", first.name)
                    }
                };
                report.key(&self.path(), message, help);
                return None;
            }
            return Some(Pattern::of_table(of));
        };
        let found = of.patterns.iter().find(|pattern| pattern.name == *name);
        if found.is_none() {
            let names: Vec<_> = of.patterns.iter().map(|known| known.name.as_str()).collect();
            let message = format!("`{name}` is no pattern of `{}`", of.name);
            report.value(&self.place("pattern"), message, expected(name, &names));
        }
        found.cloned()
    }

    /// What makes each attribute that is needed: what `with` says, or the attribute of the same name.
    fn made(
        &self,
        made: Made<'_>,
        said: Vec<Said<'_>>,
        report: &mut Report<'_>,
    ) -> Option<Vec<With>> {
        let before = report.found();
        for other in said.iter().filter(|said| !made.names.contains(&said.attribute)) {
            let message = format!("`{}` is no part of {}", other.attribute, made.what);
            report.key(&other.place, message, expected(other.attribute, &made.names));
        }
        for name in &made.names {
            let said = said.iter().find(|said| said.attribute == *name);
            let place = said.map_or(self.path().to_vec(), |said| said.place.clone());
            let from = said.map_or(*name, |said| said.from);
            match (made.from.attribute(from), made.to.attribute(name)) {
                (Some(source), Some(attribute)) => {
                    comparable(&place, (source, made.from), (attribute, made.to), report);
                }
                (None, _) if said.is_some() => {
                    let names: Vec<_> = names(made.from);
                    let message = format!("`{from}` names no attribute of `{}`", made.from.name);
                    report.value(&place, message, expected(from, &names));
                }
                _ => {
                    let message = format!(
                        "nothing of `{}` makes `{name}`, of which {} is made",
                        made.from.name, made.what
                    );
                    let help =
                        format!("expected it in `with`, such as {}", self.example(&made, name));
                    report.key(&place, message, help);
                }
            }
        }
        let with = |name: &&str| {
            let said = said.iter().find(|said| said.attribute == *name);
            let from = said.map_or(*name, |said| said.from);
            With { attribute: (*name).to_owned(), from: from.to_owned() }
        };
        (report.found() == before).then(|| made.names.iter().map(with).collect())
    }

    /// How `with` says an attribute.
    fn example(&self, made: &Made<'_>, name: &str) -> String {
        let names = names(made.from);
        let like = nearest(name, names.iter().copied());
        let like = like.or(names.first().copied()).unwrap_or(name);
        match &self.of.through {
            Some(link) if made.from.name == self.from.name && made.to.name == *link => {
                format!("with = {{ {link}.{name} = \"{like}\" }}")
            }
            Some(link) => format!("with = {{ {name} = \"{link}.{like}\" }}"),
            None => format!("with = {{ {name} = \"{like}\" }}"),
        }
    }
}

impl<'a> Made<'a> {
    /// The primary key of an entity.
    fn key(to: &'a Entity, from: &'a Entity) -> Self {
        Self { what: format!("the key of `{}`", to.name), names: to.key_attributes(), to, from }
    }
}

/// What makes the key of the items that links lead to: attributes of the link, which stand behind its name.
fn without_link<'a>(
    said: Vec<Said<'a>>,
    link: &Entity,
    report: &mut Report<'_>,
) -> Option<Vec<Said<'a>>> {
    let before = report.found();
    let prefix = format!("{}.", link.name);
    let mut stripped = Vec::new();
    for said in said {
        if let Some(from) = said.from.strip_prefix(&prefix) {
            stripped.push(Said { from, ..said });
            continue;
        }
        let names = names(link);
        let near = nearest(said.from, names.iter().copied()).or(names.first().copied());
        let help = format!("expected one of them, such as \"{prefix}{}\"", near.unwrap_or("id"));
        let message = format!("`{}` is no attribute of the link `{}`", said.from, link.name);
        report.value(&said.place, message, help);
    }
    (report.found() == before).then_some(stripped)
}

fn names(entity: &Entity) -> Vec<&str> {
    entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect()
}

fn not_a_name(place: &[&str], attribute: &str, report: &mut Report<'_>) {
    report.value(place, format!("`{attribute}` is not text"), "expected the name of an attribute");
}

/// A value is found by another only where both are of one kind: `7` is no text, and a time is not its day.
fn comparable(
    place: &[&str],
    (source, from): (&Attribute, &Entity),
    (attribute, to): (&Attribute, &Entity),
    report: &mut Report<'_>,
) {
    let is_text =
        |kind: &AttributeType| matches!(kind, AttributeType::String | AttributeType::Enum { .. });
    let (left, right) = (&source.kind, &attribute.kind);
    let are_alike =
        left == right || is_text(left) && is_text(right) || left.is_numeric() && right.is_numeric();
    if !are_alike {
        let message = format!(
            "`{}` of `{}` is {}, `{}` of `{}` is {}",
            source.name,
            from.name,
            left.noun(),
            attribute.name,
            to.name,
            right.noun()
        );
        report.value(place, message, "expected attributes of one type");
    }
}
