//! The shape of a definition file, as serde reads it and as its JSON Schema states it.
//!
//! Nothing here is checked beyond its type: [`crate::Model::parse`] checks a [`FileDefinition`] and
//! makes a [`crate::Model`] of it.

mod items;

pub use items::ItemsFile;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// A Weir definition file: one DynamoDB table, its entities, and the rollups kept about them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Weir definition file")]
pub struct FileDefinition {
    /// The table.
    pub table: TableFile,
    /// The kinds of items that the table holds, by name.
    #[serde(default)]
    pub entities: IndexMap<String, EntityFile>,
    /// The rollups kept about them, by name.
    #[serde(default)]
    pub rollups: IndexMap<String, RollupFile>,
    /// What `weir dev` does with this file. Deployed functions ignore it.
    #[serde(default)]
    pub dev: DevFile,
}

/// The table: its name, its key attributes, its indexes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// The table's name. The environment variable TABLE_NAME overrides it.
    pub name: String,
    /// The attribute that is the partition key.
    #[serde(default = "default_partition_key")]
    pub partition_key: String,
    /// The attribute that is the sort key; an empty text for a table without one.
    #[serde(default = "default_sort_key")]
    pub sort_key: String,
    /// The attribute that says of which entity an item is.
    #[serde(default = "default_entity_attribute")]
    pub entity_attribute: String,
    /// The attribute that holds the epoch second at which DynamoDB deletes an item.
    pub ttl: Option<String>,
    /// The table that holds the rollups; `<name>-rollups` if absent.
    pub rollups_table: Option<String>,
    /// Global secondary indexes, by name.
    #[serde(default)]
    pub indexes: IndexMap<String, IndexFile>,
}

/// A global secondary index.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexFile {
    /// The attribute that is its partition key.
    pub partition_key: String,
    /// The attribute that is its sort key, if it has one.
    pub sort_key: Option<String>,
}

/// One kind of item. Besides the fields below, each key attribute of the table and its indexes has
/// its template here, such as `PK = "USER#{user_id}"`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct EntityFile {
    /// The item's attributes, by name.
    #[serde(default)]
    pub attributes: IndexMap<String, AttributeFile>,
    /// The collections it belongs to: entities that name the same one share its partitions, and are
    /// read by one query.
    #[serde(default)]
    pub collections: Vec<String>,
    /// Lists of attributes whose values, taken together, no two items may have alike, such as
    /// `[["tenant", "email"]]`.
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
    /// Whether `#` and `%` inside key values are percent-escaped. `false` is for tables written by
    /// others: values are in keys as they are, and those are refused that would make the key of
    /// another item.
    #[serde(default = "yes")]
    pub escape: bool,
    /// Stored attributes and their values by which an item is known to be one of these: a text, a
    /// number or a boolean, or `{ begins_with = "ORDER#" }` for a key or an attribute whose values
    /// all begin so. By default the table's `entity_attribute` holds the entity's name.
    #[serde(default, rename = "match")]
    #[schemars(with = "IndexMap<String, MatchFile>")]
    pub discriminator: IndexMap<String, toml::Value>,
    /// Ways to read its items that have a name, besides each index that it has keys for, which is
    /// read by its own.
    #[serde(default)]
    pub patterns: IndexMap<String, PatternFile>,
    /// How its items lead to others, by name: what may be read together with them.
    #[serde(default)]
    pub relations: IndexMap<String, RelationFile>,
    /// Key templates, by key attribute.
    #[serde(flatten)]
    #[schemars(with = "IndexMap<String, String>")]
    pub keys: IndexMap<String, toml::Value>,
}

/// A value of `match`; only its schema is used, so that each mistake is reported with the rest.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "stands for the values in the schema")]
pub enum MatchFile {
    /// A text, which is the whole value.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// The beginning of a text.
    Beginning(BeginningFile),
}

/// The beginning of a text.
#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "stands for the values in the schema")]
pub struct BeginningFile {
    /// The text with which values begin, such as `ORDER#`. That of the partition key may be empty,
    /// which admits every item.
    pub begins_with: String,
}

