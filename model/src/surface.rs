//! Surfaces: the places where a value of an attribute can reach a caller, and which of them a
//! hidden attribute may have.
//!
//! | Verdict | `weir check` | A hidden value |
//! |---|---|---|
//! | rejected | rejects the definition | would reach callers directly |
//! | stated | rejects it unless `reveals` names the attribute | reaches callers, as it is stated |
//! | closed | accepts it | is left out, encrypted, or the request is rejected |
//! | allowed | accepts it | is known to the caller already, or is not told |
//!
//! docs/threat-model.md has the whole table, and a test compares it with this file.
//!
//! **Invariant:** a surface has a verdict, a reason and its places in a definition, or it does not
//! compile: all three are exhaustive.

mod places;

use crate::Model;
use crate::entity::Entity;
use crate::rollup::Rollup;

/// The rule for a hidden attribute at a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The definition is rejected.
    Rejected,
    /// The definition is rejected unless it names the attribute in `reveals` at this place.
    Stated,
    /// The value does not reach callers there: it is left out or encrypted, or the request is
    /// rejected.
    Closed,
    /// The caller has the value already, or the value is not told.
    Allowed,
}

impl Verdict {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Stated => "stated",
            Self::Closed => "closed",
            Self::Allowed => "allowed",
        }
    }
}

macro_rules! surfaces {
    ($($variant:ident $name:literal $verdict:ident $reason:literal;)*) => {
        /// A place where a value of an attribute can reach a caller.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Surface {
            $(#[doc = $name] $variant,)*
        }

        impl Surface {
            /// Every surface.
            pub const EVERY: &[Self] = &[$(Self::$variant),*];

            /// Returns its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The rule for a hidden attribute.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$variant => Verdict::$verdict,)* }
            }

            /// Why.
            pub fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }
    };
}

surfaces! {
    SortKey "a sort key" Rejected "the order of lists and their ranges tell it";
    DefaultInPath "a default in the primary key" Rejected
        "`Location` and links tell a value that the caller did not send";
    EntityTag "a version" Rejected "every answer has it as `ETag`";
    Measure "a measure" Stated "in a group of one item it is the value or tells it";
    Rank "the measure of a ranking" Stated "the order of groups tells it";
    Dimension "a dimension" Stated "answers, ranks and columns of CSV and NDJSON name the groups";
    RollupTime "the time of a rollup" Stated "the buckets that have numbers tell it";
    MeasureTime "the time of `first` or `last`" Stated
        "the value that is chosen tells which is greater";
    RollupKey "the `key` of a rollup" Stated "the keys of the rollup items have it";
    RelationSource "what a relation is made from" Stated
        "the related item has the value in an attribute that is not hidden";
    Answer "an item in an answer" Closed "both forms leave it out, with the keys made from it";
    Selection "`select`" Closed "the request is rejected";
    Condition "`where` of a request" Closed
        "the request is rejected: what a list leaves out would tell it";
    Limit "`add` to a value with limits" Closed
        "the request is rejected: whether it fits would tell the value";
    UniquePath "`GET` and `PUT /unique`" Closed "a constraint on it has no route";
    Cursor "a cursor" Closed "cursors are encrypted";
    DocumentDefault "a default in the OpenAPI document" Closed "the document leaves it out";
    ErrorText "an error message" Closed
        "messages repeat what the request has, and no stored hidden value";
    Log "a line of the log, a metric, a trace" Closed "they have no values";
    ItemPath "the table's partition key" Allowed "the caller gives the value in the path";
    IndexPath "an index's partition key" Allowed "the caller gives the value in the path";
    Presence "`count` of it" Allowed "it tells whether there are values, not which";
    RollupFilter "`where` of a rollup" Allowed
        "the definition chose the condition, and callers cannot vary it";
    PatternFilter "`where` of a pattern" Allowed
        "the definition chose the condition, and callers cannot vary it";
    RelationTarget "the key that a relation leads to" Allowed
        "the item that leads there has the value already";
    UniqueConflict "a unique value" Allowed
        "409 tells that the value the caller sent is taken, not by which item";
    DocumentRules "type, enum, pattern and limits in the OpenAPI document" Allowed
        "they are rules of the definition, which writers must know, and no item's values";
    Expiry "the time to live" Allowed "it tells that the time has passed, when the item is gone";
}

/// A hidden attribute on a surface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// The surface.
    pub surface: Surface,
    /// The entity.
    pub entity: String,
    /// The attribute, or the path into it.
    pub attribute: String,
    /// Where the definition file has it so, from the root: keys, and positions in lists.
    pub place: Vec<String>,
}

/// The parts of a definition from which values can be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition<'a> {
    pub(crate) entities: &'a [Entity],
    pub(crate) rollups: &'a [Rollup],
    /// The sort keys of the table and of its indexes.
    pub(crate) sort_keys: &'a [&'a str],
    /// The attribute with the time to live.
    pub(crate) ttl: Option<&'a str>,
}

impl Definition<'_> {
    /// Returns where the values of hidden attributes of an entity can surface.
    pub(crate) fn appearances(&self, entity: &Entity) -> Vec<Appearance> {
        Surface::EVERY.iter().flat_map(|surface| surface.appearances(self, entity)).collect()
    }
}

impl Model {
    /// Returns where a value of a hidden attribute can surface, by the definition. A surface that
    /// every hidden attribute has, such as an answer, is not among them.
    pub fn surfaces_of(&self, entity: &Entity, attribute: &str) -> Vec<Appearance> {
        let definition = Definition {
            entities: &self.entities,
            rollups: &self.rollups,
            sort_keys: &self.table.sort_keys(),
            ttl: self.table.ttl.as_deref(),
        };
        let mut found = definition.appearances(entity);
        let is_in = |path: &str| path.split(['.', '[']).next() == Some(attribute);
        found.retain(|appearance| is_in(&appearance.attribute));
        found
    }
}
