//! Document paths: an attribute, or a value nested in it, as `competencies.integrity` or
//! `lines[0].price`.
//!
//! **Invariant:** a [`Path`] begins with an attribute of its entity, under the name that it is
//! stored by, and leads only into what can hold something.

mod parse;

use std::collections::HashMap;
use std::fmt;

use serde_dynamo::{AttributeValue, Item};

use crate::attribute::no_such_attribute;
use crate::attribute::{Attribute, AttributeType, Members, NoMember};
use crate::step::{Step, joined};

/// A place in an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// The steps from the item to the value, by the names that are stored.
    pub steps: Vec<Step>,
    /// The same by the names of the definition, which messages say.
    names: Vec<Step>,
}

/// A place in an item of an entity, and what the definition says of it and of what it lies in.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The place.
    pub path: Path,
    /// A rule for each step of the path: what the value has to be that is there.
    rules: Vec<&'a Attribute>,
}

impl<'a> Place<'a> {
    /// Returns the attribute that the path begins with.
    pub fn attribute(&self) -> &'a Attribute {
        self.rules[0]
    }

    /// Returns the rule of a value at the place: anything if the definition has no rule.
    pub fn rule(&self) -> &'a Attribute {
        self.rules[self.rules.len() - 1]
    }

    /// In how many maps and lists of its attribute the place lies.
    pub(crate) fn depth(&self) -> usize {
        self.rules.len() - 1
    }

    /// Returns each map and list around the place with its rule, outermost first.
    pub(crate) fn around(&self) -> impl Iterator<Item = (Path, &'a Attribute)> {
        let outer = self.rules[..self.depth()].iter().enumerate();
        outer.map(|(number, rule)| (self.path.first(number + 1), *rule))
    }
}

impl Path {
    /// Returns the place of an attribute itself.
    pub fn from_attribute(attribute: &Attribute) -> Self {
        Self {
            steps: vec![Step::Name(attribute.field.clone())],
            names: vec![Step::Name(attribute.name.clone())],
        }
    }

    /// Returns the place of a stored attribute that the entity does not declare: a key, or what
    /// tells its kind.
    pub fn stored(name: &str) -> Self {
        Self::stored_at(vec![Step::Name(name.to_owned())])
    }

    /// Returns the place to which these steps lead, the first of them into the item.
    pub fn stored_at(steps: Vec<Step>) -> Self {
        Self { names: steps.clone(), steps }
    }

    /// Returns the name of the attribute that it begins with.
    pub fn attribute(&self) -> &str {
        match self.names.first() {
            Some(Step::Name(name)) => name,
            _ => "",
        }
    }

    /// Returns the place to which the first steps lead.
    pub(crate) fn first(&self, steps: usize) -> Self {
        Self { steps: self.steps[..steps].to_vec(), names: self.names[..steps].to_vec() }
    }

    /// Returns the place of a member of the map that is at this place.
    pub(crate) fn member(&self, attribute: &Attribute) -> Self {
        let mut path = self.clone();
        path.steps.push(Step::Name(attribute.field.clone()));
        path.names.push(Step::Name(attribute.name.clone()));
        path
    }

