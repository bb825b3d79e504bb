//! Relations that are asked for together with items: `owner,comments.author`.
//!
//! What is asked for must take few requests, whatever the number of items: one BatchGetItem for up
//! to a hundred of them, or one Query that answers for all. So it is decided here, before anything
//! is read, whether all items of a list ask the same.
//!
//! ```text
//! GET /user/ann                     Scope::One
//!     sessions: one Query
//! GET /query/session/by_user/ann    Scope::Many, user_id alike
//!     user: one key, and so user.posts: one Query
//!     device: a key each, 100 to a BatchGetItem
//!     device.parts: rejected, a Query each
//! ```

use serde_dynamo::Item;
use thiserror::Error;

use super::related::key;
use super::{Binding, Listing, Relation, RelationKind};
use crate::entity::Entity;
use crate::item_key::ItemKey;
use crate::model::Model;
use crate::pattern::Partition;

/// How far relations may lead from an item: `comments.author` is two levels.
pub const MAX_LEVELS: usize = 2;
/// How many relations may be asked for at once.
pub const MAX_INCLUDES: usize = 10;

/// A relation that is asked for, with those of the items that it leads to.
#[derive(Clone, Debug)]
pub struct Include<'a> {
    /// The relation.
    pub relation: &'a Relation,
    /// The entity that it begins at.
    pub from: &'a Entity,
    /// The entity of the links that it leads through.
    pub link: Option<&'a Entity>,
    /// The entity that it leads to.
    pub to: &'a Entity,
    /// The includes of the related items.
    pub nested: Vec<Include<'a>>,
}

/// Of how many items relations are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// Of one.
    One,
    /// Of many, which have the values of these attributes alike.
    Many(Vec<&'a str>),
}

/// Why a relation cannot be asked for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IncludeError {
    /// No relation has that name.
    #[error("`{path}`: {message}")]
    Unknown {
        /// The requested path.
        path: String,
        /// The message.
        message: String,
    },
    /// It was asked for before.
    #[error("`{0}` twice, expected each relation once")]
    Twice(String),
    /// It is too far away.
    #[error("`{0}` is more than {MAX_LEVELS} levels away, expected a relation nearer by")]
    TooFar(String),
    /// So many are not answered at once.
    #[error("{0} relations, expected at most {MAX_INCLUDES}")]
    TooMany(usize),
    /// It would take a Query for each item.
    #[error(
        "`{path}` would take a query for each {from} of a list, expected it of one {from}; or \
         list {listed} for each"
    )]
    OfEach {
        /// The requested path.
        path: String,
        /// The entity that it begins at.
        from: String,
        /// The listing to use instead.
        listed: String,
    },
}

impl<'a> Include<'a> {
    /// Returns a relation of an entity of the model, without nested ones.
    pub fn new(model: &'a Model, from: &'a Entity, relation: &'a Relation) -> Self {
        let entity = |name: &String| model.entity(name).expect("relations lead to entities");
        let link = match &relation.kind {
            RelationKind::Through { link, .. } => Some(entity(link)),
            RelationKind::One(_) | RelationKind::Many(_) => None,
        };
        Self { relation, from, link, to: entity(&relation.to), nested: Vec::new() }
    }

    /// Reads what is asked for with items of an entity: names with commas between, those of related
    /// items behind a dot.
    ///
    /// # Errors
    /// Everything that cannot be answered.
    pub fn parse(
        model: &'a Model,
        entity: &'a Entity,
        scope: &Scope<'_>,
        text: &str,
    ) -> Result<Vec<Self>, Vec<IncludeError>> {
        let (mut includes, mut errors) = (Vec::new(), Vec::new());
        let paths: Vec<&str> = text.split(',').map(str::trim).collect();
        if paths.len() > MAX_INCLUDES {
            return Err(vec![IncludeError::TooMany(paths.len())]);
        }
        for (position, path) in paths.iter().enumerate() {
            let added = if paths[..position].contains(path) {
                Err(IncludeError::Twice((*path).to_owned()))
            } else {
                add(&mut includes, model, entity, scope, path)
            };
            errors.extend(added.err());
        }
        let count = count(&includes);
        if count > MAX_INCLUDES {
            errors.push(IncludeError::TooMany(count));
        }
        if errors.is_empty() { Ok(includes) } else { Err(errors) }
    }

    /// Returns everything that may be asked for with items of an entity, as [`Self::parse`] reads
    /// it.
    pub fn paths(model: &'a Model, entity: &'a Entity, scope: &Scope<'_>) -> Vec<String> {
        let mut paths = Vec::new();
        collect(model, entity, scope, "", 1, &mut paths);
        paths
    }

