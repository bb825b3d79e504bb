//! Changes of entities and of the table: each kind by an example.

use weir_model::Model;
use weir_rollups::EntityChangeKind as K;
use weir_rollups::{EntityChangeKind, Severity, entity_changes};

/// The definition that the examples change.
const BASE: &str = r##"
[table]
name = "shop"
indexes.by_user = { partition_key = "GPK", sort_key = "GSK" }
indexes.by_day = { partition_key = "DPK" }
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER#{at}"
GPK = "USER#{user}"
GSK = "{at}"
match = { kind = "order" }
[entities.order.attributes]
id = { type = "string", required = true }
user = { type = "string" }
email = { type = "string" }
status = { type = "enum", values = ["placed", "paid"] }
total = { type = "decimal", scale = 2 }
ends = { type = "timestamp", format = "epoch" }
at = { type = "timestamp", required = true }
[entities.note]
PK = "NOTE#{id}"
SK = "NOTE"
[entities.note.attributes]
id = { type = "string", required = true }
"##;

/// A text of a definition, and the one in its place.
type Edit = (&'static str, &'static str);
/// A kind of change, the texts that both definitions have otherwise, those that change, and how the
/// line about the change begins.
type Case = (EntityChangeKind, &'static [Edit], &'static [Edit], &'static str);

const NOTE: &str = "[entities.note]\nPK = \"NOTE#{id}\"\nSK = \"NOTE\"\n\
                    [entities.note.attributes]\nid = { type = \"string\", required = true }\n";
const RENAMED: &[Edit] = &[
    ("[entities.order]", "[entities.sale]"),
    ("[entities.order.attributes]", "[entities.sale.attributes]"),
];
const UNIQUE: &[Edit] =
    &[("email = { type = \"string\" }", "email = { type = \"string\", unique = true }")];

const CASES: &[Case] = &[
    (
        K::TableKey,
        &[],
        &[
            ("name = \"shop\"", "name = \"shop\"\npartition_key = \"key\""),
            ("\nPK = \"ORDER", "\nkey = \"ORDER"),
            ("\nPK = \"NOTE", "\nkey = \"NOTE"),
        ],
        "table: `partition_key` was `PK`, is `key`: DynamoDB cannot change the key of a table; to \
         avoid this, keep the names, or make a new table",
    ),
    (
        K::Ttl,
        &[],
        &[("name = \"shop\"", "name = \"shop\"\nttl = \"ends\"")],
        "table: `ttl` was absent, is `ends`: ",
    ),
    (
        K::IndexAdded,
        &[],
        &[("indexes.by_day", "indexes.by_week = { partition_key = \"WPK\" }\nindexes.by_day")],
        "table: `by_week` was absent, is `WPK`: ",
    ),
    (
        K::IndexRemoved,
        &[],
        &[("indexes.by_day = { partition_key = \"DPK\" }\n", "")],
        "table: `by_day` was `DPK`, is absent: ",
    ),
    (
        K::IndexKey,
        &[],
        &[("partition_key = \"DPK\"", "partition_key = \"DPK2\"")],
        "table: `by_day` was `DPK`, is `DPK2`: ",
    ),
    (
        K::EntityAdded,
        &[(NOTE, "")],
        &[(
            "[entities.order]",
            "[entities.tag]\nPK = \"TAG#{id}\"\nSK = \"TAG\"\n\
           attributes.id = { type = \"string\", required = true }\n[entities.order]",
        )],
        "tag: was absent, is `{ _et = \"tag\" }`: ",
    ),
    (K::EntityRemoved, &[], &[(NOTE, "")], "note: was `{ _et = \"note\" }`, is absent: "),
    (K::EntityRenamed, &[], RENAMED, "sale: was `order`, is `sale`: "),
    (K::EntityRenamedUnique, UNIQUE, RENAMED, "sale: was `order`, is `sale`: "),
    (
        K::Match,
        &[],
        &[("kind = \"order\"", "kind = \"sale\"")],
        "order: `match` was `{ kind = \"order\" }`, is `{ kind = \"sale\" }`: ",
    ),
    (
        K::PrimaryKey,
        &[],
        &[("SK = \"ORDER#{at}\"", "SK = \"ORDER#{at:day}\"")],
        "order: `SK` was `ORDER#{at}`, is `ORDER#{at:day}`: stored items stay under their old \
         keys; a write makes a second item, which rollups count again; to avoid this, keep the \
         template, or add an entity under another name and copy the items to it",
    ),
    (
        K::KeyText,
        &[],
        &[("at = { type = \"timestamp\",", "at = { type = \"timestamp\", precision = \"second\",")],
        "order: `at` was `{ type = \"timestamp\", precision = \"millisecond\" }`, is `{ type = \
         \"timestamp\", precision = \"second\" }`: ",
    ),
    (
        K::IndexKeyAdded,
        &[],
        &[("GSK = \"{at}\"", "GSK = \"{at}\"\nDPK = \"DAY#{at:day}\"")],
        "order: `DPK` was absent, is `DAY#{at:day}`: ",
    ),
    (
        K::IndexKeyChanged,
        &[],
        &[("GPK = \"USER#{user}\"", "GPK = \"BUYER#{user}\"")],
        "order: `GPK` was `USER#{user}`, is `BUYER#{user}`: ",
    ),
    (
        K::IndexKeyRemoved,
        &[],
        &[("GPK = \"USER#{user}\"\nGSK = \"{at}\"\n", "")],
        "order: `GPK` was `USER#{user}`, is absent: ",
    ),
    (K::UniqueAdded, &[], UNIQUE, "order: `unique` was absent, is `[\"email\"]`: "),
    (
        K::UniqueRemoved,
        UNIQUE,
        &[(", unique = true", "")],
        "order: `unique` was `[\"email\"]`, is absent: ",
    ),
    (
        K::AttributeAdded,
        &[],
        &[("total =", "tax = { type = \"integer\" }\ntotal =")],
        "order: `tax` was absent, is `{ type = \"integer\" }`: stored items lack it",
    ),
    (
        K::AttributeAddedRequired,
        &[],
        &[("total =", "tax = { type = \"integer\", required = true }\ntotal =")],
        "order: `tax` was absent, is `{ type = \"integer\" }`: ",
    ),
    (
        K::AttributeRemoved,
        &[],
        &[("total = { type = \"decimal\", scale = 2 }\n", "")],
        "order: `total` was `{ type = \"decimal\", scale = 2 }`, is absent: ",
    ),
    (
        K::AttributeRenamed,
        &[],
        &[("total = { type = \"decimal\",", "sum = { type = \"decimal\", field = \"total\",")],
        "order: `sum` was `total`, is `sum`: ",
    ),
    (
        K::AttributeField,
        &[],
        &[("scale = 2", "scale = 2, field = \"t\"")],
        "order: `total` was `field = \"total\"`, is `field = \"t\"`: ",
    ),
    (
        K::AttributeTypeWider,
        &[],
        &[("scale = 2", "scale = 3")],
        "order: `total` was `{ type = \"decimal\", scale = 2 }`, is `{ type = \"decimal\", scale = \
         3 }`: ",
    ),
    (
        K::AttributeType,
        &[],
        &[("\"placed\", \"paid\"", "\"paid\"")],
        "order: `status` was `{ type = \"enum\", values = [\"placed\", \"paid\"] }`, is `{ type = \
         \"enum\", values = [\"paid\"] }`: ",
    ),
    (
        K::AttributeRequired,
        &[],
        &[("scale = 2", "scale = 2, required = true")],
        "order: `total` was absent, is `{ required = true }`: ",
    ),
    (
        K::AttributeRules,
        &[],
        &[("scale = 2", "scale = 2, min = 0")],
        "order: `total` was absent, is `{ min = 0 }`: ",
    ),
    (
        K::AttributeOptions,
        &[],
        &[("scale = 2", "scale = 2, read_only = true")],
        "order: `total` was absent, is `{ read_only = true }`: ",
    ),
];

fn replaced(text: &str, edits: &[Edit]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "expected `{from}` once in\n{text}");
        text.replacen(from, to, 1)
    })
}