/// A way to read items: a partition, in an order, and which items of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternFile {
    /// The index that is read; the table itself if absent.
    pub index: Option<String>,
    /// The first attributes of the sort key, in its order: those that a path gives behind the
    /// partition's.
    #[serde(default)]
    pub by: Vec<String>,
    /// The order of the sort keys, unless a request says another: `asc` if absent.
    pub order: Option<OrderName>,
    /// Which items of the partition: conditions as writes and lists take them, such as `{ total = {
    /// gte = 100 } }`.
    #[serde(default, rename = "where")]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub filter: IndexMap<String, toml::Value>,
}

/// How an item leads to others: to the one whose key its attributes make, or to many that are in a
/// partition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelationFile {
    /// The entity that it leads to.
    pub to: String,
    /// Attributes of the related item, and the attributes of this entity that have their values: `{
    /// user_id = "owner_id" }`. Those of the same name need not be said. With `through`, attributes
    /// of the link stand below its name, and those of the item that it leads to are the link's: `{
    /// star.repository = "name", login = "star.user" }`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, WithFile>")]
    pub with: IndexMap<String, toml::Value>,
    /// Whether it leads to many items, those of a partition, rather than to one.
    pub many: Option<bool>,
    /// The entity that links this one with the other, each of its items one of this with one of
    /// that.
    pub through: Option<String>,
    /// For many: the access pattern or the index by which the related items are read, or the links;
    /// the table itself if absent.
    pub pattern: Option<String>,
    /// For many: the order of the sort keys; the pattern's if absent.
    pub order: Option<OrderName>,
    /// For many: the most that are answered at once, 1 to 1000; 100 if absent.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<i64>,
    /// Hidden attributes whose values the related items may tell: a statement that callers may
    /// learn them by way of this relation.
    #[serde(default)]
    pub reveals: Vec<String>,
}

/// What `with` takes; only its schema is used, so that what is wrong is reported with the rest.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "stands for the values in the schema")]
pub enum WithFile {
    /// An attribute of this entity, or of the link: `star.user`.
    Attribute(String),
    /// Attributes of the link, and the attributes of this entity that have their values.
    Link(IndexMap<String, String>),
}

/// An order of sort keys.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OrderName {
    /// The least first.
    Asc,
    /// The greatest first.
    Desc,
}

/// An attribute: its type, and what its values must be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFile {
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: TypeName,
    /// For `enum`: the texts it may be.
    pub values: Option<Vec<String>>,
    /// For `decimal`: how many decimal places it has, at most 18.
    pub scale: Option<u32>,
    /// What each member of a `set` (`string`, `number` or `binary`), a `list` or a `map` is: a
    /// type, or a type with options.
    pub items: Option<ItemsFile>,
    /// For `map`: the names that it may have, with the rules of their values.
    pub attributes: Option<IndexMap<String, AttributeFile>>,
    /// For `timestamp`: whether it is stored as `rfc3339` text (if absent), as an `epoch` number of
    /// seconds, or as an `epoch_ms` number of milliseconds.
    pub format: Option<FormatName>,
    /// For `timestamp` stored as text: how fine it is, `second`, `millisecond` (the default),
    /// `microsecond` or `nanosecond`.
    pub precision: Option<PrecisionName>,
    /// For `timestamp` stored as text: how its offset is written, `Z` (the default), `+00:00` or
    /// `+0000`; or `any`, where other programs store it in several ways.
    pub offset: Option<OffsetName>,
    /// Whether every item, or every such map, must have it.
    #[serde(default)]
    pub required: bool,
    /// What an item, or a map, gets when it is absent: a value, or `uuid`, `ulid`, `now`.
    #[schemars(with = "Option<serde_json::Value>")]
    pub default: Option<toml::Value>,
    /// Whether it can be set only when an item is written whole, never by an update of it. Of an
    /// item's own attributes alone.
    #[serde(default)]
    pub read_only: bool,
    /// For `timestamp`: `now` keeps the time of the last write in it, which no request gives. Of an
    /// item's own attributes alone.
    pub on_update: Option<OnUpdateName>,
    /// For `integer`: whether it counts the writes of its item, so that a write can be made to
    /// depend on what was read. Of an item's own attributes alone.
    #[serde(default)]
    pub version: bool,
    /// Whether answers leave it out.
    #[serde(default)]
    pub hidden: bool,
    /// Whether no two items of the entity may have the same value. Of an item's own attributes
    /// alone.
    #[serde(default)]
    pub unique: bool,
    /// A regular expression that its text must match.
    pub pattern: Option<String>,
    /// The least number.
    #[schemars(with = "Option<f64>")]
    pub min: Option<toml::Value>,
    /// The greatest number.
    #[schemars(with = "Option<f64>")]
    pub max: Option<toml::Value>,
    /// The least length: characters of text, bytes of binary, members of a set, list or map.
    pub min_length: Option<usize>,
    /// The greatest length.
    pub max_length: Option<usize>,
    /// The name it is stored under; its own name if absent. That of a key attribute, which needs no
    /// template then, makes it that key itself.
    pub field: Option<String>,
    /// Whether white space at both ends of text is removed before it is stored.
    #[serde(default)]
    pub trim: bool,
    /// Whether text is made lower case before it is stored.
    #[serde(default)]
    pub lower: bool,
    /// Whether text is made upper case before it is stored.
    #[serde(default)]
    pub upper: bool,
}