    /// Returns the key of the one item that an item leads to: an item of `from`, or of `link` where
    /// there is one.
    pub fn key(&self, item: &Item) -> Option<ItemKey> {
        match &self.relation.kind {
            RelationKind::One(bindings) => key(bindings, self.from, item, self.to),
            RelationKind::Through { key: bindings, .. } => key(bindings, self.link?, item, self.to),
            RelationKind::Many(_) => None,
        }
    }

    /// Returns what is read for many items: of those that it leads to, or of the links; `None` for
    /// a relation to one.
    pub fn listing(&self) -> Option<(&'a Listing, &'a Entity)> {
        match &self.relation.kind {
            RelationKind::One(_) => None,
            RelationKind::Many(listing) => Some((listing, self.to)),
            RelationKind::Through { links, .. } => Some((links, self.link?)),
        }
    }

    /// Returns where those of an item are; `None` where it leads nowhere.
    pub fn partition(&self, item: &Item) -> Option<Partition> {
        let (listing, entity) = self.listing()?;
        listing.partition(self.from, item, entity)
    }

    /// Returns the stored names of the attributes of `from` that it is made from.
    pub fn fields(&self) -> Vec<&'a str> {
        let bindings = self.relation.bindings().iter();
        let attributes = bindings.filter_map(|binding| self.from.attribute(&binding.from));
        attributes.map(|attribute| attribute.field.as_str()).collect()
    }

    /// Of how many items its own relations are asked for; `None` if it takes a Query for each item.
    fn scope(&self, scope: &Scope<'_>) -> Option<Scope<'a>> {
        let alike = |binding: &&Binding| match scope {
            Scope::One => true,
            Scope::Many(alike) => alike.contains(&binding.from.as_str()),
        };
        let attribute = |binding: &'a Binding| binding.attribute.as_str();
        let bindings = self.relation.bindings();
        let are_all_alike = bindings.iter().all(|binding| alike(&binding));
        match &self.relation.kind {
            // All of them lead to the same item.
            RelationKind::One(_) if are_all_alike => Some(Scope::One),
            RelationKind::One(_) => {
                Some(Scope::Many(bindings.iter().filter(alike).map(attribute).collect()))
            }
            _ if !are_all_alike => None,
            RelationKind::Many(listing) => Some(Scope::Many(listing.pattern.common_attributes())),
            RelationKind::Through { links, key, .. } => {
                let common = links.pattern.common_attributes();
                let alike = key.iter().filter(|binding| common.contains(&binding.from.as_str()));
                Some(Scope::Many(alike.map(attribute).collect()))
            }
        }
    }

    /// Returns the listing to use instead of a Query for each item.
    fn listed(&self) -> String {
        let Some((listing, entity)) = self.listing() else { return self.to.name.clone() };
        match entity.patterns.contains(&listing.pattern) {
            true => format!("`{}` by `{}`", entity.name, listing.pattern.name),
            false => format!("`{}`", entity.name),
        }
    }
}

/// Adds a path to what is asked for.
fn add<'a>(
    includes: &mut Vec<Include<'a>>,
    model: &'a Model,
    entity: &'a Entity,
    scope: &Scope<'_>,
    path: &str,
) -> Result<(), IncludeError> {
    if path.split('.').count() > MAX_LEVELS {
        return Err(IncludeError::TooFar(path.to_owned()));
    }
    let (mut level, mut entity, mut scope) = (includes, entity, scope.clone());
    for name in path.split('.') {
        let position = match level.iter().position(|known| known.relation.name == name) {
            Some(position) => position,
            None => {
                let relation = entity.relation(name).ok_or_else(|| IncludeError::Unknown {
                    path: path.to_owned(),
                    message: entity.no_such_relation(name),
                })?;
                level.push(Include::new(model, entity, relation));
                level.len() - 1
            }
        };
        let include = &mut level[position];
        scope = include.scope(&scope).ok_or_else(|| IncludeError::OfEach {
            path: path.to_owned(),
            from: entity.name.clone(),
            listed: include.listed(),
        })?;
        entity = include.to;
        level = &mut include.nested;
    }
    Ok(())
}

fn collect(
    model: &Model,
    entity: &Entity,
    scope: &Scope<'_>,
    before: &str,
    level: usize,
    paths: &mut Vec<String>,
) {
    for relation in &entity.relations {
        let include = Include::new(model, entity, relation);
        let Some(scope) = include.scope(scope) else { continue };
        let path = format!("{before}{}", relation.name);
        paths.push(path.clone());
        if level < MAX_LEVELS {
            collect(model, include.to, &scope, &format!("{path}."), level + 1, paths);
        }
    }
}

fn count(includes: &[Include<'_>]) -> usize {
    includes.iter().map(|include| 1 + count(&include.nested)).sum()
}