fn model(text: &str) -> Model {
    Model::parse("weir.toml", text).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}

#[test]
fn every_kind_of_change_is_found_and_shown() {
    for (kind, common, edits, shown) in CASES {
        let before = replaced(BASE, common);
        let found = entity_changes(&model(&before), &model(&replaced(&before, edits)));
        let texts: Vec<_> = found.iter().map(|change| (change.kind, change.to_string())).collect();
        let is_shown = texts.iter().any(|(found, text)| found == kind && text.starts_with(shown));
        assert!(is_shown, "{kind:?}: {texts:#?}");
    }
    let is_missing = |kind: &&EntityChangeKind| CASES.iter().all(|(known, ..)| known != *kind);
    let missing: Vec<_> = EntityChangeKind::EVERY.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn definitions_that_store_the_same_have_no_change() {
    let cases: &[&[Edit]] = &[
        &[("name = \"shop\"", "name = \"store\"")],
        // The template names the attribute, the key contains its value.
        &[("[table]", "[rollups.n]\nof = \"note\"\nmeasures = { n = \"count\" }\n[table]")],
    ];
    for edits in cases {
        assert_eq!(entity_changes(&model(BASE), &model(&replaced(BASE, edits))), [], "{edits:?}");
    }
}

#[test]
fn a_key_of_a_renamed_attribute_is_the_same() {
    let edits = [
        ("user = { type = \"string\" }", "buyer = { type = \"string\", field = \"user\" }"),
        ("USER#{user}", "USER#{buyer}"),
    ];
    let found = entity_changes(&model(BASE), &model(&replaced(BASE, &edits)));
    assert_eq!(found.iter().map(|change| change.kind).collect::<Vec<_>>(), [K::AttributeRenamed]);
    assert!(found.iter().all(|change| change.severity == Severity::Safe));
}
