//! The places in a definition that put a hidden attribute on a surface.

use super::{Appearance, Definition, Surface};
use crate::attribute::Attribute;
use crate::entity::Entity;
use crate::key_template::KeyTemplate;
use crate::relation::{Binding, Relation, RelationKind};
use crate::rollup::{Measure, Rollup, Source};

/// An attribute, or the path into it, and the keys that lead to its place.
type Found = (String, Vec<String>);

impl Surface {
    /// Returns the places where the definition puts hidden attributes of an entity on this surface.
    pub(super) fn appearances(
        self,
        definition: &Definition<'_>,
        entity: &Entity,
    ) -> Vec<Appearance> {
        let found = match self {
            Self::SortKey => in_keys(entity, |key| definition.is_sort_key(key)),
            Self::ItemPath => {
                in_keys(entity, |key| !definition.is_sort_key(key) && is_primary(entity, key))
            }
            Self::IndexPath => {
                in_keys(entity, |key| !definition.is_sort_key(key) && !is_primary(entity, key))
            }
            Self::DefaultInPath => defaults(entity, &entity.key_attributes()),
            Self::DocumentDefault => defaults(entity, &names(entity)),
            Self::EntityTag => {
                let version = entity.version().filter(|attribute| attribute.hidden);
                version.map(|known| of_attribute(entity, known, "hidden")).into_iter().collect()
            }
            Self::UniqueConflict | Self::UniquePath => {
                let unique = entity.unique_attributes().into_iter();
                let hidden = unique.filter(|attribute| attribute.hidden);
                hidden.map(|attribute| of_attribute(entity, attribute, "unique")).collect()
            }
            Self::Limit => {
                let limited = hidden(entity).filter(|attribute| attribute.rules.has_limits());
                limited.map(|attribute| of_attribute(entity, attribute, "hidden")).collect()
            }
            Self::Expiry => {
                let is_ttl = |known: &&Attribute| definition.ttl == Some(known.field.as_str());
                let expires = hidden(entity).filter(is_ttl);
                expires.map(|attribute| of_attribute(entity, attribute, "hidden")).collect()
            }
            Self::PatternFilter => pattern_filters(entity),
            Self::RelationSource => definition.relations(entity, false),
            Self::RelationTarget => definition.relations(entity, true),
            Self::Measure
            | Self::Presence
            | Self::MeasureTime
            | Self::Rank
            | Self::Dimension
            | Self::RollupTime
            | Self::RollupKey
            | Self::RollupFilter => {
                let own = definition.rollups.iter().filter(|rollup| rollup.entity == entity.name);
                own.flat_map(|rollup| self.in_rollup(rollup)).collect()
            }
            // Every hidden attribute has these, wherever the definition has it.
            Self::Answer
            | Self::Selection
            | Self::Condition
            | Self::Cursor
            | Self::ErrorText
            | Self::Log
            | Self::DocumentRules => Vec::new(),
        };
        let appearance = |(attribute, place)| Appearance {
            surface: self,
            entity: entity.name.clone(),
            attribute,
            place,
        };
        found.into_iter().map(appearance).collect()
    }

