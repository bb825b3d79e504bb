//! Checks relations: that the attributes of an item make every key and every partition to which the
//! item leads.

use super::report::Report;
use crate::attribute::{Attribute, AttributeType};
use crate::entity::Entity;
use crate::file::{FileDefinition, OrderName, RelationFile};
use crate::nearest::{expected, nearest};
use crate::pattern::Pattern;
use crate::relation::{Binding, DEFAULT_LIMIT, LIMIT, Listing, Relation, RelationKind};

/// Gives each entity its relations, once all of them are known.
pub(super) fn check(file: &FileDefinition, entities: &mut [Entity], report: &mut Report<'_>) {
    let mut found = Vec::new();
    for entity in entities.iter() {
        let relations =
            file.entities.get(&entity.name).into_iter().flat_map(|file| &file.relations);
        let relations = relations.filter_map(|(name, definition)| {
            Checker { name, definition, from: entity, entities, file }.relation(report)
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
    definition: &'a RelationFile,
    from: &'a Entity,
    entities: &'a [Entity],
    file: &'a FileDefinition,
}

/// A binding of `with`: an attribute, its place in the file, and the attribute that has its value.
struct PlacedBinding<'a> {
    place: Vec<&'a str>,
    attribute: &'a str,
    from: &'a str,
}

/// The bindings of `with`: of the related items, and of the links.
#[derive(Default)]
struct Bindings<'a> {
    own: Vec<PlacedBinding<'a>>,
    of_link: Vec<PlacedBinding<'a>>,
}

/// The attributes of a key or a partition, which attributes of another entity make.
struct KeyParts<'a> {
    description: String,
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
        let to = self.entity("to", &self.definition.to, report);
        let kind = match &self.definition.through {
            Some(link) => self.through(link, to, report),
            None if self.definition.many == Some(true) => {
                self.many(to?, report).map(RelationKind::Many)
            }
            None => self.one(to?, report).map(RelationKind::One),
        };
        Some(Relation { name: self.name.to_owned(), to: to?.name.clone(), kind: kind? })
    }

    fn path(&self) -> [&'a str; 4] {
        ["entities", &self.from.name, "relations", self.name]
    }

    fn place(&self, field: &'a str) -> [&'a str; 5] {
        let [entities, entity, relations, name] = self.path();
        [entities, entity, relations, name, field]
    }

    /// Returns the entity that a field names; `None` also for an entity with mistakes of its own.
    fn entity(&self, field: &'a str, name: &str, report: &mut Report<'_>) -> Option<&'a Entity> {
        let names: Vec<_> = self.file.entities.keys().map(String::as_str).collect();
        if !names.contains(&name) {
            let message = format!("`{name}` is no entity");
            report.value(&self.place(field), message, expected(name, &names));
        }
        self.entities.iter().find(|entity| entity.name == name)
    }

    fn one(&self, to: &'a Entity, report: &mut Report<'_>) -> Option<Vec<Binding>> {
        let options = [
            ("pattern", self.definition.pattern.is_some()),
            ("order", self.definition.order.is_some()),
            ("limit", self.definition.limit.is_some()),
        ];
        for (option, _) in options.into_iter().filter(|(_, given)| *given) {
            let message = format!("`{option}` says nothing of a relation to one item");
            report.key(&self.place(option), message, "expected many = true beside it");
        }
        let given = self.bindings(None, report)?;
        self.bound(KeyParts::key(to, self.from), given.own, report)
    }

    fn many(&self, to: &'a Entity, report: &mut Report<'_>) -> Option<Listing> {
        let given = self.bindings(None, report)?;
        self.listing(to, given.own, report)
    }

    fn through(
        &self,
        name: &'a str,
        to: Option<&'a Entity>,
        report: &mut Report<'_>,
    ) -> Option<RelationKind> {
        if self.definition.many == Some(false) {
            let help = "expected no `many`, links lead to many";
            report.value(&self.place("many"), "`through` with many = false", help);
        }
        let link = self.entity("through", name, report)?;
        let given = self.bindings(Some(name), report)?;
        let links = self.listing(link, given.of_link, report);
        let own = without_link(given.own, link, report)?;
        let key = self.bound(KeyParts::key(to?, link), own, report);
        Some(RelationKind::Through { link: name.to_owned(), links: links?, key: key? })
    }

    /// Returns the bindings of `with`; attributes of a link stand below its name.
    fn bindings(&self, link: Option<&str>, report: &mut Report<'_>) -> Option<Bindings<'a>> {
        let before = report.found();
        let mut bindings = Bindings::default();
        for (attribute, value) in &self.definition.with {
            let place: Vec<&str> = self.place("with").into_iter().chain([&**attribute]).collect();
            match value {
                toml::Value::String(from) => {
                    bindings.own.push(PlacedBinding { place, attribute, from });
                }
                toml::Value::Table(inner) if link == Some(attribute) => {
                    for (attribute, value) in inner {
                        let place: Vec<&str> =
                            place.iter().copied().chain([&**attribute]).collect();
                        match value.as_str() {
                            Some(from) => {
                                bindings.of_link.push(PlacedBinding { place, attribute, from })
                            }
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
        (report.found() == before).then_some(bindings)
    }

    fn listing(
        &self,
        of: &'a Entity,
        given: Vec<PlacedBinding<'_>>,
        report: &mut Report<'_>,
    ) -> Option<Listing> {
        let limit = self.limit(report);
        let pattern = self.pattern(of, report)?;
        let description = match pattern.index.is_none() && self.definition.pattern.is_none() {
            true => format!("the partition of `{}`", of.name),
            false => format!("the pattern `{}` of `{}`", pattern.name, of.name),
        };
        let parts =
            KeyParts { description, names: pattern.given_attributes(), to: of, from: self.from };
        let bindings = self.bound(parts, given, report)?;
        let descending =
            self.definition.order.map_or(pattern.descending, |order| order == OrderName::Desc);
        Some(Listing { bindings, limit: limit?, descending, pattern })
    }

    fn limit(&self, report: &mut Report<'_>) -> Option<u32> {
        let Some(given) = self.definition.limit else { return Some(DEFAULT_LIMIT) };
        let limit = u32::try_from(given).ok().filter(|limit| LIMIT.contains(limit));
        if limit.is_none() {
            let help = format!("expected {} to {}", LIMIT.start(), LIMIT.end());
            report.value(&self.place("limit"), format!("a limit of {given}"), help);
        }
        limit
    }

    fn pattern(&self, of: &Entity, report: &mut Report<'_>) -> Option<Pattern> {
        let Some(name) = &self.definition.pattern else {
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

    /// Returns a binding of each part of a key: the one in `with`, or the attribute of the same
    /// name.
    fn bound(
        &self,
        parts: KeyParts<'_>,
        given: Vec<PlacedBinding<'_>>,
        report: &mut Report<'_>,
    ) -> Option<Vec<Binding>> {
        let before = report.found();
        for other in given.iter().filter(|given| !parts.names.contains(&given.attribute)) {
            let message = format!("`{}` is no part of {}", other.attribute, parts.description);
            report.key(&other.place, message, expected(other.attribute, &parts.names));
        }
        for name in &parts.names {
            let given = given.iter().find(|given| given.attribute == *name);
            let place = given.map_or(self.path().to_vec(), |given| given.place.clone());
            let from = given.map_or(*name, |given| given.from);
            match (parts.from.attribute(from), parts.to.attribute(name)) {
                (Some(source), Some(attribute)) => {
                    comparable(&place, (source, parts.from), (attribute, parts.to), report);
                }
                (None, _) if given.is_some() => {
                    let names: Vec<_> = names(parts.from);
                    let message = format!("`{from}` names no attribute of `{}`", parts.from.name);
                    report.value(&place, message, expected(from, &names));
                }
                _ => {
                    let message = format!(
                        "nothing of `{}` makes `{name}`, of which {} is made",
                        parts.from.name, parts.description
                    );
                    let help =
                        format!("expected it in `with`, such as {}", self.example(&parts, name));
                    report.key(&place, message, help);
                }
            }
        }
        let binding = |name: &&str| {
            let given = given.iter().find(|given| given.attribute == *name);
            let from = given.map_or(*name, |given| given.from);
            Binding { attribute: (*name).to_owned(), from: from.to_owned() }
        };
        (report.found() == before).then(|| parts.names.iter().map(binding).collect())
    }

    /// Returns an example of a binding, as `with` has it.
    fn example(&self, parts: &KeyParts<'_>, name: &str) -> String {
        let names = names(parts.from);
        let like = nearest(name, names.iter().copied());
        let like = like.or(names.first().copied()).unwrap_or(name);
        match &self.definition.through {
            Some(link) if parts.from.name == self.from.name && parts.to.name == *link => {
                format!("with = {{ {link}.{name} = \"{like}\" }}")
            }
            Some(link) => format!("with = {{ {name} = \"{link}.{like}\" }}"),
            None => format!("with = {{ {name} = \"{like}\" }}"),
        }
    }
}

impl<'a> KeyParts<'a> {
    /// Returns the parts of the primary key of an entity.
    fn key(to: &'a Entity, from: &'a Entity) -> Self {
        Self {
            description: format!("the key of `{}`", to.name),
            names: to.key_attributes(),
            to,
            from,
        }
    }
}

/// Returns the bindings of the items to which links lead, without the name of the link before each
/// attribute.
fn without_link<'a>(
    given: Vec<PlacedBinding<'a>>,
    link: &Entity,
    report: &mut Report<'_>,
) -> Option<Vec<PlacedBinding<'a>>> {
    let before = report.found();
    let prefix = format!("{}.", link.name);
    let mut stripped = Vec::new();
    for given in given {
        if let Some(from) = given.from.strip_prefix(&prefix) {
            stripped.push(PlacedBinding { from, ..given });
            continue;
        }
        let names = names(link);
        let near = nearest(given.from, names.iter().copied()).or(names.first().copied());
        let help = format!("expected one of them, such as \"{prefix}{}\"", near.unwrap_or("id"));
        let message = format!("`{}` is no attribute of the link `{}`", given.from, link.name);
        report.value(&given.place, message, help);
    }
    (report.found() == before).then_some(stripped)
}

fn names(entity: &Entity) -> Vec<&str> {
    entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect()
}

fn not_a_name(place: &[&str], attribute: &str, report: &mut Report<'_>) {
    report.value(place, format!("`{attribute}` is not text"), "expected the name of an attribute");
}

/// Rejects attributes of different kinds: `7` is not text, and a time is not its day.
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
