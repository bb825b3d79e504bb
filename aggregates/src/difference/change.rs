//! Every kind of change of a rollup's definition, its class, and the reason for the class.
//!
//! docs/changing-definitions.md has the same table, and a test compares the two.
//!
//! **Invariant:** the class of a kind is [`ChangeClass::None`] only if each change of that kind
//! leaves the contribution of every item as it was, as far as the new definition reads it.

use super::class::ChangeClass;

macro_rules! changes {
    ($($variant:ident $field:literal $name:literal $class:ident $reason:literal;)*) => {
        /// A kind of change of a rollup's definition.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DefinitionChange {
            $(#[doc = $name] $variant,)*
        }

        impl DefinitionChange {
            /// Every kind, in the order of the documentation.
            pub const EVERY: &[Self] = &[$(Self::$variant),*];

            /// Returns the field of the definition file that changes.
            pub fn field(self) -> &'static str {
                match self { $(Self::$variant => $field,)* }
            }

            /// Returns the description of the change.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the effect on the stored numbers.
            pub fn class(self) -> ChangeClass {
                match self { $(Self::$variant => ChangeClass::$class,)* }
            }

            /// Returns the reason for the class.
            pub fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }
    };
}

changes! {
    EntityRenamed "of" "another name of an entity with the same `match`" None
        "items are recognised by `match`, not by the name";
    Match "match" "other items: another `match`, or a mark of rollup items to leave out" NewRevision
        "items count that did not, or the reverse";
    Where "where" "another condition" NewRevision
        "items count that did not, or the reverse";
    Dimensions "by" "another dimension, or another order" NewRevision
        "the groups, and with them the keys, are others";
    DimensionRenamed "by" "another name of the same attribute" None
        "keys contain the values of dimensions, not their names";
    Time "time" "another attribute" NewRevision
        "items are in other buckets";
    TimeRenamed "time" "another name of the same attribute" None
        "keys contain the buckets, not the name of the time";
    TimeUnused "time" "any change while `all` is the only bucket" None
        "no bucket depends on the time";
    TimeZone "time_zone" "another zone" NewRevision
        "buckets begin at other instants";
    TimeZoneUnused "time_zone" "another zone while `all` is the only bucket" None
        "no bucket depends on the zone";
    BucketAdded "buckets" "a bucket added" NewAccumulators
        "the items of the new bucket are built; the other buckets keep theirs";
    BucketRemoved "buckets" "a bucket removed that does not decide which items count" None
        "the items of the other buckets stay as they are";
    BucketRemovedDeciding "buckets" "a bucket removed that decides which items count" NewRevision
        "items count that were left out: those without a time if no other bucket needs one; \
         those at the end of the year 9999, or with a key that is too long, if no other bucket \
         leaves them out";
    KeepShortened "keep" "a shorter time, or a time for a bucket that was kept for good" None
        "no question reads buckets beyond the time; DynamoDB deletes them after the old time, if \
         they had one";
    KeepExtended "keep" "a longer time, or none" NewRevision
        "buckets beyond the old time are deleted already, and those before it would be";
    OnTtlExpiry "on_ttl_expiry" "`keep` or `retract`, the other one" NewRevision
        "items that have expired were treated in the other way";
    Stripes "stripes" "another number" NewRevision
        "the keys have the stripe of a shard";
    Key "key" "another template, or a key added or removed" NewRevision
        "the rollup items are under other keys";
    EntityAttribute "key" "another `entity_attribute` of the table, of a rollup with `key`"
        NewRevision
        "the stored rollup items are marked in the old attribute";
    RankAdded "rank_by" "a ranking added" NewAccumulators
        "rollup items need a score";
    RankRemoved "rank_by" "a ranking removed" None
        "no question reads the scores";
    RankRemovedDeciding "rank_by" "a ranking removed that decides which items count" NewRevision
        "items count that were left out because the key of their ranking was too long";
    RankRenamed "rank_by" "another name of the same measure" None
        "the score is the same accumulator";
    RankMeasure "rank_by" "another measure" NewRevision
        "the stored scores are those of the old measure";
    RankWithin "rank_within" "other dimensions" NewRevision
        "the stored rollup items are in the old rankings";
    MeasureOrder "measures" "another order" None
        "rollup items have no order of accumulators";
    MeasureOverKept "measures" "a measure added over what is kept already" None
        "a measure is computed from accumulators when it is read";
    MeasureAdded "measures" "a measure added over something new" NewAccumulators
        "its accumulators or detail items are built; the other measures keep theirs";
    MeasureRemoved "measures" "a measure removed that does not decide which items count" None
        "the accumulators of the other measures stay as they are";
    MeasureRemovedDeciding "measures" "a measure removed that decides which items count" NewRevision
        "items count that were left out because a value that only this measure reads is foreign, \
         too large, or makes a key that is too long";
    MeasureChangedOverKept "measures" "another measure under the same name, over what is kept" None
        "a measure is computed from accumulators when it is read";
    MeasureChanged "measures" "another measure under the same name" NewRevision
        "the old revision answers something else under this name";
    AttributeField "attributes" "another stored name (`field`)" NewRevision
        "the values of stored items are under the old name";
    AttributeType "attributes" "another type, or other limits of the type (`scale`, `items`, \
                                `format`)" NewRevision
        "values are foreign that were not, or the reverse, and items with a foreign value do not \
         count";
    EnumValues "attributes" "an enum value added or removed" NewRevision
        "items with this value did not count and do now, or the reverse";
    EnumValuesFiltered "attributes" "an enum value added or removed that `where` leaves out" None
        "items with this value do not count before and after";
    TimestampText "attributes" "`precision` or `offset` of a timestamp in `by`" NewRevision
        "the keys contain the text of the timestamp";
    TimestampForm "attributes" "`precision` or `offset` of any other timestamp" None
        "instants are compared and counted, not their text";
    AttributeOptions "attributes" "`required`, `default`, `pattern`, `min`, `max_length` and \
                                   other options" None
        "options concern writes; a stored value that breaks one counts";
}