    /// Returns whether it is a place in a list.
    pub(crate) fn is_position(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Position(_)))
    }

    /// Returns whether it leads to a value by these stored names alone.
    pub(crate) fn is_by_names(&self, names: &[String]) -> bool {
        let is_same =
            |(step, name): (&Step, &String)| matches!(step, Step::Name(own) if own == name);
        self.steps.len() == names.len() && self.steps.iter().zip(names).all(is_same)
    }

    /// Returns whether it is an attribute itself, not something in it.
    pub fn is_whole(&self) -> bool {
        self.steps.len() == 1
    }

    /// Returns whether it is the attribute that is stored by that name.
    pub fn is_field(&self, field: &str) -> bool {
        matches!(self.steps.as_slice(), [Step::Name(name)] if name == field)
    }

    /// Returns whether it is that attribute or leads into it.
    pub(crate) fn is_in(&self, field: &str) -> bool {
        matches!(self.steps.first(), Some(Step::Name(name)) if name == field)
    }

    /// Returns the value at this place; what is null is not there.
    pub fn value_in<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        self.stored_in(item).filter(|value| !matches!(value, AttributeValue::Null(_)))
    }

    /// Returns the value that is stored at this place, null too.
    pub(crate) fn stored_in<'a>(&self, item: &'a Item) -> Option<&'a AttributeValue> {
        let (Step::Name(first), nested) = self.steps.split_first()? else { return None };
        nested.iter().try_fold(item.get(first)?, |value, step| match (value, step) {
            (AttributeValue::M(members), Step::Name(name)) => members.get(name),
            (AttributeValue::L(members), Step::Position(position)) => members.get(*position),
            _ => None,
        })
    }

    /// Returns an item without what is at this place, if maps lead there.
    pub(crate) fn taken_from(&self, item: &Item) -> Item {
        let mut item = item.clone();
        let Some((Step::Name(first), nested)) = self.steps.split_first() else { return item };
        let Some(mut value) = item.remove(first) else { return item };
        if !nested.is_empty() {
            take(&mut value, nested);
            item.insert(first.clone(), value);
        }
        item
    }

    /// Returns an item with null at this place, if maps lead there and something is stored there.
    pub(crate) fn nulled_in(&self, item: &Item) -> Option<Item> {
        let mut item = item.clone();
        let (Step::Name(first), nested) = self.steps.split_first()? else { return None };
        let place =
            nested.iter().try_fold(item.get_mut(first)?, |value, step| match (value, step) {
                (AttributeValue::M(members), Step::Name(name)) => members.get_mut(name),
                _ => None,
            })?;
        *place = AttributeValue::Null(true);
        Some(item)
    }

    /// Returns whether one of the two is the other or leads into it. DynamoDB takes no two such in
    /// one update.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.steps.iter().zip(&other.steps).all(|(left, right)| left == right)
    }
}

/// Places that are added one after another, and whether a new one overlaps an earlier one: as a
/// tree of their steps, so that each costs its own length only.
#[derive(Debug, Default)]
pub(crate) struct Places {
    count: usize,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// The first place that ends here.
    end: Option<usize>,
    /// The first place that leads through here or ends here.
    through: Option<usize>,
    next: HashMap<Step, Node>,
}

impl Places {
    /// Adds a place. Returns the number of the first that overlaps it, if any does.
    pub(crate) fn add(&mut self, path: &Path) -> Option<usize> {
        let own = self.count;
        self.count += 1;
        let mut outer: Option<usize> = None;
        let mut node = &mut self.root;
        for step in &path.steps {
            node.through.get_or_insert(own);
            outer = outer.into_iter().chain(node.end).min();
            node = node.next.entry(step.clone()).or_default();
        }
        let inner = node.through;
        node.through.get_or_insert(own);
        node.end.get_or_insert(own);
        outer.into_iter().chain(inner).min()
    }
}

impl<'a> Place<'a> {
    /// Continues by a step of declared names.
    fn enter(&mut self, step: &Step) -> Result<(), String> {
        let kind = &self.rule().kind;
        let rule = kind.member(step).map_err(|reason| match reason {
            NoMember::Expected(what) => {
                format!("leads into `{}`, which is {}; expected {what}", self.path, kind.noun())
            }
            NoMember::Unknown(attributes) => {
                let (map, name) = (format!("`{}`", self.path), joined(std::iter::once(step)));
                no_such_attribute(&map, attributes, &name)
            }
        })?;
        let stored = match kind {
            AttributeType::Map(Members::Named(_)) => Step::Name(rule.field.clone()),
            _ => step.clone(),
        };
        self.path.steps.push(stored);
        self.path.names.push(step.clone());
        self.rules.push(rule);
        Ok(())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&joined(self.names.iter()))
    }
}