impl AttributeFile {
    /// Returns a type, without any option.
    fn of_type(kind: TypeName) -> Self {
        Self {
            kind,
            values: None,
            scale: None,
            items: None,
            attributes: None,
            format: None,
            precision: None,
            offset: None,
            required: false,
            default: None,
            read_only: false,
            on_update: None,
            version: false,
            hidden: false,
            unique: false,
            pattern: None,
            min: None,
            max: None,
            min_length: None,
            max_length: None,
            field: None,
            trim: false,
            lower: false,
            upper: false,
        }
    }
}

/// A type of attribute.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TypeName {
    /// Text.
    String,
    /// An exact decimal of up to 38 digits.
    Number,
    /// A number without decimal places.
    Integer,
    /// A number with at most `scale` decimal places.
    Decimal,
    /// True or false.
    Boolean,
    /// One of the texts in `values`.
    Enum,
    /// An instant, stored as RFC 3339 text in UTC, or as epoch seconds or milliseconds.
    Timestamp,
    /// Bytes; base64 in JSON.
    Binary,
    /// A set of what `items` says.
    Set,
    /// A list.
    List,
    /// A map.
    Map,
    /// Anything DynamoDB stores.
    Any,
}

/// What every write makes of an attribute.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnUpdateName {
    /// The time of the write.
    Now,
}

/// How a timestamp is stored.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FormatName {
    /// RFC 3339 text in UTC.
    Rfc3339,
    /// A number of seconds since 1970, as DynamoDB's TTL needs it.
    Epoch,
    /// A number of milliseconds since 1970, as JavaScript's `Date.now()` says it.
    #[serde(rename = "epoch_ms")]
    EpochMs,
}

/// How fine a timestamp is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionName {
    /// Whole seconds.
    Second,
    /// Three decimal places.
    Millisecond,
    /// Six decimal places.
    Microsecond,
    /// Nine decimal places.
    Nanosecond,
}

/// How the offset of a timestamp is written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
pub enum OffsetName {
    /// `2026-11-20T06:40:54Z`
    #[serde(rename = "Z")]
    Zulu,
    /// `2026-11-20T06:40:54+00:00`
    #[serde(rename = "+00:00")]
    Colon,
    /// `2026-11-20T06:40:54+0000`
    #[serde(rename = "+0000")]
    Basic,
    /// In several ways, with offsets other than UTC among them. Weir writes `Z`.
    #[serde(rename = "any")]
    Any,
}

