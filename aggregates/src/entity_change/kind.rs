//! Every kind of change of an entity or of the table, its severity, its effect on stored items and
//! the way out.
//!
//! docs/changing-definitions.md has the same table, and a test compares the two.

use super::severity::Severity;

macro_rules! kinds {
    ($($variant:ident $name:literal $severity:ident $effect:literal $way_out:literal;)*) => {
        /// A kind of change of an entity or of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EntityChangeKind {
            $(#[doc = $name] $variant,)*
        }

        impl EntityChangeKind {
            /// Every kind, in the order of the documentation.
            pub const EVERY: &[Self] = &[$(Self::$variant),*];

            /// Returns the description of the change.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the severity.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// Returns the effect on the items that are stored.
            pub fn effect(self) -> &'static str {
                match self { $(Self::$variant => $effect,)* }
            }

            /// Returns the way out; empty if there is nothing to do.
            pub fn way_out(self) -> &'static str {
                match self { $(Self::$variant => $way_out,)* }
            }
        }
    };
}

kinds! {
    TableKey "another `partition_key` or `sort_key` of the table" Rejected
        "DynamoDB cannot change the key of a table"
        "keep the names, or make a new table";
    Ttl "another `ttl` of the table" Note
        "DynamoDB deletes stored items by the new attribute, and no longer by the old one"
        "check the values of the new attribute first: an item with a past time is deleted";
    IndexAdded "an index added" Note
        "stored items without its key attributes do not appear in it"
        "write these items again";
    IndexRemoved "an index removed" Safe
        "items keep the key attributes; nothing reads them"
        "";
    IndexKey "other key attributes of an index" Rejected
        "DynamoDB cannot change the key of an index"
        "add an index under another name, and remove the old one later";
    EntityAdded "an entity added" Safe
        "stored items that satisfy its `match` become items of it"
        "";
    EntityRemoved "an entity removed" Note
        "its items stay in the table; Weir no longer serves them, and no rollup counts them"
        "delete the items, or keep the entity";
    EntityRenamed "another name of an entity with the same `match`" Safe
        "its items are the same; paths have the new name"
        "";
    EntityRenamedUnique "another name of an entity that has `unique`" Rejected
        "the locks of its items contain the old name, so that two items can get the same value"
        "keep the name";
    Match "another `match` of an entity" Rejected
        "Weir no longer recognises its items: it does not serve them, and no rollup counts them"
        "keep `match`, or add an entity under another name and copy the items to it";
    PrimaryKey "another template of a key of the table" Rejected
        "stored items stay under their old keys; a write makes a second item, which rollups count \
         again"
        "keep the template, or add an entity under another name and copy the items to it";
    KeyText "another form of a value in a key of the table (`precision`, `offset`, `trim`, \
             `lower`, `upper`)" Rejected
        "the same value makes another key, so that a write makes a second item, which rollups \
         count again"
        "keep the form, or add an entity under another name and copy the items to it";
    IndexKeyAdded "a key template of an index added" Note
        "stored items do not appear in the index"
        "write these items again";
    IndexKeyChanged "another key template of an index" Note
        "stored items are in the index under their old keys, where requests do not find them"
        "write these items again";
    IndexKeyRemoved "a key template of an index removed" Note
        "stored items stay in the index"
        "write these items again if other programs read the index";
    UniqueAdded "a `unique` constraint added" Note
        "stored items have no locks, so that other items can get their values"
        "write these items again";
    UniqueRemoved "a `unique` constraint removed" Note
        "the locks of stored items stay in the table"
        "delete the locks before you add the constraint again";
    AttributeAdded "an optional attribute added" Safe
        "stored items lack it"
        "";
    AttributeAddedRequired "an attribute added that is required or has a default" Note
        "stored items lack it, and answers return them without it"
        "write these items again";
    AttributeRemoved "an attribute removed" Note
        "stored values stay in the items; answers do not have them"
        "keep the attribute if other programs need the values: a `PUT` removes them";
    AttributeRenamed "another name of an attribute with the same `field`" Safe
        "stored values are the same; requests and answers have the new name"
        "";
    AttributeField "another `field` of an attribute" Rejected
        "stored values stay under the old name, and answers lack them"
        "keep `field`, or add an attribute under another name and copy the values to it";
    AttributeTypeWider "a type of an attribute that takes every value of the old one" Safe
        "stored values are of the new type"
        "";
    AttributeType "any other type of an attribute" Note
        "stored values can be foreign; rollups leave out items with a foreign value that they read"
        "write the items with foreign values again";
    AttributeRequired "an attribute that was optional is required" Note
        "stored items can lack it, and answers return them without it"
        "write the items that lack it again";
    AttributeRules "another `pattern`, `min`, `max`, `min_length`, `max_length`, `trim`, \
                    `lower` or `upper`" Note
        "stored values stay as they are, also those that break the new rule"
        "write the items that break it again";
    AttributeOptions "another `default`, `hidden`, `read_only`, `on_update` or `version`, or no \
                      longer `required`" Safe
        "stored values stay as they are"
        "";
}