    /// Returns the places of a rollup that put hidden attributes on this surface, which is one of
    /// rollups.
    fn in_rollup(self, rollup: &Rollup) -> Vec<Found> {
        let at = |source: &Source, place: &[&str]| {
            let place = [&["rollups", rollup.name.as_str()], place].concat();
            source.attribute.hidden.then(|| found(source.name(), &place))
        };
        let measures = || rollup.measures.iter();
        match self {
            Self::Measure | Self::Presence => {
                let wanted = measures()
                    .filter(|known| known.measure.reveals_values() == (self == Self::Measure));
                let source = wanted.filter_map(|known| Some((known, known.measure.source()?)));
                source
                    .filter_map(|(known, source)| at(source, &["measures", &known.name]))
                    .collect()
            }
            Self::MeasureTime => {
                let timed = measures().filter_map(|known| Some((known, known.measure.time()?)));
                timed.filter_map(|(known, time)| at(time, &["measures", &known.name])).collect()
            }
            Self::Rank => {
                let measure = rollup.ranked_by().filter(|measure| measure.reveals_values());
                let source = measure.and_then(Measure::source);
                source.and_then(|source| at(source, &["rank_by"])).into_iter().collect()
            }
            Self::Dimension => {
                let all = rollup.dimensions.iter().enumerate();
                all.filter_map(|(position, of)| at(of, &["by", &position.to_string()])).collect()
            }
            Self::RollupTime => {
                rollup.time.as_ref().and_then(|time| at(time, &["time"])).into_iter().collect()
            }
            Self::RollupKey => {
                let sources: Vec<_> = rollup.dimensions.iter().chain(&rollup.time).collect();
                let templates = rollup.colocated.iter().flat_map(|key| key.templates());
                let names: Vec<_> = templates.flat_map(|template| template.attributes()).collect();
                let in_key = sources.into_iter().filter(|source| names.contains(&source.name()));
                in_key.filter_map(|source| at(source, &["key"])).collect()
            }
            Self::RollupFilter => {
                let compared = rollup.compared.iter();
                compared.filter_map(|source| at(source, &["where", source.name()])).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Definition<'_> {
    fn is_sort_key(&self, key: &KeyTemplate) -> bool {
        self.sort_keys.contains(&&*key.key)
    }

    fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// Returns the relations that give a value of a hidden attribute of this entity to one that is
    /// shown, or, of `targets`, the other way round.
    fn relations(&self, entity: &Entity, targets: bool) -> Vec<Found> {
        let all = self.entities.iter();
        let all = all.flat_map(|from| from.relations.iter().map(move |relation| (from, relation)));
        let mut found_in = Vec::new();
        for (from, relation) in all {
            let place = ["entities", &*from.name, "relations", &*relation.name];
            for (source, bindings, to) in self.steps(from, relation) {
                let hides = |of: &Entity, name: &str| {
                    of.attribute(name).is_some_and(|attribute| attribute.hidden)
                };
                for Binding { attribute, from } in bindings {
                    let is_from = source.name == entity.name && hides(source, from);
                    let is_to = to.name == entity.name && hides(to, attribute);
                    match targets {
                        false if is_from && !hides(to, attribute) => {
                            found_in.push(found(from, &place));
                        }
                        true if is_to => found_in.push(found(attribute, &place)),
                        _ => {}
                    }
                }
            }
        }
        found_in
    }

    /// Returns the bindings of a relation from one entity to the next: through links in two steps.
    fn steps<'b>(
        &'b self,
        from: &'b Entity,
        relation: &'b Relation,
    ) -> Vec<(&'b Entity, &'b [Binding], &'b Entity)> {
        let Some(to) = self.entity(&relation.to) else { return Vec::new() };
        match &relation.kind {
            RelationKind::One(bindings) => vec![(from, bindings, to)],
            RelationKind::Many(listing) => vec![(from, &listing.bindings, to)],
            RelationKind::Through { link, links, key } => match self.entity(link) {
                Some(link) => vec![(from, &links.bindings, link), (link, key, to)],
                None => Vec::new(),
            },
        }
    }
}

fn hidden(entity: &Entity) -> impl Iterator<Item = &Attribute> {
    entity.attributes.iter().filter(|attribute| attribute.hidden)
}

fn names(entity: &Entity) -> Vec<&str> {
    entity.attributes.iter().map(|attribute| attribute.name.as_str()).collect()
}

fn found(attribute: &str, place: &[&str]) -> Found {
    (attribute.to_owned(), place.iter().map(|part| (*part).to_owned()).collect())
}

fn of_attribute(entity: &Entity, attribute: &Attribute, option: &str) -> Found {
    let place = ["entities", &entity.name, "attributes", &attribute.name, option];
    found(&attribute.name, &place)
}

fn is_primary(entity: &Entity, key: &KeyTemplate) -> bool {
    entity.keys[..entity.primary].iter().any(|primary| primary.key == key.key)
}

fn in_keys(entity: &Entity, is_wanted: impl Fn(&KeyTemplate) -> bool) -> Vec<Found> {
    let keys = entity.keys.iter().filter(|key| is_wanted(key));
    let pairs = keys.flat_map(|key| hidden(entity).map(move |attribute| (key, attribute)));
    let pairs = pairs.filter(|(key, known)| key.template.attributes().contains(&&*known.name));
    pairs.map(|(key, known)| found(&known.name, &["entities", &entity.name, &key.key])).collect()
}

fn defaults(entity: &Entity, of: &[&str]) -> Vec<Found> {
    let of = hidden(entity).filter(|attribute| of.contains(&&*attribute.name));
    let with_default = of.filter(|attribute| attribute.default.is_some());
    with_default.map(|attribute| of_attribute(entity, attribute, "default")).collect()
}

fn pattern_filters(entity: &Entity) -> Vec<Found> {
    let all = entity.patterns.iter().flat_map(|pattern| {
        let places = entity.hidden_places(&pattern.filter);
        places.into_iter().map(move |name| {
            let place = ["entities", &entity.name, "patterns", &pattern.name, "where", &name];
            found(&name, &place)
        })
    });
    all.collect()
}
