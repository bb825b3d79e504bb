//! An example of each kind of change.

use weir_rollups::DefinitionChange;
use weir_rollups::DefinitionChange as C;

/// The definition that the examples change.
pub(crate) const BASE: &str = r##"
[table]
name = "shop"
[entities.order]
PK = "ORDER#{id}"
SK = "ORDER"
match = { kind = "order" }
[entities.order.attributes]
id = { type = "string", required = true }
country = { type = "string" }
user = { type = "string" }
status = { type = "enum", values = ["placed", "paid"] }
channel = { type = "enum", values = ["web", "shop"] }
total = { type = "decimal", scale = 2 }
net = { type = "integer" }
at = { type = "timestamp" }
sent = { type = "timestamp" }
note = { type = "string" }
[rollups.sales]
of = "order"
where = { status = "paid" }
by = ["country"]
time = "at"
buckets = ["day", "month", "all"]
time_zone = "Europe/Berlin"
keep = { day = "30d" }
measures = { orders = "count", revenue = "sum(total)", mean = "avg(total)" }
"##;

/// An example of a kind of change.
pub(crate) struct Case {
    pub(crate) change: DefinitionChange,
    /// The texts of the base that both definitions have otherwise.
    pub(crate) common: &'static [(&'static str, &'static str)],
    /// The texts that change.
    pub(crate) edits: &'static [(&'static str, &'static str)],
    /// The line that shows the difference.
    pub(crate) shown: &'static str,
}

const fn case(
    change: DefinitionChange,
    common: &'static [(&'static str, &'static str)],
    edits: &'static [(&'static str, &'static str)],
    shown: &'static str,
) -> Case {
    Case { change, common, edits, shown }
}

type Edits = &'static [(&'static str, &'static str)];

const BUCKETS: &str = "buckets = [\"day\", \"month\", \"all\"]";
const KEEP: &str = "keep = { day = \"30d\" }\n";
const COUNTRY: &str = "by = [\"country\"]";
const COUNTRY_AND_USER: &str = "by = [\"country\", \"user\"]";
const OF: &str = "of = \"order\"\n";
/// No bucket but `all`.
const TIMELESS: Edits = &[(BUCKETS, "buckets = [\"all\"]"), (KEEP, "")];
const ATTRIBUTES: &str = "[entities.order.attributes]";
/// A rollup that is kept beside the items.
const BESIDE: Edits = &[
    (BUCKETS, "buckets = [\"month\"]"),
    (KEEP, "key = { PK = \"COUNTRY#{country}\", SK = \"STATS#{at:month}\" }\n"),
    ("time_zone = \"Europe/Berlin\"\n", ""),
];
const RANKED: Edits = &[(OF, "of = \"order\"\nrank_by = \"orders\"\n")];
const RANKED_WITHIN: Edits = &[
    (OF, "of = \"order\"\nrank_by = \"orders\"\nrank_within = [\"country\"]\n"),
    (COUNTRY, COUNTRY_AND_USER),
];
const MEAN: &str = ", mean = \"avg(total)\"";