/// Takes what is at a place out of the maps that lead there.
fn take(value: &mut AttributeValue, steps: &[Step]) {
    let (AttributeValue::M(members), Some((Step::Name(name), nested))) =
        (value, steps.split_first())
    else {
        return;
    };
    match members.get_mut(name).filter(|_| !nested.is_empty()) {
        Some(inner) => take(inner, nested),
        None => drop(members.remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::entity::Entity;
    use crate::value;

    fn entity() -> Entity {
        let model: crate::Model = r##"
            [table]
            name = "club"
            [entities.member]
            PK = "MEMBER#{id}"
            SK = "MEMBER"
            [entities.member.attributes]
            id = { type = "string", required = true }
            skills = { type = "map", field = "s" }
            visits = { type = "list" }
            free = { type = "any" }
        "##
        .parse()
        .expect("a definition");
        model.entities[0].clone()
    }

    #[test]
    fn a_path_says_where_and_is_written_as_it_was_read() {
        let entity = entity();
        for (text, steps) in
            [("id", 1), ("skills.a.b", 3), ("visits[0]", 2), ("free.a[0][12].b", 5)]
        {
            let path = Path::parse(&entity, text).expect(text).path;
            assert_eq!((path.to_string().as_str(), path.steps.len()), (text, steps));
        }
        let place = Path::parse(&entity, "skills.a").expect("a path");
        let stored = &place.path.steps[0];
        assert_eq!((stored, place.path.attribute()), (&Step::Name("s".to_owned()), "skills"));
    }

    #[test]
    fn what_is_no_path_says_why() {
        for (text, expected) in [
            ("", "expected names with a dot between"),
            ("skills.", "expected names with a dot between"),
            ("skills..a", "expected names with a dot between"),
            ("visits[-1]", "expected names with a dot between"),
            ("visits[0", "expected names with a dot between"),
            ("visits[]", "expected names with a dot between"),
            ("[0]", "expected names with a dot between"),
            ("skils.a", "did you mean `skills`?"),
            ("id.a", "leads into `id`, which is a string; expected a map before the dot"),
            ("skills[0]", "which is a map; expected a list before the position"),
        ] {
            let error = Path::parse(&entity(), text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_path_finds_its_value_and_nothing_else() {
        let entity = entity();
        let json = json!({"s": {"a": {"b": 1}}, "free": [[1, {"c": null}]]});
        let Some(AttributeValue::M(item)) = value::encode(&AttributeType::Any, &json).ok() else {
            panic!("a map");
        };
        let item: Item = item.into();
        let found = |text: &str| {
            let path = Path::parse(&entity, text).expect(text).path;
            path.value_in(&item).map(value::decode)
        };
        assert_eq!(found("skills.a.b"), Some(json!(1)));
        assert_eq!(found("free[0][0]"), Some(json!(1)));
        for absent in ["skills.b", "skills.a.b.c", "free[1]", "free[0][1].c", "visits[0]", "id"] {
            assert_eq!(found(absent), None, "{absent}");
        }
    }

    #[test]
    fn paths_overlap_where_one_leads_through_the_other() {
        let entity = entity();
        let path = |text: &str| Path::parse(&entity, text).expect(text).path;
        assert!(path("skills").overlaps(&path("skills.a")));
        assert!(path("skills.a.b").overlaps(&path("skills.a")));
        assert!(!path("skills.a").overlaps(&path("skills.b")));
        assert!(!path("visits[0]").overlaps(&path("visits[1]")));
    }

    proptest! {
        #[test]
        fn the_tree_of_places_finds_the_overlap_that_a_comparison_of_all_pairs_finds(
            texts in collection::vec("(skills|free|visits)([.][ab]|\\[[01]\\]){0,3}", 0..12),
        ) {
            let entity = entity();
            let paths = texts.iter().filter_map(|text| Path::parse(&entity, text).ok());
            let paths: Vec<_> = paths.collect();
            let mut places = Places::default();
            for (number, place) in paths.iter().enumerate() {
                let earlier = paths[..number].iter();
                let pairwise = earlier.clone().position(|other| other.path.overlaps(&place.path));
                prop_assert_eq!(places.add(&place.path), pairwise);
            }
        }
    }
}