/// A rollup: numbers kept about the items of an entity, by group and by time bucket.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollupFile {
    /// The entity whose items it counts.
    pub of: String,
    /// Which of them: by attribute (or a dotted path into a map) a value, a list of values, or
    /// operators such as `{ gte = 15 }` (ne, gt, gte, lt, lte, between, begins_with, contains,
    /// exists).
    #[serde(default, rename = "where")]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub filter: IndexMap<String, toml::Value>,
    /// The attributes (or dotted paths into maps) whose values make the groups; none for one group
    /// of everything. One may be a set or a list of texts or numbers: an item is then counted in
    /// the group of each different member.
    #[serde(default)]
    pub by: Vec<String>,
    /// The timestamp (an attribute, or a dotted path into a map) that places an item in time.
    pub time: Option<String>,
    /// How long the time buckets are: minute, quarter_hour, hour, day, week, month, quarter, year,
    /// all.
    #[serde(default = "default_buckets")]
    #[schemars(with = "Vec<BucketName>")]
    pub buckets: Vec<String>,
    /// The zone whose calendar cuts time into buckets, such as `Europe/Berlin`; UTC if absent.
    pub time_zone: Option<String>,
    /// What is measured, by name: `count`, `count(a)`, `sum(a)`, `avg(a)`, `variance(a)`,
    /// `stddev(a)` (and `variance_pop(a)`, `stddev_pop(a)`), `min(a)`, `max(a)`, `smallest(a, k)`,
    /// `largest(a, k)`, `distinct(a)`, `top(a, k)`, `count_by(a)`, `first(a)`, `last(a)` (or
    /// `first(a, time)`), `median(a)`, `p95(a)`, `quantile(a, 0.999)`, `histogram(a, 0, 10, 100)`,
    /// `ratio(measure, measure)`; `a` is an attribute or a dotted path into a map.
    pub measures: IndexMap<String, String>,
    /// Where its items are kept in the table of items, beside what they are about, instead of in
    /// the table of rollups: a template for each of the table's two keys, such as `{ PK =
    /// "USER#{user_id}", SK = "STATS#{created_at:month}" }`. Each dimension is in one of them, and
    /// the sort key ends with the time, cut to the rollup's only bucket.
    pub key: Option<IndexMap<String, String>>,
    /// Over how many partitions each group is spread, 1 to 64, by the shard of the stream that a
    /// change comes from: for groups that change more than 1,000 times a second. A question reads
    /// each of them. 1 if absent.
    #[schemars(range(min = 1, max = 64))]
    pub stripes: Option<i64>,
    /// How long buckets are kept after their end, by bucket, such as `{ hour = "14d", day = "52w"
    /// }`, in minutes (m), hours (h), days (d) or weeks (w); those that are not named are kept for
    /// good.
    #[serde(default)]
    pub keep: IndexMap<String, String>,
    /// What becomes of what an item has contributed when DynamoDB deletes it because its time to
    /// live has passed: `retract` takes it away, as for any deletion; `keep` leaves it. `retract`
    /// if absent.
    #[schemars(with = "Option<OnExpiryName>")]
    pub on_ttl_expiry: Option<String>,
    /// The measure by which the groups of a bucket are ranked: a `count`, `count(a)`, `sum(a)` or
    /// `distinct(a)`.
    pub rank_by: Option<String>,
    /// The dimensions each value of which has a ranking of its own.
    #[serde(default)]
    pub rank_within: Vec<String>,
    /// Hidden attributes (or dotted paths into maps) whose values the answers may tell: a statement
    /// that callers may learn them from this rollup. A group of one item tells its value.
    #[serde(default)]
    pub reveals: Vec<String>,
}

/// What may become of what an expired item has contributed; only its schema is used.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, missing_docs, reason = "stands for the names in the schema")]
pub enum OnExpiryName {
    Retract,
    Keep,
}

/// A granularity of time; only its schema is used, so that a wrong one is reported with the others.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, missing_docs, reason = "stands for the names in the schema")]
pub enum BucketName {
    Minute,
    QuarterHour,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    All,
}

/// What `weir dev` loads and shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevFile {
    /// Files that are loaded into a new table, in order.
    #[serde(default)]
    pub load: Vec<LoadFile>,
    /// The table that is printed once they have become rollups.
    pub show: Option<ShowFile>,
}

/// A file of items.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadFile {
    /// The entity that its rows are.
    pub entity: String,
    /// Its path (NDJSON, a JSON array, or CSV), relative to the definition file.
    pub file: String,
}

/// The groups of a rollup with the greatest values of a measure, over all time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowFile {
    /// The rollup; it must have the bucket `all` and one dimension or more.
    pub rollup: String,
    /// The measure that orders the groups.
    pub measure: String,
    /// How many groups are shown.
    #[serde(default = "default_top")]
    pub top: usize,
    /// The line above the table.
    pub title: Option<String>,
}

fn default_partition_key() -> String {
    "PK".to_owned()
}

fn default_sort_key() -> String {
    "SK".to_owned()
}

fn default_entity_attribute() -> String {
    "_et".to_owned()
}

fn default_buckets() -> Vec<String> {
    vec!["all".to_owned()]
}

fn default_top() -> usize {
    10
}

fn yes() -> bool {
    true
}