pub(crate) const CASES: &[Case] = &[
    case(
        C::EntityRenamed,
        &[],
        &[
            ("[entities.order]", "[entities.sale]"),
            (ATTRIBUTES, "[entities.sale.attributes]"),
            (OF, "of = \"sale\"\n"),
        ],
        "of: was `order`, is `sale`",
    ),
    case(
        C::Match,
        &[],
        &[("kind = \"order\"", "kind = \"sale\"")],
        "match: was `{ kind = \"order\" }`, is `{ kind = \"sale\" }`",
    ),
    case(
        C::Where,
        &[],
        &[("status = \"paid\"", "status = [\"paid\", \"placed\"], net = { gt = 0, lte = 9 }")],
        "where: was `{ status = \"paid\" }`, is `{ status = [\"paid\", \"placed\"], net = { gt = \
         0, lte = 9 } }`",
    ),
    case(
        C::Dimensions,
        &[],
        &[(COUNTRY, COUNTRY_AND_USER)],
        "by: was `[\"country\"]`, is `[\"country\", \"user\"]`",
    ),
    case(
        C::DimensionRenamed,
        &[],
        &[
            (
                "country = { type = \"string\" }",
                "nation = { type = \"string\", field = \"country\" }",
            ),
            (COUNTRY, "by = [\"nation\"]"),
        ],
        "by: was `[\"country\"]`, is `[\"nation\"]`",
    ),
    case(C::Time, &[], &[("time = \"at\"", "time = \"sent\"")], "time: was `at`, is `sent`"),
    case(
        C::TimeRenamed,
        &[],
        &[
            ("at = { type = \"timestamp\" }", "since = { type = \"timestamp\", field = \"at\" }"),
            ("time = \"at\"", "time = \"since\""),
        ],
        "time: was `at`, is `since`",
    ),
    case(
        C::TimeUnused,
        TIMELESS,
        &[("time = \"at\"", "time = \"sent\"")],
        "time: was `at`, is `sent`",
    ),
    case(
        C::TimeZone,
        &[],
        &[("Europe/Berlin", "Asia/Tokyo")],
        "time_zone: was `Europe/Berlin`, is `Asia/Tokyo`",
    ),
    case(
        C::TimeZoneUnused,
        TIMELESS,
        &[("Europe/Berlin", "Asia/Tokyo")],
        "time_zone: was `Europe/Berlin`, is `Asia/Tokyo`",
    ),
    case(
        C::BucketAdded,
        &[],
        &[(BUCKETS, "buckets = [\"day\", \"week\", \"month\", \"all\"]")],
        "buckets: `week` was absent, is `kept`",
    ),
    case(
        C::BucketRemoved,
        &[(KEEP, "")],
        &[(BUCKETS, "buckets = [\"month\", \"all\"]")],
        "buckets: `day` was `kept`, is absent",
    ),
    case(
        C::BucketRemovedDeciding,
        &[],
        &[(BUCKETS, "buckets = [\"day\", \"all\"]")],
        "buckets: `month` was `kept`, is absent",
    ),
    case(
        C::KeepShortened,
        &[],
        &[("day = \"30d\"", "day = \"7d\", month = \"52w\"")],
        "keep: `month` was absent, is `52w`",
    ),
    case(
        C::KeepExtended,
        &[],
        &[("day = \"30d\"", "day = \"60d\"")],
        "keep: `day` was `30d`, is `60d`",
    ),
    case(
        C::OnTtlExpiry,
        &[],
        &[(OF, "of = \"order\"\non_ttl_expiry = \"keep\"\n")],
        "on_ttl_expiry: was `retract`, is `keep`",
    ),
    case(C::Stripes, &[], &[(OF, "of = \"order\"\nstripes = 4\n")], "stripes: was `1`, is `4`"),
    case(
        C::Key,
        BESIDE,
        &[("STATS#", "SALES#")],
        "key: was `[\"COUNTRY#{country}\", \"STATS#{at:month}\"]`, is `[\"COUNTRY#{country}\", \
         \"SALES#{at:month}\"]`",
    ),
    case(
        C::EntityAttribute,
        BESIDE,
        &[("name = \"shop\"", "name = \"shop\"\nentity_attribute = \"type\"")],
        "key: was `_et`, is `type`",
    ),
    case(
        C::RankAdded,
        &[],
        &[(OF, "of = \"order\"\nrank_by = \"orders\"\n")],
        "rank_by: was absent, is `orders`",
    ),
    case(
        C::RankRemoved,
        RANKED,
        &[("rank_by = \"orders\"\n", "")],
        "rank_by: was `orders`, is absent",
    ),
    case(
        C::RankRemovedDeciding,
        RANKED_WITHIN,
        &[("rank_by = \"orders\"\nrank_within = [\"country\"]\n", "")],
        "rank_by: was `orders`, is absent",
    ),
    case(
        C::RankRenamed,
        RANKED,
        &[
            ("rank_by = \"orders\"", "rank_by = \"sales\""),
            ("orders = \"count\"", "sales = \"count\""),
        ],
        "rank_by: was `orders`, is `sales`",
    ),
    case(
        C::RankMeasure,
        RANKED,
        &[("rank_by = \"orders\"", "rank_by = \"revenue\"")],
        "rank_by: was `count`, is `sum(total)`",
    ),
    case(
        C::RankWithin,
        RANKED_WITHIN,
        &[("rank_within = [\"country\"]", "rank_within = [\"user\"]")],
        "rank_within: was `[\"country\"]`, is `[\"user\"]`",
    ),
    case(
        C::MeasureOrder,
        &[(MEAN, "")],
        &[
            ("orders = \"count\", ", ""),
            ("revenue = \"sum(total)\"", "revenue = \"sum(total)\", orders = \"count\""),
        ],
        "measures: was `[\"orders\", \"revenue\"]`, is `[\"revenue\", \"orders\"]`",
    ),
    case(
        C::MeasureOverKept,
        &[(MEAN, "")],
        &[("revenue =", "mean = \"avg(total)\", revenue =")],
        "measures: `mean` was absent, is `avg(total)`",
    ),
    case(
        C::MeasureAdded,
        &[],
        &[(MEAN, ", mean = \"avg(total)\", net = \"sum(net)\"")],
        "measures: `net` was absent, is `sum(net)`",
    ),
    case(C::MeasureRemoved, &[], &[(MEAN, "")], "measures: `mean` was `avg(total)`, is absent"),
    case(
        C::MeasureRemovedDeciding,
        &[(MEAN, "")],
        &[(", revenue = \"sum(total)\"", "")],
        "measures: `revenue` was `sum(total)`, is absent",
    ),
    case(
        C::MeasureChangedOverKept,
        &[],
        &[("revenue = \"sum(total)\"", "revenue = \"avg(total)\"")],
        "measures: `revenue` was `sum(total)`, is `avg(total)`",
    ),
    case(
        C::MeasureChanged,
        &[],
        &[("revenue = \"sum(total)\"", "revenue = \"sum(net)\"")],
        "measures: `revenue` was `sum(total)`, is `sum(net)`",
    ),
    case(
        C::AttributeField,
        &[],
        &[("scale = 2", "scale = 2, field = \"t\"")],
        "attributes: `total` was `field = \"total\"`, is `field = \"t\"`",
    ),
    case(
        C::AttributeType,
        &[],
        &[("scale = 2", "scale = 3")],
        "attributes: `total` was `{ type = \"decimal\", scale = 2 }`, is `{ type = \"decimal\", \
         scale = 3 }`",
    ),
    case(
        C::EnumValues,
        &[(MEAN, ", channels = \"count_by(channel)\"")],
        &[("\"web\", \"shop\"", "\"web\", \"shop\", \"phone\"")],
        "attributes: `channel` was `{ type = \"enum\", values = [\"web\", \"shop\"] }`, is `{ type \
         = \"enum\", values = [\"web\", \"shop\", \"phone\"] }`",
    ),
    case(
        C::EnumValuesFiltered,
        &[],
        &[("\"placed\", \"paid\"", "\"placed\", \"paid\", \"sent\"")],
        "attributes: `status` was `{ type = \"enum\", values = [\"placed\", \"paid\"] }`, is `{ \
         type = \"enum\", values = [\"placed\", \"paid\", \"sent\"] }`",
    ),
    case(
        C::TimestampText,
        &[(COUNTRY, "by = [\"sent\"]")],
        &[(
            "sent = { type = \"timestamp\" }",
            "sent = { type = \"timestamp\", offset = \"+00:00\" }",
        )],
        "attributes: `sent` was `{ type = \"timestamp\", precision = \"millisecond\" }`, is `{ \
         type = \"timestamp\", precision = \"millisecond\", offset = \"+00:00\" }`",
    ),
    case(
        C::TimestampForm,
        &[],
        &[(
            "\nat = { type = \"timestamp\" }",
            "\nat = { type = \"timestamp\", precision = \"second\" }",
        )],
        "attributes: `at` was `{ type = \"timestamp\", precision = \"millisecond\" }`, is `{ type \
         = \"timestamp\", precision = \"second\" }`",
    ),
    case(
        C::AttributeOptions,
        &[],
        &[("scale = 2", "scale = 2, required = true, min = 0")],
        "attributes: `total` was absent, is `{ required = true, min = 0 }`",
    ),
];
